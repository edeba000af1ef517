//! HIR to BPF instructions: lowering to SSA, the optimiser, instruction selection,
//! register allocation, and emission.
//!
//! It accepts valid HIR only, never reports a mistake that the checker should have found,
//! and knows neither the syntax tree nor the dialect of BCC.

#![forbid(unsafe_code)]

pub mod allocate;
pub mod analysis;
mod assembly;
mod compile;
pub mod emit;
pub mod interpret;
pub mod ir;
pub mod lower;
pub mod mach;
pub mod passes;
pub mod peephole;
mod pipeline;
mod remarks;
pub mod select;

pub use compile::{MemoryOrder, Options, compile, compile_with_remarks, finish, select_all};
pub use pipeline::{Observe, Observer, OptLevel, PASS_NAMES, optimize, optimize_observed};
pub use remarks::{REGALLOC, Remark};
