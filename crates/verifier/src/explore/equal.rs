//! Whether one state covers another: whatever is safe from the first is safe from the second.
//!
//! As `states_equal`, `regsafe` and `stacksafe` (Linux 6.12 `kernel/bpf/verifier.c`).

use super::checkpoint::Checkpoint;
use crate::program::Program;
use crate::state::{Byte, Frame, Kind, PacketRange, Scopes, Slot, State, Value};
use bpfc_isa::{Reg, RegSet};

/// How alike states must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// In everything.
    Exact,
    /// The kept one may know less, and what nothing reads later does not count.
    Pruning,
    /// As [`Mode::Pruning`], but every number and every stack slot counts: it is not known yet which of them matter.
    RangeWithin,
}

/// Pairs of ids that stand for the same thing in the two states.
#[derive(Default)]
struct Ids(Vec<(u32, u32)>);

impl Ids {
    fn same(&mut self, old: u32, new: u32) -> bool {
        if (old == 0) != (new == 0) {
            return false;
        }
        if old == 0 {
            return true;
        }
        for &(known_old, known_new) in &self.0 {
            if known_old == old {
                return known_new == new;
            }
            if known_new == new {
                return false;
            }
        }
        self.0.push((old, new));
        true
    }

    /// Links of numbers: a number without a link in the kept state covers a linked one; the other
    /// way round, the new one is taken as linked to itself only.
    fn same_link(&mut self, old: u32, new: u32, alone: &mut u32) -> bool {
        if old == 0 {
            return true;
        }
        if new == 0 {
            *alone -= 1;
            return self.same(old, *alone);
        }
        self.same(old, new)
    }
}

/// Whether `old` covers `new`. Both are before the same instruction.
pub fn covers(program: &Program<'_>, old: &Checkpoint, new: &State, mode: Mode) -> bool {
    let state = &old.state;
    if state.frames.len() != new.frames.len()
        || state.held.len() != new.held.len()
        || state.scopes.locks.len() != new.scopes.locks.len()
        || state.scopes.irqs.len() != new.scopes.irqs.len()
        || state.scopes.n_rcu != new.scopes.n_rcu
        || state.scopes.n_preempt != new.scopes.n_preempt
        || state.scopes.is_sleepable != new.scopes.is_sleepable
    {
        return false;
    }
    let rounds_fit = match mode {
        Mode::Exact => state.rounds == new.rounds,
        Mode::Pruning | Mode::RangeWithin => state.rounds.iter().all(|(insn_idx, n_old)| {
            let same = new.rounds.iter().find(|(at, _)| at == insn_idx);
            same.is_some_and(|(_, n_new)| n_old <= n_new)
        }),
    };
    if !rounds_fit {
        return false;
    }
    let mut comparison = Comparison { ids: Ids::default(), alone: u32::MAX, mode };
    for (idx, (a, b)) in state.frames.iter().zip(&new.frames).enumerate() {
        if a.func != b.func
            || a.callback != b.callback
            || a.n_called_back > b.n_called_back
            || (idx > 0 && a.call_site != b.call_site)
        {
            return false;
        }
        let live = live_regs(program, state, idx);
        let read = match mode {
            Mode::Exact | Mode::RangeWithin => !0,
            Mode::Pruning => old.read.get(idx).copied().unwrap_or(!0),
        };
        let same = std::rc::Rc::ptr_eq(a, b) && mode == Mode::Exact;
        if !same && !comparison.frame(a, b, live, read) {
            return false;
        }
    }
    let mut held = state.held.iter().zip(&new.held);
    held.all(|(a, b)| a.insn_idx == b.insn_idx && comparison.ids.same(a.id, b.id))
        && comparison.scopes(&state.scopes, &new.scopes)
}

/// The registers of frame `idx` whose contents may be read later.
fn live_regs(program: &Program<'_>, state: &State, idx: usize) -> RegSet {
    let code = &program.code;
    let live = match state.frames.get(idx + 1) {
        None => code[state.insn_idx as usize].live,
        Some(callee) => code
            .get(callee.call_site as usize + 1)
            .map_or(RegSet::EMPTY, |op| op.live)
            .difference(RegSet::CALLER_SAVED),
    };
    live.difference(RegSet::of(Reg::R10))
}

