//! From source to attached programs, a type for each step:
//! [`Source`] → [`Compiled`] → [`Checked`] → [`Loaded`] → [`Attached`].
//!
//! What needs no kernel needs no rights either: compiling, checking, and running in the virtual
//! machine ([`Compiled::machine`]). Kernel types are those of the running kernel unless
//! [`Source::types`] gives others.

mod error;
mod events;
mod loaded;
mod machine;
mod map;
mod prepared;
mod stacks;
mod stream;
mod types;

pub use error::{Error, Position, Report, Stage};
pub use events::{Event, EventRef, Events};
pub use loaded::{Attached, Loaded};
pub use machine::Machine;
pub use map::{Map, Plain, TypedMap};
pub use prepared::Prepared;
pub use stream::EventStream;
pub use types::EventTypes;

use crate::{
    Btf, FileProvider, Host, IncludeRequest, LoadedFile, Object, Options, TargetKernel,
    VerifyOptions,
};
use bpfc_base::codes::load::{E0906, E0920, E0923};
use bpfc_base::{Diagnostic, Session};
use bpfc_loader::{AttachSpec, Kernel, LoadOptions, ProgKind};
use bpfc_object::FuncId;
use std::sync::Arc;

/// Where programs come from: text, or an object file.
#[derive(Clone, Copy, Debug)]
pub enum Program {}

impl Program {
    /// Compiles `source` with default options.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), bpfc::Error> {
    /// let source = "int kprobe__sys_clone(void *ctx) { return 0; }";
    /// let attached = bpfc::Program::compile(source)?.check()?.load()?.attach()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What is wrong with the source:
    ///
    /// ```
    /// let error = bpfc::Program::compile("int f(void) { return missing; }").unwrap_err();
    /// assert_eq!(error.stage(), bpfc::Stage::Compile);
    /// assert_eq!(error.report().position(&error.diagnostics()[0]).unwrap().line, 1);
    /// assert!(error.to_string().contains("missing"));
    /// ```
    pub fn compile(source: impl Into<String>) -> Result<Compiled, Error> {
        Program::source(source).compile()
    }

    /// Source to be compiled with options, in C with libbpf's conventions or in BCC's dialect.
    pub fn source(source: impl Into<String>) -> Source {
        let name = "program.c".to_owned();
        let (options, targets) = (Options::default(), Vec::new());
        Source { name, text: source.into(), options, types: None, other_types: None, targets }
    }

    /// Takes an ELF object, of bpfc or of clang; `name` is for messages.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn from_object(name: &str, bytes: &[u8]) -> Result<Compiled, Error> {
        let session = Arc::new(Session::default());
        let object = crate::read_object(name, bytes)
            .map_err(|diagnostic| Error::of(Stage::Compile, &session, diagnostic))?;
        Ok(Compiled::new(session, object, Vec::new(), Kernel::new()))
    }
}

/// A program's source and how to compile it.
///
/// ```
/// use bpfc::Program;
///
/// let program = Program::source("__attribute__((section(\"xdp\"))) int pass(struct xdp_md *ctx) { return LIMIT; }")
///     .name("pass.c")
///     .define("LIMIT=2")
///     .compile()?;
/// assert_eq!(program.programs().collect::<Vec<_>>(), ["pass"]);
/// # Ok::<(), bpfc::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Source {
    name: String,
    text: String,
    options: Options,
    types: Option<Arc<Btf>>,
    other_types: Option<Arc<Btf>>,
    targets: Vec<TargetKernel>,
}

