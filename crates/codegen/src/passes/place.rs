//! Computations go where they are needed: to the only way that uses them, or in front of a loop
//! that does not change them.
//!
//! Nothing moves in front of a branch: what the kernel's verifier learns there must come first.

use crate::analysis::{Dominators, Loop, find_loops};
use crate::ir::*;
use bpfc_base::IndexVec;

/// Moves computations that one way out of their block needs to that way; true if there were any.
///
/// Ensures: no instruction runs more often than before.
pub fn sink_to_uses(body: &mut Body) -> bool {
    let dominators = Dominators::new(body);
    let depth = depths(body, &find_loops(body, &dominators));
    let mut uses = use_blocks(body, &dominators);
    let mut changed = false;
    for &block in dominators.order.iter().rev() {
        if !matches!(body.blocks[block].term, Term::Branch { .. }) {
            continue;
        }
        for idx in (0..body.blocks[block].insts.len()).rev() {
            let inst = body.blocks[block].insts[idx];
            let op = body.op(inst);
            let Some(to) = meet(&dominators, &uses[inst]) else {
                continue;
            };
            let is_below = to != block && leads_only(body, &dominators, block, to);
            if !op.is_pure() || !is_below || depth[to] > depth[block] || n_inputs(body, op) > 1 {
                continue;
            }
            body.blocks[block].insts.remove(idx);
            let at = first_use(body, to, inst);
            body.blocks[to].insts.insert(at, inst);
            // What it is computed from may follow it.
            op.for_each_operand(|operand| {
                let user = uses[operand].iter_mut().find(|user| **user == block);
                user.into_iter().for_each(|user| *user = to);
            });
            changed = true;
        }
    }
    changed
}

/// Operands that need a register.
fn n_inputs(body: &Body, op: Op) -> usize {
    let mut n = 0;
    op.for_each_operand(|value| n += usize::from(!body.op(value).is_leaf()));
    n
}

/// Whether `to` is behind one of the two ways out of `block`.
fn leads_only(body: &Body, dominators: &Dominators, block: BlockId, to: BlockId) -> bool {
    body.successors(block).any(|next| {
        dominators.preds[next].len() == 1 && next != block && dominators.dominates(next, to)
    })
}

fn first_use(body: &Body, block: BlockId, value: Value) -> usize {
    let insts = &body.blocks[block].insts;
    let uses = |&inst: &Value| {
        let mut found = false;
        body.op(inst).for_each_operand(|operand| found |= operand == value);
        found
    };
    insts.iter().position(uses).unwrap_or(insts.len())
}

/// For every value that is no leaf, the blocks that use it, once for each use.
fn use_blocks(body: &Body, dominators: &Dominators) -> IndexVec<Value, Vec<BlockId>> {
    let mut uses = IndexVec::from_elem(Vec::new(), body.values.len());
    for &block in &dominators.order {
        let mut add = |value: Value| {
            if !body.op(value).is_leaf() {
                uses[value].push(block);
            }
        };
        for &inst in &body.blocks[block].insts {
            body.op(inst).for_each_operand(&mut add);
        }
        body.blocks[block].term.for_each_operand(&mut add);
    }
    uses
}

/// The nearest block that dominates all.
fn meet(dominators: &Dominators, blocks: &[BlockId]) -> Option<BlockId> {
    let (&first, rest) = blocks.split_first()?;
    let mut at = first;
    for &block in rest {
        while !dominators.dominates(at, block) {
            at = dominators.immediate(at)?;
        }
    }
    Some(at)
}

fn depths(body: &Body, loops: &[Loop]) -> IndexVec<BlockId, u32> {
    let mut depth = IndexVec::from_elem(0, body.blocks.len());
    for of in loops {
        of.blocks.iter().for_each(|&block| depth[block] += 1);
    }
    depth
}

/// Moves computations of a loop's header that are the same in each turn in front of the loop;
/// true if there were any.
pub fn hoist_invariants(body: &mut Body) -> bool {
    let dominators = Dominators::new(body);
    let mut changed = false;
    for of in find_loops(body, &dominators) {
        let is_outside = |pred: &&BlockId| !of.blocks.contains(pred);
        let mut entries = dominators.preds[of.header].iter().filter(is_outside);
        let (Some(&entry), None) = (entries.next(), entries.next()) else {
            continue;
        };
        // Only where that is the only way on: behind a branch there may be no turn.
        if !matches!(body.blocks[entry].term, Term::Jump(_)) {
            continue;
        }
        let insts = std::mem::take(&mut body.blocks[of.header].insts);
        let mut kept: Vec<Value> = Vec::new();
        let params = body.blocks[of.header].params.clone();
        let mut is_open = true;
        for inst in insts {
            let op = body.op(inst);
            let mut varies = false;
            op.for_each_operand(|value| {
                varies |= params.contains(&value) || kept.contains(&value);
                varies |= !body.op(value).is_leaf() && is_defined_in(body, &of, value);
            });
            // Addresses stay by their accesses.
            let can_move = op.is_pure() && !matches!(op, Op::PtrAdd(..)) && is_open;
            is_open &= !matches!(op, Op::Asm(..) | Op::Opaque(_));
            match can_move && !varies {
                true => {
                    body.blocks[entry].insts.push(inst);
                    changed = true;
                }
                false => kept.push(inst),
            }
        }
        body.blocks[of.header].insts = kept;
    }
    changed
}

fn is_defined_in(body: &Body, of: &Loop, value: Value) -> bool {
    of.blocks.iter().any(|&block| {
        let block = &body.blocks[block];
        block.insts.contains(&value) || block.params.contains(&value)
    })
}
