//! Control flow: branches that always go one way, blocks that only jump, blocks with one
//! way in, and parameters that always have the same value.

use crate::analysis::{Dominators, count_uses, predecessors};
use crate::ir::*;
use bpfc_base::{ExpnId, Idx, IndexVec, Span};

/// Simplifies the control flow until nothing changes; true if anything did.
///
/// Ensures: unreachable blocks are empty; no reachable block is a single predecessor's
/// only successor.
pub fn simplify_cfg(body: &mut Body) -> bool {
    let mut changed = false;
    for _ in 0..MAX_ROUNDS {
        let mut again = fold_branches(body);
        again |= compare_branches(body);
        clear_unreachable(body);
        again |= merge_blocks(body);
        again |= forward_empty(body);
        again |= simplify_params(body);
        if !again {
            break;
        }
        changed = true;
    }
    clear_unreachable(body);
    changed
}

/// More rounds than nesting deserves; each one shortens every chain.
const MAX_ROUNDS: usize = 32;

/// Branches whose condition is known, or whose ways are the same.
fn fold_branches(body: &mut Body) -> bool {
    let mut changed = false;
    for id in body.reverse_postorder() {
        let block = &body.blocks[id];
        let Term::Branch { cond, lhs, rhs, then, otherwise } = &block.term else {
            continue;
        };
        let is_dead = |target: &Target| {
            let block = &body.blocks[target.block];
            block.term == Term::Unreachable && block.insts.is_empty()
        };
        let known = match (body.as_const(*lhs), body.as_const(*rhs)) {
            (Some(a), Some(b)) => Some(cond.eval(a, b)),
            _ if lhs == rhs => Some(cond.holds_if_equal()),
            _ if then == otherwise || is_dead(otherwise) => Some(true),
            _ if is_dead(then) => Some(false),
            _ => is_address_null(body, *lhs, *rhs).and_then(|is_null| match cond {
                Cond::Eq => Some(is_null),
                Cond::Ne => Some(!is_null),
                _ => None,
            }),
        };
        if let Some(known) = known {
            let target = if known { then.clone() } else { otherwise.clone() };
            body.blocks[id].term = Term::Jump(target);
            changed = true;
        }
    }
    changed
}

/// A branch that only chooses between 1 and 0 for a parameter is a comparison.
fn compare_branches(body: &mut Body) -> bool {
    let mut changed = false;
    for id in body.reverse_postorder() {
        let Term::Branch { cond, lhs, rhs, then, otherwise } = &body.blocks[id].term else {
            continue;
        };
        if then.block != otherwise.block {
            continue;
        }
        let pairs = then.args.iter().zip(&otherwise.args).enumerate();
        let mut differ = pairs.filter(|(_, (a, b))| a != b);
        let (Some((idx, (&a, &b))), None) = (differ.next(), differ.next()) else {
            continue;
        };
        let cond = match (body.as_const(a), body.as_const(b)) {
            (Some(1), Some(0)) => *cond,
            (Some(0), Some(1)) => cond.negate(),
            _ => continue,
        };
        let (lhs, rhs, mut target) = (*lhs, *rhs, then.clone());
        let span = body.blocks[id].term_span;
        let ty = body.ty(a);
        let mut value = body.push(id, Op::Compare(cond, lhs, rhs), Type::I32, span);
        if ty == Type::I64 {
            value = body.push(id, Op::Zext(value), Type::I64, span);
        }
        target.args[idx] = value;
        body.blocks[id].term = Term::Jump(target);
        changed = true;
    }
    changed
}

/// The address of a slot or function is not null.
fn is_address_null(body: &Body, lhs: Value, rhs: Value) -> Option<bool> {
    let is_address = matches!(body.op(lhs), Op::SlotAddr(..) | Op::FuncAddr(_));
    (is_address && body.as_const(rhs) == Some(0)).then_some(false)
}

/// Empties what control cannot reach.
fn clear_unreachable(body: &mut Body) {
    let mut is_reachable = vec![false; body.blocks.len()];
    for block in body.reverse_postorder() {
        is_reachable[block.index()] = true;
    }
    for (block, is_reachable) in body.blocks.iter_mut().zip(is_reachable) {
        if !is_reachable {
            *block = Block::default();
        }
    }
}

/// Appends blocks to their only predecessor where that goes nowhere else.
fn merge_blocks(body: &mut Body) -> bool {
    let order = body.reverse_postorder();
    let preds = predecessors(body, &order);
    let mut replaced = Replacements::new(body);
    let mut is_gone = vec![false; body.blocks.len()];
    for id in order {
        if is_gone[id.index()] {
            continue;
        }
        while let Term::Jump(target) = &body.blocks[id].term {
            let next = target.block;
            if preds[next].len() != 1 || next == id {
                break;
            }
            let args = target.args.clone();
            let block = std::mem::take(&mut body.blocks[next]);
            let is_conversion =
                |inst: &Value| matches!(body.op(*inst), Op::Trunc(_) | Op::Zext(_) | Op::Sext(..));
            let returns_it = matches!(block.term, Term::Return(Some(_)))
                && !block.params.is_empty()
                && block.insts.iter().all(is_conversion);
            for (param, arg) in block.params.into_iter().zip(args) {
                replaced.set(param, arg);
            }
            is_gone[next.index()] = true;
            let into = &mut body.blocks[id];
            into.insts.extend(block.insts);
            into.term = block.term;
            // Of a result that is only passed on by a macro (the wrapper that `BPF_PROG` makes), the place that
            // decides on it is the better one.
            let is_by_macro = block.term_span.expn != ExpnId::ROOT;
            if !(returns_it && is_by_macro) || into.term_span == Span::NONE {
                into.term_span = block.term_span;
            }
        }
    }
    replaced.apply(body)
}

