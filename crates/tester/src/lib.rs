//! Tests of BPF programs, as `bpfc test` runs them.
//!
//! A test is a scenario in the comments of a program (`docs/testing.md`) or a function beside it (`bpfc/test.h`). This crate
//! plays them on an [`Engine`], the virtual machine or the kernel, and tells how they ended ([`Report`]). It gets objects:
//! compiling them is somebody else's.

#![forbid(unsafe_code)]

mod coverage;
mod engine;
mod names;
mod packets;
mod plan;
mod report;
mod scenario;
mod suite;
mod values;

pub use coverage::{Coverage, CoverageFormat, FileCoverage};
pub use engine::{
    Engine, Fact, Fault, Gave, Given, Machine, Outside, Printed, Real, Redirect, is_root,
};
pub use packets::PacketLanguage;
pub use plan::{Functions, Part, REJECTED_VERB, TEST_VERB, functions, is_of_test, parts};
pub use report::{Case, Outcome, Report};
pub use scenario::{Problem, play};
pub use suite::{Failure, Place, Suite, TestName, Verdict, line_span};
