//! Maps of the kernel: bytes in, bytes out.

use crate::errors;
use crate::ffi::borrowed;
use bpfc_kabi::UpdateFlag;
use bpfc_loader::{Element, Kernel, LoadError};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use std::os::fd::{AsFd, AsRawFd};
use std::path::PathBuf;
use std::sync::Arc;

/// A map. Values of per-CPU maps are those of all possible CPUs, one after the other, each at a multiple of 8 bytes.
#[pyclass(frozen, weakref, module = "bpfc._native")]
pub struct Map {
    inner: Arc<bpfc_loader::Map>,
}

/// Keys and values, joined, as bytes.
type Pairs<'py> = Vec<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)>;

impl Map {
    pub fn new(inner: Arc<bpfc_loader::Map>) -> Map {
        Map { inner }
    }

    pub fn share(&self) -> Arc<bpfc_loader::Map> {
        Arc::clone(&self.inner)
    }

    /// Bytes from one CPU's value to the next.
    fn stride(&self) -> usize {
        (self.inner.value_size_bytes() as usize).next_multiple_of(8).max(8)
    }

    fn is_per_cpu(&self) -> bool {
        self.inner.kind().is_some_and(bpfc_kabi::MapType::is_per_cpu)
    }

    /// The values of all CPUs as one.
    fn join(&self, values: Vec<Vec<u8>>) -> Vec<u8> {
        if !self.is_per_cpu() {
            return values.concat();
        }
        let mut joined = Vec::with_capacity(values.len() * self.stride());
        for value in values {
            joined.extend_from_slice(&value);
            joined.resize(joined.len().next_multiple_of(self.stride()), 0);
        }
        joined
    }

    /// The value of each CPU.
    fn split(&self, value: &[u8]) -> PyResult<Vec<Vec<u8>>> {
        if !self.is_per_cpu() {
            return Ok(vec![value.to_vec()]);
        }
        let (n, stride) = (self.inner.value_size_bytes() as usize, self.stride());
        let n_bytes = self.inner.n_values() as usize * stride;
        if value.len() != n_bytes {
            let message =
                format!("the values of all CPUs have {n_bytes} bytes, not {}", value.len());
            return Err(PyValueError::new_err(message));
        }
        Ok(value.chunks(stride).map(|value| value[..n].to_vec()).collect())
    }

    fn pairs<'py>(&self, py: Python<'py>, elements: Vec<Element>) -> Pairs<'py> {
        let pair =
            |(key, values): Element| (PyBytes::new(py, &key), PyBytes::new(py, &self.join(values)));
        elements.into_iter().map(pair).collect()
    }

    fn elements(&self, pairs: &[(Vec<u8>, Vec<u8>)]) -> PyResult<Vec<Element>> {
        pairs.iter().map(|(key, value)| Ok((key.clone(), self.split(value)?))).collect()
    }
}

/// Runs without the interpreter's lock.
fn run<T: Send>(py: Python<'_>, act: impl FnOnce() -> Result<T, LoadError> + Send) -> PyResult<T> {
    py.detach(act).map_err(|error| errors::raise_use(py, &error))
}

fn flag(number: u64) -> PyResult<UpdateFlag> {
    match number {
        0 => Ok(UpdateFlag::Any),
        1 => Ok(UpdateFlag::NoExist),
        2 => Ok(UpdateFlag::Exist),
        4 => Ok(UpdateFlag::Lock),
        number => Err(PyValueError::new_err(format!("{number} is no way to update"))),
    }
}

#[pymethods]
impl Map {
    /// Opens a pinned map.
    #[staticmethod]
    fn open_pinned(py: Python<'_>, path: PathBuf) -> PyResult<Map> {
        run(py, || bpfc_loader::Map::open_pinned(&path, &Kernel::new()))
            .map(|map| Map::new(Arc::new(map)))
    }

    /// Its descriptor, which is closed with the last object of this map.
    #[getter]
    fn fd(&self) -> i32 {
        self.inner.as_fd().as_raw_fd()
    }

    /// The kernel's number for it.
    #[getter]
    fn id(&self) -> u32 {
        self.inner.id()
    }

    /// The number of its type.
    #[getter]
    fn kind(&self) -> u32 {
        self.inner.map_type()
    }

    /// Elements that it has room for.
    #[getter]
    fn max_entries(&self) -> u32 {
        self.inner.max_entries()
    }

    /// Bytes of a key.
    #[getter]
    fn key_size(&self) -> u32 {
        self.inner.key_size_bytes()
    }

