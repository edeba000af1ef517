//! Sparse conditional propagation of constants and bounds (Wegman and Zadeck, "Constant
//! Propagation with Conditional Branches", TOPLAS 1991, with ranges for a lattice): what is only
//! true if loops keep it true is assumed, and then checked.
//!
//! Branches are decided by constants only: where a bound is enough, the verifier may need to see
//! the comparison, as it forgets bounds in loops over iterators.

use super::cfg::Replacements;
use super::facts::{Fact, edge_fact};
use super::range::Range;
use crate::analysis::Dominators;
use crate::ir::*;
use bpfc_base::IndexVec;

/// Replaces what is constant, and signed operations on what is never negative; true if there was
/// anything.
pub fn propagate_ranges(body: &mut Body) -> bool {
    let dominators = Dominators::new(body);
    let mut ctx = Ctx::new(body, &dominators);
    if !ctx.solve() {
        return false;
    }
    let Findings { constants, rewrites } = ctx.findings();
    let changed = !constants.is_empty() || !rewrites.is_empty();
    for (inst, op) in rewrites {
        body.values[inst].op = op;
    }
    let mut replaced = Replacements::new(body);
    for (value, n) in constants {
        let constant = body.constant(body.ty(value), n);
        replaced.set(value, constant);
    }
    replaced.apply(body);
    changed
}

/// Sweeps over all blocks before giving up; bounds in loops are widened after a few.
const MAX_SWEEPS: usize = 24;
/// Sweeps before bounds are widened.
const N_EXACT: usize = 3;
/// Sweeps that make widened bounds narrower again.
const N_NARROWING: usize = 2;
/// Branches looked at on the way to a block, the nearest.
const MAX_FACTS: usize = 16;

struct Ctx<'a> {
    body: &'a Body,
    dominators: &'a Dominators,
    /// `None`: control did not come there yet.
    ranges: IndexVec<Value, Option<Range>>,
    /// Per block, the nearest branch that decides whether control comes here, and the block that
    /// has it.
    facts: IndexVec<BlockId, Option<(Fact, BlockId)>>,
    /// Blocks that control may come to.
    reached: IndexVec<BlockId, bool>,
    /// Where widened bounds stop: constants that are compared with.
    thresholds: Vec<i64>,
}

/// What there is to do.
struct Findings {
    /// Values, and which constants they are.
    constants: Vec<(Value, i64)>,
    /// Values, and what computes them more easily.
    rewrites: Vec<(Value, Op)>,
}

impl<'a> Ctx<'a> {
    fn new(body: &'a Body, dominators: &'a Dominators) -> Self {
        let mut facts = IndexVec::from_elem(None, body.blocks.len());
        let mut thresholds = vec![-1, 0, 1];
        for &block in &dominators.order {
            let mut add = |value: Value| {
                if let Some(n) = body.as_const(value) {
                    thresholds.extend([n.saturating_sub(1), n, n.saturating_add(1)]);
                }
            };
            if let Term::Branch { lhs, rhs, .. } = body.blocks[block].term {
                add(lhs);
                add(rhs);
            }
            let Some(above) = dominators.immediate(block).filter(|&above| above != block) else {
                continue;
            };
            facts[block] = match dominators.preds[block].as_slice() {
                &[only] if only == above => {
                    edge_fact(&body.blocks[above].term, block).map(|fact| (fact, above))
                }
                _ => None,
            };
            if facts[block].is_none() {
                facts[block] = facts[above];
            }
        }
        thresholds.sort_unstable();
        thresholds.dedup();
        let ranges = IndexVec::from_elem(None, body.values.len());
        let mut reached = IndexVec::from_elem(false, body.blocks.len());
        reached[body.entry] = true;
        Self { body, dominators, ranges, facts, reached, thresholds }
    }

    /// Finds ranges that hold; false if that took too long.
    fn solve(&mut self) -> bool {
        let is_stable = (0..MAX_SWEEPS).any(|sweep| !self.sweep(sweep >= N_EXACT, true));
        if is_stable {
            // From a solution, every step leads to a smaller one.
            (0..N_NARROWING).for_each(|_| _ = self.sweep(false, false));
        }
        is_stable
    }

