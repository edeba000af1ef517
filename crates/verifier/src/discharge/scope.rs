//! Sections and what is allowed in them: locks, RCU, preemption and interrupts switched off, callbacks.
//!
//! `do_check_insn`, `check_helper_call`, `check_func_call`, `process_spin_lock` and `check_resource_leak` (Linux 6.18
//! `kernel/bpf/verifier.c`).

use crate::fault::{Ending, FaultKind, GraphFault, KernelFault, LockFault, Section, SectionFault};
use crate::program::{Field, FieldKind, Managed, ManagedField, Program, SectionCall};
use crate::state::{Kind, Lock, LockKind, LockOwner, PtrFlags, State, Value};
use bpfc_isa::Reg;
use bpfc_kabi::Helper;

/// Kernel functions that may be called while a lock is held (`kfunc_spin_allowed`).
const ALLOWED_UNDER_LOCK: [&str; 24] = [
    "bpf_iter_num_destroy",
    "bpf_iter_num_new",
    "bpf_iter_num_next",
    "bpf_list_back",
    "bpf_list_front",
    "bpf_list_pop_back",
    "bpf_list_pop_front",
    "bpf_list_push_back",
    "bpf_list_push_back_impl",
    "bpf_list_push_front",
    "bpf_list_push_front_impl",
    "bpf_rbtree_add",
    "bpf_rbtree_add_impl",
    "bpf_rbtree_first",
    "bpf_rbtree_left",
    "bpf_rbtree_remove",
    "bpf_rbtree_right",
    "bpf_rbtree_root",
    "bpf_refcount_acquire",
    "bpf_refcount_acquire_impl",
    "bpf_res_spin_lock",
    "bpf_res_spin_lock_irqsave",
    "bpf_res_spin_unlock",
    "bpf_res_spin_unlock_irqrestore",
];

