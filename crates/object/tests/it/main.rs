//! Tests of the object crate: one binary.

mod sample;
mod tools;
mod write;
