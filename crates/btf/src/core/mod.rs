//! CO-RE: what a relocation recorded against the program's own types becomes on a target kernel.
//!
//! Pure functions over two BTFs. The rules are those of libbpf's `relo_core.c` (v1.6), so that a
//! program relocated here and there gets the same instructions: candidates share the essential
//! name and the kind; fields are found by name through anonymous members; all candidates that
//! match must agree. Patching instructions is the caller's business.

mod compatible;
mod spec;
mod value;

use crate::error::BtfError;
use crate::format::{Kind, KindSet, TypeId};
use crate::query::FieldPath;
use crate::reader::Btf;
use spec::Spec;

/// What a relocation asks for (`enum bpf_core_relo_kind`, `include/uapi/linux/bpf.h`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
pub enum CoreKind {
    /// Byte offset of a field; of its load unit, if it is a bit-field.
    FieldByteOffset = 0,
    /// Size of a field in bytes.
    FieldByteSize = 1,
    /// 1 if the field exists, else 0.
    FieldExists = 2,
    /// 1 if the field is signed, else 0.
    FieldSigned = 3,
    /// How far to shift a loaded bit-field left, in 64 bits.
    FieldLshiftU64 = 4,
    /// How far to shift it right afterwards.
    FieldRshiftU64 = 5,
    /// The type's id in the program's BTF.
    TypeIdLocal = 6,
    /// The type's id on the target, or 0.
    TypeIdTarget = 7,
    /// 1 if a compatible type exists, else 0.
    TypeExists = 8,
    /// Size of the type on the target, or 0.
    TypeSize = 9,
    /// 1 if the enumerator exists, else 0.
    EnumvalExists = 10,
    /// The enumerator's value.
    EnumvalValue = 11,
    /// 1 if a type exists whose members match, else 0 (6.0).
    TypeMatches = 12,
}

impl CoreKind {
    /// The kind of this number, as stored in `.BTF.ext`.
    pub fn from_number(number: u32) -> Option<CoreKind> {
        const KINDS: [CoreKind; 13] = [
            CoreKind::FieldByteOffset,
            CoreKind::FieldByteSize,
            CoreKind::FieldExists,
            CoreKind::FieldSigned,
            CoreKind::FieldLshiftU64,
            CoreKind::FieldRshiftU64,
            CoreKind::TypeIdLocal,
            CoreKind::TypeIdTarget,
            CoreKind::TypeExists,
            CoreKind::TypeSize,
            CoreKind::EnumvalExists,
            CoreKind::EnumvalValue,
            CoreKind::TypeMatches,
        ];
        KINDS.get(number as usize).copied()
    }

    /// The number stored in `.BTF.ext`.
    pub fn number(self) -> u32 {
        self as u32
    }

    /// Whether it asks about a field, and its access string walks members and elements.
    pub fn is_field(self) -> bool {
        self.number() <= CoreKind::FieldRshiftU64.number()
    }

    /// Whether it asks about an enumerator, and its access string is the enumerator's index.
    pub fn is_enumval(self) -> bool {
        matches!(self, CoreKind::EnumvalExists | CoreKind::EnumvalValue)
    }

    /// Whether it asks about a whole type, and its access string is `0`.
    pub fn is_type(self) -> bool {
        !self.is_field() && !self.is_enumval()
    }
}

/// A relocation with its strings and numbers resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoreRelocation<'a> {
    /// The local root type.
    pub ty: TypeId,
    /// For example `0:1:2`: element 0 of the pointer's target, member 1, its member 2.
    pub access: &'a str,
    /// What is asked.
    pub kind: CoreKind,
}

/// What becomes of an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CoreResult {
    /// Replace one number by another.
    Value(CoreValue),
    /// The target cannot answer: make the instruction one that the verifier rejects if reached.
    Poison(PoisonReason),
}

/// The numbers before and after relocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoreValue {
    /// What the compiler should have put into the instruction.
    pub local: u64,
    /// What belongs there on the target.
    pub target: u64,
    /// Whether `local` is unambiguous, so that an instruction with another number is malformed.
    pub is_checked: bool,
    /// For a field offset: the widths of a load or store through it.
    pub access: Option<AccessSize>,
}

/// The width of a memory access at a relocated offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessSize {
    /// Size of the local field (of an element, if an array).
    pub local_bytes: u32,
    /// Size of the target field.
    pub target_bytes: u32,
    /// Whether a load or store may change its width from one to the other: the sizes are equal, or
    /// both are pointers or unsigned integers. If not, such an instruction is poisoned.
    pub is_resizable: bool,
}

/// Why the target cannot answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoisonReason {
    /// No type of that kind and essential name.
    NoType,
    /// There are such types, but none has the field or enumerator, or not of a compatible type.
    NoMatch,
}

/// Why a relocation makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CoreError {
    /// The access string does not parse or does not fit the local type.
    #[error("CO-RE access string `{access}` on type {ty}: {what}")]
    BadAccess {
        /// The root type.
        ty: TypeId,
        /// The string.
        access: String,
        /// What is wrong.
        what: &'static str,
    },
    /// The local root type has no name by which to find it on the target.
    #[error("CO-RE relocation of type {ty}, which is anonymous")]
    Anonymous {
        /// The root type.
        ty: TypeId,
    },
    /// Two candidates lead to different results.
    #[error("CO-RE relocation of `{name}` is ambiguous: target types {first} and {second} differ")]
    Ambiguous {
        /// The essential name.
        name: String,
        /// A matching candidate.
        first: TypeId,
        /// Another one.
        second: TypeId,
    },
    /// The relocation kind cannot be applied to this field.
    #[error("CO-RE relocation {kind:?} of type {ty}: {what}")]
    Unsupported {
        /// The relocation kind.
        kind: CoreKind,
        /// The type of the composite or element.
        ty: TypeId,
        /// Why not.
        what: &'static str,
    },
    /// The types themselves are broken.
    #[error(transparent)]
    Btf(#[from] BtfError),
}

