//! Ends the run when an input takes too long, and says which.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

/// How long one small input may take, on a machine that is busy with other things.
const LIMIT: Duration = Duration::from_secs(20);

#[derive(Default)]
struct State {
    current: Option<(Instant, Vec<u8>)>,
}

/// Looks after the input under test.
pub struct Watch {
    state: Arc<Mutex<State>>,
    slowest_ms: AtomicU64,
}

impl Watch {
    /// Starts to look; `save` keeps an input that does not end, and says where.
    pub fn start(save: fn(&[u8]) -> PathBuf) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let seen: Weak<Mutex<State>> = Arc::downgrade(&state);
        std::thread::spawn(move || {
            while let Some(state) = seen.upgrade() {
                if let Ok(state) = state.lock()
                    && let Some((start, input)) = &state.current
                    && start.elapsed() > LIMIT
                {
                    let path = save(input);
                    eprintln!("no end after {LIMIT:?}: {}", path.display());
                    std::process::abort();
                }
                drop(state);
                std::thread::sleep(Duration::from_millis(500));
            }
        });
        Self { state, slowest_ms: AtomicU64::new(0) }
    }

    /// This input is tried now.
    pub fn begin(&self, input: &[u8]) {
        if let Ok(mut state) = self.state.lock() {
            state.current = Some((Instant::now(), input.to_vec()));
        }
    }

    /// It is done; how many milliseconds it took.
    pub fn end(&self) -> u64 {
        let current = self.state.lock().ok().and_then(|mut state| state.current.take());
        let elapsed = current.map_or(Duration::ZERO, |(start, _)| start.elapsed());
        let ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        self.slowest_ms.fetch_max(ms, Ordering::Relaxed);
        ms
    }

    /// How long the slowest input took.
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
