//! Entering and leaving sections: locks and preemption.

use super::Machine;
use super::typed::forget_members;
use crate::discharge::lock_owner;
use crate::domain::Scalar;
use crate::program::{Managed, SectionCall};
use crate::state::{Kind, Lock, LockKind, PtrFlags, State, Value};
use bpfc_isa::Reg;

impl Machine<'_> {
    /// What a helper does to the sections.
    pub(super) fn helper_scope(&mut self, state: &mut State, name: &str) {
        match name {
            "bpf_tail_call" => self.note_tail_call(state),
            "bpf_spin_lock" => self.lock(state, LockKind::Spin),
            "bpf_spin_unlock" => self.unlock(state, LockKind::Spin),
            _ => {}
        }
    }

    /// What a kernel function does that opens or closes a section.
    pub(super) fn section_call(&mut self, state: &mut State, section: SectionCall) {
        match section {
            SectionCall::PreemptDisable => state.scopes.n_preempt += 1,
            SectionCall::PreemptEnable => {
                state.scopes.n_preempt = state.scopes.n_preempt.saturating_sub(1);
            }
            SectionCall::Lock(kind) => self.lock(state, kind),
            SectionCall::Unlock(kind) => self.unlock(state, kind),
        }
    }

    fn lock(&mut self, state: &mut State, kind: LockKind) {
        let value = *state.reg(Reg::R1);
        let insn_idx = state.insn_idx;
        match lock_owner(&value) {
            Some(owner) => state.scopes.locks.push(Lock { kind, id: value.id, owner, insn_idx }),
            None => {
                self.gaps.insert("locks of objects".to_owned());
            }
        }
    }

    fn unlock(&mut self, state: &mut State, kind: LockKind) {
        let value = *state.reg(Reg::R1);
        let Some(owner) = lock_owner(&value) else {
            return;
        };
        let locks = &mut state.scopes.locks;
        let at = locks
            .iter()
            .rposition(|lock| lock.kind == kind && lock.owner == owner && lock.id == value.id);
        if let Some(at) = at {
            locks.remove(at);
        }
        forget_members(state);
    }

    /// A load from the packet in a function ends that function where there are no such bytes: `check_ld_abs`
    /// (Linux 6.12.70 and 6.18.10).
    pub(super) fn packet_load_fails(&self, state: &State) -> Option<Box<State>> {
        let is_known = self.program.is_before(6, 18);
        if state.depth() == 0 || is_known {
            return None;
        }
        let mut other = Box::new(state.clone());
        let call_site = state.top().call_site;
        other.frames.pop();
        other.set(Reg::R0, Value::scalar(Scalar::ZERO, state.insn_idx));
        other.insn_idx = call_site + 1;
        Some(other)
    }
}

/// Whether a pointer to this keeps its id when it turns out not to be null, since a lock is told from others by it.
pub fn may_hold_lock(program: &crate::program::Program<'_>, value: &Value) -> bool {
    match value.kind {
        Kind::MapValue(map) => program.maps[map].holds_lock(),
        Kind::Typed(typed) if typed.flags.has(PtrFlags::ALLOCATED) => {
            program.of_kernel.as_ref().is_some_and(|kernel| {
                let fields = kernel.record(typed.ty);
                let is_lock =
                    |what| matches!(what, Managed::Other("bpf_spin_lock" | "bpf_res_spin_lock"));
                fields.iter().any(|field| is_lock(field.what))
            })
        }
        _ => false,
    }
}
