//! Files of the kernel that never change while it runs, without a copy of them.

use super::Result;
use super::errno::Errno;
use super::memory::{Access, Mapping};
use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;

/// The bytes of a file in sysfs, mapped.
#[derive(Debug)]
pub struct View {
    mapping: Mapping,
    n_bytes: usize,
}

impl View {
    /// Maps `/sys/kernel/btf/vmlinux`: Linux 6.16 `kernel/bpf/sysfs_btf.c` lets it be mapped
    /// privately and read-only.
    ///
    /// # Errors
    /// What the kernel says; older ones: `ENODEV`.
    pub fn of_kernel_types() -> Result<View> {
        let path = Path::new("/sys/kernel/btf/vmlinux");
        let of_io = |error: std::io::Error| Errno(error.raw_os_error().unwrap_or(libc::EIO));
        let file = File::open(path).map_err(of_io)?;
        let n_bytes = file.metadata().map_err(of_io)?.len();
        let n_bytes = usize::try_from(n_bytes).map_err(|_| Errno::EINVAL)?;
        let mapping = Mapping::new(file.as_fd(), 0, n_bytes, Access::Private)?;
        Ok(View { mapping, n_bytes })
    }
}

impl AsRef<[u8]> for View {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: the mapping is private and read-only, and of the kernel's own read-only data.
        unsafe { self.mapping.bytes(0, self.n_bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::View;

    #[test]
    fn shows_what_reading_gives() {
        let path = "/sys/kernel/btf/vmlinux";
        let (Ok(view), Ok(bytes)) = (View::of_kernel_types(), std::fs::read(path)) else {
            println!("skipped: the kernel has no types, or does not let them be mapped");
            return;
        };
        assert!(view.as_ref() == bytes);
    }
}
