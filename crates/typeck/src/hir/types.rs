//! C types. They are interned: equal types have equal ids, typedefs kept as sugar
//! ([`Types::canonical`] removes it).

use bpfc_base::{IndexVec, Span, Symbol, index_type};
use std::collections::HashMap;

index_type! {
    /// A type of [`Types`].
    pub struct TypeId, "ty"
}
index_type! {
    /// A struct or union.
    pub struct RecordId, "record"
}
index_type! {
    /// An enumeration.
    pub struct EnumId, "enum"
}
index_type! {
    /// A typedef.
    pub struct TypedefId, "typedef"
}

/// C11 6.2.5.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// The type of what is wrong in the source; compatible with everything, silently.
    Error,
    /// `void`
    Void,
    /// `_Bool`
    Bool,
    /// Every other standard or extended integer.
    Int(IntKind),
    /// Floating types exist so that their use can be reported, and folded in constants.
    Float(FloatKind),
    /// Pointer to a possibly qualified type.
    Ptr(QualType),
    /// Array; `None` is an incomplete or flexible array.
    Array {
        /// Type of the elements.
        elem: QualType,
        /// Number of elements.
        len: Option<u64>,
    },
    /// Function.
    Func(FuncType),
    /// Struct or union.
    Record(RecordId),
    /// Enumeration.
    Enum(EnumId),
    /// A typedef's name for another type.
    Typedef(TypedefId),
    /// A type with a `btf_type_tag("…")`: sugar that only BTF sees.
    Tagged {
        /// The tagged type.
        inner: TypeId,
        /// The tag.
        tag: Symbol,
    },
}

/// A type and its qualifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct QualType {
    /// The type.
    pub ty: TypeId,
    /// Its qualifiers.
    pub quals: Quals,
}

pub use bpfc_parser::ast::Quals;

impl QualType {
    /// `ty` without qualifiers.
    pub fn plain(ty: TypeId) -> Self {
        Self { ty, quals: Quals::default() }
    }
}

/// C11 6.2.5p4-p7: integer types but `_Bool` and enumerations. `Char` is signed, as it is
/// for x86-64 and BPF.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names are C's")]
pub enum IntKind {
    Char,
    SChar,
    UChar,
    Short,
    UShort,
    Int,
    UInt,
    Long,
    ULong,
    LongLong,
    ULongLong,
    Int128,
    UInt128,
}

impl IntKind {
    /// Width in bits.
    pub fn bits(self) -> u32 {
        use IntKind::*;
        match self {
            Char | SChar | UChar => 8,
            Short | UShort => 16,
            Int | UInt => 32,
            Long | ULong | LongLong | ULongLong => 64,
            Int128 | UInt128 => 128,
        }
    }

    /// True for signed types.
    pub fn is_signed(self) -> bool {
        use IntKind::*;
        matches!(self, Char | SChar | Short | Int | Long | LongLong | Int128)
    }

    /// C11 6.3.1.1p1: integer conversion rank, as an order.
    pub fn rank(self) -> u32 {
        use IntKind::*;
        match self {
            Char | SChar | UChar => 1,
            Short | UShort => 2,
            Int | UInt => 3,
            Long | ULong => 4,
            LongLong | ULongLong => 5,
            Int128 | UInt128 => 6,
        }
    }

    /// The unsigned type of the same rank.
    pub fn to_unsigned(self) -> Self {
        use IntKind::*;
        match self {
            Char | SChar | UChar => UChar,
            Short | UShort => UShort,
            Int | UInt => UInt,
            Long | ULong => ULong,
            LongLong | ULongLong => ULongLong,
            Int128 | UInt128 => UInt128,
        }
    }
}

/// Floating types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are C's")]
pub enum FloatKind {
    Float,
    Double,
    LongDouble,
}

/// C11 6.7.6.3: a function's type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FuncType {
    /// What it returns.
    pub ret: QualType,
    /// Parameters, adjusted (arrays and functions are pointers).
    pub params: Vec<QualType>,
    /// `...`
    pub is_variadic: bool,
    /// `()`: nothing is said about parameters, and `params` is empty.
    pub is_unprototyped: bool,
}

/// Struct or union.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordKind {
    /// `struct`
    Struct,
    /// `union`
    Union,
}

/// Where a type was defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the source, at its tag or name.
    Source(Span),
    /// In kernel BTF, under this type id.
    Kernel(u32),
    /// By bpfc itself.
    Builtin,
}

/// A struct or union.
#[derive(Clone, Debug)]
pub struct Record {
    /// Struct or union.
    pub kind: RecordKind,
    /// Its tag; `None` for anonymous ones.
    pub name: Option<Symbol>,
    /// Members and layout; `None` while incomplete.
    pub body: Option<RecordBody>,
    /// Where it was defined.
    pub origin: Origin,
    /// Accesses are recorded for CO-RE: `preserve_access_index`, and every kernel type.
    pub is_relocatable: bool,
    /// `btf_decl_tag`s.
    pub decl_tags: Vec<Symbol>,
}

/// Members and layout of a complete struct or union.
#[derive(Clone, Debug, Default)]
pub struct RecordBody {
    /// In source order; anonymous members keep their place and have no name.
    pub members: Vec<Member>,
    /// Size in bytes.
    pub size: u64,
    /// Alignment in bytes.
    pub align: u32,
    /// `packed`
    pub is_packed: bool,
}

