//! Tests of the tables as a whole.

#![allow(clippy::unwrap_used)] // Also outside `#[test]` functions: a failed step is a failed test.

mod context;
mod ebpf_docs;
mod headers;
mod tables;
