//! Types of the kernel, looked up by name when a program first uses one.
//!
//! [`KernelTypes`] says where they come from; [`BtfTypes`] takes them from BTF. A record's
//! members are imported when something needs them, so what is compiled depends only on the
//! definitions that are used.

mod btf;
mod import;

pub use btf::BtfTypes;
pub(crate) use import::Imports;

use crate::hir::Quals;
use bpfc_parser::ast::TagKind;

/// A source of kernel types. Ids are its own; they mean the same for as long as it lives.
pub trait KernelTypes {
    /// The struct, union or enumeration with this tag.
    fn find_tag(&mut self, kind: TagKind, name: &str) -> Option<u32>;

    /// The typedef of this name.
    fn find_typedef(&mut self, name: &str) -> Option<u32>;

    /// The enumeration that has an enumerator of this name.
    fn find_enumerator(&mut self, name: &str) -> Option<u32>;

    /// The type with this id.
    fn ty(&mut self, id: u32) -> KernelType;

    /// Size, alignment and members of the struct or union with this id; `None` if it is
    /// no such type.
    fn record_body(&mut self, id: u32) -> Option<KernelRecordBody>;

    /// Names and values of the enumeration with this id.
    fn enumerators(&mut self, id: u32) -> Vec<(String, i128)>;

    /// How the record of a tracepoint looks, in the words of tracefs, for what no type says.
    fn tracepoint_format(&mut self, category: &str, event: &str) -> Option<String> {
        let _ = (category, event);
        None
    }
}

/// One type, its parts given by id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KernelType {
    /// `void`
    Void,
    /// `_Bool`
    Bool,
    /// An integer.
    Int {
        /// Its C name, such as `long unsigned int`.
        name: String,
        /// Its width.
        bits: u32,
        /// Whether it is signed.
        is_signed: bool,
    },
    /// A floating type.
    Float {
        /// Its size.
        bytes: u32,
    },
    /// A pointer.
    Ptr(u32),
    /// An array; of length 0 for a flexible one.
    Array {
        /// Type of the elements.
        elem: u32,
        /// Number of elements.
        len: u64,
    },
    /// A struct, union or enumeration, possibly only declared.
    Tag {
        /// Which of the three.
        kind: TagKind,
        /// Its tag.
        name: Option<String>,
        /// Whether it has a body.
        is_complete: bool,
    },
    /// A typedef.
    Typedef {
        /// Its name.
        name: String,
        /// What it stands for.
        target: u32,
    },
    /// A qualified type.
    Qualified {
        /// Its qualifiers.
        quals: Quals,
        /// The type.
        target: u32,
    },
    /// A type with a `btf_type_tag`.
    TypeTag {
        /// The tag.
        tag: String,
        /// The type.
        target: u32,
    },
    /// A function type.
    Func {
        /// What it returns.
        ret: u32,
        /// Its parameters.
        params: Vec<u32>,
        /// `...`
        is_variadic: bool,
    },
    /// Something that is no C type.
    Other,
}

/// The inside of a struct or union.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelRecordBody {
    /// Size in bytes.
    pub size: u64,
    /// Alignment in bytes.
    pub align: u32,
    /// In order.
    pub members: Vec<KernelMember>,
}

/// A member of a struct or union.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelMember {
    /// Empty for anonymous ones.
    pub name: String,
    /// Its type.
    pub ty: u32,
    /// From the start of the record.
    pub offset_bits: u64,
    /// Width of a bit-field.
    pub bits: Option<u32>,
}
