//! Unrolling of loops: in full where they run a known number of times, by a factor on request.

use super::clone::{Copies, copy_blocks, demote_values};
use super::evaluate::{Env, evaluate, evaluate_branch};
use crate::analysis::{Dominators, Loop, find_loops};
use crate::ir::*;
use bpfc_base::{Idx, IndexVec};
use rustc_hash::FxHashSet;

/// Turns followed to find out how many there are.
const MAX_TURNS: u32 = 4096;
/// Instructions that unrolling on request may make.
const MAX_REQUESTED: usize = 16_384;
/// Instructions that unrolling may make where nobody asks.
pub const MAX_SMALL: usize = 40;
/// Instructions that unrolling may make where the verifier would refuse the loop.
const MAX_CONTEXT: usize = 1024;

/// Unrolls loops, one in each nest; true if there was one. Inner loops come first.
///
/// Ensures: values that leave the loops are in slots (`promote_slots`).
pub fn unroll_loops(module: &Module, id: FuncId, body: &mut Body) -> bool {
    let n_blocks = body.blocks.len();
    let mut done: FxHashSet<BlockId> = FxHashSet::default();
    while let Some(blocks) = unroll_one(module, id, body, done.is_empty(), &|block| {
        // What is unrolled is to be simplified before the loop around it is looked at.
        block.index() < n_blocks && !done.contains(&block)
    }) {
        done.extend(blocks);
    }
    !done.is_empty()
}

/// Unrolls a loop of which all blocks are `open`; its blocks. If values `are_final`, turns that
/// cannot be counted now will not be after simplification.
fn unroll_one(
    module: &Module,
    id: FuncId,
    body: &mut Body,
    are_final: bool,
    open: &dyn Fn(BlockId) -> bool,
) -> Option<Vec<BlockId>> {
    let dominators = Dominators::new(body);
    let in_context = match module.funcs[id].section.is_some() {
        true => places_in_context(body, &dominators.order),
        false => IndexVec::from_elem(false, body.values.len()),
    };
    for l in find_loops(body, &dominators) {
        if !l.blocks.iter().all(|&block| open(block)) {
            continue;
        }
        let hint = body.blocks[l.header].unroll;
        let size: usize = l.blocks.iter().map(|&b| body.blocks[b].insts.len() + 1).sum();
        let max_cost = match l.blocks.iter().any(|&block| walks(body, block, &in_context)) {
            true => MAX_CONTEXT,
            false => MAX_SMALL,
        };
        let turns = count_turns(body, &dominators, &l, hint, max_cost);
        if let Unroll::Count(factor @ 2..) = hint
            && turns.map_or(are_final, |(_, n_turns)| n_turns > factor)
            && size.saturating_mul(factor as usize) <= MAX_REQUESTED
        {
            unroll_by(body, &l, turns, factor);
            return Some(l.blocks);
        }
        let Some((exiting, n_turns)) = turns else {
            continue;
        };
        let cost = size.saturating_mul(n_turns as usize);
        let is_wanted = match hint {
            Unroll::Disable => false,
            Unroll::Full => cost <= MAX_REQUESTED,
            Unroll::Count(n) => n >= n_turns.max(2) && cost <= MAX_REQUESTED,
            Unroll::Default => {
                n_turns == 0 || (n_turns == 1 && exiting == l.header) || cost <= max_cost
            }
        };
        if is_wanted {
            unroll(body, &dominators, &l, exiting, n_turns);
            return Some(l.blocks);
        }
    }
    None
}

/// Places in the context of a program that are computed from its address.
fn places_in_context(body: &Body, order: &[BlockId]) -> IndexVec<Value, bool> {
    let context = body.blocks[body.entry].params.first().copied();
    let mut found = IndexVec::from_elem(false, body.values.len());
    let mut changed = true;
    while changed {
        changed = false;
        for &id in order {
            let block = &body.blocks[id];
            for &inst in &block.insts {
                if let Op::PtrAdd(base, _) = body.op(inst)
                    && (found[base] || Some(base) == context)
                {
                    changed |= !std::mem::replace(&mut found[inst], true);
                }
            }
            for target in block.term.targets() {
                let params = &body.blocks[target.block].params;
                for (&param, &arg) in params.iter().zip(&target.args) {
                    if found[arg] {
                        changed |= !std::mem::replace(&mut found[param], true);
                    }
                }
            }
        }
    }
    found
}

/// Whether a block uses the context at a place that is computed. The verifier wants constant
/// offsets there, in the instruction (`check_ptr_off_reg` in Linux 6.12
/// `kernel/bpf/verifier.c`), which they are once the loop around it is unrolled.
fn walks(body: &Body, block: BlockId, in_context: &IndexVec<Value, bool>) -> bool {
    body.blocks[block].insts.iter().any(|&inst| match body.op(inst) {
        Op::Load(access) | Op::Store(access, _) => in_context[access.address.base],
        _ => false,
    })
}

/// How often a loop goes round, if that is known.
pub fn n_turns(body: &Body, dominators: &Dominators, l: &Loop) -> Option<u32> {
    count_turns(body, dominators, l, Unroll::Full, 0).map(|(_, n_turns)| n_turns)
}

