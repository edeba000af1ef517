//! What lies at an offset of a struct that BTF describes: `btf_struct_walk`, `btf_struct_access` and
//! `btf_struct_ids_match` (Linux 6.18 `kernel/bpf/btf.c`).

use crate::state::PtrFlags;
use bpfc_btf::{Btf, Composite, Kind, Type, TypeId};

/// What is at an offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Data.
    Number,
    /// A pointer to a struct.
    Pointer {
        /// The struct.
        ty: TypeId,
        /// What the member's tags say, and whether a union was passed on the way.
        flags: PtrFlags,
        /// The member.
        field: String,
    },
}

/// Why there is nothing that can be accessed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WalkFault {
    /// It is no struct.
    NotAStruct,
    /// Behind the end of this struct.
    Beyond(String),
    /// A part of this member, which is a pointer.
    PartOfPointer(String),
    /// Across the end of this member.
    AcrossMember(String),
    /// Between the members of this struct.
    Hole(String),
}

/// One step: a nested struct at the offset, or what is there.
enum Step {
    Nested(TypeId),
    Found(Found),
}

/// Structs nest less deeply than this.
const MAX_STEPS: u32 = 64;

/// What an access of `n_bytes` at `off` in the struct `ty` finds.
pub fn access(
    btf: &Btf,
    ty: TypeId,
    off: u32,
    n_bytes: u32,
    enters_flexible: bool,
) -> Result<Found, WalkFault> {
    let (mut ty, mut off, mut flags) = (ty, off, PtrFlags::NONE);
    for _ in 0..MAX_STEPS {
        match step(btf, ty, off, n_bytes, enters_flexible, &mut flags)? {
            Step::Found(found) => return Ok(found),
            Step::Nested(inner) => (ty, off) = (inner, 0),
        }
    }
    Err(WalkFault::NotAStruct)
}

/// Whether at `off` in the struct `ty` there is a struct `wanted`; with `is_strict` only the struct itself counts.
pub fn matches(btf: &Btf, ty: TypeId, off: u32, wanted: TypeId, is_strict: bool) -> bool {
    if off == 0 && ty == wanted {
        return true;
    }
    if is_strict {
        return false;
    }
    let (mut ty, mut off, mut flags) = (ty, off, PtrFlags::NONE);
    for _ in 0..MAX_STEPS {
        match step(btf, ty, off, 1, true, &mut flags) {
            Ok(Step::Nested(inner)) if inner == wanted => return true,
            Ok(Step::Nested(inner)) => (ty, off) = (inner, 0),
            _ => return false,
        }
    }
    false
}

/// The struct or union behind typedefs and qualifiers.
pub fn composite(btf: &Btf, ty: TypeId) -> Option<(TypeId, Composite<'_>)> {
    let (id, ty) = btf.resolved(ty).ok()?;
    ty.composite().map(|composite| (id, composite))
}

fn step(
    btf: &Btf,
    ty: TypeId,
    off: u32,
    n_bytes: u32,
    enters_flexible: bool,
    flags: &mut PtrFlags,
) -> Result<Step, WalkFault> {
    let (mut ty, mut off) = (ty, off);
    for _ in 0..MAX_STEPS {
        let (id, outer) = composite(btf, ty).ok_or(WalkFault::NotAStruct)?;
        let name = || btf.name(id).to_owned();
        if btf.kind(id) == Some(Kind::Union) && outer.n_members() != 1 {
            *flags = flags.with(PtrFlags::UNTRUSTED);
        }
        if off.saturating_add(n_bytes) > outer.size_bytes() {
            let beyond = || WalkFault::Beyond(name());
            let (start, element) =
                flexible(btf, &outer).filter(|_| enters_flexible).ok_or_else(beyond)?;
            if off < start {
                return Err(beyond());
            }
            match btf.resolved(element) {
                Ok((_, Type::Int(_))) => return Ok(Step::Found(Found::Number)),
                Ok((inner, inner_ty)) => match inner_ty.composite() {
                    Some(inner_composite) if inner_composite.size_bytes() > 0 => {
                        (ty, off) = (inner, (off - start) % inner_composite.size_bytes());
                        continue;
                    }
                    _ => return Err(beyond()),
                },
                Err(_) => return Err(beyond()),
            }
        }
        match member(btf, id, &outer, off, n_bytes, flags)? {
            Inside::Step(step) => return Ok(step),
            Inside::Deeper(inner, rest) => (ty, off) = (inner, rest),
        }
    }
    Err(WalkFault::NotAStruct)
}

/// The place and the element of the array without a length at the end, if there is one.
fn flexible(btf: &Btf, outer: &Composite<'_>) -> Option<(u32, TypeId)> {
    let last = outer.member(outer.n_members().checked_sub(1)?)?;
    match btf.resolved(last.ty).ok()?.1 {
        Type::Array { element, n_elements: 0, .. } => Some((last.bit_offset / 8, element)),
        _ => None,
    }
}

enum Inside {
    Step(Step),
    Deeper(TypeId, u32),
}

