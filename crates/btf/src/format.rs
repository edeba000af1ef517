//! Numbers and small enums of the format, shared by reader and writer.

use std::fmt;

/// The first two bytes of `.BTF` and `.BTF.ext`.
pub(crate) const MAGIC: u16 = 0xeb9f;
/// The only version.
pub(crate) const VERSION: u8 = 1;
/// `struct btf_header` as every kernel since 4.18 knows it.
pub(crate) const HEADER_BYTES: u32 = 24;
/// `struct btf_header` with `layout_off` and `layout_len`, a later addition to the format.
pub(crate) const HEADER_WITH_LAYOUT_BYTES: u32 = 32;
/// `struct btf_type`: name, info, size or type.
pub(crate) const RECORD_BYTES: u32 = 12;
/// `BTF_MAX_NAME_OFFSET` (`include/uapi/linux/btf.h`, 4.18): strings fit in 16 MiB.
pub(crate) const MAX_NAME_OFFSET: u32 = 0x00ff_ffff;
/// `BTF_MAX_TYPE` (`include/uapi/linux/btf.h`, 5.1).
pub(crate) const MAX_TYPE_ID: u32 = 0x000f_ffff;
/// `BTF_MAX_VLEN` before the format was widened to 24 bits; what a writer may use everywhere.
pub(crate) const MAX_WRITTEN_VLEN: usize = 0xffff;
/// Longest chain of modifiers and typedefs, deepest nest of structs and arrays that is followed.
pub(crate) const MAX_DEPTH: u32 = 64;
/// How many members one walk may visit before it is given up as hostile input.
pub(crate) const MAX_VISITS: u32 = 1 << 20;

/// Index of a type. 0 is `void`; a split BTF continues the numbering of its base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TypeId(pub u32);

impl TypeId {
    /// `void`.
    pub const VOID: TypeId = TypeId(0);

    /// Whether this is `void`.
    pub fn is_void(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for TypeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]", self.0)
    }
}

/// Offset of a NUL-terminated string in the `.BTF` string section. 0 is the empty string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct StrOff(pub u32);

/// Byte order of a blob.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Endian {
    /// Least significant byte first (`bpfel`).
    #[default]
    Little,
    /// Most significant byte first (`bpfeb`).
    Big,
}

impl Endian {
    /// The 32-bit word at `at`, which the caller has checked to be inside `bytes`.
    #[inline]
    pub(crate) fn u32_at(self, bytes: &[u8], at: usize) -> u32 {
        let word = bytes[at..at + 4].try_into().expect("a slice of four bytes");
        match self {
            Endian::Little => u32::from_le_bytes(word),
            Endian::Big => u32::from_be_bytes(word),
        }
    }

    /// The bytes of a 32-bit word.
    pub(crate) fn u32_bytes(self, word: u32) -> [u8; 4] {
        match self {
            Endian::Little => word.to_le_bytes(),
            Endian::Big => word.to_be_bytes(),
        }
    }

    /// The bytes of a 16-bit word.
    pub(crate) fn u16_bytes(self, word: u16) -> [u8; 2] {
        match self {
            Endian::Little => word.to_le_bytes(),
            Endian::Big => word.to_be_bytes(),
        }
    }

    /// The byte order of a blob, from its magic number.
    pub(crate) fn from_magic(bytes: [u8; 2]) -> Option<Endian> {
        match u16::from_le_bytes(bytes) {
            MAGIC => Some(Endian::Little),
            magic if magic.swap_bytes() == MAGIC => Some(Endian::Big),
            _ => None,
        }
    }
}

