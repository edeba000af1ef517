//! Memory shared with the kernel.

use super::Result;
use super::errno::Errno;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering};

/// Whether this process may write to a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    ReadWrite,
    /// Reading a copy-on-write mapping.
    Private,
}

/// A shared mapping of a file descriptor, unmapped when dropped.
#[derive(Debug)]
pub(crate) struct Mapping {
    start: NonNull<u8>,
    n_bytes: usize,
    access: Access,
}

// SAFETY: the memory belongs to the value, and is only reached through atomics and through
// `bytes`, whose caller answers for the absence of writers.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

/// The size of a page.
pub(crate) fn page_bytes() -> usize {
    // SAFETY: no preconditions.
    let n = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(n).unwrap_or(4096)
}

impl Mapping {
    /// Maps `n_bytes` of `fd` from `offset`, both multiples of the page size.
    pub(crate) fn new(
        fd: BorrowedFd<'_>,
        offset: usize,
        n_bytes: usize,
        access: Access,
    ) -> Result<Mapping> {
        let protection = match access {
            Access::Read | Access::Private => libc::PROT_READ,
            Access::ReadWrite => libc::PROT_READ | libc::PROT_WRITE,
        };
        let sharing = match access {
            Access::Private => libc::MAP_PRIVATE,
            Access::Read | Access::ReadWrite => libc::MAP_SHARED,
        };
        let offset = libc::off_t::try_from(offset).map_err(|_| Errno::EINVAL)?;
        // SAFETY: a new mapping where the kernel chooses; it replaces nothing.
        let start = unsafe {
            libc::mmap(std::ptr::null_mut(), n_bytes, protection, sharing, fd.as_raw_fd(), offset)
        };
        if start == libc::MAP_FAILED {
            return Err(Errno::last());
        }
        Ok(Mapping { start: NonNull::new(start.cast()).expect("not mapped at 0"), n_bytes, access })
    }

    /// # Panics
    /// If the object is outside, or not aligned to its size.
    fn at<T>(&self, offset: usize) -> *mut T {
        let n_bytes = size_of::<T>();
        assert!(
            offset.is_multiple_of(n_bytes) && offset <= self.n_bytes - n_bytes,
            "inside the mapping"
        );
        // SAFETY: inside the mapping, as checked.
        unsafe { self.start.add(offset) }.as_ptr().cast()
    }

    /// The 32-bit word at `offset`. Only to be loaded if the mapping is read-only.
    pub(crate) fn word(&self, offset: usize) -> &AtomicU32 {
        // SAFETY: aligned and inside; the kernel accesses it atomically.
        unsafe { AtomicU32::from_ptr(self.at(offset)) }
    }

    /// The `unsigned long` at `offset`.
    pub(crate) fn long(&self, offset: usize) -> &AtomicUsize {
        // SAFETY: as above.
        unsafe { AtomicUsize::from_ptr(self.at(offset)) }
    }

    /// The 64-bit word at `offset`.
    pub(crate) fn double_word(&self, offset: usize) -> &AtomicU64 {
        // SAFETY: as above.
        unsafe { AtomicU64::from_ptr(self.at(offset)) }
    }

    /// Stores bytes, numbers of up to 8 bytes that are aligned at once.
    ///
    /// # Panics
    /// If the range is not inside, or stores are not allowed.
    pub(crate) fn store(&self, offset: usize, bytes: &[u8]) {
        assert!(self.is_writable(), "a mapping to write to");
        let (mut at, mut rest) = (offset, bytes);
        while !rest.is_empty() {
            let fits = |n: &usize| at.is_multiple_of(*n) && rest.len() >= *n;
            let n = [8, 4, 2].into_iter().find(fits).unwrap_or(1);
            let (now, later) = rest.split_at(n);
            // SAFETY: aligned and inside, as `at` checks; programs access it without order, too.
            unsafe {
                match n {
                    8 => AtomicU64::from_ptr(self.at(at)).store(number(now), Ordering::Relaxed),
                    4 => AtomicU32::from_ptr(self.at(at))
                        .store(number(now) as u32, Ordering::Relaxed),
                    2 => AtomicU16::from_ptr(self.at(at))
                        .store(number(now) as u16, Ordering::Relaxed),
                    _ => AtomicU8::from_ptr(self.at(at)).store(now[0], Ordering::Relaxed),
                }
            }
            (at, rest) = (at + n, later);
        }
    }

    /// Whether stores are allowed.
    pub(crate) fn is_writable(&self) -> bool {
        self.access == Access::ReadWrite
    }

    /// The bytes of a range.
    ///
    /// # Safety
    /// Nobody writes to them while the result lives.
    ///
    /// # Panics
    /// If the range is not inside.
    pub(crate) unsafe fn bytes(&self, offset: usize, n_bytes: usize) -> &[u8] {
        let end = offset.checked_add(n_bytes);
        assert!(end.is_some_and(|end| end <= self.n_bytes), "inside the mapping");
        // SAFETY: inside the mapping, as checked; not written, by the caller's promise.
        unsafe { std::slice::from_raw_parts(self.start.add(offset).as_ptr(), n_bytes) }
    }
}

/// Up to 8 bytes as a number whose lower part they are.
fn number(bytes: &[u8]) -> u64 {
    let mut all = [0; 8];
    match cfg!(target_endian = "big") {
        true => all[8 - bytes.len()..].copy_from_slice(bytes),
        false => all[..bytes.len()].copy_from_slice(bytes),
    }
    u64::from_ne_bytes(all)
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping of `new`, which nothing borrows any more.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.n_bytes) };
    }
}
