//! Comparisons: whether a jump is taken for certain, and what its outcome says of the operands.
//!
//! As precise as `is_scalar_branch_taken` and `regs_refine_cond_op` (Linux 6.18
//! `kernel/bpf/verifier.c`).

use super::{Scalar, Tnum};
use bpfc_isa::{JmpOp, Width};

/// Whether `left op right` holds, if that is certain.
pub fn outcome(width: Width, op: JmpOp, left: &Scalar, right: &Scalar) -> Option<bool> {
    match op {
        JmpOp::Eq => equal(width, left, right),
        JmpOp::Ne => equal(width, left, right).map(|is_equal| !is_equal),
        JmpOp::Set => common_bits(width, left, right),
        JmpOp::Gt | JmpOp::Ge | JmpOp::Lt | JmpOp::Le => {
            let (left, right) = (unsigned(width, left), unsigned(width, right));
            ordered(op, left, right)
        }
        JmpOp::SGt | JmpOp::SGe | JmpOp::SLt | JmpOp::SLe => {
            let (left, right) = (signed(width, left), signed(width, right));
            ordered(op, left, right)
        }
    }
}

/// Narrows both operands to those for which `left op right` is `holds`. The result may be
/// impossible ([`Scalar::is_impossible`]).
pub fn refine(width: Width, op: JmpOp, holds: bool, left: &mut Scalar, right: &mut Scalar) {
    let op = match (holds, op.negated()) {
        (true, _) => op,
        (false, Some(negated)) => negated,
        (false, None) => {
            no_common_bits(width, left, right);
            left.sync();
            right.sync();
            return;
        }
    };
    match op {
        JmpOp::Eq => make_equal(width, left, right),
        JmpOp::Ne => {
            exclude(width, left, right);
            exclude(width, right, left);
        }
        JmpOp::Set => {
            set_bit(width, left, right);
            set_bit(width, right, left);
        }
        JmpOp::Le => at_most(width, left, right, 0),
        JmpOp::Lt => at_most(width, left, right, 1),
        JmpOp::Ge => at_most(width, right, left, 0),
        JmpOp::Gt => at_most(width, right, left, 1),
        JmpOp::SLe => at_most_signed(width, left, right, 0),
        JmpOp::SLt => at_most_signed(width, left, right, 1),
        JmpOp::SGe => at_most_signed(width, right, left, 0),
        JmpOp::SGt => at_most_signed(width, right, left, 1),
    }
    left.sync();
    right.sync();
}

fn unsigned(width: Width, scalar: &Scalar) -> (i128, i128) {
    match width {
        Width::W32 => (scalar.umin32.into(), scalar.umax32.into()),
        Width::W64 => (scalar.umin.into(), scalar.umax.into()),
    }
}

fn signed(width: Width, scalar: &Scalar) -> (i128, i128) {
    match width {
        Width::W32 => (scalar.smin32.into(), scalar.smax32.into()),
        Width::W64 => (scalar.smin.into(), scalar.smax.into()),
    }
}

fn bits(width: Width, scalar: &Scalar) -> Tnum {
    match width {
        Width::W32 => scalar.bits.low(),
        Width::W64 => scalar.bits,
    }
}

fn constant(width: Width, scalar: &Scalar) -> Option<u64> {
    bits(width, scalar).as_constant()
}

fn are_apart(left: (i128, i128), right: (i128, i128)) -> bool {
    left.0 > right.1 || left.1 < right.0
}

fn equal(width: Width, left: &Scalar, right: &Scalar) -> Option<bool> {
    if let (Some(left), Some(right)) = (constant(width, left), constant(width, right)) {
        return Some(left == right);
    }
    // A bit that is known in both and differs.
    let (a, b) = (bits(width, left), bits(width, right));
    let differ = (a.value ^ b.value) & !a.mask & !b.mask != 0;
    let low_differs = width == Width::W64
        && (are_apart(unsigned(Width::W32, left), unsigned(Width::W32, right))
            || are_apart(signed(Width::W32, left), signed(Width::W32, right)));
    let is_apart = differ
        || low_differs
        || are_apart(unsigned(width, left), unsigned(width, right))
        || are_apart(signed(width, left), signed(width, right));
    is_apart.then_some(false)
}

fn common_bits(width: Width, left: &Scalar, right: &Scalar) -> Option<bool> {
    let (scalar, constant) = match (constant(width, left), constant(width, right)) {
        (_, Some(right)) => (left, right),
        (Some(left), None) => (right, left),
        (None, None) => return None,
    };
    let bits = bits(width, scalar);
    if bits.value & constant != 0 {
        Some(true)
    } else if bits.max() & constant == 0 {
        Some(false)
    } else {
        None
    }
}

