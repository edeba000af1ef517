//! What there is to trace, and what the kernel's types say.

use crate::errors;
use crate::types;
use bpfc_btf::{Kind, KindSet};
use bpfc_loader::{Kernel, Tracefs};
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A marker at one place: provider, name, address, semaphore, arguments.
type Marker = (String, String, u64, u64, String);

/// The USDT markers of a file, in its order.
#[pyfunction]
pub fn markers(py: Python<'_>, path: PathBuf) -> PyResult<Vec<Marker>> {
    let notes = py.detach(|| {
        let bytes = std::fs::read(&path)?;
        bpfc::usdt_notes(&path.to_string_lossy(), &bytes)
            .map_err(|diagnostic| std::io::Error::other(diagnostic.message))
    });
    let notes =
        notes.map_err(|error| PyOSError::new_err(format!("{}: {error}", path.display())))?;
    let marker = |note: bpfc::UsdtNote| {
        (note.provider, note.name, note.address, note.semaphore, note.arguments)
    };
    Ok(notes.into_iter().map(marker).collect())
}

/// Whether a struct of the running kernel has a member; none if there is no such struct.
#[pyfunction]
pub fn member_exists(py: Python<'_>, name: &str, member: &str) -> Option<bool> {
    py.detach(|| {
        let kernel = Kernel::new();
        let btf = kernel.btf()?;
        let id = btf.find_by_name(name, KindSet::of(&[Kind::Struct, Kind::Union]))?;
        Some(btf.find_field(id, member).ok()?.is_some())
    })
}

/// The value of an enumerator of the running kernel.
#[pyfunction]
pub fn enumerator(py: Python<'_>, name: &str) -> Option<i128> {
    py.detach(|| Kernel::new().btf()?.find_enumerator(name).map(|(_, value)| value))
}

/// The tree of a struct or union of the running kernel.
#[pyfunction]
pub fn kernel_type<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    let kernel = Kernel::new();
    let found = kernel.btf().and_then(|btf| {
        let id = btf.find_by_name(name, KindSet::of(&[Kind::Struct, Kind::Union]))?;
        Some((btf, id))
    });
    match found {
        Some((btf, id)) => types::tree(py, btf, id),
        None => Err(PyValueError::new_err(format!("the kernel has no struct `{name}`"))),
    }
}

/// Whether the kernel has a function.
#[pyfunction]
pub fn has_function(py: Python<'_>, name: &str) -> bool {
    py.detach(|| {
        let kernel = Kernel::new();
        let typed = kernel.btf().is_some_and(|btf| btf.find_func(name).is_some());
        typed || kernel.symbols().is_some_and(|symbols| symbols.functions().any(|it| it == name))
    })
}

/// The functions of the kernel, as it lists its symbols.
#[pyfunction]
pub fn functions(py: Python<'_>) -> Vec<String> {
    py.detach(|| {
        let kernel = Kernel::new();
        kernel.symbols().map(|it| it.functions().map(str::to_owned).collect()).unwrap_or_default()
    })
}

/// The functions of a program or library: name, address, and offset in the file.
#[pyfunction]
pub fn functions_of_file(py: Python<'_>, path: PathBuf) -> PyResult<Vec<(String, u64, u64)>> {
    let found = py.detach(|| {
        let path = bpfc_loader::find_file(&path, None)?;
        bpfc_loader::functions_of_file(&path)
    });
    found.map_err(|error| errors::raise_attach(py, &error))
}

/// The file of a library or command, as a process has it.
#[pyfunction]
#[pyo3(signature = (name, pid))]
pub fn find_file(py: Python<'_>, name: PathBuf, pid: Option<u32>) -> Option<String> {
    let found = py.detach(|| bpfc_loader::find_file(&name, pid).ok())?;
    found.exists().then(|| found.to_string_lossy().into_owned())
}

/// Whether the kernel runs programs at `fentry`, `fmod_ret` or `lsm`.
#[pyfunction]
pub fn supports(py: Python<'_>, kind: &str) -> bool {
    let hooks = kind != "lsm" || Path::new("/sys/kernel/security/lsm").exists();
    hooks && py.detach(|| bpfc_loader::has_trampolines(&Kernel::new()))
}

/// Where tracefs is: mounted for this process alone, if nobody else has it.
#[pyfunction]
pub fn tracefs(py: Python<'_>) -> PyResult<String> {
    static OPENED: OnceLock<Tracefs> = OnceLock::new();
    if OPENED.get().is_none() {
        let opened = Tracefs::open().map_err(|error| errors::raise_use(py, &error))?;
        // Another thread may have been faster.
        let _ = OPENED.set(opened);
    }
    Ok(OPENED.get().map(|it| it.join("").display().to_string()).unwrap_or_default())
}

/// Where in a file an address is, as the file has it.
#[pyfunction]
pub fn offset_in_file(py: Python<'_>, path: PathBuf, address: u64) -> PyResult<Option<u64>> {
    let found = py.detach(|| bpfc_loader::offset_in_file(&path, address));
    found.map_err(|error| errors::raise_attach(py, &error))
}
