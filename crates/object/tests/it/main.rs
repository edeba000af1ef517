//! Tests of the object crate: one binary.

#![allow(clippy::unwrap_used)]

mod clang;
mod core;
mod fuzz;
mod link;
mod listing;
mod read;
mod sample;
mod tools;
mod undefined;
mod write;
