//! When a local type and a target type are close enough.
//!
//! Three relations, from loose to strict: fields that may be read as one another, types that
//! "exist" for one another, and types whose definitions match. All ignore qualifiers, type tags and
//! typedefs, and all are bounded.

use super::essential_name;
use crate::error::BtfError;
use crate::format::{FwdKind, Kind, TypeId};
use crate::query::Budget;
use crate::reader::Btf;
use crate::types::{Composite, Enumeration, FuncProto, Type};

/// The same kind, where the two widths of enumerations count as one.
fn are_kinds_compatible(local: &Type<'_>, target: &Type<'_>) -> bool {
    local.kind() == target.kind() || local.enumeration().is_some() && target.enumeration().is_some()
}

/// Bit-field INTs of old compilers are never relocated; all other integers are interchangeable.
fn are_plain_ints(local: &Type<'_>, target: &Type<'_>) -> bool {
    let is_plain = |ty: &Type<'_>| matches!(ty, Type::Int(int) if int.bit_offset == 0);
    is_plain(local) && is_plain(target)
}

/// Whether a field of the target type can be read where a field of the local type is meant.
///
/// Any two structs or unions, pointers, floats, or integers are; enumerations and forwards need the
/// same essential name or none; arrays need compatible elements, of any number.
pub(super) fn are_fields_compatible(
    local: &Btf,
    local_id: TypeId,
    target: &Btf,
    target_id: TypeId,
) -> Result<bool, BtfError> {
    let mut budget = Budget::new(target_id);
    let (mut local_id, mut target_id) = (local_id, target_id);
    for depth in 0.. {
        budget.spend(depth)?;
        let (a, b) = (local.resolved(local_id)?.1, target.resolved(target_id)?.1);
        if a.composite().is_some() && b.composite().is_some() {
            return Ok(true);
        }
        if !are_kinds_compatible(&a, &b) {
            return Ok(false);
        }
        return Ok(match (a, b) {
            (Type::Array { element: a, .. }, Type::Array { element: b, .. }) => {
                (local_id, target_id) = (a, b);
                continue;
            }
            (Type::Ptr { .. } | Type::Float { .. }, _) => true,
            (Type::Fwd { .. } | Type::Enum(_) | Type::Enum64(_), _) => {
                let (a, b) = (essential_name(a.name()), essential_name(b.name()));
                a.is_empty() || b.is_empty() || a == b
            }
            (Type::Int(_), _) => are_plain_ints(&a, &b),
            _ => false,
        });
    }
    Ok(false)
}

/// Whether the target type counts as the local one existing there. The names were compared by the
/// caller; sizes and members do not matter.
pub(super) fn are_types_compatible(
    local: &Btf,
    local_id: TypeId,
    target: &Btf,
    target_id: TypeId,
) -> Result<bool, BtfError> {
    if !are_kinds_compatible(&local.ty(local_id)?, &target.ty(target_id)?) {
        return Ok(false);
    }
    let mut pair = Pair { local, target, budget: Budget::new(target_id) };
    pair.are_compatible(local_id, target_id, 0)
}

/// Whether the target type has at least what the local definition has: members by name and
/// matching type, enumerators by name, equal integers, equal parameters. Behind a pointer only the
/// tags of structs and unions are compared, and a forward matches its definition.
pub(super) fn do_types_match(
    local: &Btf,
    local_id: TypeId,
    target: &Btf,
    target_id: TypeId,
) -> Result<bool, BtfError> {
    let mut pair = Pair { local, target, budget: Budget::new(target_id) };
    pair.do_match(local_id, target_id, Place::Direct, 0)
}

/// Whether the walk has passed through a pointer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Direct,
    BehindPointer,
}

struct Pair<'a> {
    local: &'a Btf,
    target: &'a Btf,
    budget: Budget,
}

