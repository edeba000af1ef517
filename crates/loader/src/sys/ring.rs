//! The two buffers through which programs send events, as far as memory shared with the kernel
//! goes. Both hand out the kernel's memory itself; nothing is copied but what wraps around.

use super::Result;
use super::errno::Errno;
use super::memory::{Access, Mapping, page_bytes};
use std::ops::ControlFlow;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{Ordering, fence};

/// `BPF_RINGBUF_BUSY_BIT`: still being written.
const BUSY: u32 = 1 << 31;
/// `BPF_RINGBUF_DISCARD_BIT`: to be skipped.
const DISCARD: u32 = 1 << 30;
/// While much is read, this part of a buffer is given back at once.
const FREED_AT_ONCE: usize = 16;
/// Length word and page offset before each record.
const HEADER_BYTES: usize = 8;

/// A mapped BPF ring buffer. Layout: `kernel/bpf/ringbuf.c` (5.8): a page with the consumer's
/// position, a page with the producers', the data twice in a row so that no record wraps.
#[derive(Debug)]
pub(crate) struct Ring {
    consumer: Mapping,
    producer: Mapping,
    mask: usize,
    position: usize,
}

impl Ring {
    /// Maps the ring buffer of `n_bytes`, a power of two.
    pub(crate) fn new(map: BorrowedFd<'_>, n_bytes: usize) -> Result<Ring> {
        if !n_bytes.is_power_of_two() {
            return Err(Errno::EINVAL);
        }
        let page = page_bytes();
        let consumer = Mapping::new(map, 0, page, Access::ReadWrite)?;
        let producer = Mapping::new(map, page, page + 2 * n_bytes, Access::Read)?;
        let position = consumer.long(0).load(Ordering::Relaxed);
        Ok(Ring { consumer, producer, mask: n_bytes - 1, position })
    }

    /// Hands every complete record to `take` and frees it, in order, until there are no more; but no more than fit
    /// into the buffer, as programs may send faster than one reads. Returns how many there were.
    pub(crate) fn consume(
        &mut self,
        mut take: impl FnMut(&[u8]) -> ControlFlow<()>,
    ) -> (usize, ControlFlow<()>) {
        let page = page_bytes();
        let start = self.position;
        let (mut n_records, mut freed) = (0, start);
        while self.position.wrapping_sub(start) <= self.mask {
            // Acquire: the records up to this position are visible after it.
            let end = self.producer.long(0).load(Ordering::Acquire);
            if self.position == end {
                break;
            }
            while self.position != end {
                let offset = page + (self.position & self.mask);
                // Acquire: pairs with the commit, which publishes the record's content.
                let word = self.producer.word(offset).load(Ordering::Acquire);
                if word & BUSY != 0 {
                    // Its commit wakes us: it is the next one.
                    self.free();
                    return (n_records, ControlFlow::Continue(()));
                }
                let n_bytes = (word & !(BUSY | DISCARD)) as usize;
                let mut flow = ControlFlow::Continue(());
                if word & DISCARD == 0 && n_bytes <= self.mask {
                    n_records += 1;
                    // SAFETY: the record is committed, so programs no longer write to it, and the
                    // kernel reuses it only after the position is given back.
                    flow = take(unsafe { self.producer.bytes(offset + HEADER_BYTES, n_bytes) });
                }
                let total = (n_bytes + HEADER_BYTES).next_multiple_of(8);
                self.position = self.position.wrapping_add(total);
                if flow.is_break() {
                    self.free();
                    return (n_records, flow);
                }
                // Each store takes the page from the producers' caches; they need room long before it is all used.
                if self.position.wrapping_sub(freed) > self.mask / FREED_AT_ONCE {
                    self.free();
                    freed = self.position;
                }
            }
            // A program that commits a record behind what is freed wakes nobody: look again after that.
            self.free();
            fence(Ordering::SeqCst);
        }
        (n_records, ControlFlow::Continue(()))
    }

    /// Gives back what has been handed out.
    fn free(&self) {
        // Release: all reads of the records are before it.
        self.consumer.long(0).store(self.position, Ordering::Release);
    }
}

/// `data_head` of `struct perf_event_mmap_page`.
const DATA_HEAD: usize = 1024;
/// `data_tail` of the same.
const DATA_TAIL: usize = 1032;
/// `PERF_RECORD_LOST`.
const RECORD_LOST: u32 = 2;
/// `PERF_RECORD_SAMPLE`.
const RECORD_SAMPLE: u32 = 9;
/// `struct perf_event_header`.
const RECORD_HEADER: usize = 8;

