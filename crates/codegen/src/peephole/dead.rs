//! Instructions whose result nobody reads.

use crate::mach::{AnyReg, BitSet, Func, Liveness, VReg, for_each_term_use};
use bpfc_isa::Reg;

/// Removes them.
pub fn remove_dead(func: &mut Func<Reg>) {
    let liveness = Liveness::new(func, VReg::FIRST);
    for at in 0..func.layout.len() {
        let id = func.layout[at];
        let mut live = BitSet::with(VReg::FIRST, &liveness.live_out[id]);
        let block = &mut func.blocks[id];
        for_each_term_use(&block.term, |reg| {
            live.insert(reg);
        });
        let mut kept = Vec::with_capacity(block.insts.len());
        for inst in std::mem::take(&mut block.insts).into_iter().rev() {
            let mut is_needed = !inst.op.is_pure();
            inst.op.for_each_reg(|reg, role| {
                is_needed |= role.is_def() && live.contains(AnyReg::number(reg));
            });
            let is_idle = inst.op.as_copy().is_some_and(|(dst, src)| dst == src);
            if !is_needed || is_idle {
                continue;
            }
            inst.op.for_each_reg(|reg, role| {
                if role.is_def() {
                    live.remove(AnyReg::number(reg));
                }
            });
            for reg in inst.op.implicit_defs().iter() {
                live.remove(AnyReg::number(reg));
            }
            inst.op.for_each_reg(|reg, role| {
                if role.is_use() {
                    live.insert(AnyReg::number(reg));
                }
            });
            for reg in inst.op.implicit_uses().iter() {
                live.insert(AnyReg::number(reg));
            }
            kept.push(inst);
        }
        kept.reverse();
        func.blocks[id].insts = kept;
    }
}
