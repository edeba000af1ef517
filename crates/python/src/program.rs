//! Programs in the kernel.

use crate::errors;
use crate::ffi::borrowed;
use crate::link::Link;
use bpfc_loader::{
    AttachSpec, Counter, Kernel, ProbePoint, SampleRate, TestInput, TraceOptions, TracePlace,
    TraceSpec,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::os::fd::{AsFd, AsRawFd};
use std::path::PathBuf;

/// A loaded program.
#[pyclass(frozen, module = "bpfc._native")]
pub struct Program {
    inner: bpfc_loader::Program,
}

impl Program {
    pub fn new(inner: bpfc_loader::Program) -> Program {
        Program { inner }
    }

    fn attached(&self, py: Python<'_>, spec: &AttachSpec) -> PyResult<Link> {
        let link = py.detach(|| bpfc_loader::attach(&self.inner, spec, &Kernel::new()));
        link.map(Link::new).map_err(|error| errors::raise_attach(py, &error))
    }
}

#[pymethods]
impl Program {
    /// Its descriptor, which is closed with this object.
    #[getter]
    fn fd(&self) -> i32 {
        self.inner.as_fd().as_raw_fd()
    }

    /// The kernel's number for it.
    #[getter]
    fn id(&self, py: Python<'_>) -> PyResult<u32> {
        self.inner.id().map_err(|error| errors::raise_use(py, &error))
    }

    /// Attaches it where `spec` says: `kprobe:do_unlinkat`, `xdp:eth0`.
    fn attach(&self, py: Python<'_>, spec: &str) -> PyResult<Link> {
        let spec: AttachSpec = spec.parse().map_err(|error| errors::raise_attach(py, &error))?;
        self.attached(py, &spec)
    }

    /// Attaches it to a place in a file: `offset` bytes behind the function `symbol`, or in the file.
    #[pyo3(signature = (path, symbol, offset, is_return, pid))]
    fn attach_uprobe(
        &self,
        py: Python<'_>,
        path: PathBuf,
        symbol: String,
        offset: u64,
        is_return: bool,
        pid: Option<u32>,
    ) -> PyResult<Link> {
        let point = if is_return { ProbePoint::Return } else { ProbePoint::Entry };
        let place = TracePlace::Uprobe { path, symbol, offset, point };
        let options = TraceOptions { pid, ..TraceOptions::default() };
        self.attached(py, &AttachSpec::Trace(TraceSpec { place, options }))
    }

    /// Attaches it to a marker of a file.
    #[pyo3(signature = (path, provider, name, pid))]
    fn attach_marker(
        &self,
        py: Python<'_>,
        path: PathBuf,
        provider: String,
        name: String,
        pid: Option<u32>,
    ) -> PyResult<Link> {
        let place = TracePlace::Usdt { path, provider, name };
        let options = TraceOptions { pid, ..TraceOptions::default() };
        self.attached(py, &AttachSpec::Trace(TraceSpec { place, options }))
    }

    /// Attaches it to a counter: `event` is `type` and `config` of `struct perf_event_attr`, `rate` a frequency, or 0 and a
    /// period, `scope` a process and a CPU or none.
    fn attach_counter(
        &self,
        py: Python<'_>,
        event: (u32, u64),
        rate: (u64, u64),
        scope: (Option<u32>, Option<u32>),
    ) -> PyResult<Link> {
        let ((ty, config), (frequency, period), (pid, cpu)) = (event, rate, scope);
        let counter = Counter::of(ty, config).ok_or_else(|| {
            PyValueError::new_err(format!("counters of type {ty} run no programs"))
        })?;
        let rate = match frequency {
            0 => SampleRate::Period(period),
            hz => SampleRate::Frequency(hz),
        };
        let place = TracePlace::PerfEvent { counter, rate };
        let options = TraceOptions { pid, cpu, ..TraceOptions::default() };
        self.attached(py, &AttachSpec::Trace(TraceSpec { place, options }))
    }

    /// Attaches it to what a descriptor stands for, without a link.
    fn attach_raw(&self, py: Python<'_>, fd: i32, attach_type: u32, flags: u32) -> PyResult<()> {
        let target = borrowed(fd)?;
        let outcome = self.inner.attach_to_fd(target, attach_type, flags);
        outcome.map_err(|error| errors::raise_use(py, &error))
    }

    /// Takes it away from there.
    fn detach_raw(&self, py: Python<'_>, fd: i32, attach_type: u32) -> PyResult<()> {
        let outcome = self.inner.detach_from_fd(borrowed(fd)?, attach_type);
        outcome.map_err(|error| errors::raise_use(py, &error))
    }

    /// Runs it in the kernel on a packet or a context: result, packet afterwards, context afterwards, nanoseconds.
    #[pyo3(signature = (data, ctx, repeat))]
    fn test_run<'py>(
        &self,
        py: Python<'py>,
        data: &[u8],
        ctx: &[u8],
        repeat: u32,
    ) -> PyResult<(u32, Bound<'py, PyBytes>, Bound<'py, PyBytes>, u32)> {
        let output = py.detach(|| self.inner.test_run(&TestInput { data, ctx, repeat }));
        let output = output.map_err(|error| errors::raise_use(py, &error))?;
        let (data, ctx) = (PyBytes::new(py, &output.data), PyBytes::new(py, &output.ctx));
        Ok((output.retval, data, ctx, output.duration_ns))
    }
}
