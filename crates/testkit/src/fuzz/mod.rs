//! What fuzzers share: numbers that follow from a seed, and a look at inputs that do not end.

mod random;
mod watch;

pub use random::Random;
pub use watch::{Watch, panic_text};

/// The number in an environment variable, as `10_000`, or `default`.
///
/// # Panics
/// If it is no number.
pub fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.replace(['_', ','], "").parse().expect("a number"),
        Err(_) => default,
    }
}
