//! What a compilation needs of the world around it. The library does no IO: callers give it
//! a [`Host`].

use crate::{Arch, Options, usdt};
use bpfc_btf::{Btf, KindSet};
use bpfc_parser::{FileProvider, IncludeRequest, LoadedFile, TypeNames};
use bpfc_typeck::{BtfTypes, KernelRecordBody, KernelType, KernelTypes};
use std::cell::{OnceCell, RefCell};
use std::sync::Arc;

/// Files to include, and the kernel's types.
pub trait Host: FileProvider {
    /// The types of the kernel that programs are compiled for; asked for at most once per
    /// compilation, and only if the program uses a kernel type. `None` leaves the types of
    /// the source and of built-in headers.
    fn kernel_btf(&mut self) -> Option<Arc<Btf>>;

    /// The architecture of that kernel, if it is known without a look at the types.
    fn kernel_arch(&mut self) -> Option<Arch> {
        None
    }

    /// An option of that kernel's configuration as in `.config`: `y`, `m`, a number, a quoted text, or `n` if it is not set.
    /// `None` if that is not known. Asked for in BCC's dialect, and only about options that the program names.
    fn kernel_config(&mut self, name: &str) -> Option<String> {
        let _ = name;
        None
    }

    /// `LINUX_VERSION_CODE` of that kernel, if it is known. Asked for in BCC's dialect, by programs that name it.
    fn version_code(&mut self) -> Option<u32> {
        None
    }

    /// How the record of a tracepoint looks, as `events/CATEGORY/EVENT/format` of tracefs says it. Asked for in BCC's dialect,
    /// about tracepoints whose contexts the program uses. `None` leaves what the kernel's types say.
    fn tracepoint_format(&mut self, category: &str, event: &str) -> Option<String> {
        let _ = (category, event);
        None
    }
}

/// A host without files and without a kernel.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHost;

impl FileProvider for NoHost {
    fn load(&mut self, _: &IncludeRequest<'_>) -> Option<LoadedFile> {
        None
    }
}

impl Host for NoHost {
    fn kernel_btf(&mut self) -> Option<Arc<Btf>> {
        None
    }
}

/// `directory` of built-in headers: behind every folder of the search path.
const BUILTIN_DIRECTORY: u32 = u32::MAX;

/// The built-in header with the registers of a target that is not the kernel's.
const REGISTERS: &str = "bpfc/pt_regs.h";

/// The macro that is the kernel's version.
const VERSION_CODE: &str = "LINUX_VERSION_CODE";

/// What a built-in header's file name starts with, so that nobody looks for it on disk.
const BUILTIN_PREFIX: &str = "<built-in>/";

/// A host during one compilation: shared by the stages, its BTF opened when first used.
pub(crate) struct SharedHost<'h> {
    host: RefCell<&'h mut dyn Host>,
    arch: Arch,
    btf: OnceCell<Option<Arc<Btf>>>,
    /// The text of [`usdt::HEADER`].
    usdt: Option<Arc<str>>,
}

impl<'h> SharedHost<'h> {
    pub(crate) fn new(host: &'h mut dyn Host, options: &Options) -> Self {
        let usdt = (!options.usdt.is_empty()).then(|| usdt::header(&options.usdt).into());
        let arch = options.target_arch();
        Self { host: RefCell::new(host), arch, btf: OnceCell::new(), usdt }
    }

    /// Whether the kernel's types have the registers of the target.
    fn has_registers(&self) -> bool {
        let known = self.host.borrow_mut().kernel_arch();
        if let Some(arch) = known {
            return arch == self.arch;
        }
        self.btf().is_some_and(|btf| {
            let registers = btf.find_by_name("pt_regs", KindSet::STRUCT);
            let field = registers.map(|id| btf.find_field(id, self.arch.register()));
            matches!(field, Some(Ok(Some(_))))
        })
    }

    /// Definitions for the kernel's version and the options of its configuration that `text` names.
    pub(crate) fn config_defines(&self, text: &str) -> Vec<String> {
        let mut host = self.host.borrow_mut();
        let mut defines = crate::config::defines(text, self.arch, |name| host.kernel_config(name));
        let is_asked = text.contains(VERSION_CODE);
        if let Some(code) = is_asked.then(|| host.version_code()).flatten() {
            defines.push(format!("{VERSION_CODE}={code}"));
        }
        defines
    }

