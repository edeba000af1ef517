//! Accesses through pointers to typed objects, and to pointers to objects in map values: `check_ptr_to_btf_access` and
//! `check_map_kptr_access` (Linux 6.18 `kernel/bpf/verifier.c`).

use crate::fault::{FaultKind, FieldFault, KernelFault, KptrFault};
use crate::obligation::{Access, AccessKind};
use crate::program::{FoundField, Inherited, Kernel, KptrTag, Managed, ManagedField, Program};
use crate::state::{Kind, MapIdx, PtrFlags, State, Typed, Types, Value};
use bpfc_isa::Insn;
use bpfc_kabi::ProgType;

/// What a load through a pointer to a typed object gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// A number.
    Number,
    /// A pointer, which may be null.
    Object(Typed, bool),
}

/// Whether an access through a pointer to a typed object is allowed, and what a load gives.
pub fn object(
    program: &Program<'_>,
    state: &State,
    value: &Value,
    off: i64,
    n_bytes: u64,
    kind: AccessKind,
) -> Result<Loaded, FaultKind> {
    let (Some(typed), Some(kernel)) = (value.typed(), &program.of_kernel) else {
        return Ok(Loaded::Number);
    };
    let fault = |why| Err(FaultKind::Kernel(KernelFault::Field { why, off }));
    if typed.types == Types::Kernel && !program.is_gpl() {
        return fault(FieldFault::Gpl);
    }
    let total = i64::from(value.off) + off;
    if value.number.as_constant() != Some(0) {
        return fault(FieldFault::VariableOffset);
    }
    let Ok(total) = u32::try_from(total) else {
        return fault(FieldFault::Negative);
    };
    let n_bytes = u32::try_from(n_bytes).unwrap_or(u32::MAX);
    for (flag, why) in [(PtrFlags::USER, FieldFault::User), (PtrFlags::PERCPU, FieldFault::Percpu)]
    {
        if typed.flags.has(flag) {
            return fault(why);
        }
    }
    let is_own = typed.flags.has(PtrFlags::ALLOCATED);
    if kind != AccessKind::Read && !is_own {
        let is_allowed = !typed.flags.has(PtrFlags::UNTRUSTED)
            && may_be_written(program, kernel, typed.ty, total, n_bytes);
        return if is_allowed { Ok(Loaded::Number) } else { fault(FieldFault::Write) };
    }
    if is_own {
        let record = kernel.record(typed.ty);
        if let Some(field) = record.iter().find(|field| touches(field, total, n_bytes)) {
            return fault(FieldFault::Managed(field.what));
        }
    }
    match kernel.access(typed.types, typed.ty, total, n_bytes) {
        Ok(FoundField::Number) => Ok(Loaded::Number),
        Ok(_) if is_own => Ok(Loaded::Number),
        Ok(FoundField::Pointer { ty, flags, field }) => {
            let owner = kernel.name(typed.types, typed.ty);
            Ok(walked(program, state, value, typed, ty, flags, (owner, &field)))
        }
        Err(why) => fault(FieldFault::Walk(why)),
    }
}

fn touches(field: &ManagedField, off: u32, n_bytes: u32) -> bool {
    off < field.offset.saturating_add(field.n_bytes) && field.offset < off.saturating_add(n_bytes)
}

/// How far a pointer can be relied on that was read from an object.
fn walked(
    program: &Program<'_>,
    state: &State,
    value: &Value,
    from: Typed,
    ty: bpfc_btf::TypeId,
    flags: PtrFlags,
    (owner, field): (&str, &str),
) -> Loaded {
    let object =
        |flags, is_nullable| Loaded::Object(Typed { types: from.types, ty, flags }, is_nullable);
    if from.flags.has(PtrFlags::UNTRUSTED) {
        return object(PtrFlags::UNTRUSTED, false);
    }
    // Trust is followed since Linux 6.2; before, what was read from an object was taken like any other.
    if program.is_before(6, 2) {
        return object(PtrFlags::NONE, false);
    }
    let compat =
        flags.without(PtrFlags::TRUSTED.with(PtrFlags::ALLOCATED).with(PtrFlags::REFCOUNTED));
    if !value.is_trusted() && !from.flags.has(PtrFlags::RCU) {
        return object(compat, false);
    }
    let inherited = crate::program::inherited(owner, field);
    match inherited {
        Some(Inherited::Trusted) => return object(flags.with(PtrFlags::TRUSTED), false),
        Some(Inherited::TrustedOrNull) => return object(flags.with(PtrFlags::TRUSTED), true),
        _ => {}
    }
    if !state.scopes.is_in_rcu() || value.is_nullable {
        return object(PtrFlags::UNTRUSTED, false);
    }
    match inherited {
        Some(Inherited::Rcu) => object(flags.with(PtrFlags::RCU), false),
        Some(Inherited::RcuOrNull) => {
            object(flags.with(PtrFlags::RCU).without(PtrFlags::UNTRUSTED), true)
        }
        _ if flags.has(PtrFlags::RCU) => object(flags, true),
        _ if flags.has(PtrFlags::PERCPU) || flags.has(PtrFlags::USER) => object(flags, false),
        _ => object(compat, false),
    }
}

