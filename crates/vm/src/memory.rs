//! The address space of a virtual machine.
//!
//! An address is 64 bits: the number of a region above, an offset inside it below. Every access is
//! checked against its region, so nothing outside can be reached, and adding to a pointer that
//! leaves its region does not reach another one by accident. Nothing is mapped at the first [`BASE`]
//! offsets of a region, so that a small negative displacement stays inside it and null pointers,
//! which are in region 0, fault.
//!
//! Region 0 holds the packet. Addresses of packets thus fit the 32 bits that `data` and
//! `data_end` have in `struct xdp_md` and `struct __sk_buff`: contexts are plain bytes, and no access
//! to them has to be rewritten as the kernel's `convert_ctx_access` does.

use crate::fault::{Access, FaultKind, Place, Trap};
use bpfc_isa::{Endian, Size};
use std::ops::Range;

/// Offset of the first byte of every region.
pub(crate) const BASE: u32 = 0x1000_0000;
/// `MAX_CALL_FRAMES` (Linux 4.16 `include/linux/bpf_verifier.h`).
pub(crate) const MAX_FRAMES: u32 = 8;
/// `MAX_BPF_STACK` (Linux 3.18 `include/linux/filter.h`).
pub(crate) const FRAME_BYTES: u32 = 512;

/// Numbers of regions.
pub(crate) mod region {
    /// Null page and packet.
    pub const PACKET: u32 = 0;
    /// The frame of the program; those of callees follow.
    pub const STACK: u32 = 1;
    /// The context.
    pub const CONTEXT: u32 = 16;
    /// `.kconfig`.
    pub const KCONFIG: u32 = 17;
    /// Functions: the offset is the index of an instruction. No memory.
    pub const CODE: u32 = 18;
    /// Maps themselves: the offset is the index of the map. No memory.
    pub const MAP_HANDLE: u32 = 19;
    /// Kernel objects, one region each.
    pub const KERNEL: u32 = 32;
    /// One past the last of them.
    pub const KERNEL_END: u32 = 64;
    /// Values of map 0, its keys, values of map 1, ….
    pub const MAPS: u32 = 64;
}

/// The address of the byte with this index in a region.
pub(crate) const fn address(region: u32, idx: u32) -> u64 {
    (region as u64) << 32 | BASE.wrapping_add(idx) as u64
}

/// The region and the index of the byte at an address.
pub(crate) const fn locate(address: u64) -> (u32, u32) {
    ((address >> 32) as u32, (address as u32).wrapping_sub(BASE))
}

/// [`Region::dirty`] when nothing was written.
pub(crate) const CLEAN: Range<u32> = Range { start: u32::MAX, end: 0 };

/// Who may write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Rights {
    /// Programs and the machine.
    #[default]
    ReadWrite,
    /// The machine only.
    ReadOnly,
    /// Programs may write these bytes.
    Partial(Vec<Range<u32>>),
}

/// How the accessible bytes of a region are divided: an access stays inside one part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Parts {
    /// Not at all.
    #[default]
    Whole,
    /// Equal parts every `stride` bytes, of which the first `size` may be accessed.
    Elements { stride: u32, size: u32 },
    /// These parts only.
    Spans(Vec<Range<u32>>),
}

/// One piece of memory.
#[derive(Clone, Debug)]
pub(crate) struct Region {
    /// What it is, for messages.
    pub place: Place,
    pub bytes: Vec<u8>,
    /// Indices of `bytes` that may be accessed.
    pub window: Range<u32>,
    pub rights: Rights,
    pub parts: Parts,
    /// Indices of `bytes` written since it was last [`CLEAN`].
    pub dirty: Range<u32>,
}

/// All regions by number. Unused numbers hold an empty region.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    /// The byte order of numbers.
    pub endian: Endian,
    regions: Vec<Region>,
}

impl Region {
    /// A region that is all accessible.
    pub fn new(place: Place, bytes: Vec<u8>) -> Region {
        let len = u32::try_from(bytes.len()).expect("regions are smaller than 4 GiB");
        Region {
            place,
            bytes,
            window: 0..len,
            rights: Rights::ReadWrite,
            parts: Parts::Whole,
            dirty: CLEAN,
        }
    }

    fn unmapped() -> Region {
        Region::new(Place::Kernel, Vec::new())
    }

