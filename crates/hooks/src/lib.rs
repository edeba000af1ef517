//! Programs for every hook of the kernel, attached for real: each must see a real event.
//!
//! One function per hook, in the module of its kind. The same functions run as a test on this machine and, by the program
//! `bpfc-hooks`, in virtual machines with other kernels, which have nothing but that program.

#![forbid(unsafe_code)]

mod network;
mod stage;
mod tiny;
mod tracing;

pub use stage::{Problem, Stage};

/// A hook and how to try it.
#[derive(Clone, Copy)]
pub struct Hook {
    /// What the table calls it.
    pub name: &'static str,
    /// The C program, a file of `examples/hooks`.
    pub source: &'static str,
    /// Attaches the program, makes an event happen, and sees that the program saw it.
    pub attempt: fn(&Stage) -> Result<(), Problem>,
}

/// All hooks, in the order of the table.
pub fn all() -> Vec<Hook> {
    [
        tracing::functions::HOOKS,
        tracing::user::HOOKS,
        tracing::points::HOOKS,
        tracing::typed::HOOKS,
        tracing::iterators::HOOKS,
        tracing::counters::HOOKS,
        &network::hooks(),
    ]
    .concat()
}

/// What came of a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The program saw the event.
    Seen,
    /// The kernel or the machine lacks something: what.
    Lacking(String),
    /// It should have worked, and did not: why.
    Wrong(String),
}

/// Tries one hook, in a thread of its own: namespaces that it enters end with it.
pub fn attempt(hook: &Hook) -> Outcome {
    let run = || {
        let stage = Stage::open(hook.source)?;
        (hook.attempt)(&stage)
    };
    let result = std::thread::scope(|scope| scope.spawn(run).join());
    match result {
        Ok(Ok(())) => Outcome::Seen,
        Ok(Err(Problem::Lacking(what))) => Outcome::Lacking(what),
        Ok(Err(Problem::Wrong(what))) => Outcome::Wrong(what),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Outcome::Wrong(text.unwrap_or_else(|| "a panic".to_owned()))
        }
    }
}
