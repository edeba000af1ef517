//! Why something failed.

use crate::ffi::{ask, c_string, free};
use crate::report::bpfc_report;
use bpfc::Stage;
use bpfc::loader::Errno;
use std::ffi::{CString, c_char, c_int};
use std::ptr;

/// What kind of failure it is; what a function that returns `int` returns.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum bpfc_status {
    /// It worked.
    BPFC_OK = 0,
    /// The call was wrong: NULL, a number that means nothing, a size that does not fit.
    BPFC_ERROR_ARGUMENT = -1,
    /// The library is wrong; please report it.
    BPFC_ERROR_BUG = -2,
    /// A file cannot be read, or the system lacks something.
    BPFC_ERROR_SYSTEM = -3,
    /// The source is wrong, or the object file cannot be read.
    BPFC_ERROR_COMPILE = -4,
    /// There is no such variable, program or place, or it does not take the value.
    BPFC_ERROR_CONFIGURE = -5,
    /// The kernel would reject a program.
    BPFC_ERROR_VERIFY = -6,
    /// A run failed, in the virtual machine or in the kernel.
    BPFC_ERROR_RUN = -7,
    /// The kernel did not load the object.
    BPFC_ERROR_LOAD = -8,
    /// A program could not be attached or detached.
    BPFC_ERROR_ATTACH = -9,
    /// A map, a variable or a source of events could not be used.
    BPFC_ERROR_USE = -10,
}

/// Why something failed.
pub struct bpfc_error {
    status: bpfc_status,
    errno: c_int,
    text: CString,
    report: bpfc_report,
}

impl bpfc_error {
    pub(crate) fn new(status: bpfc_status, text: &str) -> bpfc_error {
        let report = bpfc_report::default();
        bpfc_error { status, errno: 0, text: c_string(text), report }
    }

    pub(crate) fn argument(text: &str) -> bpfc_error {
        bpfc_error::new(bpfc_status::BPFC_ERROR_ARGUMENT, text)
    }

    pub(crate) fn bug(words: &str) -> bpfc_error {
        let text = format!("bpfc failed, and this is a bug of bpfc, please report it: {words}");
        bpfc_error::new(bpfc_status::BPFC_ERROR_BUG, &text)
    }

    pub(crate) fn of_errno(status: bpfc_status, what: &str, error: &std::io::Error) -> bpfc_error {
        let errno = Errno(error.raw_os_error().unwrap_or(0));
        let why = if errno.0 == 0 { error.to_string() } else { errno.to_string() };
        let new = bpfc_error::new(status, &format!("cannot {what}: {why}"));
        bpfc_error { errno: errno.0, ..new }
    }

    /// With the number of the kernel's answer.
    pub(crate) fn with_errno(self, errno: i32) -> bpfc_error {
        bpfc_error { errno, ..self }
    }

    pub(crate) fn status(&self) -> bpfc_status {
        self.status
    }
}

impl From<bpfc::Error> for bpfc_error {
    fn from(error: bpfc::Error) -> bpfc_error {
        let status = match error.stage() {
            Stage::Compile => bpfc_status::BPFC_ERROR_COMPILE,
            Stage::Configure => bpfc_status::BPFC_ERROR_CONFIGURE,
            Stage::Check => bpfc_status::BPFC_ERROR_VERIFY,
            Stage::Run => bpfc_status::BPFC_ERROR_RUN,
            Stage::Load => bpfc_status::BPFC_ERROR_LOAD,
            Stage::Attach => bpfc_status::BPFC_ERROR_ATTACH,
            Stage::Use => bpfc_status::BPFC_ERROR_USE,
        };
        let errno = error.load_error().and_then(bpfc::loader::LoadError::errno);
        bpfc_error {
            status,
            errno: errno.map_or(0, |errno| errno.0),
            text: c_string(&error.to_string()),
            report: bpfc_report::new(error.report().clone()),
        }
    }
}

/// An error of the loader that no object stands behind.
pub(crate) fn of_loader(status: bpfc_status, error: &bpfc::loader::LoadError) -> bpfc_error {
    let new = bpfc_error::new(status, &error.to_string());
    new.with_errno(error.errno().map_or(0, |errno| errno.0))
}

/// What kind of failure it is: one of `enum bpfc_status`; `BPFC_OK` of NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_error_status(error: Option<&bpfc_error>) -> c_int {
    ask(error, 0, |error| error.status as c_int)
}

/// What is wrong, in words: all diagnostics as `bpfc` prints them, with excerpts of the source. NULL of NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_error_text(error: Option<&bpfc_error>) -> *const c_char {
    ask(error, ptr::null(), |error| error.text.as_ptr())
}

/// What the kernel answered, such as EPERM; 0 if it was not asked. It may be 524 (ENOTSUPP), which `errno.h` lacks.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_error_errno(error: Option<&bpfc_error>) -> c_int {
    ask(error, 0, |error| error.errno)
}

/// What is wrong, as data. It belongs to the error. It is empty where the call was wrong.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_error_report(error: Option<&bpfc_error>) -> *const bpfc_report {
    ask(error, ptr::null(), |error| ptr::from_ref(&error.report))
}

/// Gives an error back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_error_free(error: *mut bpfc_error) {
    free(error);
}
