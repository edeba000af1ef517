//! Dead code: instructions and block parameters whose value nobody needs.

use super::cfg::remove_args;
use crate::analysis::Dominators;
use crate::ir::*;
use bpfc_base::IndexVec;

/// Removes what has no effect and no use; true if there was any.
///
/// Ensures: every remaining instruction has an effect or a use that matters; atomic
/// operations fetch the old value only if it is used.
pub fn remove_dead_code(body: &mut Body) -> bool {
    let dominators = Dominators::new(body);
    let is_live = mark(body, &dominators);
    let mut changed = false;
    for &id in &dominators.order {
        let insts = &mut body.blocks[id].insts;
        let n_before = insts.len();
        insts.retain(|&inst| is_live[inst] || body.values[inst].op.has_effect());
        changed |= insts.len() != n_before;
        for inst in body.blocks[id].insts.clone() {
            let inst_data = &mut body.values[inst];
            let can_drop = matches!(inst_data.op, Op::Atomic { op, .. }
                if !matches!(op, AtomicOp::Exchange | AtomicOp::CompareExchange));
            if can_drop && !is_live[inst] {
                inst_data.ty = Type::Void;
            }
        }
        if id == body.entry {
            continue;
        }
        for idx in (0..body.blocks[id].params.len()).rev() {
            if !is_live[body.blocks[id].params[idx]] {
                body.blocks[id].params.remove(idx);
                remove_args(body, &dominators, id, idx);
                changed = true;
            }
        }
    }
    changed
}

/// Values that an effect, a branch or a result depends on.
fn mark(body: &Body, dominators: &Dominators) -> IndexVec<Value, bool> {
    let mut is_live = IndexVec::from_elem(false, body.values.len());
    let mut todo = Vec::new();
    // For each parameter its block and position.
    let mut home = IndexVec::from_elem(None, body.values.len());
    for &id in &dominators.order {
        let block = &body.blocks[id];
        for (idx, &param) in block.params.iter().enumerate() {
            home[param] = Some((id, idx));
        }
        for &inst in &block.insts {
            if body.op(inst).has_effect() {
                body.op(inst).for_each_operand(|value| todo.push(value));
            }
        }
        match &block.term {
            Term::Branch { lhs, rhs, .. } => todo.extend([*lhs, *rhs]),
            Term::Return(value) => todo.extend(value),
            Term::Jump(_) | Term::Unreachable => {}
        }
    }
    while let Some(value) = todo.pop() {
        if std::mem::replace(&mut is_live[value], true) {
            continue;
        }
        body.op(value).for_each_operand(|value| todo.push(value));
        let Some((block, idx)) = home[value] else {
            continue;
        };
        for &pred in &dominators.preds[block] {
            let targets = body.blocks[pred].term.targets();
            todo.extend(targets.filter(|t| t.block == block).map(|t| t.args[idx]));
        }
    }
    is_live
}
