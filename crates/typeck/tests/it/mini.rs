//! A kernel for tests: the types of `tests/mini/kernel.h`.

use crate::front;
use bpfc_parser::TypeNames;
use bpfc_parser::ast::TagKind;
use bpfc_typeck::hir::{IntKind, Module, QualType, Quals, RecordKind, Type, TypeId};
use bpfc_typeck::{KernelMember, KernelRecordBody, KernelType, KernelTypes};
use std::sync::OnceLock;

/// The types of a checked header, as if they were a kernel's.
#[derive(Clone, Copy)]
pub struct Mini {
    header: &'static front::Checked,
}

impl Mini {
    pub fn new() -> Self {
        static HEADER: OnceLock<front::Checked> = OnceLock::new();
        let header = HEADER.get_or_init(|| {
            let text = include_str!("../../../../tests/mini/kernel.h");
            let checked = front::check(text);
            assert_eq!(checked.messages(), [] as [&str; 0]);
            checked
        });
        Self { header }
    }

    fn module(&self) -> &'static Module {
        &self.header.module
    }

    fn name(&self, symbol: bpfc_base::Symbol) -> &'static str {
        self.header.session.name(symbol)
    }

    fn is(&self, symbol: Option<bpfc_base::Symbol>, name: &str) -> bool {
        symbol.is_some_and(|symbol| self.name(symbol) == name)
    }

    fn find(&self, wanted: impl Fn(&Type) -> bool) -> Option<u32> {
        let types = &self.module().types;
        let all = (0..types.len()).map(bpfc_base::Idx::new);
        all.into_iter()
            .find(|id: &TypeId| wanted(types.get(*id)))
            .map(|id| self.id(QualType::plain(id)))
    }

    /// The number of a type: its index, with its qualifiers above.
    fn id(&self, ty: QualType) -> u32 {
        let index = bpfc_base::Idx::index(ty.ty) as u32;
        index + 1 + (u32::from(ty.quals.is_const) << 30) + (u32::from(ty.quals.is_volatile) << 29)
    }
}

impl TypeNames for Mini {
    fn is_type(&mut self, name: &str) -> bool {
        self.find_typedef(name).is_some()
    }
}

impl KernelTypes for Mini {
    fn find_tag(&mut self, kind: TagKind, name: &str) -> Option<u32> {
        let types = &self.module().types;
        self.find(|ty| match (ty, kind) {
            (Type::Record(id), TagKind::Struct | TagKind::Union) => {
                self.is(types.records[*id].name, name)
            }
            (Type::Enum(id), TagKind::Enum) => self.is(types.enums[*id].name, name),
            _ => false,
        })
    }

    fn find_typedef(&mut self, name: &str) -> Option<u32> {
        let types = &self.module().types;
        self.find(
            |ty| matches!(ty, Type::Typedef(id) if self.is(Some(types.typedefs[*id].name), name)),
        )
    }

    fn find_enumerator(&mut self, name: &str) -> Option<u32> {
        let types = &self.module().types;
        self.find(|ty| match ty {
            Type::Enum(id) => {
                types.enums[*id].enumerators.iter().any(|(known, _)| self.is(Some(*known), name))
            }
            _ => false,
        })
    }

    fn ty(&mut self, id: u32) -> KernelType {
        let quals = Quals {
            is_const: id >> 30 & 1 == 1,
            is_volatile: id >> 29 & 1 == 1,
            ..Quals::default()
        };
        let index = id & !(3 << 29);
        if quals != Quals::default() {
            return KernelType::Qualified { quals, target: index };
        }
        let types = &self.module().types;
        let name = |symbol: Option<_>| symbol.map(|symbol| self.name(symbol).to_owned());
        match types.get(bpfc_base::Idx::new(index as usize - 1)) {
            Type::Void => KernelType::Void,
            Type::Bool => KernelType::Bool,
            Type::Int(kind) => KernelType::Int {
                name: match kind {
                    IntKind::Char => "char".to_owned(),
                    IntKind::LongLong | IntKind::ULongLong => "long long".to_owned(),
                    _ => String::new(),
                },
                bits: kind.bits(),
                is_signed: kind.is_signed(),
            },
            Type::Ptr(to) => KernelType::Ptr(self.id(*to)),
            Type::Array { elem, len } => {
                KernelType::Array { elem: self.id(*elem), len: len.unwrap_or(0) }
            }
            Type::Record(id) => {
                let record = &types.records[*id];
                let kind = match record.kind {
                    RecordKind::Struct => TagKind::Struct,
                    RecordKind::Union => TagKind::Union,
                };
                KernelType::Tag {
                    kind,
                    name: name(record.name),
                    is_complete: record.body.is_some(),
                }
            }
            Type::Enum(id) => KernelType::Tag {
                kind: TagKind::Enum,
                name: name(types.enums[*id].name),
                is_complete: true,
            },
            Type::Typedef(id) => KernelType::Typedef {
                name: self.name(types.typedefs[*id].name).to_owned(),
                target: self.id(types.typedefs[*id].ty),
            },
            _ => KernelType::Other,
        }
    }

    fn record_body(&mut self, id: u32) -> Option<KernelRecordBody> {
        let types = &self.module().types;
        let record = types.record_of(bpfc_base::Idx::new(id as usize - 1))?;
        let body = types.records[record].body.as_ref()?;
        let members = body.members.iter().map(|member| KernelMember {
            name: member.name.map_or(String::new(), |name| self.name(name).to_owned()),
            ty: self.id(member.ty),
            offset_bits: member.offset_bits,
            bits: member.bits,
        });
        Some(KernelRecordBody { size: body.size, align: body.align, members: members.collect() })
    }

    fn enumerators(&mut self, id: u32) -> Vec<(String, i128)> {
        let types = &self.module().types;
        let Type::Enum(id) = types.resolve(bpfc_base::Idx::new(id as usize - 1)) else {
            return Vec::new();
        };
        let all = types.enums[*id].enumerators.iter();
        all.map(|(name, value)| (self.name(*name).to_owned(), *value)).collect()
    }
}