impl Source {
    /// The name in messages and in line information; `program.c` if none is given.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Source {
        self.name = name.into();
        self
    }

    /// `-D`: `NAME` or `NAME=VALUE`.
    #[must_use]
    pub fn define(mut self, define: impl Into<String>) -> Source {
        self.options.defines.push(define.into());
        self
    }

    /// All options of the compilation, in place of those given before.
    #[must_use]
    pub fn options(mut self, options: Options) -> Source {
        self.options = options;
        self
    }

    /// The kernel's types, in place of the running kernel's; for the relocations of loading, too.
    #[must_use]
    pub fn types(mut self, types: Arc<Btf>) -> Source {
        self.types = Some(types);
        self
    }

    /// Types to compile and to check with where the running kernel shows none. They are not used for the relocations of
    /// loading, for which only the running kernel's are right.
    #[must_use]
    pub fn other_types(mut self, types: Arc<Btf>) -> Source {
        self.other_types = Some(types);
        self
    }

    /// A kernel that the program is for, in place of the running one: it is compiled with its types and checked against it.
    /// It can be said several times; the types are then those of the newest. Programs are loaded with the types of the
    /// running kernel all the same.
    #[must_use]
    pub fn target(mut self, kernel: TargetKernel) -> Source {
        self.targets.push(kernel);
        self.targets.sort_by_key(|kernel| kernel.version);
        self
    }

    /// Compiles; headers are those that bpfc carries.
    ///
    /// # Errors
    /// What is wrong with the source.
    pub fn compile(self) -> Result<Compiled, Error> {
        self.compile_with(&mut crate::NoHost)
    }

    /// Compiles; headers that `files` does not have are those that bpfc carries.
    ///
    /// # Errors
    /// What is wrong with the source.
    pub fn compile_with(self, files: &mut dyn FileProvider) -> Result<Compiled, Error> {
        let kernel = self.types.map_or_else(Kernel::new, Kernel::with_btf);
        let target = self.targets.iter().rev().find_map(|target| target.btf.as_ref());
        let mut session = Session::default();
        let other = self.other_types.as_ref();
        let mut host = Running { files, kernel: &kernel, target, other };
        let object = crate::add_source(&mut session, &self.name, self.text.as_bytes())
            .and_then(|file| crate::compile(&mut session, file, &self.options, &mut host));
        let diagnostics = session.diagnostics.take();
        let session = Arc::new(session);
        match object {
            Some(object) => {
                let compiled = Compiled::new(session, object, diagnostics, kernel);
                let other_types = self.other_types;
                Ok(Compiled { targets: self.targets, other_types, ..compiled })
            }
            None => Err(Error::new(Stage::Compile, Report { session, diagnostics })),
        }
    }
}

/// The caller's files and a kernel's types.
struct Running<'a> {
    files: &'a mut dyn FileProvider,
    kernel: &'a Kernel,
    target: Option<&'a Arc<Btf>>,
    other: Option<&'a Arc<Btf>>,
}

impl FileProvider for Running<'_> {
    fn load(&mut self, request: &IncludeRequest<'_>) -> Option<LoadedFile> {
        self.files.load(request)
    }

    fn exists(&mut self, request: &IncludeRequest<'_>) -> bool {
        self.files.exists(request)
    }

    fn candidates(&mut self, request: &IncludeRequest<'_>) -> Vec<String> {
        self.files.candidates(request)
    }

    fn is_system(&self, directory: u32) -> bool {
        self.files.is_system(directory)
    }
}

impl Host for Running<'_> {
    fn kernel_btf(&mut self) -> Option<Arc<Btf>> {
        self.target.or_else(|| self.kernel.btf()).or(self.other).cloned()
    }

    fn kernel_config(&mut self, name: &str) -> Option<String> {
        if self.target.is_some() {
            return None;
        }
        self.kernel.config_value(name).map(str::to_owned)
    }

    fn version_code(&mut self) -> Option<u32> {
        self.target.is_none().then(|| self.kernel.version_code())
    }

    fn tracepoint_format(&mut self, category: &str, event: &str) -> Option<String> {
        if self.target.is_some() {
            return None;
        }
        bpfc_loader::tracepoint_format(category, event)
    }
}

/// An object in memory. Variables are set and places to attach to are chosen here.
#[derive(Clone, Debug)]
pub struct Compiled {
    session: Arc<Session>,
    object: Object,
    diagnostics: Vec<Diagnostic>,
    kernel: Arc<Kernel>,
    other_types: Option<Arc<Btf>>,
    targets: Vec<TargetKernel>,
    places: Vec<(FuncId, AttachSpec)>,
    only: Option<Vec<FuncId>>,
}

impl Compiled {
    fn new(
        session: Arc<Session>,
        object: Object,
        diagnostics: Vec<Diagnostic>,
        kernel: Kernel,
    ) -> Compiled {
        let (targets, places, kernel) = (Vec::new(), Vec::new(), Arc::new(kernel));
        let (other_types, only) = (None, None);
        Compiled { session, object, diagnostics, kernel, other_types, targets, places, only }
    }

    /// Warnings so far.
    pub fn report(&self) -> Report {
        Report { session: Arc::clone(&self.session), diagnostics: self.diagnostics.clone() }
    }

    /// The object.
    pub fn object(&self) -> &Object {
        &self.object
    }

    /// The object as an ELF file.
    ///
    /// # Errors
    /// It has no such form.
    pub fn to_elf(&self) -> Result<Vec<u8>, Error> {
        let mut session = Session::default();
        crate::write_object(&mut session, &self.object).ok_or_else(|| {
            let diagnostics = session.diagnostics.take();
            Error::new(Stage::Compile, Report { session: Arc::new(session), diagnostics })
        })
    }

