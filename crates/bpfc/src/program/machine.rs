//! Runs in user space, with names in place of ids.

use super::{Error, Stage};
use crate::Object;
use bpfc_base::codes::Code;
use bpfc_base::codes::load::{E0921, E0922, E0923};
use bpfc_base::{Diagnostic, Session};
use bpfc_object::MapId;
use bpfc_vm::{Input, Options, Outcome, Vm};
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
/// let value = machine.lookup("hits", &0_u32.to_ne_bytes())?.unwrap();
/// assert_eq!(value, [1_u64.to_ne_bytes()]);
/// # Ok::<(), bpfc::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Machine {
    session: Arc<Session>,
    object: Object,
    vm: Vm,
}

impl Machine {
    pub(super) fn new(session: &Arc<Session>, object: &Object) -> Result<Machine, Error> {
        let vm = Vm::new(object, Options::default())
            .map_err(|error| Error::of(Stage::Run, session, error.to_diagnostic()))?;
        Ok(Machine { session: Arc::clone(session), object: object.clone(), vm })
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
