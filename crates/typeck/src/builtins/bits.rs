//! Builtins that move bits around: rotations, reversals, counts of any width.

use super::BuiltinCall;
use crate::checker::Checker;
use crate::hir::{
    BinaryOp, Builtin, CompareOp, ExprId, ExprKind, IntKind, PlaceId, PlaceKind, QualType, StmtId,
    StmtKind, TypeId,
};
use bpfc_base::Span;
use bpfc_base::codes::bpf::E0417;
use bpfc_base::codes::types::{E0304, E0306};

/// The unsigned type of `bits` bits.
fn unsigned(bits: u32) -> Option<IntKind> {
    Some(match bits {
        8 => IntKind::UChar,
        16 => IntKind::UShort,
        32 => IntKind::UInt,
        64 => IntKind::ULong,
        _ => return None,
    })
}

/// `rotateleft32` is 32 bits.
fn width_of(name: &str, prefix: &str) -> Option<IntKind> {
    unsigned(name.strip_prefix(prefix)?.parse().ok()?)
}

impl Checker<'_> {
    /// `None` for other names.
    pub fn bit_builtin(&mut self, name: &str, call: &BuiltinCall<'_>) -> Option<ExprId> {
        if let Some(kind) = width_of(name, "rotateleft") {
            return Some(self.rotate(kind, BinaryOp::Shl, BinaryOp::Shr, call));
        }
        if let Some(kind) = width_of(name, "rotateright") {
            return Some(self.rotate(kind, BinaryOp::Shr, BinaryOp::Shl, call));
        }
        if let Some(kind) = width_of(name, "bitreverse") {
            return Some(self.bit_reverse(kind, call));
        }
        Some(match name {
            "clrsb" => self.redundant_sign_bits(IntKind::Int, call),
            "clrsbl" | "clrsbll" => self.redundant_sign_bits(IntKind::Long, call),
            "clzs" => self.short_count(Builtin::Clz, call),
            "ctzs" => self.short_count(Builtin::Ctz, call),
            "clzg" => self.generic_count(Builtin::Clz, call),
            "ctzg" => self.generic_count(Builtin::Ctz, call),
            "popcountg" => self.generic_count(Builtin::Popcount, call),
            _ => return None,
        })
    }

    /// A local with `value` in it, and what fills it.
    fn bound(&mut self, value: ExprId) -> (PlaceId, StmtId) {
        let (ty, span) = (self.type_of(value), self.span_of(value));
        let (local, init) = self.fill_temporary(value);
        (self.place(PlaceKind::Local(local), QualType::plain(ty), span), init)
    }

    fn after(&mut self, stmts: Vec<StmtId>, value: ExprId, span: Span) -> ExprId {
        let ty = self.type_of(value);
        self.value(ExprKind::StmtExpr { stmts, value: Some(value) }, ty, span)
    }

    /// The arguments, converted to `ty`; `None` if they are wrong, or outside a function.
    fn integers(&mut self, call: &BuiltinCall<'_>, n: usize, ty: TypeId) -> Option<Vec<ExprId>> {
        let mut values = self.args_exactly(call, n)?;
        for value in &mut values {
            let (from, span) = (self.type_of(*value), self.span_of(*value));
            if !self.is_integer(from) {
                let shown = self.show(from);
                let message = format!("`{}` takes an integer, found `{shown}`", call.name);
                self.error(E0304, span, message);
                return None;
            }
            *value = self.cast(*value, ty, span);
        }
        Some(values)
    }

    /// `(x << (n & 31)) | (x >> (-n & 31))`
    fn rotate(
        &mut self,
        kind: IntKind,
        there: BinaryOp,
        back: BinaryOp,
        call: &BuiltinCall<'_>,
    ) -> ExprId {
        let span = call.span;
        let ty = self.int_type(kind);
        let Some(values) = self.integers(call, 2, ty) else {
            return self.poison(span);
        };
        if let (Some(x), Some(n)) = (self.const_int(values[0]), self.const_int(values[1])) {
            let bits = kind.bits() as i128;
            let n = if there == BinaryOp::Shl { n % bits } else { -n };
            let n = n.rem_euclid(bits);
            return self.int(x << n | x >> (bits - n), ty, span);
        }
        if self.func.is_none() {
            return self.poison(span);
        }
        let (x, first) = self.bound(values[0]);
        let (n, second) = self.bound(values[1]);
        let (x1, x2) = (self.load(x), self.load(x));
        let (n1, n2) = (self.load(n), self.load(n));
        let n2 = self.value(ExprKind::Neg(n2), ty, span);
        let masked = |this: &mut Self, n| {
            let mask = this.int(i128::from(kind.bits() - 1), ty, span);
            this.arith(BinaryOp::And, n, mask, ty, span)
        };
        let (n1, n2) = (masked(self, n1), masked(self, n2));
        let one = self.arith(there, x1, n1, ty, span);
        let other = self.arith(back, x2, n2, ty, span);
        let both = self.arith(BinaryOp::Or, one, other, ty, span);
        self.after(vec![first, second], both, span)
    }

    /// Swaps neighbouring bits, pairs and fours, then bytes (H. S. Warren, "Hacker's Delight",
    /// 7-1).
    fn bit_reverse(&mut self, kind: IntKind, call: &BuiltinCall<'_>) -> ExprId {
        let span = call.span;
        let ty = self.int_type(kind);
        let Some(values) = self.integers(call, 1, ty) else {
            return self.poison(span);
        };
        if let Some(number) = self.const_int(values[0]) {
            let reversed = (number as u128).reverse_bits() >> (128 - kind.bits());
            return self.int(reversed as i128, ty, span);
        }
        if self.func.is_none() {
            return self.poison(span);
        }
        let (x, init) = self.bound(values[0]);
        let mut stmts = vec![init];
        for (distance, pattern) in [(1, 0x55), (2, 0x33), (4, 0x0f)] {
            let (high, low) = (self.load(x), self.load(x));
            let pattern = i128::from_le_bytes([pattern; 16]);
            let step = |this: &mut Self| this.int(distance, ty, span);
            let mask = |this: &mut Self| this.int(pattern, ty, span);
            let (by, bits) = (step(self), mask(self));
            let high = self.arith(BinaryOp::Shr, high, by, ty, span);
            let high = self.arith(BinaryOp::And, high, bits, ty, span);
            let (by, bits) = (step(self), mask(self));
            let low = self.arith(BinaryOp::And, low, bits, ty, span);
            let low = self.arith(BinaryOp::Shl, low, by, ty, span);
            let value = self.arith(BinaryOp::Or, high, low, ty, span);
            let assign = self.value(ExprKind::Assign { place: x, value }, ty, span);
            stmts.push(self.statement(StmtKind::Expr(assign), span));
        }
        let mut value = self.load(x);
        if kind.bits() > 8 {
            value = self.value(ExprKind::Builtin(Builtin::Bswap, vec![value]), ty, span);
        }
        self.after(stmts, value, span)
    }

    /// Bits below the sign that equal it: the leading zeros of `((x ^ x >> 31) << 1) | 1`.
    fn redundant_sign_bits(&mut self, kind: IntKind, call: &BuiltinCall<'_>) -> ExprId {
        let span = call.span;
        let ty = self.int_type(kind);
        let Some(values) = self.integers(call, 1, ty) else {
            return self.poison(span);
        };
        if let Some(x) = self.const_int(values[0]) {
            let same = (x ^ (x >> 127)).leading_zeros() - (128 - kind.bits()) - 1;
            return self.int(i128::from(same), self.common.int, span);
        }
        if self.func.is_none() {
            return self.poison(span);
        }
        let (place, init) = self.bound(values[0]);
        let (x1, x2) = (self.load(place), self.load(place));
        let by = self.int(i128::from(kind.bits() - 1), ty, span);
        let sign = self.arith(BinaryOp::Shr, x2, by, ty, span);
        let differs = self.arith(BinaryOp::Xor, x1, sign, ty, span);
        let unsigned = self.int_type(kind.to_unsigned());
        let differs = self.cast(differs, unsigned, span);
        let one = self.int(1, unsigned, span);
        let shifted = self.arith(BinaryOp::Shl, differs, one, unsigned, span);
        let one = self.int(1, unsigned, span);
        let filled = self.arith(BinaryOp::Or, shifted, one, unsigned, span);
        let int = self.common.int;
        let count = self.value(ExprKind::Builtin(Builtin::Clz, vec![filled]), int, span);
        self.after(vec![init], count, span)
    }

    /// `clzs` and `ctzs`: of 16 bits.
    fn short_count(&mut self, builtin: Builtin, call: &BuiltinCall<'_>) -> ExprId {
        let short = self.int_type(IntKind::UShort);
        match self.integers(call, 1, short) {
            Some(values) => self.count_of(builtin, values[0], IntKind::UShort, call.span),
            None => self.poison(call.span),
        }
    }

    /// A count of bits of an unsigned integer, computed in at least 32 bits.
    fn count_of(&mut self, builtin: Builtin, x: ExprId, kind: IntKind, span: Span) -> ExprId {
        let wide = if kind.bits() <= 32 { IntKind::UInt } else { IntKind::ULong };
        let (wide_ty, int) = (self.int_type(wide), self.common.int);
        let x = self.cast(x, wide_ty, span);
        let number =
            self.const_int(x).and_then(|x| super::number::fold_bits(builtin, x, wide.bits()));
        let count = match number {
            Some(number) => self.int(number, int, span),
            None => self.value(ExprKind::Builtin(builtin, vec![x]), int, span),
        };
        let extra = if builtin == Builtin::Clz { wide.bits() - kind.bits() } else { 0 };
        let extra = self.int(i128::from(extra), int, span);
        self.arith(BinaryOp::Sub, count, extra, int, span)
    }

    /// `clzg(x)`, or `clzg(x, value for zero)`: of the argument's own width.
    fn generic_count(&mut self, builtin: Builtin, call: &BuiltinCall<'_>) -> ExprId {
        let span = call.span;
        let Some(values) = self.args_at_least(call, 1) else {
            return self.poison(span);
        };
        let x = values[0];
        let shown = self.show(self.type_of(x));
        let kind = self.module.types.int_kind(self.type_of(x)).filter(|kind| !kind.is_signed());
        let Some(kind) = kind else {
            let message = format!("`{}` takes an unsigned integer, found `{shown}`", call.name);
            self.error(E0304, self.span_of(x), message);
            return self.poison(span);
        };
        if unsigned(kind.bits()).is_none() {
            let message = format!("`{}` is not supported for 128-bit integers", call.name);
            self.error(E0417, call.name_span, message);
            return self.poison(span);
        }
        let has_default = values.len() == 2 && builtin != Builtin::Popcount;
        if values.len() > 1 && !has_default {
            let message = format!("`{}` takes fewer arguments", call.name);
            self.error(E0306, call.name_span, message);
            return self.poison(span);
        }
        if !has_default {
            return self.count_of(builtin, x, kind, span);
        }
        let int = self.common.int;
        let default_span = self.span_of(values[1]);
        let otherwise = self.cast(values[1], int, default_span);
        if self.const_int(x) == Some(0) {
            return otherwise;
        }
        if self.func.is_none() {
            return self.count_of(builtin, x, kind, span);
        }
        let ty = self.type_of(x);
        let (place, init) = self.bound(x);
        let (a, b) = (self.load(place), self.load(place));
        let zero = self.int(0, ty, span);
        let cond = self.compare(CompareOp::Ne, a, zero, span);
        let then = self.count_of(builtin, b, kind, span);
        let chosen = self.value(ExprKind::Conditional { cond, then, otherwise }, int, span);
        self.after(vec![init], chosen, span)
    }
}
