//! Views of type records. They borrow the blob and decode on demand.

use crate::format::{FwdKind, IntEncoding, Kind, Linkage, RECORD_BYTES, TypeId};
use crate::index::Row;
use crate::reader::Btf;

/// One type of a [`Btf`].
#[derive(Debug, Clone, Copy)]
pub enum Type<'a> {
    /// Type id 0.
    Void,
    /// Integer, character or boolean.
    Int(Int<'a>),
    /// Pointer to `target`.
    Ptr {
        /// What it points to.
        target: TypeId,
    },
    /// Array.
    Array {
        /// Type of an element.
        element: TypeId,
        /// Type of an index (compilers use an unsigned int).
        index: TypeId,
        /// Number of elements; 0 for a flexible array.
        n_elements: u32,
    },
    /// Struct.
    Struct(Composite<'a>),
    /// Union.
    Union(Composite<'a>),
    /// Enumeration with 32-bit values.
    Enum(Enumeration<'a>),
    /// Enumeration with 64-bit values.
    Enum64(Enumeration<'a>),
    /// Forward declaration.
    Fwd {
        /// The tag.
        name: &'a str,
        /// Struct or union.
        fwd_kind: FwdKind,
    },
    /// Typedef.
    Typedef {
        /// The new name.
        name: &'a str,
        /// What it names.
        target: TypeId,
    },
    /// `volatile`.
    Volatile {
        /// The qualified type.
        target: TypeId,
    },
    /// `const`.
    Const {
        /// The qualified type.
        target: TypeId,
    },
    /// `restrict`.
    Restrict {
        /// The qualified type.
        target: TypeId,
    },
    /// Function.
    Func {
        /// Its name.
        name: &'a str,
        /// Its FUNC_PROTO.
        proto: TypeId,
        /// Its linkage.
        linkage: Linkage,
    },
    /// Function type.
    FuncProto(FuncProto<'a>),
    /// Variable.
    Var {
        /// Its name.
        name: &'a str,
        /// Its type.
        ty: TypeId,
        /// Its linkage.
        linkage: Linkage,
    },
    /// The variables of an ELF section.
    DataSec(DataSec<'a>),
    /// Floating point number.
    Float {
        /// C name.
        name: &'a str,
        /// Size.
        size_bytes: u32,
    },
    /// `btf_decl_tag`.
    DeclTag {
        /// The tag's text.
        name: &'a str,
        /// The tagged struct, union, variable, function or typedef.
        target: TypeId,
        /// The tagged member or parameter; `None` if the whole target is.
        component_idx: Option<u32>,
        /// Set if the text is any attribute, not just a tag (6.14, `kind_flag`).
        is_attribute: bool,
    },
    /// `btf_type_tag`.
    TypeTag {
        /// The tag's text.
        name: &'a str,
        /// The tagged type.
        target: TypeId,
        /// Set if the text is any attribute, not just a tag (6.14, `kind_flag`).
        is_attribute: bool,
    },
    /// A later kind that the blob's layout table allows to skip.
    Unknown {
        /// Its name.
        name: &'a str,
        /// Its kind.
        kind_number: u8,
    },
}

/// An INT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Int<'a> {
    /// C name.
    pub name: &'a str,
    /// Size of the storage.
    pub size_bytes: u32,
    /// How to read the bits.
    pub encoding: IntEncoding,
    /// First bit of the value: 0, except in bit-field INTs of old compilers.
    pub bit_offset: u8,
    /// Number of value bits.
    pub n_bits: u8,
}

/// The fixed words of a record and where its elements are.
#[derive(Debug, Clone, Copy)]
struct Record<'a> {
    btf: &'a Btf,
    name: u32,
    vlen: u32,
    kind_flag: bool,
    /// Size or type, by kind.
    third: u32,
    /// Offset of the trailing data.
    elements: u32,
}

impl<'a> Record<'a> {
    #[inline]
    fn name(self) -> &'a str {
        self.btf.name_at(self.name)
    }

    #[inline]
    fn word(self, idx: u32) -> u32 {
        self.btf.word(self.elements + idx * 4)
    }
}

/// A STRUCT or UNION.
#[derive(Debug, Clone, Copy)]
pub struct Composite<'a>(Record<'a>);

/// A member of a struct or union.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member<'a> {
    /// Name; empty for anonymous structs, unions and padding bit-fields.
    pub name: &'a str,
    /// Type.
    pub ty: TypeId,
    /// Offset of the first bit in the composite.
    pub bit_offset: u32,
    /// Width, if it is a bit-field of a `kind_flag` composite; else see
    /// [`Btf::member_bits`](crate::Btf::member_bits).
    pub bitfield_bits: Option<u8>,
}

impl<'a> Composite<'a> {
    /// The tag; empty if anonymous.
    pub fn name(&self) -> &'a str {
        self.0.name()
    }

    /// Size.
    pub fn size_bytes(&self) -> u32 {
        self.0.third
    }

    /// Number of members.
    pub fn n_members(&self) -> u32 {
        self.0.vlen
    }

    /// Whether member offsets carry bit-field widths (`kind_flag`).
    pub fn has_bitfields(&self) -> bool {
        self.0.kind_flag
    }

    /// The member at `idx`.
    pub fn member(&self, idx: u32) -> Option<Member<'a>> {
        (idx < self.0.vlen).then(|| member_at(self.0, idx))
    }

    /// The members in order.
    pub fn members(&self) -> impl ExactSizeIterator<Item = Member<'a>> + Clone + use<'a> {
        let record = self.0;
        (0..record.vlen).map(move |idx| member_at(record, idx))
    }
}

