//! C types of helper parameters and context fields, as constants that need no allocation.

use std::fmt;

/// An integer type by the name under which the uapi headers spell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CInt {
    /// `char`, always signed on BPF.
    Char,
    /// `int`.
    Int,
    /// `long`, 64 bits on BPF.
    Long,
    /// `unsigned long`, 64 bits on BPF.
    ULong,
    /// `__u8`.
    U8,
    /// `__u16`.
    U16,
    /// `__u32`.
    U32,
    /// `__u64`.
    U64,
    /// `__s32`.
    S32,
    /// `__s64`.
    S64,
    /// `__be16`: a `__u16` in network order.
    Be16,
    /// `__be32`: a `__u32` in network order.
    Be32,
    /// `__wsum`: a `__u32` that holds a partial checksum.
    Wsum,
}

impl CInt {
    /// The C spelling.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Char => "char",
            Self::Int => "int",
            Self::Long => "long",
            Self::ULong => "unsigned long",
            Self::U8 => "__u8",
            Self::U16 => "__u16",
            Self::U32 => "__u32",
            Self::U64 => "__u64",
            Self::S32 => "__s32",
            Self::S64 => "__s64",
            Self::Be16 => "__be16",
            Self::Be32 => "__be32",
            Self::Wsum => "__wsum",
        }
    }

    /// Size in bytes on BPF.
    pub const fn size_bytes(self) -> u32 {
        match self {
            Self::Char | Self::U8 => 1,
            Self::U16 | Self::Be16 => 2,
            Self::Int | Self::U32 | Self::S32 | Self::Be32 | Self::Wsum => 4,
            Self::Long | Self::ULong | Self::U64 | Self::S64 => 8,
        }
    }

    /// Whether the type is signed.
    pub const fn is_signed(self) -> bool {
        matches!(self, Self::Char | Self::Int | Self::Long | Self::S32 | Self::S64)
    }
}

/// A C type in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CType {
    /// `void`; only as a return type or behind a pointer.
    Void,
    /// An integer.
    Int(CInt),
    /// `struct name`; may be incomplete where no BTF is given.
    Struct(&'static str),
    /// `to *`, or `const to *`.
    Ptr {
        /// The pointee.
        to: &'static CType,
        /// Whether the pointee is `const`.
        is_const: bool,
    },
    /// `of name[len]`.
    Array {
        /// The element.
        of: &'static CType,
        /// The number of elements.
        len: u32,
    },
}

impl CType {
    /// Size in bytes, `None` for `void` and for structs (whose layout is not this table's business).
    pub const fn size_bytes(&self) -> Option<u32> {
        match self {
            Self::Void | Self::Struct(_) => None,
            Self::Int(int) => Some(int.size_bytes()),
            Self::Ptr { .. } => Some(8),
            Self::Array { of, len } => match of.size_bytes() {
                Some(size) => Some(size * *len),
                None => None,
            },
        }
    }

    /// Whether this is a pointer.
    pub const fn is_ptr(&self) -> bool {
        matches!(self, Self::Ptr { .. })
    }
}

/// Prints the abstract type, so that a name may follow: `const void *`, `__u32 `.
impl fmt::Display for CType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Void => f.write_str("void"),
            Self::Int(int) => f.write_str(int.name()),
            Self::Struct(name) => write!(f, "struct {name}"),
            Self::Ptr { to, is_const } => {
                let qualifier = if *is_const { "const " } else { "" };
                let space = if to.is_ptr() { "" } else { " " };
                write!(f, "{qualifier}{to}{space}*")
            }
            Self::Array { of, len } => write!(f, "{of}[{len}]"),
        }
    }
}
