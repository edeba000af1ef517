//! Constants: moves of them in front of branches, and moves of what a register holds.

use crate::ir::CoreId;
use crate::mach::{AnyReg, BlockId, Func, Inst, Liveness, Op, Term, VReg};
use bpfc_base::IndexVec;
use bpfc_isa::{Reg, RegSet};

/// Blocks of at most this many moves are worth executing in vain.
const MAX_HOISTED: usize = 2;

/// `if … goto edge; …; edge: r0 = 0; goto exit` becomes `r0 = 0; if … goto exit` where
/// nothing else needs `r0`: one jump less. Returns whether there was such a place.
pub fn hoist_from_edges(func: &mut Func<Reg>) -> bool {
    let mut changed = false;
    let preds = func.predecessors();
    // What is live where blocks start does not change, but for the edges that get empty.
    let liveness = Liveness::new(func, VReg::FIRST);
    for at in (0..func.layout.len()).rev() {
        let id = func.layout[at];
        let Term::Branch { then, otherwise, .. } = func.blocks[id].term else {
            continue;
        };
        if then == otherwise {
            continue;
        }
        for (edge, other) in [(then, otherwise), (otherwise, then)] {
            let block = &func.blocks[edge];
            let Term::Jump(target) = block.term else {
                continue;
            };
            let n = block.insts.len();
            if edge == func.entry() || preds[edge] != [id] || n == 0 || n > MAX_HOISTED {
                continue;
            }
            // Into a loop, or to a block that nothing else reaches, it saves nothing.
            let is_worth = preds[target].len() > 1 && block.depth >= func.blocks[id].depth;
            let live = &liveness.live_in[other];
            let is_free = |inst: &Inst<Reg>| {
                let dst = moved(inst);
                dst.is_some_and(|dst| {
                    let mut is_read = false;
                    func.blocks[id].term.for_each_reg(|reg| is_read |= reg == dst);
                    !is_read && !live.contains(&(AnyReg::number(dst) as u32))
                })
            };
            if is_worth && block.insts.iter().all(is_free) {
                let insts = std::mem::take(&mut func.blocks[edge].insts);
                func.blocks[id].insts.extend(insts);
                changed = true;
                break;
            }
        }
    }
    changed
}

/// The register into which one instruction moves a constant.
fn moved(inst: &Inst<Reg>) -> Option<Reg> {
    match inst.op {
        Op::Alu { dst, .. } if inst.op.is_constant() => Some(dst),
        _ => None,
    }
}

/// What is known of registers.
#[derive(Clone, Copy, PartialEq)]
struct Known {
    /// The instruction that would make the content, with `r0` as destination.
    constants: [Option<(Op<Reg>, Option<CoreId>)>; VReg::FIRST],
    /// Registers with the same content.
    equal: [RegSet; VReg::FIRST],
}

/// Removes moves into registers that hold the content on every path.
pub fn remove_known(func: &mut Func<Reg>) {
    let mut at_start: IndexVec<BlockId, Option<Known>> =
        IndexVec::from_elem(None, func.blocks.len());
    at_start[func.entry()] =
        Some(Known { constants: [None; VReg::FIRST], equal: [RegSet::EMPTY; VReg::FIRST] });
    // In the order of the layout, in which most blocks come after what leads to them.
    let mut changed = true;
    while changed {
        changed = false;
        for &id in &func.layout {
            let Some(mut known) = at_start[id] else {
                continue;
            };
            func.blocks[id].insts.iter().for_each(|inst| {
                known.step(inst);
            });
            for next in func.blocks[id].term.successors() {
                changed |= join(&mut at_start[next], &known);
            }
        }
    }
    for at in 0..func.layout.len() {
        let id = func.layout[at];
        if let Some(mut known) = at_start[id] {
            func.blocks[id].insts.retain(|inst| known.step(inst));
        }
    }
}

impl Known {
    /// Executes an instruction; false if it changes nothing.
    fn step(&mut self, inst: &Inst<Reg>) -> bool {
        let mut made = None;
        inst.op.for_each_reg(|reg, role| {
            if role.is_def() {
                made = Some(reg);
            }
        });
        if let Some((dst, src)) = inst.op.as_copy() {
            if dst == src || self.equal[AnyReg::number(dst)].contains(src) {
                return false;
            }
            self.forget(dst);
            self.constants[AnyReg::number(dst)] = self.constants[AnyReg::number(src)];
            let mut others = self.equal[AnyReg::number(src)];
            others.insert(src);
            self.equal[AnyReg::number(dst)] = others;
            for other in others.iter() {
                self.equal[AnyReg::number(other)].insert(dst);
            }
            return true;
        }
        for reg in inst.op.implicit_defs().iter() {
            self.forget(reg);
        }
        if let Op::Asm { regs, .. } = &inst.op {
            regs.iter().for_each(|(reg, ..)| self.forget(reg));
            return true;
        }
        let Some(made) = made else { return true };
        let content = inst.op.is_constant().then(|| (inst.op.map(|_| Reg::R0), inst.core));
        if content.is_some() && self.constants[AnyReg::number(made)] == content {
            return false;
        }
        self.forget(made);
        self.constants[AnyReg::number(made)] = content;
        true
    }

    fn forget(&mut self, reg: Reg) {
        self.constants[AnyReg::number(reg)] = None;
        for other in std::mem::take(&mut self.equal[AnyReg::number(reg)]).iter() {
            self.equal[AnyReg::number(other)].remove(reg);
        }
    }
}

/// Keeps what holds on all paths; whether the state changed.
fn join(at_start: &mut Option<Known>, known: &Known) -> bool {
    let Some(old) = at_start else {
        *at_start = Some(*known);
        return true;
    };
    let before = *old;
    for (old, new) in old.constants.iter_mut().zip(&known.constants) {
        if old != new {
            *old = None;
        }
    }
    for (old, new) in old.equal.iter_mut().zip(&known.equal) {
        *old = old.intersection(*new);
    }
    *old != before
}
