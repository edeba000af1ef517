//! Bounds of numbers, as both kinds of numbers, and how operations change them.
//!
//! Operations of which the kernel's verifier knows nothing (division, swapped bytes) give no
//! bounds here either, so that nothing is left out that it needs.

use crate::ir::{BinaryOp, Cond, Type, Width};

/// Bounds of a value; both are inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    /// As an unsigned number of the type's width.
    pub(super) unsigned: (u64, u64),
    /// As a signed one.
    pub(super) signed: (i64, i64),
}

impl Range {
    /// Any number of the type.
    pub(super) fn full(ty: Type) -> Self {
        let sign = i64::MAX >> (64 - ty.bits());
        Self { unsigned: (0, mask(ty)), signed: (-sign - 1, sign) }
    }

    /// One number.
    pub(super) fn constant(ty: Type, n: i64) -> Self {
        let n = ty.wrap(n);
        Self { unsigned: (n as u64 & mask(ty), n as u64 & mask(ty)), signed: (n, n) }
    }

    /// Numbers from 0 to `high`, which the type can hold.
    pub(super) fn up_to(ty: Type, high: u64) -> Self {
        Self { unsigned: (0, high.min(mask(ty))), ..Self::full(ty) }.agree(ty)
    }

    /// The number, if it is only one.
    pub(super) fn as_const(self) -> Option<i64> {
        (self.signed.0 == self.signed.1).then_some(self.signed.0)
    }

    /// True if no number is left: control does not come here.
    pub(super) fn is_empty(self) -> bool {
        self.unsigned.0 > self.unsigned.1 || self.signed.0 > self.signed.1
    }

    /// Never negative.
    pub(super) fn is_natural(self) -> bool {
        self.signed.0 >= 0
    }

    /// What either may be.
    pub(super) fn join(self, other: Self, ty: Type) -> Self {
        Self {
            unsigned: (
                self.unsigned.0.min(other.unsigned.0),
                self.unsigned.1.max(other.unsigned.1),
            ),
            signed: (self.signed.0.min(other.signed.0), self.signed.1.max(other.signed.1)),
        }
        .agree(ty)
    }

    /// What is known of the one kind of number, said of the other too.
    pub(super) fn agree(mut self, ty: Type) -> Self {
        let sign = i64::MAX as u64 >> (64 - ty.bits());
        let extend = |n: u64| ty.wrap(n as i64);
        let (low, high) = self.unsigned;
        if low <= high && (high <= sign || low > sign) {
            self.signed = (self.signed.0.max(extend(low)), self.signed.1.min(extend(high)));
        }
        let (low, high) = self.signed;
        if low <= high && (low >= 0 || high < 0) {
            let (low, high) = (low as u64 & mask(ty), high as u64 & mask(ty));
            self.unsigned = (self.unsigned.0.max(low), self.unsigned.1.min(high));
        }
        self
    }

    /// What is left where `self cond other` holds.
    pub(super) fn restrict(mut self, cond: Cond, other: Self, ty: Type) -> Self {
        let (low, high) = &mut self.unsigned;
        let (slow, shigh) = &mut self.signed;
        match cond {
            Cond::Eq => {
                (*low, *high) = ((*low).max(other.unsigned.0), (*high).min(other.unsigned.1));
                (*slow, *shigh) = ((*slow).max(other.signed.0), (*shigh).min(other.signed.1));
            }
            Cond::Ne => {
                // Only a bound can be taken away.
                if let Some(n) = other.as_const() {
                    let u = n as u64 & mask(ty);
                    *low += u64::from(*low == u && *low < *high);
                    *high -= u64::from(*high == u && *low < *high);
                    *slow += i64::from(*slow == n && *slow < *shigh);
                    *shigh -= i64::from(*shigh == n && *slow < *shigh);
                }
            }
            Cond::ULt => *high = (*high).min(other.unsigned.1.saturating_sub(1)),
            Cond::ULe => *high = (*high).min(other.unsigned.1),
            Cond::UGt => *low = (*low).max(other.unsigned.0.saturating_add(1)),
            Cond::UGe => *low = (*low).max(other.unsigned.0),
            Cond::SLt => *shigh = (*shigh).min(other.signed.1.saturating_sub(1)),
            Cond::SLe => *shigh = (*shigh).min(other.signed.1),
            Cond::SGt => *slow = (*slow).max(other.signed.0.saturating_add(1)),
            Cond::SGe => *slow = (*slow).max(other.signed.0),
        }
        self.agree(ty)
    }