/// A target type that may be meant.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Where it is: the kernel or a module.
    pub btf: &'a Btf,
    /// Its id.
    pub id: TypeId,
}

/// A name without its flavor: `task_struct___old` is a flavor of `task_struct`. The suffix begins
/// at the last `___` between two characters that are not underscores.
pub fn essential_name(name: &str) -> &str {
    let bytes = name.as_bytes();
    let is_flavor =
        |at: usize| bytes[at] != b'_' && &bytes[at + 1..at + 4] == b"___" && bytes[at + 4] != b'_';
    match (0..bytes.len().saturating_sub(4)).rev().find(|&at| is_flavor(at)) {
        Some(at) => &name[..at + 1],
        None => name,
    }
}

/// The types of `target` that may stand for the local type: of its kind and essential name. The
/// target's base is searched first and alone if it has one, as libbpf prefers vmlinux to modules.
///
/// # Errors
/// [`CoreError::Anonymous`], [`BtfError::NoSuchType`].
pub fn candidates<'a>(
    local: &Btf,
    ty: TypeId,
    target: &'a Btf,
) -> Result<Vec<Candidate<'a>>, CoreError> {
    let view = local.ty(ty)?;
    let name = essential_name(view.name());
    if name.is_empty() {
        return Err(CoreError::Anonymous { ty });
    }
    let kinds = match view.kind() {
        Kind::Enum | Kind::Enum64 => KindSet::ENUM,
        kind => KindSet::of(&[kind]),
    };
    if let Some(base) = target.base() {
        let found = candidates(local, ty, base)?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    let mut found = target.find_flavors(name, kinds);
    found.retain(|&id| essential_name(target.name(id)) == name);
    Ok(found.into_iter().map(|id| Candidate { btf: target, id }).collect())
}

/// Computes a relocation against one target: a kernel, or a module on top of it.
///
/// # Errors
/// [`CoreError`]. A target without the field is no error but [`CoreResult::Poison`] or 0.
pub fn relocate(
    local: &Btf,
    relocation: &CoreRelocation<'_>,
    target: &Btf,
) -> Result<CoreResult, CoreError> {
    if relocation.kind == CoreKind::TypeIdLocal {
        return relocate_among(local, relocation, &[]);
    }
    relocate_among(local, relocation, &candidates(local, relocation.ty, target)?)
}

/// Computes a relocation against candidates found before, possibly in several BTFs.
///
/// # Errors
/// As [`relocate`].
pub fn relocate_among(
    local: &Btf,
    relocation: &CoreRelocation<'_>,
    candidates: &[Candidate<'_>],
) -> Result<CoreResult, CoreError> {
    let local_spec = Spec::parse(local, relocation)?;
    if relocation.kind == CoreKind::TypeIdLocal {
        let id = u64::from(relocation.ty.0);
        let (is_checked, access) = (false, None);
        return Ok(CoreResult::Value(CoreValue { local: id, target: id, is_checked, access }));
    }
    if local.ty(relocation.ty)?.name().is_empty() {
        return Err(CoreError::Anonymous { ty: relocation.ty });
    }
    let mut chosen: Option<(Spec<'_>, CoreResult)> = None;
    for candidate in candidates {
        let Some(spec) = local_spec.find_in(relocation, *candidate)? else {
            continue;
        };
        let result = value::result(relocation, &local_spec, Some(&spec))?;
        let Some((first, first_result)) = &chosen else {
            chosen = Some((spec, result));
            continue;
        };
        if first.bit_offset != spec.bit_offset || !is_same_decision(first_result, &result) {
            let name = essential_name(local.name(relocation.ty)).to_owned();
            return Err(CoreError::Ambiguous { name, first: first.root, second: spec.root });
        }
    }
    match chosen {
        Some((_, result)) => Ok(result),
        None => match value::result(relocation, &local_spec, None)? {
            CoreResult::Poison(_) if candidates.is_empty() => {
                Ok(CoreResult::Poison(PoisonReason::NoType))
            }
            result => Ok(result),
        },
    }
}

fn is_same_decision(a: &CoreResult, b: &CoreResult) -> bool {
    match (a, b) {
        (CoreResult::Value(a), CoreResult::Value(b)) => a.target == b.target,
        (CoreResult::Poison(_), CoreResult::Poison(_)) => true,
        _ => false,
    }
}

/// The relocation in words of C, for messages: `task_struct.comm[2]`, `enum x::A`, `struct y`.
///
/// # Errors
/// As [`relocate`], for the local half.
pub fn describe(local: &Btf, relocation: &CoreRelocation<'_>) -> Result<String, CoreError> {
    Spec::parse(local, relocation).map(|spec| spec.describe(relocation.kind))
}

impl FieldPath {
    /// The access string of this field of the object that a pointer points to.
    pub fn access_string(&self) -> String {
        self.0.iter().fold(String::from("0"), |access, idx| format!("{access}:{idx}"))
    }
}
