//! What is known of a number: its bits ([`Tnum`]) and its ranges as an unsigned and as a signed
//! number of 64 and of 32 bits ([`Scalar`]), with arithmetic ([`arith`]) and comparisons
//! ([`branch`]).
//!
//! Everything here is sound: if a concrete value is in the inputs, the result of the concrete
//! operation is in the output. It follows the kernel's precision (Linux 6.18
//! `kernel/bpf/tnum.c`, `kernel/bpf/verifier.c`), neither coarser nor finer where it is known.

pub mod arith;
pub mod branch;
#[cfg(test)]
mod exhaustive;
mod scalar;
#[cfg(test)]
mod tests;
mod tnum;

pub use scalar::Scalar;
pub use tnum::Tnum;
