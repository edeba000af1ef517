//! What programs can watch without changing it, and what they decide about.

pub mod counters;
pub mod functions;
pub mod iterators;
pub mod points;
pub mod typed;
pub mod user;

use crate::{Problem, Stage};
use nix::unistd::{getpgid, getpid};

/// The system call that most programs here watch: it goes through a hook of security modules, and
/// few others use it.
fn call() -> Result<(), Problem> {
    Ok(getpgid(Some(getpid())).map(|_| ())?)
}

/// Programs on the system call `getpgid`, attached by their sections.
fn of_getpgid(stage: &Stage) -> Result<(), Problem> {
    stage.by_section(call)
}
