//! Constants and addresses that a register holds already: on all paths since the last call,
//! after which they are computed again for less than a register that survives calls.
//!
//! The same for what was spilled. Input and output are virtual registers; whether there is room is decided later, when a
//! constant that does not fit is computed where it is used.

use super::spill::slot_of;
use super::{Allocation, Kind, Origin, Step};
use crate::ir::{CoreId, SlotId};
use crate::mach::{BlockId, Func, Inst, Op, VReg};
use bpfc_base::IndexVec;
use bpfc_isa::RegSet;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::hash::Hash;

/// An instruction that makes a constant, with a fixed destination.
type Constant = (Op<()>, Option<CoreId>);

/// The register that holds each constant, or the content of each slot.
type Held<K> = FxHashMap<K, VReg>;

/// Uses registers that hold a constant in place of those that would be made for it.
///
/// Requires and ensures: `func` is valid; registers that are written once stay so.
pub fn reuse_constants(func: &mut Func<VReg>) {
    let n_defs = count_definitions(func);
    let is_holder = |reg: VReg| reg.as_machine().is_none() && n_defs[reg] == 1;
    let mut at_start: IndexVec<BlockId, Option<Held<Constant>>> =
        IndexVec::from_elem(None, func.blocks.len());
    at_start[func.entry()] = Some(Held::default());
    let mut changed = true;
    while changed {
        changed = false;
        for &id in &func.layout {
            let Some(mut held) = at_start[id].clone() else {
                continue;
            };
            for inst in &func.blocks[id].insts {
                step(inst, &mut held, is_holder);
            }
            for next in func.blocks[id].term.successors() {
                changed |= join(&mut at_start[next], &held);
            }
        }
    }
    // A register that is not made any more, and the one to use in its place.
    let mut replaced: BTreeMap<VReg, VReg> = BTreeMap::new();
    for at in 0..func.layout.len() {
        let id = func.layout[at];
        let Some(mut held) = at_start[id].take() else {
            continue;
        };
        func.blocks[id].insts.retain_mut(|inst| {
            let found = step(inst, &mut held, is_holder);
            let Some((dst, holder)) = found.filter(|(dst, holder)| dst != holder) else {
                return true;
            };
            if is_holder(dst) {
                replaced.insert(dst, holder);
                return false;
            }
            inst.op = Op::copy(dst, holder);
            inst.core = None;
            true
        });
    }
    if replaced.is_empty() {
        return;
    }
    let rename = |reg: VReg| replaced.get(&reg).copied().unwrap_or(reg);
    for at in 0..func.layout.len() {
        let block = &mut func.blocks[func.layout[at]];
        for inst in &mut block.insts {
            *inst = inst.map(rename);
        }
        block.term = block.term.map(rename);
    }
}

fn count_definitions(func: &Func<VReg>) -> IndexVec<VReg, u32> {
    let mut n_defs = IndexVec::from_elem(0, func.n_vregs);
    for &id in &func.layout {
        for inst in &func.blocks[id].insts {
            inst.op.for_each_reg(|reg, role| n_defs[reg] += u32::from(role.is_def()));
        }
    }
    n_defs
}

/// Follows an instruction. If it makes a constant that a register holds: its destination, and
/// that register.
fn step(
    inst: &Inst<VReg>,
    held: &mut Held<Constant>,
    is_holder: impl Fn(VReg) -> bool,
) -> Option<(VReg, VReg)> {
    if is_call(inst) {
        held.clear();
        return None;
    }
    let constant = long_constant(inst)?;
    let mut made = None;
    inst.op.for_each_reg(|reg, _| made = Some(reg));
    let made = made?;
    if let Some(&holder) = held.get(&constant) {
        return Some((made, holder));
    }
    if is_holder(made) {
        held.insert(constant, made);
    }
    None
}

/// Constants that take two instruction slots: others are made as quickly as copied.
fn long_constant(inst: &Inst<VReg>) -> Option<Constant> {
    let is_long =
        matches!(inst.op, Op::LoadImm { .. } | Op::LoadSymbol { .. } | Op::SlotAddr { .. });
    is_long.then(|| (inst.op.map(|_| ()), inst.core))
}

