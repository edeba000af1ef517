//! The number that a finished walk stands for.

use super::spec::{Accessor, Spec};
use super::{AccessSize, CoreError, CoreKind, CoreRelocation, CoreResult, CoreValue, PoisonReason};
use crate::format::{Endian, MAX_DEPTH, TypeId};
use crate::reader::Btf;
use crate::types::Type;

/// A number, and what is known about it.
struct Number {
    value: u64,
    is_checked: bool,
    /// For offsets: type and size of what is read there.
    access: Option<(TypeId, u32)>,
}

impl Number {
    fn checked(value: u64) -> Number {
        Number { value, is_checked: true, access: None }
    }
}

/// The result of a relocation; `target` is `None` if no candidate matched.
pub(super) fn result(
    relocation: &CoreRelocation<'_>,
    local: &Spec<'_>,
    target: Option<&Spec<'_>>,
) -> Result<CoreResult, CoreError> {
    let before = number(relocation.kind, local)?;
    let after = match target {
        Some(spec) => number(relocation.kind, spec)?,
        None if relocation.kind.is_type()
            || relocation.kind == CoreKind::FieldExists
            || relocation.kind == CoreKind::EnumvalExists =>
        {
            Number::checked(0)
        }
        None => return Ok(CoreResult::Poison(PoisonReason::NoMatch)),
    };
    let access = match (before.access, after.access, target) {
        (Some((local_id, local_bytes)), Some((target_id, target_bytes)), Some(target)) => {
            let is_resizable = local_bytes == target_bytes
                || is_extended_by_zero(local.btf, local_id, target.btf, target_id)?;
            Some(AccessSize { local_bytes, target_bytes, is_resizable })
        }
        _ => None,
    };
    let (local, target, is_checked) = (before.value, after.value, before.is_checked);
    Ok(CoreResult::Value(CoreValue { local, target, is_checked, access }))
}

/// Whether reading one as the other keeps the value: both pointers, or both unsigned.
fn is_extended_by_zero(
    local: &Btf,
    local_id: TypeId,
    target: &Btf,
    target_id: TypeId,
) -> Result<bool, CoreError> {
    Ok(match (local.resolved(local_id)?.1, target.resolved(target_id)?.1) {
        (Type::Ptr { .. }, Type::Ptr { .. }) => true,
        (Type::Int(a), Type::Int(b)) => !a.encoding.is_signed() && !b.encoding.is_signed(),
        _ => false,
    })
}

fn number(kind: CoreKind, spec: &Spec<'_>) -> Result<Number, CoreError> {
    match kind {
        CoreKind::FieldExists
        | CoreKind::TypeExists
        | CoreKind::TypeMatches
        | CoreKind::EnumvalExists => Ok(Number::checked(1)),
        CoreKind::TypeIdLocal | CoreKind::TypeIdTarget => {
            // Ids change when objects are linked, so the compiler's is not binding.
            Ok(Number { value: spec.root.0.into(), is_checked: false, access: None })
        }
        CoreKind::TypeSize => Ok(Number::checked(spec.btf.size_of(spec.root)?.into())),
        CoreKind::EnumvalValue => {
            let accessor = last(kind, spec)?;
            let enumeration = spec.btf.ty(accessor.ty)?.enumeration();
            let enumerator = enumeration.and_then(|e| e.enumerator(accessor.idx));
            let value = enumerator.map(|enumerator| enumerator.value as u64);
            value.map(Number::checked).ok_or_else(|| unsupported(kind, accessor.ty, "no value"))
        }
        CoreKind::FieldByteOffset
        | CoreKind::FieldByteSize
        | CoreKind::FieldSigned
        | CoreKind::FieldLshiftU64
        | CoreKind::FieldRshiftU64 => field_number(kind, spec),
    }
}

fn last<'s, 'a>(kind: CoreKind, spec: &'s Spec<'a>) -> Result<&'s Accessor<'a>, CoreError> {
    spec.accessors.last().ok_or_else(|| unsupported(kind, spec.root, "the access is empty"))
}

fn unsupported(kind: CoreKind, ty: TypeId, what: &'static str) -> CoreError {
    CoreError::Unsupported { kind, ty, what }
}