    /// Bytes of a value of one CPU.
    #[getter]
    fn value_size(&self) -> u32 {
        self.inner.value_size_bytes()
    }

    /// Values in an element: the possible CPUs of per-CPU maps, otherwise 1.
    #[getter]
    fn n_values(&self) -> u32 {
        self.inner.n_values()
    }

    /// The value of a key, or none.
    fn lookup<'py>(&self, py: Python<'py>, key: &[u8]) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let values = self.inner.lookup(key).map_err(|error| errors::raise_use(py, &error))?;
        Ok(values.map(|values| PyBytes::new(py, &self.join(values))))
    }

    /// Sets the value of a key.
    fn update(&self, py: Python<'_>, key: &[u8], value: &[u8], flags: u64) -> PyResult<()> {
        let (values, flag) = (self.split(value)?, flag(flags)?);
        let outcome = self.inner.update_values(key, &values, flag);
        outcome.map_err(|error| errors::raise_use(py, &error))
    }

    /// Puts what a descriptor stands for into a map of maps, programs, events or sockets.
    fn insert(&self, py: Python<'_>, key: &[u8], fd: i32) -> PyResult<()> {
        let fd = borrowed(fd)?;
        self.inner.insert(key, fd).map_err(|error| errors::raise_use(py, &error))
    }

    /// Removes a key; false if it is not there.
    fn delete(&self, py: Python<'_>, key: &[u8]) -> PyResult<bool> {
        self.inner.delete(key).map_err(|error| errors::raise_use(py, &error))
    }

    /// The key behind `previous`, or the first.
    #[pyo3(signature = (previous))]
    fn next_key<'py>(
        &self,
        py: Python<'py>,
        previous: Option<&[u8]>,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let key = self.inner.next_key(previous).map_err(|error| errors::raise_use(py, &error))?;
        Ok(key.map(|key| PyBytes::new(py, &key)))
    }

    /// All keys, as far as they are there when they are come to.
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let keys = run(py, || self.inner.keys().collect::<Result<Vec<_>, _>>())?;
        PyList::new(py, keys.iter().map(|key| PyBytes::new(py, key)))
    }

    /// All keys and values.
    fn dump<'py>(&self, py: Python<'py>) -> PyResult<Pairs<'py>> {
        let elements = run(py, || self.inner.dump())?;
        Ok(self.pairs(py, elements))
    }

    /// All keys and values, which are removed.
    fn drain<'py>(&self, py: Python<'py>) -> PyResult<Pairs<'py>> {
        let elements = run(py, || self.inner.drain())?;
        Ok(self.pairs(py, elements))
    }

    /// Sets many values.
    fn update_many(
        &self,
        py: Python<'_>,
        pairs: Vec<(Vec<u8>, Vec<u8>)>,
        flags: u64,
    ) -> PyResult<()> {
        let (elements, flag) = (self.elements(&pairs)?, flag(flags)?);
        run(py, || self.inner.update_batch(&elements, flag))
    }

    /// Removes many keys: how many were there.
    fn delete_many(&self, py: Python<'_>, keys: Vec<Vec<u8>>) -> PyResult<usize> {
        run(py, || self.inner.delete_batch(&keys))
    }

    /// Takes the next value out of a queue or stack.
    fn pop<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let value = self.inner.pop().map_err(|error| errors::raise_use(py, &error))?;
        Ok(value.map(|value| PyBytes::new(py, &value)))
    }

    /// Reads the next value of a queue or stack, and leaves it.
    fn peek<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let value = self.inner.lookup(&[]).map_err(|error| errors::raise_use(py, &error))?;
        Ok(value.map(|values| PyBytes::new(py, &values.concat())))
    }

    /// Puts a value into a queue, stack or bloom filter.
    fn push(&self, py: Python<'_>, value: &[u8], flags: u64) -> PyResult<()> {
        let flag = flag(flags)?;
        let outcome = self.inner.update(&[], value, flag);
        outcome.map_err(|error| errors::raise_use(py, &error))
    }

    /// Whether a bloom filter may hold a value.
    fn may_contain(&self, py: Python<'_>, value: &[u8]) -> PyResult<bool> {
        self.inner.may_contain(value).map_err(|error| errors::raise_use(py, &error))
    }

    /// Gives it a name in a bpffs.
    fn pin(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        self.inner.pin(&path).map_err(|error| errors::raise_use(py, &error))
    }
}
