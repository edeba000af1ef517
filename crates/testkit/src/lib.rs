//! The file-test language and its runner: a folder of files, each one test.
//!
//! A test file is a program (C, IR text, assembly, a transcript) that says in its comments
//! what must come out of it; `docs/testing.md` defines the language. This crate finds and
//! reads the files, runs a closure on each in parallel, and reports. It knows none of the
//! stages of the compiler: the closure calls them and hands back what they said.
//!
//! ```no_run
//! # fn compile(_: &str, _: &[String]) -> Vec<bpfc_testkit::Found> { Vec::new() }
//! // In a crate's `tests/it/main.rs`:
//! #[test]
//! fn ui() {
//!     bpfc_testkit::Suite::in_workspace("tests/ui")
//!         .keys(&["flags"])
//!         .run(|t| {
//!             let found = compile(t.text(), &t.flags());
//!             t.diagnostics(&found);
//!             Ok(())
//!         })
//!         .finish();
//! }
//! ```
//!
//! Whatever the file asserts and the closure does not look at is a failure, so that no
//! assertion is silently void.

#![forbid(unsafe_code)]

pub mod corpus;
mod cursor;
mod diff;
mod expect;
mod file;
pub mod fuzz;
pub mod generate;
pub mod page;
mod report;
mod runner;
mod snapshot;
mod step;
mod suite;
mod test;
mod transcript;
mod value;

pub use diff::unified_diff;
pub use expect::{Extra, ExtraKind, Found};
pub use file::{Aim, Assertion, AssertionKind, ParseError, Setting, Snapshot, TestFile, Verb};
pub use report::{CaseReport, Outcome, Report, skipped};
pub use step::{Access, Expect, Run, Step, StepKind};
pub use suite::{Suite, workspace_root};
pub use test::{Failure, Since, Test};
pub use transcript::Exchange;
pub use value::{IntType, Value};

/// Runs the suite in folder `dir` of the workspace; panics if a test fails. Files that need
/// keys or verbs of their own want a [`Suite`].
pub fn run<F>(dir: &str, check: F)
where
    F: Fn(&mut Test) -> Result<(), Failure> + Send + Sync + 'static,
{
    Suite::in_workspace(dir).run(check).finish();
}