/// A member of a struct or union.
#[derive(Clone, Debug)]
pub struct Member {
    /// `None` for anonymous structs and unions. Unnamed bit-fields are left out.
    pub name: Option<Symbol>,
    /// Its type.
    pub ty: QualType,
    /// Offset of its first bit from the start of the record, little-endian bit order.
    pub offset_bits: u64,
    /// Width of a bit-field.
    pub bits: Option<u32>,
    /// Its name in the source; `NONE` for kernel types.
    pub span: Span,
    /// `btf_decl_tag`s.
    pub decl_tags: Vec<Symbol>,
}

/// An enumeration.
#[derive(Clone, Debug)]
pub struct Enum {
    /// Its tag.
    pub name: Option<Symbol>,
    /// The integer type that holds its values; `None` while incomplete.
    pub repr: Option<IntKind>,
    /// Names and values, in source order.
    pub enumerators: Vec<(Symbol, i128)>,
    /// Where it was defined.
    pub origin: Origin,
}

/// A typedef.
#[derive(Clone, Debug)]
pub struct Typedef {
    /// Its name.
    pub name: Symbol,
    /// What it stands for.
    pub ty: QualType,
    /// Where it was defined.
    pub origin: Origin,
    /// `btf_decl_tag`s.
    pub decl_tags: Vec<Symbol>,
}

/// All types of a module.
#[derive(Clone, Debug, Default)]
pub struct Types {
    all: IndexVec<TypeId, Type>,
    ids: HashMap<Type, TypeId>,
    /// Structs and unions.
    pub records: IndexVec<RecordId, Record>,
    /// Enumerations.
    pub enums: IndexVec<EnumId, Enum>,
    /// Typedefs.
    pub typedefs: IndexVec<TypedefId, Typedef>,
}

impl Types {
    /// The id of `ty`, new or old.
    pub fn intern(&mut self, ty: Type) -> TypeId {
        if let Some(&id) = self.ids.get(&ty) {
            return id;
        }
        let id = self.all.push(ty.clone());
        self.ids.insert(ty, id);
        id
    }

    /// Number of types.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// True when there is no type.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The type of `id`, sugar and all.
    pub fn get(&self, id: TypeId) -> &Type {
        &self.all[id]
    }

    /// The type of `id` without typedefs and tags at its outside.
    pub fn canonical(&self, mut id: TypeId) -> TypeId {
        loop {
            match &self.all[id] {
                Type::Typedef(typedef) => id = self.typedefs[*typedef].ty.ty,
                Type::Tagged { inner, .. } => id = *inner,
                _ => return id,
            }
        }
    }

    /// The type of `id` without typedefs and tags at its outside.
    pub fn resolve(&self, id: TypeId) -> &Type {
        &self.all[self.canonical(id)]
    }

    /// The integer type in which values of `id` are held: enumerations give their
    /// representation. `None` for what is no integer; `_Bool` is not one of them either.
    pub fn int_kind(&self, id: TypeId) -> Option<IntKind> {
        match self.resolve(id) {
            Type::Int(kind) => Some(*kind),
            Type::Enum(id) => self.enums[*id].repr,
            _ => None,
        }
    }

    /// Size in bytes. `None` for incomplete and function types; `void` has none either,
    /// though GNU C counts it as 1 in arithmetic and `sizeof`.
    pub fn size_of(&self, id: TypeId) -> Option<u64> {
        Some(match self.resolve(id) {
            Type::Bool => 1,
            Type::Int(kind) => u64::from(kind.bits() / 8),
            Type::Float(FloatKind::Float) => 4,
            Type::Float(FloatKind::Double) => 8,
            Type::Float(FloatKind::LongDouble) => 16,
            Type::Ptr(_) => 8,
            Type::Array { elem, len } => self.size_of(elem.ty)?.checked_mul((*len)?)?,
            Type::Record(id) => self.records[*id].body.as_ref()?.size,
            Type::Enum(id) => u64::from(self.enums[*id].repr?.bits() / 8),
            Type::Error | Type::Void | Type::Func(_) => return None,
            Type::Typedef(_) | Type::Tagged { .. } => unreachable!("`resolve` removes sugar"),
        })
    }

    /// Alignment in bytes, a power of two. `None` where there is no size.
    pub fn align_of(&self, id: TypeId) -> Option<u32> {
        Some(match self.resolve(id) {
            Type::Array { elem, .. } => self.align_of(elem.ty)?,
            Type::Record(id) => self.records[*id].body.as_ref()?.align,
            _ => u32::try_from(self.size_of(id)?).ok()?,
        })
    }

    /// What `id` points to, if it is a pointer.
    pub fn pointee(&self, id: TypeId) -> Option<QualType> {
        match self.resolve(id) {
            Type::Ptr(pointee) => Some(*pointee),
            _ => None,
        }
    }

    /// The struct or union that `id` is.
    pub fn record_of(&self, id: TypeId) -> Option<RecordId> {
        match self.resolve(id) {
            Type::Record(record) => Some(*record),
            _ => None,
        }
    }
}
