//! Internet checksums, as x86-64 computes them: on little-endian numbers.

use super::skb::require;
use super::{Args, size};
use crate::errno;
use crate::fault::Trap;
use crate::machine::Machine;
use bpfc_isa::Endian;

/// `BPF_F_HDR_FIELD_MASK` (Linux 4.1 `include/uapi/linux/bpf.h`).
const FIELD_MASK: u64 = 0xf;
const PSEUDO_HEADER: u64 = 1 << 4;
const MARK_MANGLED_0: u64 = 1 << 5;
const MARK_ENFORCE: u64 = 1 << 6;
/// Linux 6.16.
const IPV6: u64 = 1 << 7;

/// `csum_add`: ones' complement addition.
fn add(a: u32, b: u32) -> u32 {
    let (sum, carry) = a.overflowing_add(b);
    sum + u32::from(carry)
}

/// `csum_fold`.
fn fold(sum: u32) -> u16 {
    let sum = (sum & 0xffff) + (sum >> 16);
    !((sum & 0xffff) + (sum >> 16)) as u16
}

/// `csum_partial`: the ones' complement sum of `bytes` and `seed`.
fn partial(endian: Endian, bytes: &[u8], seed: u32) -> u32 {
    let mut sum = u64::from(seed);
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        let (next, carry) = sum.overflowing_add(endian.u64_of(word));
        sum = next + u64::from(carry);
    }
    // `csum_finalize_sum`, Linux 6.12 `arch/x86/lib/csum-partial_64.c`.
    (sum.wrapping_add(sum.rotate_right(32)) >> 32) as u32
}

/// `bpf_csum_diff(from, from_size, to, to_size, seed)` as of Linux 6.13: folded to 16 bits, and
/// sizes need not be multiples of 4.
pub fn diff(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let [from, from_bytes, to, to_bytes, seed] = args;
    let (from_bytes, to_bytes, seed) = (size(from_bytes), size(to_bytes), seed as u32);
    let endian = machine.memory.endian;
    let from = machine.memory.read(from, from_bytes)?;
    let to = machine.memory.read(to, to_bytes)?;
    let sum = match (from.is_empty(), to.is_empty()) {
        (false, false) => add(partial(endian, to, seed), !partial(endian, from, 0)),
        (true, false) => partial(endian, to, seed),
        (false, true) => !partial(endian, from, !seed),
        (true, true) => seed,
    };
    // `csum_from32to16`.
    Ok(u64::from(sum.wrapping_add(sum.rotate_left(16)) >> 16))
}

/// The checksum `old` after what it covers changed from `from` to `to`, of `n_bytes` bytes; none if
/// that is no field size.
fn replaced(old: u16, from: u64, to: u64, n_bytes: u64) -> Option<u16> {
    let sum = u32::from(!old);
    let sum = match n_bytes {
        0 if from == 0 => add(to as u32, sum),
        2 => {
            let (from, to) = (from as u16, to as u16);
            add(add(sum, u32::from(!from)), u32::from(to))
        }
        4 => add(add(sum, !(from as u32)), to as u32),
        _ => return None,
    };
    Some(fold(sum))
}

/// The checksum at `offset` of the packet, and where it is in the buffer.
fn read_sum(machine: &Machine, offset: u64) -> Option<(u16, u32)> {
    let offset = offset as u32;
    let packet = &machine.run.packet;
    if offset > 0xffff || offset & 1 != 0 || offset + 2 > packet.len() {
        return None;
    }
    let at = packet.data + offset;
    let bytes = packet.bytes(&machine.memory, at..at + 2);
    Some((machine.memory.endian.u16_of(bytes.try_into().ok()?), at))
}

fn write_sum(machine: &mut Machine, at: u32, sum: u16) {
    let sum = machine.memory.endian.u16_bytes(sum);
    let packet = machine.run.packet.clone();
    packet.bytes_mut(&mut machine.memory, at..at + 2).copy_from_slice(&sum);
}

/// `bpf_l3_csum_replace(skb, offset, from, to, flags)`.
pub fn l3_replace(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let [_, offset, from, to, flags] = args;
    require(machine, "bpf_l3_csum_replace")?;
    if flags & !FIELD_MASK != 0 {
        return Ok(errno::EINVAL as u64);
    }
    let Some((old, at)) = read_sum(machine, offset) else {
        return Ok(errno::EFAULT as u64);
    };
    match replaced(old, from, to, flags) {
        Some(sum) => {
            write_sum(machine, at, sum);
            Ok(0)
        }
        None => Ok(errno::EINVAL as u64),
    }
}

/// `bpf_l4_csum_replace(skb, offset, from, to, flags)`.
pub fn l4_replace(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    const FLAGS: u64 = FIELD_MASK | PSEUDO_HEADER | MARK_MANGLED_0 | MARK_ENFORCE | IPV6;
    let [_, offset, from, to, flags] = args;
    require(machine, "bpf_l4_csum_replace")?;
    if flags & !FLAGS != 0 {
        return Ok(errno::EINVAL as u64);
    }
    let Some((old, at)) = read_sum(machine, offset) else {
        return Ok(errno::EFAULT as u64);
    };
    // In UDP, zero means that there is no checksum.
    let is_udp = flags & MARK_MANGLED_0 != 0;
    if is_udp && flags & MARK_ENFORCE == 0 && old == 0 {
        return Ok(0);
    }
    match replaced(old, from, to, flags & FIELD_MASK) {
        Some(0) if is_udp => write_sum(machine, at, 0xffff),
        Some(sum) => write_sum(machine, at, sum),
        None => return Ok(errno::EINVAL as u64),
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header checksum of RFC 1071's kind, over 16-bit words.
    fn checksum(bytes: &[u8]) -> u16 {
        fold(partial(Endian::Little, bytes, 0))
    }

    #[test]
    fn replacing_a_field_equals_summing_again() {
        let mut header: Vec<u8> = (0..20).map(|byte| byte * 13 + 7).collect();
        header[10..12].fill(0);
        let before = checksum(&header);
        let old = u32::from_le_bytes(header[12..16].try_into().unwrap());
        let new = 0x0102_a8c0_u32;
        header[12..16].copy_from_slice(&new.to_le_bytes());
        let after = checksum(&header);
        let by_4 = replaced(before, u64::from(old), u64::from(new), 4);
        assert_eq!(by_4, Some(after));
        let diff = add(new, !old);
        assert_eq!(replaced(before, 0, u64::from(diff), 0), Some(after));
        assert_eq!(replaced(before, 1, 2, 3), None);
    }

    #[test]
    fn partial_sums_do_not_depend_on_cuts() {
        let bytes: Vec<u8> = (0..=255).collect();
        for cut in (0..256).step_by(4) {
            let sum =
                partial(Endian::Little, &bytes[cut..], partial(Endian::Little, &bytes[..cut], 0));
            assert_eq!(fold(sum), fold(partial(Endian::Little, &bytes, 0)));
        }
    }
}
