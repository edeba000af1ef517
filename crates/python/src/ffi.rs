//! What comes from Python as a number and stands for something open.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::os::fd::BorrowedFd;

/// The caller's descriptor, for the time of a call.
#[expect(unsafe_code, reason = "descriptors of Python are numbers")]
pub fn borrowed<'fd>(fd: i32) -> PyResult<BorrowedFd<'fd>> {
    if fd < 0 {
        return Err(PyValueError::new_err(format!("{fd} is no descriptor")));
    }
    // SAFETY: it is not -1; if nothing is open under this number, the kernel says so.
    Ok(unsafe { BorrowedFd::borrow_raw(fd) })
}
