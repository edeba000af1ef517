//! Questions to `bpf(2)` whose answer is the error: each names something that cannot exist, so that nothing is ever
//! attached, and a kernel that knows the question complains of that and not of the question.

use super::Result;
use super::bpf::raw;
use super::errno::Errno;
use std::ffi::CStr;
use std::os::fd::BorrowedFd;

/// `BPF_PROG_ATTACH`.
const PROG_ATTACH: u32 = 8;
/// `BPF_LINK_CREATE`.
const LINK_CREATE: u32 = 28;
/// `BPF_TOKEN_CREATE` (6.9).
const TOKEN_CREATE: u32 = 36;
/// `BPF_PROG_STREAM_READ_BY_FD` (6.17).
const STREAM_READ: u32 = 37;
/// No open file has this number.
const NO_FD: u32 = u32::MAX;

/// The beginning of `union bpf_attr`.
type Words = [u32; 20];

/// # Safety
/// The pointers among `words`, if the command has any there, are null or point to as much memory as it reads.
unsafe fn ask(command: u32, words: &Words) -> Result<()> {
    // SAFETY: the attribute is readable for its size; its pointers are as the caller promises.
    let returned = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            libc::c_long::from(command),
            words.as_ptr(),
            size_of::<Words>(),
        )
    };
    if returned < 0 {
        return Err(Errno::last());
    }
    if matches!(command, LINK_CREATE | TOKEN_CREATE) {
        // SAFETY: the kernel made this file descriptor against all expectation, and nobody else knows it.
        drop(unsafe { super::owned(returned) });
    }
    Ok(())
}

fn words(first: &[u32]) -> Words {
    let mut words = [0; 20];
    words[..first.len()].copy_from_slice(first);
    words
}

fn halves(address: usize) -> [u32; 2] {
    let address = address as u64;
    let (low, high) = (address as u32, (address >> 32) as u32);
    if cfg!(target_endian = "little") { [low, high] } else { [high, low] }
}

/// Asks for a link to a file that is not open.
pub(crate) fn link_to_nothing(prog: BorrowedFd<'_>, attach_type: u32) -> Result<()> {
    // SAFETY: no pointers.
    unsafe { ask(LINK_CREATE, &words(&[raw(prog), NO_FD, attach_type])) }
}

/// Asks for an attachment to a file that is not open.
pub(crate) fn attach_to_nothing(prog: BorrowedFd<'_>, attach_type: u32) -> Result<()> {
    // SAFETY: no pointers.
    unsafe { ask(PROG_ATTACH, &words(&[NO_FD, raw(prog), attach_type])) }
}

/// Asks for a link to one kernel function.
pub(crate) fn link_to_function(
    prog: BorrowedFd<'_>,
    attach_type: u32,
    function: &CStr,
) -> Result<()> {
    let names = [function.as_ptr()];
    let [low, high] = halves(names.as_ptr() as usize);
    // Flags, count, names.
    let words = words(&[raw(prog), 0, attach_type, 0, 0, 1, low, high]);
    // SAFETY: the array holds as many C strings as the count says, and lives until the call returns.
    unsafe { ask(LINK_CREATE, &words) }
}

/// Asks for a link to an offset in a file.
pub(crate) fn link_to_offset(prog: BorrowedFd<'_>, attach_type: u32, path: &CStr) -> Result<()> {
    let offsets = [0_u64];
    let [path_low, path_high] = halves(path.as_ptr() as usize);
    let [low, high] = halves(offsets.as_ptr() as usize);
    // Path, offsets, counters, cookies, count.
    let first = [raw(prog), 0, attach_type, 0, path_low, path_high, low, high, 0, 0, 0, 0, 1];
    // SAFETY: a C string, and as many offsets as the count says; both live until the call returns.
    unsafe { ask(LINK_CREATE, &words(&first)) }
}

/// Asks for a link to a family of protocols that netfilter does not know.
pub(crate) fn link_to_no_protocol(prog: BorrowedFd<'_>, attach_type: u32) -> Result<()> {
    const NO_FAMILY: u32 = 255;
    // SAFETY: no pointers.
    unsafe { ask(LINK_CREATE, &words(&[raw(prog), 0, attach_type, 0, NO_FAMILY])) }
}

/// Asks for a token of a file system that is not open.
pub(crate) fn token_of_nothing() -> Result<()> {
    // SAFETY: no pointers.
    unsafe { ask(TOKEN_CREATE, &words(&[0, NO_FD])) }
}

/// Asks for the output of a program that is not open.
pub(crate) fn stream_of_nothing() -> Result<()> {
    // Buffer, its length, standard output, program.
    // SAFETY: the buffer is null and empty.
    unsafe { ask(STREAM_READ, &words(&[0, 0, 0, 1, NO_FD])) }
}
