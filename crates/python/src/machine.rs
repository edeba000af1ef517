//! Programs in the virtual machine, which needs no rights.

use crate::errors;
use bpfc::vm::{ArgValue, Effect, Input};
use bpfc_kabi::UpdateFlag;
use bpfc_object::MapId;
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use std::sync::{Mutex, PoisonError};

/// A machine with the maps and programs of a source. Maps keep their content from run to run.
#[pyclass(frozen, module = "bpfc._native")]
pub struct Machine {
    inner: Mutex<bpfc::Machine>,
}

impl Machine {
    pub fn new(machine: bpfc::Machine) -> Machine {
        Machine { inner: Mutex::new(machine) }
    }

    fn name(&self, map: MapId) -> String {
        let machine = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        machine.object().maps[map].name.clone()
    }

    fn with<T>(
        &self,
        py: Python<'_>,
        act: impl FnOnce(&mut bpfc::Machine) -> Result<T, bpfc::Error>,
    ) -> PyResult<T> {
        let mut machine = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut machine).map_err(|error| errors::raise(py, &error))
    }
}

/// Values of all CPUs, each at a multiple of 8 bytes.
fn join(values: Vec<Vec<u8>>) -> Vec<u8> {
    if values.len() == 1 {
        return values.concat();
    }
    let mut joined = Vec::new();
    for value in values {
        joined.extend_from_slice(&value);
        joined.resize(joined.len().next_multiple_of(8), 0);
    }
    joined
}

#[pymethods]
impl Machine {
    /// The value of a key, or none.
    fn lookup<'py>(
        &self,
        py: Python<'py>,
        map: &str,
        key: &[u8],
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let values = self.with(py, |machine| machine.lookup(map, key))?;
        Ok(values.map(|values| PyBytes::new(py, &join(values))))
    }

    /// Sets the value of a key; of all CPUs, where each has its own.
    fn update(
        &self,
        py: Python<'_>,
        map: &str,
        key: &[u8],
        value: &[u8],
        flags: u64,
    ) -> PyResult<()> {
        let flag = match flags {
            0 => UpdateFlag::Any,
            1 => UpdateFlag::NoExist,
            2 => UpdateFlag::Exist,
            flags => return Err(PyValueError::new_err(format!("{flags} is no way to update"))),
        };
        let outcome = self.with(py, |machine| machine.update_with(map, key, value, flag))?;
        outcome.map_err(|errno| {
            let errno = i32::try_from(errno.unsigned_abs()).unwrap_or(0);
            PyOSError::new_err((errno, format!("map `{map}` refuses")))
        })
    }

    /// Removes a key; false if it is not there.
    fn delete(&self, py: Python<'_>, map: &str, key: &[u8]) -> PyResult<bool> {
        self.with(py, |machine| {
            let is_there = machine.lookup(map, key)?.is_some();
            match is_there {
                true => machine.delete(map, key).map(|()| true),
                false => Ok(false),
            }
        })
    }

    /// All keys and values.
    fn dump<'py>(
        &self,
        py: Python<'py>,
        map: &str,
    ) -> PyResult<Vec<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)>> {
        let elements = self.with(py, |machine| machine.elements(map))?;
        let pair = |(key, values): (Vec<u8>, Vec<Vec<u8>>)| {
            (PyBytes::new(py, &key), PyBytes::new(py, &join(values)))
        };
        Ok(elements.into_iter().map(pair).collect())
    }

    /// Runs a program: a dictionary with `ret`, `packet`, `context`, `n_insns`, `effects`, which are printed lines
    /// (`("printk", text)`) and records (`("event", map, bytes)`).
    #[pyo3(signature = (program, packet, context, args))]
    fn run<'py>(
        &self,
        py: Python<'py>,
        program: &str,
        packet: Option<Vec<u8>>,
        context: Option<Vec<u8>>,
        args: Vec<u64>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let args = args.into_iter().map(ArgValue::Number).collect();
        let input = Input { packet, context, args, ..Input::default() };
        let outcome = self.with(py, |machine| machine.run(program, &input))?;
        let effects = PyList::empty(py);
        for effect in &outcome.effects {
            match effect {
                Effect::Printk(text) => effects.append(("printk", text))?,
                Effect::Ringbuf { map, bytes } | Effect::PerfEvent { map, bytes, .. } => {
                    effects.append(("event", self.name(*map), PyBytes::new(py, bytes)))?;
                }
                other => effects.append(("other", format!("{other:?}")))?,
            }
        }
        let result = PyDict::new(py);
        result.set_item("ret", outcome.ret)?;
        result.set_item("packet", outcome.packet.map(|packet| PyBytes::new(py, &packet)))?;
        result.set_item("context", PyBytes::new(py, &outcome.context))?;
        result.set_item("n_insns", outcome.n_insns)?;
        result.set_item("effects", effects)?;
        Ok(result)
    }
}