fn ordered(op: JmpOp, left: (i128, i128), right: (i128, i128)) -> Option<bool> {
    let (is_less, is_greater) = (left.1 < right.0, left.0 > right.1);
    let (is_at_most, is_at_least) = (left.1 <= right.0, left.0 >= right.1);
    let (yes, no) = match op {
        JmpOp::Gt | JmpOp::SGt => (is_greater, is_at_most),
        JmpOp::Ge | JmpOp::SGe => (is_at_least, is_less),
        JmpOp::Lt | JmpOp::SLt => (is_less, is_at_least),
        _ => (is_at_most, is_greater),
    };
    if yes {
        Some(true)
    } else if no {
        Some(false)
    } else {
        None
    }
}

fn make_equal(width: Width, left: &mut Scalar, right: &mut Scalar) {
    let umin32 = left.umin32.max(right.umin32);
    let umax32 = left.umax32.min(right.umax32);
    let smin32 = left.smin32.max(right.smin32);
    let smax32 = left.smax32.min(right.smax32);
    for scalar in [&mut *left, &mut *right] {
        (scalar.umin32, scalar.umax32) = (umin32, umax32);
        (scalar.smin32, scalar.smax32) = (smin32, smax32);
    }
    let both = bits(width, left).intersect(bits(width, right));
    if width == Width::W32 {
        left.bits = left.bits.with_low(both);
        right.bits = right.bits.with_low(both);
        return;
    }
    let (umin, umax) = (left.umin.max(right.umin), left.umax.min(right.umax));
    let (smin, smax) = (left.smin.max(right.smin), left.smax.min(right.smax));
    for scalar in [left, right] {
        (scalar.umin, scalar.umax) = (umin, umax);
        (scalar.smin, scalar.smax) = (smin, smax);
        scalar.bits = both;
    }
}

/// `scalar != other`: says something if `other` is known and an end of a range.
fn exclude(width: Width, scalar: &mut Scalar, other: &Scalar) {
    let Some(value) = constant(width, other) else {
        return;
    };
    match width {
        Width::W32 => {
            let value = value as u32;
            if scalar.umin32 == value {
                scalar.umin32 = value.saturating_add(1);
            }
            if scalar.umax32 == value {
                scalar.umax32 = value.saturating_sub(1);
            }
            if scalar.smin32 == value as i32 {
                scalar.smin32 = (value as i32).saturating_add(1);
            }
            if scalar.smax32 == value as i32 {
                scalar.smax32 = (value as i32).saturating_sub(1);
            }
        }
        Width::W64 => {
            if scalar.umin == value {
                scalar.umin = value.saturating_add(1);
            }
            if scalar.umax == value {
                scalar.umax = value.saturating_sub(1);
            }
            if scalar.smin == value as i64 {
                scalar.smin = (value as i64).saturating_add(1);
            }
            if scalar.smax == value as i64 {
                scalar.smax = (value as i64).saturating_sub(1);
            }
        }
    }
}

/// `scalar & other` is not zero: says something if `other` is a power of two.
fn set_bit(width: Width, scalar: &mut Scalar, other: &Scalar) {
    let bit = constant(width, other).filter(|value| value.is_power_of_two());
    if let Some(bit) = bit {
        let with_bit = bits(width, scalar) | Tnum::constant(bit);
        scalar.bits = match width {
            Width::W32 => scalar.bits.with_low(with_bit),
            Width::W64 => with_bit,
        };
    }
}

/// `left & right` is zero: says something if either is known. The kernel forgets the ranges here,
/// so that it is not misled on a dead path (Linux 6.17).
fn no_common_bits(width: Width, left: &mut Scalar, right: &mut Scalar) {
    let (scalar, value) = match (constant(width, left), constant(width, right)) {
        (_, Some(value)) => (left, value),
        (Some(value), None) => (right, value),
        (None, None) => return,
    };
    let without = bits(width, scalar) & Tnum::constant(!value);
    scalar.forget_ranges64();
    scalar.forget_ranges32();
    scalar.bits = match width {
        Width::W32 => scalar.bits.with_low(without),
        Width::W64 => without,
    };
}

/// `small + gap <= large` as unsigned numbers; `gap` is 0 or 1.
fn at_most(width: Width, small: &mut Scalar, large: &mut Scalar, gap: u32) {
    match width {
        Width::W32 => {
            small.umax32 = small.umax32.min(large.umax32.saturating_sub(gap));
            large.umin32 = large.umin32.max(small.umin32.saturating_add(gap));
        }
        Width::W64 => {
            let gap = u64::from(gap);
            small.umax = small.umax.min(large.umax.saturating_sub(gap));
            large.umin = large.umin.max(small.umin.saturating_add(gap));
        }
    }
}

/// As [`at_most`], signed.
fn at_most_signed(width: Width, small: &mut Scalar, large: &mut Scalar, gap: i32) {
    match width {
        Width::W32 => {
            small.smax32 = small.smax32.min(large.smax32.saturating_sub(gap));
            large.smin32 = large.smin32.max(small.smin32.saturating_add(gap));
        }
        Width::W64 => {
            let gap = i64::from(gap);
            small.smax = small.smax.min(large.smax.saturating_sub(gap));
            large.smin = large.smin.max(small.smin.saturating_add(gap));
        }
    }
}
