//! Proves an allocation right, by symbolic execution of the allocated code next to the
//! original: which of the original's registers does each machine register and spill slot
//! hold, on every path? Every operand must be where the allocation says.
//!
//! It knows nothing of how the allocator works, only what the steps claim to be.

use super::color::Coloring;
use super::{Allocation, Origin, Step};
use crate::ir::SlotId;
use crate::mach::{AsmRegs, Base, BlockId, Inst, Op, Role, Source, VReg, for_each_term_use};
use bpfc_base::{Idx, IndexVec};
use bpfc_isa::{Reg, RegSet};
use std::collections::{BTreeMap, BTreeSet};

/// An operand that is not where the allocation says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{block}: `{line}`: {problem}")]
pub struct Mismatch {
    /// The block.
    pub block: BlockId,
    /// The original instruction, or the inserted one.
    pub line: String,
    /// What is wrong.
    pub problem: String,
}

/// A place where values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Reg(Reg),
    Slot(SlotId),
    /// Nowhere, but the only definition of this register is constant.
    Constant(VReg),
}

/// What places hold: each any of several registers of the original, which are equal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct State {
    held: BTreeMap<Place, BTreeSet<VReg>>,
}

/// Checks an allocation.
///
/// # Errors
/// The first operand that is wrong.
pub fn check(allocation: &Allocation, coloring: &Coloring) -> Result<(), Mismatch> {
    let func = &allocation.func;
    let mut entry: IndexVec<BlockId, Option<State>> = IndexVec::from_elem(None, func.blocks.len());
    let mut start = State::default();
    for reg in Reg::ARGS {
        start.set(Place::Reg(reg), VReg::machine(reg));
    }
    entry[func.entry()] = Some(start);
    // In the order of the layout, in which most blocks come after what leads to them.
    let mut changed = true;
    while changed {
        changed = false;
        for &id in &func.layout {
            let Some(mut state) = entry[id].clone() else {
                continue;
            };
            for step in &allocation.steps[id] {
                run_step(allocation, coloring, id, step, &mut state, false)?;
            }
            for next in func.blocks[id].term.successors() {
                changed |= join(&mut entry[next], &state);
            }
        }
    }
    // The states are final: now look at the operands.
    for &id in &func.layout {
        let Some(mut state) = entry[id].clone() else {
            continue;
        };
        for step in &allocation.steps[id] {
            run_step(allocation, coloring, id, step, &mut state, true)?;
        }
        check_term(allocation, coloring, id, &state)?;
    }
    Ok(())
}

impl State {
    fn holds(&self, place: Place, vreg: VReg) -> bool {
        self.held.get(&place).is_some_and(|held| held.contains(&vreg))
    }

    /// `vreg` has a new value, which is in `place` only.
    fn set(&mut self, place: Place, vreg: VReg) {
        self.forget(vreg);
        self.held.insert(place, BTreeSet::from([vreg]));
    }

    fn forget(&mut self, vreg: VReg) {
        for held in self.held.values_mut() {
            held.remove(&vreg);
        }
    }

    fn transfer(&mut self, from: Place, to: Place) {
        let held = self.held.get(&from).cloned().unwrap_or_default();
        self.held.insert(to, held);
    }
}

/// Keeps what holds on all paths; whether the state changed.
fn join(entry: &mut Option<State>, state: &State) -> bool {
    let Some(old) = entry else {
        *entry = Some(state.clone());
        return true;
    };
    let mut changed = false;
    for (place, held) in &mut old.held {
        let n = held.len();
        held.retain(|vreg| state.holds(*place, *vreg));
        changed |= held.len() != n;
    }
    changed
}

fn mismatch(block: BlockId, line: String, problem: String) -> Mismatch {
    Mismatch { block, line, problem }
}

fn run_step(
    allocation: &Allocation,
    coloring: &Coloring,
    id: BlockId,
    step: &Step,
    state: &mut State,
    is_final: bool,
) -> Result<(), Mismatch> {
    let reg = |vreg: VReg| Place::Reg(coloring.reg(vreg));
    match (step.origin, step.inst.op) {
        (Origin::Original(at), _) => {
            let original = &allocation.original.blocks[id].insts[at as usize];
            if is_final && !step.is_dropped {
                check_uses(id, original, &step.inst, coloring, state)?;
            }
            run_original(original, step, coloring, state);
        }
        (Origin::Spill, Op::Store { address, src: Source::Reg(src), .. }) => {
            if let Base::Slot(slot) = address.base {
                state.transfer(reg(src), Place::Slot(slot));
            }
        }
        (Origin::Reload, Op::Load { address, dst, .. }) => {
            if let Base::Slot(slot) = address.base {
                state.transfer(Place::Slot(slot), reg(dst));
            }
        }
        (Origin::Constant(vreg), op) => {
            if !is_definition(allocation, vreg, &step.inst) {
                let problem = format!("is not how {vreg} is defined");
                return Err(mismatch(id, op.to_string(), problem));
            }
            op.for_each_reg(|dst, _| state.transfer(Place::Constant(vreg), reg(dst)));
        }
        (Origin::Spill | Origin::Reload, op) => {
            let problem = "is neither a spill nor a reload".to_owned();
            return Err(mismatch(id, op.to_string(), problem));
        }
    }
    Ok(())
}

