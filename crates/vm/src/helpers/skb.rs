//! Packets of programs that see an `sk_buff`: bytes and fields.

use super::{Args, size};
use crate::errno;
use crate::fault::{FaultKind, Trap};
use crate::machine::Machine;
use crate::memory::region;
use crate::packet::{PacketKind, field, get_u32, put_u32};

/// The context's bytes.
pub fn context(machine: &mut Machine) -> &mut [u8] {
    &mut machine.memory.region_mut(region::CONTEXT).bytes
}

/// A fault if the program has no `sk_buff`.
pub fn require(machine: &Machine, helper: &str) -> Result<(), Trap> {
    if machine.run.packet.kind == PacketKind::Skb {
        return Ok(());
    }
    Err(FaultKind::unsupported(format!("`{helper}` without an `sk_buff`")))
}

/// `bpf_skb_store_bytes(skb, offset, from, len, flags)`.
pub fn store_bytes(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    /// `BPF_F_RECOMPUTE_CSUM` and `BPF_F_INVALIDATE_HASH`.
    const FLAGS: u64 = 3;
    const INVALIDATE_HASH: u64 = 2;
    let [_, offset, from, n_bytes, flags] = args;
    require(machine, "bpf_skb_store_bytes")?;
    let (offset, n_bytes) = (offset as u32, size(n_bytes));
    let bytes = machine.memory.read(from, n_bytes)?.to_vec();
    if flags & !FLAGS != 0 {
        return Ok(errno::EINVAL as u64);
    }
    let packet = machine.run.packet.clone();
    if u64::from(offset) + u64::from(n_bytes) > u64::from(packet.len()) {
        return Ok(errno::EFAULT as u64);
    }
    let start = packet.data + offset;
    packet.bytes_mut(&mut machine.memory, start..start + n_bytes).copy_from_slice(&bytes);
    if flags & INVALIDATE_HASH != 0 {
        put_u32(machine.memory.endian, context(machine), field::SKB_HASH, 0);
    }
    Ok(0)
}

/// `bpf_skb_load_bytes(skb, offset, to, len)`: zeros if the packet ends before.
pub fn load_bytes(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let [_, offset, to, n_bytes, _] = args;
    require(machine, "bpf_skb_load_bytes")?;
    let from = machine.run.packet.data;
    copy(machine, from, offset as u32, to, size(n_bytes))
}

/// `bpf_skb_load_bytes_relative(skb, offset, to, len, start_header)`.
pub fn load_bytes_relative(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let [_, offset, to, n_bytes, header] = args;
    require(machine, "bpf_skb_load_bytes_relative")?;
    let packet = &machine.run.packet;
    let from = match header as u32 {
        0 => Some(packet.mac),
        1 => Some(packet.network),
        _ => None,
    };
    // An offset that is too large reads nothing.
    let offset = match from {
        Some(_) if offset as u32 <= 0xffff => offset as u32,
        _ => u32::MAX,
    };
    copy(machine, from.unwrap_or(0), offset, to, size(n_bytes))
}

fn copy(machine: &mut Machine, from: u32, offset: u32, to: u64, n_bytes: u32) -> Result<u64, Trap> {
    machine.memory.read(to, n_bytes)?;
    let packet = &machine.run.packet;
    let start = u64::from(from) + u64::from(offset);
    let end = start + u64::from(n_bytes);
    if end > u64::from(packet.end) {
        machine.memory.write(to, &vec![0; n_bytes as usize])?;
        return Ok(errno::EFAULT as u64);
    }
    let bytes = packet.bytes(&machine.memory, start as u32..end as u32).to_vec();
    machine.memory.write(to, &bytes)?;
    Ok(0)
}

/// `bpf_skb_pull_data(skb, len)`: all packets are linear and writable.
pub fn pull_data(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    require(machine, "bpf_skb_pull_data")?;
    let is_enough = args[1] as u32 <= machine.run.packet.len();
    Ok(if is_enough { 0 } else { errno::ENOMEM as u64 })
}

/// `bpf_skb_change_type(skb, type)`: between `PACKET_HOST` and `PACKET_OTHERHOST`.
pub fn change_type(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    require(machine, "bpf_skb_change_type")?;
    let endian = machine.memory.endian;
    let ctx = context(machine);
    let old = get_u32(endian, ctx, field::SKB_PKT_TYPE);
    let new = args[1] as u32;
    if old > 3 || new > 3 {
        return Ok(errno::EINVAL as u64);
    }
    put_u32(endian, ctx, field::SKB_PKT_TYPE, new);
    Ok(0)
}

/// `bpf_get_hash_recalc(skb)`. The kernel's hash has a secret key; this is FNV-1a over the headers
/// that tell flows apart.
pub fn hash_recalc(machine: &mut Machine, _: Args) -> Result<u64, Trap> {
    /// Network and transport headers begin within so many bytes.
    const HEADER_BYTES: u32 = 44;
    require(machine, "bpf_get_hash_recalc")?;
    let known = get_u32(machine.memory.endian, context(machine), field::SKB_HASH);
    if known != 0 {
        return Ok(u64::from(known));
    }
    let packet = &machine.run.packet;
    let end = packet.end.min(packet.network + HEADER_BYTES);
    let bytes = packet.bytes(&machine.memory, packet.network.min(end)..end);
    let hash = bytes
        .iter()
        .fold(0x811c_9dc5_u32, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let hash = hash.max(1);
    put_u32(machine.memory.endian, context(machine), field::SKB_HASH, hash);
    Ok(u64::from(hash))
}

pub fn set_hash(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    require(machine, "bpf_set_hash")?;
    put_u32(machine.memory.endian, context(machine), field::SKB_HASH, args[1] as u32);
    Ok(0)
}

pub fn set_hash_invalid(machine: &mut Machine, _: Args) -> Result<u64, Trap> {
    require(machine, "bpf_set_hash_invalid")?;
    put_u32(machine.memory.endian, context(machine), field::SKB_HASH, 0);
    Ok(0)
}

/// `bpf_skb_set_tstamp(skb, tstamp, tstamp_type)`.
pub fn set_tstamp(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    require(machine, "bpf_skb_set_tstamp")?;
    let (stamp, kind) = (args[1], args[2] as u32);
    let is_valid = match kind {
        0 => stamp == 0,
        1 | 2 => stamp != 0,
        _ => false,
    };
    if !is_valid {
        return Ok(errno::EINVAL as u64);
    }
    let endian = machine.memory.endian;
    let ctx = context(machine);
    crate::packet::put_u64(endian, ctx, field::SKB_TSTAMP, stamp);
    ctx[field::SKB_TSTAMP_TYPE as usize] = kind as u8;
    Ok(0)
}
