//! Parameters of system calls by name, as their tracepoints have them. BTF does not know
//! them: on x86-64 an entry gets a pointer to registers.
//!
//! Source: `SYSCALL_DEFINE` of each call (Linux 6.12).

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Param {
    /// A number, all of them eight bytes wide.
    Number,
    /// A number that may be negative.
    Signed,
    /// `const char *`
    Text,
    /// `const char *const *`
    Texts,
    /// A pointer to this struct.
    Struct(&'static str),
}

use Param::{Number as N, Signed as S, Struct, Text as T, Texts};

const SOCKADDR: Param = Struct("sockaddr");
const STAT: Param = Struct("stat");

/// System calls and their parameters, by name.
#[rustfmt::skip]
const CALLS: &[(&str, &[(&str, Param)])] = &[
    ("accept", &[("fd", N), ("upeer_sockaddr", SOCKADDR), ("upeer_addrlen", T)]),
    ("accept4", &[("fd", N), ("upeer_sockaddr", SOCKADDR), ("upeer_addrlen", T), ("flags", N)]),
    ("access", &[("filename", T), ("mode", N)]),
    ("bind", &[("fd", N), ("umyaddr", SOCKADDR), ("addrlen", N)]),
    ("chdir", &[("filename", T)]),
    ("chmod", &[("filename", T), ("mode", N)]),
    ("clone", &[("clone_flags", N), ("newsp", N), ("parent_tidptr", T), ("child_tidptr", T), ("tls", N)]),
    ("close", &[("fd", N)]),
    ("connect", &[("fd", N), ("uservaddr", SOCKADDR), ("addrlen", N)]),
    ("creat", &[("pathname", T), ("mode", N)]),
    ("dup", &[("fildes", N)]),
    ("dup2", &[("oldfd", N), ("newfd", N)]),
    ("execve", &[("filename", T), ("argv", Texts), ("envp", Texts)]),
    ("execveat", &[("fd", N), ("filename", T), ("argv", Texts), ("envp", Texts), ("flags", N)]),
    ("exit", &[("error_code", N)]),
    ("exit_group", &[("error_code", N)]),
    ("faccessat", &[("dfd", N), ("filename", T), ("mode", N)]),
    ("fchmodat", &[("dfd", N), ("filename", T), ("mode", N)]),
    ("fork", &[]),
    ("fsync", &[("fd", N)]),
    ("futex", &[("uaddr", T), ("op", N), ("val", N), ("utime", T), ("uaddr2", T), ("val3", N)]),
    ("getcwd", &[("buf", T), ("size", N)]),
    ("ioctl", &[("fd", N), ("cmd", N), ("arg", N)]),
    ("kill", &[("pid", S), ("sig", N)]),
    ("link", &[("oldname", T), ("newname", T)]),
    ("listen", &[("fd", N), ("backlog", N)]),
    ("lseek", &[("fd", N), ("offset", S), ("whence", N)]),
    ("mkdir", &[("pathname", T), ("mode", N)]),
    ("mkdirat", &[("dfd", N), ("pathname", T), ("mode", N)]),
    ("mmap", &[("addr", N), ("len", N), ("prot", N), ("flags", N), ("fd", N), ("off", N)]),
    ("mount", &[("dev_name", T), ("dir_name", T), ("type", T), ("flags", N), ("data", T)]),
    ("mprotect", &[("start", N), ("len", N), ("prot", N)]),
    ("munmap", &[("addr", N), ("len", N)]),
    ("nanosleep", &[("rqtp", Struct("__kernel_timespec")), ("rmtp", Struct("__kernel_timespec"))]),
    ("newfstatat", &[("dfd", N), ("filename", T), ("statbuf", STAT), ("flag", N)]),
    ("newlstat", &[("filename", T), ("statbuf", STAT)]),
    ("newstat", &[("filename", T), ("statbuf", STAT)]),
    ("open", &[("filename", T), ("flags", N), ("mode", N)]),
    ("openat", &[("dfd", S), ("filename", T), ("flags", N), ("mode", N)]),
    ("openat2", &[("dfd", S), ("filename", T), ("how", Struct("open_how")), ("usize", N)]),
    ("pread64", &[("fd", N), ("buf", T), ("count", N), ("pos", S)]),
    ("ptrace", &[("request", N), ("pid", S), ("addr", N), ("data", N)]),
    ("pwrite64", &[("fd", N), ("buf", T), ("count", N), ("pos", S)]),
    ("read", &[("fd", N), ("buf", T), ("count", N)]),
    ("readlink", &[("path", T), ("buf", T), ("bufsiz", N)]),
    ("recvfrom", &[("fd", N), ("ubuf", T), ("size", N), ("flags", N), ("addr", SOCKADDR), ("addr_len", T)]),
    ("rename", &[("oldname", T), ("newname", T)]),
    ("renameat2", &[("olddfd", N), ("oldname", T), ("newdfd", N), ("newname", T), ("flags", N)]),
    ("rmdir", &[("pathname", T)]),
    ("sendto", &[("fd", N), ("buff", T), ("len", N), ("flags", N), ("addr", SOCKADDR), ("addr_len", N)]),
    ("setuid", &[("uid", N)]),
    ("shutdown", &[("fd", N), ("how", N)]),
    ("socket", &[("family", N), ("type", N), ("protocol", N)]),
    ("statx", &[("dfd", N), ("filename", T), ("flags", N), ("mask", N), ("buffer", Struct("statx"))]),
    ("symlink", &[("oldname", T), ("newname", T)]),
    ("sync", &[]),
    ("tgkill", &[("tgid", S), ("pid", S), ("sig", N)]),
    ("tkill", &[("pid", S), ("sig", N)]),
    ("truncate", &[("path", T), ("length", N)]),
    ("umount", &[("name", T), ("flags", N)]),
    ("unlink", &[("pathname", T)]),
    ("unlinkat", &[("dfd", N), ("pathname", T), ("flag", N)]),
    ("vfork", &[]),
    ("wait4", &[("upid", S), ("stat_addr", T), ("options", N), ("ru", Struct("rusage"))]),
    ("write", &[("fd", N), ("buf", T), ("count", N)]),
];

/// The parameters of the system call `name`, if they are known.
pub(super) fn params(name: &str) -> Option<Vec<(&'static str, Param)>> {
    let idx = CALLS.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
    Some(CALLS[idx].1.to_vec())
}

#[cfg(test)]
mod tests {
    use super::{CALLS, Param, params};

    #[test]
    fn is_sorted() {
        assert!(CALLS.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(params("close"), Some(vec![("fd", Param::Number)]));
        assert_eq!(params("no_such_call"), None);
    }
}
