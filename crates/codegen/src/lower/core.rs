//! Questions to the kernel's BTF, and what the types of the source answer to them
//! (`libbpf.h` and `relo_core.c` of Linux 6.12 define the questions).

use super::Ctx;
use crate::ir::{self, CoreId};
use bpfc_isa::Endian;
use bpfc_typeck::hir::{self, CoreKind, CoreQuery};

impl Ctx<'_> {
    /// The number of a question, new or old.
    pub(super) fn core(&mut self, query: CoreQuery) -> CoreId {
        let is_same = |core: &ir::Core| {
            let known = &core.query;
            (known.kind, known.ty, &known.path) == (query.kind, query.ty, &query.path)
        };
        let known = self.out.cores.ids().find(|&id| is_same(&self.out.cores[id]));
        known.unwrap_or_else(|| {
            let local = local_answer(self.types, self.out.endian, &query);
            self.out.cores.push(ir::Core { query, local })
        })
    }
}

/// What the source's own types answer. Type ids are given by the writer; 0 here.
pub(super) fn local_answer(types: &hir::Types, endian: Endian, query: &CoreQuery) -> i64 {
    let field = || field(types, query).unwrap_or_default();
    match query.kind {
        CoreKind::FieldByteOffset => field().byte_offset as i64,
        CoreKind::FieldByteSize => field().byte_size as i64,
        CoreKind::FieldSigned => i64::from(field().is_signed),
        CoreKind::FieldLshiftU64 => {
            let field = field();
            let first_bit = field.bit_offset - field.byte_offset * 8;
            match endian {
                Endian::Little => 64 - (first_bit + field.bits) as i64,
                Endian::Big => 64 - field.byte_size as i64 * 8 + first_bit as i64,
            }
        }
        CoreKind::FieldRshiftU64 => 64 - field().bits as i64,
        CoreKind::TypeIdLocal | CoreKind::TypeIdTarget => 0,
        CoreKind::FieldExists
        | CoreKind::TypeExists
        | CoreKind::EnumvalExists
        | CoreKind::TypeMatches => 1,
        CoreKind::TypeSize => types.size_of(query.ty).unwrap_or(0) as i64,
        CoreKind::EnumvalValue => match types.resolve(query.ty) {
            hir::Type::Enum(id) => {
                let idx = query.path.first().map_or(0, |&idx| idx as usize);
                let enumerators = &types.enums[*id].enumerators;
                enumerators.get(idx).map_or(0, |&(_, value)| value as i64)
            }
            _ => 0,
        },
    }
}

/// Where a field is and how it is accessed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Field {
    /// First bit of the field.
    bit_offset: u64,
    /// Width of the field.
    bits: u64,
    /// Where its storage unit begins.
    pub(super) byte_offset: u64,
    /// Size of its storage unit.
    pub(super) byte_size: u64,
    is_signed: bool,
}

pub(super) fn field(types: &hir::Types, query: &CoreQuery) -> Option<Field> {
    let mut ty = query.ty;
    let (&first, path) = query.path.split_first()?;
    let mut offset = u64::from(first) * types.size_of(ty)? * 8;
    let mut bits = None;
    for &step in path {
        bits = None;
        match types.resolve(ty) {
            hir::Type::Record(record) => {
                let member = types.records[*record].body.as_ref()?.members.get(step as usize)?;
                offset += member.offset_bits;
                bits = member.bits;
                ty = member.ty.ty;
            }
            hir::Type::Array { elem, .. } => {
                offset += u64::from(step) * types.size_of(elem.ty)? * 8;
                ty = elem.ty;
            }
            _ => return None,
        }
    }
    let is_signed = types.int_kind(ty).is_some_and(hir::IntKind::is_signed);
    let mut byte_size = types.size_of(ty).unwrap_or(0);
    let mut byte_offset = offset / 8;
    if let Some(bits) = bits {
        // `bpf_core_calc_field_relo`: the smallest aligned unit, from the type's size up.
        byte_offset = offset / 8 / byte_size.max(1) * byte_size;
        while offset + u64::from(bits) > (byte_offset + byte_size) * 8 && byte_size < 8 {
            byte_size *= 2;
            byte_offset = offset / 8 / byte_size * byte_size;
        }
    }
    Some(Field {
        bit_offset: offset,
        bits: bits.map_or(byte_size * 8, u64::from),
        byte_offset,
        byte_size,
        is_signed,
    })
}
