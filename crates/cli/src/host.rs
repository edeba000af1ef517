//! The machine that a compilation happens on: its files and its kernel's types.

use crate::args::SearchPath;
use crate::files::DiskFiles;
use crate::kernels;
use bpfc::{Arch, Btf, FileProvider, Host, IncludeRequest, LoadedFile};
use bpfc_base::fix::Texts;
use bpfc_loader::Kernel;
use std::sync::Arc;

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
    /// None if the program is for another kernel.
    kernel: Option<Kernel>,
}

impl ThisMachine {
    /// Finds included files in `folders`; takes kernel types from `btf` if it is given, otherwise from where
    /// [`kernels::default_types`] says.
    pub fn new(folders: &SearchPath, btf: Option<Arc<Btf>>) -> Self {
        let kernel = btf.is_none().then(Kernel::new);
        Self { disk: DiskFiles::new(folders), btf: btf.map(Some), kernel }
    }

    /// From now on files named in `texts` have these contents.
    pub fn change_files(&mut self, texts: &Texts) {
        self.disk.change(texts);
    }
}

impl FileProvider for ThisMachine {
    fn load(&mut self, request: &IncludeRequest<'_>) -> Option<LoadedFile> {
        self.disk.load(request)
    }

    fn exists(&mut self, request: &IncludeRequest<'_>) -> bool {
        self.disk.exists(request)
    }

    fn candidates(&mut self, request: &IncludeRequest<'_>) -> Vec<String> {
        self.disk.candidates(request)
    }

    fn is_system(&self, directory: u32) -> bool {
        self.disk.is_system(directory)
    }
}

impl Host for ThisMachine {
    fn kernel_arch(&mut self) -> Option<Arch> {
        self.btf.is_none().then(kernels::default_arch)
    }

    fn kernel_btf(&mut self) -> Option<Arc<Btf>> {
        self.btf.get_or_insert_with(kernels::default_types).clone()
    }

    fn kernel_config(&mut self, name: &str) -> Option<String> {
        self.kernel.as_ref()?.config_value(name).map(str::to_owned)
    }

    fn version_code(&mut self) -> Option<u32> {
        self.kernel.as_ref().map(Kernel::version_code)
    }

    fn tracepoint_format(&mut self, category: &str, event: &str) -> Option<String> {
        self.kernel.as_ref()?;
        bpfc_loader::tracepoint_format(category, event)
    }
}
