//! The order of blocks: as few jumps as possible (Pettis and Hansen, "Profile Guided Code
//! Positioning", PLDI 1990, with loop depth for a profile).

use crate::mach::{BlockId, Func, Op, Term};
use bpfc_base::IndexVec;
use bpfc_isa::Reg;

/// A chance to fall through.
struct Edge {
    from: BlockId,
    to: BlockId,
    /// A jump is saved for sure, not just if the other way of a branch is not taken.
    is_jump: bool,
    depth: u32,
}

/// Orders the blocks.
///
/// Ensures: no loop is closed by falling through behind an instruction that is no branch: kernels before 6.7 take such
/// an edge for a loop without end (`visit_insn`, `kernel/bpf/verifier.c`, 6.1).
pub fn order_blocks(func: &mut Func<Reg>) {
    let mut edges = Vec::new();
    let returning = returning_edges(func);
    let ahead = slots_ahead(func, &returning);
    for &from in &func.layout {
        let block = &func.blocks[from];
        let is_jump = matches!(block.term, Term::Jump(_));
        // The likelier way falls through if it can: what follows `if` and loops. The verifier
        // goes there first, and if that is the longer way, what it has seen then covers the
        // shorter one, with which fewer values have been computed.
        let mut successors: Vec<BlockId> = block.term.successors().rev().collect();
        successors.sort_by_key(|&to| match returning.contains(&(from, to)) {
            true => std::cmp::Reverse(0),
            false => std::cmp::Reverse(ahead[to]),
        });
        for to in successors {
            if is_jump && returning.contains(&(from, to)) {
                continue;
            }
            let depth = block.depth.min(func.blocks[to].depth);
            edges.push(Edge { from, to, is_jump, depth });
        }
    }
    edges.sort_by_key(|edge| (std::cmp::Reverse(edge.is_jump), std::cmp::Reverse(edge.depth)));
    let chains = chain(func, &edges);
    let entry = func.entry();
    let mut placed: IndexVec<BlockId, bool> = IndexVec::from_elem(false, func.blocks.len());
    let mut order = Vec::with_capacity(func.layout.len());
    // Chains in the order in which the blocks before had them, the entry's first.
    for &id in std::iter::once(&entry).chain(&func.layout) {
        let mut next = Some(chains.head(id));
        while let Some(id) = next {
            if std::mem::replace(&mut placed[id], true) {
                break;
            }
            order.push(id);
            next = chains.next[id];
        }
    }
    func.layout = order;
}

/// Instructions on the longest way from each block to an exit or to where a loop returns.
fn slots_ahead(func: &Func<Reg>, returning: &[(BlockId, BlockId)]) -> IndexVec<BlockId, usize> {
    let mut ahead: IndexVec<BlockId, Option<usize>> = IndexVec::from_elem(None, func.blocks.len());
    let mut todo = vec![func.entry()];
    while let Some(&id) = todo.last() {
        let block = &func.blocks[id];
        let next: Vec<BlockId> =
            block.term.successors().filter(|&to| !returning.contains(&(id, to))).collect();
        let n_todo = todo.len();
        todo.extend(next.iter().copied().filter(|&to| ahead[to].is_none()));
        if todo.len() > n_todo {
            continue;
        }
        let longest = next.into_iter().filter_map(|to| ahead[to]).max().unwrap_or(0);
        ahead[id] = Some(longest + block.insts.len() + 1);
        todo.pop();
    }
    ahead.iter().map(|n| n.unwrap_or(0)).collect()
}

/// The edges that lead back to a block on the way to where they start.
pub fn returning_edges(func: &Func<Reg>) -> Vec<(BlockId, BlockId)> {
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Visit {
        Not,
        Open,
        Done,
    }
    let mut visits = IndexVec::from_elem(Visit::Not, func.blocks.len());
    let mut returning = Vec::new();
    let mut way = vec![(func.entry(), 0)];
    visits[func.entry()] = Visit::Open;
    while let Some((block, n_done)) = way.last_mut() {
        let (from, nth) = (*block, *n_done);
        *n_done += 1;
        let Some(to) = func.blocks[from].term.successors().nth(nth) else {
            visits[from] = Visit::Done;
            way.pop();
            continue;
        };
        match visits[to] {
            Visit::Not => {
                visits[to] = Visit::Open;
                way.push((to, 0));
            }
            Visit::Open => returning.push((from, to)),
            Visit::Done => {}
        }
    }
    returning
}

/// Length of the code with blocks in this order, in slots.
pub fn n_slots(func: &Func<Reg>) -> usize {
    let mut n = 0;
    for (at, &id) in func.layout.iter().enumerate() {
        let block = &func.blocks[id];
        let slots = block.insts.iter().map(|inst| match inst.op {
            Op::LoadImm { .. } | Op::LoadSymbol { .. } | Op::SlotAddr { .. } => 2,
            _ => 1,
        });
        let next = func.layout.get(at + 1);
        n += slots.sum::<usize>()
            + match &block.term {
                Term::Jump(target) => usize::from(next != Some(target)),
                Term::Branch { then, otherwise, .. } => {
                    1 + usize::from(next != Some(then) && next != Some(otherwise))
                }
                Term::AsmExit { otherwise, .. } => usize::from(next != Some(otherwise)),
                Term::Nowhere => 0,
                Term::Exit { .. } => 1,
            };
    }
    n
}

struct Chains {
    next: IndexVec<BlockId, Option<BlockId>>,
    previous: IndexVec<BlockId, Option<BlockId>>,
}

impl Chains {
    fn head(&self, mut id: BlockId) -> BlockId {
        while let Some(previous) = self.previous[id] {
            id = previous;
        }
        id
    }
}

fn chain(func: &Func<Reg>, edges: &[Edge]) -> Chains {
    let n = func.blocks.len();
    let mut chains =
        Chains { next: IndexVec::from_elem(None, n), previous: IndexVec::from_elem(None, n) };
    for edge in edges {
        let is_free = chains.next[edge.from].is_none() && chains.previous[edge.to].is_none();
        let is_cycle = chains.head(edge.from) == edge.to;
        if is_free && !is_cycle && edge.to != func.entry() {
            chains.next[edge.from] = Some(edge.to);
            chains.previous[edge.to] = Some(edge.from);
        }
    }
    chains
}
