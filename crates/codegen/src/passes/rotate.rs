//! Loop rotation: a loop that is tested in front of each turn is tested behind it, and once in
//! front of the first where that is not known to succeed. Each turn is a jump shorter, which the
//! kernel's verifier counts too.

use super::thread::{Way, known_way, thread};
use crate::analysis::{Dominators, Loop, find_loops};
use crate::ir::*;

/// Instructions of the test that are copied if the first one is known to succeed.
const MAX_KNOWN: usize = 4;
/// The same if it is not.
const MAX_UNKNOWN: usize = 1;
/// Loops rotated in one run; each needs dominators anew.
const MAX_LOOPS: usize = 64;

/// Rotates loops; true if there were any.
///
/// Ensures: values that leave a copied block are in slots (`promote_slots`).
pub fn rotate_loops(body: &mut Body) -> bool {
    let mut changed = false;
    for _ in 0..MAX_LOOPS {
        let dominators = Dominators::new(body);
        let loops = find_loops(body, &dominators);
        let mut found = loops.iter().filter_map(|of| entries(body, &dominators, of));
        let Some((header, ways)) = found.next() else {
            break;
        };
        thread(body, header, &ways);
        changed = true;
    }
    changed
}

/// The ways into a loop, if the test in its header can be done behind it.
fn entries(body: &Body, dominators: &Dominators, of: &Loop) -> Option<(BlockId, Vec<Way>)> {
    let header = of.header;
    let block = &body.blocks[header];
    let Term::Branch { then, otherwise, .. } = &block.term else {
        return None;
    };
    let is_inside = |target: &Target| of.blocks.contains(&target.block);
    let is_test = is_inside(then) != is_inside(otherwise)
        && then.block != header
        && otherwise.block != header;
    let jumps_back = |&latch: &BlockId| matches!(body.blocks[latch].term, Term::Jump(_));
    let is_simple = block.insts.iter().all(|&inst| body.op(inst).is_removable());
    if !is_test || !is_simple || !of.latches.iter().all(jumps_back) {
        return None;
    }
    let mut preds: Vec<BlockId> = dominators.preds[header].clone();
    preds.retain(|pred| !of.latches.contains(pred));
    preds.sort_unstable();
    preds.dedup();
    let mut ways = Vec::new();
    for pred in preds {
        for (edge, target) in body.blocks[pred].term.targets().enumerate() {
            if target.block == header {
                let taken = known_way(body, dominators, pred, target);
                ways.push(Way { pred, edge, taken });
            }
        }
    }
    let is_known = ways.iter().all(|way| way.taken.is_some()) || counts_in_memory(body, of);
    let max = if is_known { MAX_KNOWN } else { MAX_UNKNOWN };
    (block.insts.len() <= max).then_some((header, ways))
}

/// Whether what the header reads of a global is written in the loop: `promote_in_loops` makes a
/// value of it, and what it was before the loop is known as a rule.
fn counts_in_memory(body: &Body, of: &Loop) -> bool {
    let place = |access: Access| {
        let is_global = matches!(body.op(access.address.base), Op::GlobalAddr(..));
        (is_global && !access.is_volatile).then_some((access.address, access.width))
    };
    let mut insts = of.blocks.iter().flat_map(|&block| &body.blocks[block].insts);
    let read = body.blocks[of.header].insts.iter().find_map(|&inst| match body.op(inst) {
        Op::Load(access) => place(access),
        _ => None,
    });
    read.is_some()
        && insts.any(|&inst| match body.op(inst) {
            Op::Store(access, _) => place(access) == read,
            _ => false,
        })
}