fn is_call(inst: &Inst<VReg>) -> bool {
    RegSet::CALLER_SAVED.difference(inst.op.implicit_defs()).is_empty()
}

/// Keeps what holds on all paths; whether the state changed.
fn join<K: Clone + Eq + Hash>(at_start: &mut Option<Held<K>>, held: &Held<K>) -> bool {
    let Some(old) = at_start else {
        *at_start = Some(held.clone());
        return true;
    };
    let n = old.len();
    old.retain(|constant, holder| held.get(constant) == Some(holder));
    old.len() != n
}

/// What fills a register.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Content {
    Slot(SlotId),
    /// The constant that this register of the original holds.
    Constant(VReg),
}

/// Keeps what was spilled in its register up to the next call: other blocks need not fill it again.
///
/// Only registers of [`Kind::Region`] are concerned: what does not fit even so is split further.
pub fn reuse_fills(allocation: &mut Allocation) {
    let is_once = written_once(allocation);
    let origins = &allocation.origins;
    let is_holder = |reg: VReg| is_once[reg] && matches!(origins[reg], Kind::Region(_));
    let func = &allocation.func;
    let mut at_start: IndexVec<BlockId, Option<Held<Content>>> =
        IndexVec::from_elem(None, func.blocks.len());
    at_start[func.entry()] = Some(Held::default());
    let mut changed = true;
    while changed {
        changed = false;
        for &id in &func.layout {
            let Some(mut held) = at_start[id].clone() else {
                continue;
            };
            for step in &allocation.steps[id] {
                follow_fill(step, &mut held, is_holder);
            }
            for next in func.blocks[id].term.successors() {
                changed |= join(&mut at_start[next], &held);
            }
        }
    }
    let mut replaced: BTreeMap<VReg, VReg> = BTreeMap::new();
    for &id in &func.layout {
        let Some(mut held) = at_start[id].take() else {
            continue;
        };
        allocation.steps[id].retain(|step| {
            let found = follow_fill(step, &mut held, is_holder);
            found.is_none_or(|(dst, holder)| {
                replaced.insert(dst, holder);
                false
            })
        });
    }
    if replaced.is_empty() {
        return;
    }
    let rename = |reg: VReg| replaced.get(&reg).copied().unwrap_or(reg);
    for at in 0..allocation.func.layout.len() {
        let id = allocation.func.layout[at];
        for step in &mut allocation.steps[id] {
            step.inst = step.inst.map(rename);
        }
        let term = &mut allocation.func.blocks[id].term;
        *term = term.map(rename);
    }
}

/// The virtual registers that one instruction writes.
fn written_once(allocation: &Allocation) -> IndexVec<VReg, bool> {
    let mut n_defs: IndexVec<VReg, u32> = IndexVec::from_elem(0, allocation.func.n_vregs);
    for &id in &allocation.func.layout {
        for step in allocation.steps[id].iter().filter(|step| !step.is_dropped) {
            step.inst.op.for_each_reg(|reg, role| n_defs[reg] += u32::from(role.is_def()));
        }
    }
    n_defs.iter_enumerated().map(|(reg, &n)| n == 1 && reg.as_machine().is_none()).collect()
}

/// Follows a step. If it fills a register with what another one holds: both.
fn follow_fill(
    step: &Step,
    held: &mut Held<Content>,
    is_holder: impl Fn(VReg) -> bool,
) -> Option<(VReg, VReg)> {
    if step.is_dropped {
        return None;
    }
    if is_call(&step.inst) {
        held.clear();
        return None;
    }
    let mut named = None;
    step.inst.op.for_each_reg(|reg, _| named = Some(reg));
    let register = named?;
    let content = match step.origin {
        Origin::Original(_) => return None,
        Origin::Constant(original) => Content::Constant(original),
        Origin::Spill | Origin::Reload => Content::Slot(slot_of(step)?),
    };
    if step.origin == Origin::Spill {
        held.remove(&content);
    } else if let Some(&holder) = held.get(&content) {
        return is_holder(register).then_some((register, holder));
    }
    if is_holder(register) {
        held.insert(content, register);
    }
    None
}
