//! Source to [`Unit`]s.

use crate::errors;
use crate::files::Files;
use crate::unit::Unit;
use bpfc::{Dialect, Program, UsdtLocation, UsdtProbe};
use bpfc_loader::Kernel;
use pyo3::prelude::*;

/// Places of markers that functions of a program handle: function, then address and arguments of each place.
type Markers = Vec<(String, Vec<(u64, String)>)>;

/// Compiles `text`. `flags` are those of a compiler, as BCC takes them; `markers` say where arguments of USDT markers are, `tables`
/// what type public tables of other programs are (`("counts", "hash")`).
#[pyfunction]
#[pyo3(signature = (text, name, flags, markers, tables, dialect))]
pub fn compile(
    py: Python<'_>,
    text: String,
    name: &str,
    flags: Vec<String>,
    markers: Markers,
    tables: Vec<(String, String)>,
    dialect: Option<&str>,
) -> PyResult<Unit> {
    let mut options = bpfc::Options {
        dialect: match dialect {
            Some("bcc") => Some(Dialect::Bcc),
            Some(_) => Some(Dialect::C),
            None => None,
        },
        usdt: markers.into_iter().map(probe).collect(),
        n_cpus: online_cpus(),
        tables,
        ..bpfc::Options::default()
    };
    let mut files = Files::default();
    apply(&flags, &mut options, &mut files);
    let source = Program::source(text).name(name).options(options);
    // Nothing of the interpreter's is touched meanwhile.
    let compiled = py.detach(|| source.compile_with(&mut files));
    compiled.map(Unit::new).map_err(|error| errors::raise(py, &error))
}

fn probe((function, places): (String, Vec<(u64, String)>)) -> UsdtProbe {
    let location = |(address, arguments)| UsdtLocation { address, arguments };
    UsdtProbe { function, locations: places.into_iter().map(location).collect() }
}

fn online_cpus() -> Option<u32> {
    Kernel::new().online_cpus().ok()?.len().try_into().ok()
}

/// Flags that mean something to this compiler; others are of clang's, such as `-w` and `-O2`.
fn apply(flags: &[String], options: &mut bpfc::Options, files: &mut Files) {
    let mut rest = flags.iter();
    while let Some(flag) = rest.next() {
        let mut value = |prefix: &str| {
            let joined = flag.strip_prefix(prefix)?;
            let mut separate = || rest.next().map(String::as_str);
            (if joined.is_empty() { separate() } else { Some(joined) }).map(str::to_owned)
        };
        if let Some(define) = value("-D") {
            options.defines.push(define);
        } else if let Some(name) = value("-U") {
            options.undefines.push(name);
        } else if let Some(file) = value("-include") {
            options.includes.push(file);
        } else if let Some(folder) = value("-I") {
            files.folders.push(folder.into());
        }
    }
}
