//! When to stop: a flag that signals and other threads can raise.

use crate::LoadError;
use crate::sys::signal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Says that it is time to stop. Copies are the same flag.
#[derive(Clone, Debug, Default)]
pub struct StopFlag {
    raised: Arc<AtomicBool>,
    signals: Option<Arc<signal::Caught>>,
}

impl StopFlag {
    /// A flag that only [`StopFlag::raise`] raises.
    pub fn new() -> StopFlag {
        StopFlag::default()
    }

    /// A flag that SIGINT, SIGTERM and SIGHUP raise too, so that the program ends in order and
    /// everything is detached. A second signal of a kind kills. The handlers before come back
    /// with the last copy.
    ///
    /// # Errors
    /// [`LoadError::System`].
    pub fn on_signals() -> Result<StopFlag, LoadError> {
        let caught = signal::catch().map_err(|errno| LoadError::System {
            operation: "catch",
            subject: "signals".into(),
            errno,
        })?;
        Ok(StopFlag { raised: Arc::default(), signals: Some(Arc::new(caught)) })
    }

    /// Raises it.
    pub fn raise(&self) {
        self.raised.store(true, Ordering::Relaxed);
    }

    /// Whether it is raised.
    pub fn is_raised(&self) -> bool {
        self.raised.load(Ordering::Relaxed) || self.signals.is_some() && signal::arrived()
    }
}
