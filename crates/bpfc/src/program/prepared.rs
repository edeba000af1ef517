//! Maps first, programs one by one, as what their owner decides: the way of BCC.

use super::types::ObjectTypes;
use super::{Compiled, Error, Map, Stage};
use bpfc_base::Diagnostic;
use bpfc_base::codes::load::{E0902, E0921};
use bpfc_loader::{AttachSpec, Kernel, Link, LoadOptions, ProgKind};
use std::sync::Arc;

/// Maps and data of an object in the kernel, whose programs are loaded when they are asked for.
///
/// ```no_run
/// # fn main() -> Result<(), bpfc::Error> {
/// use bpfc::loader::{ProgKind, TestInput};
///
/// let source = "BPF_HASH(hits); int count(struct __sk_buff *skb) { hits.increment(skb->len); return 0; }";
/// let mut prepared = bpfc::Program::compile(source)?.prepare(Vec::new())?;
/// let program = prepared.load("count", None)?;
/// let input = TestInput { data: &[0; 64], ..TestInput::default() };
/// program.test_run(&input).expect("socket filters run on any packet");
/// for (length, count) in prepared.map("hits")?.entries()? {
///     println!("{length}: {count}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Prepared {
    compiled: Compiled,
    inner: bpfc_loader::Prepared,
    types: ObjectTypes,
}

impl Compiled {
    /// Makes maps and data in the kernel. Maps of these names are not made, but are those.
    ///
    /// # Errors
    /// What the kernel does not take. Nothing stays.
    pub fn prepare(self, maps: Vec<(String, Arc<bpfc_loader::Map>)>) -> Result<Prepared, Error> {
        let id = |name: &str| self.object.maps.iter_enumerated().find(|(_, map)| map.name == name);
        let maps = maps.into_iter().filter_map(|(name, map)| Some((id(&name)?.0, map)));
        let options = LoadOptions { maps: maps.collect(), ..LoadOptions::default() };
        let inner = bpfc_loader::Prepared::all(&self.object, &self.kernel, &options);
        let inner = inner.map_err(|error| Error::loading(Stage::Load, &self.session, error))?;
        Ok(Prepared { compiled: self, inner, types: ObjectTypes::default() })
    }
}

impl Prepared {
    /// What was compiled.
    pub fn compiled(&self) -> &Compiled {
        &self.compiled
    }

    /// What is known of the running kernel.
    pub fn kernel(&self) -> &Kernel {
        &self.compiled.kernel
    }

    /// The maps, in the order of the object.
    pub fn maps(&self) -> impl Iterator<Item = &bpfc_loader::Map> {
        self.inner.maps().iter()
    }

    /// A map, with the types that its definition gives. It stays when this is dropped.
    ///
    /// # Errors
    /// There is no such map, or this process has no descriptors left.
    pub fn map(&self, name: &str) -> Result<Map, Error> {
        let session = &self.compiled.session;
        let map = self.maps().find(|map| map.name() == name).ok_or_else(|| {
            let message = format!("there is no map `{name}`");
            Error::of(Stage::Use, session, Diagnostic::without_span(E0921, message))
        })?;
        let map = map.try_clone().map_err(|error| Error::loading(Stage::Use, session, error))?;
        Ok(Map::new(map, self.types.of_map(&self.compiled.object, name), session))
    }

    /// Loads a program as what its section or name says, or as `kind`.
    ///
    /// # Errors
    /// There is no such program, or the kernel does not take it.
    pub fn load(
        &mut self,
        program: &str,
        kind: Option<ProgKind>,
    ) -> Result<bpfc_loader::Program, Error> {
        let func = self.compiled.find(program)?;
        let Compiled { object, kernel, session, .. } = &self.compiled;
        let kind = kind.or_else(|| ProgKind::of(&object.functions[func])).ok_or_else(|| {
            let message = format!("nothing says what kind of program `{program}` is");
            Error::of(Stage::Load, session, Diagnostic::without_span(E0902, message))
        })?;
        let loaded = self.inner.load(object, kernel, func, kind, &LoadOptions::default());
        loaded.map_err(|error| Error::loading(Stage::Load, session, error))
    }

    /// Attaches a program; it stays as long as the result.
    ///
    /// # Errors
    /// It cannot be attached there.
    pub fn attach(&self, program: &bpfc_loader::Program, spec: &AttachSpec) -> Result<Link, Error> {
        let link = bpfc_loader::attach(program, spec, self.kernel());
        link.map_err(|error| Error::loading(Stage::Attach, &self.compiled.session, error))
    }
}
