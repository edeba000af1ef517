//! The BPF object: programs, maps, data, BTF, relocations and source lines, independent of any
//! kernel and of where the object came from.
//!
//! - [`Object`] is the model, made by the code generator or read from ELF;
//! - [`write`](write()) makes an ELF file of it, as clang and libbpf know them;
//! - [`read`](read()) reads such files, whoever made them;
//! - [`join`](join()) makes one object of several: static linking;
//! - [`link`](link()) flattens one program and the functions it calls into one instruction sequence;
//! - [`CoreTarget`] applies CO-RE relocations to it;
//! - [`usdt_notes`] reads the markers of other programs, for those that trace them;
//! - [`list_object`] and [`list_linked`] print.
//!
//! Relocations, CO-RE relocations, spans and source lines hang on the instruction
//! ([`ObjInsn`]); byte offsets into sections appear only in the ELF reader and writer.
//! This crate does no IO.

#![forbid(unsafe_code)]

mod core;
mod elf;
mod join;
mod link;
mod listing;
mod map_btf;
mod model;
mod read;
mod sections_btf;
mod usdt;
mod write;

pub use crate::core::{
    CoreApplyError, CoreApplyReason, CoreTarget, POISON_HELPER, Poisoned, PoisonedBecause,
};
pub use elf::find_btf_section;
pub use join::{JoinError, JoinInput, join};
pub use link::{LinkError, Linked, LinkedInsn, Reference, Subprog, link};
pub use listing::{ListingOptions, list_linked, list_object};
pub use model::{
    CoreReloc, DataId, DataKind, DataReloc, DataSection, DataTarget, Extern, ExternId, ExternKind,
    FuncId, Function, Line, Linkage, Map, MapId, MapInit, MapRole, MapStyle, ObjInsn, Object,
    Pinning, Reloc, Variable,
};
pub use read::{ReadError, read};
pub use sections_btf::TypesError;

pub use usdt::{UsdtArgument, UsdtNote, UsdtOperand, usdt_arguments, usdt_notes};
pub use write::{WriteError, write};
