//! System calls. All `unsafe` code of the crate is below this module: every function here takes
//! and returns safe types, checks the sizes that make the call sound, and repeats calls that a
//! signal interrupted.

pub(crate) mod ask;
pub(crate) mod attr;
pub(crate) mod bpf;
pub(crate) mod errno;
pub(crate) mod ids;
pub(crate) mod map;
pub(crate) mod memory;
pub(crate) mod mount;
pub(crate) mod perf;
pub(crate) mod place;
pub(crate) mod process;
pub(crate) mod ring;
pub(crate) mod signal;
pub(crate) mod socket;
pub(crate) mod trace_link;
pub(crate) mod user_ring;
pub(crate) mod view;

use errno::Errno;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

/// What a system call returns.
pub(crate) type Result<T> = std::result::Result<T, Errno>;

/// How often a load is repeated that failed with `EAGAIN` because of a signal.
const MAX_AGAIN: u32 = 10;

/// Repeats `call` while a signal interrupts it.
fn retry(mut call: impl FnMut() -> libc::c_long) -> Result<libc::c_long> {
    let mut n_again = 0;
    loop {
        let returned = call();
        if returned >= 0 {
            return Ok(returned);
        }
        match Errno::last() {
            Errno::EINTR => {}
            Errno::EAGAIN if n_again < MAX_AGAIN => n_again += 1,
            errno => return Err(errno),
        }
    }
}

/// Takes ownership of a file descriptor that a system call just returned.
///
/// # Safety
/// `returned` is a new file descriptor that nothing else owns.
unsafe fn owned(returned: libc::c_long) -> OwnedFd {
    let fd = RawFd::try_from(returned).expect("file descriptors are ints");
    // SAFETY: new and not owned, by the caller's promise.
    unsafe { OwnedFd::from_raw_fd(fd) }
}