fn member_at(record: Record<'_>, idx: u32) -> Member<'_> {
    let offset = record.word(idx * 3 + 2);
    let (bit_offset, bits) =
        if record.kind_flag { (offset & 0x00ff_ffff, (offset >> 24) as u8) } else { (offset, 0) };
    Member {
        name: record.btf.name_at(record.word(idx * 3)),
        ty: TypeId(record.word(idx * 3 + 1)),
        bit_offset,
        bitfield_bits: (bits != 0).then_some(bits),
    }
}

/// An ENUM or ENUM64.
#[derive(Debug, Clone, Copy)]
pub struct Enumeration<'a> {
    record: Record<'a>,
    is_64: bool,
}

/// A named constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enumerator<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its mathematical value. Compilers before ENUM64 (6.0) did not record signedness, so there
    /// a negative value reads as its 32-bit unsigned complement.
    pub value: i128,
}

impl<'a> Enumeration<'a> {
    /// The tag; empty if anonymous.
    pub fn name(&self) -> &'a str {
        self.record.name()
    }

    /// Size: 1, 2, 4 or 8.
    pub fn size_bytes(&self) -> u32 {
        self.record.third
    }

    /// Whether values are signed (`kind_flag`).
    pub fn is_signed(&self) -> bool {
        self.record.kind_flag
    }

    /// Number of enumerators.
    pub fn n_enumerators(&self) -> u32 {
        self.record.vlen
    }

    /// The enumerator at `idx`.
    pub fn enumerator(&self, idx: u32) -> Option<Enumerator<'a>> {
        (idx < self.record.vlen).then(|| self.at(idx))
    }

    /// The enumerators in order.
    pub fn enumerators(&self) -> impl ExactSizeIterator<Item = Enumerator<'a>> + Clone + use<'a> {
        let copy = *self;
        (0..self.record.vlen).map(move |idx| copy.at(idx))
    }

    fn at(&self, idx: u32) -> Enumerator<'a> {
        let name = self.record.btf.word(self.place(idx));
        Enumerator { name: self.record.btf.name_at(name), value: self.value(idx) }
    }

    /// The offset in the blob of an enumerator, which begins with the offset of its name; `idx` is
    /// in range.
    pub(crate) fn place(&self, idx: u32) -> u32 {
        self.record.elements + idx * if self.is_64 { 12 } else { 8 }
    }

    pub(crate) fn value(&self, idx: u32) -> i128 {
        let is_signed = self.record.kind_flag;
        if self.is_64 {
            let (low, high) = (self.record.word(idx * 3 + 1), self.record.word(idx * 3 + 2));
            let bits = u64::from(high) << 32 | u64::from(low);
            if is_signed { i128::from(bits as i64) } else { i128::from(bits) }
        } else {
            let bits = self.record.word(idx * 2 + 1);
            if is_signed { i128::from(bits as i32) } else { i128::from(bits) }
        }
    }
}

