//! BTF, the type format of Linux BPF: read it, write it, look names up, match CO-RE relocations,
//! and print it. Pure functions over bytes; this crate does no IO and knows no C front end.
//!
//! - [`Btf`] is a `.BTF` blob, checked ([`Btf::parse`]) or taken as it is and read as far as it is
//!   asked about ([`Btf::trust`]), without a copy of a string; [`Type`] is the view of one record.
//!   Module BTF opens on top of its base with [`Btf::parse_split`].
//! - [`BtfBuilder`] collects [`TypeDef`]s and writes a blob.
//! - [`BtfExt`] is `.BTF.ext`: function, line and CO-RE records, read and written.
//! - [`core`] computes what a CO-RE relocation becomes on a target.
//! - [`dump_raw`] and [`c::definitions`] print types, for people and for compilers.
//!
//! Facts are from the kernel's `Documentation/bpf/btf.rst` and `include/uapi/linux/btf.h`.
#![forbid(unsafe_code)]

mod builder;
mod bytes;
pub mod c;
mod check;
pub mod core;
mod dedup;
mod dump;
mod error;
mod ext;
mod find;
mod format;
mod index;
mod query;
mod reader;
mod typedef;
mod types;

pub use builder::{BtfBuilder, BuildError};
pub use bytes::Bytes;
pub use dedup::Deduplicated;
pub use dump::{dump_raw, dump_raw_type};
pub use error::BtfError;
pub use ext::{BtfExt, CoreRecord, ExtSection, FuncRecord, LineRecord};
pub use find::NameIndex;
pub use format::{Endian, FwdKind, IntEncoding, Kind, KindSet, Linkage, StrOff, TypeId};
pub use query::{Field, FieldPath};
pub use reader::Btf;
pub use typedef::{EnumeratorDef, MemberDef, ParamDef, SecVarDef, TypeDef};
pub use types::{
    Composite, DataSec, Enumeration, Enumerator, FuncProto, Int, Member, Param, SecVar, Type,
};
