//! Integer arithmetic of C on constants, to 128 bits. Values are kept within the range of
//! their type; those of `unsigned __int128` as the `i128` of the same bits.

use crate::hir::{BinaryOp, CompareOp, IntKind};

/// `value` reduced to the range of an integer of `bits` bits.
pub(crate) fn wrap(value: i128, bits: u32, is_signed: bool) -> i128 {
    if bits >= 128 {
        return value;
    }
    let shift = 128 - bits;
    if is_signed {
        (value << shift) >> shift
    } else {
        (((value as u128) << shift) >> shift) as i128
    }
}

/// `value` reduced to the range of `kind`.
pub(crate) fn wrap_kind(value: i128, kind: IntKind) -> i128 {
    wrap(value, kind.bits(), kind.is_signed())
}

/// `a op b` in type `kind`; `None` where C leaves the result undefined and no processor
/// agrees: division by zero, shifts by the width or more.
pub(crate) fn binary(op: BinaryOp, a: i128, b: i128, kind: IntKind) -> Option<i128> {
    let is_wide_unsigned = kind == IntKind::UInt128;
    let value = match op {
        BinaryOp::Add => a.wrapping_add(b),
        BinaryOp::Sub => a.wrapping_sub(b),
        BinaryOp::Mul => a.wrapping_mul(b),
        BinaryOp::Div if b == 0 => return None,
        BinaryOp::Rem if b == 0 => return None,
        BinaryOp::Div if is_wide_unsigned => ((a as u128) / (b as u128)) as i128,
        BinaryOp::Rem if is_wide_unsigned => ((a as u128) % (b as u128)) as i128,
        BinaryOp::Div => a.wrapping_div(b),
        BinaryOp::Rem => a.wrapping_rem(b),
        BinaryOp::And => a & b,
        BinaryOp::Or => a | b,
        BinaryOp::Xor => a ^ b,
        BinaryOp::Shl | BinaryOp::Shr if b < 0 || b >= i128::from(kind.bits()) => return None,
        BinaryOp::Shl => a << b,
        BinaryOp::Shr if is_wide_unsigned => ((a as u128) >> b) as i128,
        BinaryOp::Shr => a >> b,
    };
    Some(wrap_kind(value, kind))
}

/// `a op b` for operands of a type that is signed or not.
pub(crate) fn compare(op: CompareOp, a: i128, b: i128, is_signed: bool) -> bool {
    // Within the range of an unsigned type, only 128-bit values can be negative here.
    let order = if is_signed { a.cmp(&b) } else { (a as u128).cmp(&(b as u128)) };
    match op {
        CompareOp::Eq => order.is_eq(),
        CompareOp::Ne => order.is_ne(),
        CompareOp::Lt => order.is_lt(),
        CompareOp::Le => order.is_le(),
        CompareOp::Gt => order.is_gt(),
        CompareOp::Ge => order.is_ge(),
    }
}

/// `a op b` on floating constants; `None` for operators that have no such operands.
pub(crate) fn float_binary(op: BinaryOp, a: f64, b: f64) -> Option<f64> {
    Some(match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div => a / b,
        _ => return None,
    })
}

/// `a op b` on floating constants.
pub(crate) fn float_compare(op: CompareOp, a: f64, b: f64) -> bool {
    match op {
        CompareOp::Eq => a == b,
        CompareOp::Ne => a != b,
        CompareOp::Lt => a < b,
        CompareOp::Le => a <= b,
        CompareOp::Gt => a > b,
        CompareOp::Ge => a >= b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_to_the_type() {
        assert_eq!(wrap_kind(300, IntKind::UChar), 44);
        assert_eq!(wrap_kind(200, IntKind::SChar), -56);
        assert_eq!(wrap_kind(-1, IntKind::UInt), 0xffff_ffff);
        assert_eq!(wrap_kind(-1, IntKind::ULong), i128::from(u64::MAX));
        assert_eq!(wrap(2, 1, false), 0);
    }

    #[test]
    fn computes_as_c_does() {
        let long = IntKind::Long;
        assert_eq!(binary(BinaryOp::Div, -7, 2, long), Some(-3));
        assert_eq!(binary(BinaryOp::Rem, -7, 2, long), Some(-1));
        assert_eq!(binary(BinaryOp::Div, 1, 0, long), None);
        let min = i128::from(i64::MIN);
        assert_eq!(binary(BinaryOp::Div, min, -1, long), Some(min));
        assert_eq!(binary(BinaryOp::Shr, -8, 1, IntKind::Int), Some(-4));
        assert_eq!(binary(BinaryOp::Shl, 1, 31, IntKind::Int), Some(-0x8000_0000));
        assert_eq!(binary(BinaryOp::Shl, 1, 32, IntKind::Int), None);
        let max = i128::from(u64::MAX);
        assert_eq!(binary(BinaryOp::Mul, max, max, IntKind::ULong), Some(1));
        assert_eq!(binary(BinaryOp::Shr, -1, 64, IntKind::UInt128), Some(max));
        assert!(compare(CompareOp::Gt, -1, 1, false));
        assert!(compare(CompareOp::Lt, -1, 1, true));
    }
}
