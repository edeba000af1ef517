//! The machine that a compilation happens on: its files and its kernel's types.

use crate::files::{self, DiskFiles};
use bpfc::{Btf, FileProvider, Host, IncludeRequest, LoadedFile};
use bpfc_base::{Diagnostic, codes};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where Linux shows the types of the running kernel (5.2 and later).
const KERNEL_BTF: &str = "/sys/kernel/btf/vmlinux";

/// This machine.
pub struct ThisMachine {
    disk: DiskFiles,
    btf: Option<Option<Arc<Btf>>>,
}

impl ThisMachine {
    /// Finds included files in `include_dirs`; takes kernel types from `btf_file` if it is
    /// given, otherwise from the running kernel.
    ///
    /// # Errors
    /// A diagnostic if `btf_file` cannot be used. That the running kernel shows no types is
    /// no error.
    pub fn new(include_dirs: &[PathBuf], btf_file: Option<&Path>) -> Result<Self, Diagnostic> {
        let disk = DiskFiles::new(include_dirs);
        let btf = match btf_file {
            Some(path) => Some(Some(read_btf(path)?)),
            None => None,
        };
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
    fn kernel_btf(&mut self) -> Option<Arc<Btf>> {
        self.btf.get_or_insert_with(|| read_btf(Path::new(KERNEL_BTF)).ok()).clone()
    }
}

fn read_btf(path: &Path) -> Result<Arc<Btf>, Diagnostic> {
    let bytes = files::read(path)?;
    bpfc::parse_btf(bytes).map(Arc::new).map_err(|error| {
        let message = format!("`{}` is not usable BTF: {error}", path.display());
        Diagnostic::without_span(codes::btf::E0601, message)
    })
}
