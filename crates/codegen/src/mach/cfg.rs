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

    /// No members but `members`, out of `0..n`.
    pub fn with(n: usize, members: &[u32]) -> Self {
        let mut set = Self::new(n);
        members.iter().for_each(|&member| {
            set.insert(member as usize);
        });
        set
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

/// The variables (registers, slots) that are live at the borders of blocks, by number, in
/// order.
#[derive(Clone, Debug)]
pub struct Liveness {
    /// At the start.
    pub live_in: IndexVec<BlockId, Vec<u32>>,
    /// At the end, before the terminator's own uses.
    pub live_out: IndexVec<BlockId, Vec<u32>>,
}

impl Liveness {
    /// Computes it for `func`, whose registers are numbered below `n_regs`.
    pub fn new<R: AnyReg>(func: &Func<R>, n_regs: usize) -> Self {
        let mut accesses = vec![BlockAccesses::default(); n_regs];
        for &id in &func.layout {
            visit_backwards(func, id, |reg, is_write| accesses[reg].add(id, is_write));
        }
        Self::of(&func.predecessors(), &accesses)
    }

    /// Computes it for variables of any kind: from each block that reads one first,
    /// backwards to those that write it. Takes as long as the result is large.
    pub fn of(preds: &Predecessors, accesses: &[BlockAccesses]) -> Self {
        let n_blocks = preds.len();
        let mut live = Self {
            live_in: IndexVec::from_elem(Vec::new(), n_blocks),
            live_out: IndexVec::from_elem(Vec::new(), n_blocks),
        };
        // The last variable that a block writes, of those that were visited.
        let mut written = IndexVec::from_elem(u32::MAX, n_blocks);
        let mut todo = Vec::new();
        for (variable, BlockAccesses { reads, writes }) in accesses.iter().enumerate() {
            let variable = variable as u32;
            for &block in writes {
                written[block] = variable;
            }
            todo.extend(reads);
            while let Some(block) = todo.pop() {
                if !push_new(&mut live.live_in[block], variable) {
                    continue;
                }
                for &pred in &preds[block] {
                    let is_new = push_new(&mut live.live_out[pred], variable);
                    if is_new && written[pred] != variable {
                        todo.push(pred);
                    }
                }
            }
        }
        live
    }
}

/// Appends `variable` unless it is there, at the end; whether it was not.
fn push_new(live: &mut Vec<u32>, variable: u32) -> bool {
    let is_new = live.last() != Some(&variable);
    if is_new {
        live.push(variable);
    }
    is_new
}

/// The blocks that read a variable before they write it, and those that write it.
#[derive(Clone, Debug, Default)]
pub struct BlockAccesses {
    reads: Vec<BlockId>,
    writes: Vec<BlockId>,
}

impl BlockAccesses {
    /// Adds one. Accesses of a block come in one go, the last one first.
    pub fn add(&mut self, block: BlockId, is_write: bool) {
        if !is_write {
            if self.reads.last() != Some(&block) {
                self.reads.push(block);
            }
            return;
        }
        if self.reads.last() == Some(&block) {
            self.reads.pop();
        }
        if self.writes.last() != Some(&block) {
            self.writes.push(block);
        }
    }
}

/// Calls `visit` with every register that the block reads or writes (true), last first.
fn visit_backwards<R: AnyReg>(func: &Func<R>, id: BlockId, mut visit: impl FnMut(usize, bool)) {
    let block = &func.blocks[id];
    for_each_term_use(&block.term, |reg| visit(reg, false));
    for inst in block.insts.iter().rev() {
        inst.op.for_each_reg(|reg, role| {
            if role.is_def() {
                visit(reg.number(), true);
            }
        });
        for reg in inst.op.implicit_defs().iter() {
            visit(usize::from(reg.number()), true);
        }
        inst.op.for_each_reg(|reg, role: Role| {
            if role.is_use() {
                visit(reg.number(), false);
            }
        });
        for reg in inst.op.implicit_uses().iter() {
            visit(usize::from(reg.number()), false);
        }
    }
}

/// Calls `visit` with the number of every register that `term` reads.
pub fn for_each_term_use<R: AnyReg>(term: &Term<R>, mut visit: impl FnMut(usize)) {
    term.for_each_reg(|reg| visit(reg.number()));
    if let Term::Exit { has_value: true } = term {
        visit(usize::from(Reg::R0.number()));
    }
}
