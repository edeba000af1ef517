//! Arithmetic on [`Scalar`]s, as precise as `adjust_scalar_min_max_vals` (Linux 6.18
//! `kernel/bpf/verifier.c`).

use super::{Scalar, Tnum};
use bpfc_isa::{AluOp, SwapBits, Width};

/// What `dst op src` may be. [`AluOp::Mov`] gives `src`. Results of 32-bit operations are
/// zero-extended, but where nothing is known of the result, nothing is known of its high half
/// either, as in the kernel.
pub fn alu(width: Width, op: AluOp, dst: Scalar, src: Scalar) -> Scalar {
    let shift = match width {
        Width::W32 => src.as_constant32().map(u64::from),
        Width::W64 => src.as_constant(),
    };
    let shift = shift.filter(|&by| by < u64::from(width.bits()));
    let mut result = dst;
    match (op, shift) {
        (AluOp::Mov, _) => result = src,
        (AluOp::Add, _) => add(&mut result, &src),
        (AluOp::Sub, _) => sub(&mut result, &src),
        (AluOp::Mul, _) => mul(&mut result, &src),
        (AluOp::And, _) => and(&mut result, &src),
        (AluOp::Or, _) => or(&mut result, &src),
        (AluOp::Xor, _) => xor(&mut result, &src),
        (AluOp::Lsh, Some(by)) => lsh(&mut result, by as u32, width),
        (AluOp::Rsh, Some(by)) => rsh(&mut result, by as u32, width),
        (AluOp::Arsh, Some(by)) => arsh(&mut result, by as u32, width),
        // The kernel does not follow shifts by unknown counts, nor divisions.
        _ => return Scalar::UNKNOWN,
    }
    match width {
        Width::W32 => result.zero_extend32(),
        Width::W64 => result.sync(),
    }
    result
}

/// What the low `bits` of `dst` may be, in reverse order of bytes if it `reverses`, zero-extended (`scalar_byte_swap`,
/// Linux 6.18 stable).
pub fn swap(dst: Scalar, bits: SwapBits, reverses: bool) -> Scalar {
    let n_bytes = match bits {
        SwapBits::B16 => 2,
        SwapBits::B32 => 4,
        SwapBits::B64 => 8,
    };
    let mut result = dst;
    if reverses {
        let swap = |number: u64| number.swap_bytes() >> (64 - 8 * n_bytes);
        result = Scalar::UNKNOWN;
        result.bits = Tnum { value: swap(dst.bits.value), mask: swap(dst.bits.mask) };
        result.sync();
    }
    result.truncate(n_bytes);
    result
}

/// What `known + distance` may be, for numbers that are linked: without what addition forgets where it may wrap, but of 32
/// bits if the link `is_narrow`.
pub fn displace(known: Scalar, distance: Scalar, is_narrow: bool) -> Scalar {
    let mut result = known;
    add(&mut result, &distance);
    match is_narrow {
        true => result.zero_extend32(),
        false => result.sync(),
    }
    result
}

/// What `-dst` may be.
pub fn neg(width: Width, dst: Scalar) -> Scalar {
    alu(width, AluOp::Sub, Scalar::ZERO, dst)
}

fn add(dst: &mut Scalar, src: &Scalar) {
    (dst.smin, dst.smax) =
        both(dst.smin.checked_add(src.smin), dst.smax.checked_add(src.smax), (i64::MIN, i64::MAX));
    (dst.smin32, dst.smax32) = both(
        dst.smin32.checked_add(src.smin32),
        dst.smax32.checked_add(src.smax32),
        (i32::MIN, i32::MAX),
    );
    // An unsigned range stays one if no sum wraps, or if all do.
    let (min, min_wraps) = dst.umin.overflowing_add(src.umin);
    let (max, max_wraps) = dst.umax.overflowing_add(src.umax);
    (dst.umin, dst.umax) = if min_wraps == max_wraps { (min, max) } else { (0, u64::MAX) };
    let (min, min_wraps) = dst.umin32.overflowing_add(src.umin32);
    let (max, max_wraps) = dst.umax32.overflowing_add(src.umax32);
    (dst.umin32, dst.umax32) = if min_wraps == max_wraps { (min, max) } else { (0, u32::MAX) };
    dst.bits = dst.bits + src.bits;
}

fn sub(dst: &mut Scalar, src: &Scalar) {
    (dst.smin, dst.smax) =
        both(dst.smin.checked_sub(src.smax), dst.smax.checked_sub(src.smin), (i64::MIN, i64::MAX));
    (dst.smin32, dst.smax32) = both(
        dst.smin32.checked_sub(src.smax32),
        dst.smax32.checked_sub(src.smin32),
        (i32::MIN, i32::MAX),
    );
    let (min, min_wraps) = dst.umin.overflowing_sub(src.umax);
    let (max, max_wraps) = dst.umax.overflowing_sub(src.umin);
    (dst.umin, dst.umax) = if min_wraps == max_wraps { (min, max) } else { (0, u64::MAX) };
    let (min, min_wraps) = dst.umin32.overflowing_sub(src.umax32);
    let (max, max_wraps) = dst.umax32.overflowing_sub(src.umin32);
    (dst.umin32, dst.umax32) = if min_wraps == max_wraps { (min, max) } else { (0, u32::MAX) };
    dst.bits = dst.bits - src.bits;
}

