//! Readers of perf buffers and ring buffers. Records are handed to functions of Python where they are, without copying:
//! as an address and a size that are good until the function returns.

use crate::errors;
use crate::map::Map;
use bpfc_loader::{Counters, Kernel, PerfBuffer, PerfEvent, RingBuffer};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::{Mutex, MutexGuard};

/// The reader of a perf event array.
#[pyclass(frozen, module = "bpfc._native")]
pub struct PerfReader {
    inner: Mutex<PerfBuffer>,
}

/// The reader of a ring buffer.
#[pyclass(frozen, module = "bpfc._native")]
pub struct RingReader {
    inner: Mutex<RingBuffer>,
}

/// A reader is busy while it hands out a record.
fn lock<T>(reader: &Mutex<T>) -> PyResult<MutexGuard<'_, T>> {
    let busy = |_| PyRuntimeError::new_err("this buffer is being read already");
    reader.try_lock().map_err(busy)
}

/// Goes on unless the function failed.
fn flow<T>(outcome: PyResult<T>, failure: &mut Option<PyErr>) -> ControlFlow<()> {
    match outcome {
        Ok(_) => ControlFlow::Continue(()),
        Err(error) => {
            *failure = Some(error);
            ControlFlow::Break(())
        }
    }
}

#[pymethods]
impl PerfReader {
    /// Opens buffers of `n_pages` on each CPU that is online.
    #[new]
    fn new(py: Python<'_>, map: &Map, n_pages: u32) -> PyResult<PerfReader> {
        let inner = PerfBuffer::new(&map.share(), &Kernel::new(), n_pages);
        let inner = inner.map_err(|error| errors::raise_use(py, &error))?;
        Ok(PerfReader { inner: Mutex::new(inner) })
    }

    /// To wait on: readable when there are records.
    fn fds(&self) -> PyResult<Vec<i32>> {
        Ok(lock(&self.inner)?.fds().map(|fd| fd.as_raw_fd()).collect())
    }

    /// Hands out what is there: `take(cpu, address, size)`, and `lost(count)` if it is not None. How many records there were.
    #[pyo3(signature = (take, lost))]
    fn consume(
        &self,
        py: Python<'_>,
        take: &Bound<'_, PyAny>,
        lost: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<usize> {
        let (mut n, mut failure) = (0, None);
        let _ = lock(&self.inner)?.consume(|event| match event {
            PerfEvent::Sample { cpu, data } => {
                n += 1;
                flow(take.call1((cpu, data.as_ptr() as usize, data.len())), &mut failure)
            }
            PerfEvent::Lost { n_samples, .. } => match lost {
                Some(lost) => flow(lost.call1((n_samples,)), &mut failure),
                None => ControlFlow::Continue(()),
            },
        });
        py.check_signals()?;
        failure.map_or(Ok(n), Err)
    }
}

#[pymethods]
impl RingReader {
    /// Opens the buffer of a map.
    #[new]
    fn new(py: Python<'_>, map: &Map) -> PyResult<RingReader> {
        let inner = RingBuffer::new(&map.share()).map_err(|error| errors::raise_use(py, &error))?;
        Ok(RingReader { inner: Mutex::new(inner) })
    }

    /// To wait on: readable when there are records.
    fn fds(&self) -> PyResult<Vec<i32>> {
        Ok(vec![lock(&self.inner)?.as_fd().as_raw_fd()])
    }

    /// Hands out what is there: `take(address, size)`, which may return a number below zero to stop. How many there were.
    fn consume(&self, py: Python<'_>, take: &Bound<'_, PyAny>) -> PyResult<usize> {
        let (mut n, mut failure) = (0, None);
        lock(&self.inner)?.consume(|data| {
            n += 1;
            let outcome = take.call1((data.as_ptr() as usize, data.len()));
            let wants_stop = |value: &Bound<'_, PyAny>| value.extract::<i64>().is_ok_and(|n| n < 0);
            match outcome {
                Ok(value) if wants_stop(&value) => ControlFlow::Break(()),
                outcome => flow(outcome, &mut failure),
            }
        });
        py.check_signals()?;
        failure.map_or(Ok(n), Err)
    }
}

/// Counters of each CPU in a perf event array, for programs to read; they count as long as this lives.
#[pyclass(frozen, module = "bpfc._native")]
pub struct OpenCounters {
    _inner: Counters,
}

/// Starts counters: `ty` and `config` are those of `struct perf_event_attr`.
#[pyfunction]
pub fn open_counters(
    py: Python<'_>,
    map: &Map,
    ty: u32,
    config: u64,
    pid: i64,
) -> PyResult<OpenCounters> {
    let pid = u32::try_from(pid).ok();
    let opened = Counters::open(&map.share(), &Kernel::new(), (ty, config), pid);
    let inner = opened.map_err(|error| errors::raise_use(py, &error))?;
    Ok(OpenCounters { _inner: inner })
}