fn field_number(kind: CoreKind, spec: &Spec<'_>) -> Result<Number, CoreError> {
    let accessor = last(kind, spec)?;
    let btf = spec.btf;
    let view = btf.ty(accessor.ty)?;
    let member = view.composite().and_then(|composite| composite.member(accessor.idx));
    let Some(member) = member.filter(|_| accessor.name.is_some()) else {
        return element_number(kind, spec, accessor.ty);
    };
    let (ty, member_view) = btf.resolved(member.ty)?;
    if kind == CoreKind::FieldSigned {
        let is_signed = match member_view {
            Type::Int(int) => int.encoding.is_signed(),
            Type::Enum(enumeration) | Type::Enum64(enumeration) => enumeration.is_signed(),
            _ => false,
        };
        return Ok(Number::checked(is_signed.into()));
    }
    let unit = match member.bitfield_bits {
        Some(bits) => bitfield_unit(kind, spec, ty, bits)?,
        None => {
            let n_bytes = btf.size_of(ty)?;
            let n_bits = u64::from(n_bytes) * 8;
            Unit { offset_bytes: spec.bit_offset / 8, n_bytes: n_bytes.into(), n_bits }
        }
    };
    // Compilers differ in the unit by which they load a bit-field.
    let is_plain = member.bitfield_bits.is_none();
    let number = |value| Number { value, is_checked: is_plain, access: None };
    let too_wide = || unsupported(kind, accessor.ty, "the field is wider than 64 bits");
    match kind {
        CoreKind::FieldByteOffset => {
            let access = if is_plain { Some((ty, scalar_bytes(btf, ty)?)) } else { None };
            Ok(Number { value: unit.offset_bytes, is_checked: is_plain, access })
        }
        CoreKind::FieldByteSize => Ok(number(unit.n_bytes)),
        CoreKind::FieldLshiftU64 => {
            let first_bit = spec.bit_offset - unit.offset_bytes * 8;
            let shift = match btf.endian() {
                Endian::Little => 64u64.checked_sub(first_bit + unit.n_bits),
                Endian::Big => 8u64.checked_sub(unit.n_bytes).map(|n| n * 8 + first_bit),
            };
            shift.map(number).ok_or_else(too_wide)
        }
        _ => 64u64.checked_sub(unit.n_bits).map(Number::checked).ok_or_else(too_wide),
    }
}

/// What a load of a field reads.
struct Unit {
    offset_bytes: u64,
    n_bytes: u64,
    /// Width of the field in it.
    n_bits: u64,
}

/// The smallest naturally aligned load, from the declared type's size up, that covers a bit-field.
fn bitfield_unit(kind: CoreKind, spec: &Spec<'_>, ty: TypeId, bits: u8) -> Result<Unit, CoreError> {
    let n_bits = u64::from(bits);
    let mut n_bytes = u64::from(spec.btf.size_of(ty)?);
    if !n_bytes.is_power_of_two() {
        return Err(unsupported(kind, ty, "a bit-field of this type cannot be loaded"));
    }
    loop {
        let offset_bytes = spec.bit_offset / 8 / n_bytes * n_bytes;
        if spec.bit_offset + n_bits <= (offset_bytes + n_bytes) * 8 {
            return Ok(Unit { offset_bytes, n_bytes, n_bits });
        }
        if n_bytes >= 8 {
            return Err(unsupported(kind, ty, "no 64-bit load covers the bit-field"));
        }
        n_bytes *= 2;
    }
}

/// Offset and size are all there is to know of an array element.
fn element_number(kind: CoreKind, spec: &Spec<'_>, ty: TypeId) -> Result<Number, CoreError> {
    match kind {
        CoreKind::FieldByteOffset => {
            let access = Some((ty, scalar_bytes(spec.btf, ty)?));
            Ok(Number { value: spec.bit_offset / 8, is_checked: true, access })
        }
        CoreKind::FieldByteSize => Ok(Number::checked(spec.btf.size_of(ty)?.into())),
        _ => Err(unsupported(kind, ty, "it cannot be asked of an array element")),
    }
}

/// Size of the innermost element of an array, or of the type itself.
fn scalar_bytes(btf: &Btf, ty: TypeId) -> Result<u32, CoreError> {
    let mut at = ty;
    for _ in 0..MAX_DEPTH {
        match btf.resolved(at)? {
            (_, Type::Array { element, .. }) => at = element,
            (id, _) => return Ok(btf.size_of(id)?),
        }
    }
    Err(crate::error::BtfError::TooDeep { id: ty }.into())
}
