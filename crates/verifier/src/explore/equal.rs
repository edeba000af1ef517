//! Whether one state covers another: whatever is safe from the first is safe from the second.
//!
//! As `states_equal`, `regsafe`, `stacksafe` and `refsafe` (Linux 6.18 `kernel/bpf/verifier.c`).

use crate::program::Program;
use crate::state::{
    Byte, Frame, Kind, PacketRange, Scopes, Slot, Stack, StackObject, StackSlot, State, Value,
};
use bpfc_isa::{Reg, RegSet};
use std::rc::Rc;

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

/// What a state does not cover of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// A register of a frame.
    Reg(u8, Reg),
    /// A stack slot.
    Slot(StackSlot),
}

/// Pairs of ids that stand for the same thing in the two states.
#[derive(Default)]
struct Ids {
    pairs: Vec<(u64, u64)>,
    n_alone: u32,
}

/// Ids of numbers may mean "that number plus a constant".
fn key(value: &Value) -> u64 {
    plain(value.id) | u64::from(value.is_displaced) << 1 | u64::from(value.is_narrow)
}

/// An id that means just that.
fn plain(id: u32) -> u64 {
    u64::from(id) << 2
}

impl Ids {
    /// `check_ids`.
    fn same(&mut self, old: u64, new: u64) -> bool {
        if old < 4 || new < 4 {
            return (old < 4) == (new < 4);
        }
        for &(known_old, known_new) in &self.pairs {
            if known_old == old {
                return known_new == new;
            }
            if known_new == new {
                return false;
            }
        }
        self.pairs.push((old, new));
        true
    }

    fn same_id(&mut self, old: u32, new: u32) -> bool {
        self.same(plain(old), plain(new))
    }

    /// `check_scalar_ids`: a number without a link in the kept state covers a linked one; the other way round, the new
    /// one is taken as linked to itself only.
    fn same_link(&mut self, old: &Value, new: &Value) -> bool {
        if old.id == 0 {
            return true;
        }
        let new_id = if new.id == 0 {
            self.n_alone += 1;
            plain(u32::MAX - self.n_alone)
        } else {
            key(new)
        };
        self.same(key(old), new_id) && (!old.is_displaced || self.same(plain(old.id), new_id & !3))
    }
}

/// Whether the running functions' registers are the same to the letter, ids included: `states_maybe_looping`. And no
/// iterator is further than it was.
pub fn may_loop(old: &State, new: &State) -> bool {
    let same = |(a, b): (&Value, &Value)| {
        a.kind == b.kind
            && a.id == b.id
            && a.ref_id == b.ref_id
            && a.off == b.off
            && a.is_displaced == b.is_displaced
            && a.is_narrow == b.is_narrow
            && a.is_nullable == b.is_nullable
            && a.range == b.range
            && a.number == b.number
    };
    let (a, b) = (old.top(), new.top());
    old.frames.len() == new.frames.len()
        && (a.regs.iter().zip(&b.regs)).all(same)
        && (old.frames.iter().zip(&new.frames)).all(|(a, b)| same_depths(&a.stack, &b.stack))
}

/// `iter_active_depths_differ`.
fn same_depths(old: &Stack, new: &Stack) -> bool {
    old.slots.iter().zip(&new.slots).all(|(a, b)| match (a.iterator(), b.iterator()) {
        (Some(a), Some(b)) if a.is_active => a.depth == b.depth,
        _ => true,
    })
}

