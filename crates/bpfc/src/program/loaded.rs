//! Objects in the kernel.

use super::types::{EventTypes, ObjectTypes};
use super::{Error, Events, Map, Stage, no_place};
use crate::Object;
use crate::show::Value;
use bpfc_base::codes::Code;
use bpfc_base::codes::load::{E0920, E0921, E0923};
use bpfc_base::{Diagnostic, Session};
use bpfc_kabi::UpdateFlag;
use bpfc_loader::{
    AttachSpec, Kernel, Link, LoadError, NoDefault, TestInput, TestOutput, UserRing,
};
use bpfc_object::{DataId, FuncId};
use std::ops::Deref;
use std::sync::Arc;

/// The only key of the map of a data section.
const SECTION_KEY: [u8; 4] = [0; 4];

/// Why a variable has no value.
enum Unknown {
    Variable(String),
    Kernel(LoadError),
}

impl From<String> for Unknown {
    fn from(problem: String) -> Unknown {
        Unknown::Variable(problem)
    }
}

/// Maps and programs in the kernel. Dropping it gives back what is not attached or pinned.
#[derive(Debug)]
pub struct Loaded {
    pub(super) session: Arc<Session>,
    pub(super) object: Object,
    pub(super) kernel: Arc<Kernel>,
    pub(super) places: Vec<(FuncId, AttachSpec)>,
    pub(super) inner: bpfc_loader::Loaded,
    pub(super) types: ObjectTypes,
}

impl Loaded {
    /// The object that was loaded.
    pub fn object(&self) -> &Object {
        &self.object
    }

    /// A map, with the types that its definition gives. It stays when this is dropped.
    ///
    /// # Errors
    /// There is no such map, or this process has no descriptors left.
    pub fn map(&self, name: &str) -> Result<Map, Error> {
        let map = self.raw_map(name)?.try_clone();
        let map = map.map_err(|error| self.error(Stage::Use, error))?;
        let types = self.types.of_map(&self.object, name);
        Ok(Map::new(map, types, &self.session))
    }

    fn raw_map(&self, name: &str) -> Result<&bpfc_loader::Map, Error> {
        self.inner.map(name).ok_or_else(|| self.missing(E0921, "map", name))
    }

    /// The value of a global variable, or of a part of it: `NAME`, `NAME.MEMBER`, `NAME[2]`.
    ///
    /// # Errors
    /// There is no such variable, or it cannot be read.
    pub fn variable(&self, place: &str) -> Result<Value, Error> {
        let Some(btf) = self.types.btf(&self.object) else {
            return Err(self.no_variable("the object has no types".to_owned()));
        };
        let content = |id| self.section(id).map_err(Unknown::Kernel);
        crate::globals::read_variable(&self.object, btf, place, content)
            .map_err(|unknown| self.unknown(unknown))
    }

    /// Sets a global variable that is not constant, or a part of it: `NAME=VALUE`. Programs may change other variables at the same
    /// moment; before Linux 5.5, what they change in the same section may be lost.
    ///
    /// # Errors
    /// There is no such variable, it is constant, or it does not take the value.
    pub fn set_variable(&self, assignment: &str) -> Result<(), Error> {
        let Some(btf) = self.types.btf(&self.object) else {
            return Err(self.no_variable("the object has no types".to_owned()));
        };
        let content = |id| self.section(id).map_err(Unknown::Kernel);
        let (id, bytes, part) = crate::globals::assign(&self.object, btf, assignment, content)
            .map_err(|unknown| self.unknown(unknown))?;
        if self.object.data[id].is_read_only() {
            return Err(self.no_variable("it is constant once the program is loaded".to_owned()));
        }
        let Some(map) = &self.inner.data[id] else { return Ok(()) };
        let set = || match map.write_part(part.start, &bytes[part.clone()])? {
            true => Ok(()),
            false => map.update(&SECTION_KEY, &bytes, UpdateFlag::Any),
        };
        set().map_err(|error| self.error(Stage::Use, error))
    }

    /// What a section of variables holds.
    fn section(&self, id: DataId) -> Result<Vec<u8>, LoadError> {
        let first = self.object.data[id].content();
        let found = self.inner.data[id].as_ref().map(|map| map.lookup(&SECTION_KEY)).transpose()?;
        Ok(found.flatten().map_or(first, |values| values.concat()))
    }

    fn unknown(&self, unknown: Unknown) -> Error {
        match unknown {
            Unknown::Variable(problem) => self.no_variable(problem),
            Unknown::Kernel(error) => self.error(Stage::Use, error),
        }
    }

    fn no_variable(&self, problem: String) -> Error {
        Error::of(Stage::Use, &self.session, Diagnostic::without_span(E0920, problem))
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
        let map = self.raw_map(map)?;
        Events::open(map, &self.kernel, Arc::clone(&self.session))
            .map_err(|error| self.error(Stage::Use, error))
    }

    /// How the events of a map are to be read, as far as the compiler saw their type.
    ///
    /// # Errors
    /// There is no such map.
    pub fn event_types(&self, map: &str) -> Result<EventTypes, Error> {
        self.raw_map(map)?;
        let definition = self.object.maps.iter().find(|definition| definition.name == map);
        let ty = definition.and_then(|definition| definition.event_type);
        Ok(EventTypes { btf: self.types.btf(&self.object).cloned(), ty })
    }

    /// Pins maps, programs and these attachments below a folder of a bpffs, as [`bpfc_loader::Loaded::pin`] says.
    ///
    /// # Errors
    /// A name is taken, there is no bpffs, or something cannot be pinned; then nothing is.
    pub fn pin_with(&self, links: &mut [Link], folder: &std::path::Path) -> Result<(), Error> {
        let pinned = self.inner.pin(links, folder);
        pinned.map_err(|error| self.error(Stage::Attach, error))
    }

    /// The sender of a user ring buffer, records for programs. There must be one for each map.
    ///
    /// # Errors
    /// There is no such map, or it is of another kind.
    pub fn sender(&self, map: &str) -> Result<UserRing, Error> {
        UserRing::new(self.raw_map(map)?).map_err(|error| self.error(Stage::Use, error))
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
        let links = self.attach_all()?;
        Ok(Attached { links, loaded: self })
    }

    /// As [`Loaded::attach`]; dropping the links detaches the programs.
    ///
    /// # Errors
    /// As [`Loaded::attach`].
    pub fn attach_all(&self) -> Result<Vec<Link>, Error> {
        let mut links = Vec::new();
        for program in &self.inner.programs {
            links.extend(self.attach_by_default(program)?);
        }
        Ok(links)
    }

    /// Attaches one program where it was told to or where its section says; nowhere if it can only be called or run by hand.
    ///
    /// # Errors
    /// There is no such program, or it cannot be attached, or has no place.
    pub fn attach_program(&self, program: &str) -> Result<Vec<Link>, Error> {
        self.attach_by_default(self.program(program)?)
    }

    fn attach_by_default(&self, program: &bpfc_loader::Program) -> Result<Vec<Link>, Error> {
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
        let attach = |spec: &AttachSpec| {
            let link = self.inner.attach(program, spec, &self.kernel);
            link.map_err(|error| self.error(Stage::Attach, error))
        };
        specs.iter().map(attach).collect()
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
        self.loaded.pin_with(&mut self.links, folder)
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
