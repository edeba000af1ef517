//! Addresses as names, and names as addresses.

use bpfc::symbols::{Frame, FrameKind, Symbolizer};
use bpfc_loader::Kernel;
use pyo3::prelude::*;
use std::cell::RefCell;

/// The name, the offset in the function, the file; no name if it is not known.
pub type Shown = (Option<String>, u64, Option<String>);

thread_local! {
    /// What a thread read of the kernel and of processes.
    static SYMBOLIZER: RefCell<Symbolizer> = RefCell::new(Symbolizer::new());
}

fn shown(frame: &Frame) -> Shown {
    let module = match frame.kind {
        FrameKind::Kernel => {
            let module = frame.module_name().unwrap_or("kernel");
            Some(module.trim_matches(['[', ']']).to_owned())
        }
        FrameKind::User | FrameKind::Jit => frame.module.as_deref().map(str::to_owned),
    };
    (frame.is_known.then(|| frame.name.to_string()), frame.offset, module)
}

/// The function of the kernel that an address is in.
#[pyfunction]
pub fn kernel_symbol(py: Python<'_>, address: u64) -> Option<Shown> {
    // The outermost one: BCC names no inlined functions.
    py.detach(|| SYMBOLIZER.with_borrow_mut(|it| it.kernel(&[address]).last().map(shown)))
}

/// The function of a process that an address is in.
#[pyfunction]
pub fn user_symbol(py: Python<'_>, pid: u32, address: u64) -> Option<Shown> {
    py.detach(|| SYMBOLIZER.with_borrow_mut(|it| it.user(pid, &[address]).last().map(shown)))
}

/// The address of a function or variable of the kernel.
#[pyfunction]
pub fn kernel_address(py: Python<'_>, name: &str) -> Option<u64> {
    py.detach(|| Kernel::new().symbols()?.address(name).ok()?)
}
