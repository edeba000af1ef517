//! What this process may do: capabilities, locked memory.

use super::Result;
use super::errno::Errno;

/// `_LINUX_CAPABILITY_VERSION_3` (`include/uapi/linux/capability.h`).
const CAPABILITY_VERSION_3: u32 = 0x2008_0522;

#[repr(C)]
struct CapHeader {
    version: u32,
    pid: libc::c_int,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct CapData {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// The effective capabilities, one bit each.
pub(crate) fn effective_capabilities() -> Result<u64> {
    let mut header = CapHeader { version: CAPABILITY_VERSION_3, pid: 0 };
    let mut data = [CapData::default(); 2];
    // SAFETY: version 3 fills in two data structs.
    let returned = unsafe {
        libc::syscall(libc::SYS_capget, std::ptr::from_mut(&mut header), data.as_mut_ptr())
    };
    if returned < 0 {
        return Err(Errno::last());
    }
    Ok(u64::from(data[1].effective) << 32 | u64::from(data[0].effective))
}

/// Whether a filter of system calls is in place: 0 for none, 2 for a filter.
pub(crate) fn seccomp_mode() -> Option<u8> {
    // SAFETY: the operation takes no pointers.
    let mode = unsafe { libc::prctl(libc::PR_GET_SECCOMP) };
    u8::try_from(mode).ok()
}
