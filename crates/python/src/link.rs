//! Attachments.

use crate::errors;
use pyo3::prelude::*;
use std::io::Read;
use std::os::fd::AsRawFd;
use std::sync::{Mutex, PoisonError};

/// What holds a program to its place. When it goes, so does the attachment.
#[pyclass(frozen, module = "bpfc._native")]
pub struct Link {
    inner: Mutex<Option<bpfc_loader::Link>>,
    n_places: usize,
}

impl Link {
    pub fn new(link: bpfc_loader::Link) -> Link {
        let n_places = link.n_places();
        Link { inner: Mutex::new(Some(link)), n_places }
    }

    fn take(&self) -> Option<bpfc_loader::Link> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[pymethods]
impl Link {
    /// At how many places it is attached.
    #[getter]
    fn n_places(&self) -> usize {
        self.n_places
    }

    /// Detaches; nothing if that was done.
    fn detach(&self, py: Python<'_>) -> PyResult<()> {
        let detached = py.detach(|| self.take().map_or(Ok(()), bpfc_loader::Link::detach));
        detached.map_err(|error| errors::raise_use(py, &error))
    }

    /// The descriptor of the socket that a socket filter was attached to by making one.
    fn socket(&self) -> Option<i32> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.as_ref()?.socket().map(|fd| fd.as_raw_fd())
    }

    /// Runs an iterator: what it printed.
    fn iterate(&self, py: Python<'_>) -> PyResult<Vec<u8>> {
        let file = {
            let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
            inner.as_ref().map(|link| link.iterate()).transpose()
        };
        let file = file.map_err(|error| errors::raise_use(py, &error))?;
        let mut text = Vec::new();
        if let Some(mut file) = file {
            py.detach(|| file.read_to_end(&mut text))?;
        }
        Ok(text)
    }
}
