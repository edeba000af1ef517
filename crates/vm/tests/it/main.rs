//! Tests of the virtual machine. Unless a test says otherwise, programs run on both engines and the
//! results are compared.

mod common;
mod faults;
mod isa;
mod maps;
mod random;
mod smoke;
