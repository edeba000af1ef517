//! The native half of the Python package `bpfc`: compiling, loading, maps, events, symbols, as Python objects. What BCC's
//! API looks like is in the other half, `python/bpfc`, in Python.
//!
//! Bytes go in and out as bytes; what they mean is in trees of types ([`types`]), of which the other half makes classes.

#![allow(clippy::useless_conversion, reason = "what pyo3 makes of functions")]

mod compile;
mod errors;
mod events;
mod ffi;
mod files;
mod link;
mod machine;
mod map;
mod program;
mod symbols;
mod tracing;
mod types;
mod unit;

use pyo3::prelude::*;

#[pymodule(gil_used = true)]
mod _native {
    #[pymodule_export]
    use super::compile::compile;
    #[pymodule_export]
    use super::events::{OpenCounters, PerfReader, RingReader, open_counters};
    #[pymodule_export]
    use super::link::Link;
    #[pymodule_export]
    use super::machine::Machine;
    #[pymodule_export]
    use super::map::Map;
    #[pymodule_export]
    use super::program::Program;
    #[pymodule_export]
    use super::symbols::{kernel_address, kernel_symbol, user_symbol};
    #[pymodule_export]
    use super::tracing::{
        enumerator, find_file, functions, functions_of_file, has_function, kernel_type, markers,
        member_exists, offset_in_file, supports, tracefs,
    };
    #[pymodule_export]
    use super::unit::{Unit, disassemble};
}