    /// The names of its programs.
    pub fn programs(&self) -> impl Iterator<Item = &str> {
        self.object.programs().map(|(_, function)| function.name.as_str())
    }

    /// Sets a global variable: `NAME=VALUE`, `NAME.MEMBER=VALUE`, `NAME[2]=VALUE`.
    ///
    /// ```
    /// let source = "volatile const int verdict = 1;\
    ///               __attribute__((section(\"xdp\"))) int filter(struct xdp_md *ctx) { return verdict; }";
    /// let program = bpfc::Program::compile(source)?.set("verdict=2")?;
    /// assert_eq!(program.machine()?.run("filter", &Default::default())?.ret, 2);
    /// # Ok::<(), bpfc::Error>(())
    /// ```
    ///
    /// # Errors
    /// There is no such variable, or it does not take the value.
    pub fn set(mut self, assignment: &str) -> Result<Compiled, Error> {
        self.set_variable(assignment)?;
        Ok(self)
    }

    /// As [`Compiled::set`], in place.
    ///
    /// # Errors
    /// As [`Compiled::set`]; nothing has changed then.
    pub fn set_variable(&mut self, assignment: &str) -> Result<(), Error> {
        crate::set_variable(&mut self.object, assignment).map_err(|problem| {
            let diagnostic = Diagnostic::without_span(E0920, problem);
            Error::of(Stage::Configure, &self.session, diagnostic)
        })
    }

    /// Attaches `program` where `spec` says, such as `xdp:eth0`, in place of where its section
    /// says. It is loaded for that place.
    ///
    /// # Errors
    /// There is no such program, or the text is no place.
    pub fn attach_to(mut self, program: &str, spec: &str) -> Result<Compiled, Error> {
        self.add_place(program, spec)?;
        Ok(self)
    }

    /// As [`Compiled::attach_to`], in place.
    ///
    /// # Errors
    /// As [`Compiled::attach_to`].
    pub fn add_place(&mut self, program: &str, spec: &str) -> Result<(), Error> {
        let func = self.find(program)?;
        let spec =
            spec.parse().map_err(|error| Error::loading(Stage::Configure, &self.session, error))?;
        self.places.push((func, spec));
        Ok(())
    }

    /// Makes `program` one of the type that `section` stands for (`kprobe/vfs_read`, `socket`, `tc`, `xdp`): it is verified, written
    /// and loaded as such. The code stays as it is. For functions that BCC gives a type only when they are loaded or attached.
    ///
    /// ```
    /// let source = "BPF_HASH(sizes); int filter(struct __sk_buff *skb) { sizes.increment(skb->len); return 0; }";
    /// let mut program = bpfc::Program::compile(source)?;
    /// program.set_section("filter", "tc")?;
    /// program.check()?;
    /// # Ok::<(), bpfc::Error>(())
    /// ```
    ///
    /// # Errors
    /// There is no such program, or no such section.
    pub fn set_section(&mut self, program: &str, section: &str) -> Result<(), Error> {
        let func = self.find(program)?;
        if bpfc_kabi::parse_section(section).is_none() {
            let candidates = bpfc_kabi::section_candidates(section);
            let message = format!("`{section}` stands for no type of programs");
            let diagnostic = Diagnostic::without_span(E0923, message);
            let diagnostic = match candidates.first() {
                Some(similar) => diagnostic.with_help(format!("did you mean `{similar}`?")),
                None => diagnostic,
            };
            return Err(Error::of(Stage::Configure, &self.session, diagnostic));
        }
        section.clone_into(&mut self.object.functions[func].section);
        Ok(())
    }

    /// Loads only these programs.
    ///
    /// # Errors
    /// There is no such program.
    pub fn only(mut self, programs: &[&str]) -> Result<Compiled, Error> {
        let chosen = programs.iter().map(|program| self.find(program)).collect::<Result<_, _>>()?;
        self.only = Some(chosen);
        Ok(self)
    }

    /// Loads this program and others that this is said of, and no further ones.
    ///
    /// # Errors
    /// There is no such program.
    pub fn select(&mut self, program: &str) -> Result<(), Error> {
        let func = self.find(program)?;
        self.only.get_or_insert_default().push(func);
        Ok(())
    }

    fn find(&self, program: &str) -> Result<FuncId, Error> {
        let mut programs = self.object.programs();
        programs.find(|(_, f)| f.name == program).map(|(id, _)| id).ok_or_else(|| {
            let message = format!("there is no program `{program}`");
            Error::of(Stage::Configure, &self.session, Diagnostic::without_span(E0923, message))
        })
    }

