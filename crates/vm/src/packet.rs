//! The packet of a run: a buffer with room in front and behind, and where the packet is in it.
//!
//! The buffer is the memory region [`region::PACKET`]; its window is what the program may access.
//! Whoever moves the packet calls [`Packet::publish`], which updates window and context.

use crate::fault::{Place, Trap};
use crate::memory::{Memory, Region, address, region};
use bpfc_isa::Endian;
use std::ops::Range;

/// `XDP_PACKET_HEADROOM` (Linux 4.8 `include/uapi/linux/bpf.h`).
pub(crate) const XDP_HEADROOM: u32 = 256;
/// What XDP may grow a packet of one page to: a page without `struct skb_shared_info`, which takes
/// 320 bytes on 64-bit machines (`xdp_data_hard_end`, Linux 5.8 `include/net/xdp.h`).
const XDP_HARD_END: u32 = 4096 - 320;
/// `sizeof(struct xdp_frame)`, which has to fit in front of the packet.
pub(crate) const XDP_FRAME_BYTES: u32 = 40;
/// Room in front of an `sk_buff`'s packet; more is made when needed.
const SKB_HEADROOM: u32 = 256;
/// `ETH_HLEN`.
pub(crate) const ETHERNET_BYTES: u32 = 14;

/// What the context says of the packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum PacketKind {
    /// There is none.
    #[default]
    None,
    /// `struct xdp_md`.
    Xdp,
    /// `struct __sk_buff`.
    Skb,
    /// `struct sk_msg_md`.
    Msg,
    /// `struct sk_reuseport_md`.
    Reuseport,
}

/// Where things are in the packet's buffer, as indices.
#[derive(Clone, Debug, Default)]
pub(crate) struct Packet {
    pub kind: PacketKind,
    /// Start of the metadata; equal to `data` if there is none.
    pub meta: u32,
    pub data: u32,
    pub end: u32,
    /// The link-layer header.
    pub mac: u32,
    /// The network header.
    pub network: u32,
}

/// Offsets in contexts (Linux 6.12 `include/uapi/linux/bpf.h`).
pub(crate) mod field {
    pub const SKB_LEN: u32 = 0;
    pub const SKB_PKT_TYPE: u32 = 4;
    pub const SKB_MARK: u32 = 8;
    pub const SKB_QUEUE_MAPPING: u32 = 12;
    pub const SKB_PROTOCOL: u32 = 16;
    pub const SKB_VLAN_PRESENT: u32 = 20;
    pub const SKB_VLAN_TCI: u32 = 24;
    pub const SKB_VLAN_PROTO: u32 = 28;
    pub const SKB_PRIORITY: u32 = 32;
    pub const SKB_IFINDEX: u32 = 40;
    pub const SKB_TC_INDEX: u32 = 44;
    pub const SKB_CB: u32 = 48;
    pub const SKB_HASH: u32 = 68;
    pub const SKB_TC_CLASSID: u32 = 72;
    pub const SKB_DATA: u32 = 76;
    pub const SKB_DATA_END: u32 = 80;
    pub const SKB_DATA_META: u32 = 140;
    pub const SKB_TSTAMP: u32 = 152;
    pub const SKB_WIRE_LEN: u32 = 160;
    pub const SKB_TSTAMP_TYPE: u32 = 180;
    pub const SKB_BYTES: u32 = 192;
    pub const XDP_DATA: u32 = 0;
    pub const XDP_DATA_END: u32 = 4;
    pub const XDP_DATA_META: u32 = 8;
    pub const XDP_INGRESS_IFINDEX: u32 = 12;
    pub const XDP_BYTES: u32 = 24;
    pub const MSG_DATA: u32 = 0;
    pub const MSG_DATA_END: u32 = 8;
    pub const MSG_SIZE: u32 = 68;
    pub const MSG_BYTES: u32 = 80;
    pub const REUSEPORT_LEN: u32 = 16;
    pub const REUSEPORT_BYTES: u32 = 56;
}

impl Packet {
    /// Puts `frame` into memory as the packet.
    pub fn place(memory: &mut Memory, kind: PacketKind, frame: &[u8]) -> Packet {
        let headroom = match kind {
            PacketKind::Xdp => XDP_HEADROOM,
            _ => SKB_HEADROOM,
        };
        let len = u32::try_from(frame.len()).expect("packets are limited");
        let end = headroom + len;
        // Beyond a page the packet is taken as it is, without room to grow.
        let capacity = end.max(XDP_HARD_END);
        let buffer = memory.region_mut(region::PACKET);
        if buffer.bytes.len() == capacity as usize {
            buffer.bytes.fill(0);
        } else {
            *buffer = Region::new(Place::Packet, vec![0; capacity as usize]);
        }
        buffer.bytes[headroom as usize..end as usize].copy_from_slice(frame);
        Packet {
            kind,
            meta: headroom,
            data: headroom,
            end,
            mac: headroom,
            network: headroom + ETHERNET_BYTES.min(len),
        }
    }

    /// Length of the packet.
    pub fn len(&self) -> u32 {
        self.end - self.data
    }

    /// Where XDP programs may grow the packet to.
    pub fn hard_end(&self, memory: &Memory) -> u32 {
        memory.region(region::PACKET).map_or(0, |buffer| buffer.bytes.len() as u32)
    }