    /// Whether `self cond other` holds, if that is sure.
    pub(super) fn decide(self, cond: Cond, other: Self) -> Option<bool> {
        if self.is_empty() || other.is_empty() {
            return None;
        }
        let (low, high) = (self.unsigned, other.unsigned);
        let (slow, shigh) = (self.signed, other.signed);
        let known = |is_true: bool, is_false: bool| match (is_true, is_false) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        };
        let is_apart = low.1 < high.0 || high.1 < low.0 || slow.1 < shigh.0 || shigh.1 < slow.0;
        let is_same = self.as_const().is_some() && self.as_const() == other.as_const();
        match cond {
            Cond::Eq => known(is_same, is_apart),
            Cond::Ne => known(is_apart, is_same),
            Cond::ULt => known(low.1 < high.0, low.0 >= high.1),
            Cond::ULe => known(low.1 <= high.0, low.0 > high.1),
            Cond::UGt => known(low.0 > high.1, low.1 <= high.0),
            Cond::UGe => known(low.0 >= high.1, low.1 < high.0),
            Cond::SLt => known(slow.1 < shigh.0, slow.0 >= shigh.1),
            Cond::SLe => known(slow.1 <= shigh.0, slow.0 > shigh.1),
            Cond::SGt => known(slow.0 > shigh.1, slow.1 <= shigh.0),
            Cond::SGe => known(slow.0 >= shigh.1, slow.1 < shigh.0),
        }
    }

    /// The result of an operation on two numbers of type `ty`.
    pub(super) fn binary(op: BinaryOp, a: Self, b: Self, ty: Type) -> Self {
        if let (Some(x), Some(y)) = (a.as_const(), b.as_const()) {
            return Self::constant(ty, op.eval(ty, x, y));
        }
        let full = Self::full(ty);
        let count = b.as_const().and_then(|n| u32::try_from(n).ok()).filter(|&n| n < ty.bits());
        let (mut unsigned, mut signed) = (None, None);
        match op {
            BinaryOp::Add => {
                unsigned = ends(a.unsigned, b.unsigned, u64::checked_add);
                signed = ends(a.signed, b.signed, i64::checked_add);
            }
            BinaryOp::Sub => {
                unsigned = ends(a.unsigned, (b.unsigned.1, b.unsigned.0), u64::checked_sub);
                signed = ends(a.signed, (b.signed.1, b.signed.0), i64::checked_sub);
            }
            BinaryOp::Mul => unsigned = ends(a.unsigned, b.unsigned, u64::checked_mul),
            BinaryOp::And => unsigned = Some((0, a.unsigned.1.min(b.unsigned.1))),
            BinaryOp::Or | BinaryOp::Xor => {
                let low = if op == BinaryOp::Or { a.unsigned.0.max(b.unsigned.0) } else { 0 };
                unsigned = Some((low, up_to_ones(a.unsigned.1 | b.unsigned.1)));
            }
            BinaryOp::Shl => {
                unsigned = count.and_then(|n| {
                    let times = 1u64.checked_shl(n)?;
                    ends(a.unsigned, (times, times), u64::checked_mul)
                });
            }
            BinaryOp::LShr => {
                unsigned = count.map(|n| (a.unsigned.0 >> n, a.unsigned.1 >> n));
            }
            BinaryOp::AShr => signed = count.map(|n| (a.signed.0 >> n, a.signed.1 >> n)),
            _ => {}
        }
        let fits_unsigned = |&(_, high): &(u64, u64)| high <= mask(ty);
        let fits_signed = |&(low, high): &(i64, i64)| low >= full.signed.0 && high <= full.signed.1;
        Self {
            unsigned: unsigned.filter(fits_unsigned).unwrap_or(full.unsigned),
            signed: signed.filter(fits_signed).unwrap_or(full.signed),
        }
        .agree(ty)
    }

    /// An `i32` as an `i64`, with zeros above.
    pub(super) fn zext(self) -> Self {
        Self { unsigned: self.unsigned, ..Self::full(Type::I64) }.agree(Type::I64)
    }

    /// The lower half of an `i64`.
    pub(super) fn trunc(self) -> Self {
        let mut half = Self::full(Type::I32);
        if self.unsigned.1 <= half.unsigned.1 {
            half.unsigned = self.unsigned;
        }
        if self.signed.0 >= half.signed.0 && self.signed.1 <= half.signed.1 {
            half.signed = self.signed;
        }
        half.agree(Type::I32)
    }

    /// The low bits with their sign, as a number of type `ty`.
    pub(super) fn sext(self, width: Width, ty: Type) -> Self {
        let sign = i64::MAX >> (64 - width.bits());
        let fits = self.signed.0 >= -sign - 1 && self.signed.1 <= sign;
        let signed = if fits { self.signed } else { (-sign - 1, sign) };
        Self { signed, ..Self::full(ty) }.agree(ty)
    }
}

