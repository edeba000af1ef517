//! [`KernelTypes`] over BTF.

use super::{KernelMember, KernelRecordBody, KernelType, KernelTypes};
use crate::hir::Quals;
use bpfc_btf::{Btf, FwdKind, IntEncoding, KindSet, Type, TypeId};
use bpfc_parser::ast::TagKind;

/// The types of a kernel, as its BTF describes them.
#[derive(Clone, Debug)]
pub struct BtfTypes<'b> {
    btf: &'b Btf,
}

impl<'b> BtfTypes<'b> {
    /// The types of `btf`.
    pub fn new(btf: &'b Btf) -> Self {
        Self { btf }
    }

    /// Whether `name` is a typedef's: what a parser asks of a name nobody declared.
    pub fn is_typedef(&self, name: &str) -> bool {
        self.btf.find_by_name(name, KindSet::TYPEDEF).is_some()
    }
}

fn quals(is_const: bool, is_volatile: bool, is_restrict: bool) -> Quals {
    Quals { is_const, is_volatile, is_restrict, is_atomic: false }
}

fn opt_name(name: &str) -> Option<String> {
    (!name.is_empty()).then(|| name.to_owned())
}

impl KernelTypes for BtfTypes<'_> {
    fn find_tag(&mut self, kind: TagKind, name: &str) -> Option<u32> {
        let kinds = match kind {
            TagKind::Struct => KindSet::STRUCT,
            TagKind::Union => KindSet::UNION,
            TagKind::Enum => KindSet::ENUM,
        };
        self.btf.find_by_name(name, kinds).map(|id| id.0)
    }

    fn find_typedef(&mut self, name: &str) -> Option<u32> {
        self.btf.find_by_name(name, KindSet::TYPEDEF).map(|id| id.0)
    }

    fn find_enumerator(&mut self, name: &str) -> Option<u32> {
        self.btf.find_enumerator(name).map(|(id, _)| id.0)
    }

    fn ty(&mut self, id: u32) -> KernelType {
        let Ok(ty) = self.btf.ty(TypeId(id)) else {
            return KernelType::Other;
        };
        let tag = |kind, name, is_complete| KernelType::Tag { kind, name, is_complete };
        match ty {
            Type::Void => KernelType::Void,
            Type::Int(int) if int.encoding == IntEncoding::Bool => KernelType::Bool,
            Type::Int(int) => KernelType::Int {
                name: int.name.to_owned(),
                bits: int.size_bytes * 8,
                is_signed: int.encoding == IntEncoding::Signed || int.name == "char",
            },
            Type::Ptr { target } => KernelType::Ptr(target.0),
            Type::Array { element, n_elements, .. } => {
                KernelType::Array { elem: element.0, len: n_elements.into() }
            }
            Type::Struct(it) => tag(TagKind::Struct, opt_name(it.name()), true),
            Type::Union(it) => tag(TagKind::Union, opt_name(it.name()), true),
            Type::Enum(it) | Type::Enum64(it) => {
                tag(TagKind::Enum, opt_name(it.name()), it.n_enumerators() > 0)
            }
            Type::Fwd { name, fwd_kind: FwdKind::Struct } => {
                tag(TagKind::Struct, opt_name(name), false)
            }
            Type::Fwd { name, .. } => tag(TagKind::Union, opt_name(name), false),
            Type::Typedef { name, target } => {
                KernelType::Typedef { name: name.to_owned(), target: target.0 }
            }
            Type::Volatile { target } => {
                KernelType::Qualified { quals: quals(false, true, false), target: target.0 }
            }
            Type::Const { target } => {
                KernelType::Qualified { quals: quals(true, false, false), target: target.0 }
            }
            Type::Restrict { target } => {
                KernelType::Qualified { quals: quals(false, false, true), target: target.0 }
            }
            Type::TypeTag { name, target, .. } => {
                KernelType::TypeTag { tag: name.to_owned(), target: target.0 }
            }
            Type::FuncProto(proto) => KernelType::Func {
                ret: proto.ret().0,
                params: proto.params().map(|param| param.ty.0).collect(),
                is_variadic: proto.is_variadic(),
            },
            Type::Float { size_bytes, .. } => KernelType::Float { bytes: size_bytes },
            Type::Func { .. }
            | Type::Var { .. }
            | Type::DataSec(_)
            | Type::DeclTag { .. }
            | Type::Unknown { .. } => KernelType::Other,
        }
    }

    fn record_body(&mut self, id: u32) -> Option<KernelRecordBody> {
        let id = TypeId(id);
        let composite = self.btf.ty(id).ok()?.composite()?;
        let members = composite.members().map(|member| KernelMember {
            name: member.name.to_owned(),
            ty: member.ty.0,
            offset_bits: member.bit_offset.into(),
            bits: member.bitfield_bits.map(u32::from),
        });
        Some(KernelRecordBody {
            size: composite.size_bytes().into(),
            align: self.btf.align_of(id).unwrap_or(1).max(1),
            members: members.collect(),
        })
    }

    fn enumerators(&mut self, id: u32) -> Vec<(String, i128)> {
        let Ok(ty) = self.btf.ty(TypeId(id)) else {
            return Vec::new();
        };
        let Some(enumeration) = ty.enumeration() else {
            return Vec::new();
        };
        // Without the sign flag of newer compilers, a negative value of an old enumeration
        // reads as its complement; C would have made such values `unsigned` as well.
        enumeration.enumerators().map(|e| (e.name.to_owned(), e.value)).collect()
    }
}
