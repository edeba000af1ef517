//! Tests of the public API: against this machine's kernel and bpftool where they exist, and
//! against blobs built here.

#![allow(clippy::unwrap_used)]

mod c;
mod co_re;
mod common;
mod corrupt;
mod dedup;
mod ext;
mod kernel;
mod roundtrip;