/// Effects of an original instruction on what places hold.
fn run_original(original: &Inst<VReg>, step: &Step, coloring: &Coloring, state: &mut State) {
    if let Some((dst, src)) = original.op.as_copy() {
        if dst == src {
            return;
        }
        // Wherever the source is, the destination is too.
        state.forget(dst);
        if !step.is_dropped
            && let Some((to, from)) = step.inst.op.as_copy()
        {
            let (to, from) = (coloring.reg(to), coloring.reg(from));
            state.transfer(Place::Reg(from), Place::Reg(to));
        }
        for held in state.held.values_mut() {
            if held.contains(&src) {
                held.insert(dst);
            }
        }
        return;
    }
    for reg in original.op.implicit_defs().iter() {
        state.held.remove(&Place::Reg(reg));
        state.forget(VReg::machine(reg));
    }
    let results = match original.op {
        Op::Asm { defs, .. } => defs,
        op => op.implicit_defs().intersection(RegSet::of(Reg::R0)),
    };
    for reg in results.iter() {
        state.set(Place::Reg(reg), VReg::machine(reg));
    }
    let mut defs = Vec::new();
    original.op.for_each_reg(|reg, role| {
        if role.is_def() {
            defs.push(reg);
        }
    });
    let mut places = Vec::new();
    step.inst.op.for_each_reg(|reg, role| {
        if role.is_def() {
            places.push(reg);
        }
    });
    for (def, place) in defs.into_iter().zip(places) {
        state.forget(def);
        let mut holders = Vec::new();
        if !step.is_dropped {
            holders.push(Place::Reg(coloring.reg(place)));
        }
        if original.op.is_constant() {
            holders.push(Place::Constant(def));
        }
        for holder in holders {
            state.held.insert(holder, BTreeSet::from([def]));
        }
    }
}

fn check_uses(
    block: BlockId,
    original: &Inst<VReg>,
    inst: &Inst<VReg>,
    coloring: &Coloring,
    state: &State,
) -> Result<(), Mismatch> {
    let (mut wanted, mut given) = (Vec::new(), Vec::new());
    original.op.for_each_reg(|reg, role| wanted.push((reg, role)));
    inst.op.for_each_reg(|reg, _| given.push(coloring.reg(reg)));
    let line = original.op.to_string();
    let is_same = inst.op.map(|_| ()) == original.op.map(|_| ()) && inst.core == original.core;
    if wanted.len() != given.len() || !is_same {
        return Err(mismatch(block, line, format!("became `{}`", inst.op)));
    }
    for ((vreg, role), &reg) in wanted.iter().zip(&given) {
        if role.is_use() && !state.holds(Place::Reg(reg), *vreg) {
            let problem = format!("{vreg} is not in {reg}");
            return Err(mismatch(block, line, problem));
        }
    }
    if let Op::Asm { regs, uses, defs, .. } = inst.op.map(|vreg| coloring.reg(vreg))
        && is_overwritten(&regs, uses, defs)
    {
        return Err(mismatch(block, line, "operands share a register".to_owned()));
    }
    for reg in original.op.implicit_uses().iter() {
        if !state.holds(Place::Reg(reg), VReg::machine(reg)) {
            let problem = format!("{reg} was overwritten");
            return Err(mismatch(block, line, problem));
        }
    }
    Ok(())
}

/// True if inline assembly would overwrite an operand by something else.
fn is_overwritten(regs: &AsmRegs<Reg>, uses: RegSet, defs: RegSet) -> bool {
    let all: Vec<(Reg, Role, bool)> = regs.iter().collect();
    all.iter().enumerate().any(|(at, &(reg, role, is_early))| {
        let shares = all.iter().enumerate().any(|(other_at, &(other, other_role, _))| {
            let conflicts = is_early || role.is_def() && other_role.is_def();
            at != other_at && other == reg && conflicts
        });
        defs.contains(reg) || is_early && uses.contains(reg) || shares
    })
}

fn check_term(
    allocation: &Allocation,
    coloring: &Coloring,
    id: BlockId,
    state: &State,
) -> Result<(), Mismatch> {
    let original = &allocation.original.blocks[id].term;
    let allocated = &allocation.func.blocks[id].term;
    if original.map(|_| ()) != allocated.map(|_| ()) {
        let problem = format!("became `{allocated}`");
        return Err(mismatch(id, original.to_string(), problem));
    }
    let (mut wanted, mut given) = (Vec::new(), Vec::new());
    for_each_term_use(original, |reg| wanted.push(VReg::new(reg)));
    for_each_term_use(allocated, |reg| given.push(VReg::new(reg)));
    for (&vreg, &place) in wanted.iter().zip(&given) {
        let reg = coloring.reg(place);
        if !state.holds(Place::Reg(reg), vreg) {
            let problem = format!("{vreg} is not in {reg}");
            return Err(mismatch(id, original.to_string(), problem));
        }
    }
    Ok(())
}

/// True if `inst` does what the only definition of `vreg` in the original does.
fn is_definition(allocation: &Allocation, vreg: VReg, inst: &Inst<VReg>) -> bool {
    let mut definitions = Vec::new();
    for &id in &allocation.original.layout {
        for original in &allocation.original.blocks[id].insts {
            original.op.for_each_reg(|reg, role| {
                if role.is_def() && reg == vreg {
                    definitions.push(*original);
                }
            });
        }
    }
    match definitions.as_slice() {
        [original] => {
            let op = inst.op.map(|_| vreg);
            original.op.is_constant() && original.op == op && original.core == inst.core
        }
        _ => false,
    }
}