/// A record of a perf ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PerfRecord<'a> {
    /// What a program sent. The kernel may have padded it with up to 7 bytes.
    Sample(&'a [u8]),
    /// So many did not fit.
    Lost(u64),
}

/// The mapped ring of one perf event: a control page and data that wraps around.
#[derive(Debug)]
pub(crate) struct PerfRing {
    mapping: Mapping,
    n_bytes: usize,
    tail: u64,
    wrapped: Vec<u8>,
}

impl PerfRing {
    /// Maps the ring of a perf event with `n_pages` of data, a power of two.
    pub(crate) fn new(event: BorrowedFd<'_>, n_pages: usize) -> Result<PerfRing> {
        let n_bytes = n_pages * page_bytes();
        let mapping = Mapping::new(event, 0, page_bytes() + n_bytes, Access::ReadWrite)?;
        let tail = mapping.double_word(DATA_TAIL).load(Ordering::Relaxed);
        Ok(PerfRing { mapping, n_bytes, tail, wrapped: Vec::new() })
    }

    /// Copies a range of the data, which may wrap.
    ///
    /// # Safety
    /// The range is between tail and head, where the kernel does not write.
    unsafe fn copy(&self, at: u64, to: &mut [u8]) {
        let start = (at % self.n_bytes as u64) as usize;
        let n_first = to.len().min(self.n_bytes - start);
        let (first, second) = to.split_at_mut(n_first);
        // SAFETY: by the caller's promise.
        unsafe {
            first.copy_from_slice(self.mapping.bytes(page_bytes() + start, n_first));
            second.copy_from_slice(self.mapping.bytes(page_bytes(), second.len()));
        }
    }

    /// Hands every record to `take` and frees it, up to what is there now.
    pub(crate) fn consume(
        &mut self,
        mut take: impl FnMut(PerfRecord<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        // Acquire: the records up to this position are visible after it.
        let head = self.mapping.double_word(DATA_HEAD).load(Ordering::Acquire);
        let mut flow = ControlFlow::Continue(());
        while self.tail != head && flow.is_continue() {
            let mut header = [0; RECORD_HEADER];
            // SAFETY: between tail and head.
            unsafe { self.copy(self.tail, &mut header) };
            let ty = u32::from_ne_bytes([header[0], header[1], header[2], header[3]]);
            let n_bytes = usize::from(u16::from_ne_bytes([header[6], header[7]]));
            let is_whole =
                n_bytes >= RECORD_HEADER && n_bytes as u64 <= head.wrapping_sub(self.tail);
            if !is_whole {
                // Cannot be; give up what is there rather than read nonsense.
                self.tail = head;
                break;
            }
            flow = self.record(ty, n_bytes, &mut take);
            self.tail = self.tail.wrapping_add(n_bytes as u64);
        }
        // Release: all reads are before it. The kernel reuses what is before the tail.
        let tail = self.mapping.double_word(DATA_TAIL);
        debug_assert!(self.mapping.is_writable());
        tail.store(self.tail, Ordering::Release);
        flow
    }

    /// Hands out the record at the tail.
    fn record(
        &mut self,
        ty: u32,
        n_bytes: usize,
        take: &mut impl FnMut(PerfRecord<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let start = (self.tail % self.n_bytes as u64) as usize;
        let mut wrapped = std::mem::take(&mut self.wrapped);
        let record = if start + n_bytes <= self.n_bytes {
            // SAFETY: between tail and head, where the kernel does not write.
            unsafe { self.mapping.bytes(page_bytes() + start, n_bytes) }
        } else {
            wrapped.resize(n_bytes, 0);
            // SAFETY: as above.
            unsafe { self.copy(self.tail, &mut wrapped) };
            &wrapped[..]
        };
        let body = &record[RECORD_HEADER..];
        let flow = match ty {
            RECORD_SAMPLE => match body.split_first_chunk() {
                Some((size, rest)) => {
                    let size = u32::from_ne_bytes(*size) as usize;
                    take(PerfRecord::Sample(&rest[..size.min(rest.len())]))
                }
                None => ControlFlow::Continue(()),
            },
            RECORD_LOST => match body.get(8..16).and_then(|n| n.try_into().ok()) {
                Some(n) => take(PerfRecord::Lost(u64::from_ne_bytes(n))),
                None => ControlFlow::Continue(()),
            },
            _ => ControlFlow::Continue(()),
        };
        self.wrapped = wrapped;
        flow
    }
}
