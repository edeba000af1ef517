//! bpfc as a library: C to checked BPF objects, without LLVM and kernel headers.
//!
//! ```text
//! source ─ preprocess, parse ─► ast ─ check ─► hir ─ validate ─► hir::Valid
//!        ─ codegen ─► Object ─ link ─► Linked ─► verifier │ vm │ loader
//! ```
//!
//! [`compile`] goes from source to [`Object`], [`verify`] says what the kernel's verifier
//! would say. Both report to a [`Session`](bpfc_base::Session); a
//! [`Host`] gives them files and kernel types. Nothing in these does IO.
//!
//! [`Program`] is the same with the kernel at the end of it:
//!
//! ```no_run
//! # fn main() -> Result<(), bpfc::Error> {
//! # let source = "";
//! let attached = bpfc::Program::compile(source)?.check()?.load()?.attach()?;
//! for event in attached.events("events")? {
//!     println!("{:?}", event?.data());
//! }
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

mod compile;
mod config;
mod dialect;
mod emit;
mod globals;
mod host;
mod join;
mod kernels;
mod lost;
mod options;
mod program;
mod prove;
pub mod show;
mod skeleton;
mod source;
pub mod stacks;
mod stats;
pub mod svg;
mod usdt;
mod verify;

/// The book's page about the library, whose examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/library.md")]
pub struct Book;

pub use bpfc_base as base;
pub use bpfc_btf::Btf;
pub use bpfc_codegen::lower::LOST;
pub use bpfc_codegen::{OptLevel, PASS_NAMES, REGALLOC};
pub use bpfc_isa::{Cpu, Endian};
pub use bpfc_kabi::{Arch, KernelVersion, UpdateFlag};
pub use bpfc_loader as loader;
pub use bpfc_object::{ListingOptions, Object, UsdtNote, list_object};
pub use bpfc_parser::{FileProvider, IncludeForm, IncludeRequest, LoadedFile};
pub use bpfc_skeleton::{Language, SkeletonOptions, object_name};
pub use bpfc_symbols as symbols;
pub use bpfc_verifier::VerifyOptions;
pub use bpfc_vm as vm;
pub use compile::compile;
pub use dialect::Dialect;
pub use emit::{Emit, IrStage, emit};
pub use globals::{record, set_variable};
pub use host::{Host, NoHost};
pub use join::{join, report_undefined};
pub use kernels::{TargetKernel, check_kernels, check_kernels_observed};
pub use options::{Deferral, Options};
pub use program::{
    Attached, Checked, Compiled, Error, Event, EventRef, EventStream, EventTypes, Events, Loaded,
    Machine, Map, Plain, Position, Prepared, Program, Report, Source, Stage, TypedMap,
};
pub use prove::{Bug, blame, prove};
pub use skeleton::skeleton;
pub use source::{add_source, parse_btf, read_object, usdt_notes, write_object};
pub use stats::{LineCost, ProgramStats};
pub use usdt::{UsdtLocation, UsdtProbe};
pub use verify::{Observer, Verified, verify, verify_observed};
