//! Making packets longer and shorter (`net/core/filter.c` of Linux 6.12).

use super::Args;
use super::skb::{context, require};
use crate::errno;
use crate::fault::Trap;
use crate::machine::Machine;
use crate::packet::{ETHERNET_BYTES, Packet, field, get_u32, put_u32};

/// `BPF_SKB_MAX_LEN`, which is `SKB_MAX_ALLOC`.
const MAX_LEN: u32 = 16_384 - 320;
/// EtherTypes in the byte order of `skb->protocol`.
const IPV4: u32 = 0x0008;
const IPV6: u32 = 0xdd86;
const VLAN: u32 = 0x0081;
const VLAN_AD: u32 = 0xa888;
const VLAN_BYTES: u32 = 4;

fn protocol(machine: &mut Machine) -> u32 {
    get_u32(machine.memory.endian, context(machine), field::SKB_PROTOCOL)
}

fn is_vlan(protocol: u32) -> bool {
    matches!(protocol, VLAN | VLAN_AD)
}

/// Opens `n_bytes` of zeros at `offset` of the packet by moving what is before to the front.
fn insert(machine: &mut Machine, offset: u32, n_bytes: u32) {
    let mut packet = machine.run.packet.clone();
    let memory = &mut machine.memory;
    packet.make_room(memory, n_bytes, 0);
    let front = packet.bytes(memory, packet.data..packet.data + offset).to_vec();
    packet.data -= n_bytes;
    packet.mac = packet.mac.saturating_sub(n_bytes);
    packet.network = packet.network.saturating_sub(n_bytes);
    packet.bytes_mut(memory, packet.data..packet.data + offset).copy_from_slice(&front);
    let gap = packet.data + offset;
    packet.bytes_mut(memory, gap..gap + n_bytes).fill(0);
    publish(machine, packet);
}

/// Removes `n_bytes` at `offset` of the packet.
fn remove(machine: &mut Machine, offset: u32, n_bytes: u32) {
    let mut packet = machine.run.packet.clone();
    let memory = &mut machine.memory;
    let front = packet.bytes(memory, packet.data..packet.data + offset).to_vec();
    packet.data += n_bytes;
    packet.mac += n_bytes;
    packet.network += n_bytes;
    packet.bytes_mut(memory, packet.data..packet.data + offset).copy_from_slice(&front);
    publish(machine, packet);
}

/// Makes a changed packet the current one. There is no metadata any more.
fn publish(machine: &mut Machine, mut packet: Packet) {
    packet.meta = packet.data;
    packet.publish(&mut machine.memory);
    machine.run.packet = packet;
}

/// `bpf_skb_change_tail(skb, len, flags)`.
pub fn change_tail(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let [_, len, flags, ..] = args;
    require(machine, "bpf_skb_change_tail")?;
    let len = len as u32;
    let mut packet = machine.run.packet.clone();
    let least = packet.network.saturating_sub(packet.data);
    if flags != 0 || len > MAX_LEN || len < least {
        return Ok(errno::EINVAL as u64);
    }
    let memory = &mut machine.memory;
    let old = packet.len();
    if len > old {
        packet.make_room(memory, 0, len - old);
        packet.bytes_mut(memory, packet.end..packet.data + len).fill(0);
    }
    packet.end = packet.data + len;
    packet.publish(memory);
    machine.run.packet = packet;
    Ok(0)
}

/// `bpf_skb_change_head(skb, len, flags)`.
pub fn change_head(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let [_, n_bytes, flags, ..] = args;
    require(machine, "bpf_skb_change_head")?;
    let n_bytes = n_bytes as u32;
    let mut packet = machine.run.packet.clone();
    let len = packet.len().checked_add(n_bytes);
    if flags != 0 || len.is_none_or(|len| len > MAX_LEN) {
        return Ok(errno::EINVAL as u64);
    }
    let memory = &mut machine.memory;
    packet.make_room(memory, n_bytes, 0);
    packet.data -= n_bytes;
    packet.bytes_mut(memory, packet.data..packet.data + n_bytes).fill(0);
    packet.mac = packet.data;
    publish(machine, packet);
    Ok(0)
}