    fn btf(&self) -> Option<&Btf> {
        self.btf.get_or_init(|| self.host.borrow_mut().kernel_btf()).as_deref()
    }
}

/// Included files: the host's first, then the headers that bpfc carries, so that a header
/// which the user gives wins over the built-in one.
impl FileProvider for &SharedHost<'_> {
    fn is_system(&self, directory: u32) -> bool {
        self.host.borrow().is_system(directory)
    }

    fn load(&mut self, request: &IncludeRequest<'_>) -> Option<LoadedFile> {
        if !request.includer.starts_with(BUILTIN_PREFIX)
            && let Some(file) = self.host.borrow_mut().load(request)
        {
            return Some(file);
        }
        let is_next = request.form == bpfc_parser::IncludeForm::Next;
        if is_next && request.directory == BUILTIN_DIRECTORY {
            return None;
        }
        if request.name == usdt::HEADER
            && let Some(text) = &self.usdt
        {
            return Some(LoadedFile {
                name: Arc::from(format!("{BUILTIN_PREFIX}{}", usdt::HEADER)),
                text: text.clone(),
                is_user: false,
                directory: BUILTIN_DIRECTORY,
            });
        }
        let header = bpfc_kabi::load_header(request.name, self.arch)?;
        let is_needless = header.path == REGISTERS && self.has_registers();
        Some(LoadedFile {
            name: Arc::from(format!("{BUILTIN_PREFIX}{}", header.path)),
            text: Arc::from(if is_needless { "" } else { &*header.text }),
            is_user: false,
            directory: BUILTIN_DIRECTORY,
        })
    }

    fn exists(&mut self, request: &IncludeRequest<'_>) -> bool {
        self.host.borrow_mut().exists(request) || bpfc_kabi::has_header(request.name, self.arch)
    }

    fn candidates(&mut self, request: &IncludeRequest<'_>) -> Vec<String> {
        let mut names = self.host.borrow_mut().candidates(request);
        names.extend(bpfc_kabi::headers().iter().map(|header| header.path.to_owned()));
        names
    }
}

/// Names that the source does not declare may be typedefs of the kernel.
impl TypeNames for &SharedHost<'_> {
    fn is_type(&mut self, name: &str) -> bool {
        self.btf().is_some_and(|btf| BtfTypes::new(btf).is_typedef(name))
    }
}

/// Kernel types, taken from BTF when the first one is looked up.
pub(crate) struct LazyTypes<'s> {
    host: &'s SharedHost<'s>,
    types: Option<Option<BtfTypes<'s>>>,
}

impl<'s> LazyTypes<'s> {
    pub(crate) fn new(host: &'s SharedHost<'s>) -> Self {
        Self { host, types: None }
    }

    fn types(&mut self) -> Option<&mut BtfTypes<'s>> {
        let host = self.host;
        self.types.get_or_insert_with(|| host.btf().map(BtfTypes::new)).as_mut()
    }
}

impl KernelTypes for LazyTypes<'_> {
    fn tracepoint_format(&mut self, category: &str, event: &str) -> Option<String> {
        self.host.host.borrow_mut().tracepoint_format(category, event)
    }

    fn find_tag(&mut self, kind: bpfc_parser::ast::TagKind, name: &str) -> Option<u32> {
        self.types()?.find_tag(kind, name)
    }

    fn find_typedef(&mut self, name: &str) -> Option<u32> {
        self.types()?.find_typedef(name)
    }

    fn find_enumerator(&mut self, name: &str) -> Option<u32> {
        self.types()?.find_enumerator(name)
    }

    fn ty(&mut self, id: u32) -> KernelType {
        self.types().map_or(KernelType::Void, |types| types.ty(id))
    }

    fn record_body(&mut self, id: u32) -> Option<KernelRecordBody> {
        self.types()?.record_body(id)
    }

    fn enumerators(&mut self, id: u32) -> Vec<(String, i128)> {
        self.types().map_or_else(Vec::new, |types| types.enumerators(id))
    }
}
