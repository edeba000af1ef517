//! Runs linked BPF programs in user space, the same way everywhere: no clock, no randomness and no
//! IO that [`Environment`] does not give.
//!
//! - [`Vm`] makes the maps of an object and runs its programs on [`Input`]s;
//! - [`Outcome`] is what a run gave: `r0`, the packet, and [`Effect`]s such as printed lines, ring
//!   buffer records and redirections; [`Fault`] is how it failed;
//! - [`MapView`] shows a map's content.
//!
//! Two engines execute programs on the same machine (memory, maps, helpers): a reference
//! interpreter, and rbpf on a program rewritten into what rbpf gets right. With
//! [`EngineChoice::Both`] every run happens on both and all results are compared.

#![forbid(unsafe_code)]

mod bench;
mod contents;
mod context;
mod counts;
mod engine;
mod environment;
mod errno;
mod fault;
mod helpers;
mod machine;
mod maps;
mod memory;
mod outcome;
mod packet;
mod program;
mod setup;
mod task;
mod vm;

pub use bench::{Elsewhere, Packets, Refusal, TestFailure, TestResult};
pub use contents::Contents;
pub use context::InputError;
pub use counts::{Count, Counts};
pub use environment::Environment;
pub use errno::name as errno_name;
pub use fault::{Access, Fault, FaultKind, Place};
pub use machine::Traced;
pub use maps::{MapEntry, MapError, MapView};
pub use outcome::{ArgValue, Effect, Input, Outcome, PacketStart, RedirectTarget};
pub use vm::{Difference, EngineChoice, Options, Outcomes, RunError, SetupError, Vm};