/// Whether `old` covers `new`; both are before the same instruction. If it does not, the reason, where it is a
/// register or a stack slot. With `read`, only these stack slots of the frames count.
pub fn covers(
    program: &Program<'_>,
    old: &State,
    new: &State,
    mode: Mode,
    read: Option<&[u64]>,
) -> Result<(), Option<Mismatch>> {
    if old.frames.len() != new.frames.len() || old.held.len() != new.held.len() {
        return Err(None);
    }
    let rounds_fit = match mode {
        Mode::Exact => old.rounds == new.rounds,
        Mode::Pruning | Mode::RangeWithin => old.rounds.iter().all(|(insn_idx, n_old)| {
            let same = new.rounds.iter().find(|(at, _)| at == insn_idx);
            same.is_some_and(|(_, n_new)| n_old <= n_new)
        }),
    };
    let mut comparison = Comparison {
        all_count: program.is_unprivileged,
        ids: Ids::default(),
        mode,
        may_read_uninit: program.kernel.is_some() && program.is_since(6, 3),
        frame: 0,
    };
    let mut held = old.held.iter().zip(&new.held);
    if !rounds_fit
        || !comparison.scopes(&old.scopes, &new.scopes)
        || !held.all(|(a, b)| comparison.ids.same_id(a.id, b.id))
    {
        return Err(None);
    }
    for (idx, (a, b)) in old.frames.iter().zip(&new.frames).enumerate() {
        if a.func != b.func
            || a.callback != b.callback
            || a.n_called_back > b.n_called_back
            || a.call_site != b.call_site
        {
            return Err(None);
        }
        if mode == Mode::Exact && Rc::ptr_eq(a, b) {
            continue;
        }
        let read = read.map_or(!0, |read| read.get(idx).copied().unwrap_or(!0));
        comparison.frame = idx as u8;
        comparison.frame(a, b, live_regs(program, old, idx), read).map_err(Some)?;
    }
    Ok(())
}

/// The registers of frame `idx` whose contents may be read later; of a caller, from the call on, which made its
/// arguments unreadable unless it calls back.
fn live_regs(program: &Program<'_>, state: &State, idx: usize) -> RegSet {
    let insn_idx = match state.frames.get(idx + 1) {
        None => state.insn_idx,
        Some(callee) => callee.call_site,
    };
    let live = program.code.get(insn_idx as usize).map_or(RegSet::EMPTY, |op| op.live);
    live.difference(RegSet::of(Reg::R10))
}

struct Comparison {
    ids: Ids,
    mode: Mode,
    /// Whether reading stack bytes that nobody wrote gives a number.
    may_read_uninit: bool,
    /// Whether every number counts, as without privileges.
    all_count: bool,
    frame: u8,
}

impl Comparison {
    /// `refsafe`: the same locks and saved interrupts, in the same order.
    fn scopes(&mut self, old: &Scopes, new: &Scopes) -> bool {
        let same_counts = old.locks.len() == new.locks.len()
            && old.irqs.len() == new.irqs.len()
            && old.n_rcu == new.n_rcu
            && old.n_preempt == new.n_preempt
            && old.is_sleepable == new.is_sleepable;
        let mut locks = old.locks.iter().zip(&new.locks);
        let mut irqs = old.irqs.iter().zip(&new.irqs);
        same_counts
            && locks.all(|(a, b)| {
                a.kind == b.kind && a.owner == b.owner && self.ids.same_id(a.id, b.id)
            })
            && irqs.all(|(a, b)| a.is_of_lock == b.is_of_lock && self.ids.same_id(a.id, b.id))
    }

    fn frame(&mut self, old: &Frame, new: &Frame, live: RegSet, read: u64) -> Result<(), Mismatch> {
        for reg in live.iter() {
            let idx = usize::from(reg.number());
            if !self.value(&old.regs[idx], &new.regs[idx]) {
                return Err(Mismatch::Reg(self.frame, reg));
            }
        }
        for (idx, slot) in old.stack.slots.iter().enumerate() {
            let counts = read >> idx & 1 == 1;
            if counts && !self.slot(slot, new.stack.slots.get(idx)) {
                return Err(Mismatch::Slot(StackSlot { frame: self.frame, slot: idx as u8 }));
            }
        }
        Ok(())
    }

    /// `regsafe`.
    fn value(&mut self, old: &Value, new: &Value) -> bool {
        if self.mode == Mode::Exact {
            return self.exact(old, new);
        }
        if old.kind == Kind::Uninit {
            return true;
        }
        if old.kind != new.kind || old.is_nullable != new.is_nullable || old.uid != new.uid {
            return false;
        }
        match old.kind {
            Kind::Uninit | Kind::Unknown | Kind::Arena => true,
            Kind::Scalar => self.number(old, new),
            Kind::Packet | Kind::PacketMeta => {
                covers_range(old.range, new.range)
                    && old.off == new.off
                    && self.ids.same_id(old.id, new.id)
                    && old.number.includes(&new.number)
            }
            Kind::MapKey(_) | Kind::MapValue(_) | Kind::Mem { .. } => {
                old.off == new.off
                    && old.number.includes(&new.number)
                    && old.dynptr_id == new.dynptr_id
                    && self.ids.same_id(old.id, new.id)
                    && self.ids.same_id(old.ref_id, new.ref_id)
            }
            _ => self.exact(old, new),
        }
    }

