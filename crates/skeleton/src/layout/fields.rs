//! The parts of structs, unions and sections.

use super::{BitField, Body, Collector, Definition, Part, PartKind, Scalar, Ty};
use crate::model::Section;
use crate::names::{Scope, identifier};
use bpfc_btf::{BtfError, Type, TypeId};

/// A member, before gaps are filled.
struct Member {
    offset_bits: u32,
    n_bits: u32,
    name: String,
    kind: MemberKind,
}

enum MemberKind {
    Field(Ty),
    Bits(Scalar),
}

/// Longest bit-field that is read as a number.
const MAX_BITS: u8 = 64;

impl Collector<'_> {
    /// Defines a struct or union, whose BTF is `id`.
    pub(super) fn composite(
        &mut self,
        id: TypeId,
        name: &str,
        depth: u32,
    ) -> Result<usize, BtfError> {
        self.known.insert(id, None);
        let btf = self.btf;
        let ty = btf.ty(id)?;
        let composite = ty.composite().ok_or(BtfError::NoSize { id, kind: ty.kind() })?;
        let is_union = matches!(ty, Type::Union(_));
        let mut names = Scope::default();
        let (mut members, mut n_anonymous) = (Vec::new(), 0);
        for member in composite.members() {
            let (offset_bits, bits) = btf.member_bits(&composite, &member)?;
            let member_name = match member.name {
                "" if bits.is_some() => continue,
                "" => {
                    n_anonymous += 1;
                    format!("__anon_{n_anonymous}")
                }
                name => identifier(name),
            };
            let member_name = names.unique(member_name);
            let hint = format!("{name}__{}", member_name.trim_start_matches('_'));
            let ty = self.ty(member.ty, &hint, depth + 1)?;
            let size_bits = btf.size_of(member.ty)?.saturating_mul(8);
            let (n_bits, kind) = match (bits, self.scalar_of(&ty)) {
                (None, _) => (size_bits, MemberKind::Field(ty)),
                (Some(n_bits), Some(scalar)) if n_bits <= MAX_BITS => {
                    (n_bits.into(), MemberKind::Bits(scalar))
                }
                // Longer than 64 bits, or damaged. Its bytes become padding.
                (Some(_), _) => continue,
            };
            members.push(Member { offset_bits, n_bits, name: member_name, kind });
        }
        let size_bytes = composite.size_bytes();
        let align = btf.align_of(id)?;
        let body = if is_union {
            Body::Union { parts: union_parts(members, size_bytes) }
        } else {
            let natural = members.iter().map(|member| self.align(member)).max().unwrap_or(1);
            let parts = struct_parts(members, size_bytes);
            Body::Struct { is_packed: align < natural, parts }
        };
        Ok(self.define(id, name, size_bytes, align, body))
    }

    /// Defines the struct of a section's variables.
    pub(super) fn section(&mut self, section: &Section) -> Result<usize, BtfError> {
        let mut members = Vec::new();
        for variable in &section.variables {
            let hint = format!("{}__{}", section.ident, variable.name);
            members.push(Member {
                offset_bits: variable.offset.saturating_mul(8),
                n_bits: self.btf.size_of(variable.ty)?.saturating_mul(8),
                name: identifier(&variable.name),
                kind: MemberKind::Field(self.ty(variable.ty, &hint, 0)?),
            });
        }
        let natural = members.iter().map(|member| self.align(member)).max().unwrap_or(1);
        let is_misplaced =
            |member: &Member| !(member.offset_bits / 8).is_multiple_of(self.align(member));
        let is_packed = members.iter().any(is_misplaced);
        let align = if is_packed { 1 } else { natural };
        // Maps are mapped by pages, so that the end may be rounded up.
        let size_bytes = section.size_bytes.next_multiple_of(align);
        let parts = struct_parts(members, size_bytes);
        let body = Body::Struct { is_packed, parts };
        let name = section.ident.clone();
        self.definitions.push(Definition { name, size_bytes, align, body });
        Ok(self.definitions.len() - 1)
    }

    /// The number behind a type that bit-fields can have.
    fn scalar_of(&self, ty: &Ty) -> Option<Scalar> {
        match ty {
            Ty::Scalar(Scalar::Float { .. }) => None,
            Ty::Scalar(scalar) => Some(*scalar),
            Ty::Named(idx) => match self.definitions[*idx].body {
                Body::Enumeration { repr, .. } => Some(repr),
                Body::Struct { .. } | Body::Union { .. } => None,
            },
            Ty::Pointer | Ty::Array(..) | Ty::Bytes(_) => None,
        }
    }

    fn align(&self, member: &Member) -> u32 {
        match &member.kind {
            MemberKind::Field(ty) => align_of(&self.definitions, ty),
            MemberKind::Bits(_) => 1,
        }
    }
}

