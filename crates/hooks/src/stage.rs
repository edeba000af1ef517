//! Where a hook is tried: its program compiled for the running kernel, loaded, attached.

use bpfc::{Btf, FileProvider, Host, IncludeRequest, LoadedFile, Object, Options};
use bpfc_base::{Session, Severity};
use bpfc_kabi::KernelVersion;
use bpfc_loader::{
    AttachSpec, Fault, Kernel, Link, LoadError, LoadOptions, Loaded, ProgKind, load,
};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// How long an event may take to be seen.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a hook did not see its event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The kernel or the machine lacks something.
    Lacking(String),
    /// Something of bpfc, or of the test, is wrong.
    Wrong(String),
}

impl From<LoadError> for Problem {
    fn from(error: LoadError) -> Problem {
        let text = format!("{error}");
        match error.fault() {
            Fault::Environment => Problem::Lacking(text),
            Fault::Program | Fault::Usage => Problem::Wrong(text),
        }
    }
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Problem {
        Problem::Wrong(error.to_string())
    }
}

impl From<nix::errno::Errno> for Problem {
    fn from(errno: nix::errno::Errno) -> Problem {
        Problem::Wrong(errno.to_string())
    }
}

/// The program of a hook, and the running kernel.
pub struct Stage {
    /// The kernel.
    pub kernel: Arc<Kernel>,
    /// The compiled program.
    pub object: Object,
}

/// The running kernel's types, and no files.
struct Running<'k>(&'k Kernel);

impl FileProvider for Running<'_> {
    fn load(&mut self, _: &IncludeRequest<'_>) -> Option<LoadedFile> {
        None
    }
}

impl Host for Running<'_> {
    fn kernel_btf(&mut self) -> Option<Arc<Btf>> {
        self.0.btf().cloned()
    }
}

/// The running kernel, whose symbols and types are read once for all hooks.
fn running_kernel() -> Arc<Kernel> {
    static KERNEL: OnceLock<Arc<Kernel>> = OnceLock::new();
    Arc::clone(KERNEL.get_or_init(Arc::default))
}

impl Stage {
    /// Compiles `source`.
    pub fn open(source: &str) -> Result<Stage, Problem> {
        Stage::open_with(source, &Options::default())
    }

    /// Compiles `source` with options.
    pub fn open_with(source: &str, options: &Options) -> Result<Stage, Problem> {
        let kernel = running_kernel();
        let mut session = Session::default();
        let file = bpfc::add_source(&mut session, "hook.c", source.as_bytes());
        let object =
            file.and_then(|file| bpfc::compile(&mut session, file, options, &mut Running(&kernel)));
        let errors = session.diagnostics.iter().filter(|d| d.severity == Severity::Error);
        let errors: Vec<&str> = errors.map(|error| error.message.as_str()).collect();
        let object = object.ok_or_else(|| Problem::Wrong(errors.join("; ")))?;
        Ok(Stage { kernel, object })
    }

    /// Loads the whole object, for where its sections say.
    pub fn load(&self) -> Result<Loaded, Problem> {
        let functions = self.object.functions.iter_enumerated();
        let kinds = functions.filter_map(|(id, function)| {
            let kind = ProgKind::of(function)?;
            let spec = AttachSpec::of(&function.name, &kind).ok()?;
            Some((id, spec.kind(Some(&kind))))
        });
        let options = LoadOptions { kinds: kinds.collect(), ..LoadOptions::default() };
        Ok(load(&self.object, &self.kernel, &options)?)
    }

    /// Loads the whole object, its first program to be attached where `spec` says.
    pub fn load_for(&self, spec: &str) -> Result<Loaded, Problem> {
        let spec: AttachSpec = spec.parse()?;
        let mut functions = self.object.functions.iter_enumerated();
        let first = functions.find_map(|(id, function)| Some((id, ProgKind::of(function)?)));
        let kinds = first.map(|(id, kind)| (id, spec.kind(Some(&kind)))).into_iter().collect();
        let options = LoadOptions { kinds, ..LoadOptions::default() };
        Ok(load(&self.object, &self.kernel, &options)?)
    }

