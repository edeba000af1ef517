//! Runs in user space, with names in place of ids.

use super::types::ObjectTypes;
use super::{Error, Stage};
use crate::Object;
use crate::show::{Codec, Value};
use bpfc_base::codes::Code;
use bpfc_base::codes::load::{E0920, E0921, E0922, E0923};
use bpfc_base::{Diagnostic, Session};
use bpfc_kabi::{MapType, UpdateFlag};
use bpfc_object::MapId;
use bpfc_vm::{Input, Options, Outcome, Vm};
use serde_json::Value as Json;
use std::sync::Arc;

/// A virtual machine with the maps and programs of an object. Maps keep their content from run
/// to run.
///
/// ```
/// let source = r#"
///     #include "vmlinux.h"
///     #include <bpf/bpf_helpers.h>
///     struct {
///         __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1);
///         __type(key, __u32); __type(value, __u64);
///     } hits SEC(".maps");
///     SEC("xdp") int count(struct xdp_md *ctx) {
///         __u32 zero = 0;
///         __u64 *n = bpf_map_lookup_elem(&hits, &zero);
///         if (n) *n += 1;
///         return XDP_PASS;
///     }"#;
/// let mut machine = bpfc::Program::compile(source)?.machine()?;
/// machine.run("count", &bpfc::vm::Input::default())?;
/// assert_eq!(machine.get("hits", 0)?, Some(1.into()));
/// let bytes = machine.lookup("hits", &0_u32.to_ne_bytes())?.unwrap();
/// assert_eq!(bytes, [1_u64.to_ne_bytes()]);
/// # Ok::<(), bpfc::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Machine {
    session: Arc<Session>,
    object: Object,
    types: ObjectTypes,
    vm: Vm,
}

impl Machine {
    pub(super) fn new(session: &Arc<Session>, object: &Object) -> Result<Machine, Error> {
        let vm = Vm::new(object, Options::default())
            .map_err(|error| Error::of(Stage::Run, session, error.to_diagnostic()))?;
        let types = ObjectTypes::default();
        Ok(Machine { session: Arc::clone(session), object: object.clone(), types, vm })
    }

    /// Runs a program.
    ///
    /// # Errors
    /// There is no such program, the input does not fit it, or it did something wrong.
    pub fn run(&mut self, program: &str, input: &Input) -> Result<Outcome, Error> {
        let mut programs = self.object.programs();
        let found = programs.find(|(_, function)| function.name == program).map(|(id, _)| id);
        let Some(id) = found else { return Err(self.missing(E0923, "program", program)) };
        let outcome = self.vm.run(id, input);
        outcome.map_err(|error| Error::of(Stage::Run, &self.session, error.to_diagnostic()))
    }

    /// The value of a key, one for each CPU where the map has such.
    ///
    /// # Errors
    /// There is no such map.
    pub fn lookup(&self, map: &str, key: &[u8]) -> Result<Option<Vec<Vec<u8>>>, Error> {
        let id = self.map(map)?;
        Ok(self.vm.map_lookup(id, key).map(|entry| entry.values))
    }

    /// Sets the value of a key.
    ///
    /// # Errors
    /// There is no such map, or it does not take it.
    pub fn update(&mut self, map: &str, key: &[u8], value: &[u8]) -> Result<(), Error> {
        let id = self.map(map)?;
        let outcome = self.vm.map_update(id, key, value, 0);
        outcome.map_err(|errno| self.refused(map, errno))
    }

    /// Deletes a key.
    ///
    /// # Errors
    /// There is no such map or no such key.
    pub fn delete(&mut self, map: &str, key: &[u8]) -> Result<(), Error> {
        let id = self.map(map)?;
        self.vm.map_delete(id, key).map_err(|errno| self.refused(map, errno))
    }

    /// The value of a key as JSON, as [`Map::get`](super::Map::get) gives it.
    ///
    /// # Errors
    /// There is no such map, or the key does not fit.
    pub fn get(&self, map: &str, key: impl Into<Json>) -> Result<Option<Json>, Error> {
        let id = self.map(map)?;
        let key = self.encode(map, &self.key_codec(id), &key.into(), None)?;
        Ok(self.vm.map_lookup(id, &key).map(|entry| self.shown(id, &entry.values)))
    }

    /// Sets the value of a key as JSON; members that are not mentioned stay as they are, or become zero.
    ///
    /// # Errors
    /// There is no such map, or key or value do not fit.
    pub fn set(
        &mut self,
        map: &str,
        key: impl Into<Json>,
        value: impl Into<Json>,
    ) -> Result<(), Error> {
        let id = self.map(map)?;
        let key = self.encode(map, &self.key_codec(id), &key.into(), None)?;
        let old = self.vm.map_lookup(id, &key).and_then(|entry| entry.values.into_iter().next());
        let value = self.encode(map, &self.value_codec(id), &value.into(), old.as_deref())?;
        self.update(map, &key, &value)
    }