/// `bpf_skb_change_proto(skb, proto, flags)`: between IPv4 and IPv6, whose headers differ by 20
/// bytes.
pub fn change_proto(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    const DIFFERENCE: u32 = 20;
    let [_, to, flags, ..] = args;
    require(machine, "bpf_skb_change_proto")?;
    if flags != 0 {
        return Ok(errno::EINVAL as u64);
    }
    let to = u32::from(to as u16);
    let packet = &machine.run.packet;
    let (mac_bytes, len) = (packet.network.saturating_sub(packet.mac), packet.len());
    match (protocol(machine), to) {
        (IPV4, IPV6) => insert(machine, mac_bytes, DIFFERENCE),
        (IPV6, IPV4) if len < mac_bytes + DIFFERENCE => return Ok(errno::ENOMEM as u64),
        (IPV6, IPV4) => remove(machine, mac_bytes, DIFFERENCE),
        _ => return Ok(errno::ENOTSUPP as u64),
    }
    put_u32(machine.memory.endian, context(machine), field::SKB_PROTOCOL, to);
    put_u32(machine.memory.endian, context(machine), field::SKB_HASH, 0);
    Ok(0)
}

/// Flags of `bpf_skb_adjust_room` (Linux 6.12 `include/uapi/linux/bpf.h`).
mod adjust {
    pub const ENCAP_L3_IPV4: u64 = 1 << 1;
    pub const ENCAP_L3_IPV6: u64 = 1 << 2;
    pub const ENCAP_L4: u64 = 3 << 3;
    pub const FIXED_GSO: u64 = 1;
    pub const NO_CSUM_RESET: u64 = 1 << 5;
    pub const ENCAP_L2_ETH: u64 = 1 << 6;
    pub const DECAP_L3_IPV4: u64 = 1 << 7;
    pub const DECAP_L3_IPV6: u64 = 1 << 8;
    pub const ENCAP_L2: u64 = 0xff << 56;
    pub const ENCAP_L3: u64 = ENCAP_L3_IPV4 | ENCAP_L3_IPV6;
    pub const DECAP_L3: u64 = DECAP_L3_IPV4 | DECAP_L3_IPV6;
    pub const SHRINK: u64 = FIXED_GSO | DECAP_L3 | NO_CSUM_RESET;
    pub const ALL: u64 = SHRINK | ENCAP_L3 | ENCAP_L4 | ENCAP_L2_ETH | ENCAP_L2;
}

/// `bpf_skb_adjust_room(skb, len_diff, mode, flags)`.
pub fn adjust_room(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    /// `BPF_ADJ_ROOM_NET` and `BPF_ADJ_ROOM_MAC`.
    const NET: u32 = 0;
    const MAC: u32 = 1;
    let [_, diff, mode, flags, _] = args;
    require(machine, "bpf_skb_adjust_room")?;
    let (diff, mode) = (diff as i32, mode as u32);
    let n_bytes = diff.unsigned_abs();
    if flags & !adjust::ALL != 0 {
        return Ok(errno::EINVAL as u64);
    }
    if n_bytes > 0xfff {
        return Ok(errno::EFAULT as u64);
    }
    let base = match protocol(machine) {
        IPV4 => 20,
        IPV6 => 40,
        _ => return Ok(errno::ENOTSUPP as u64),
    };
    let packet = machine.run.packet.clone();
    let mac_bytes = packet.network.saturating_sub(packet.mac);
    let offset = match mode {
        NET => mac_bytes + base,
        MAC => mac_bytes,
        _ => return Ok(errno::ENOTSUPP as u64),
    };
    let least = match flags & adjust::DECAP_L3 {
        0 => base,
        _ if diff >= 0 => return Ok(errno::EINVAL as u64),
        adjust::DECAP_L3_IPV4 => 20,
        adjust::DECAP_L3_IPV6 => 40,
        _ => return Ok(errno::EINVAL as u64),
    };
    let current = packet.end.saturating_sub(packet.network);
    let is_refused = if diff < 0 {
        n_bytes >= current || current - n_bytes < least
    } else {
        packet.len() + n_bytes > MAX_LEN
    };
    if is_refused || offset > packet.len() {
        return Ok(errno::ENOTSUPP as u64);
    }
    if diff < 0 {
        return Ok(shrink(machine, offset, n_bytes, flags));
    }
    Ok(grow(machine, offset, n_bytes, flags))
}

fn shrink(machine: &mut Machine, offset: u32, n_bytes: u32, flags: u64) -> u64 {
    if flags & !adjust::SHRINK != 0 {
        return errno::EINVAL as u64;
    }
    remove(machine, offset, n_bytes);
    let to = match (protocol(machine), flags & adjust::DECAP_L3) {
        (IPV4, adjust::DECAP_L3_IPV6) => IPV6,
        (IPV6, adjust::DECAP_L3_IPV4) => IPV4,
        (same, _) => same,
    };
    put_u32(machine.memory.endian, context(machine), field::SKB_PROTOCOL, to);
    0
}

