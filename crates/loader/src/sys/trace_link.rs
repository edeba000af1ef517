//! Links that hold tracing programs: `BPF_LINK_CREATE` for perf events (5.15), kernel functions
//! (5.18), user functions (6.6), trampolines (5.18), and iterators (5.8), whose output
//! `BPF_ITER_CREATE` opens. Layouts: `include/uapi/linux/bpf.h` (6.12).

use super::attr::Command;
use super::bpf::{addr, bpf, raw};
use super::{Result, owned};
use std::ffi::{CStr, CString, c_char};
use std::os::fd::{BorrowedFd, OwnedFd};

/// `BPF_F_KPROBE_MULTI_RETURN` and `BPF_F_UPROBE_MULTI_RETURN`.
const MULTI_RETURN: u32 = 1;

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Head {
    prog_fd: u32,
    target_fd: u32,
    attach_type: u32,
    flags: u32,
}

#[repr(C)]
struct PerfEvent {
    head: Head,
    cookie: u64,
}

#[repr(C)]
struct Tracing {
    head: Head,
    target_btf_id: u32,
    zero: u32,
    cookie: u64,
}

#[repr(C)]
struct Iter {
    head: Head,
    info: u64,
    info_bytes: u32,
    zero: u32,
}

#[repr(C)]
struct KprobeMulti {
    head: Head,
    flags: u32,
    n: u32,
    symbols: u64,
    addresses: u64,
    cookies: u64,
}

#[repr(C)]
struct UprobeMulti {
    head: Head,
    path: u64,
    offsets: u64,
    counters: u64,
    cookies: u64,
    n: u32,
    flags: u32,
    pid: u32,
    zero: u32,
}

#[repr(C)]
struct RawTracepoint {
    name: u64,
    prog_fd: u32,
    zero: u32,
    cookie: u64,
}

#[repr(C)]
struct IterCreate {
    link_fd: u32,
    flags: u32,
}

const _: () = {
    assert!(size_of::<PerfEvent>() == 24);
    assert!(size_of::<Tracing>() == 32);
    assert!(size_of::<Iter>() == 32);
    assert!(size_of::<KprobeMulti>() == 48);
    assert!(size_of::<UprobeMulti>() == 64);
    assert!(size_of::<RawTracepoint>() == 24);
};

fn head(prog: BorrowedFd<'_>, attach_type: u32) -> Head {
    Head { prog_fd: raw(prog), attach_type, ..Head::default() }
}

/// Holds a program to a perf event, which lives as long as the link.
pub(crate) fn perf_event(
    prog: BorrowedFd<'_>,
    event: BorrowedFd<'_>,
    attach_type: u32,
    cookie: u64,
) -> Result<OwnedFd> {
    let head = Head { target_fd: raw(event), ..head(prog, attach_type) };
    let mut attr = PerfEvent { head, cookie };
    // SAFETY: the attribute has no pointers.
    unsafe { bpf(Command::LinkCreate, &mut attr).map(|fd| owned(fd)) }
}

/// Holds a program to what it was loaded for.
pub(crate) fn tracing(prog: BorrowedFd<'_>, attach_type: u32, cookie: u64) -> Result<OwnedFd> {
    let mut attr = Tracing { head: head(prog, attach_type), target_btf_id: 0, zero: 0, cookie };
    // SAFETY: the attribute has no pointers.
    unsafe { bpf(Command::LinkCreate, &mut attr).map(|fd| owned(fd)) }
}

/// Holds a program to a raw tracepoint, with a cookie (6.9).
pub(crate) fn raw_tracepoint(prog: BorrowedFd<'_>, name: &CStr, cookie: u64) -> Result<OwnedFd> {
    let mut attr =
        RawTracepoint { name: name.as_ptr() as u64, prog_fd: raw(prog), zero: 0, cookie };
    // SAFETY: the name is a C string that outlives the call.
    unsafe { bpf(Command::RawTracepointOpen, &mut attr).map(|fd| owned(fd)) }
}

/// `union bpf_iter_link_info`: three words for tasks (tid, pid, pidfd), the first alone for a map,
/// order, file and id for control groups.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct IterInfo {
    pub words: [u32; 4],
}

/// Holds an iterator; `info` says what it goes over, where not over everything.
pub(crate) fn iter(
    prog: BorrowedFd<'_>,
    attach_type: u32,
    info: Option<&IterInfo>,
) -> Result<OwnedFd> {
    let mut attr = Iter {
        head: head(prog, attach_type),
        info: info.map_or(0, |info| std::ptr::from_ref(info) as u64),
        info_bytes: info.map_or(0, |_| size_of::<IterInfo>() as u32),
        zero: 0,
    };
    // SAFETY: the information is readable for its size and outlives the call.
    unsafe { bpf(Command::LinkCreate, &mut attr).map(|fd| owned(fd)) }
}

