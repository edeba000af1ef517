//! `bpf(2)`, one function per command; maps are in [`super::map`].

use super::attr::{self, Command, NAME_BYTES, Plain};
use super::{Result, owned, retry};
use std::ffi::CStr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// Calls `bpf(2)`.
///
/// # Safety
/// Every pointer in `attr` is null or points to as much memory as the command reads or writes
/// there, and that memory stays valid and unaliased for the call.
pub(super) unsafe fn bpf<A>(command: Command, attr: &mut A) -> Result<libc::c_long> {
    // SAFETY: the attribute is readable and writable for its size; its pointers are as the caller
    // promises.
    retry(|| unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command as libc::c_long,
            std::ptr::from_mut(attr),
            size_of::<A>(),
        )
    })
}

pub(super) fn raw(fd: BorrowedFd<'_>) -> u32 {
    u32::try_from(fd.as_raw_fd()).expect("an open file descriptor is not negative")
}

pub(super) fn addr<T>(slice: &[T]) -> u64 {
    if slice.is_empty() { 0 } else { slice.as_ptr() as u64 }
}

pub(super) fn addr_mut<T>(slice: &mut [T]) -> u64 {
    if slice.is_empty() { 0 } else { slice.as_mut_ptr() as u64 }
}

fn len(slice: &[u8]) -> u32 {
    u32::try_from(slice.len()).expect("less than 4 GiB")
}

/// `struct bpf_func_info`: offset of the first instruction in slots, type id.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct FuncInfo {
    pub insn_off: u32,
    pub type_id: u32,
}

/// `struct bpf_line_info`: slot, file and text in the BTF's strings, line and column.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct LineInfo {
    pub insn_off: u32,
    pub file_name_off: u32,
    pub line_off: u32,
    pub line_col: u32,
}

/// What to load. Numbers are those of the uapi.
#[derive(Clone, Copy, Default)]
pub(crate) struct ProgLoad<'a> {
    pub prog_type: u32,
    pub name: [u8; NAME_BYTES],
    /// A multiple of 8 bytes.
    pub insns: &'a [u8],
    pub license: Option<&'a CStr>,
    pub kernel_version: u32,
    pub flags: u32,
    pub expected_attach_type: u32,
    pub btf: Option<BorrowedFd<'a>>,
    pub func_info: &'a [FuncInfo],
    pub line_info: &'a [LineInfo],
    pub attach_btf_id: u32,
    /// The types of the module that `attach_btf_id` is from.
    pub attach_btf: Option<BorrowedFd<'a>>,
}

/// Loads a program. A non-empty `log` receives the verifier's text, at `log_level`.
pub(crate) fn prog_load(load: &ProgLoad<'_>, log_level: u32, log: &mut [u8]) -> Result<OwnedFd> {
    let license = load.license.unwrap_or(c"");
    let mut attr = attr::ProgLoad {
        prog_type: load.prog_type,
        insn_cnt: len(load.insns) / 8,
        insns: addr(load.insns),
        license: license.as_ptr() as u64,
        log_level: if log.is_empty() { 0 } else { log_level },
        log_size: len(log),
        log_buf: addr_mut(log),
        kern_version: load.kernel_version,
        prog_flags: load.flags,
        prog_name: load.name,
        expected_attach_type: load.expected_attach_type,
        prog_btf_fd: load.btf.map_or(0, raw),
        attach_btf_id: load.attach_btf_id,
        attach_btf_obj_fd: load.attach_btf.map_or(0, raw),
        ..Default::default()
    };
    if !load.func_info.is_empty() {
        attr.func_info_rec_size = size_of::<FuncInfo>() as u32;
        attr.func_info = addr(load.func_info);
        attr.func_info_cnt = load.func_info.len() as u32;
    }
    if !load.line_info.is_empty() {
        attr.line_info_rec_size = size_of::<LineInfo>() as u32;
        attr.line_info = addr(load.line_info);
        attr.line_info_cnt = load.line_info.len() as u32;
    }
    // SAFETY: all pointers are to slices, with their lengths, that live until the call returns;
    // `log` is uniquely borrowed.
    unsafe { bpf(Command::ProgLoad, &mut attr).map(|fd| owned(fd)) }
}

/// Loads BTF. A non-empty `log` receives the kernel's complaints.
pub(crate) fn btf_load(btf: &[u8], log: &mut [u8]) -> Result<OwnedFd> {
    let mut attr = attr::BtfLoad {
        btf: addr(btf),
        btf_size: len(btf),
        btf_log_buf: addr_mut(log),
        btf_log_size: len(log),
        btf_log_level: u32::from(!log.is_empty()),
        ..Default::default()
    };
    // SAFETY: as in `prog_load`.
    unsafe { bpf(Command::BtfLoad, &mut attr).map(|fd| owned(fd)) }
}

/// What `BPF_PROG_TEST_RUN` is given, and what it writes back.
#[derive(Default)]
pub(crate) struct TestRun<'a> {
    pub data_in: &'a [u8],
    pub data_out: &'a mut [u8],
    pub ctx_in: &'a [u8],
    pub ctx_out: &'a mut [u8],
    pub repeat: u32,
}