/// Sends predecessors of blocks that only jump to where those jump.
fn forward_empty(body: &mut Body) -> bool {
    let uses = count_uses(body);
    let order = body.reverse_postorder();
    // More than there are once edges move on.
    let mut preds = predecessors(body, &order);
    let mut changed = false;
    for id in order {
        if id == body.entry || !body.blocks[id].insts.is_empty() {
            continue;
        }
        let block = &body.blocks[id];
        let Term::Jump(target) = &block.term else {
            continue;
        };
        let (target, params) = (target.clone(), block.params.clone());
        // Parameters that others use keep the block, as does a loop of nothing.
        let own_uses = |param: &Value| target.args.iter().filter(|&arg| arg == param).count();
        let is_private = params.iter().all(|param| uses[*param] as usize == own_uses(param));
        if !is_private || target.block == id {
            continue;
        }
        let moved = std::mem::take(&mut preds[id]);
        for &pred in &moved {
            let edges = body.blocks[pred].term.targets_mut();
            for edge in edges.filter(|edge| edge.block == id) {
                let resolve = |arg: &Value| match params.iter().position(|param| param == arg) {
                    Some(idx) => edge.args[idx],
                    None => *arg,
                };
                *edge =
                    Target { block: target.block, args: target.args.iter().map(resolve).collect() };
                changed = true;
            }
        }
        preds[target.block].extend(moved);
        body.blocks[id] = Block::default();
    }
    changed
}

/// Removes parameters that have one value whatever the way in.
pub fn simplify_params(body: &mut Body) -> bool {
    let mut changed = false;
    for _ in 0..MAX_ROUNDS {
        let dominators = Dominators::new(body);
        let mut replaced = Replacements::new(body);
        for &id in &dominators.order[1..] {
            for idx in (0..body.blocks[id].params.len()).rev() {
                let Some(value) = only_value(body, &dominators, &replaced, id, idx) else {
                    continue;
                };
                replaced.set(body.blocks[id].params[idx], value);
                body.blocks[id].params.remove(idx);
                remove_args(body, &dominators, id, idx);
            }
        }
        if !replaced.apply(body) {
            break;
        }
        changed = true;
    }
    changed
}

/// Drops argument `idx` of every edge to `block`.
pub(super) fn remove_args(body: &mut Body, dominators: &Dominators, block: BlockId, idx: usize) {
    let mut preds = dominators.preds[block].clone();
    preds.dedup();
    preds.sort_unstable();
    preds.dedup();
    for pred in preds {
        let targets = body.blocks[pred].term.targets_mut();
        for target in targets.filter(|target| target.block == block) {
            target.args.remove(idx);
        }
    }
}

fn only_value(
    body: &Body,
    dominators: &Dominators,
    replaced: &Replacements,
    block: BlockId,
    idx: usize,
) -> Option<Value> {
    let param = body.blocks[block].params[idx];
    let mut only: Option<Value> = None;
    let mut undef = None;
    for &pred in &dominators.preds[block] {
        let targets = body.blocks[pred].term.targets();
        for target in targets.filter(|target| target.block == block) {
            let arg = replaced.get(target.args[idx]);
            if arg == param {
            } else if body.op(arg) == Op::Undef {
                undef = Some(arg);
            } else if only.is_none_or(|only| only == arg) {
                only = Some(arg);
            } else {
                return None;
            }
        }
    }
    match (only, undef) {
        // Only leaves are sure to be known on the way where anything may be taken.
        (Some(value), Some(_)) => body.op(value).is_leaf().then_some(value),
        (only, undef) => only.or(undef),
    }
}

/// Values that others take the place of.
pub(super) struct Replacements {
    by: IndexVec<Value, Value>,
    any: bool,
}

impl Replacements {
    pub(super) fn new(body: &Body) -> Self {
        Self { by: body.values.ids().collect(), any: false }
    }

    /// `old` is `new` from now on.
    pub(super) fn set(&mut self, old: Value, new: Value) {
        let new = self.get(new);
        if old != new {
            self.by[old] = new;
            self.any = true;
        }
    }

    /// What `value` is now. Values made later are themselves.
    pub(super) fn get(&self, mut value: Value) -> Value {
        while let Some(&next) = self.by.get(value) {
            if next == value {
                break;
            }
            value = next;
        }
        value
    }

    /// Replaces all operands; true if there was anything to replace.
    pub(super) fn apply(self, body: &mut Body) -> bool {
        if self.any {
            body.map_operands(|value| self.get(value));
        }
        self.any
    }
}
