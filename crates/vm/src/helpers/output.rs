//! Records for user space.

use super::{Args, bad_argument, size};
use crate::errno;
use crate::fault::Trap;
use crate::machine::Machine;
use crate::maps::{Commit, Storage};
use crate::outcome::Effect;
use bpfc_kabi::MapType;

/// `BPF_F_INDEX_MASK`, of which all bits mean the current CPU (Linux 4.4
/// `include/uapi/linux/bpf.h`).
const INDEX_MASK: u64 = 0xffff_ffff;
/// `BPF_F_CTXLEN_MASK`: how many bytes of the packet to append (Linux 4.8).
const CONTEXT_MASK: u64 = 0xf_ffff << 32;
/// `BPF_RB_NO_WAKEUP` and `BPF_RB_FORCE_WAKEUP` (Linux 5.8).
const WAKEUP_FLAGS: u64 = 3;
/// Largest sample: the size in `struct perf_event_header` has 16 bits.
const MAX_SAMPLE_BYTES: u32 = 0xffff;

/// `bpf_perf_event_output(ctx, map, flags, data, size)`; programs with a packet may have it appended.
pub fn perf_event(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let has_packet = machine.run.packet.kind != crate::packet::PacketKind::None;
    sample(machine, args, "bpf_perf_event_output", has_packet)
}

/// `bpf_skb_output` and `bpf_xdp_output` of tracing programs: there is no packet to append.
pub fn perf_event_packet(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    sample(machine, args, "bpf_skb_output", false)
}

fn sample(
    machine: &mut Machine,
    args: Args,
    helper: &'static str,
    has_packet: bool,
) -> Result<u64, Trap> {
    let [_, handle, flags, data, n_bytes] = args;
    let idx = machine.maps.argument(handle, helper, 2)?;
    let map = machine.maps.get(idx);
    if map.map_type != MapType::PerfEventArray {
        let problem = format!("is map `{}`, which is no perf event array", map.name);
        return Err(bad_argument(helper, 2, problem));
    }
    let (id, max_entries) = (map.id, map.max_entries);
    let mut bytes = machine.memory.read(data, size(n_bytes))?.to_vec();
    let appended = ((flags & CONTEXT_MASK) >> 32) as u32;
    let allowed = if has_packet { INDEX_MASK | CONTEXT_MASK } else { INDEX_MASK };
    if flags & !allowed != 0 {
        return Ok(errno::EINVAL as u64);
    }
    let packet = &machine.run.packet;
    if appended > packet.len() {
        return Ok(errno::EFAULT as u64);
    }
    let index = match flags & INDEX_MASK {
        INDEX_MASK => machine.environment.cpu,
        index => index as u32,
    };
    if index >= max_entries {
        return Ok(errno::E2BIG as u64);
    }
    if size(n_bytes).saturating_add(appended) > MAX_SAMPLE_BYTES {
        return Ok(errno::E2BIG as u64);
    }
    if index != machine.environment.cpu {
        return Ok(errno::EOPNOTSUPP as u64);
    }
    bytes.extend_from_slice(packet.bytes(&machine.memory, packet.data..packet.data + appended));
    if let Some(map) = id {
        machine.effect(Effect::PerfEvent { map, index, bytes })?;
    }
    Ok(0)
}

fn ringbuf(machine: &Machine, handle: u64, helper: &'static str) -> Result<u32, Trap> {
    let idx = machine.maps.argument(handle, helper, 1)?;
    let map = machine.maps.get(idx);
    match map.storage {
        Storage::Ringbuf(_) => Ok(idx),
        _ => {
            let problem = format!("is map `{}`, which is no ring buffer", map.name);
            Err(bad_argument(helper, 1, problem))
        }
    }
}

/// `bpf_ringbuf_output(ringbuf, data, size, flags)`.
pub fn ringbuf_output(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let [handle, data, n_bytes, flags, _] = args;
    let idx = ringbuf(machine, handle, "bpf_ringbuf_output")?;
    let bytes = machine.memory.read(data, size(n_bytes))?.to_vec();
    if flags & !WAKEUP_FLAGS != 0 {
        return Ok(errno::EINVAL as u64);
    }
    let record = machine.maps.ringbuf_reserve(&mut machine.memory, idx, n_bytes);
    if record == 0 {
        return Ok(errno::EAGAIN as u64);
    }
    machine.memory.write(record, &bytes)?;
    commit(machine, idx, record, Commit::Submit)?;
    Ok(0)
}

/// `bpf_ringbuf_reserve(ringbuf, size, flags)`.
pub fn ringbuf_reserve(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let idx = ringbuf(machine, args[0], "bpf_ringbuf_reserve")?;
    if args[2] != 0 {
        return Ok(0);
    }
    let memory = &mut machine.memory;
    Ok(machine.maps.ringbuf_reserve(memory, idx, args[1]))
}

pub fn ringbuf_submit(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    release(machine, args[0], "bpf_ringbuf_submit", Commit::Submit)
}

pub fn ringbuf_discard(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    release(machine, args[0], "bpf_ringbuf_discard", Commit::Discard)
}

fn release(
    machine: &mut Machine,
    record: u64,
    helper: &'static str,
    how: Commit,
) -> Result<u64, Trap> {
    let Some(idx) = machine.maps.ringbuf_of(record) else {
        let problem = format!("is {record:#x}, which is no reserved record");
        return Err(bad_argument(helper, 1, problem));
    };
    commit(machine, idx, record, how)?;
    Ok(0)
}

/// Ends a record and shows the reader what it sees now.
pub fn commit(machine: &mut Machine, idx: u32, record: u64, how: Commit) -> Result<(), Trap> {
    let memory = &mut machine.memory;
    let seen = machine.maps.ringbuf_commit(memory, idx, record, how);
    if let Some(map) = machine.maps.get(idx).id {
        for bytes in seen {
            machine.effect(Effect::Ringbuf { map, bytes })?;
        }
    }
    Ok(())
}

/// `bpf_ringbuf_query(ringbuf, what)`.
pub fn ringbuf_query(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let idx = ringbuf(machine, args[0], "bpf_ringbuf_query")?;
    match &machine.maps.get(idx).storage {
        Storage::Ringbuf(ringbuf) => Ok(ringbuf.query(args[1])),
        _ => Ok(0),
    }
}

/// `bpf_user_ringbuf_drain(map, callback, ctx, flags)`: user space wrote nothing.
pub fn user_ringbuf_drain(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    /// `BPF_RB_NO_WAKEUP` and `BPF_RB_FORCE_WAKEUP`.
    const FLAGS: u64 = 3;
    let helper = "bpf_user_ringbuf_drain";
    let idx = machine.maps.argument(args[0], helper, 1)?;
    if machine.maps.get(idx).map_type != MapType::UserRingbuf {
        return Err(bad_argument(helper, 1, "is no ring buffer of user space"));
    }
    Ok(if args[3] & !FLAGS != 0 { errno::EINVAL as u64 } else { 0 })
}
