//! Compiling a test file.

use bpfc::{Btf, Cpu, FileProvider, Host, IncludeForm, IncludeRequest, LoadedFile};
use bpfc::{KernelVersion, Object, OptLevel, Options, TargetKernel, VerifyOptions};
use bpfc_base::{FileId, Session, Severity, warnings};
use bpfc_testkit::Found;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// Files beside the including one, and the types of `kernel` or of this machine.
#[derive(Default)]
pub struct TestHost {
    kernel: Option<Arc<Btf>>,
}

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
        self.kernel.clone().or_else(|| KERNEL.get_or_init(read).clone())
    }
}

/// The kernels of `--kernel=5.10,6.1`.
fn kernels(flags: &[String]) -> Vec<TargetKernel> {
    static BUNDLED: OnceLock<Vec<TargetKernel>> = OnceLock::new();
    let open =
        |version| TargetKernel { version, btf: bpfc_kernels::open(version), unprivileged: false };
    let bundled =
        || BUNDLED.get_or_init(|| bpfc_kernels::versions().into_iter().map(open).collect());
    let lists = flags.iter().filter_map(|flag| flag.strip_prefix("--kernel="));
    let versions = lists.flat_map(|list| list.split(',')).map(|name| {
        let version = KernelVersion::parse(name).expect("a version behind `--kernel=`");
        let found = bundled().iter().find(|kernel| kernel.version == version);
        found.cloned().unwrap_or(TargetKernel { version, btf: None, unprivileged: false })
    });
    versions.collect()
}

/// A compilation and what came of it.
pub struct Compiled {
    pub session: Session,
    pub file: Option<FileId>,
    pub object: Option<Object>,
    /// What it is to be checked against; none for any kernel.
    pub kernels: Vec<TargetKernel>,
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
        let Some(object) = self.object.as_ref().filter(|_| !self.has_errors()) else {
            return;
        };
        match &self.kernels[..] {
            [] => bpfc::verify(&mut self.session, object, &VerifyOptions::default()),
            kernels => bpfc::check_kernels(&mut self.session, object, kernels),
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

/// [`compile`] with warning options such as `-Wall`, and `--kernel=VERSION,…`, of which the last gives the types.
pub fn compile_with(name: &str, bytes: &[u8], options: &Options, flags: &[String]) -> Compiled {
    let mut session = Session::default();
    let of_warnings = flags.iter().filter(|flag| !flag.starts_with("--kernel="));
    warnings::configure(&mut session, of_warnings.map(String::as_str));
    let kernels = kernels(flags);
    let mut host = TestHost { kernel: kernels.last().and_then(|kernel| kernel.btf.clone()) };
    let file = bpfc::add_source(&mut session, name, bytes);
    let object = file.and_then(|file| bpfc::compile(&mut session, file, options, &mut host));
    Compiled { session, file, object, kernels }
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
