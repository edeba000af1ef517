//! What is known of a packet beside its bytes: checked checksums, congestion, the cgroup it belongs to and what the cgroup's
//! program says about a system call.

use super::skb::{context, require};
use super::{Args, bad_argument};
use crate::errno;
use crate::fault::Trap;
use crate::machine::Machine;
use crate::packet::{field, get_u32};
use bpfc_isa::Endian;
use bpfc_kabi::MapType;

/// `bpf_current_task_under_cgroup(map, index)`: the task is in every cgroup that the map has.
pub fn task_under_cgroup(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let helper = "bpf_current_task_under_cgroup";
    let idx = machine.maps.argument(args[0], helper, 1)?;
    let map = machine.maps.get(idx);
    if map.map_type != MapType::CgroupArray {
        return Err(bad_argument(helper, 1, "is no array of cgroups"));
    }
    let index = args[1] as u32;
    if index >= map.max_entries {
        return Ok(errno::E2BIG as u64);
    }
    let is_set = machine.maps.slots(&machine.memory, idx).contains(&index);
    Ok(if is_set { 1 } else { errno::EAGAIN as u64 })
}

pub fn get_retval(machine: &mut Machine, _: Args) -> Result<u64, Trap> {
    Ok(i64::from(machine.run.retval) as u64)
}

pub fn set_retval(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    machine.run.retval = args[0] as i32;
    Ok(0)
}

/// `bpf_csum_level(skb, level)` (`__skb_incr_checksum_unnecessary` and others, Linux 6.12 `include/linux/skbuff.h`).
pub fn checksum_level(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    /// `SKB_MAX_CSUM_LEVEL`.
    const MAX: u8 = 3;
    const QUERY: u64 = 0;
    const INCREMENT: u64 = 1;
    const DECREMENT: u64 = 2;
    const RESET: u64 = 3;
    require(machine, "bpf_csum_level")?;
    let level = &mut machine.run.checksum_level;
    *level = match (args[1], *level) {
        (QUERY, Some(level)) => return Ok(u64::from(level)),
        (QUERY, None) => return Ok(errno::EACCES as u64),
        (INCREMENT, None) => Some(0),
        (INCREMENT, Some(level)) => Some((level + 1).min(MAX)),
        (DECREMENT, level) => level.and_then(|level| level.checked_sub(1)),
        (RESET, _) => None,
        _ => return Ok(errno::EINVAL as u64),
    };
    Ok(0)
}

/// `bpf_skb_ecn_set_ce(skb)`: 1 if the packet says now that there is congestion (`INET_ECN_set_ce`, Linux 6.12
/// `include/net/inet_ecn.h`).
pub fn ecn_set_ce(machine: &mut Machine, _: Args) -> Result<u64, Trap> {
    const IPV4: (u16, u32) = (0x0800, 20);
    const IPV6: (u16, u32) = (0x86dd, 40);
    require(machine, "bpf_skb_ecn_set_ce")?;
    let endian = machine.memory.endian;
    let protocol = get_u32(endian, context(machine), field::SKB_PROTOCOL) as u16;
    let protocol = if endian == Endian::Little { protocol.swap_bytes() } else { protocol };
    let n_bytes = match protocol {
        kind if kind == IPV4.0 => IPV4.1,
        kind if kind == IPV6.0 => IPV6.1,
        _ => return Ok(0),
    };
    let packet = machine.run.packet.clone();
    if packet.end.saturating_sub(packet.network) < n_bytes {
        return Ok(0);
    }
    let header = packet.bytes_mut(&mut machine.memory, packet.network..packet.network + n_bytes);
    Ok(u64::from(if protocol == IPV4.0 { mark_ipv4(header) } else { mark_ipv6(header) }))
}

fn mark_ipv4(header: &mut [u8]) -> bool {
    let ecn = header[1] & 3;
    if ecn == 0 || ecn == 3 {
        return ecn == 3;
    }
    // The checksum of what the header has less now, as a sum of ones' complement.
    let check = u16::from_be_bytes([header[10], header[11]]);
    let (sum, carries) = check.overflowing_add(0xfffb + u16::from(ecn + 1));
    header[10..12].copy_from_slice(&(sum + u16::from(carries)).to_be_bytes());
    header[1] |= 3;
    true
}

fn mark_ipv6(header: &mut [u8]) -> bool {
    let is_capable = header[1] >> 4 & 3 != 0;
    if is_capable {
        header[1] |= 0x30;
    }
    is_capable
}