/// What is called.
#[derive(Clone, Copy)]
pub enum Callee<'a> {
    /// A helper.
    Helper(&'static Helper),
    /// A kernel function.
    Kfunc(Option<&'a str>),
    /// A function of the program, by index.
    Func(u32),
}

/// Whether the call may happen in the sections that the path is in.
pub fn call(program: &Program<'_>, state: &State, callee: Callee<'_>) -> Result<(), FaultKind> {
    let scopes = &state.scopes;
    let locked = scopes.locks.last();
    let under_lock = |lock: &Lock| Err(FaultKind::Lock(LockFault::Call { taken: lock.insn_idx }));
    match callee {
        Callee::Helper(helper) => {
            if let Some(lock) = locked
                && helper.name != "bpf_spin_unlock"
            {
                return under_lock(lock);
            }
            if helper.effects.might_sleep && program.is_sleepable {
                return may_sleep(state, helper.name);
            }
            Ok(())
        }
        Callee::Kfunc(name) => {
            let is_allowed = name.is_some_and(|name| ALLOWED_UNDER_LOCK.contains(&name));
            match locked {
                Some(lock) if !is_allowed => under_lock(lock),
                _ => Ok(()),
            }
        }
        Callee::Func(func) => {
            let info = &program.funcs[func as usize];
            if let Some(lock) = locked
                && (info.is_global || program.is_before(6, 9))
            {
                return under_lock(lock);
            }
            // Before 6.15 what a global function does was not known to its callers.
            let old = program.is_before(6, 15) && (scopes.n_preempt > 0 || !scopes.irqs.is_empty());
            let sleeps = info.may_sleep && !program.is_before(6, 15);
            match info.is_global && (old || sleeps) {
                true => may_sleep(state, &info.name),
                false => Ok(()),
            }
        }
    }
}

/// Whether what `name` names may sleep here.
fn may_sleep(state: &State, name: &str) -> Result<(), FaultKind> {
    let scopes = &state.scopes;
    let section = if scopes.n_rcu > 0 {
        Section::Rcu
    } else if scopes.n_preempt > 0 {
        Section::Preempt
    } else if !scopes.irqs.is_empty() {
        Section::Irq
    } else if scopes.holds_lock() {
        Section::Lock
    } else if !scopes.is_sleepable {
        Section::Program
    } else {
        return Ok(());
    };
    Err(FaultKind::Sleeps { name: name.to_owned(), section })
}

/// Whether everything is given back and every section is left where the program ends, or may end.
pub fn ending(state: &State, by: Ending) -> Result<(), FaultKind> {
    let scopes = &state.scopes;
    if by == Ending::Exit && state.depth() > 0 {
        return Ok(());
    }
    let open = |section| Err(FaultKind::SectionOpen { section, by });
    if let Some(lock) = scopes.locks.last() {
        return Err(FaultKind::Lock(LockFault::Open { taken: lock.insn_idx, by }));
    }
    if let Some(&held) = state.held.first() {
        return Err(FaultKind::Unreleased(held, by));
    }
    if !scopes.irqs.is_empty() {
        return open(Section::Irq);
    }
    if scopes.n_rcu > 0 {
        return open(Section::Rcu);
    }
    match scopes.n_preempt > 0 {
        true => open(Section::Preempt),
        false => Ok(()),
    }
}

/// The field of this kind that a pointer must lead to, or why it does not.
pub fn field(program: &Program<'_>, value: &Value, kind: FieldKind) -> Result<Field, SectionFault> {
    let Kind::MapValue(map) = value.kind else {
        return Err(SectionFault::NotAField(kind));
    };
    if value.number.as_constant().is_none() {
        return Err(SectionFault::VariableOffset(kind));
    }
    let fields = &program.maps[map].fields;
    let Some(field) = fields.iter().find(|field| field.kind == kind) else {
        return Err(SectionFault::NoField(kind));
    };
    match value.fixed_offset() == Some(field.offset.into()) {
        true => Ok(*field),
        false => Err(SectionFault::OtherOffset { kind, offset: field.offset }),
    }
}

/// `process_spin_lock`: whether the lock behind `value` may be taken, or given back.
pub fn lock(
    program: &Program<'_>,
    state: &State,
    value: &Value,
    kind: LockKind,
    takes: bool,
) -> Result<(), FaultKind> {
    let Some(owner) = owner(value) else {
        // An object of the program's own: its fields are not followed here.
        return Ok(());
    };
    if matches!(owner, LockOwner::Map(_)) {
        let wanted = match kind {
            LockKind::Spin => FieldKind::SpinLock,
            LockKind::Resilient | LockKind::ResilientIrq => FieldKind::ResSpinLock,
        };
        field(program, value, wanted).map_err(FaultKind::Field)?;
    }
    if let (Some(typed), Some(kernel)) = (value.typed(), &program.of_kernel) {
        let name = match kind {
            LockKind::Spin => "bpf_spin_lock",
            LockKind::Resilient | LockKind::ResilientIrq => "bpf_res_spin_lock",
        };
        let record = kernel.record(typed.ty);
        let at = |field: &&ManagedField| {
            value.fixed_offset() == Some(field.offset.into()) && field.what == Managed::Other(name)
        };
        if !record.iter().any(|field| at(&field)) {
            return Err(FaultKind::Kernel(KernelFault::Graph(GraphFault::NoField)));
        }
    }
    let locks = &state.scopes.locks;
    let same = |lock: &&Lock| lock.owner == owner && lock.id == value.id;
    let fault = |why| Err(FaultKind::Lock(why));
    if takes {
        let other = match kind {
            LockKind::Spin => locks.iter().find(|lock| lock.kind == LockKind::Spin),
            _ => locks.iter().find(|lock| lock.kind != LockKind::Spin && same(lock)),
        };
        return match other {
            Some(lock) => fault(LockFault::Second { taken: lock.insn_idx }),
            None => Ok(()),
        };
    }
    let Some(last) = locks.last() else {
        return fault(LockFault::NotTaken);
    };
    let is_taken = locks.iter().any(|lock| lock.kind == kind && same(&lock));
    match is_taken && same(&last) {
        true => Ok(()),
        false => fault(LockFault::Other { taken: last.insn_idx }),
    }
}

/// What the lock behind a pointer is in.
pub fn owner(value: &Value) -> Option<LockOwner> {
    match value.kind {
        Kind::MapValue(map) => Some(LockOwner::Map(map)),
        Kind::Typed(typed) if typed.flags.has(PtrFlags::ALLOCATED) => {
            Some(LockOwner::Object(typed.ty.0))
        }
        _ => None,
    }
}

/// Whether a kernel function that opens or closes a section may be called.
pub fn section_call(
    program: &Program<'_>,
    state: &State,
    section: SectionCall,
) -> Result<(), FaultKind> {
    let first = *state.reg(Reg::R1);
    match section {
        SectionCall::PreemptDisable => Ok(()),
        SectionCall::PreemptEnable => match state.scopes.n_preempt {
            0 => Err(FaultKind::Field(SectionFault::NotOpen(Section::Preempt))),
            _ => Ok(()),
        },
        SectionCall::Lock(kind) => lock(program, state, &first, kind, true),
        SectionCall::Unlock(kind) => lock(program, state, &first, kind, false),
    }
}