struct Comparison {
    ids: Ids,
    alone: u32,
    mode: Mode,
}

impl Comparison {
    /// `refsafe`: the same locks and saved interrupts, in the same order.
    fn scopes(&mut self, old: &Scopes, new: &Scopes) -> bool {
        let mut locks = old.locks.iter().zip(&new.locks);
        let mut irqs = old.irqs.iter().zip(&new.irqs);
        locks.all(|(a, b)| a.kind == b.kind && a.owner == b.owner && self.ids.same(a.id, b.id))
            && irqs.all(|(a, b)| a.is_of_lock == b.is_of_lock && self.ids.same(a.id, b.id))
    }

    fn frame(&mut self, old: &Frame, new: &Frame, live: RegSet, read: u64) -> bool {
        for reg in live.iter() {
            let idx = usize::from(reg.number());
            if !self.value(&old.regs[idx], &new.regs[idx]) {
                return false;
            }
        }
        let empty = Slot::UNINIT;
        for (idx, slot) in old.stack.slots.iter().enumerate() {
            if read >> idx & 1 == 0 {
                continue;
            }
            let other = new.stack.slots.get(idx).unwrap_or(&empty);
            if !self.slot(slot, other) {
                return false;
            }
        }
        // What only the new state has is more than the kept one had.
        self.mode != Mode::Exact || old.stack.slots.len() == new.stack.slots.len()
    }

    fn value(&mut self, old: &Value, new: &Value) -> bool {
        if self.mode == Mode::Exact {
            return old.kind == new.kind
                && old.is_nullable == new.is_nullable
                && old.off == new.off
                && old.is_displaced == new.is_displaced
                && old.range == new.range
                && old.number == new.number
                && self.ids.same(old.id, new.id)
                && self.ids.same(old.ref_id, new.ref_id);
        }
        if old.kind == Kind::Uninit {
            return true;
        }
        if old.kind != new.kind || old.is_nullable != new.is_nullable {
            return false;
        }
        match old.kind {
            Kind::Uninit | Kind::Unknown => true,
            Kind::Scalar => self.number(old, new),
            Kind::Packet | Kind::PacketMeta => {
                covers_range(old.range, new.range)
                    && old.off == new.off
                    && (old.id == 0 || self.ids.same(old.id, new.id))
                    && old.number.includes(&new.number)
            }
            Kind::MapValue(_) | Kind::Mem { .. } => {
                old.off == new.off
                    && old.number.includes(&new.number)
                    && self.ids.same(old.id, new.id)
                    && self.ids.same(old.ref_id, new.ref_id)
            }
            _ => {
                old.off == new.off
                    && old.number == new.number
                    && self.ids.same(old.id, new.id)
                    && self.ids.same(old.ref_id, new.ref_id)
            }
        }
    }

    fn number(&mut self, old: &Value, new: &Value) -> bool {
        if !old.is_precise && self.mode == Mode::Pruning {
            return true;
        }
        if old.id != 0 && (old.is_displaced != new.is_displaced || old.off != new.off) {
            return false;
        }
        old.number.includes(&new.number) && self.ids.same_link(old.id, new.id, &mut self.alone)
    }

    fn slot(&mut self, old: &Slot, new: &Slot) -> bool {
        if self.mode != Mode::Exact
            && let (Some(a), Some(b)) = (old.as_scalar(), new.as_scalar())
        {
            return self.value(&a, &b);
        }
        for (a, b) in old.bytes.iter().zip(&new.bytes) {
            let fits = match (a, b) {
                _ if a == b => true,
                (Byte::Uninit, _) => self.mode != Mode::Exact,
                (Byte::Misc, Byte::Zero) => self.mode != Mode::Exact,
                _ => false,
            };
            if !fits {
                return false;
            }
        }
        match (&old.spill, &new.spill) {
            (Some(a), Some(b)) => old.spill_bytes() == 0 || self.value(a, b),
            _ => true,
        }
    }
}

fn covers_range(old: PacketRange, new: PacketRange) -> bool {
    match (old, new) {
        (PacketRange::Bytes(old), PacketRange::Bytes(new)) => old <= new,
        _ => old == new,
    }
}
