//! Constants and addresses that a register holds already: on all paths since the last call,
//! after which they are computed again for less than a register that survives calls.
//!
//! Input and output are virtual registers; whether there is room is decided later, when a
//! constant that does not fit is computed where it is used.

use crate::ir::CoreId;
use crate::mach::{BlockId, Func, Inst, Op, VReg};
use bpfc_base::IndexVec;
use bpfc_isa::RegSet;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// An instruction that makes a constant, with a fixed destination.
type Constant = (Op<()>, Option<CoreId>);

/// The register that holds each constant.
type Held = FxHashMap<Constant, VReg>;

/// Uses registers that hold a constant in place of those that would be made for it.
///
/// Requires and ensures: `func` is valid; registers that are written once stay so.
pub fn reuse_constants(func: &mut Func<VReg>) {
    let n_defs = count_definitions(func);
    let is_holder = |reg: VReg| reg.as_machine().is_none() && n_defs[reg] == 1;
    let mut at_start: IndexVec<BlockId, Option<Held>> =
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
    held: &mut Held,
    is_holder: impl Fn(VReg) -> bool,
) -> Option<(VReg, VReg)> {
    if RegSet::CALLER_SAVED.difference(inst.op.implicit_defs()).is_empty() {
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

/// Keeps what holds on all paths; whether the state changed.
fn join(at_start: &mut Option<Held>, held: &Held) -> bool {
    let Some(old) = at_start else {
        *at_start = Some(held.clone());
        return true;
    };
    let n = old.len();
    old.retain(|constant, holder| held.get(constant) == Some(holder));
    old.len() != n
}
