//! The walk that an access string describes, on the local type and on a candidate.

use std::fmt::Write;

use super::compatible::{are_fields_compatible, are_types_compatible, do_types_match};
use super::{Candidate, CoreError, CoreKind, CoreRelocation, essential_name};
use crate::error::BtfError;
use crate::format::{MAX_DEPTH, TypeId};
use crate::query::Budget;
use crate::reader::Btf;
use crate::types::{Member, Type};

/// Longest access string, as in libbpf.
const MAX_STEPS: usize = 64;

/// A turning point of the walk: a named member, an array element, or an enumerator. Anonymous
/// members are walked through without one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Accessor<'a> {
    /// The composite, the element type or the enumeration.
    pub(super) ty: TypeId,
    /// Index of the member, element or enumerator.
    pub(super) idx: u32,
    /// Name of the member or enumerator; `None` for an element.
    pub(super) name: Option<&'a str>,
}

/// A walk with what it arrived at.
#[derive(Debug, Clone)]
pub(super) struct Spec<'a> {
    pub(super) btf: &'a Btf,
    pub(super) root: TypeId,
    /// Never empty for fields and enumerators, empty for types.
    pub(super) accessors: Vec<Accessor<'a>>,
    pub(super) bit_offset: u64,
}

impl<'a> Spec<'a> {
    /// Walks the access string from the local root type.
    pub(super) fn parse(
        btf: &'a Btf,
        relocation: &CoreRelocation<'_>,
    ) -> Result<Spec<'a>, CoreError> {
        let bad = |what| CoreError::BadAccess {
            ty: relocation.ty,
            access: relocation.access.to_owned(),
            what,
        };
        let mut spec = Spec { btf, root: relocation.ty, accessors: Vec::new(), bit_offset: 0 };
        if relocation.kind.is_type() {
            btf.ty(relocation.ty)?;
            let is_zero = relocation.access == "0";
            return if is_zero { Ok(spec) } else { Err(bad("a type is accessed as `0`")) };
        }
        let steps: Result<Vec<u32>, _> = relocation.access.split(':').map(str::parse).collect();
        let steps = steps.map_err(|_| bad("it is not a list of numbers"))?;
        if steps.len() > MAX_STEPS {
            return Err(bad("it has more than 64 steps"));
        }
        let (root, ty) = btf.resolved(relocation.ty)?;
        let (&first, rest) = steps.split_first().ok_or_else(|| bad("it is empty"))?;
        if relocation.kind.is_enumval() {
            let enumeration = ty.enumeration().ok_or_else(|| bad("the type is no enumeration"))?;
            let enumerator = enumeration.enumerator(first).filter(|_| rest.is_empty());
            let name = Some(enumerator.ok_or_else(|| bad("there is no such enumerator"))?.name);
            spec.accessors.push(Accessor { ty: root, idx: first, name });
            return Ok(spec);
        }
        spec.push_element(root, first)?;
        let mut at = root;
        for &idx in rest {
            let (id, ty) = btf.resolved(at)?;
            match ty {
                Type::Struct(composite) | Type::Union(composite) => {
                    let member = composite.member(idx).ok_or_else(|| bad("no such member"))?;
                    spec.bit_offset += u64::from(member.bit_offset);
                    if !member.name.is_empty() {
                        spec.accessors.push(Accessor { ty: id, idx, name: Some(member.name) });
                    }
                    at = member.ty;
                }
                Type::Array { element, n_elements, .. } => {
                    if idx >= n_elements && !spec.is_flexible(n_elements) {
                        return Err(bad("an index is out of bounds"));
                    }
                    at = btf.resolve_typedefs(element)?;
                    spec.push_element(at, idx)?;
                }
                _ => return Err(bad("it goes into something that has no parts")),
            }
        }
        Ok(spec)
    }

    /// Steps to element `idx` of an array of `ty`.
    fn push_element(&mut self, ty: TypeId, idx: u32) -> Result<(), BtfError> {
        let size_bits = u64::from(self.btf.size_of(ty)?) * 8;
        let offset = u64::from(idx).checked_mul(size_bits);
        let offset = offset.and_then(|offset| offset.checked_add(self.bit_offset));
        self.bit_offset = offset
            .filter(|&offset| offset < 1 << 48)
            .ok_or(BtfError::TooLarge { id: self.root })?;
        self.accessors.push(Accessor { ty, idx, name: None });
        Ok(())
    }

    /// Whether an array of `n_elements` that the walk stands at has no bound: it is declared so and
    /// is the last member of its struct.
    fn is_flexible(&self, n_elements: u32) -> bool {
        let Some(Accessor { ty, idx, name: Some(_) }) = self.accessors.last().copied() else {
            return false;
        };
        let composite = self.btf.ty(ty).ok().and_then(|ty| ty.composite());
        n_elements == 0 && composite.is_some_and(|composite| idx + 1 == composite.n_members())
    }

    /// The same walk on a candidate; `None` if it is not the same there.
    pub(super) fn find_in<'t>(
        &self,
        relocation: &CoreRelocation<'_>,
        candidate: Candidate<'t>,
    ) -> Result<Option<Spec<'t>>, CoreError> {
        let Candidate { btf, id } = candidate;
        let mut target = Spec { btf, root: id, accessors: Vec::new(), bit_offset: 0 };
        if relocation.kind.is_type() {
            let (local, ty) = (self.btf, self.root);
            let is_match = match relocation.kind {
                CoreKind::TypeMatches => do_types_match(local, ty, btf, id)?,
                _ => are_types_compatible(local, ty, btf, id)?,
            };
            return Ok(is_match.then_some(target));
        }
        if relocation.kind.is_enumval() {
            return self.find_enumerator_in(target);
        }
        let mut at = id;
        for (step, accessor) in self.accessors.iter().enumerate() {
            let (id, ty) = btf.resolved(at)?;
            if accessor.name.is_some() {
                match target.find_member(self.btf, accessor, id)? {
                    Some(member_type) => at = member_type,
                    None => return Ok(None),
                }
                continue;
            }
            at = match ty {
                // The first step indexes the root itself.
                _ if step == 0 => id,
                Type::Array { element, n_elements, .. } => {
                    if accessor.idx >= n_elements && !target.is_flexible(n_elements) {
                        return Ok(None);
                    }
                    btf.resolve_typedefs(element)?
                }
                _ => return Ok(None),
            };
            target.push_element(at, accessor.idx)?;
        }
        Ok(Some(target))
    }

    fn find_enumerator_in<'t>(&self, mut target: Spec<'t>) -> Result<Option<Spec<'t>>, CoreError> {
        let (id, ty) = target.btf.resolved(target.root)?;
        let name = self.accessors.first().and_then(|accessor| accessor.name).unwrap_or_default();
        let Some(enumeration) = ty.enumeration() else {
            return Ok(None);
        };
        for (idx, enumerator) in enumeration.enumerators().enumerate() {
            if essential_name(enumerator.name) == essential_name(name) {
                let name = Some(enumerator.name);
                target.accessors.push(Accessor { ty: id, idx: idx as u32, name });
                return Ok(Some(target));
            }
        }
        Ok(None)
    }

    /// Steps to the member of composite `id` that corresponds to a local one; its type, if found.
    fn find_member(
        &mut self,
        local: &Btf,
        accessor: &Accessor<'_>,
        id: TypeId,
    ) -> Result<Option<TypeId>, CoreError> {
        let composite = local.ty(accessor.ty)?.composite();
        let member = composite.and_then(|composite| composite.member(accessor.idx));
        let Some(member) = member else {
            return Ok(None);
        };
        let mut budget = Budget::new(id);
        let bit_offset = self.bit_offset;
        self.find_member_at(local, &member, id, bit_offset, 0, &mut budget)
    }

    fn find_member_at(
        &mut self,
        local: &Btf,
        wanted: &Member<'_>,
        id: TypeId,
        bit_offset: u64,
        depth: u32,
        budget: &mut Budget,
    ) -> Result<Option<TypeId>, CoreError> {
        let (id, ty) = self.btf.resolved(id)?;
        let Some(composite) = ty.composite() else {
            return Ok(None);
        };
        for (idx, member) in composite.members().enumerate() {
            budget.spend(depth)?;
            let at = bit_offset + u64::from(member.bit_offset);
            if member.name.is_empty() {
                let found = self.find_member_at(local, wanted, member.ty, at, depth + 1, budget)?;
                if found.is_some() {
                    return Ok(found);
                }
            } else if member.name == wanted.name {
                // The first member of that name decides.
                if !are_fields_compatible(local, wanted.ty, self.btf, member.ty)? {
                    return Ok(None);
                }
                self.bit_offset = at;
                let name = Some(member.name);
                self.accessors.push(Accessor { ty: id, idx: idx as u32, name });
                return Ok(Some(member.ty));
            }
        }
        Ok(None)
    }

    /// The walk in words of C.
    pub(super) fn describe(&self, kind: CoreKind) -> String {
        let (keyword, name) = match self.btf.ty(self.root) {
            Ok(Type::Struct(composite)) => ("struct ", composite.name()),
            Ok(Type::Union(composite)) => ("union ", composite.name()),
            Ok(Type::Enum(enumeration) | Type::Enum64(enumeration)) => {
                ("enum ", enumeration.name())
            }
            Ok(ty) => ("", ty.name()),
            Err(_) => ("", ""),
        };
        let name = if name.is_empty() { "(anonymous)" } else { name };
        let mut text = format!("{keyword}{name}");
        for (step, accessor) in self.accessors.iter().take(MAX_DEPTH as usize).enumerate() {
            let _ = match accessor.name {
                Some(name) if kind.is_enumval() => write!(text, "::{name}"),
                Some(name) => write!(text, ".{name}"),
                None if step == 0 && accessor.idx == 0 => Ok(()),
                None => write!(text, "[{}]", accessor.idx),
            };
        }
        text
    }
}