impl Pair<'_> {
    fn are_compatible(&mut self, a: TypeId, b: TypeId, depth: u32) -> Result<bool, BtfError> {
        self.budget.spend(depth)?;
        let (a, b) = (self.local.resolved(a)?.1, self.target.resolved(b)?.1);
        if !are_kinds_compatible(&a, &b) {
            return Ok(false);
        }
        match (a, b) {
            (Type::Int(_), _) => Ok(are_plain_ints(&a, &b)),
            (Type::Ptr { target: a }, Type::Ptr { target: b })
            | (Type::Array { element: a, .. }, Type::Array { element: b, .. }) => {
                self.are_compatible(a, b, depth + 1)
            }
            (Type::FuncProto(a), Type::FuncProto(b)) => {
                self.all_of_proto(&a, &b, |pair, a, b| pair.are_compatible(a, b, depth + 1))
            }
            (
                Type::Void
                | Type::Struct(_)
                | Type::Union(_)
                | Type::Enum(_)
                | Type::Enum64(_)
                | Type::Fwd { .. },
                _,
            ) => Ok(true),
            _ => Ok(false),
        }
    }

    fn do_match(
        &mut self,
        a: TypeId,
        b: TypeId,
        place: Place,
        depth: u32,
    ) -> Result<bool, BtfError> {
        self.budget.spend(depth)?;
        let (a, b) = (self.local.resolved(a)?.1, self.target.resolved(b)?.1);
        if essential_name(a.name()) != essential_name(b.name()) {
            return Ok(false);
        }
        let is_behind = place == Place::BehindPointer;
        match (a, b) {
            (Type::Void, Type::Void) => Ok(true),
            (Type::Int(a), Type::Int(b)) => {
                Ok(a.size_bytes == b.size_bytes && a.encoding.is_signed() == b.encoding.is_signed())
            }
            (Type::Ptr { target: a }, Type::Ptr { target: b }) => {
                self.do_match(a, b, Place::BehindPointer, depth + 1)
            }
            (
                Type::Array { element: a, n_elements: a_n, .. },
                Type::Array { element: b, n_elements: b_n, .. },
            ) => Ok(a_n == b_n && self.do_match(a, b, place, depth + 1)?),
            (Type::FuncProto(a), Type::FuncProto(b)) => {
                self.all_of_proto(&a, &b, |pair, a, b| pair.do_match(a, b, place, depth + 1))
            }
            (Type::Fwd { fwd_kind: a, .. }, Type::Fwd { fwd_kind: b, .. }) => Ok(a == b),
            (Type::Fwd { fwd_kind, .. }, other) | (other, Type::Fwd { fwd_kind, .. }) => {
                let defined = if fwd_kind == FwdKind::Union { Kind::Union } else { Kind::Struct };
                Ok(is_behind && other.kind() == defined)
            }
            (Type::Struct(_), Type::Struct(_)) | (Type::Union(_), Type::Union(_)) if is_behind => {
                Ok(true)
            }
            (Type::Struct(a), Type::Struct(b)) | (Type::Union(a), Type::Union(b)) => {
                self.do_members_match(&a, &b, depth)
            }
            _ => match (a.enumeration(), b.enumeration()) {
                (Some(a), Some(b)) => Ok(do_enumerations_match(&a, &b)),
                _ => Ok(false),
            },
        }
    }

    /// Each local member has a target member of its name and a matching type.
    fn do_members_match(
        &mut self,
        a: &Composite<'_>,
        b: &Composite<'_>,
        depth: u32,
    ) -> Result<bool, BtfError> {
        if a.n_members() > b.n_members() {
            return Ok(false);
        }
        for wanted in a.members() {
            let mut is_found = false;
            for member in b.members() {
                self.budget.spend(depth)?;
                if essential_name(wanted.name) == essential_name(member.name)
                    && self.do_match(wanted.ty, member.ty, Place::Direct, depth + 1)?
                {
                    is_found = true;
                    break;
                }
            }
            if !is_found {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The same number of parameters, and `relation` holds for each and for the results.
    fn all_of_proto(
        &mut self,
        a: &FuncProto<'_>,
        b: &FuncProto<'_>,
        mut relation: impl FnMut(&mut Self, TypeId, TypeId) -> Result<bool, BtfError>,
    ) -> Result<bool, BtfError> {
        if a.n_params() != b.n_params() || a.is_variadic() != b.is_variadic() {
            return Ok(false);
        }
        for (a, b) in a.params().zip(b.params()) {
            if !relation(self, a.ty, b.ty)? {
                return Ok(false);
            }
        }
        relation(self, a.ret(), b.ret())
    }
}

/// Equal sizes, and each local enumerator's name is there; values do not matter.
fn do_enumerations_match(a: &Enumeration<'_>, b: &Enumeration<'_>) -> bool {
    if a.size_bytes() != b.size_bytes() || a.n_enumerators() > b.n_enumerators() {
        return false;
    }
    let mut names: Vec<&str> = b.enumerators().map(|e| essential_name(e.name)).collect();
    names.sort_unstable();
    a.enumerators().all(|wanted| names.binary_search(&essential_name(wanted.name)).is_ok())
}