/// The kind of a type record (`BTF_KIND_*`), with the kernel release that introduced it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// Type id 0 only.
    Void = 0,
    /// Integer, character or boolean (4.18).
    Int = 1,
    /// Pointer (4.18).
    Ptr = 2,
    /// Array (4.18).
    Array = 3,
    /// Struct (4.18).
    Struct = 4,
    /// Union (4.18).
    Union = 5,
    /// Enumeration with 32-bit values (4.18).
    Enum = 6,
    /// Forward declaration of a struct or union (4.18).
    Fwd = 7,
    /// Typedef (4.18).
    Typedef = 8,
    /// `volatile` (4.18).
    Volatile = 9,
    /// `const` (4.18).
    Const = 10,
    /// `restrict` (4.18).
    Restrict = 11,
    /// Function, not a type (4.20).
    Func = 12,
    /// Function type (4.20).
    FuncProto = 13,
    /// Variable, not a type (5.2).
    Var = 14,
    /// The variables of one ELF section (5.2).
    DataSec = 15,
    /// Floating point number (5.13).
    Float = 16,
    /// `btf_decl_tag` attribute (5.16).
    DeclTag = 17,
    /// `btf_type_tag` attribute (5.17).
    TypeTag = 18,
    /// Enumeration with 64-bit values (6.0).
    Enum64 = 19,
    /// A later kind, whose length the blob's own layout table gives.
    Unknown = 127,
}

impl Kind {
    /// The kind of this number; `None` for 0 and for numbers not assigned here.
    pub const fn from_number(number: u8) -> Option<Kind> {
        Some(match number {
            1 => Kind::Int,
            2 => Kind::Ptr,
            3 => Kind::Array,
            4 => Kind::Struct,
            5 => Kind::Union,
            6 => Kind::Enum,
            7 => Kind::Fwd,
            8 => Kind::Typedef,
            9 => Kind::Volatile,
            10 => Kind::Const,
            11 => Kind::Restrict,
            12 => Kind::Func,
            13 => Kind::FuncProto,
            14 => Kind::Var,
            15 => Kind::DataSec,
            16 => Kind::Float,
            17 => Kind::DeclTag,
            18 => Kind::TypeTag,
            19 => Kind::Enum64,
            _ => return None,
        })
    }

    /// Bytes after the 12-byte record: a fixed part and a part for each of `vlen` elements.
    pub const fn trailing_bytes(self) -> (u32, u32) {
        match self {
            Kind::Int | Kind::Var | Kind::DeclTag => (4, 0),
            Kind::Array => (12, 0),
            Kind::Struct | Kind::Union | Kind::DataSec | Kind::Enum64 => (0, 12),
            Kind::Enum | Kind::FuncProto => (0, 8),
            _ => (0, 0),
        }
    }

    /// Whether the record's third word is a type id (otherwise it is a size, or unused).
    pub const fn has_target(self) -> bool {
        matches!(
            self,
            Kind::Ptr
                | Kind::Typedef
                | Kind::Volatile
                | Kind::Const
                | Kind::Restrict
                | Kind::Func
                | Kind::FuncProto
                | Kind::Var
                | Kind::DeclTag
                | Kind::TypeTag
        )
    }

    /// Whether this is `const`, `volatile`, `restrict` or a type tag.
    pub fn is_modifier(self) -> bool {
        matches!(self, Kind::Const | Kind::Volatile | Kind::Restrict | Kind::TypeTag)
    }
}

/// The name without `BTF_KIND_`, as in `btf.rst`.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Void => "VOID",
            Kind::Int => "INT",
            Kind::Ptr => "PTR",
            Kind::Array => "ARRAY",
            Kind::Struct => "STRUCT",
            Kind::Union => "UNION",
            Kind::Enum => "ENUM",
            Kind::Fwd => "FWD",
            Kind::Typedef => "TYPEDEF",
            Kind::Volatile => "VOLATILE",
            Kind::Const => "CONST",
            Kind::Restrict => "RESTRICT",
            Kind::Func => "FUNC",
            Kind::FuncProto => "FUNC_PROTO",
            Kind::Var => "VAR",
            Kind::DataSec => "DATASEC",
            Kind::Float => "FLOAT",
            Kind::DeclTag => "DECL_TAG",
            Kind::TypeTag => "TYPE_TAG",
            Kind::Enum64 => "ENUM64",
            Kind::Unknown => "UNKNOWN",
        })
    }
}

