//! Predecessors and liveness.

use super::{AnyReg, BlockId, Func, Role, Term};
use bpfc_base::IndexVec;
use bpfc_isa::Reg;

/// A set of small numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BitSet {
    words: Vec<u64>,
}

impl BitSet {
    /// No member out of `0..n`.
    pub fn new(n: usize) -> Self {
        let words = vec![0; n.div_ceil(64)];
        Self { words }
    }

    /// Is `i` a member?
    pub fn contains(&self, i: usize) -> bool {
        self.words[i / 64] & 1 << (i % 64) != 0
    }

    /// Adds `i`; whether it was absent.
    pub fn insert(&mut self, i: usize) -> bool {
        let absent = !self.contains(i);
        self.words[i / 64] |= 1 << (i % 64);
        absent
    }

    /// Removes `i`.
    pub fn remove(&mut self, i: usize) {
        self.words[i / 64] &= !(1 << (i % 64));
    }

    /// Adds the members of `other` that are not in `except`; whether any was new.
    pub fn union_except(&mut self, other: &BitSet, except: &BitSet) -> bool {
        let mut changed = false;
        for ((word, other), except) in self.words.iter_mut().zip(&other.words).zip(&except.words) {
            let new = *word | other & !except;
            changed |= new != *word;
            *word = new;
        }
        changed
    }

    /// The members, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(at, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros() as usize)?;
                rest &= rest - 1;
                Some(at * 64 + bit)
            })
        })
    }
}

/// The blocks from which each block is reached, one entry per edge.
pub type Predecessors = IndexVec<BlockId, Vec<BlockId>>;

impl<R: Copy> Func<R> {
    /// The predecessors among the blocks of the layout.
    pub fn predecessors(&self) -> Predecessors {
        let mut preds = IndexVec::from_elem(Vec::new(), self.blocks.len());
        for &block in &self.layout {
            for next in self.blocks[block].term.successors() {
                preds[next].push(block);
            }
        }
        preds
    }
}

/// The registers that are live at the borders of blocks.
#[derive(Clone, Debug)]
pub struct Liveness {
    /// At the start.
    pub live_in: IndexVec<BlockId, BitSet>,
    /// At the end, before the terminator's own uses.
    pub live_out: IndexVec<BlockId, BitSet>,
}

impl Liveness {
    /// Computes it for `func`, whose registers are numbered below `n_regs`.
    pub fn new<R: AnyReg>(func: &Func<R>, n_regs: usize) -> Self {
        let n_blocks = func.blocks.len();
        let mut live_in = IndexVec::from_elem(BitSet::new(n_regs), n_blocks);
        let mut killed = IndexVec::from_elem(BitSet::new(n_regs), n_blocks);
        for &block in &func.layout {
            (live_in[block], killed[block]) = used_and_killed(func, block, n_regs);
        }
        let mut live_out: IndexVec<BlockId, BitSet> =
            IndexVec::from_elem(BitSet::new(n_regs), n_blocks);
        let nothing = BitSet::new(n_regs);
        let mut changed = true;
        while changed {
            changed = false;
            for &block in func.layout.iter().rev() {
                for next in func.blocks[block].term.successors() {
                    live_out[block].union_except(&live_in[next], &nothing);
                }
                changed |= live_in[block].union_except(&live_out[block], &killed[block]);
            }
        }
        Self { live_in, live_out }
    }
}

/// Registers that the block reads before writing them, and registers that it writes.
fn used_and_killed<R: AnyReg>(func: &Func<R>, id: BlockId, n_regs: usize) -> (BitSet, BitSet) {
    let (mut used, mut killed) = (BitSet::new(n_regs), BitSet::new(n_regs));
    let block = &func.blocks[id];
    for_each_term_use(&block.term, |reg| {
        used.insert(reg);
    });
    for inst in block.insts.iter().rev() {
        inst.op.for_each_reg(|reg, role| {
            if role.is_def() {
                used.remove(reg.number());
                killed.insert(reg.number());
            }
        });
        for reg in inst.op.implicit_defs().iter() {
            used.remove(usize::from(reg.number()));
            killed.insert(usize::from(reg.number()));
        }
        inst.op.for_each_reg(|reg, role: Role| {
            if role.is_use() {
                used.insert(reg.number());
            }
        });
        for reg in inst.op.implicit_uses().iter() {
            used.insert(usize::from(reg.number()));
        }
    }
    (used, killed)
}

/// Calls `visit` with the number of every register that `term` reads.
pub fn for_each_term_use<R: AnyReg>(term: &Term<R>, mut visit: impl FnMut(usize)) {
    term.for_each_reg(|reg| visit(reg.number()));
    if let Term::Exit { has_value: true } = term {
        visit(usize::from(Reg::R0.number()));
    }
}