    /// Bytes of the buffer.
    pub fn bytes<'a>(&self, memory: &'a Memory, range: Range<u32>) -> &'a [u8] {
        memory
            .region(region::PACKET)
            .and_then(|buffer| buffer.bytes.get(range.start as usize..range.end as usize))
            .unwrap_or(&[])
    }

    /// Bytes of the buffer, to be written.
    pub fn bytes_mut<'a>(&self, memory: &'a mut Memory, range: Range<u32>) -> &'a mut [u8] {
        let buffer = memory.region_mut(region::PACKET);
        let range = range.start as usize..range.end as usize;
        buffer.touch(range.clone());
        buffer.bytes.get_mut(range).unwrap_or(&mut [])
    }

    /// Makes the buffer longer so that there are `front` bytes before the packet and `back` after.
    pub fn make_room(&mut self, memory: &mut Memory, front: u32, back: u32) {
        let buffer = memory.region_mut(region::PACKET);
        let start = self.meta.min(self.mac).min(self.network);
        if start < front {
            let more = front - start;
            buffer.bytes.splice(0..0, std::iter::repeat_n(0, more as usize));
            for at in
                [&mut self.meta, &mut self.data, &mut self.end, &mut self.mac, &mut self.network]
            {
                *at += more;
            }
        }
        let wanted = (self.end + back) as usize;
        if buffer.bytes.len() < wanted {
            buffer.bytes.resize(wanted, 0);
        }
    }

    /// Tells memory and context where the packet is now.
    pub fn publish(&self, memory: &mut Memory) {
        if self.kind == PacketKind::None {
            return;
        }
        memory.region_mut(region::PACKET).window = self.meta..self.end;
        let [meta, data, end] =
            [self.meta, self.data, self.end].map(|idx| address(region::PACKET, idx));
        let endian = memory.endian;
        let ctx = &mut memory.region_mut(region::CONTEXT).bytes;
        match self.kind {
            PacketKind::None => {}
            PacketKind::Xdp => {
                put_u32(endian, ctx, field::XDP_DATA, data as u32);
                put_u32(endian, ctx, field::XDP_DATA_END, end as u32);
                put_u32(endian, ctx, field::XDP_DATA_META, meta as u32);
            }
            PacketKind::Skb => {
                put_u32(endian, ctx, field::SKB_LEN, self.len());
                put_u32(endian, ctx, field::SKB_DATA, data as u32);
                put_u32(endian, ctx, field::SKB_DATA_END, end as u32);
                put_u32(endian, ctx, field::SKB_DATA_META, meta as u32);
            }
            PacketKind::Msg | PacketKind::Reuseport => {
                put_u64(endian, ctx, field::MSG_DATA, data);
                put_u64(endian, ctx, field::MSG_DATA_END, end);
                let len = match self.kind {
                    PacketKind::Msg => field::MSG_SIZE,
                    _ => field::REUSEPORT_LEN,
                };
                put_u32(endian, ctx, len, self.len());
            }
        }
    }

    /// What a packet load at `offset` reads; none outside the packet. Offsets from
    /// `SKF_NET_OFF` count from the network header, those from `SKF_LL_OFF` from the link-layer
    /// header (`bpf_internal_load_pointer_neg_helper`, Linux 6.12 `kernel/bpf/core.c`).
    pub fn filter_bytes<'a>(
        &self,
        memory: &'a Memory,
        offset: i32,
        n_bytes: usize,
    ) -> Result<Option<&'a [u8]>, Trap> {
        const NETWORK: i32 = -0x10_0000;
        const LINK: i32 = -0x20_0000;
        let (from, offset) = match offset {
            0.. => (self.data, offset),
            NETWORK..0 => (self.network, offset - NETWORK),
            LINK..NETWORK => (self.mac, offset - LINK),
            _ => return Ok(None),
        };
        let start = u64::from(from) + offset as u64;
        let end = start + n_bytes as u64;
        if self.kind == PacketKind::None || end > u64::from(self.end) {
            return Ok(None);
        }
        Ok(Some(self.bytes(memory, start as u32..end as u32)))
    }
}

/// Writes a number at `offset`; nothing if there is no room for it.
pub(crate) fn put_u32(endian: Endian, bytes: &mut [u8], offset: u32, value: u32) {
    if let Some(target) = bytes.get_mut(offset as usize..offset as usize + 4) {
        target.copy_from_slice(&endian.u32_bytes(value));
    }
}

/// Writes a number at `offset`; nothing if there is no room for it.
pub(crate) fn put_u64(endian: Endian, bytes: &mut [u8], offset: u32, value: u64) {
    if let Some(target) = bytes.get_mut(offset as usize..offset as usize + 8) {
        target.copy_from_slice(&endian.u64_bytes(value));
    }
}

/// The number at `offset`, 0 if there is none.
pub(crate) fn get_u32(endian: Endian, bytes: &[u8], offset: u32) -> u32 {
    let bytes = bytes.get(offset as usize..offset as usize + 4);
    bytes.map_or(0, |bytes| endian.u32_of(bytes.try_into().unwrap_or_default()))
}
