//! `perf_event_open(2)`: the carrier of programs on tracepoints, probes and clocks, and of the
//! perf buffer. Layout: `struct perf_event_attr`, `include/uapi/linux/perf_event.h` (4.1).

use super::{Result, owned, retry};
use std::ffi::CStr;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

/// `PERF_TYPE_SOFTWARE`.
const TYPE_SOFTWARE: u32 = 1;
/// `PERF_TYPE_TRACEPOINT`.
const TYPE_TRACEPOINT: u32 = 2;
/// `PERF_COUNT_SW_BPF_OUTPUT`.
const BPF_OUTPUT: u64 = 10;
/// `PERF_SAMPLE_RAW`.
const SAMPLE_RAW: u64 = 1 << 10;
/// `PERF_FLAG_FD_CLOEXEC`.
const FD_CLOEXEC: libc::c_ulong = 1 << 3;
/// Bit `freq` of the flags word: `sample_period` is a frequency.
const FREQ: u64 = 1 << 10;
/// `_IO('$', 0)`.
const IOC_ENABLE: libc::c_ulong = 0x2400;
/// `_IOW('$', 8, __u32)`.
const IOC_SET_BPF: libc::c_ulong = 0x4004_2408;

/// `PERF_ATTR_SIZE_VER5` (4.1).
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Attr {
    ty: u32,
    size: u32,
    config: u64,
    sample_period: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup_events: u32,
    bp_type: u32,
    config1: u64,
    config2: u64,
    branch_sample_type: u64,
    sample_regs_user: u64,
    sample_stack_user: u32,
    clockid: i32,
    sample_regs_intr: u64,
    aux_watermark: u32,
    zero: u32,
}

const _: () = assert!(size_of::<Attr>() == 112);

/// Which process and CPU an event watches. The kernel takes no event for all of both.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope {
    /// -1 for every process.
    pub pid: i32,
    /// -1 for every CPU.
    pub cpu: i32,
}

/// A probe through the dynamic event sources `kprobe` and `uprobe`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Probe<'a> {
    /// The event source's type number.
    pub ty: u32,
    /// The bits of `config`: 1 at the place that the source gives for a return probe.
    pub config: u64,
    /// Function or path.
    pub target: &'a CStr,
    /// Offset in the function or file.
    pub offset: u64,
}

fn open(attr: &Attr, scope: Scope) -> Result<OwnedFd> {
    let no_group = -1;
    let fd = retry(|| {
        // SAFETY: the attribute is readable for the size it names; the pointers in it, if any,
        // are C strings that the caller of this private function borrows.
        unsafe {
            libc::syscall(
                libc::SYS_perf_event_open,
                std::ptr::from_ref(attr),
                scope.pid,
                scope.cpu,
                no_group,
                FD_CLOEXEC,
            )
        }
    })?;
    // SAFETY: the kernel just made this file descriptor.
    Ok(unsafe { owned(fd) })
}

fn attr(ty: u32, config: u64) -> Attr {
    Attr { ty, size: size_of::<Attr>() as u32, config, ..Attr::default() }
}

/// A tracepoint by the number in its `id` file.
pub(crate) fn tracepoint(id: u64) -> Result<OwnedFd> {
    let attr = Attr { sample_period: 1, wakeup_events: 1, ..attr(TYPE_TRACEPOINT, id) };
    // A program on a tracepoint runs on all CPUs, whichever the event names.
    open(&attr, Scope { pid: -1, cpu: 0 })
}

/// A kernel or user probe.
pub(crate) fn probe(probe: &Probe<'_>, scope: Scope) -> Result<OwnedFd> {
    let attr = Attr {
        sample_period: 1,
        wakeup_events: 1,
        config1: probe.target.as_ptr() as u64,
        config2: probe.offset,
        ..attr(probe.ty, probe.config)
    };
    open(&attr, scope)
}

/// How often a counter runs a program.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rate {
    /// Times a second.
    Frequency(u64),
    /// Once in so many events.
    Period(u64),
}

/// A counter by its numbers: `PERF_TYPE_…` and what it counts.
pub(crate) fn counter(ty: u32, config: u64, rate: Rate, scope: Scope) -> Result<OwnedFd> {
    let (sample_period, flags) = match rate {
        Rate::Frequency(hz) => (hz, FREQ),
        Rate::Period(n) => (n, 0),
    };
    open(&Attr { sample_period, flags, ..attr(ty, config) }, scope)
}

/// Where programs on one CPU put what `bpf_perf_event_output` is given.
pub(crate) fn bpf_output(cpu: u32) -> Result<OwnedFd> {
    let attr = Attr {
        sample_period: 1,
        sample_type: SAMPLE_RAW,
        wakeup_events: 1,
        ..attr(TYPE_SOFTWARE, BPF_OUTPUT)
    };
    open(&attr, on_cpu(cpu))
}

fn on_cpu(cpu: u32) -> Scope {
    Scope { pid: -1, cpu: i32::try_from(cpu).unwrap_or(i32::MAX) }
}

/// Starts an event.
pub(crate) fn enable(event: BorrowedFd<'_>) -> Result<()> {
    // SAFETY: the request takes no pointer.
    retry(|| unsafe { libc::ioctl(event.as_raw_fd(), IOC_ENABLE, 0).into() }).map(|_| ())
}

/// Lets a program run at each occurrence of an event.
pub(crate) fn set_bpf(event: BorrowedFd<'_>, prog: BorrowedFd<'_>) -> Result<()> {
    // SAFETY: the request takes a file descriptor by value.
    retry(|| unsafe { libc::ioctl(event.as_raw_fd(), IOC_SET_BPF, prog.as_raw_fd()).into() })
        .map(|_| ())
}
