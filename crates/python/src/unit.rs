//! What was compiled: programs and tables, and how they get into the kernel.

use crate::machine::Machine;
use crate::map::Map;
use crate::program::Program;
use crate::{errors, types};
use bpfc::{Compiled, Prepared};
use bpfc_isa::{Callee, Endian, Insn, Wide, encode_program};
use bpfc_kabi::{AttachType, ProgType};
use bpfc_loader::{AttachSpec, ProgKind};
use bpfc_object::{Object, Reference};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A compiled source.
#[pyclass(frozen, module = "bpfc._native")]
pub struct Unit {
    compiled: Compiled,
    prepared: Mutex<Option<Prepared>>,
}

impl Unit {
    pub fn new(compiled: Compiled) -> Unit {
        Unit { compiled, prepared: Mutex::new(None) }
    }

    fn object(&self) -> &Object {
        self.compiled.object()
    }

    fn with<T>(
        &self,
        py: Python<'_>,
        act: impl FnOnce(&mut Prepared) -> Result<T, bpfc::Error> + Send,
    ) -> PyResult<T>
    where
        T: Send,
    {
        // The lock is never held while waiting for the interpreter.
        let outcome = py.detach(|| {
            let mut prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
            prepared.as_mut().map(act)
        });
        match outcome {
            Some(outcome) => outcome.map_err(|error| errors::raise(py, &error)),
            None => Err(PyValueError::new_err("its maps were not made")),
        }
    }
}

#[pymethods]
impl Unit {
    /// Warnings: as text, and as JSON.
    fn warnings(&self) -> (String, String) {
        errors::shown(&self.compiled.report())
    }

    /// Name, section, and where it attaches by itself (or none) of every program.
    fn programs(&self) -> Vec<(String, String, Option<String>)> {
        let programs = self.object().programs();
        let each = programs.map(|(_, function)| {
            let kind = ProgKind::of(function);
            let spec = kind.and_then(|kind| AttachSpec::of(&function.name, &kind).ok());
            (function.name.clone(), function.section.clone(), spec.map(|spec| spec.to_string()))
        });
        each.collect()
    }

