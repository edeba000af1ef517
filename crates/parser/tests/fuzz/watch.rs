//! Ends the run when an input takes too long, and says which.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

/// How long one small input may take, on a machine that is busy with other things.
const LIMIT: Duration = Duration::from_secs(20);

#[derive(Default)]
struct State {
    current: Option<(Instant, Vec<u8>)>,
}

pub struct Watch {
    state: Arc<Mutex<State>>,
    slowest_ms: AtomicU64,
}

impl Watch {
    pub fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let seen: Weak<Mutex<State>> = Arc::downgrade(&state);
        std::thread::spawn(move || {
            while let Some(state) = seen.upgrade() {
                if let Ok(state) = state.lock()
                    && let Some((start, input)) = &state.current
                    && start.elapsed() > LIMIT
                {
                    let path = super::save(input, 0, u64::from(std::process::id()));
                    eprintln!("no end after {LIMIT:?}: {}", path.display());
                    std::process::abort();
                }
                drop(state);
                std::thread::sleep(Duration::from_millis(500));
            }
        });
        Self { state, slowest_ms: AtomicU64::new(0) }
    }

    pub fn begin(&self, input: &[u8]) {
        if let Ok(mut state) = self.state.lock() {
            state.current = Some((Instant::now(), input.to_vec()));
        }
    }

    pub fn end(&self) {
        if let Ok(mut state) = self.state.lock()
            && let Some((start, _)) = state.current.take()
        {
            let ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.slowest_ms.fetch_max(ms, Ordering::Relaxed);
        }
    }

    pub fn slowest_ms(&self) -> u64 {
        self.slowest_ms.load(Ordering::Relaxed)
    }
}

/// What a panic said.
pub fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    format!("panic: {}", text.unwrap_or("?"))
}