    /// One sweep over what control reaches; true if it changed anything.
    fn sweep(&mut self, widens: bool, grows: bool) -> bool {
        let mut changed = false;
        for &block in &self.dominators.order {
            if !self.reached[block] {
                continue;
            }
            for idx in 0..self.body.blocks[block].params.len() {
                let param = self.body.blocks[block].params[idx];
                let new = self.param(block, idx);
                changed |= self.set(param, new, widens, grows);
            }
            for idx in 0..self.body.blocks[block].insts.len() {
                let inst = self.body.blocks[block].insts[idx];
                let new = self.transfer(block, inst);
                changed |= self.set(inst, new, false, grows);
            }
            for to in self.live_targets(block) {
                changed |= !std::mem::replace(&mut self.reached[to], true);
            }
        }
        changed
    }

    fn set(&mut self, value: Value, new: Option<Range>, widens: bool, grows: bool) -> bool {
        let Some(new) = new else {
            return false;
        };
        let ty = self.body.ty(value);
        let old = self.ranges[value];
        let mut joined = match old {
            Some(old) if grows => old.join(new, ty),
            _ => new,
        };
        if let Some(old) = old.filter(|&old| widens && old != joined) {
            joined = self.widen(old, joined, ty);
        }
        self.ranges[value] = Some(joined);
        old != Some(joined)
    }

    /// Bounds that grew go to the next threshold.
    fn widen(&self, old: Range, new: Range, ty: Type) -> Range {
        let full = Range::full(ty);
        let mut wide = new;
        if new.signed.1 > old.signed.1 {
            let at = self.thresholds.partition_point(|&n| n < new.signed.1);
            let next = self.thresholds.get(at).copied().unwrap_or(full.signed.1);
            wide.signed.1 = next.min(full.signed.1);
        }
        if new.signed.0 < old.signed.0 {
            let at = self.thresholds.partition_point(|&n| n <= new.signed.0);
            let next = at.checked_sub(1).map(|at| self.thresholds[at]);
            wide.signed.0 = next.unwrap_or(full.signed.0).max(full.signed.0);
        }
        if new.unsigned != old.unsigned {
            wide.unsigned = full.unsigned;
        }
        wide.agree(ty)
    }

    /// Where control may go from a block.
    fn live_targets(&self, block: BlockId) -> Vec<BlockId> {
        let term = &self.body.blocks[block].term;
        let taken = match *term {
            Term::Branch { cond, lhs, rhs, .. } => self.decide(block, cond, lhs, rhs),
            _ => None,
        };
        let is_live = |&(idx, _): &(usize, _)| taken.is_none_or(|taken| taken == (idx == 0));
        term.targets().enumerate().filter(is_live).map(|(_, target)| target.block).collect()
    }

    fn decide(&self, block: BlockId, cond: Cond, lhs: Value, rhs: Value) -> Option<bool> {
        // What is not known yet leads nowhere yet; then either way would do, and both are said.
        self.at(lhs, block)?.decide(cond, self.at(rhs, block)?)
    }

    /// What comes in by all ways that control takes.
    fn param(&self, block: BlockId, idx: usize) -> Option<Range> {
        if block == self.body.entry {
            return Some(Range::full(self.body.ty(self.body.blocks[block].params[idx])));
        }
        let mut preds = self.dominators.preds[block].clone();
        preds.retain(|&pred| self.reached[pred]);
        preds.dedup();
        let ty = self.body.ty(self.body.blocks[block].params[idx]);
        let mut joined: Option<Range> = None;
        for pred in preds {
            let term = &self.body.blocks[pred].term;
            for (nth, target) in term.targets().enumerate() {
                if target.block != block {
                    continue;
                }
                let arg = target.args[idx];
                let Some(mut range) = self.at(arg, pred) else {
                    continue;
                };
                if let Term::Branch { cond, lhs, rhs, .. } = *term {
                    if self.decide(pred, cond, lhs, rhs).is_some_and(|taken| taken != (nth == 0)) {
                        continue;
                    }
                    let cond = if nth == 0 { cond } else { cond.negate() };
                    range = self.restrict(range, arg, (cond, lhs, rhs));
                }
                if !range.is_empty() {
                    joined = Some(joined.map_or(range, |joined| joined.join(range, ty)));
                }
            }
        }
        joined
    }

