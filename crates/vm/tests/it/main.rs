//! Tests of the virtual machine. Unless a test says otherwise, programs run on both engines and the
//! results are compared.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

mod common;
mod control;
mod faults;
mod helpers;
mod hostile;
mod isa;
mod kernel;
mod map_calls;
mod map_programs;
mod maps;
mod mocks;
mod random;
mod smoke;
