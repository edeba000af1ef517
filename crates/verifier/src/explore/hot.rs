//! Where verification spent its time, for programs on which it gave up.

use super::Explorer;
use super::equal::{self, Mismatch, Mode};
use crate::state::{State, Value};

/// The loop, or the instruction, that was looked at most.
#[derive(Clone, Debug)]
pub struct Hot {
    /// Its instruction that was looked at most.
    pub insn_idx: u32,
    /// How often that was.
    pub n_visits: u32,
    /// How often all its instructions were, together.
    pub n_total: u32,
    /// Whether it is a loop.
    pub is_loop: bool,
    /// What differed between two states kept there, so that neither covered the other.
    pub difference: Option<Difference>,
}

/// A value in which two states at the same instruction differ.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The instruction.
    pub insn_idx: u32,
    /// Where the value is.
    pub place: Mismatch,
    /// The value in the older state.
    pub old: Option<Value>,
    /// The value in the newer state.
    pub new: Option<Value>,
}

impl Explorer<'_, '_> {
    /// The hottest loop; without loops, the hottest instruction.
    pub(super) fn hottest(&self) -> Option<Hot> {
        let visits = &self.cost.visits;
        let code = &self.program.code;
        let n_loops = code.iter().map(|op| op.scc).max().unwrap_or(0) as usize + 1;
        let mut totals = vec![0_u32; n_loops];
        for (op, &n_visits) in code.iter().zip(visits) {
            totals[op.scc as usize] = totals[op.scc as usize].saturating_add(n_visits);
        }
        let loops = (1..).zip(&totals[1..]);
        let hottest = loops.max_by_key(|(scc, total)| (**total, std::cmp::Reverse(*scc)));
        let scc = hottest.filter(|(_, total)| **total > self.cost.n_insns / 4);
        let is_in = |insn_idx: usize| scc.is_none_or(|(scc, _)| code[insn_idx].scc == scc);
        let members = (0..code.len()).filter(|&insn_idx| is_in(insn_idx));
        let hottest = members.clone().max_by_key(|&at| (visits[at], std::cmp::Reverse(at)))?;
        let mut compared: Vec<usize> = members.filter(|&at| visits[at] > 1).collect();
        compared.sort_by_key(|&at| std::cmp::Reverse(visits[at]));
        Some(Hot {
            insn_idx: hottest as u32,
            n_visits: visits[hottest],
            n_total: scc.map_or(visits[hottest], |(_, total)| *total),
            is_loop: scc.is_some(),
            difference: compared.into_iter().find_map(|at| self.difference(at)),
        })
    }

    fn difference(&self, insn_idx: usize) -> Option<Difference> {
        let mut states = self.checkpoints.newest(insn_idx);
        let (new, old) = (states.next()?, states.next()?);
        let place = equal::covers(self.program, old, new, Mode::Exact, None).err()??;
        Some(Difference {
            insn_idx: insn_idx as u32,
            place,
            old: value_at(old, place),
            new: value_at(new, place),
        })
    }
}

fn value_at(state: &State, place: Mismatch) -> Option<Value> {
    match place {
        Mismatch::Reg(frame, reg) => {
            Some(state.frames.get(usize::from(frame))?.regs[usize::from(reg.number())])
        }
        Mismatch::Slot(slot) => {
            let stack = &state.frames.get(usize::from(slot.frame))?.stack;
            stack.slots.get(usize::from(slot.slot))?.spill.as_deref().copied()
        }
    }
}
