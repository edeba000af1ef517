//! Tests of the verifier: files in `tests/verify`, and agreement with the kernel of this machine.

#![allow(clippy::unwrap_used)]

mod assembly;
mod clang;
mod effort;
mod files;
mod kernel;
mod random;
mod sound;
