//! What helpers do to the memory that their arguments point to.
//!
//! A helper sees memory of the frame only through its arguments, and keeps no pointer to it: the
//! kernel's verifier lets nobody store one outside the frame. Pointers that are *in* memory count
//! as known to everybody (`escaped_slots` of the passes): `bpf_snprintf` follows them.

use crate::ir::{Body, Value};
use bpfc_kabi::{ArgFlags, ArgKind, helper_by_id};

/// What a helper does through one argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// It may read what is there.
    pub reads: bool,
    /// It may write there.
    pub writes: bool,
    /// It surely writes so many bytes, all of them.
    pub fills: Option<u32>,
}

impl Touch {
    const NOTHING: Touch = Touch { reads: false, writes: false, fills: None };
    const READS: Touch = Touch { reads: true, ..Touch::NOTHING };
    const BOTH: Touch = Touch { reads: true, writes: true, fills: None };
}

/// Helpers that fill the memory of their [`ArgFlags::UNINIT`] argument whatever happens: they
/// clear it when they fail. (`bpf_probe_read*_common`, `bpf_skb_load_bytes`, `bpf_xdp_load_bytes`.)
/// Not `bpf_get_current_comm`: some kernels, 6.1 among them, leave what is behind the name as it was.
const FILLERS: [&str; 6] = [
    "bpf_probe_read",
    "bpf_probe_read_user",
    "bpf_probe_read_kernel",
    "bpf_skb_load_bytes",
    "bpf_skb_load_bytes_relative",
    "bpf_copy_from_user",
];

/// What helper `number` does through its argument `idx`.
pub fn helper_touch(body: &Body, number: u32, args: &[Value], idx: usize) -> Touch {
    let Some(helper) = helper_by_id(number) else {
        return Touch::BOTH;
    };
    // Contracts that differ by program type may differ here.
    let Some(arg) = helper.proto.args.get(idx).filter(|_| helper.variants.is_empty()) else {
        return Touch::BOTH;
    };
    match arg.kind {
        ArgKind::MapKey => Touch::READS,
        ArgKind::MapValue if arg.flags.has(ArgFlags::UNINIT) => {
            Touch { writes: true, ..Touch::NOTHING }
        }
        ArgKind::MapValue => Touch::READS,
        ArgKind::Mem if arg.flags.has(ArgFlags::READ_ONLY) => Touch::READS,
        ArgKind::Mem if arg.flags.has(ArgFlags::UNINIT) => {
            let size = args.get(idx + 1).and_then(|&size| body.as_const(size));
            match size.and_then(|size| u32::try_from(size).ok()) {
                Some(size) => {
                    let fills = FILLERS.contains(&helper.name).then_some(size);
                    Touch { reads: false, writes: true, fills }
                }
                // All that the size could mean must be initialised then
                // (`check_mem_size_reg`, Linux 6.12 `kernel/bpf/verifier.c`).
                None => Touch::BOTH,
            }
        }
        _ => Touch::BOTH,
    }
}
