//! Equal blocks, and equal ends of blocks that go to the same place.

use crate::ir::CoreId;
use crate::mach::{Base, Block, BlockId, Func, Inst, Op, Term};
use bpfc_base::IndexVec;
use bpfc_isa::Reg;
use rustc_hash::FxHashMap;

/// Makes them one; whether there were any.
pub fn merge_ends(func: &mut Func<Reg>) -> bool {
    let mut changed = merge_equal_blocks(func);
    let mut groups: Vec<(Term<Reg>, Vec<BlockId>)> = Vec::new();
    let mut group_of: FxHashMap<Term<Reg>, usize> = FxHashMap::default();
    for &id in &func.layout {
        let term = func.blocks[id].term;
        if let Term::Branch { .. } | Term::AsmExit { .. } = term {
            continue;
        }
        let group = *group_of.entry(term).or_insert_with(|| {
            groups.push((term, Vec::new()));
            groups.len() - 1
        });
        groups[group].1.push(id);
    }
    for (term, blocks) in groups {
        changed |= merge_group(func, term, &blocks);
    }
    changed
}

/// True if all paths may share the instruction: see the module's documentation.
fn is_shareable(inst: &Inst<Reg>) -> bool {
    match inst.op {
        Op::Load { address, .. } | Op::Store { address, .. } => {
            matches!(address.base, Base::Slot(_))
        }
        Op::Call { .. } | Op::Atomic { .. } | Op::LoadPacket { .. } | Op::Asm { .. } => false,
        _ => true,
    }
}

fn is_same(a: &Inst<Reg>, b: &Inst<Reg>) -> bool {
    a.op == b.op && a.core == b.core
}

/// Length of the end that two blocks share.
fn n_shared(a: &Block<Reg>, b: &Block<Reg>) -> usize {
    let pairs = a.insts.iter().rev().zip(b.insts.iter().rev());
    pairs.take_while(|(a, b)| is_same(a, b) && is_shareable(a)).count()
}

/// Gives the longest end that two of the blocks share a block of its own.
fn merge_group(func: &mut Func<Reg>, term: Term<Reg>, blocks: &[BlockId]) -> bool {
    // Quadratic, so only up to a limit.
    let blocks = &blocks[..blocks.len().min(32)];
    let mut best: Option<(usize, BlockId)> = None;
    for (at, &a) in blocks.iter().enumerate() {
        for &b in &blocks[at + 1..] {
            let n = n_shared(&func.blocks[a], &func.blocks[b]);
            if best.is_none_or(|(most, _)| n > most) {
                best = Some((n, a));
            }
        }
    }
    let Some((n, model)) = best.filter(|&(n, _)| n > 0) else {
        return false;
    };
    let sharing: Vec<BlockId> = blocks
        .iter()
        .copied()
        .filter(|&id| id == model || n_shared(&func.blocks[id], &func.blocks[model]) >= n)
        .collect();
    // The new block may cost a jump.
    let saved = n * (sharing.len() - 1);
    if saved < 2 && sharing.len() < blocks.len() {
        return false;
    }
    let from = func.blocks[model].insts.len() - n;
    let shared = Block {
        insts: func.blocks[model].insts[from..].to_vec(),
        term,
        term_span: func.blocks[model].term_span,
        depth: func.blocks[model].depth,
    };
    let whole = sharing.iter().find(|&&id| func.blocks[id].insts.len() == n);
    let end = match whole {
        Some(&id) => id,
        None => {
            let id = func.blocks.push(shared);
            func.layout.push(id);
            id
        }
    };
    for id in sharing.into_iter().filter(|&id| id != end) {
        let block = &mut func.blocks[id];
        block.insts.truncate(block.insts.len() - n);
        block.term = Term::Jump(end);
    }
    true
}

/// What makes instructions the same.
type Content = (Op<Reg>, Option<CoreId>);

/// Makes blocks with the same content one.
fn merge_equal_blocks(func: &mut Func<Reg>) -> bool {
    let mut first: FxHashMap<(Vec<Content>, Term<Reg>), BlockId> = FxHashMap::default();
    let mut target: IndexVec<BlockId, Option<BlockId>> =
        IndexVec::from_elem(None, func.blocks.len());
    let mut changed = false;
    for &id in &func.layout {
        let block = &func.blocks[id];
        let is_small = block.insts.len() <= 4 && block.insts.iter().all(is_shareable);
        if !is_small || id == func.entry() {
            continue;
        }
        let insts = block.insts.iter();
        let key = insts.map(|inst| (inst.op, inst.core)).collect();
        match first.entry((key, block.term)) {
            std::collections::hash_map::Entry::Occupied(entry) => {
                target[id] = Some(*entry.get());
                changed = true;
            }
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(id);
            }
        }
    }
    for at in 0..func.layout.len() {
        let id = func.layout[at];
        func.blocks[id].term.for_each_successor_mut(|next| {
            if let Some(other) = target[*next] {
                *next = other;
            }
        });
    }
    func.layout.retain(|&id| target[id].is_none());
    changed
}