    /// Deletes a key that is JSON.
    ///
    /// # Errors
    /// As [`Machine::delete`], or the key does not fit.
    pub fn delete_key(&mut self, map: &str, key: impl Into<Json>) -> Result<(), Error> {
        let id = self.map(map)?;
        let key = self.encode(map, &self.key_codec(id), &key.into(), None)?;
        self.delete(map, &key)
    }

    /// All elements as JSON, in the order of their keys.
    ///
    /// # Errors
    /// There is no such map.
    pub fn entries(&self, map: &str) -> Result<Vec<(Json, Json)>, Error> {
        let id = self.map(map)?;
        let codec = self.key_codec(id);
        let each = self.vm.map(id).entries.into_iter();
        let each =
            each.map(|entry| (codec.decode(&entry.key).to_json(), self.shown(id, &entry.values)));
        Ok(each.collect())
    }

    /// The value of a global variable, or of a part of it: `NAME`, `NAME.MEMBER`, `NAME[2]`.
    ///
    /// # Errors
    /// There is no such variable.
    pub fn variable(&self, place: &str) -> Result<Value, Error> {
        let content = |id| Ok::<_, String>(self.vm.data(id));
        let value = match self.types.btf(&self.object) {
            Some(btf) => crate::globals::read_variable(&self.object, btf, place, content),
            None => Err("the object has no types".to_owned()),
        };
        value.map_err(|problem| self.misfit(problem))
    }

    fn key_codec(&self, id: MapId) -> Codec<'_> {
        let map = &self.object.maps[id];
        let btf = self.types.btf(&self.object).map(|btf| &**btf);
        Codec { btf, ty: map.key_type, n_bytes: map.key_size_bytes as usize }
    }

    fn value_codec(&self, id: MapId) -> Codec<'_> {
        let map = &self.object.maps[id];
        let btf = self.types.btf(&self.object).map(|btf| &**btf);
        Codec { btf, ty: map.value_type, n_bytes: map.value_size_bytes as usize }
    }

    fn encode(
        &self,
        map: &str,
        codec: &Codec<'_>,
        value: &Json,
        old: Option<&[u8]>,
    ) -> Result<Vec<u8>, Error> {
        let bytes = codec.encode(value, old);
        bytes.map_err(|problem| self.misfit(format!("map `{map}`: `{value}`: {problem}")))
    }

    fn shown(&self, id: MapId, values: &[Vec<u8>]) -> Json {
        let codec = self.value_codec(id);
        let is_per_cpu = self.object.maps[id].kind().is_some_and(MapType::is_per_cpu);
        match values {
            [value] if !is_per_cpu => codec.decode(value).to_json(),
            values => values.iter().map(|value| codec.decode(value).to_json()).collect(),
        }
    }

    fn misfit(&self, problem: String) -> Error {
        Error::of(Stage::Run, &self.session, Diagnostic::without_span(E0920, problem))
    }

    /// The object whose programs it runs.
    pub fn object(&self) -> &Object {
        &self.object
    }

    /// All elements as bytes, in the order of [`Vm::map`].
    ///
    /// # Errors
    /// There is no such map.
    pub fn elements(&self, map: &str) -> Result<Vec<bpfc_loader::Element>, Error> {
        let entries = self.vm.map(self.map(map)?).entries.into_iter();
        Ok(entries.map(|entry| (entry.key, entry.values)).collect())
    }

    /// As [`Machine::update`], only if the key is there, or only if it is not; the kernel's error number otherwise.
    ///
    /// # Errors
    /// There is no such map.
    pub fn update_with(
        &mut self,
        map: &str,
        key: &[u8],
        value: &[u8],
        flag: UpdateFlag,
    ) -> Result<Result<(), i64>, Error> {
        let id = self.map(map)?;
        Ok(self.vm.map_update(id, key, value, flag as u64))
    }

    /// The machine itself, for what needs ids.
    pub fn vm(&mut self) -> &mut Vm {
        &mut self.vm
    }

    fn map(&self, name: &str) -> Result<MapId, Error> {
        let mut maps = self.object.maps.iter_enumerated();
        let found = maps.find(|(_, map)| map.name == name).map(|(id, _)| id);
        found.ok_or_else(|| self.missing(E0921, "map", name))
    }

    fn refused(&self, map: &str, errno: i64) -> Error {
        let errno = bpfc_vm::errno_name(errno).map_or(errno.to_string(), |name| name.to_string());
        let message = format!("map `{map}` refuses: {errno}");
        Error::of(Stage::Run, &self.session, Diagnostic::without_span(E0922, message))
    }

    fn missing(&self, code: Code, what: &str, name: &str) -> Error {
        let message = format!("there is no {what} `{name}`");
        Error::of(Stage::Run, &self.session, Diagnostic::without_span(code, message))
    }
}
