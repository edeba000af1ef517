//! Packets of XDP programs (`net/core/filter.c` of Linux 6.12).

use super::{Args, size};
use crate::errno;
use crate::fault::{FaultKind, Trap};
use crate::machine::Machine;
use crate::packet::{ETHERNET_BYTES, PacketKind, XDP_FRAME_BYTES};

fn require(machine: &Machine, helper: &str) -> Result<(), Trap> {
    if machine.run.packet.kind == PacketKind::Xdp {
        return Ok(());
    }
    Err(FaultKind::unsupported(format!("`{helper}` outside XDP")))
}

/// `bpf_xdp_adjust_head(xdp, delta)`.
pub fn adjust_head(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    require(machine, "bpf_xdp_adjust_head")?;
    let delta = args[1] as i32;
    let mut packet = machine.run.packet.clone();
    let n_meta = packet.data - packet.meta;
    let data = i64::from(packet.data) + i64::from(delta);
    let lowest = i64::from(XDP_FRAME_BYTES + n_meta);
    if data < lowest || data > i64::from(packet.end) - i64::from(ETHERNET_BYTES) {
        return Ok(errno::EINVAL as u64);
    }
    let data = data as u32;
    let memory = &mut machine.memory;
    let metadata = packet.bytes(memory, packet.meta..packet.data).to_vec();
    packet.data = data;
    packet.meta = data - n_meta;
    packet.bytes_mut(memory, packet.meta..packet.data).copy_from_slice(&metadata);
    packet.publish(memory);
    machine.run.packet = packet;
    Ok(0)
}

/// `bpf_xdp_adjust_tail(xdp, delta)`.
pub fn adjust_tail(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    require(machine, "bpf_xdp_adjust_tail")?;
    let delta = args[1] as i32;
    let mut packet = machine.run.packet.clone();
    let memory = &mut machine.memory;
    let end = i64::from(packet.end) + i64::from(delta);
    let highest = i64::from(packet.hard_end(memory));
    if end > highest || end < i64::from(packet.data + ETHERNET_BYTES) {
        return Ok(errno::EINVAL as u64);
    }
    let end = end as u32;
    if end > packet.end {
        packet.bytes_mut(memory, packet.end..end).fill(0);
    }
    packet.end = end;
    packet.publish(memory);
    machine.run.packet = packet;
    Ok(0)
}

/// `bpf_xdp_adjust_meta(xdp, delta)`: at most 252 bytes, in steps of 4 (`xdp_metalen_invalid`).
pub fn adjust_meta(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    const MAX_META_BYTES: u32 = 252;
    const EACCES: i64 = -13;
    require(machine, "bpf_xdp_adjust_meta")?;
    let mut packet = machine.run.packet.clone();
    let meta = i64::from(packet.meta) + i64::from(args[1] as i32);
    if meta < i64::from(XDP_FRAME_BYTES) || meta > i64::from(packet.data) {
        return Ok(errno::EINVAL as u64);
    }
    let n_bytes = packet.data - meta as u32;
    if !n_bytes.is_multiple_of(4) || n_bytes > MAX_META_BYTES {
        return Ok(EACCES as u64);
    }
    packet.meta = meta as u32;
    packet.publish(&mut machine.memory);
    machine.run.packet = packet;
    Ok(0)
}

/// `bpf_xdp_get_buff_len(xdp)`.
pub fn buff_len(machine: &mut Machine, _: Args) -> Result<u64, Trap> {
    require(machine, "bpf_xdp_get_buff_len")?;
    Ok(u64::from(machine.run.packet.len()))
}

/// The start of `n_bytes` at `offset` in the packet's buffer (`bpf_xdp_pointer`).
fn pointer(machine: &Machine, offset: u32, n_bytes: u32) -> Result<u32, i64> {
    let packet = &machine.run.packet;
    if offset > 0xffff || n_bytes > 0xffff {
        Err(errno::EFAULT)
    } else if offset + n_bytes > packet.len() {
        Err(errno::EINVAL)
    } else {
        Ok(packet.data + offset)
    }
}

/// `bpf_xdp_load_bytes(xdp, offset, buf, len)`.
pub fn load_bytes(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    require(machine, "bpf_xdp_load_bytes")?;
    let [_, offset, to, n_bytes, _] = args;
    let n_bytes = size(n_bytes);
    match pointer(machine, offset as u32, n_bytes) {
        Ok(start) => {
            let packet = &machine.run.packet;
            let bytes = packet.bytes(&machine.memory, start..start + n_bytes).to_vec();
            machine.memory.write(to, &bytes)?;
            Ok(0)
        }
        Err(error) => Ok(error as u64),
    }
}

/// `bpf_xdp_store_bytes(xdp, offset, buf, len)`.
pub fn store_bytes(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    require(machine, "bpf_xdp_store_bytes")?;
    let [_, offset, from, n_bytes, _] = args;
    let n_bytes = size(n_bytes);
    let bytes = machine.memory.read(from, n_bytes)?.to_vec();
    match pointer(machine, offset as u32, n_bytes) {
        Ok(start) => {
            let packet = machine.run.packet.clone();
            packet.bytes_mut(&mut machine.memory, start..start + n_bytes).copy_from_slice(&bytes);
            Ok(0)
        }
        Err(error) => Ok(error as u64),
    }
}