    /// The indices into `bytes` of an access that the region allows.
    #[inline(always)]
    fn span(&self, offset: u32, size: u32) -> Option<Range<usize>> {
        let offset = offset.wrapping_sub(BASE);
        let end = offset.wrapping_add(size);
        if offset < self.window.start || end > self.window.end || end < offset {
            return None;
        }
        let fits = match &self.parts {
            Parts::Whole => true,
            Parts::Elements { stride, size: elem } => {
                // An aligned access to elements without gaps stays inside one of them.
                (stride == elem && size <= 8 && stride % 8 == 0 && offset & (size - 1) == 0)
                    || offset % stride + size <= *elem
            }
            Parts::Spans(spans) => spans.iter().any(|span| span.start <= offset && end <= span.end),
        };
        fits.then_some(offset as usize..end as usize)
    }

    fn may_write(&self, offset: u32, size: u32) -> bool {
        match &self.rights {
            Rights::ReadWrite => true,
            Rights::ReadOnly => false,
            Rights::Partial(ranges) => {
                let start = offset.wrapping_sub(BASE);
                let mut ranges = ranges.iter();
                ranges.any(|range| range.start <= start && start + size <= range.end)
            }
        }
    }

    /// Notes that `bytes[range]` changed.
    #[inline(always)]
    pub fn touch(&mut self, range: Range<usize>) {
        self.dirty.start = self.dirty.start.min(range.start as u32);
        self.dirty.end = self.dirty.end.max(range.end as u32);
    }

    /// Why an access is refused.
    fn refusal(&self, access: Access, offset: u32, size: u32) -> FaultKind {
        let is_inside = self.span(offset, size).is_some();
        let offset = offset.wrapping_sub(BASE);
        let place = self.place.clone();
        let (start, limit) = match &self.parts {
            _ if self.bytes.is_empty() => (0, 0),
            Parts::Whole => (self.window.start, self.window.end - self.window.start),
            Parts::Elements { stride, size } if self.window.contains(&offset) => {
                (offset - offset % stride, *size)
            }
            Parts::Elements { size, .. } => (0, *size),
            Parts::Spans(spans) => match spans.iter().find(|span| span.contains(&offset)) {
                Some(span) => (span.start, span.end - span.start),
                None => {
                    return FaultKind::NoRecord { access, place, size };
                }
            },
        };
        // Offsets below the start come from negative offsets that wrapped.
        let offset = i64::from(offset.wrapping_sub(start) as i32);
        match access {
            Access::Write if is_inside => FaultKind::ReadOnly { place, offset, size },
            _ => FaultKind::OutOfBounds { access, place, offset, size, limit },
        }
    }
}

impl Memory {
    /// The region with this number; an empty one if it is not mapped.
    pub fn region_mut(&mut self, number: u32) -> &mut Region {
        let number = number as usize;
        while self.regions.len() <= number {
            self.regions.push(Region::unmapped());
        }
        &mut self.regions[number]
    }

    /// The region with this number, if it was ever mapped.
    pub fn region(&self, number: u32) -> Option<&Region> {
        self.regions.get(number as usize)
    }

    /// Replaces a region.
    pub fn map(&mut self, number: u32, region: Region) {
        *self.region_mut(number) = region;
    }

    /// Reads a number of 1 to 8 bytes, zero-extended.
    #[inline(always)]
    pub fn load(&self, address: u64, size: Size) -> Result<u64, Trap> {
        let bytes = size.bytes();
        if let Some(region) = self.regions.get((address >> 32) as usize)
            && let Some(span) = region.span(address as u32, bytes)
            && let Some(bytes) = region.bytes.get(span)
        {
            return Ok(number(bytes, size, self.endian));
        }
        Err(self.refusal(Access::Read, address, bytes))
    }

    /// Writes the low bytes of `value`.
    #[inline(always)]
    pub fn store(&mut self, address: u64, size: Size, value: u64) -> Result<(), Trap> {
        let n_bytes = size.bytes();
        let offset = address as u32;
        if let Some(region) = self.regions.get_mut((address >> 32) as usize)
            && let Some(span) = region.span(offset, n_bytes)
            && (matches!(region.rights, Rights::ReadWrite) || region.may_write(offset, n_bytes))
            && let Some(bytes) = region.bytes.get_mut(span.clone())
        {
            put_number(bytes, value, self.endian);
            region.touch(span);
            return Ok(());
        }
        Err(self.refusal(Access::Write, address, n_bytes))
    }