fn mul(dst: &mut Scalar, src: &Scalar) {
    (dst.umin, dst.umax) =
        both(dst.umin.checked_mul(src.umin), dst.umax.checked_mul(src.umax), (0, u64::MAX));
    (dst.umin32, dst.umax32) =
        both(dst.umin32.checked_mul(src.umin32), dst.umax32.checked_mul(src.umax32), (0, u32::MAX));
    let products = [
        dst.smin.checked_mul(src.smin),
        dst.smin.checked_mul(src.smax),
        dst.smax.checked_mul(src.smin),
        dst.smax.checked_mul(src.smax),
    ];
    (dst.smin, dst.smax) = span_of(products, (i64::MIN, i64::MAX));
    let products = [
        dst.smin32.checked_mul(src.smin32),
        dst.smin32.checked_mul(src.smax32),
        dst.smax32.checked_mul(src.smin32),
        dst.smax32.checked_mul(src.smax32),
    ];
    (dst.smin32, dst.smax32) = span_of(products, (i32::MIN, i32::MAX));
    dst.bits = dst.bits * src.bits;
}

fn and(dst: &mut Scalar, src: &Scalar) {
    let (umax, umax32) = (dst.umax.min(src.umax), dst.umax32.min(src.umax32));
    dst.bits = dst.bits & src.bits;
    unsigned_ranges(dst, (dst.bits.value, umax), (dst.bits.value as u32, umax32));
}

fn or(dst: &mut Scalar, src: &Scalar) {
    let (umin, umin32) = (dst.umin.max(src.umin), dst.umin32.max(src.umin32));
    dst.bits = dst.bits | src.bits;
    let max = dst.bits.max();
    unsigned_ranges(dst, (umin, max), (umin32, max as u32));
}

fn xor(dst: &mut Scalar, src: &Scalar) {
    dst.bits = dst.bits ^ src.bits;
    let (min, max) = (dst.bits.min(), dst.bits.max());
    unsigned_ranges(dst, (min, max), (min as u32, max as u32));
}

/// Sets the unsigned ranges; the signed ones follow where the sign is known.
fn unsigned_ranges(dst: &mut Scalar, (min, max): (u64, u64), (min32, max32): (u32, u32)) {
    dst.forget_ranges64();
    dst.forget_ranges32();
    (dst.umin, dst.umax) = (min, max);
    (dst.umin32, dst.umax32) = (min32, max32);
}

fn lsh(dst: &mut Scalar, by: u32, width: Width) {
    let old = *dst;
    dst.forget_ranges64();
    dst.forget_ranges32();
    if by < 32 && old.umax32 <= u32::MAX >> by {
        dst.umin32 = old.umin32 << by;
        dst.umax32 = old.umax32 << by;
    }
    if width == Width::W32 {
        dst.bits = dst.bits.low() << by;
        return;
    }
    if by == 32 {
        // Half of a sign extension: the signed range of the low half survives.
        dst.smin = i64::from(old.smin32) << 32;
        dst.smax = i64::from(old.smax32) << 32;
    }
    if old.umax <= u64::MAX >> by {
        dst.umin = old.umin << by;
        dst.umax = old.umax << by;
    }
    dst.bits = dst.bits << by;
}

fn rsh(dst: &mut Scalar, by: u32, width: Width) {
    let old = *dst;
    dst.forget_ranges64();
    dst.forget_ranges32();
    if width == Width::W32 {
        dst.bits = dst.bits.low() >> by;
        dst.umin32 = old.umin32 >> by;
        dst.umax32 = old.umax32 >> by;
    } else {
        dst.bits = dst.bits >> by;
        dst.umin = old.umin >> by;
        dst.umax = old.umax >> by;
    }
}

fn arsh(dst: &mut Scalar, by: u32, width: Width) {
    let old = *dst;
    dst.forget_ranges64();
    dst.forget_ranges32();
    dst.bits = dst.bits.sar(by, width.bits());
    if width == Width::W32 {
        dst.smin32 = old.smin32 >> by;
        dst.smax32 = old.smax32 >> by;
    } else {
        dst.smin = old.smin >> by;
        dst.smax = old.smax >> by;
    }
}

/// The range, if both ends are numbers.
fn both<T>(min: Option<T>, max: Option<T>, unknown: (T, T)) -> (T, T) {
    match (min, max) {
        (Some(min), Some(max)) => (min, max),
        _ => unknown,
    }
}

/// From the least to the greatest, if all are numbers.
fn span_of<T: Ord + Copy>(products: [Option<T>; 4], unknown: (T, T)) -> (T, T) {
    let [Some(a), Some(b), Some(c), Some(d)] = products else {
        return unknown;
    };
    (a.min(b).min(c.min(d)), a.max(b).max(c.max(d)))
}
