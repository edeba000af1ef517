//! What follows from the branches that were taken: comparisons that are decided.

use super::known_bits::known_zeros;
use crate::analysis::Dominators;
use crate::ir::*;

/// A comparison that holds.
pub(super) type Fact = (Cond, Value, Value);

/// Decides comparisons by the branches that dominate them; true if there were any.
///
/// Only comparisons of the very values that were compared before are decided, so the
/// kernel's verifier, which follows the same branches, knows as much.
pub fn decide_comparisons(body: &mut Body) -> bool {
    let dominators = Dominators::new(body);
    let children = dominators.children();
    let mut changed = false;
    let mut facts = Vec::new();
    // A block, how many facts its dominator has, and one that holds on the way from there.
    let mut todo = vec![(body.entry, 0, None)];
    while let Some((block, n_facts, fact)) = todo.pop() {
        facts.truncate(n_facts);
        facts.extend(fact);
        let recent = &facts[facts.len().saturating_sub(MAX_FACTS)..];
        changed |= decide_in_block(body, block, recent);
        for &child in &children[block] {
            let is_only_way = dominators.preds[child].len() == 1;
            let fact = is_only_way.then(|| edge_fact(&body.blocks[block].term, child));
            todo.push((child, facts.len(), fact.flatten()));
        }
    }
    changed
}

/// Facts looked at, the last ones: chains of `else if` have as many as conditions.
const MAX_FACTS: usize = 256;

/// What holds when `term` goes to `block`.
pub(super) fn edge_fact(term: &Term, block: BlockId) -> Option<Fact> {
    match term {
        Term::Branch { then, otherwise, .. } if then.block == otherwise.block => None,
        Term::Branch { cond, lhs, rhs, then, .. } if then.block == block => {
            Some((*cond, *lhs, *rhs))
        }
        Term::Branch { cond, lhs, rhs, otherwise, .. } if otherwise.block == block => {
            Some((cond.negate(), *lhs, *rhs))
        }
        _ => None,
    }
}

fn decide_in_block(body: &mut Body, id: BlockId, facts: &[Fact]) -> bool {
    let mut changed = false;
    for idx in 0..body.blocks[id].insts.len() {
        let inst = body.blocks[id].insts[idx];
        if let Op::Compare(cond, a, b) = body.op(inst)
            && let Some(holds) = decide(body, facts, (cond, a, b))
        {
            // Compared with itself: `simplify` makes a constant of it.
            let cond = if holds { Cond::Eq } else { Cond::Ne };
            changed |= body.op(inst) != Op::Compare(cond, a, a);
            body.values[inst].op = Op::Compare(cond, a, a);
        }
        if let Some(op) = without_sign(body, facts, inst) {
            body.values[inst].op = op;
            changed = true;
        }
    }
    if let Term::Branch { cond, lhs, rhs, then, otherwise } = &body.blocks[id].term
        && let Some(holds) = decide(body, facts, (*cond, *lhs, *rhs))
    {
        let target = if holds { then.clone() } else { otherwise.clone() };
        body.blocks[id].term = Term::Jump(target);
        changed = true;
    }
    changed
}