/// The block that leaves the loop in the end, and how often it is passed before.
fn count_turns(
    body: &Body,
    dominators: &Dominators,
    l: &Loop,
    hint: Unroll,
    max_cost: usize,
) -> Option<(BlockId, u32)> {
    let limit = match hint {
        Unroll::Default => max_cost as u32,
        _ => MAX_TURNS,
    };
    let exits = |block: &BlockId| {
        let inside = |next: &BlockId| l.blocks.contains(next);
        let n_inside = body.successors(*block).filter(inside).count();
        n_inside == 1
            && matches!(body.blocks[*block].term, Term::Branch { .. })
            && l.latches.iter().all(|&latch| dominators.dominates(*block, latch))
    };
    let exiting = l.blocks.iter().copied().filter(exits);
    exiting
        .filter_map(|block| Some((block, turns(body, dominators, l, block, limit)?)))
        .min_by_key(|&(_, n)| n)
}

fn turns(
    body: &Body,
    dominators: &Dominators,
    l: &Loop,
    exiting: BlockId,
    limit: u32,
) -> Option<u32> {
    let term = &body.blocks[exiting].term;
    let Term::Branch { then, .. } = term else {
        return None;
    };
    let leaves_if = !l.blocks.contains(&then.block);
    let mut env = common_args(body, dominators, l, &Env::default(), false);
    for n in 0..=limit {
        if evaluate_branch(body, &env, term)? == leaves_if {
            return Some(n);
        }
        env = common_args(body, dominators, l, &env, true);
    }
    None
}

/// Header parameters that are known at the next turn, coming from inside or outside.
fn common_args(body: &Body, dominators: &Dominators, l: &Loop, env: &Env, inside: bool) -> Env {
    let mut next = Env::default();
    for (idx, &param) in body.blocks[l.header].params.iter().enumerate() {
        let mut known: Option<Option<i64>> = None;
        for &pred in &dominators.preds[l.header] {
            if l.blocks.contains(&pred) != inside {
                continue;
            }
            let targets = body.blocks[pred].term.targets();
            for target in targets.filter(|target| target.block == l.header) {
                let value = evaluate(body, env, target.args[idx]);
                known = match known {
                    None => Some(value),
                    Some(known) if known == value => Some(known),
                    Some(_) => Some(None),
                };
            }
        }
        if let Some(Some(n)) = known {
            next.insert(param, n);
        }
    }
    next
}

/// Puts `n_turns` copies in front of the loop, which then leaves at its first turn.
fn unroll(body: &mut Body, dominators: &Dominators, l: &Loop, exiting: BlockId, n_turns: u32) {
    demote_values(body, &l.blocks);
    let is_inside = |target: &&Target| l.blocks.contains(&target.block);
    let term = &body.blocks[exiting].term;
    let stay = term.targets().find(is_inside).cloned();
    let leave = term.targets().find(|target| !is_inside(target)).cloned();
    let (Some(stay), Some(leave)) = (stay, leave) else {
        unreachable!("an exiting block has one way in and one way out");
    };
    // In the copies the exit is never taken.
    body.blocks[exiting].term = Term::Jump(stay);
    let next = copy_turns(body, l, n_turns);
    body.blocks[exiting].term = Term::Jump(leave);
    body.blocks[l.header].unroll = Unroll::Disable;
    for &pred in &dominators.preds[l.header] {
        if !l.blocks.contains(&pred) {
            redirect(body, pred, l.header, next);
        }
    }
}

/// Copies of the loop's body, one going on to the next and the last to the loop; the header of the
/// first, or the loop's if there are none.
fn copy_turns(body: &mut Body, l: &Loop, n_turns: u32) -> BlockId {
    let mut next = l.header;
    for _ in 0..n_turns {
        let mut copies = Copies::default();
        copy_blocks(body, &l.blocks, &mut copies);
        let header = copies.block(l.header);
        for &latch in &l.latches {
            redirect(body, copies.block(latch), header, next);
        }
        body.blocks[header].unroll = Unroll::Default;
        next = header;
    }
    next
}

/// Puts `factor` - 1 copies behind the loop's body, so that it goes back after `factor` turns. If
/// the number of turns is a multiple of that, only the first copy looks whether to leave.
fn unroll_by(body: &mut Body, l: &Loop, turns: Option<(BlockId, u32)>, factor: u32) {
    demote_values(body, &l.blocks);
    let exiting = turns.filter(|(_, n_turns)| n_turns % factor == 0).map(|(block, _)| block);
    let first = exiting.map(|block| {
        let term = body.blocks[block].term.clone();
        let stay = term.targets().find(|target| l.blocks.contains(&target.block)).cloned();
        body.blocks[block].term = stay.map_or(term.clone(), Term::Jump);
        (block, term)
    });
    let next = copy_turns(body, l, factor - 1);
    if let Some((block, term)) = first {
        body.blocks[block].term = term;
    }
    for &latch in &l.latches {
        redirect(body, latch, l.header, next);
    }
    body.blocks[l.header].unroll = Unroll::Disable;
}

fn redirect(body: &mut Body, block: BlockId, from: BlockId, to: BlockId) {
    let targets = body.blocks[block].term.targets_mut();
    for target in targets.filter(|target| target.block == from) {
        target.block = to;
    }
}