    /// What every table is: a dictionary with `name`, `type` (the kernel's number), `key`, `leaf`, `event` (trees of types),
    /// `max_entries`, `flags`, `is_histogram`, `pin`, `role` (empty, `public`, `shared`, `extern`).
    fn tables<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let object = self.object();
        let btf = object.open_btf().ok();
        let tree = |ty: Option<bpfc_btf::TypeId>, n_bytes: u32| match (&btf, ty) {
            (Some(btf), Some(ty)) => types::tree(py, btf, ty),
            _ => types::sized(py, n_bytes),
        };
        let each = object.maps.iter().map(|map| {
            let table = PyDict::new(py);
            table.set_item("name", &map.name)?;
            table.set_item("type", map.map_type)?;
            table.set_item("key", tree(map.key_type, map.key_size_bytes)?)?;
            table.set_item("leaf", tree(map.value_type, map.value_size_bytes)?)?;
            let event = map.event_type.map(|ty| tree(Some(ty), 0)).transpose()?;
            table.set_item("event", event)?;
            table.set_item("max_entries", map.max_entries)?;
            table.set_item("flags", map.map_flags)?;
            table.set_item("is_histogram", map.is_histogram)?;
            table.set_item("pin", &map.pin_path)?;
            table.set_item("role", map.role.name())?;
            Ok(table)
        });
        each.collect()
    }

    /// The object as an ELF file.
    fn elf<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let elf = self.compiled.to_elf().map_err(|error| errors::raise(py, &error))?;
        Ok(PyBytes::new(py, &elf))
    }

    /// The instructions of a program with the descriptors of maps that are given by name, before kernel types are filled in.
    fn insns<'py>(
        &self,
        py: Python<'py>,
        program: &str,
        maps: HashMap<String, i32>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let object = self.object();
        let func = object.function(program);
        let func = func.ok_or_else(|| PyValueError::new_err(format!("there is no `{program}`")))?;
        let linked = bpfc_object::link(object, func);
        let linked = linked.map_err(|error| PyValueError::new_err(error.to_string()))?;
        let insns = linked.insns.iter().map(|linked| match (linked.insn, &linked.reference) {
            (Insn::LoadImm64 { dst, .. }, Some(Reference::Map(id))) => {
                let fd = maps.get(&object.maps[*id].name).copied().unwrap_or(0);
                Insn::LoadImm64 { dst, value: Wide::MapFd(fd) }
            }
            (insn, _) => insn,
        });
        Ok(PyBytes::new(py, &encode_program(&insns.collect::<Vec<_>>(), Endian::NATIVE)))
    }

    /// Sets a global variable before anything is loaded: `NAME=VALUE`.
    fn set(&self, py: Python<'_>, assignment: &str) -> PyResult<Unit> {
        let set = self.compiled.clone().set(assignment);
        set.map(Unit::new).map_err(|error| errors::raise(py, &error))
    }

    /// Verifies every program for the running kernel: warnings as text and as JSON.
    fn verify(&self, py: Python<'_>) -> PyResult<(String, String)> {
        let report = py.detach(|| self.compiled.verify());
        report.map(|report| errors::shown(&report)).map_err(|error| errors::raise(py, &error))
    }

    /// Makes the maps in the kernel, except those that are given by name.
    fn prepare(&self, py: Python<'_>, given: Vec<(String, Py<Map>)>) -> PyResult<Vec<Map>> {
        let given = given.into_iter().map(|(name, map)| (name, map.get().share())).collect();
        let prepared = py.detach(|| self.compiled.clone().prepare(given));
        let prepared = prepared.map_err(|error| errors::raise(py, &error))?;
        let maps = prepared.maps().map(|map| Ok(Map::new(Arc::new(map.try_clone()?))));
        let maps = maps.collect::<Result<_, bpfc_loader::LoadError>>();
        let maps = maps.map_err(|error| errors::raise_use(py, &error))?;
        *self.prepared.lock().unwrap_or_else(PoisonError::into_inner) = Some(prepared);
        Ok(maps)
    }

    /// Loads a program as what its section or name says, or for an attach point such as `xdp:lo` (`spec`), or as a type of the
    /// kernel's numbering with an attach type or -1.
    #[pyo3(signature = (name, spec, prog_type, attach_type))]
    fn load(
        &self,
        py: Python<'_>,
        name: &str,
        spec: Option<&str>,
        prog_type: Option<u32>,
        attach_type: i64,
    ) -> PyResult<Program> {
        let object = self.object();
        let declared = object.function(name).map(|func| ProgKind::of(&object.functions[func]));
        let declared = declared.flatten();
        let kind = match (spec, prog_type) {
            (Some(spec), _) => {
                let spec: AttachSpec =
                    spec.parse().map_err(|error| errors::raise_use(py, &error))?;
                Some(spec.kind(declared.as_ref()))
            }
            (None, Some(number)) => Some(kind(number, attach_type, declared)?),
            (None, None) => None,
        };
        let program = self.with(py, |prepared| prepared.load(name, kind))?;
        Ok(Program::new(program))
    }

    /// A virtual machine with its maps and programs.
    fn machine(&self, py: Python<'_>) -> PyResult<Machine> {
        let machine = self.compiled.machine();
        machine.map(Machine::new).map_err(|error| errors::raise(py, &error))
    }
}

/// What a program is loaded as whose type was given as a number: what its section says where that is of this type.
fn kind(number: u32, attach: i64, declared: Option<ProgKind>) -> PyResult<ProgKind> {
    let ty = ProgType::from_number(number);
    let ty = ty.ok_or_else(|| PyValueError::new_err(format!("{number} is no type of programs")))?;
    let declared = declared.filter(|kind| kind.prog_type == ty);
    let mut kind = declared.unwrap_or_else(|| ProgKind::new(ty));
    if let Ok(attach) = u32::try_from(attach) {
        kind.attach_type = AttachType::from_number(attach);
    }
    Ok(kind)
}

/// Instructions as the kernel's log shows them: slot, first byte, text. The upper halves of wide instructions are left out.
#[pyfunction]
pub fn disassemble(bytes: &[u8]) -> PyResult<Vec<(u32, u8, String)>> {
    let insns = bpfc_isa::decode_program(bytes, Endian::NATIVE);
    let insns = insns.map_err(|error| PyValueError::new_err(error.to_string()))?;
    let mut slot = 0;
    let line = |insn: &bpfc_isa::Insn| {
        let opcode = bytes[slot as usize * 8];
        let helper = match insn {
            Insn::Call(Callee::Helper(id)) => bpfc_kabi::helper_by_id(*id).map(|it| it.name),
            _ => None,
        };
        let text = insn.text(bpfc_isa::Syntax::Kernel).with_symbol(helper).to_string();
        let shown = (slot, opcode, text);
        slot += insn.slots();
        shown
    };
    Ok(insns.iter().map(line).collect())
}