    /// What is left of a value's range where a comparison holds.
    fn restrict(&self, range: Range, value: Value, fact: Fact) -> Range {
        let (cond, lhs, rhs) = fact;
        let ty = self.body.ty(value);
        let (cond, other) = match () {
            () if lhs == value => (cond, rhs),
            () if rhs == value => (cond.swap(), lhs),
            () => return range,
        };
        self.base(other).map_or(range, |other| range.restrict(cond, other, ty))
    }

    /// A value's range, wherever it is.
    fn base(&self, value: Value) -> Option<Range> {
        let ty = self.body.ty(value);
        match self.body.op(value) {
            _ if ty == Type::Ptr => Some(Range::full(ty)),
            Op::Const(n) => Some(Range::constant(ty, n)),
            op if op.is_leaf() => Some(Range::full(ty)),
            _ => self.ranges[value],
        }
    }

    /// A value's range in a block, after the branches that lead there.
    fn at(&self, value: Value, block: BlockId) -> Option<Range> {
        let mut range = self.base(value)?;
        if self.body.as_const(value).is_some() || self.body.ty(value) == Type::Ptr {
            return Some(range);
        }
        let mut next = self.facts[block];
        for _ in 0..MAX_FACTS {
            let Some((fact, above)) = next else { break };
            range = self.restrict(range, value, fact);
            next = self.facts[above];
        }
        Some(range)
    }

    fn transfer(&self, block: BlockId, inst: Value) -> Option<Range> {
        let ty = self.body.ty(inst);
        if ty == Type::Void {
            return None;
        }
        let at = |value: Value| self.at(value, block);
        Some(match self.body.op(inst) {
            Op::Binary(op, a, b) => Range::binary(op, at(a)?, at(b)?, ty),
            Op::Compare(cond, a, b) => match (at(a)?.as_const(), at(b)?.as_const()) {
                (Some(a), Some(b)) => Range::constant(ty, cond.eval(a, b).into()),
                _ => Range::up_to(ty, 1),
            },
            Op::Zext(a) => at(a)?.zext(),
            Op::Trunc(a) => at(a)?.trunc(),
            Op::Sext(a, width) => at(a)?.sext(width, ty),
            Op::Load(access) => Range::up_to(ty, access.width.mask()),
            _ => Range::full(ty),
        })
    }

    /// Values that are constants, and operations to put in place of others.
    fn findings(&self) -> Findings {
        let (mut constants, mut rewrites) = (Vec::new(), Vec::new());
        for &block in &self.dominators.order {
            let Block { params, insts, .. } = &self.body.blocks[block];
            for &value in params.iter().chain(insts) {
                let op = self.body.op(value);
                let is_number = matches!(self.body.ty(value), Type::I32 | Type::I64);
                let known = self.ranges[value].filter(|range| is_number && !range.is_empty());
                match known.and_then(Range::as_const) {
                    Some(n) if op.is_pure() || op == Op::Param => constants.push((value, n)),
                    _ => rewrites.extend(self.unsigned(block, op).map(|op| (value, op))),
                }
            }
        }
        Findings { constants, rewrites }
    }

    /// The operation for numbers that are not negative, which is shorter.
    fn unsigned(&self, block: BlockId, op: Op) -> Option<Op> {
        let is_natural = |value: Value| self.at(value, block).is_some_and(Range::is_natural);
        match op {
            Op::Sext(a, Width::W32) if is_natural(a) => Some(Op::Zext(a)),
            Op::Binary(BinaryOp::AShr, a, b) if is_natural(a) => {
                Some(Op::Binary(BinaryOp::LShr, a, b))
            }
            Op::Binary(op @ (BinaryOp::SDiv | BinaryOp::SRem), a, b) => {
                let unsigned = match op {
                    BinaryOp::SDiv => BinaryOp::UDiv,
                    _ => BinaryOp::URem,
                };
                let holds = is_natural(a) && is_natural(b);
                holds.then_some(Op::Binary(unsigned, a, b))
            }
            _ => None,
        }
    }
}
