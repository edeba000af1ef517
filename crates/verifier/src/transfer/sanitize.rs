//! Instructions of unprivileged programs that do different things on different paths, where the kernel could insert
//! only one protection against speculation: `update_alu_sanitation_state` and the maps of tail calls (Linux 6.18
//! `kernel/bpf/verifier.c`).

use super::Machine;
use crate::discharge::speculation_limit;
use crate::fault::{Fault, FaultKind, Leak};
use crate::state::{Kind, State, Value};
use bpfc_isa::{AluOp, Reg, Src};

/// How an addition is protected.
pub type Sanitation = (u8, i64);

impl Machine<'_> {
    /// Notes how `result = left op right` is protected; a fault if it was protected otherwise before.
    pub(super) fn sanitize(
        &mut self,
        state: &State,
        op: AluOp,
        src: Src,
        (left, right, result): (&Value, &Value, &Value),
    ) {
        let is_sum = matches!(op, AluOp::Add | AluOp::Sub) && matches!(src, Src::Reg(_));
        if !self.program.is_unprivileged || !is_sum {
            return;
        }
        let (pointer, number, is_left) = match (left.is_pointer(), right.is_pointer()) {
            (true, false) => (left, right, true),
            (false, true) => (right, left, false),
            (false, false) => return self.note(state, (16, 0)),
            (true, true) => return,
        };
        let is_negative = number.number.smin < 0;
        let before = speculation_limit(self.program, pointer, op, is_negative);
        let after = speculation_limit(self.program, result, op, is_negative);
        let (Some(before), Some(after)) = (before, after) else {
            self.fault = Some(Fault::alone(FaultKind::Leak(Leak::Speculation)));
            return;
        };
        let is_constant = number.number.as_constant().is_some();
        let kind = u8::from(is_negative) | u8::from(is_constant) << 1 | u8::from(is_left) << 2;
        self.note(state, (kind, (before - after).abs()));
    }

    fn note(&mut self, state: &State, sanitation: Sanitation) {
        let known = *self.sanitations.entry(state.insn_idx).or_insert(sanitation);
        if known != sanitation {
            self.fault = Some(Fault::alone(FaultKind::Leak(Leak::Paths)));
        }
    }

    /// Notes the map of a tail call; a fault if it was another one before.
    pub(super) fn note_tail_call(&mut self, state: &State) {
        let Kind::Map(map) = state.reg(Reg::R2).kind else {
            return;
        };
        let is_other = *self.tail_call_maps.entry(state.insn_idx).or_insert(map) != map;
        if self.program.is_unprivileged && is_other {
            self.fault = Some(Fault::alone(FaultKind::Leak(Leak::Paths)));
        }
    }
}
