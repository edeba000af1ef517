//! Objects in the kernel.

use super::{Error, Events, Stage, no_place};
use crate::Object;
use bpfc_base::codes::Code;
use bpfc_base::codes::load::{E0921, E0923};
use bpfc_base::{Diagnostic, Session};
use bpfc_loader::{AttachSpec, Kernel, Link, LoadError, Map, NoDefault, TestInput, TestOutput};
use bpfc_object::FuncId;
use std::ops::Deref;
use std::sync::Arc;

/// Maps and programs in the kernel. Dropping it gives back what is not attached or pinned.
#[derive(Debug)]
pub struct Loaded {
    pub(super) session: Arc<Session>,
    pub(super) object: Object,
    pub(super) kernel: Kernel,
    pub(super) places: Vec<(FuncId, AttachSpec)>,
    pub(super) inner: bpfc_loader::Loaded,
}

impl Loaded {
    /// The object that was loaded.
    pub fn object(&self) -> &Object {
        &self.object
    }

    /// A map.
    ///
    /// # Errors
    /// There is no such map.
    pub fn map(&self, name: &str) -> Result<&Map, Error> {
        self.inner.map(name).ok_or_else(|| self.missing(E0921, "map", name))
    }

    /// A program.
    ///
    /// # Errors
    /// There is no such program, or it was not loaded.
    pub fn program(&self, name: &str) -> Result<&bpfc_loader::Program, Error> {
        self.inner.program(name).ok_or_else(|| self.missing(E0923, "loaded program", name))
    }

    /// The programs that were loaded, in the order of the source.
    pub fn programs(&self) -> &[bpfc_loader::Program] {
        &self.inner.programs
    }

    /// Runs a program in the kernel on data of the caller's.
    ///
    /// # Errors
    /// There is no such program, or the kernel does not run it like this.
    pub fn test_run(&self, program: &str, input: &TestInput<'_>) -> Result<TestOutput, Error> {
        let output = self.program(program)?.test_run(input);
        output.map_err(|error| self.error(Stage::Run, error))
    }

    /// The events of a ring buffer or a perf event array.
    ///
    /// # Errors
    /// There is no such map, or it is of another kind.
    pub fn events(&self, map: &str) -> Result<Events, Error> {
        let map = self.map(map)?;
        Events::open(map, &self.kernel, Arc::clone(&self.session))
            .map_err(|error| self.error(Stage::Use, error))
    }

    /// Attaches one program where `spec` says; it stays as long as the result.
    ///
    /// # Errors
    /// There is no such program, or it cannot be attached there.
    pub fn attach_one(&self, program: &str, spec: &str) -> Result<Link, Error> {
        let program = self.program(program)?;
        let spec = spec.parse().map_err(|error| self.error(Stage::Attach, error))?;
        let link = self.inner.attach(program, &spec, &self.kernel);
        link.map_err(|error| self.error(Stage::Attach, error))
    }

    /// Attaches every program, where it was told to or where its section says. What can only be
    /// called by other programs or run by hand is left.
    ///
    /// # Errors
    /// The first that cannot be attached, or has no place. Nothing stays attached.
    pub fn attach(self) -> Result<Attached, Error> {
        let mut links = Vec::new();
        for program in &self.inner.programs {
            let given = self.places.iter().filter(|(func, _)| *func == program.func());
            let mut specs: Vec<AttachSpec> = given.map(|(_, spec)| spec.clone()).collect();
            if specs.is_empty() {
                match AttachSpec::of(program.name(), program.kind()) {
                    Ok(spec) => specs.push(spec),
                    Err(NoDefault::NotAttachable { .. }) => {}
                    Err(problem) => {
                        return Err(Error::of(Stage::Attach, &self.session, no_place(problem)));
                    }
                }
            }
            for spec in &specs {
                let link = self.inner.attach(program, spec, &self.kernel);
                links.push(link.map_err(|error| self.error(Stage::Attach, error))?);
            }
        }
        Ok(Attached { links, loaded: self })
    }

    pub(super) fn error(&self, stage: Stage, error: LoadError) -> Error {
        Error::loading(stage, &self.session, error)
    }

    fn missing(&self, code: Code, what: &str, name: &str) -> Error {
        let message = format!("there is no {what} `{name}`");
        Error::of(Stage::Use, &self.session, Diagnostic::without_span(code, message))
    }
}

/// Programs that run. Dropping it detaches them; so does the end of the process, however it ends,
/// except where [`Link`] says otherwise.
#[derive(Debug)]
pub struct Attached {
    // Before what was loaded: detached first.
    links: Vec<Link>,
    loaded: Loaded,
}

impl Attached {
    /// What holds the programs to their places.
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// Pins maps, programs and attachments below a folder of a bpffs, as [`bpfc_loader::Loaded::pin`] says: they stay when
    /// this is dropped.
    ///
    /// # Errors
    /// A name is taken, there is no bpffs, or something cannot be pinned; then nothing is.
    pub fn pin(&mut self, folder: &std::path::Path) -> Result<(), Error> {
        let pinned = self.loaded.inner.pin(&mut self.links, folder);
        pinned.map_err(|error| self.loaded.error(Stage::Attach, error))
    }

    /// Detaches all. What was loaded can be read, and attached again.
    ///
    /// # Errors
    /// The first that the kernel does not give back; the others are detached all the same.
    pub fn detach(self) -> Result<Loaded, Error> {
        let mut first = None;
        for link in self.links {
            if let Err(error) = link.detach() {
                first.get_or_insert(error);
            }
        }
        match first {
            None => Ok(self.loaded),
            Some(error) => Err(self.loaded.error(Stage::Attach, error)),
        }
    }
}

/// Maps, programs and events are those of what was loaded.
impl Deref for Attached {
    type Target = Loaded;

    fn deref(&self) -> &Loaded {
        &self.loaded
    }
}
