//! Equal blocks, and equal ends of blocks that go to the same place.

use super::origins::{Need, find_needs};
use crate::ir::{Callee, CoreId};
use crate::mach::{Block, BlockId, Func, Inst, Op, Term};
use bpfc_base::IndexVec;
use bpfc_isa::Reg;
use rustc_hash::FxHashMap;

type Needs = IndexVec<BlockId, Vec<Need>>;

/// Makes them one; whether there were any.
pub fn merge_ends(func: &mut Func<Reg>) -> bool {
    let needs = find_needs(func);
    let mut changed = merge_equal_blocks(func, &needs);
    let mut groups: Vec<(Term<Reg>, Vec<BlockId>)> = Vec::new();
    let mut group_of: FxHashMap<(Term<Reg>, u32), usize> = FxHashMap::default();
    for &id in &func.layout {
        let Block { term, depth, .. } = func.blocks[id];
        // Loops keep their two tests: one in front, and one at the end.
        let depth = match term {
            Term::AsmExit { .. } => continue,
            Term::Branch { .. } => depth,
            _ => 0,
        };
        let group = *group_of.entry((term, depth)).or_insert_with(|| {
            groups.push((term, Vec::new()));
            groups.len() - 1
        });
        groups[group].1.push(id);
    }
    for (term, blocks) in groups {
        changed |= merge_group(func, &needs, term, &blocks);
    }
    changed
}

/// True if paths may share the instruction, wherever its registers come from.
fn is_movable(op: &Op<Reg>) -> bool {
    match op {
        Op::LoadPacket { .. } | Op::Asm { .. } => false,
        Op::Call { callee: Callee::Helper(number), .. } => !KEPT_HELPERS.contains(number),
        // It may be a kfunc, of which the verifier keeps facts per call.
        Op::Call { .. } => false,
        _ => true,
    }
}

/// Helpers whose calls stay apart: the verifier notes at a call of `bpf_tail_call` which entry it
/// is for, and the callbacks of the others (`do_misc_fixups`, `kernel/bpf/verifier.c`).
const KEPT_HELPERS: [u32; 5] = [12, 164, 170, 180, 181];

fn is_same(a: &Inst<Reg>, b: &Inst<Reg>) -> bool {
    a.op == b.op && a.core == b.core
}

/// Length of the end that two blocks can share.
fn n_shared(func: &Func<Reg>, needs: &Needs, a: BlockId, b: BlockId) -> usize {
    let insts = |id: BlockId| func.blocks[id].insts.iter().zip(&needs[id]).rev();
    let pairs = insts(a).zip(insts(b));
    pairs
        .take_while(|((a, a_need), (b, b_need))| {
            is_same(a, b) && is_movable(&a.op) && a_need == b_need && **a_need != Need::Unknown
        })
        .count()
}

/// Gives the longest end that two of the blocks share a block of its own.
fn merge_group(func: &mut Func<Reg>, needs: &Needs, term: Term<Reg>, blocks: &[BlockId]) -> bool {
    // Quadratic, so only up to a limit.
    let blocks = &blocks[..blocks.len().min(32)];
    let mut best: Option<(usize, BlockId)> = None;
    for (at, &a) in blocks.iter().enumerate() {
        for &b in &blocks[at + 1..] {
            let n = n_shared(func, needs, a, b);
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
        .filter(|&id| id == model || n_shared(func, needs, id, model) >= n)
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
type Content = (Op<Reg>, Option<CoreId>, Need);

/// Makes blocks with the same content one.
fn merge_equal_blocks(func: &mut Func<Reg>, needs: &Needs) -> bool {
    let mut first: FxHashMap<(Vec<Content>, Term<Reg>), BlockId> = FxHashMap::default();
    let mut target: IndexVec<BlockId, Option<BlockId>> =
        IndexVec::from_elem(None, func.blocks.len());
    let mut changed = false;
    for &id in &func.layout {
        let block = &func.blocks[id];
        let is_small = block.insts.len() <= 4
            && block.insts.iter().all(|inst| is_movable(&inst.op))
            && !needs[id].contains(&Need::Unknown);
        if !is_small || id == func.entry() {
            continue;
        }
        let insts = block.insts.iter().zip(&needs[id]);
        let key = insts.map(|(inst, need)| (inst.op, inst.core, *need)).collect();
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