/// A set of kinds, to filter look-ups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindSet(u128);

impl KindSet {
    /// Every kind.
    pub const ALL: KindSet = KindSet(u128::MAX);
    /// `struct` tags.
    pub const STRUCT: KindSet = KindSet::of(&[Kind::Struct]);
    /// `union` tags.
    pub const UNION: KindSet = KindSet::of(&[Kind::Union]);
    /// `enum` tags, of both widths.
    pub const ENUM: KindSet = KindSet::of(&[Kind::Enum, Kind::Enum64]);
    /// Typedefs.
    pub const TYPEDEF: KindSet = KindSet::of(&[Kind::Typedef]);
    /// Functions.
    pub const FUNC: KindSet = KindSet::of(&[Kind::Func]);
    /// Variables.
    pub const VAR: KindSet = KindSet::of(&[Kind::Var]);

    /// The set of these kinds.
    pub const fn of(kinds: &[Kind]) -> KindSet {
        let mut bits = 0;
        let mut idx = 0;
        while idx < kinds.len() {
            bits |= 1 << kinds[idx] as u8;
            idx += 1;
        }
        KindSet(bits)
    }

    /// Whether `kind` is in the set.
    #[inline]
    pub const fn contains(self, kind: Kind) -> bool {
        self.contains_number(kind as u8)
    }

    /// Whether all of this set are in `others`.
    pub(crate) const fn is_within(self, others: KindSet) -> bool {
        self.0 & !others.0 == 0
    }

    #[inline]
    pub(crate) const fn contains_number(self, kind: u8) -> bool {
        self.0 >> (kind & 127) & 1 == 1
    }
}

/// How to read the bits of an INT (`BTF_INT_*`; the format allows at most one).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IntEncoding {
    /// Unsigned integer.
    Unsigned,
    /// Signed integer.
    Signed,
    /// Character. Clang and GCC mark plain `char` as signed or unsigned instead.
    Char,
    /// Boolean.
    Bool,
    /// Any other combination of the four bits.
    Other(u8),
}

impl IntEncoding {
    pub(crate) fn from_bits(bits: u8) -> Self {
        match bits {
            0 => IntEncoding::Unsigned,
            1 => IntEncoding::Signed,
            2 => IntEncoding::Char,
            4 => IntEncoding::Bool,
            other => IntEncoding::Other(other),
        }
    }

    pub(crate) fn bits(self) -> u8 {
        match self {
            IntEncoding::Unsigned => 0,
            IntEncoding::Signed => 1,
            IntEncoding::Char => 2,
            IntEncoding::Bool => 4,
            IntEncoding::Other(bits) => bits & 0xf,
        }
    }

    /// Whether the sign bit is set.
    pub fn is_signed(self) -> bool {
        self.bits() & 1 != 0
    }
}

/// What a forward declaration announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FwdKind {
    /// `struct x;`
    Struct,
    /// `union x;`
    Union,
}

/// Linkage of a FUNC (`BTF_FUNC_*`) or VAR (`BTF_VAR_*`); the numbers are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Linkage {
    /// Internal linkage.
    Static,
    /// Defined here, external linkage.
    Global,
    /// Defined elsewhere.
    Extern,
    /// A number without meaning yet.
    Other(u32),
}

impl Linkage {
    pub(crate) fn from_number(number: u32) -> Self {
        match number {
            0 => Linkage::Static,
            1 => Linkage::Global,
            2 => Linkage::Extern,
            other => Linkage::Other(other),
        }
    }

    pub(crate) fn number(self) -> u32 {
        match self {
            Linkage::Static => 0,
            Linkage::Global => 1,
            Linkage::Extern => 2,
            Linkage::Other(number) => number,
        }
    }
}
