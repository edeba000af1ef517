//! Tests of the object crate: one binary.

#![allow(clippy::unwrap_used)]

mod clang;
mod fuzz;
mod read;
mod sample;
mod tools;
mod write;