/// The operation on the lower ends and on the upper ones, unless either overflows.
fn ends<N: Copy>(a: (N, N), b: (N, N), op: fn(N, N) -> Option<N>) -> Option<(N, N)> {
    op(a.0, b.0).zip(op(a.1, b.1))
}

fn mask(ty: Type) -> u64 {
    u64::MAX >> (64 - ty.bits())
}

/// The smallest number of ones only that is not below `n`.
fn up_to_ones(n: u64) -> u64 {
    u64::MAX.checked_shr(n.leading_zeros()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All ranges between the ends of 5-bit numbers, in the place of those of a type.
    fn samples(ty: Type) -> Vec<Range> {
        let edges: Vec<i64> = match ty {
            Type::I32 => vec![i64::from(i32::MIN), -2, -1, 0, 1, 7, i64::from(i32::MAX)],
            _ => vec![i64::MIN, -2, -1, 0, 1, 7, 0xffff_ffff, i64::MAX],
        };
        let mut all = Vec::new();
        for &a in &edges {
            for &b in edges.iter().filter(|&&b| b >= a) {
                all.push(Range { signed: (a, b), ..Range::full(ty) }.agree(ty));
            }
        }
        all
    }

    fn members(range: Range, ty: Type) -> Vec<i64> {
        let (low, high) = range.signed;
        let mut all: Vec<i64> = (0..3)
            .flat_map(|n: i64| [low.saturating_add(n), high.saturating_sub(n)])
            .chain([-1, 0, 1])
            .collect();
        all.retain(|&n| has(range, n, ty));
        all
    }

    fn has(range: Range, n: i64, ty: Type) -> bool {
        let u = n as u64 & mask(ty);
        (range.unsigned.0..=range.unsigned.1).contains(&u)
            && (range.signed.0..=range.signed.1).contains(&n)
    }

    #[test]
    fn results_are_inside() {
        for ty in [Type::I32, Type::I64] {
            for a in samples(ty) {
                for b in samples(ty) {
                    for &op in BinaryOp::ALL {
                        let range = Range::binary(op, a, b, ty);
                        for x in members(a, ty) {
                            for y in members(b, ty) {
                                let n = ty.wrap(op.eval(ty, x, y));
                                assert!(has(range, n, ty), "{op:?} {x} {y}: {n} not in {range:?}");
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn comparisons_are_right() {
        for ty in [Type::I32, Type::I64] {
            for a in samples(ty) {
                for b in samples(ty) {
                    for &cond in Cond::ALL {
                        let decided = a.decide(cond, b);
                        let left = a.restrict(cond, b, ty);
                        for x in members(a, ty) {
                            for y in members(b, ty) {
                                let holds = cond.eval(x, y);
                                assert!(decided.is_none_or(|decided| decided == holds));
                                assert!(!holds || has(left, x, ty), "{a:?} {cond:?} {b:?}");
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn conversions_are_inside() {
        for a in samples(Type::I64) {
            for n in members(a, Type::I64) {
                assert!(has(a.trunc(), Type::I32.wrap(n), Type::I32));
                assert!(has(a.sext(Width::W16, Type::I64), i64::from(n as i16), Type::I64));
            }
        }
        for a in samples(Type::I32) {
            for n in members(a, Type::I32) {
                assert!(has(a.zext(), i64::from(n as u32), Type::I64));
                assert!(has(a.sext(Width::W32, Type::I64), n, Type::I64));
                assert!(has(a.sext(Width::W8, Type::I32), i64::from(n as i8), Type::I32));
            }
        }
    }
}
