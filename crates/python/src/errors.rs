//! Errors as exceptions of the package, which carry what they say as text and as data.

use bpfc::{Error, Report, Stage};
use bpfc_base::Session;
use bpfc_base::render::{Color, Format, render};
use bpfc_loader::LoadError;
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;

/// The module that has the exceptions' classes.
const CLASSES: &str = "bpfc.errors";

/// An exception for what went wrong on the way from source to a running program.
pub fn raise(py: Python<'_>, error: &Error) -> PyErr {
    let class = match error.stage() {
        Stage::Compile | Stage::Configure | Stage::Check => "CompileError",
        Stage::Run => "RunError",
        Stage::Load | Stage::Use => "LoadError",
        Stage::Attach => "AttachError",
    };
    let errno = error.load_error().and_then(LoadError::errno).map(|errno| errno.0);
    let json = error.report().render(Format::Json);
    let log = match error.load_error() {
        Some(LoadError::Rejected(rejection)) => rejection.log.as_str(),
        _ => "",
    };
    make(py, class, &error.to_string(), &json, errno, log)
}

/// An exception for what a map, a link or a buffer did not do.
pub fn raise_use(py: Python<'_>, error: &LoadError) -> PyErr {
    let errno = error.errno().map(|errno| errno.0);
    match errno {
        // As ctypes would say it, with the kernel's number.
        Some(errno) => PyOSError::new_err((errno, error.to_string())),
        None => make(py, "LoadError", &error.to_string(), "", None, ""),
    }
}

/// An exception for a program that was not attached.
pub fn raise_attach(py: Python<'_>, error: &LoadError) -> PyErr {
    let (session, diagnostics) = (Session::default(), [error.to_diagnostic()]);
    let text = render(&session, &diagnostics, Format::Human(Color::Never));
    let json = render(&session, &diagnostics, Format::Json);
    let errno = error.errno().map(|errno| errno.0);
    make(py, "AttachError", text.trim_end(), &json, errno, "")
}

fn make(
    py: Python<'_>,
    class: &str,
    text: &str,
    json: &str,
    errno: Option<i32>,
    log: &str,
) -> PyErr {
    let made = py
        .import(CLASSES)
        .and_then(|module| module.getattr(class))
        .and_then(|class| class.call1((text, json, errno, log)));
    made.map_or_else(|error| error, PyErr::from_value)
}

/// Warnings as text, and all diagnostics as JSON.
pub fn shown(report: &Report) -> (String, String) {
    (report.render(Format::Human(Color::Never)), report.render(Format::Json))
}
