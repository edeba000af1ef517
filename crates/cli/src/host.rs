//! The machine that a compilation happens on: its files and its kernel's types.

use crate::btf_file;
use crate::files::{self, DiskFiles};
use bpfc::{Arch, Btf, FileProvider, Host, IncludeRequest, LoadedFile};
use bpfc_base::Diagnostic;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where Linux shows the types of the running kernel (5.2 and later).
const KERNEL_BTF: &str = "/sys/kernel/btf/vmlinux";

/// Which CPUs are in use: `0-3,6`.
const ONLINE_CPUS: &str = "/sys/devices/system/cpu/online";

/// How many CPUs this machine has.
pub fn online_cpus() -> Option<u32> {
    let text = std::fs::read_to_string(ONLINE_CPUS).ok()?;
    let count = |range: &str| -> Option<u32> {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        last.checked_sub(first)?.checked_add(1)
    };
    text.trim().split(',').map(count).sum()
}

/// This machine.
pub struct ThisMachine {
    disk: DiskFiles,
    btf: Option<Option<Arc<Btf>>>,
}

impl ThisMachine {
    /// Finds included files in `include_dirs`; takes kernel types from `btf_files` if there are
    /// any (a kernel's, then perhaps a module's), otherwise from the running kernel.
    ///
    /// # Errors
    /// A diagnostic if `btf_files` cannot be used. That the running kernel shows no types is
    /// no error.
    pub fn new(include_dirs: &[PathBuf], btf_files: &[PathBuf]) -> Result<Self, Diagnostic> {
        let disk = DiskFiles::new(include_dirs);
        let btf = btf_file::open(btf_files)?.map(Some);
        Ok(Self { disk, btf })
    }
}

impl FileProvider for ThisMachine {
    fn load(&mut self, request: &IncludeRequest<'_>) -> Option<LoadedFile> {
        self.disk.load(request)
    }

    fn exists(&mut self, request: &IncludeRequest<'_>) -> bool {
        self.disk.exists(request)
    }
}

impl Host for ThisMachine {
    fn kernel_arch(&mut self) -> Option<Arch> {
        let is_running = self.btf.is_none() && Path::new(KERNEL_BTF).exists();
        is_running.then(Arch::host)
    }

    fn kernel_btf(&mut self) -> Option<Arc<Btf>> {
        self.btf.get_or_insert_with(running_kernel).clone()
    }
}

fn running_kernel() -> Option<Arc<Btf>> {
    let bytes = files::read(Path::new(KERNEL_BTF)).ok()?;
    bpfc::parse_btf(bytes).ok().map(Arc::new)
}