/// Operations on numbers that are not negative, which are shorter unsigned.
fn without_sign(body: &Body, facts: &[Fact], inst: Value) -> Option<Op> {
    let is_natural = |value: Value| match body.as_const(value) {
        Some(n) => n >= 0,
        None => Range::of(body, facts, value).signed.0 >= 0,
    };
    match body.op(inst) {
        Op::Sext(a, Width::W32) if is_natural(a) => Some(Op::Zext(a)),
        Op::Binary(BinaryOp::AShr, a, b) if is_natural(a) => Some(Op::Binary(BinaryOp::LShr, a, b)),
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

/// The outcome of a comparison, if the facts say it.
pub(super) fn decide(body: &Body, facts: &[Fact], (cond, a, b): Fact) -> Option<bool> {
    let possible = outcomes(cond);
    let mut seen = ALL_OUTCOMES;
    for &(known, x, y) in facts {
        if (x, y) == (a, b) {
            seen &= outcomes(known);
        } else if (x, y) == (b, a) {
            seen &= outcomes(known.swap());
        }
    }
    if seen & !possible == 0 {
        return Some(true);
    }
    if seen & possible == 0 {
        return Some(false);
    }
    let n = body.as_const(b)?;
    let range = Range::of(body, facts, a);
    range.decide(cond, n, body.ty(a))
}

/// How two values may be ordered: equal, or by unsigned and signed order.
const ALL_OUTCOMES: u8 = 0b11111;

fn outcomes(cond: Cond) -> u8 {
    // Bit 0: equal; 1: below in both orders; 2: unsigned only; 3: signed only; 4: neither.
    match cond {
        Cond::Eq => 0b00001,
        Cond::Ne => 0b11110,
        Cond::ULt => 0b00110,
        Cond::ULe => 0b00111,
        Cond::UGt => 0b11000,
        Cond::UGe => 0b11001,
        Cond::SLt => 0b01010,
        Cond::SLe => 0b01011,
        Cond::SGt => 0b10100,
        Cond::SGe => 0b10101,
    }
}

/// Bounds of a value, as both kinds of numbers; `not` is a value that it has not.
struct Range {
    unsigned: (u64, u64),
    signed: (i64, i64),
    not: Option<i64>,
}

impl Range {
    fn of(body: &Body, facts: &[Fact], value: Value) -> Self {
        let ty = body.ty(value);
        let width = u64::MAX >> (64 - ty.bits());
        let top = !known_zeros(body, value) & width;
        let sign = i64::MAX >> (64 - ty.bits());
        let mut range = Range { unsigned: (0, top), signed: (-sign - 1, sign), not: None };
        if top <= sign as u64 {
            range.signed = (0, top as i64);
        }
        for &(cond, x, y) in facts {
            if let (true, Some(n)) = (x == value, body.as_const(y)) {
                range.restrict(cond, n, width);
            }
        }
        range
    }

    fn restrict(&mut self, cond: Cond, n: i64, width: u64) {
        let u = n as u64 & width;
        let (low, high) = &mut self.unsigned;
        let (slow, shigh) = &mut self.signed;
        match cond {
            Cond::Eq => {
                self.unsigned = (u, u);
                self.signed = (n, n);
            }
            Cond::Ne => self.not = Some(n),
            Cond::ULt => *high = (*high).min(u.saturating_sub(1)),
            Cond::ULe => *high = (*high).min(u),
            Cond::UGt => *low = (*low).max(u.saturating_add(1)),
            Cond::UGe => *low = (*low).max(u),
            Cond::SLt => *shigh = (*shigh).min(n.saturating_sub(1)),
            Cond::SLe => *shigh = (*shigh).min(n),
            Cond::SGt => *slow = (*slow).max(n.saturating_add(1)),
            Cond::SGe => *slow = (*slow).max(n),
        }
    }

    fn decide(&self, cond: Cond, n: i64, ty: Type) -> Option<bool> {
        let u = n as u64 & (u64::MAX >> (64 - ty.bits()));
        let (low, high) = self.unsigned;
        let (slow, shigh) = self.signed;
        if low > high || slow > shigh {
            // Control does not come here; leave it to others to notice.
            return None;
        }
        let is_impossible = u < low || u > high || n < slow || n > shigh || self.not == Some(n);
        let is_certain = low == high && low == u;
        match cond {
            Cond::Eq if is_impossible => Some(false),
            Cond::Ne if is_impossible => Some(true),
            Cond::Eq if is_certain => Some(true),
            Cond::Ne if is_certain => Some(false),
            Cond::Eq | Cond::Ne => None,
            Cond::ULt => known(high < u, low >= u),
            Cond::ULe => known(high <= u, low > u),
            Cond::UGt => known(low > u, high <= u),
            Cond::UGe => known(low >= u, high < u),
            Cond::SLt => known(shigh < n, slow >= n),
            Cond::SLe => known(shigh <= n, slow > n),
            Cond::SGt => known(slow > n, shigh <= n),
            Cond::SGe => known(slow >= n, shigh < n),
        }
    }
}

fn known(is_true: bool, is_false: bool) -> Option<bool> {
    match (is_true, is_false) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}
