//! Error numbers, with those the kernel lets out although user space has no name for them.

use std::fmt;

/// The `errno` of a failed system call. Prints as `EPERM: Operation not permitted`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Errno(pub i32);

impl Errno {
    /// Operation not permitted.
    pub const EPERM: Errno = Errno(libc::EPERM);
    /// No such file, function, tracepoint, key ….
    pub const ENOENT: Errno = Errno(libc::ENOENT);
    /// A signal came first.
    pub const EINTR: Errno = Errno(libc::EINTR);
    /// Too big: an attribute the kernel does not know, or a full map.
    pub const E2BIG: Errno = Errno(libc::E2BIG);
    /// Try again.
    pub const EAGAIN: Errno = Errno(libc::EAGAIN);
    /// Out of memory.
    pub const ENOMEM: Errno = Errno(libc::ENOMEM);
    /// Permission denied; also the verifier's usual answer.
    pub const EACCES: Errno = Errno(libc::EACCES);
    /// In use.
    pub const EBUSY: Errno = Errno(libc::EBUSY);
    /// Exists.
    pub const EEXIST: Errno = Errno(libc::EEXIST);
    /// No such device.
    pub const ENODEV: Errno = Errno(libc::ENODEV);
    /// No such device or address.
    pub const ENXIO: Errno = Errno(libc::ENXIO);
    /// Invalid argument.
    pub const EINVAL: Errno = Errno(libc::EINVAL);
    /// No space: the log does not fit.
    pub const ENOSPC: Errno = Errno(libc::ENOSPC);
    /// Not implemented.
    pub const ENOSYS: Errno = Errno(libc::ENOSYS);
    /// Operation not supported.
    pub const EOPNOTSUPP: Errno = Errno(libc::EOPNOTSUPP);
    /// The kernel's internal "not supported", which BPF lets out (`include/linux/errno.h`).
    pub const ENOTSUPP: Errno = Errno(524);

    /// The calling thread's last error.
    pub(crate) fn last() -> Errno {
        let error = std::io::Error::last_os_error();
        Errno(error.raw_os_error().unwrap_or(libc::EIO))
    }

    /// The symbolic name, such as `EPERM`, if there is one.
    pub fn name(self) -> Option<String> {
        if self == Errno::ENOTSUPP {
            return Some("ENOTSUPP".into());
        }
        let known = nix::errno::Errno::from_raw(self.0);
        (known != nix::errno::Errno::UnknownErrno).then(|| format!("{known:?}"))
    }

    /// What it says in words.
    pub fn words(self) -> &'static str {
        if self == Errno::ENOTSUPP {
            return "Operation not supported";
        }
        nix::errno::Errno::from_raw(self.0).desc()
    }

    /// Whether it says that the user may not, rather than that the kernel cannot.
    pub fn is_permission(self) -> bool {
        self == Errno::EPERM || self == Errno::EACCES
    }

    /// Whether it says that something is used up, or that a file system cannot take it.
    pub fn is_shortage(self) -> bool {
        matches!(
            self.0,
            libc::EMFILE
                | libc::ENFILE
                | libc::ENOMEM
                | libc::ENOSPC
                | libc::EDQUOT
                | libc::EROFS
                | libc::EAGAIN
        )
    }

    /// Whether it says that the kernel does not know what is asked.
    pub fn is_unsupported(self) -> bool {
        matches!(
            self,
            Errno::EINVAL | Errno::ENOSYS | Errno::EOPNOTSUPP | Errno::ENOTSUPP | Errno::E2BIG
        )
    }
}

impl From<nix::errno::Errno> for Errno {
    fn from(errno: nix::errno::Errno) -> Errno {
        Errno(errno as i32)
    }
}

impl From<&std::io::Error> for Errno {
    fn from(error: &std::io::Error) -> Errno {
        Errno(error.raw_os_error().unwrap_or(libc::EIO))
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name}: {}", self.words()),
            None => write!(f, "error {}", self.0),
        }
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::Errno;

    #[test]
    fn prints_names() {
        assert_eq!(Errno::EPERM.to_string(), "EPERM: Operation not permitted");
        assert_eq!(Errno::ENOTSUPP.to_string(), "ENOTSUPP: Operation not supported");
        assert_eq!(Errno(9999).to_string(), "error 9999");
    }
}
