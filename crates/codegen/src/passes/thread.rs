//! Jump threading: where the way into a block decides the way out of it, the branch is
//! left out on that way.

use super::clone::{Copies, copy_blocks, demote_values};
use super::evaluate::{Env, evaluate, evaluate_branch};
use super::facts::{decide, edge_fact};
use crate::analysis::{Dominators, count_uses};
use crate::ir::*;

/// Instructions that are copied for a jump saved.
const MAX_COPIED: usize = 3;
/// Blocks threaded in one run; each needs dominators anew.
const MAX_BLOCKS: usize = 64;

/// Threads jumps; true if there were any.
///
/// Ensures: values that leave a copied block are in slots (`promote_slots`).
pub fn thread_jumps(body: &mut Body) -> bool {
    let mut changed = false;
    for _ in 0..MAX_BLOCKS {
        if !thread_one(body) {
            break;
        }
        changed = true;
    }
    changed
}

fn thread_one(body: &mut Body) -> bool {
    let dominators = Dominators::new(body);
    for &block in &dominators.order[1..] {
        let preds = &dominators.preds[block];
        // Copying a loop's header would peel the loop, or give it a second entry.
        let is_header = preds.iter().any(|&pred| dominators.dominates(block, pred));
        let n_insts = body.blocks[block].insts.len();
        if preds.len() < 2 || is_header || n_insts > MAX_COPIED {
            continue;
        }
        let mut ways = Vec::new();
        let mut preds = preds.clone();
        preds.sort_unstable();
        preds.dedup();
        for pred in preds {
            let targets = body.blocks[pred].term.targets().enumerate();
            for (edge, target) in targets.filter(|(_, target)| target.block == block) {
                let taken = known_way(body, &dominators, pred, target);
                if taken.is_some() {
                    ways.push(Way { pred, edge, taken });
                }
            }
        }
        if !ways.is_empty() && !calls_inside(body, block) {
            thread(body, block, &ways);
            return true;
        }
    }
    false
}

/// Calls are not copied: the kernel's verifier follows each copy.
fn calls_inside(body: &Body, block: BlockId) -> bool {
    let insts = &body.blocks[block].insts;
    insts.iter().any(|&inst| {
        matches!(body.op(inst), Op::Call(..) | Op::Opaque(_) | Op::Barrier | Op::Asm(..))
    })
}

/// A way into a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    /// Where it comes from.
    pub(super) pred: BlockId,
    /// Which of the targets there.
    pub(super) edge: usize,
    /// Which way the block's branch goes then, if that is known.
    pub(super) taken: Option<bool>,
}

/// Which way the branch behind `target` goes when control comes from `pred`.
pub(super) fn known_way(
    body: &Body,
    dominators: &Dominators,
    pred: BlockId,
    target: &Target,
) -> Option<bool> {
    let block = &body.blocks[target.block];
    let mut env = Env::default();
    for (&param, &arg) in block.params.iter().zip(&target.args) {
        if let Some(n) = evaluate(body, &env, arg) {
            env.insert(param, n);
        }
    }
    if let Some(taken) = evaluate_branch(body, &env, &block.term) {
        return Some(taken);
    }
    // The condition in terms of what the predecessors compare.
    let Term::Branch { cond, lhs, rhs, .. } = block.term else {
        return None;
    };
    let outside = |value: Value| match block.params.iter().position(|&param| param == value) {
        Some(idx) => Some(target.args[idx]),
        None if block.insts.contains(&value) => None,
        None => Some(value),
    };
    let (lhs, rhs) = (outside(lhs)?, outside(rhs)?);
    let mut facts = Vec::new();
    facts.extend(edge_fact(&body.blocks[pred].term, target.block));
    let mut at = pred;
    for _ in 0..4 {
        match dominators.preds[at].as_slice() {
            &[only] if only != at => {
                facts.extend(edge_fact(&body.blocks[only].term, at));
                at = only;
            }
            _ => break,
        }
    }
    decide(body, &facts, (cond, lhs, rhs))
}

/// Gives each of `ways` its own copy of the block, without the branch where it is known.
///
/// Ensures: values that leave the block are in slots.
pub(super) fn thread(body: &mut Body, block: BlockId, ways: &[Way]) {
    if is_used_outside(body, block) {
        demote_values(body, &[block]);
    }
    for &Way { pred, edge, taken } in ways {
        let mut copies = Copies::default();
        let args = body.blocks[pred].term.targets().nth(edge).map(|target| target.args.clone());
        let params = body.blocks[block].params.clone();
        copies.values.extend(params.into_iter().zip(args.unwrap_or_default()));
        copy_blocks(body, &[block], &mut copies);
        let copy = copies.block(block);
        if let (Some(taken), Term::Branch { then, otherwise, .. }) =
            (taken, body.blocks[copy].term.clone())
        {
            body.blocks[copy].term = Term::Jump(if taken { then } else { otherwise });
        }
        if let Some(target) = body.blocks[pred].term.targets_mut().nth(edge) {
            *target = Target::new(copy);
        }
    }
}

fn is_used_outside(body: &Body, block: BlockId) -> bool {
    let uses = count_uses(body);
    let mut own = rustc_hash::FxHashMap::default();
    let mut count = |value: Value| *own.entry(value).or_insert(0) += 1;
    let Block { params, insts, term, .. } = &body.blocks[block];
    for &inst in insts {
        body.op(inst).for_each_operand(&mut count);
    }
    term.for_each_operand(&mut count);
    let mut defined = params.iter().chain(insts);
    defined.any(|value| own.get(value).copied().unwrap_or(0) != uses[*value])
}
