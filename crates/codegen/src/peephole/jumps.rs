//! Jumps to blocks that only jump on, branches that go nowhere else, unreachable blocks.

use crate::mach::{Block, BlockId, Func, Term};
use bpfc_base::{Idx, IndexVec};
use bpfc_isa::Reg;

/// Makes jumps lead where control ends up, and drops unreachable blocks.
pub fn thread_jumps(func: &mut Func<Reg>) {
    for at in 0..func.layout.len() {
        let id = func.layout[at];
        let mut term = func.blocks[id].term;
        term.for_each_successor_mut(|target| *target = destination(func, *target));
        if let Term::Branch { then, otherwise, .. } = term
            && then == otherwise
        {
            term = Term::Jump(then);
        }
        func.blocks[id].term = term;
    }
    join_chains(func);
    drop_unreachable(func);
}

/// Gives all returns one block, so that edges to it look the same.
pub fn share_exit(func: &mut Func<Reg>) {
    for has_value in [true, false] {
        let exit = Term::Exit { has_value };
        let is_exit = |id: &BlockId| func.blocks[*id].term == exit;
        let exits: Vec<BlockId> = func.layout.iter().copied().filter(is_exit).collect();
        if exits.len() < 2 {
            continue;
        }
        let shared = func.blocks.push(Block {
            term: exit,
            term_span: func.blocks[exits[0]].term_span,
            ..Block::default()
        });
        func.layout.push(shared);
        for id in exits {
            func.blocks[id].term = Term::Jump(shared);
        }
    }
}

/// Returns at once where a jump would lead to a return. Blocks are in their final order.
pub fn exit_early(func: &mut Func<Reg>) {
    for at in 0..func.layout.len() {
        let id = func.layout[at];
        if let Term::Jump(target) = func.blocks[id].term
            && func.layout.get(at + 1) != Some(&target)
            && func.blocks[target].insts.is_empty()
            && let exit @ Term::Exit { .. } = func.blocks[target].term
        {
            func.blocks[id].term = exit;
        }
    }
    drop_unreachable(func);
}

/// Where control goes from `block` without doing anything.
fn destination(func: &Func<Reg>, mut block: BlockId) -> BlockId {
    // An empty endless loop ends the search.
    for _ in 0..func.blocks.len() {
        match func.blocks[block].term {
            Term::Jump(next) if func.blocks[block].insts.is_empty() && next != block => {
                block = next;
            }
            _ => break,
        }
    }
    block
}

/// Appends blocks to their only predecessor if that only jumps there.
fn join_chains(func: &mut Func<Reg>) {
    let mut n_preds: IndexVec<BlockId, u32> = IndexVec::from_elem(0, func.blocks.len());
    n_preds[func.entry()] += 1;
    for &id in &func.layout {
        for next in func.blocks[id].term.successors() {
            n_preds[next] += 1;
        }
    }
    for at in 0..func.layout.len() {
        let id = func.layout[at];
        while let Term::Jump(next) = func.blocks[id].term
            && n_preds[next] == 1
            && next != id
        {
            let joined = std::mem::take(&mut func.blocks[next]);
            n_preds[next] = 0;
            let block = &mut func.blocks[id];
            block.insts.extend(joined.insts);
            block.term = joined.term;
            block.term_span = joined.term_span;
        }
    }
}

fn drop_unreachable(func: &mut Func<Reg>) {
    let mut is_reached = vec![false; func.blocks.len()];
    let mut todo = vec![func.entry()];
    while let Some(id) = todo.pop() {
        if !std::mem::replace(&mut is_reached[id.index()], true) {
            todo.extend(func.blocks[id].term.successors());
        }
    }
    func.layout.retain(|id| is_reached[id.index()]);
}
