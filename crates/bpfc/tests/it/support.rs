//! Compiling a test file.

use bpfc::{Btf, Cpu, FileProvider, Host, IncludeForm, IncludeRequest, LoadedFile};
use bpfc::{Object, OptLevel, Options, VerifyOptions};
use bpfc_base::{FileId, Session, Severity, warnings};
use bpfc_testkit::Found;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// Files beside the including one, and the running kernel's types.
pub struct TestHost;

impl TestHost {
    fn path(request: &IncludeRequest<'_>) -> Option<PathBuf> {
        if !matches!(request.form, IncludeForm::Quoted) {
            return None;
        }
        let path = Path::new(request.includer).parent()?.join(request.name);
        path.is_file().then_some(path)
    }
}

impl FileProvider for TestHost {
    fn load(&mut self, request: &IncludeRequest<'_>) -> Option<LoadedFile> {
        let path = Self::path(request)?;
        Some(LoadedFile {
            name: path.to_string_lossy().into(),
            text: std::fs::read_to_string(&path).ok()?.into(),
            is_user: true,
            directory: 0,
        })
    }

    fn exists(&mut self, request: &IncludeRequest<'_>) -> bool {
        Self::path(request).is_some()
    }
}

impl Host for TestHost {
    fn kernel_btf(&mut self) -> Option<Arc<Btf>> {
        static KERNEL: OnceLock<Option<Arc<Btf>>> = OnceLock::new();
        let read = || {
            let bytes = std::fs::read("/sys/kernel/btf/vmlinux").ok()?;
            Btf::parse(bytes).ok().map(Arc::new)
        };
        KERNEL.get_or_init(read).clone()
    }
}

/// A compilation and what came of it.
pub struct Compiled {
    pub session: Session,
    pub file: Option<FileId>,
    pub object: Option<Object>,
}

impl Compiled {
    /// The diagnostics as tests see them.
    pub fn found(&self) -> Vec<Found> {
        let diagnostics = self.session.diagnostics.iter();
        let Some(file) = self.file else {
            return Vec::new();
        };
        diagnostics.map(|diagnostic| Found::new(&self.session, diagnostic, file)).collect()
    }

    /// `E0301: message`, a line each.
    pub fn messages(&self) -> String {
        let diagnostics = self.session.diagnostics.iter();
        diagnostics.map(|d| format!("{}: {}\n", d.code.name(), d.message)).collect()
    }

    /// Verifies what was compiled.
    pub fn verify(&mut self) {
        if let Some(object) = self.object.as_ref().filter(|_| !self.has_errors()) {
            bpfc::verify(&mut self.session, object, &VerifyOptions::default());
        }
    }

    pub fn has_errors(&self) -> bool {
        let mut diagnostics = self.session.diagnostics.iter();
        diagnostics.any(|d| d.severity == Severity::Error)
    }
}

/// Compiles bytes that stand for file `name`.
pub fn compile(name: &str, bytes: &[u8], options: &Options) -> Compiled {
    compile_with(name, bytes, options, &[])
}

/// [`compile`] with warning options such as `-Wall`.
pub fn compile_with(name: &str, bytes: &[u8], options: &Options, flags: &[String]) -> Compiled {
    let mut session = Session::default();
    warnings::configure(&mut session, flags.iter().map(String::as_str));
    let file = bpfc::add_source(&mut session, name, bytes);
    let object = file.and_then(|file| bpfc::compile(&mut session, file, options, &mut TestHost));
    Compiled { session, file, object }
}

/// Compiles a test that must be free of errors.
pub fn compile_good(test: &bpfc_testkit::Test, options: &Options) -> Result<Object, String> {
    let name = test.path().to_string_lossy();
    let compiled = compile(&name, test.text().as_bytes(), options);
    match compiled.object {
        Some(object) => Ok(object),
        None => Err(compiled.messages()),
    }
}

pub fn options(opt_level: OptLevel, cpu: Cpu) -> Options {
    Options { opt_level, cpu, ..Options::default() }
}

/// Where tests put what other programs read: in the build's own folder.
pub fn scratch(folder: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    std::fs::create_dir_all(&path).expect("the folder of the build is writable");
    path
}

/// The file name without `.c`.
pub fn stem(test: &bpfc_testkit::Test) -> String {
    let stem = test.path().file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}
