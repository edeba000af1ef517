//! Numbers that are computed from a condition: `v >>= (v > 255) << 3` needs a branch for the
//! condition anyway, as BPF has no other way to make a number of it, and where it does not hold
//! there is nothing to compute.

use crate::ir::*;
use rustc_hash::FxHashMap;

/// Operations on one condition that are looked at.
const MAX_OPERATIONS: usize = 8;

/// Puts what is computed from conditions behind a branch, where it is nothing if the condition
/// does not hold; true if there was anything.
pub fn branch_on_conditions(body: &mut Body) -> bool {
    let mut changed = false;
    let mut todo = body.reverse_postorder();
    todo.reverse();
    while let Some(block) = todo.pop() {
        let n_insts = body.blocks[block].insts.len();
        if let Some(found) = (0..n_insts).find_map(|at| find(body, block, at)) {
            let behind = split(body, block, &found);
            todo.extend([behind, block]);
            changed = true;
        }
    }
    changed
}

/// A condition and what is computed from it.
struct Found {
    /// Where the comparison is in its block.
    at: usize,
    /// Where the block is cut: behind the operations.
    cut: usize,
    /// The operations, in order.
    operations: Vec<Value>,
    /// What they are if the condition does not hold.
    otherwise: FxHashMap<Value, Value>,
}

fn find(body: &mut Body, block: BlockId, at: usize) -> Option<Found> {
    let insts = body.blocks[block].insts.clone();
    let condition = insts[at];
    let Op::Compare(..) = body.op(condition) else {
        return None;
    };
    let zero = body.constant(Type::I32, 0);
    let mut found =
        Found { at, cut: insts.len(), operations: Vec::new(), otherwise: FxHashMap::default() };
    found.otherwise.insert(condition, zero);
    for (idx, &inst) in insts.iter().enumerate().skip(at + 1) {
        let op = body.op(inst);
        let mut depends = false;
        op.for_each_operand(|value| depends |= found.otherwise.contains_key(&value));
        if !depends {
            continue;
        }
        let is_room = found.operations.len() < MAX_OPERATIONS;
        match without(body, inst, &found.otherwise).filter(|_| is_room) {
            Some(value) => {
                found.operations.push(inst);
                found.otherwise.insert(inst, value);
            }
            None => {
                found.cut = idx;
                break;
            }
        }
    }
    // The condition as such is as short where it is; so is one shift of it.
    (found.operations.len() > 1 && !is_used_behind(body, block, &found, condition)).then_some(found)
}

/// Whether a value is used behind the cut or in other blocks.
fn is_used_behind(body: &Body, block: BlockId, found: &Found, value: Value) -> bool {
    body.reverse_postorder().into_iter().any(|other| {
        let Block { insts, term, .. } = &body.blocks[other];
        let skipped = if other == block { found.cut } else { 0 };
        let mut uses = false;
        for &inst in &insts[skipped..] {
            body.op(inst).for_each_operand(|operand| uses |= operand == value);
        }
        term.for_each_operand(|operand| uses |= operand == value);
        uses
    })
}

/// What an operation is where the condition does not hold, if that needs no instruction.
fn without(body: &mut Body, inst: Value, known: &FxHashMap<Value, Value>) -> Option<Value> {
    use BinaryOp::*;
    let ty = body.ty(inst);
    let now = |value: Value| known.get(&value).copied().unwrap_or(value);
    let zero = |body: &Body, value: Value| body.as_const(value) == Some(0);
    let value = match body.op(inst) {
        Op::Zext(a) | Op::Trunc(a) | Op::Sext(a, _) if zero(body, now(a)) => body.constant(ty, 0),
        Op::Binary(op, a, b) => {
            let (a, b) = (now(a), now(b));
            match (op, zero(body, a), zero(body, b)) {
                (Shl | LShr | AShr | Or | Xor | Add | Sub, _, true) => a,
                (Or | Xor | Add, true, _) => b,
                (Shl | LShr | AShr | And | Mul, true, _) | (And | Mul, _, true) => {
                    body.constant(ty, 0)
                }
                _ => return None,
            }
        }
        _ => return None,
    };
    Some(value)
}

/// Cuts the block; the part behind.
fn split(body: &mut Body, block: BlockId, found: &Found) -> BlockId {
    let mut insts = std::mem::take(&mut body.blocks[block].insts);
    let behind = body.blocks.push(Block::default());
    let arm = body.blocks.push(Block::default());
    let condition = insts[found.at];
    let tail = insts.split_off(found.cut);
    insts.retain(|inst| *inst != condition && !found.operations.contains(inst));
    let Op::Compare(cond, lhs, rhs) = body.op(condition) else {
        unreachable!("only comparisons are found");
    };
    let span = body.values[condition].span;
    let (term, term_span) = (body.blocks[block].term.clone(), body.blocks[block].term_span);
    body.blocks[behind] = Block { insts: tail, term, term_span, ..Block::default() };
    body.blocks[block].insts = insts;
    // The arm computes with the condition as 1; parameters stand for the results.
    let one = body.constant(Type::I32, 1);
    let mut values = FxHashMap::default();
    values.insert(condition, one);
    let (mut then, mut otherwise) = (Vec::new(), Vec::new());
    for &inst in &found.operations {
        let Inst { mut op, ty, span } = body.values[inst];
        op.for_each_operand_mut(|value| *value = values.get(value).copied().unwrap_or(*value));
        let copy = body.push(arm, op, ty, span);
        values.insert(inst, copy);
        then.push(copy);
        otherwise.push(found.otherwise[&inst]);
        body.values[inst].op = Op::Param;
        body.blocks[behind].params.push(inst);
    }
    body.blocks[arm].term = Term::Jump(Target { block: behind, args: then });
    body.blocks[arm].term_span = span;
    body.blocks[block].term = Term::Branch {
        cond,
        lhs,
        rhs,
        then: Target::new(arm),
        otherwise: Target { block: behind, args: otherwise },
    };
    body.blocks[block].term_span = span;
    behind
}