/// Fields of kernel objects that some programs may change (`btf_struct_access` of the program type or of the struct
/// of functions).
fn may_be_written(
    program: &Program<'_>,
    kernel: &Kernel,
    ty: bpfc_btf::TypeId,
    off: u32,
    n_bytes: u32,
) -> bool {
    let allowed: &[&str] = match (program.prog_type, kernel.btf.name(ty)) {
        (
            Some(ProgType::SchedCls | ProgType::SchedAct | ProgType::Xdp),
            "nf_conn" | "nf_conn___init",
        ) => &["mark"],
        (Some(ProgType::StructOps), "tcp_sock" | "tcp_sock___init") => &[
            "sk_pacing_rate",
            "sk_pacing_status",
            "icsk_ca_priv",
            "pending",
            "snd_cwnd",
            "snd_cwnd_cnt",
            "snd_cwnd_stamp",
            "snd_ssthresh",
            "ecn_flags",
            "app_limited",
        ],
        // What other structs of functions allow is in the kernel's code only.
        (Some(ProgType::StructOps), _) => {
            let is_tcp = kernel.hook.as_ref().and_then(|hook| hook.struct_ops.as_deref())
                == Some("tcp_congestion_ops");
            return !is_tcp;
        }
        _ => return false,
    };
    let end = off.saturating_add(n_bytes);
    allowed.iter().any(|name| {
        place_of(kernel, ty, name).is_some_and(|(start, size)| start <= off && end <= start + size)
    })
}

/// Where a field is, also in the structs at the start.
fn place_of(kernel: &Kernel, ty: bpfc_btf::TypeId, name: &str) -> Option<(u32, u32)> {
    let btf = &*kernel.btf;
    let mut at = ty;
    let mut base = 0;
    for _ in 0..8 {
        if let Ok(Some(field)) = btf.find_field(at, name) {
            return Some((base + field.bit_offset / 8, btf.size_of(field.member.ty).ok()?));
        }
        if name == "pending"
            && let Ok(Some(field)) = btf.find_field(at, "icsk_ack")
        {
            (at, base) = (field.member.ty, base + field.bit_offset / 8);
            continue;
        }
        let (_, ty) = btf.resolved(at).ok()?;
        let first = ty.composite()?.member(0)?;
        at = first.ty;
    }
    None
}

/// The pointer to an object that an access of a map value touches, if any.
pub fn kptr_touched<'p>(
    program: &'p Program<'_>,
    value: &Value,
    map: MapIdx,
    off: i64,
    n_bytes: u64,
) -> Option<&'p ManagedField> {
    let number = &value.number;
    let off = i64::from(value.off).saturating_add(off);
    program.maps[map].managed.iter().find(|field| {
        let start = i64::from(field.offset);
        let end = start + i64::from(field.n_bytes);
        matches!(field.what, Managed::Kptr { .. })
            && number.smin.saturating_add(off) < end
            && i64::try_from(number.umax)
                .unwrap_or(i64::MAX)
                .saturating_add(off)
                .saturating_add(n_bytes as i64)
                > start
    })
}

/// Whether an instruction may access a map value where a pointer to an object is.
pub fn kptr_access(
    program: &Program<'_>,
    state: &State,
    value: &Value,
    map: MapIdx,
    access: &Access,
) -> Result<(), FaultKind> {
    let touched = kptr_touched(program, value, map, access.off.into(), access.n_bytes.into());
    let Some(field) = touched else {
        return Ok(());
    };
    let Managed::Kptr { tag, types, ty } = field.what else {
        return Ok(());
    };
    let fault = |why| Err(FaultKind::Kernel(KernelFault::Kptr(why)));
    let Some(fixed) = value.fixed_offset() else {
        return fault(KptrFault::VariableOffset);
    };
    if fixed + i64::from(access.off) != i64::from(field.offset) || access.n_bytes != 8 {
        return fault(KptrFault::Part);
    }
    if access.kind == AccessKind::Update {
        return fault(KptrFault::Atomic);
    }
    if access.kind == AccessKind::Read {
        return Ok(());
    }
    if tag != KptrTag::Untrusted {
        return fault(KptrFault::Store);
    }
    match (program.code[state.insn_idx as usize].insn, access.stored) {
        (_, Some(stored)) => {
            let stored = state.reg(stored);
            match stored.is_zero() || stored.kind == Kind::Unknown {
                true => Ok(()),
                false => kptr_fits(program, stored, tag, types, ty),
            }
        }
        (Insn::Store { src: bpfc_isa::Src::Imm(0), .. }, None) => Ok(()),
        _ => fault(KptrFault::NotAnObject),
    }
}

