//! The buffer through which a process sends records to programs, as far as memory shared with the kernel goes.

use super::Result;
use super::errno::Errno;
use super::memory::{Access, Mapping, page_bytes};
use std::os::fd::BorrowedFd;
use std::sync::atomic::Ordering;

/// `BPF_RINGBUF_BUSY_BIT`: still being written.
const BUSY: u32 = 1 << 31;
/// Length word and a word for the kernel before each record.
const HEADER_BYTES: usize = 8;

/// A mapped user ring buffer (6.1). Layout: `kernel/bpf/ringbuf.c`: a page with the kernel's position, a page with ours, the
/// data twice in a row so that no record wraps.
#[derive(Debug)]
pub(crate) struct UserRing {
    consumer: Mapping,
    producer: Mapping,
    n_bytes: usize,
}

impl UserRing {
    /// Maps the buffer of `n_bytes`, a power of two.
    pub(crate) fn new(map: BorrowedFd<'_>, n_bytes: usize) -> Result<UserRing> {
        if !n_bytes.is_power_of_two() {
            return Err(Errno::EINVAL);
        }
        let page = page_bytes();
        let consumer = Mapping::new(map, 0, page, Access::Read)?;
        let producer = Mapping::new(map, page, page + 2 * n_bytes, Access::ReadWrite)?;
        Ok(UserRing { consumer, producer, n_bytes })
    }

    /// Puts a record behind the others. `ENOSPC`: there is no room until a program has taken some; `E2BIG`: there never is.
    pub(crate) fn send(&mut self, record: &[u8]) -> Result<()> {
        let total = (record.len() + HEADER_BYTES).next_multiple_of(8);
        if total > self.n_bytes {
            return Err(Errno(libc::E2BIG));
        }
        // Acquire: the kernel is done with what is before its position.
        let taken = self.consumer.long(0).load(Ordering::Acquire);
        // Nobody but this handle moves it.
        let end = self.producer.long(0).load(Ordering::Relaxed);
        if end.wrapping_sub(taken) + total > self.n_bytes {
            return Err(Errno(libc::ENOSPC));
        }
        let offset = page_bytes() + (end & (self.n_bytes - 1));
        let length = u32::try_from(record.len()).map_err(|_| Errno(libc::E2BIG))?;
        self.producer.word(offset).store(length | BUSY, Ordering::Relaxed);
        self.producer.word(offset + 4).store(0, Ordering::Relaxed);
        // A word at a time: the second copy of the data makes what passes the end its beginning.
        for (at, word) in record.chunks(4).enumerate() {
            let mut bytes = [0; 4];
            bytes[..word.len()].copy_from_slice(word);
            let place = offset + HEADER_BYTES + 4 * at;
            self.producer.word(place).store(u32::from_ne_bytes(bytes), Ordering::Relaxed);
        }
        // Release: the record is there before it is seen to be.
        self.producer.word(offset).store(length, Ordering::Release);
        self.producer.long(0).store(end.wrapping_add(total), Ordering::Release);
        Ok(())
    }

    /// Bytes of records that no program has taken yet, with what is in front of each.
    pub(crate) fn n_waiting_bytes(&self) -> usize {
        let taken = self.consumer.long(0).load(Ordering::Acquire);
        self.producer.long(0).load(Ordering::Relaxed).wrapping_sub(taken)
    }
}
