//! Everything that depends on a running kernel: what it can do, maps, CO-RE against its types,
//! loading with the verifier's log as a diagnostic, attaching, test runs, events.
//!
//! Input: a [`bpfc_object::Object`]. The way through:
//!
//! ```no_run
//! # fn main() -> Result<(), bpfc_loader::LoadError> {
//! # let object = bpfc_object::Object::default();
//! use bpfc_loader::{Kernel, LoadOptions, TestInput, load};
//!
//! let kernel = Kernel::new();
//! let loaded = load(&object, &kernel, &LoadOptions::default())?;
//! let program = loaded.program("count").expect("the program is called count");
//! let output = program.test_run(&TestInput { data: &[0; 64], ..TestInput::default() })?;
//! println!("{} in {} ns", output.retval, output.duration_ns);
//! for (key, values) in loaded.map("counters").expect("a map").dump()? {
//!     println!("{key:?}: {values:?}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! `unsafe` code is in the module `sys` only. Nothing here compiles.

mod attach;
mod error;
mod events;
mod explain;
mod inspect;
mod kernel;
mod leftover;
mod limits;
mod load;
mod log;
mod map;
mod mechanism;
mod netlink;
mod pin;
mod probe;
mod program;
mod symbols;
mod sys;
mod tracefs;

pub use attach::{
    AttachSpec, CgroupMode, Counter, Direction, Family, Link, NetfilterHook, NetworkSpec,
    NoDefault, Order, Position, ProbePoint, RedirectValue, SampleRate, TcPlace, TraceOptions,
    TracePlace, TraceSpec, XdpMode, attach, find_file, functions_of_file, has_trampolines,
    offset_in_file,
};
pub use error::{Fault, LoadError};
pub use events::{
    Counters, Ended, EventLoop, PerfBuffer, PerfEvent, RingBuffer, StopFlag, StreamLine, Streams,
    TraceLine, TracePipe, UserRing,
};
pub use inspect::{
    Holder, KernelLink, KernelProgram, ObjectKind, Pinned, Types, holders, pinned, pins,
};
pub use kernel::Kernel;
pub use leftover::{Leftover, Removal, is_bpffs, leftovers};
pub use load::externs::config_values;
pub use load::kind::ProgKind;
pub use load::program::LogLevel;
pub use load::{LoadOptions, Loaded, Prepared, Shape, StructOps, load};
pub use log::{Place, Rejection};
pub use map::{Element, ElementCommand, Keys, Map};
pub use mechanism::{Mechanism, MechanismInfo, mechanisms};
pub use probe::facts::{Capability, Facts, Lockdown};
pub use probe::{
    Callees, Calls, Finding, Group, KernelFunction, Verdict, kernel_functions, may_call,
    newest_cpu, probe, probe_calls, probe_helpers, probe_kernel_functions,
};
pub use program::{Program, TestInput, TestOutput};
pub use symbols::{Ambiguous, KernelSymbol, Symbols};
pub use sys::errno::Errno;
pub use sys::view::View;
pub use tracefs::{Tracefs, tracepoint_format};