fn member(
    btf: &Btf,
    id: TypeId,
    outer: &Composite<'_>,
    off: u32,
    n_bytes: u32,
    flags: &mut PtrFlags,
) -> Result<Inside, WalkFault> {
    let name = || btf.name(id).to_owned();
    let number = || Ok(Inside::Step(Step::Found(Found::Number)));
    let end = off + n_bytes;
    for member in outer.members() {
        let start = member.bit_offset / 8;
        if end <= start {
            break;
        }
        if let Some(bits) = member.bitfield_bits {
            let bit_end = member.bit_offset + u32::from(bits);
            if off <= start && bit_end.div_ceil(8) <= end {
                return number();
            }
            continue;
        }
        if off < start {
            break;
        }
        let Ok(size) = btf.size_of(member.ty) else {
            return Err(WalkFault::Hole(name()));
        };
        let true_end = start + size;
        if off >= true_end {
            continue;
        }
        let (ty, n_elements) = element(btf, member.ty);
        if n_elements == 0 || size == 0 {
            continue;
        }
        let size = size / n_elements;
        let start = start + (off - start) / size.max(1) * size;
        let Ok((ty, resolved)) = btf.resolved(ty) else {
            return Err(WalkFault::Hole(name()));
        };
        if resolved.composite().is_some() {
            return Ok(match off == start {
                true => Inside::Step(Step::Nested(ty)),
                false => Inside::Deeper(ty, off - start),
            });
        }
        if let Type::Ptr { target } = resolved {
            if size != n_bytes || off != start {
                return Err(WalkFault::PartOfPointer(member.name.to_owned()));
            }
            if let Some((ty, _)) = composite(btf, target) {
                *flags = flags.with(tag(btf, target));
                return Ok(Inside::Step(Step::Found(Found::Pointer {
                    ty,
                    flags: *flags,
                    field: member.name.to_owned(),
                })));
            }
        }
        if end > true_end && !flags.has(PtrFlags::UNTRUSTED) {
            return Err(WalkFault::AcrossMember(member.name.to_owned()));
        }
        return number();
    }
    Err(WalkFault::Hole(name()))
}

/// What the tag of a pointer's target says.
pub fn tag(btf: &Btf, target: TypeId) -> PtrFlags {
    match btf.ty(target) {
        Ok(Type::TypeTag { name: "user", .. }) => PtrFlags::USER,
        Ok(Type::TypeTag { name: "percpu", .. }) => PtrFlags::PERCPU,
        Ok(Type::TypeTag { name: "rcu", .. }) => PtrFlags::RCU,
        _ => PtrFlags::NONE,
    }
}

/// The innermost element of arrays, and how many there are.
fn element(btf: &Btf, ty: TypeId) -> (TypeId, u32) {
    let (mut ty, mut n_elements) = (ty, 1_u32);
    for _ in 0..MAX_STEPS {
        match btf.resolved(ty) {
            Ok((_, Type::Array { element, n_elements: n, .. })) => {
                (ty, n_elements) = (element, n_elements.saturating_mul(n));
            }
            _ => break,
        }
    }
    (ty, n_elements)
}

/// Members that are valid while what they are in is: the struct, the member, and what the pointer is. Linux keeps these
/// lists until all compilers write type tags (`BTF_TYPE_SAFE_…`, Linux 6.18 `kernel/bpf/verifier.c`).
pub fn inherited(owner: &str, field: &str) -> Option<Inherited> {
    let list = [
        (Inherited::Trusted, "bpf_iter_meta", "seq"),
        (Inherited::Trusted, "bpf_iter__task", "meta"),
        (Inherited::Trusted, "bpf_iter__task", "task"),
        (Inherited::Trusted, "linux_binprm", "file"),
        (Inherited::Trusted, "file", "f_inode"),
        (Inherited::TrustedOrNull, "socket", "sk"),
        (Inherited::TrustedOrNull, "vm_area_struct", "vm_mm"),
        (Inherited::TrustedOrNull, "vm_area_struct", "vm_file"),
        (Inherited::Rcu, "task_struct", "cpus_ptr"),
        (Inherited::Rcu, "task_struct", "cgroups"),
        (Inherited::Rcu, "task_struct", "real_parent"),
        (Inherited::Rcu, "task_struct", "group_leader"),
        (Inherited::Rcu, "cgroup", "kn"),
        (Inherited::Rcu, "css_set", "dfl_cgrp"),
        (Inherited::Rcu, "cgroup_subsys_state", "cgroup"),
        (Inherited::RcuOrNull, "mm_struct", "exe_file"),
        (Inherited::RcuOrNull, "sk_buff", "sk"),
        (Inherited::RcuOrNull, "request_sock", "sk"),
        (Inherited::TrustedOrNull, "dentry", "d_inode"),
    ];
    list.iter().find(|(_, a, b)| *a == owner && *b == field).map(|(what, _, _)| *what)
}

/// How a member is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inherited {
    /// As long as what it is in, never null.
    Trusted,
    /// As long as what it is in, or null.
    TrustedOrNull,
    /// In the RCU section, never null.
    Rcu,
    /// In the RCU section, or null.
    RcuOrNull,
}
