//! Builtins on integers: byte swaps, bit counts, absolute values.

use super::BuiltinCall;
use crate::checker::Checker;
use crate::fold;
use crate::hir::{BinaryOp, Builtin, CompareOp, ExprId, ExprKind, IntKind, PlaceKind, QualType};
use bpfc_base::codes::types::E0304;

/// What a builtin on one integer does.
#[derive(Clone, Copy)]
struct NumberBuiltin {
    builtin: Builtin,
    arg: IntKind,
    /// Whether the result has the argument's type; `int` otherwise.
    keeps_type: bool,
}

fn number_builtin(name: &str) -> Option<NumberBuiltin> {
    let (builtin, arg, keeps_type) = match name {
        "bswap16" => (Builtin::Bswap, IntKind::UShort, true),
        "bswap32" => (Builtin::Bswap, IntKind::UInt, true),
        "bswap64" => (Builtin::Bswap, IntKind::ULong, true),
        "clz" => (Builtin::Clz, IntKind::UInt, false),
        "clzl" | "clzll" => (Builtin::Clz, IntKind::ULong, false),
        "ctz" => (Builtin::Ctz, IntKind::UInt, false),
        "ctzl" | "ctzll" => (Builtin::Ctz, IntKind::ULong, false),
        "popcount" => (Builtin::Popcount, IntKind::UInt, false),
        "popcountl" | "popcountll" => (Builtin::Popcount, IntKind::ULong, false),
        "ffs" => (Builtin::Ffs, IntKind::Int, false),
        "ffsl" | "ffsll" => (Builtin::Ffs, IntKind::Long, false),
        _ => return None,
    };
    Some(NumberBuiltin { builtin, arg, keeps_type })
}

impl Checker<'_> {
    pub fn number_builtin(&mut self, name: &str, call: &BuiltinCall<'_>) -> Option<ExprId> {
        if matches!(name, "abs" | "labs" | "llabs") {
            return Some(self.abs(name, call));
        }
        if matches!(name, "parity" | "parityl" | "parityll") {
            return Some(self.parity(name, call));
        }
        let known = number_builtin(name)?;
        Some(self.count_bits(known, call))
    }

    fn count_bits(&mut self, known: NumberBuiltin, call: &BuiltinCall<'_>) -> ExprId {
        let ty = self.int_type(known.arg);
        let Some(value) = self.one_integer(call, ty) else {
            return self.poison(call.span);
        };
        let ret = if known.keeps_type { ty } else { self.common.int };
        if let Some(number) = self.const_int(value)
            && let Some(result) = fold_bits(known.builtin, number, known.arg.bits())
        {
            return self.int(result, ret, call.span);
        }
        self.value(ExprKind::Builtin(known.builtin, vec![value]), ret, call.span)
    }

    /// The only argument, converted to integer type `ty`.
    fn one_integer(&mut self, call: &BuiltinCall<'_>, ty: crate::hir::TypeId) -> Option<ExprId> {
        let values = self.args_exactly(call, 1)?;
        let (value, span) = (values[0], self.span_of(values[0]));
        if !self.is_integer(self.type_of(value)) {
            let shown = self.show(self.type_of(value));
            self.error(E0304, span, format!("`{}` takes an integer, found `{shown}`", call.name));
            return None;
        }
        Some(self.cast(value, ty, span))
    }

    fn parity(&mut self, name: &str, call: &BuiltinCall<'_>) -> ExprId {
        let kind = if name == "parity" { IntKind::UInt } else { IntKind::ULong };
        let known = NumberBuiltin { builtin: Builtin::Popcount, arg: kind, keeps_type: false };
        let count = self.count_bits(known, call);
        let one = self.int(1, self.common.int, call.span);
        self.arith(BinaryOp::And, count, one, self.common.int, call.span)
    }

    /// `x < 0 ? -x : x`, evaluated once.
    fn abs(&mut self, name: &str, call: &BuiltinCall<'_>) -> ExprId {
        let ty = self.int_type(match name {
            "abs" => IntKind::Int,
            "labs" => IntKind::Long,
            _ => IntKind::LongLong,
        });
        let span = call.span;
        let Some(value) = self.one_integer(call, ty) else {
            return self.poison(span);
        };
        if let Some(number) = self.const_int(value) {
            return self.int(number.abs(), ty, span);
        }
        if self.func.is_none() {
            return self.poison(span);
        }
        let (local, init) = self.fill_temporary(value);
        let place = self.place(PlaceKind::Local(local), QualType::plain(ty), span);
        let (a, b, c) = (self.load(place), self.load(place), self.load(place));
        let zero = self.int(0, ty, span);
        let cond = self.compare(CompareOp::Lt, a, zero, span);
        let then = self.value(ExprKind::Neg(b), ty, span);
        let chosen = ExprKind::Conditional { cond, then, otherwise: c };
        let chosen = self.value(chosen, ty, span);
        self.value(ExprKind::StmtExpr { stmts: vec![init], value: Some(chosen) }, ty, span)
    }
}

/// The builtin on the constant `number` of `bits` bits; `None` where it is undefined.
pub(super) fn fold_bits(builtin: Builtin, number: i128, bits: u32) -> Option<i128> {
    let number = fold::wrap(number, bits, false) as u128;
    Some(match builtin {
        Builtin::Bswap => (number.swap_bytes() >> (128 - bits)) as i128,
        Builtin::Clz if number != 0 => i128::from(number.leading_zeros() - (128 - bits)),
        Builtin::Ctz if number != 0 => i128::from(number.trailing_zeros()),
        Builtin::Popcount => i128::from(number.count_ones()),
        Builtin::Ffs if number == 0 => 0,
        Builtin::Ffs => i128::from(number.trailing_zeros() + 1),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds() {
        assert_eq!(fold_bits(Builtin::Bswap, 0x1234, 16), Some(0x3412));
        assert_eq!(fold_bits(Builtin::Bswap, 0x0102_0304, 32), Some(0x0403_0201));
        assert_eq!(fold_bits(Builtin::Clz, 1, 32), Some(31));
        assert_eq!(fold_bits(Builtin::Clz, 0, 32), None);
        assert_eq!(fold_bits(Builtin::Ctz, 8, 64), Some(3));
        assert_eq!(fold_bits(Builtin::Ffs, 0, 32), Some(0));
        assert_eq!(fold_bits(Builtin::Popcount, -1, 32), Some(32));
    }
}