/// A FUNC_PROTO.
#[derive(Debug, Clone, Copy)]
pub struct FuncProto<'a>(Record<'a>);

/// A parameter of a function type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Param<'a> {
    /// Name; empty if not given.
    pub name: &'a str,
    /// Type.
    pub ty: TypeId,
}

impl<'a> FuncProto<'a> {
    /// The return type.
    pub fn ret(&self) -> TypeId {
        TypeId(self.0.third)
    }

    /// Number of named parameters.
    pub fn n_params(&self) -> u32 {
        self.0.vlen - u32::from(self.is_variadic())
    }

    /// Whether it ends in `...`: a last parameter without name and type.
    pub fn is_variadic(&self) -> bool {
        let n = self.0.vlen;
        n > 0 && self.0.word(n * 2 - 2) == 0 && self.0.word(n * 2 - 1) == 0
    }

    /// The parameters in order, without the mark of `...`.
    pub fn params(&self) -> impl ExactSizeIterator<Item = Param<'a>> + Clone + use<'a> {
        let record = self.0;
        (0..self.n_params()).map(move |idx| Param {
            name: record.btf.name_at(record.word(idx * 2)),
            ty: TypeId(record.word(idx * 2 + 1)),
        })
    }
}

/// A DATASEC.
#[derive(Debug, Clone, Copy)]
pub struct DataSec<'a>(Record<'a>);

/// Where a variable lies in its section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecVar {
    /// The VAR (or FUNC, in `.ksyms`).
    pub var: TypeId,
    /// Offset in the section.
    pub offset_bytes: u32,
    /// Size of the variable.
    pub size_bytes: u32,
}

impl<'a> DataSec<'a> {
    /// The section's name.
    pub fn name(&self) -> &'a str {
        self.0.name()
    }

    /// The section's size; compilers leave 0 for a linker or loader to fill in.
    pub fn size_bytes(&self) -> u32 {
        self.0.third
    }

    /// The variables in order.
    pub fn vars(&self) -> impl ExactSizeIterator<Item = SecVar> + Clone + use<'a> {
        let record = self.0;
        (0..record.vlen).map(move |idx| SecVar {
            var: TypeId(record.word(idx * 3)),
            offset_bytes: record.word(idx * 3 + 1),
            size_bytes: record.word(idx * 3 + 2),
        })
    }
}