/// Opens the output of an iterator.
pub(crate) fn iter_create(link: BorrowedFd<'_>) -> Result<OwnedFd> {
    let mut attr = IterCreate { link_fd: raw(link), flags: 0 };
    // SAFETY: the attribute has no pointers.
    unsafe { bpf(Command::IterCreate, &mut attr).map(|fd| owned(fd)) }
}

/// Kernel functions.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Functions<'a> {
    Addresses(&'a [u64]),
    Names(&'a [CString]),
}

/// Holds a program to many kernel functions. No cookies, or one for each function.
pub(crate) fn kprobe_multi(
    prog: BorrowedFd<'_>,
    attach_type: u32,
    functions: Functions<'_>,
    cookies: &[u64],
    is_return: bool,
) -> Result<OwnedFd> {
    let names: Vec<*const c_char> = match functions {
        Functions::Names(names) => names.iter().map(|name| name.as_ptr()).collect(),
        Functions::Addresses(_) => Vec::new(),
    };
    let (n, addresses) = match functions {
        Functions::Addresses(addresses) => (addresses.len(), addr(addresses)),
        Functions::Names(names) => (names.len(), 0),
    };
    assert!(cookies.is_empty() || cookies.len() == n, "a cookie for each function");
    let mut attr = KprobeMulti {
        head: head(prog, attach_type),
        flags: if is_return { MULTI_RETURN } else { 0 },
        n: u32::try_from(n).unwrap_or(u32::MAX),
        symbols: addr(&names),
        addresses,
        cookies: addr(cookies),
    };
    // SAFETY: the arrays have as many elements as said; names are C strings; all outlive the call.
    unsafe { bpf(Command::LinkCreate, &mut attr).map(|fd| owned(fd)) }
}

/// Whether the kernel has links of this type to many functions: asked with an address at which
/// there is nothing, which only a kernel that has them looks at.
pub(crate) fn has_kprobe_multi(prog: BorrowedFd<'_>, attach_type: u32) -> bool {
    let mut attr = KprobeMulti {
        head: head(prog, attach_type),
        flags: 0,
        n: 1,
        symbols: 0,
        addresses: 1,
        cookies: 0,
    };
    // SAFETY: the kernel checks user pointers before it reads them.
    let outcome = unsafe { bpf(Command::LinkCreate, &mut attr).map(|fd| owned(fd)) };
    matches!(outcome, Err(errno) if errno.0 == libc::EFAULT)
}

/// The same for user functions.
pub(crate) fn has_uprobe_multi(prog: BorrowedFd<'_>, attach_type: u32) -> bool {
    let mut attr = UprobeMulti {
        head: head(prog, attach_type),
        path: 1,
        offsets: 1,
        counters: 0,
        cookies: 0,
        n: 1,
        flags: 0,
        pid: 0,
        zero: 0,
    };
    // SAFETY: as above.
    let outcome = unsafe { bpf(Command::LinkCreate, &mut attr).map(|fd| owned(fd)) };
    matches!(outcome, Err(errno) if errno.0 == libc::EFAULT)
}

/// Places in a file, for [`uprobe_multi`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places<'a> {
    pub path: &'a CStr,
    /// Offsets in the file.
    pub offsets: &'a [u64],
    /// None, or one for each place.
    pub cookies: &'a [u64],
    /// Only in this process; 0 for all.
    pub pid: u32,
    pub is_return: bool,
}

/// Holds a program to many places of a file.
pub(crate) fn uprobe_multi(
    prog: BorrowedFd<'_>,
    attach_type: u32,
    places: &Places<'_>,
) -> Result<OwnedFd> {
    let n = places.offsets.len();
    assert!(places.cookies.is_empty() || places.cookies.len() == n, "a cookie for each place");
    let mut attr = UprobeMulti {
        head: head(prog, attach_type),
        path: places.path.as_ptr() as u64,
        offsets: addr(places.offsets),
        counters: 0,
        cookies: addr(places.cookies),
        n: u32::try_from(n).unwrap_or(u32::MAX),
        flags: if places.is_return { MULTI_RETURN } else { 0 },
        pid: places.pid,
        zero: 0,
    };
    // SAFETY: the arrays have as many elements as said; the path is a C string; all outlive the
    // call.
    unsafe { bpf(Command::LinkCreate, &mut attr).map(|fd| owned(fd)) }
}
