//! Owned type records, for building.

use crate::error::BtfError;
use crate::format::{FwdKind, IntEncoding, Linkage, TypeId};
use crate::reader::Btf;
use crate::types::{SecVar, Type};

/// One type to be written; the owned twin of [`Type`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TypeDef {
    /// INT of full width.
    Int {
        /// C name.
        name: String,
        /// Size: 1, 2, 4, 8 or 16.
        size_bytes: u32,
        /// How to read the bits.
        encoding: IntEncoding,
        /// First value bit; 0 in all new BTF.
        bit_offset: u8,
        /// Number of value bits; `8 * size_bytes` in all new BTF.
        n_bits: u8,
    },
    /// PTR.
    Ptr {
        /// What it points to.
        target: TypeId,
    },
    /// ARRAY.
    Array {
        /// Type of an element.
        element: TypeId,
        /// Type of an index.
        index: TypeId,
        /// Number of elements.
        n_elements: u32,
    },
    /// STRUCT.
    Struct {
        /// Tag, or empty.
        name: String,
        /// Size.
        size_bytes: u32,
        /// Members in order.
        members: Vec<MemberDef>,
    },
    /// UNION.
    Union {
        /// Tag, or empty.
        name: String,
        /// Size.
        size_bytes: u32,
        /// Members in order.
        members: Vec<MemberDef>,
    },
    /// ENUM; values fit in 32 bits.
    Enum {
        /// Tag, or empty.
        name: String,
        /// Size: 1, 2, 4 or 8.
        size_bytes: u32,
        /// Whether values are signed.
        is_signed: bool,
        /// Constants in order.
        enumerators: Vec<EnumeratorDef>,
    },
    /// ENUM64 (6.0).
    Enum64 {
        /// Tag, or empty.
        name: String,
        /// Size: 1, 2, 4 or 8.
        size_bytes: u32,
        /// Whether values are signed.
        is_signed: bool,
        /// Constants in order.
        enumerators: Vec<EnumeratorDef>,
    },
    /// FWD.
    Fwd {
        /// The tag.
        name: String,
        /// Struct or union.
        fwd_kind: FwdKind,
    },
    /// TYPEDEF.
    Typedef {
        /// The new name.
        name: String,
        /// What it names.
        target: TypeId,
    },
    /// VOLATILE.
    Volatile {
        /// The qualified type.
        target: TypeId,
    },
    /// CONST.
    Const {
        /// The qualified type.
        target: TypeId,
    },
    /// RESTRICT.
    Restrict {
        /// The qualified type.
        target: TypeId,
    },
    /// FUNC.
    Func {
        /// Its name.
        name: String,
        /// Its FUNC_PROTO.
        proto: TypeId,
        /// Its linkage.
        linkage: Linkage,
    },
    /// FUNC_PROTO.
    FuncProto {
        /// Return type.
        ret: TypeId,
        /// Parameters, without the mark of `...`.
        params: Vec<ParamDef>,
        /// Whether it ends in `...`.
        is_variadic: bool,
    },
    /// VAR.
    Var {
        /// Its name.
        name: String,
        /// Its type.
        ty: TypeId,
        /// Its linkage.
        linkage: Linkage,
    },
    /// DATASEC.
    DataSec {
        /// The section's name.
        name: String,
        /// The section's size.
        size_bytes: u32,
        /// Its variables, by ascending offset.
        vars: Vec<SecVarDef>,
    },
    /// FLOAT.
    Float {
        /// C name.
        name: String,
        /// Size.
        size_bytes: u32,
    },
    /// DECL_TAG.
    DeclTag {
        /// The tag's text.
        name: String,
        /// What is tagged.
        target: TypeId,
        /// The tagged member or parameter, or `None` for the whole.
        component_idx: Option<u32>,
        /// Any attribute, not just a tag (6.14).
        is_attribute: bool,
    },
    /// TYPE_TAG.
    TypeTag {
        /// The tag's text.
        name: String,
        /// The tagged type.
        target: TypeId,
        /// Any attribute, not just a tag (6.14).
        is_attribute: bool,
    },
}

/// A variable's place in a section.
pub type SecVarDef = SecVar;

/// A member to be written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MemberDef {
    /// Name, or empty.
    pub name: String,
    /// Type.
    pub ty: TypeId,
    /// Offset of the first bit.
    pub bit_offset: u32,
    /// Width of a bit-field.
    pub bitfield_bits: Option<u8>,
}

/// An enumerator to be written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EnumeratorDef {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: i128,
}

/// A parameter to be written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ParamDef {
    /// Name, or empty.
    pub name: String,
    /// Type.
    pub ty: TypeId,
}

impl TypeDef {
    /// An ordinary integer.
    pub fn int(name: impl Into<String>, size_bytes: u32, encoding: IntEncoding) -> TypeDef {
        let n_bits = (size_bytes * 8) as u8;
        TypeDef::Int { name: name.into(), size_bytes, encoding, bit_offset: 0, n_bits }
    }