impl<'a> Type<'a> {
    /// Decodes the record of this row of `btf`.
    pub(crate) fn decode(btf: &'a Btf, row: Row) -> Type<'a> {
        let at = row.offset;
        let info = btf.word(at + 4);
        let kind_number = (info >> 24 & 0x7f) as u8;
        let record = Record {
            btf,
            name: row.name,
            vlen: info & 0x00ff_ffff,
            kind_flag: info >> 31 != 0,
            third: btf.word(at + 8),
            elements: at + RECORD_BYTES,
        };
        let target = TypeId(record.third);
        match Kind::from_number(kind_number) {
            Some(Kind::Int) => Type::Int(int(record)),
            Some(Kind::Ptr) => Type::Ptr { target },
            Some(Kind::Array) => Type::Array {
                element: TypeId(record.word(0)),
                index: TypeId(record.word(1)),
                n_elements: record.word(2),
            },
            Some(Kind::Struct) => Type::Struct(Composite(record)),
            Some(Kind::Union) => Type::Union(Composite(record)),
            Some(Kind::Enum) => Type::Enum(Enumeration { record, is_64: false }),
            Some(Kind::Enum64) => Type::Enum64(Enumeration { record, is_64: true }),
            Some(Kind::Fwd) => {
                let fwd_kind = if record.kind_flag { FwdKind::Union } else { FwdKind::Struct };
                Type::Fwd { name: record.name(), fwd_kind }
            }
            Some(Kind::Typedef) => Type::Typedef { name: record.name(), target },
            Some(Kind::Volatile) => Type::Volatile { target },
            Some(Kind::Const) => Type::Const { target },
            Some(Kind::Restrict) => Type::Restrict { target },
            Some(Kind::Func) => Type::Func {
                name: record.name(),
                proto: target,
                linkage: Linkage::from_number(record.vlen),
            },
            Some(Kind::FuncProto) => Type::FuncProto(FuncProto(record)),
            Some(Kind::Var) => Type::Var {
                name: record.name(),
                ty: target,
                linkage: Linkage::from_number(record.word(0)),
            },
            Some(Kind::DataSec) => Type::DataSec(DataSec(record)),
            Some(Kind::Float) => Type::Float { name: record.name(), size_bytes: record.third },
            Some(Kind::DeclTag) => Type::DeclTag {
                name: record.name(),
                target,
                component_idx: Some(record.word(0)).filter(|&idx| idx != u32::MAX),
                is_attribute: record.kind_flag,
            },
            Some(Kind::TypeTag) => {
                Type::TypeTag { name: record.name(), target, is_attribute: record.kind_flag }
            }
            Some(Kind::Void | Kind::Unknown) | None => {
                Type::Unknown { name: record.name(), kind_number }
            }
        }
    }

    /// The record's kind.
    pub fn kind(&self) -> Kind {
        match self {
            Type::Void => Kind::Void,
            Type::Int(_) => Kind::Int,
            Type::Ptr { .. } => Kind::Ptr,
            Type::Array { .. } => Kind::Array,
            Type::Struct(_) => Kind::Struct,
            Type::Union(_) => Kind::Union,
            Type::Enum(_) => Kind::Enum,
            Type::Enum64(_) => Kind::Enum64,
            Type::Fwd { .. } => Kind::Fwd,
            Type::Typedef { .. } => Kind::Typedef,
            Type::Volatile { .. } => Kind::Volatile,
            Type::Const { .. } => Kind::Const,
            Type::Restrict { .. } => Kind::Restrict,
            Type::Func { .. } => Kind::Func,
            Type::FuncProto(_) => Kind::FuncProto,
            Type::Var { .. } => Kind::Var,
            Type::DataSec(_) => Kind::DataSec,
            Type::Float { .. } => Kind::Float,
            Type::DeclTag { .. } => Kind::DeclTag,
            Type::TypeTag { .. } => Kind::TypeTag,
            Type::Unknown { .. } => Kind::Unknown,
        }
    }

    /// The name, tag or text; empty if the kind has none or it is anonymous.
    pub fn name(&self) -> &'a str {
        match *self {
            Type::Int(int) => int.name,
            Type::Struct(composite) | Type::Union(composite) => composite.name(),
            Type::Enum(enumeration) | Type::Enum64(enumeration) => enumeration.name(),
            Type::DataSec(section) => section.name(),
            Type::Fwd { name, .. }
            | Type::Typedef { name, .. }
            | Type::Func { name, .. }
            | Type::Var { name, .. }
            | Type::Float { name, .. }
            | Type::DeclTag { name, .. }
            | Type::TypeTag { name, .. }
            | Type::Unknown { name, .. } => name,
            Type::Void
            | Type::Ptr { .. }
            | Type::Array { .. }
            | Type::Volatile { .. }
            | Type::Const { .. }
            | Type::Restrict { .. }
            | Type::FuncProto(_) => "",
        }
    }

    /// The struct or union, if it is one.
    pub fn composite(&self) -> Option<Composite<'a>> {
        match *self {
            Type::Struct(composite) | Type::Union(composite) => Some(composite),
            _ => None,
        }
    }

    /// The enumeration, if it is one.
    pub fn enumeration(&self) -> Option<Enumeration<'a>> {
        match *self {
            Type::Enum(enumeration) | Type::Enum64(enumeration) => Some(enumeration),
            _ => None,
        }
    }
}

fn int(record: Record<'_>) -> Int<'_> {
    let data = record.word(0);
    Int {
        name: record.name(),
        size_bytes: record.third,
        encoding: IntEncoding::from_bits((data >> 24 & 0xf) as u8),
        bit_offset: (data >> 16) as u8,
        n_bits: data as u8,
    }
}