/// Whether an object may be stored in a pointer of this tag and type: `map_kptr_match_type`.
pub fn kptr_fits(
    program: &Program<'_>,
    stored: &Value,
    tag: KptrTag,
    types: Types,
    ty: bpfc_btf::TypeId,
) -> Result<(), FaultKind> {
    let fault = |why| Err(FaultKind::Kernel(KernelFault::Kptr(why)));
    let Some(typed) = stored.typed() else {
        return match stored.kind {
            Kind::Btf | Kind::Unknown => Ok(()),
            _ => fault(KptrFault::NotAnObject),
        };
    };
    let mut allowed = match typed.types {
        Types::Kernel => PtrFlags::TRUSTED.with(PtrFlags::RCU),
        Types::Program => PtrFlags::ALLOCATED,
    };
    if typed.types == Types::Kernel && tag == KptrTag::Untrusted {
        allowed = allowed.with(PtrFlags::UNTRUSTED);
    }
    if typed.types == Types::Program && tag == KptrTag::Percpu {
        allowed = allowed.with(PtrFlags::PERCPU);
    }
    if typed.flags.without(allowed) != PtrFlags::NONE
        || (tag == KptrTag::Percpu) != typed.flags.has(PtrFlags::PERCPU)
    {
        return fault(KptrFault::Untrusted);
    }
    if stored.number.as_constant() != Some(0) || stored.off < 0 {
        return fault(KptrFault::Displaced);
    }
    let is_strict = tag != KptrTag::Untrusted;
    let off = stored.off as u32;
    let fits = typed.types == types
        && program.of_kernel.as_ref().is_none_or(|kernel| match types {
            Types::Kernel => kernel.matches(types, typed.ty, off, ty, is_strict),
            Types::Program => typed.ty == ty && off == 0,
        });
    match fits {
        true => Ok(()),
        false => fault(KptrFault::OtherType { types, ty }),
    }
}

/// What a load of a pointer to an object gives (`btf_ld_kptr_type`).
pub fn kptr_loaded(program: &Program<'_>, state: &State, field: &ManagedField) -> Option<Typed> {
    let Managed::Kptr { tag, types, ty } = field.what else {
        return None;
    };
    let kernel = program.of_kernel.as_ref()?;
    let is_safe = match (tag, types) {
        (KptrTag::Percpu, _) => true,
        (KptrTag::Referenced, Types::Program) => true,
        (KptrTag::Referenced, Types::Kernel) => matches!(
            kernel.btf.name(ty),
            "prog_test_ref_kfunc" | "cgroup" | "bpf_cpumask" | "task_struct" | "bpf_crypto_ctx"
        ),
        _ => false,
    };
    let flags = match is_safe && state.scopes.is_in_rcu() {
        false => PtrFlags::UNTRUSTED,
        true => {
            let mut flags = PtrFlags::RCU;
            if tag == KptrTag::Percpu {
                flags = flags.with(PtrFlags::PERCPU);
            } else if types == Types::Program {
                flags = flags.with(PtrFlags::ALLOCATED);
            }
            let is_node = |field: &ManagedField| matches!(field.what, Managed::Node { .. });
            if types == Types::Program && kernel.record(ty).iter().any(is_node) {
                flags = flags.with(PtrFlags::NON_OWNING);
            }
            flags
        }
    };
    Some(Typed { types, ty, flags })
}

/// Whether a helper may access the memory of a map value: not where a pointer to an object is.
pub fn kptr_by_helper(
    program: &Program<'_>,
    value: &Value,
    map: MapIdx,
    off: i64,
    n_bytes: u64,
) -> Result<(), FaultKind> {
    match kptr_touched(program, value, map, off, n_bytes) {
        Some(_) => Err(FaultKind::Kernel(KernelFault::Kptr(KptrFault::ByHelper))),
        None => Ok(()),
    }
}