    /// Bytes that the program may read. Empty ranges are allowed anywhere.
    pub fn read(&self, address: u64, size: u32) -> Result<&[u8], Trap> {
        if size == 0 {
            return Ok(&[]);
        }
        self.regions
            .get((address >> 32) as usize)
            .and_then(|region| region.bytes.get(region.span(address as u32, size)?))
            .ok_or_else(|| self.refusal(Access::Read, address, size))
    }

    /// Bytes that the program may write.
    pub fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), Trap> {
        let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        if size == 0 {
            return Ok(());
        }
        let offset = address as u32;
        if let Some(region) = self.regions.get_mut((address >> 32) as usize)
            && let Some(span) = region.span(offset, size)
            && region.may_write(offset, size)
            && let Some(target) = region.bytes.get_mut(span.clone())
        {
            target.copy_from_slice(bytes);
            region.touch(span);
            return Ok(());
        }
        Err(self.refusal(Access::Write, address, size))
    }

    /// The string at `address` without its end, and whether the end was found within `limit` bytes
    /// and the accessible memory.
    pub fn read_string(&self, address: u64, limit: u32) -> Result<(&[u8], bool), Trap> {
        let region = self.regions.get((address >> 32) as usize);
        let available = region.map_or(0, |region| region.available(address as u32));
        if available == 0 && limit > 0 {
            return Err(self.refusal(Access::Read, address, 1));
        }
        let bytes = self.read(address, limit.min(available))?;
        Ok(match bytes.iter().position(|&byte| byte == 0) {
            Some(end) => (&bytes[..end], true),
            None => (bytes, false),
        })
    }

    #[cold]
    #[inline(never)]
    fn refusal(&self, access: Access, address: u64, size: u32) -> Trap {
        let number = (address >> 32) as u32;
        let offset = address as u32;
        if number == region::PACKET && offset < BASE / 2 {
            return Box::new(FaultKind::Null { access, address, size });
        }
        let no_memory = |place| FaultKind::OutOfBounds { access, place, offset: 0, size, limit: 0 };
        Box::new(match self.region(number) {
            _ if number == region::MAP_HANDLE => no_memory(Place::MapHandle),
            _ if number == region::CODE => no_memory(Place::Code),
            Some(region) if !region.bytes.is_empty() => region.refusal(access, offset, size),
            _ => FaultKind::BadAddress { access, address, size },
        })
    }
}

impl Region {
    /// How many bytes from `offset` on may be read at once.
    fn available(&self, offset: u32) -> u32 {
        let offset = offset.wrapping_sub(BASE);
        if !self.window.contains(&offset) {
            return 0;
        }
        let to_end = self.window.end - offset;
        match &self.parts {
            Parts::Whole => to_end,
            Parts::Elements { stride, size } => size.saturating_sub(offset % stride).min(to_end),
            Parts::Spans(spans) => {
                spans.iter().find(|span| span.contains(&offset)).map_or(0, |span| span.end - offset)
            }
        }
    }
}

/// Writes the low bytes of `value`.
#[inline(always)]
fn put_number(bytes: &mut [u8], value: u64, endian: Endian) {
    let n_bytes = bytes.len();
    match endian {
        Endian::Little => bytes.copy_from_slice(&value.to_le_bytes()[..n_bytes]),
        Endian::Big => bytes.copy_from_slice(&value.to_be_bytes()[8 - n_bytes..]),
    }
}

/// The number in `bytes`.
#[inline(always)]
fn number(bytes: &[u8], size: Size, endian: Endian) -> u64 {
    match (size, bytes) {
        (Size::B, &[a]) => u64::from(a),
        (Size::H, &[a, b]) => u64::from(endian.u16_of([a, b])),
        (Size::W, &[a, b, c, d]) => u64::from(endian.u32_of([a, b, c, d])),
        (Size::DW, &[a, b, c, d, e, f, g, h]) => endian.u64_of([a, b, c, d, e, f, g, h]),
        _ => unreachable!("as many bytes as the size says"),
    }
}
