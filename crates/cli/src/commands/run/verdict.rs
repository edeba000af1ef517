//! What a program's result means for a packet.

use bpfc_kabi::ProgType;

/// The name of result `ret` of a program of type `kind`, or the number.
pub fn name(kind: Option<ProgType>, ret: u64) -> String {
    let ret = ret as u32;
    let named = match kind {
        Some(ProgType::Xdp) => {
            // `enum xdp_action`, Linux 4.8 and 4.14 `include/uapi/linux/bpf.h`.
            let names = ["XDP_ABORTED", "XDP_DROP", "XDP_PASS", "XDP_TX", "XDP_REDIRECT"];
            names.get(ret as usize).copied()
        }
        Some(ProgType::SchedCls | ProgType::SchedAct) => tc_action(ret as i32),
        Some(ProgType::SocketFilter) => match ret {
            0 => Some("drop"),
            u32::MAX => Some("keep"),
            n => return format!("keep {n} bytes"),
        },
        _ => None,
    };
    named.map_or_else(|| format!("result {}", ret as i32), str::to_owned)
}

/// Linux 4.1 `include/uapi/linux/pkt_cls.h`.
fn tc_action(action: i32) -> Option<&'static str> {
    Some(match action {
        -1 => "TC_ACT_UNSPEC",
        0 => "TC_ACT_OK",
        1 => "TC_ACT_RECLASSIFY",
        2 => "TC_ACT_SHOT",
        3 => "TC_ACT_PIPE",
        4 => "TC_ACT_STOLEN",
        5 => "TC_ACT_QUEUED",
        6 => "TC_ACT_REPEAT",
        7 => "TC_ACT_REDIRECT",
        8 => "TC_ACT_TRAP",
        _ => return None,
    })
}
