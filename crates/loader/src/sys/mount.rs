//! File systems mounted for this process only: `fsopen(2)` and friends (5.2).

use super::{Result, owned, retry};
use std::ffi::CStr;
use std::os::fd::{AsRawFd, OwnedFd};

/// `FSOPEN_CLOEXEC`, `FSMOUNT_CLOEXEC`.
const CLOEXEC: libc::c_uint = 1;
/// `FSCONFIG_CMD_CREATE`.
const CMD_CREATE: libc::c_uint = 6;

/// Mounts a file system that has no device nowhere: it is reached through the file descriptor
/// alone and goes away with it.
pub(crate) fn detached(file_system: &CStr) -> Result<OwnedFd> {
    // SAFETY: the name is a C string that outlives the call.
    let context =
        retry(|| unsafe { libc::syscall(libc::SYS_fsopen, file_system.as_ptr(), CLOEXEC) })?;
    // SAFETY: the kernel just made this file descriptor.
    let context = unsafe { owned(context) };
    let null = std::ptr::null::<u8>();
    // SAFETY: the command takes no pointers; both are null.
    retry(|| unsafe {
        libc::syscall(libc::SYS_fsconfig, context.as_raw_fd(), CMD_CREATE, null, null, 0)
    })?;
    // SAFETY: no pointers.
    let mount =
        retry(|| unsafe { libc::syscall(libc::SYS_fsmount, context.as_raw_fd(), CLOEXEC, 0) })?;
    // SAFETY: the kernel just made this file descriptor.
    Ok(unsafe { owned(mount) })
}