    /// A virtual machine with this object's maps and programs, which needs no rights.
    ///
    /// # Errors
    /// A map cannot be made.
    pub fn machine(&self) -> Result<Machine, Error> {
        Machine::new(&self.session, &self.object)
    }

    /// Verifies every program for the running kernel and with its types.
    ///
    /// ```
    /// let source = "__attribute__((section(\"xdp\"))) int f(struct xdp_md *ctx) { return *(int *)(long)ctx->data; }";
    /// let error = bpfc::Program::compile(source)?.check().unwrap_err();
    /// assert_eq!(error.stage(), bpfc::Stage::Check);
    /// # Ok::<(), bpfc::Error>(())
    /// ```
    ///
    /// # Errors
    /// What the kernel would reject, and why.
    pub fn check(mut self) -> Result<Checked, Error> {
        let report = self.verify()?;
        self.diagnostics.extend(report.diagnostics);
        Ok(Checked { compiled: self })
    }

    /// As [`Compiled::check`], for the kernel that `options` say.
    ///
    /// # Errors
    /// As [`Compiled::check`].
    pub fn check_with(mut self, options: &VerifyOptions) -> Result<Checked, Error> {
        let report = self.verify_with(options)?;
        self.diagnostics.extend(report.diagnostics);
        Ok(Checked { compiled: self })
    }

    /// Verifies every program for the running kernel, or for those of [`Source::target`]: its warnings.
    ///
    /// # Errors
    /// As [`Compiled::check`].
    pub fn verify(&self) -> Result<Report, Error> {
        if !self.targets.is_empty() {
            let mut session = Session::clone(&self.session);
            crate::check_kernels(&mut session, &self.object, &self.targets);
            return self.verdict(&session);
        }
        let options = VerifyOptions {
            kernel: self.kernel.version(),
            kernel_btf: self.kernel.btf().or(self.other_types.as_ref()).cloned(),
            ..VerifyOptions::default()
        };
        self.verify_with(&options)
    }

    fn verify_with(&self, options: &VerifyOptions) -> Result<Report, Error> {
        let mut session = Session::clone(&self.session);
        crate::verify(&mut session, &self.object, options);
        self.verdict(&session)
    }

    /// What a check reported.
    fn verdict(&self, session: &Session) -> Result<Report, Error> {
        let diagnostics = session.diagnostics.iter().cloned().collect();
        let report = Report { session: Arc::clone(&self.session), diagnostics };
        match report.has_errors() {
            true => Err(Error::new(Stage::Check, report)),
            false => Ok(report),
        }
    }

    /// Takes the object as it is, for the kernel's verifier to judge.
    #[must_use]
    pub fn unchecked(self) -> Checked {
        Checked { compiled: self }
    }
}

/// An object that the verifier accepts.
#[derive(Debug)]
pub struct Checked {
    compiled: Compiled,
}

impl Checked {
    /// The object, its warnings, its programs.
    pub fn compiled(&self) -> &Compiled {
        &self.compiled
    }

    /// Loads maps and programs into the kernel.
    ///
    /// # Errors
    /// What the kernel does not take, or lacks. Nothing stays loaded.
    pub fn load(self) -> Result<Loaded, Error> {
        self.load_with(LoadOptions::default())
    }

    /// As [`Checked::load`]; what was chosen before ([`Compiled::only`], [`Compiled::attach_to`])
    /// is added to `options`.
    ///
    /// # Errors
    /// As [`Checked::load`].
    pub fn load_with(self, mut options: LoadOptions) -> Result<Loaded, Error> {
        let Compiled { session, object, kernel, places, only, .. } = self.compiled;
        for (id, function) in object.functions.iter_enumerated() {
            let declared = ProgKind::of(function);
            let own = || AttachSpec::of(&function.name, declared.as_ref()?).ok();
            let given = places.iter().rev().find(|(func, _)| *func == id);
            let spec = given.map(|(_, spec)| spec.clone()).or_else(own);
            let is_chosen = given.is_some()
                || declared.as_ref().is_some_and(|kind| kind.is_autoload)
                || only.as_ref().is_some_and(|only| only.contains(&id));
            if let (true, Some(spec)) = (function.is_program() && is_chosen, spec) {
                options.kinds.push((id, spec.kind(declared.as_ref())));
            }
        }
        options.programs = only.or(options.programs);
        let loaded = bpfc_loader::load(&object, &kernel, &options)
            .map_err(|error| Error::loading(Stage::Load, &session, error))?;
        let types = types::ObjectTypes::default();
        Ok(Loaded { session, object, kernel, places, inner: loaded, types })
    }
}

fn no_place(problem: impl std::fmt::Display) -> Diagnostic {
    Diagnostic::without_span(E0906, problem.to_string())
}
