//! Tests of the virtual machine. Unless a test says otherwise, programs run on both engines and the
//! results are compared.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

mod common;
mod control;
mod faults;
mod helpers;
mod isa;
mod kernel;
mod maps;
mod random;
mod smoke;