/// The alignment of a type in C.
pub(crate) fn align_of(definitions: &[Definition], ty: &Ty) -> u32 {
    match ty {
        Ty::Scalar(scalar) => scalar.size_bytes(),
        Ty::Pointer => 8,
        Ty::Array(element, _) => align_of(definitions, element),
        Ty::Named(idx) => definitions[*idx].align.max(1),
        Ty::Bytes(_) => 1,
    }
}

fn field(name: String, ty: Ty, offset_bits: u32, n_bits: u32) -> Part {
    let kind = PartKind::Field { name, ty };
    Part { offset: offset_bits / 8, size_bytes: n_bits / 8, kind }
}

/// The parts of a struct, with the gaps between them. Members that overlap others or the end are left out, which
/// happens in damaged types only.
fn struct_parts(members: Vec<Member>, size_bytes: u32) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut end_bits: u32 = 0;
    for Member { offset_bits: start, n_bits, name, kind } in members {
        let end = start.checked_add(n_bits);
        let Some(end) = end.filter(|&end| end <= size_bytes.saturating_mul(8)) else { continue };
        let used = end_bits.div_ceil(8);
        match kind {
            _ if start < end_bits => continue,
            MemberKind::Field(_) if !start.is_multiple_of(8) || start / 8 < used => continue,
            MemberKind::Field(ty) => {
                pad(&mut parts, used, start / 8);
                parts.push(field(name, ty, start, n_bits));
            }
            MemberKind::Bits(scalar) => {
                let n_bits = n_bits as u8;
                // Bit-fields that begin in the byte where the last ended are in one part with it.
                let is_next = start / 8 <= end_bits / 8;
                match parts.last_mut() {
                    Some(Part { offset, size_bytes, kind: PartKind::Bits(fields) }) if is_next => {
                        let offset_bits = start - *offset * 8;
                        fields.push(BitField { name, offset_bits, n_bits, scalar });
                        *size_bytes = end.div_ceil(8) - *offset;
                    }
                    _ => {
                        pad(&mut parts, used, start / 8);
                        let (offset, offset_bits) = (start / 8, start % 8);
                        let fields = vec![BitField { name, offset_bits, n_bits, scalar }];
                        let size_bytes = end.div_ceil(8) - offset;
                        parts.push(Part { offset, size_bytes, kind: PartKind::Bits(fields) });
                    }
                }
            }
        }
        end_bits = end;
    }
    pad(&mut parts, end_bits.div_ceil(8), size_bytes);
    parts
}

fn pad(parts: &mut Vec<Part>, start: u32, end: u32) {
    if start < end {
        parts.push(Part { offset: start, size_bytes: end - start, kind: PartKind::Padding });
    }
}

/// The parts of a union, all at its beginning.
fn union_parts(members: Vec<Member>, size_bytes: u32) -> Vec<Part> {
    let mut parts = Vec::new();
    for Member { offset_bits, n_bits, name, kind } in members {
        let end = offset_bits.saturating_add(n_bits).div_ceil(8);
        if end > size_bytes {
            continue;
        }
        match kind {
            MemberKind::Field(ty) if offset_bits == 0 => parts.push(field(name, ty, 0, n_bits)),
            MemberKind::Field(_) => {}
            MemberKind::Bits(scalar) => {
                let fields = vec![BitField { name, offset_bits, n_bits: n_bits as u8, scalar }];
                parts.push(Part { offset: 0, size_bytes: end, kind: PartKind::Bits(fields) });
            }
        }
    }
    parts
}