    /// A copy of a view; ids stay as they are.
    ///
    /// # Errors
    /// [`BtfError::NoSuchType`]; [`BtfError::WrongKind`] for void and unknown kinds.
    pub fn from_btf(btf: &Btf, id: TypeId) -> Result<TypeDef, BtfError> {
        Ok(match btf.ty(id)? {
            Type::Int(int) => TypeDef::Int {
                name: int.name.into(),
                size_bytes: int.size_bytes,
                encoding: int.encoding,
                bit_offset: int.bit_offset,
                n_bits: int.n_bits,
            },
            Type::Ptr { target } => TypeDef::Ptr { target },
            Type::Array { element, index, n_elements } => {
                TypeDef::Array { element, index, n_elements }
            }
            Type::Struct(composite) => TypeDef::Struct {
                name: composite.name().into(),
                size_bytes: composite.size_bytes(),
                members: members(&composite),
            },
            Type::Union(composite) => TypeDef::Union {
                name: composite.name().into(),
                size_bytes: composite.size_bytes(),
                members: members(&composite),
            },
            Type::Enum(enumeration) => TypeDef::Enum {
                name: enumeration.name().into(),
                size_bytes: enumeration.size_bytes(),
                is_signed: enumeration.is_signed(),
                enumerators: enumerators(&enumeration),
            },
            Type::Enum64(enumeration) => TypeDef::Enum64 {
                name: enumeration.name().into(),
                size_bytes: enumeration.size_bytes(),
                is_signed: enumeration.is_signed(),
                enumerators: enumerators(&enumeration),
            },
            Type::Fwd { name, fwd_kind } => TypeDef::Fwd { name: name.into(), fwd_kind },
            Type::Typedef { name, target } => TypeDef::Typedef { name: name.into(), target },
            Type::Volatile { target } => TypeDef::Volatile { target },
            Type::Const { target } => TypeDef::Const { target },
            Type::Restrict { target } => TypeDef::Restrict { target },
            Type::Func { name, proto, linkage } => {
                TypeDef::Func { name: name.into(), proto, linkage }
            }
            Type::FuncProto(proto) => TypeDef::FuncProto {
                ret: proto.ret(),
                params: proto
                    .params()
                    .map(|param| ParamDef { name: param.name.into(), ty: param.ty })
                    .collect(),
                is_variadic: proto.is_variadic(),
            },
            Type::Var { name, ty, linkage } => TypeDef::Var { name: name.into(), ty, linkage },
            Type::DataSec(section) => TypeDef::DataSec {
                name: section.name().into(),
                size_bytes: section.size_bytes(),
                vars: section.vars().collect(),
            },
            Type::Float { name, size_bytes } => TypeDef::Float { name: name.into(), size_bytes },
            Type::DeclTag { name, target, component_idx, is_attribute } => {
                TypeDef::DeclTag { name: name.into(), target, component_idx, is_attribute }
            }
            Type::TypeTag { name, target, is_attribute } => {
                TypeDef::TypeTag { name: name.into(), target, is_attribute }
            }
            ty @ (Type::Void | Type::Unknown { .. }) => {
                let expected = "a kind that can be written";
                return Err(BtfError::WrongKind { id, kind: ty.kind(), expected });
            }
        })
    }

    /// Calls `visit` for every type id in the definition, which it may change.
    pub fn for_each_reference(&mut self, mut visit: impl FnMut(&mut TypeId)) {
        match self {
            TypeDef::Ptr { target }
            | TypeDef::Typedef { target, .. }
            | TypeDef::Volatile { target }
            | TypeDef::Const { target }
            | TypeDef::Restrict { target }
            | TypeDef::Func { proto: target, .. }
            | TypeDef::Var { ty: target, .. }
            | TypeDef::DeclTag { target, .. }
            | TypeDef::TypeTag { target, .. } => visit(target),
            TypeDef::Array { element, index, .. } => {
                visit(element);
                visit(index);
            }
            TypeDef::Struct { members, .. } | TypeDef::Union { members, .. } => {
                members.iter_mut().for_each(|member| visit(&mut member.ty));
            }
            TypeDef::FuncProto { ret, params, .. } => {
                visit(ret);
                params.iter_mut().for_each(|param| visit(&mut param.ty));
            }
            TypeDef::DataSec { vars, .. } => vars.iter_mut().for_each(|var| visit(&mut var.var)),
            TypeDef::Int { .. }
            | TypeDef::Enum { .. }
            | TypeDef::Enum64 { .. }
            | TypeDef::Fwd { .. }
            | TypeDef::Float { .. } => {}
        }
    }
}

fn members(composite: &crate::Composite<'_>) -> Vec<MemberDef> {
    composite
        .members()
        .map(|member| MemberDef {
            name: member.name.into(),
            ty: member.ty,
            bit_offset: member.bit_offset,
            bitfield_bits: member.bitfield_bits,
        })
        .collect()
}

fn enumerators(enumeration: &crate::Enumeration<'_>) -> Vec<EnumeratorDef> {
    enumeration
        .enumerators()
        .map(|enumerator| EnumeratorDef { name: enumerator.name.into(), value: enumerator.value })
        .collect()
}