fn grow(machine: &mut Machine, offset: u32, n_bytes: u32, flags: u64) -> u64 {
    let inner_mac_bytes = (flags >> 56) as u32;
    let encapsulation = flags & adjust::ENCAP_L3;
    if encapsulation != 0 {
        let is_bad_l2 = flags & adjust::ENCAP_L2_ETH != 0 && inner_mac_bytes < ETHERNET_BYTES;
        let is_both_l4 = flags & adjust::ENCAP_L4 == adjust::ENCAP_L4;
        if encapsulation == adjust::ENCAP_L3 || is_both_l4 || is_bad_l2 || inner_mac_bytes > n_bytes
        {
            return errno::EINVAL as u64;
        }
    }
    insert(machine, offset, n_bytes);
    let to = match (protocol(machine), encapsulation) {
        (IPV4, adjust::ENCAP_L3_IPV6) => IPV6,
        (IPV6, adjust::ENCAP_L3_IPV4) => IPV4,
        (same, _) => same,
    };
    put_u32(machine.memory.endian, context(machine), field::SKB_PROTOCOL, to);
    0
}

/// `bpf_skb_vlan_push(skb, vlan_proto, vlan_tci)`. The tag is kept beside the packet; one that is
/// there already goes into the packet (`skb_vlan_push`, Linux 6.12 `net/core/skbuff.c`).
pub fn vlan_push(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    require(machine, "bpf_skb_vlan_push")?;
    let new_protocol = match u32::from(args[1] as u16) {
        VLAN_AD => VLAN_AD,
        _ => VLAN,
    };
    let tci = u32::from(args[2] as u16);
    let endian = machine.memory.endian;
    let ctx = context(machine);
    if get_u32(endian, ctx, field::SKB_VLAN_PRESENT) != 0 {
        let old_protocol = get_u32(endian, ctx, field::SKB_VLAN_PROTO);
        let old_tci = get_u32(endian, ctx, field::SKB_VLAN_TCI);
        insert(machine, 12, VLAN_BYTES);
        let packet = machine.run.packet.clone();
        let tag = packet.data + 12..packet.data + 12 + VLAN_BYTES;
        let [low, high] = endian.u16_bytes(old_protocol as u16);
        let [tci_high, tci_low] = (old_tci as u16).to_be_bytes();
        packet.bytes_mut(&mut machine.memory, tag).copy_from_slice(&[low, high, tci_high, tci_low]);
        put_u32(machine.memory.endian, context(machine), field::SKB_PROTOCOL, old_protocol);
    }
    set_tag(machine, new_protocol, tci);
    Ok(0)
}

fn set_tag(machine: &mut Machine, protocol: u32, tci: u32) {
    let endian = machine.memory.endian;
    let ctx = context(machine);
    put_u32(endian, ctx, field::SKB_VLAN_PRESENT, 1);
    put_u32(endian, ctx, field::SKB_VLAN_PROTO, protocol);
    put_u32(endian, ctx, field::SKB_VLAN_TCI, tci);
}

/// `bpf_skb_vlan_pop(skb)`: the tag beside the packet or the one in it; a further one in the packet
/// then goes beside it.
pub fn vlan_pop(machine: &mut Machine, _: Args) -> Result<u64, Trap> {
    require(machine, "bpf_skb_vlan_pop")?;
    let endian = machine.memory.endian;
    let ctx = context(machine);
    if get_u32(endian, ctx, field::SKB_VLAN_PRESENT) != 0 {
        for offset in [field::SKB_VLAN_PRESENT, field::SKB_VLAN_PROTO, field::SKB_VLAN_TCI] {
            put_u32(endian, ctx, offset, 0);
        }
    } else {
        if !is_vlan(protocol(machine)) {
            return Ok(0);
        }
        if take_tag(machine).is_none() {
            return Ok(errno::ENOMEM as u64);
        }
    }
    let outer = protocol(machine);
    if is_vlan(outer) {
        match take_tag(machine) {
            Some(tci) => set_tag(machine, outer, tci),
            None => return Ok(errno::ENOMEM as u64),
        }
    }
    Ok(0)
}

/// Removes the tag in the packet; its control information (`__skb_vlan_pop`).
fn take_tag(machine: &mut Machine) -> Option<u32> {
    let packet = machine.run.packet.clone();
    let header = packet.data..packet.data + ETHERNET_BYTES + VLAN_BYTES;
    if header.end > packet.end {
        return None;
    }
    let bytes = packet.bytes(&machine.memory, header);
    let tci = u16::from_be_bytes([bytes[14], bytes[15]]);
    let inner = u32::from(machine.memory.endian.u16_of([bytes[16], bytes[17]]));
    remove(machine, 12, VLAN_BYTES);
    let network = machine.run.packet.data + ETHERNET_BYTES;
    machine.run.packet.network = network;
    put_u32(machine.memory.endian, context(machine), field::SKB_PROTOCOL, inner);
    Some(u32::from(tci))
}