/// Numbers that `BPF_PROG_TEST_RUN` returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TestRunResult {
    pub retval: u32,
    pub duration_ns: u32,
    /// Also set when the call fails with `ENOSPC`.
    pub data_size_out: u32,
    pub ctx_size_out: u32,
}

/// Runs a program once or more often.
pub(crate) fn test_run(prog: BorrowedFd<'_>, run: &mut TestRun<'_>) -> (Result<()>, TestRunResult) {
    let mut attr = attr::TestRun {
        prog_fd: raw(prog),
        data_size_in: len(run.data_in),
        data_size_out: len(run.data_out),
        data_in: addr(run.data_in),
        data_out: addr_mut(run.data_out),
        repeat: run.repeat,
        ctx_size_in: len(run.ctx_in),
        ctx_size_out: len(run.ctx_out),
        ctx_in: addr(run.ctx_in),
        ctx_out: addr_mut(run.ctx_out),
        ..Default::default()
    };
    // SAFETY: all pointers are to slices, with their lengths; the kernel writes at most
    // `data_size_out` and `ctx_size_out` bytes to the two that are uniquely borrowed.
    let outcome = unsafe { bpf(Command::ProgTestRun, &mut attr) };
    let numbers = TestRunResult {
        retval: attr.retval,
        duration_ns: attr.duration,
        data_size_out: attr.data_size_out,
        ctx_size_out: attr.ctx_size_out,
    };
    (outcome.map(|_| ()), numbers)
}

/// Creates a link. `target` is an interface's index or a file descriptor.
pub(crate) fn link_create(
    prog: BorrowedFd<'_>,
    target: u32,
    attach_type: u32,
    flags: u32,
) -> Result<OwnedFd> {
    let mut attr = attr::LinkCreate { prog_fd: raw(prog), target, attach_type, flags, cookie: 0 };
    // SAFETY: the attribute has no pointers.
    unsafe { bpf(Command::LinkCreate, &mut attr).map(|fd| owned(fd)) }
}

/// Detaches a link while its file descriptor lives on.
pub(crate) fn link_detach(link: BorrowedFd<'_>) -> Result<()> {
    let mut attr = attr::Id { id: raw(link) };
    // SAFETY: the attribute has no pointers.
    unsafe { bpf(Command::LinkDetach, &mut attr).map(|_| ()) }
}

/// Attaches to a raw tracepoint; without a name to what the program was loaded for.
pub(crate) fn raw_tracepoint_open(prog: BorrowedFd<'_>, name: Option<&CStr>) -> Result<OwnedFd> {
    let mut attr = attr::RawTracepoint {
        name: name.map_or(0, |name| name.as_ptr() as u64),
        prog_fd: raw(prog),
        ..Default::default()
    };
    // SAFETY: the name is a C string that outlives the call.
    unsafe { bpf(Command::RawTracepointOpen, &mut attr).map(|fd| owned(fd)) }
}

/// Takes bytes out of a stream of a program (6.17); how many there were.
pub(crate) fn stream_read(prog: BorrowedFd<'_>, stream: u32, buffer: &mut [u8]) -> Result<usize> {
    let mut attr = attr::StreamRead {
        stream_buf: buffer.as_mut_ptr() as u64,
        stream_buf_len: len(buffer),
        stream_id: stream,
        prog_fd: raw(prog),
        ..Default::default()
    };
    // SAFETY: the kernel writes at most `stream_buf_len` bytes to the buffer, which is uniquely borrowed.
    let n = unsafe { bpf(Command::ProgStreamRead, &mut attr) }?;
    Ok(usize::try_from(n).unwrap_or(0))
}

/// Pins an object in bpffs.
pub(crate) fn obj_pin(object: BorrowedFd<'_>, path: &CStr) -> Result<()> {
    let mut attr =
        attr::Obj { pathname: path.as_ptr() as u64, bpf_fd: raw(object), ..Default::default() };
    // SAFETY: the path is a C string that outlives the call.
    unsafe { bpf(Command::ObjPin, &mut attr).map(|_| ()) }
}

/// Opens a pinned object.
pub(crate) fn obj_get(path: &CStr) -> Result<OwnedFd> {
    let mut attr = attr::Obj { pathname: path.as_ptr() as u64, ..Default::default() };
    // SAFETY: as above.
    unsafe { bpf(Command::ObjGet, &mut attr).map(|fd| owned(fd)) }
}

/// What the kernel knows of an object. An old kernel fills in less than asked for.
pub(super) fn info<T: Plain>(object: BorrowedFd<'_>) -> Result<T> {
    let mut info = T::default();
    let mut attr = attr::Info {
        bpf_fd: raw(object),
        info_len: size_of::<T>() as u32,
        info: std::ptr::from_mut(&mut info) as u64,
    };
    // SAFETY: the kernel writes at most `info_len` bytes to `info`, for which any bytes are a
    // value since it is `Plain`.
    unsafe { bpf(Command::ObjInfo, &mut attr)? };
    Ok(info)
}

/// What the kernel knows of a map.
pub(crate) fn map_info(map: &impl AsFd) -> Result<attr::MapInfo> {
    info(map.as_fd())
}

/// What the kernel knows of a program.
pub(crate) fn prog_info(prog: &impl AsFd) -> Result<attr::ProgInfo> {
    info(prog.as_fd())
}
