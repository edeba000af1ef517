//! Bits of which it is known that they are zero.
//!
//! Masks and comparisons that change nothing are removed for it, and the kernel's verifier must
//! not miss them. So nothing is known here of results of which it knows nothing (Linux 6.12
//! `kernel/bpf/verifier.c`): of a division (`is_safe_to_compute_dst_reg_range`) and of a packet
//! load (`check_ld_abs`). Byte swaps are the exception: a mask after each would cost more.

use crate::ir::*;
use rustc_hash::FxHashMap;

/// Operands that are looked through.
const MAX_DEPTH: u32 = 6;

/// Bits of `value` that are surely zero. Those above the width of its type count as zero.
pub(super) fn known_zeros(body: &Body, value: Value) -> u64 {
    zeros(body, &FxHashMap::default(), value, MAX_DEPTH)
}

/// Known zero bits of block parameters: what all their arguments have in common.
#[derive(Default)]
pub(super) struct ParamBits(FxHashMap<Value, u64>);

impl ParamBits {
    /// Follows the arguments to a fixed point from above.
    pub(super) fn new(body: &Body, order: &[BlockId]) -> Self {
        let mut bits = FxHashMap::default();
        for &block in &order[1..] {
            bits.extend(body.blocks[block].params.iter().map(|&param| (param, u64::MAX)));
        }
        for _ in 0..MAX_ROUNDS {
            let mut changed = false;
            for &block in order {
                for target in body.blocks[block].term.targets() {
                    let params = &body.blocks[target.block].params;
                    for (&param, &arg) in params.iter().zip(&target.args) {
                        let old = bits.get(&param).copied().unwrap_or(0);
                        if old != 0 {
                            let new = old & zeros(body, &bits, arg, MAX_DEPTH);
                            changed |= new != old;
                            bits.insert(param, new);
                        }
                    }
                }
            }
            if !changed {
                return Self(bits);
            }
        }
        Self::default()
    }

    /// Bits of `value` that are surely zero.
    pub(super) fn known_zeros(&self, body: &Body, value: Value) -> u64 {
        zeros(body, &self.0, value, MAX_DEPTH)
    }
}

/// Rounds over all arguments; each one takes bits away.
const MAX_ROUNDS: usize = 16;

fn zeros(body: &Body, params: &FxHashMap<Value, u64>, value: Value, depth: u32) -> u64 {
    let ty = body.ty(value);
    if ty == Type::Void {
        return 0;
    }
    let outside = !(u64::MAX >> (64 - ty.bits()));
    let Some(depth) = depth.checked_sub(1) else {
        return outside;
    };
    let at = |value: Value| zeros(body, params, value, depth);
    let inside = match body.op(value) {
        Op::Const(n) => !(n as u64),
        Op::Core(core) => core_zeros(body.cores[core].query.kind),
        Op::Param => params.get(&value).copied().unwrap_or(0),
        Op::Compare(..) => !1,
        Op::Load(access) => !access.width.mask(),
        Op::Bswap(_, width) => !width.mask(),
        Op::Zext(a) => at(a),
        Op::Trunc(a) => at(a),
        Op::Sext(a, width) => {
            let known = at(a);
            let sign = 1 << (width.bits() - 1);
            match known & sign != 0 {
                true => known | !(width.mask() >> 1),
                false => known & (sign - 1),
            }
        }
        Op::Binary(op, a, b) => binary(body, op, ty, (a, b), at),
        _ => 0,
    };
    inside | outside
}

fn binary(
    body: &Body,
    op: BinaryOp,
    ty: Type,
    (a, b): (Value, Value),
    at: impl Fn(Value) -> u64,
) -> u64 {
    let count = body.as_const(b).filter(|n| (0..i64::from(ty.bits())).contains(n));
    let width = u64::MAX >> (64 - ty.bits());
    match (op, count) {
        (BinaryOp::And, _) => at(a) | at(b),
        (BinaryOp::Or | BinaryOp::Xor, _) => at(a) & at(b),
        (BinaryOp::Shl, Some(n)) => (at(a) << n) | ((1 << n) - 1),
        (BinaryOp::LShr, Some(n)) => !((!at(a) & width) >> n),
        // The larger of two bounds, and one more bit for the carry.
        (BinaryOp::Add, _) => {
            let above = leading(at(a)) & leading(at(b));
            let below = (at(a) & at(b)).trailing_ones();
            (above << 1 & above) | (1u64.checked_shl(below).unwrap_or(0)).wrapping_sub(1)
        }
        _ => 0,
    }
}

/// The highest bits as far as all are set.
fn leading(bits: u64) -> u64 {
    let n = bits.leading_ones();
    !(u64::MAX.checked_shr(n).unwrap_or(0))
}

/// Answers that are small, whatever the kernel.
fn core_zeros(kind: CoreKind) -> u64 {
    match kind {
        CoreKind::FieldExists
        | CoreKind::FieldSigned
        | CoreKind::TypeExists
        | CoreKind::EnumvalExists
        | CoreKind::TypeMatches => !1,
        CoreKind::FieldLshiftU64 | CoreKind::FieldRshiftU64 => !0x7f,
        CoreKind::FieldByteOffset | CoreKind::FieldByteSize | CoreKind::TypeSize => !0x7fff_ffff,
        CoreKind::TypeIdLocal | CoreKind::TypeIdTarget => !0xffff_ffff,
        CoreKind::EnumvalValue => 0,
    }
}
