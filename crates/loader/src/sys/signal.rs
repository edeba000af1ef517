//! Signals that end a program, turned into a flag.

use super::Result;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use std::sync::atomic::{AtomicBool, Ordering};

static ARRIVED: AtomicBool = AtomicBool::new(false);

extern "C" fn note(_: libc::c_int) {
    ARRIVED.store(true, Ordering::Relaxed);
}

/// True once one of the signals came.
pub(crate) fn arrived() -> bool {
    ARRIVED.load(Ordering::Relaxed)
}

/// The handlers before `catch`; they come back when it is dropped.
#[derive(Debug)]
pub(crate) struct Caught(Vec<(Signal, SigAction)>);

/// Notes SIGINT, SIGTERM and SIGHUP instead of dying of them. A second one kills, as the handler
/// is taken away by the first.
pub(crate) fn catch() -> Result<Caught> {
    let flags = SaFlags::SA_RESETHAND;
    let action = SigAction::new(SigHandler::Handler(note), flags, SigSet::empty());
    let mut caught = Caught(Vec::new());
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        // SAFETY: the handler only stores to an atomic, which is allowed in a signal handler.
        let before = unsafe { sigaction(signal, &action) }?;
        caught.0.push((signal, before));
    }
    Ok(caught)
}

impl Drop for Caught {
    fn drop(&mut self) {
        for (signal, before) in &self.0 {
            // SAFETY: the handler that was there before. Failure leaves ours, which is harmless.
            let _ = unsafe { sigaction(*signal, before) };
        }
    }
}