    /// `regs_exact`.
    fn exact(&mut self, old: &Value, new: &Value) -> bool {
        old.kind == new.kind
            && old.is_nullable == new.is_nullable
            && old.off == new.off
            && old.range == new.range
            && old.uid == new.uid
            && old.number == new.number
            && old.dynptr_id == new.dynptr_id
            && self.ids.same(key(old), key(new))
            && self.ids.same_id(old.ref_id, new.ref_id)
    }

    fn number(&mut self, old: &Value, new: &Value) -> bool {
        if !old.is_precise && self.mode == Mode::Pruning && !self.all_count {
            return true;
        }
        if old.id != 0 && (old.is_displaced != new.is_displaced || old.is_narrow != new.is_narrow)
            || old.is_displaced && old.off != new.off
        {
            return false;
        }
        self.ids.same_link(old, new) && old.number.includes(&new.number)
    }

    /// `stacksafe`, for one slot; none where the new state has no such slot.
    fn slot(&mut self, old: &Slot, new: Option<&Slot>) -> bool {
        let exact = self.mode == Mode::Exact;
        if exact && new.is_none_or(|new| new.bytes != old.bytes) {
            return false;
        }
        // Byte by byte, from the highest address down.
        for at in (0..8).rev() {
            let byte = old.bytes[at];
            if byte == Byte::Uninit || self.may_read_uninit && byte == Byte::Misc {
                continue;
            }
            let Some(new) = new else {
                return false;
            };
            if let (Some(a), Some(b)) = (self.as_scalar(old), self.as_scalar(new)) {
                return self.value(&a, &b);
            }
            if byte == Byte::Misc && new.bytes[at] == Byte::Zero {
                continue;
            }
            if byte != new.bytes[at] {
                return false;
            }
            if at == 0 && byte == Byte::Object {
                return self.object(old.object, new.object);
            }
            if at == 0
                && byte == Byte::Spill
                && let (Some(a), Some(b)) = (&old.spill, &new.spill)
            {
                return Rc::ptr_eq(a, b) && exact || self.value(a, b);
            }
        }
        true
    }

    /// Whether both slots are the same part of the same kind of thing.
    fn object(&mut self, old: Option<StackObject>, new: Option<StackObject>) -> bool {
        use StackObject::{Dynptr, Iterator};
        match (old, new) {
            (
                Some(Dynptr { ty, is_first, ref_id, .. }),
                Some(Dynptr { ty: new_ty, is_first: new_first, ref_id: new_ref, .. }),
            ) => ty == new_ty && is_first == new_first && self.ids.same_id(ref_id, new_ref),
            (
                Some(Iterator { ty, is_active, ref_id, guard, .. }),
                Some(Iterator {
                    ty: new_ty,
                    is_active: new_active,
                    ref_id: new_ref,
                    guard: new_guard,
                    ..
                }),
            ) => {
                // The depth tells rounds of a loop apart, which is what must not count here.
                ty == new_ty
                    && is_active == new_active
                    && guard == new_guard
                    && self.ids.same_id(ref_id, new_ref)
            }
            (None, None) => true,
            _ => false,
        }
    }

    /// `scalar_reg_for_stack`: what a load of the whole slot gives, if that is a number.
    fn as_scalar(&self, slot: &Slot) -> Option<Value> {
        match &slot.spill {
            Some(spill) if slot.bytes[7] == Byte::Spill => spill.is_scalar().then_some(**spill),
            _ => {
                let is_data = |byte: &Byte| {
                    *byte == Byte::Misc || *byte == Byte::Uninit && self.may_read_uninit
                };
                let all = slot.bytes.iter().all(is_data);
                all.then(|| Value::scalar(crate::domain::Scalar::UNKNOWN, 0))
            }
        }
    }
}

fn covers_range(old: PacketRange, new: PacketRange) -> bool {
    match (old, new) {
        (PacketRange::Bytes(old), PacketRange::Bytes(new)) => old <= new,
        _ => old == new,
    }
}