    /// Attaches the first program where `spec` says, makes the event happen, and detaches.
    pub fn at(
        &self,
        spec: &str,
        event: impl FnMut() -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let loaded = self.load_for(spec)?;
        let link = self.attach(&loaded, spec)?;
        self.sees(&loaded, event)?;
        Ok(link.detach()?)
    }

    /// Gives up on kernels before this version.
    pub fn needs(&self, major: u16, minor: u16) -> Result<(), Problem> {
        let needed = KernelVersion::new(major, minor);
        match self.kernel.version() {
            Some(version) if version < needed => {
                Err(Problem::Lacking(format!("it needs Linux {needed}")))
            }
            _ => Ok(()),
        }
    }

    /// Attaches the first program where `spec` says.
    pub fn attach(&self, loaded: &Loaded, spec: &str) -> Result<Link, Problem> {
        let spec: AttachSpec = spec.parse()?;
        Ok(loaded.attach(&loaded.programs[0], &spec, &self.kernel)?)
    }

    /// Attaches the program with this name where `spec` says.
    pub fn attach_named(&self, loaded: &Loaded, name: &str, spec: &str) -> Result<Link, Problem> {
        let spec: AttachSpec = spec.parse()?;
        let program = loaded.program(name);
        let program = program.ok_or_else(|| Problem::Wrong(format!("no program `{name}`")))?;
        Ok(loaded.attach(program, &spec, &self.kernel)?)
    }

    /// Loads only the program with this name.
    pub fn load_named(&self, name: &str) -> Result<Loaded, Problem> {
        let mut functions = self.object.functions.iter_enumerated();
        let found = functions.find(|(_, function)| function.name == name).map(|(id, _)| id);
        let found = found.ok_or_else(|| Problem::Wrong(format!("no program `{name}`")))?;
        let options = LoadOptions { programs: Some(vec![found]), ..LoadOptions::default() };
        Ok(load(&self.object, &self.kernel, &options)?)
    }

    /// Attaches every program where its section says.
    pub fn attach_all(&self, loaded: &Loaded) -> Result<Vec<Link>, Problem> {
        let attach_one = |program: &bpfc_loader::Program| {
            let kind = ProgKind::of(&self.object.functions[program.func()]);
            let kind = kind.ok_or_else(|| Problem::Wrong("no section".to_owned()))?;
            let spec = AttachSpec::of(program.name(), &kind);
            let spec = spec.map_err(|why| Problem::Wrong(why.to_string()))?;
            Ok(loaded.attach(program, &spec, &self.kernel)?)
        };
        loaded.programs.iter().map(attach_one).collect()
    }

    /// The value of a global variable of up to eight bytes.
    pub fn variable(&self, loaded: &Loaded, name: &str) -> Result<u64, Problem> {
        for (id, section) in self.object.data.iter_enumerated() {
            let Some(variable) = section.variables.iter().find(|other| other.name == name) else {
                continue;
            };
            let map = loaded.data[id].as_ref();
            let map = map.ok_or_else(|| Problem::Wrong(format!("`{name}` is in no map")))?;
            let content = map.lookup(&0_u32.to_ne_bytes())?.unwrap_or_default().concat();
            let from = variable.offset as usize;
            let mut bytes = [0; 8];
            let size = (variable.size_bytes as usize).min(8);
            bytes[..size].copy_from_slice(&content[from..from + size]);
            return Ok(u64::from_le_bytes(bytes));
        }
        Err(Problem::Wrong(format!("no variable `{name}`")))
    }

    /// Makes the event happen until the program has counted it in its variable `seen`.
    pub fn sees(
        &self,
        loaded: &Loaded,
        mut event: impl FnMut() -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let end = Instant::now() + PATIENCE;
        loop {
            event()?;
            if self.variable(loaded, "seen")? > 0 {
                return Ok(());
            }
            if Instant::now() > end {
                return Err(Problem::Wrong("the program saw nothing".to_owned()));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Attaches by section, makes the event happen, and detaches.
    pub fn by_section(&self, event: impl FnMut() -> Result<(), Problem>) -> Result<(), Problem> {
        let loaded = self.load()?;
        let links = self.attach_all(&loaded)?;
        self.sees(&loaded, event)?;
        Ok(links.into_iter().try_for_each(Link::detach)?)
    }
}
