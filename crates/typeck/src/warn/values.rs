//! Integers: comparisons of different signs, conversions that lose something, and operations
//! whose result is known to be wrong.

use super::is_from_macro;
use crate::checker::Checker;
use crate::hir::{BinaryOp, CompareOp, ExprId, ExprKind, PlaceId, PlaceKind, TypeId};
use bpfc_base::codes::types::{W0311, W0314, W0315, W0316, W0328, W0329, W0330, W0331, W0337};
use bpfc_base::{Diagnostic, Span};

/// What values an integer expression can have: those of an integer of so many bits.
#[derive(Clone, Copy, Debug)]
struct Range {
    bits: u32,
    is_negative: bool,
}

impl Range {
    fn join(self, other: Range) -> Range {
        let is_negative = self.is_negative || other.is_negative;
        // A sign takes a bit.
        let bits = |range: Range| range.bits + u32::from(is_negative && !range.is_negative);
        Range { bits: bits(self).max(bits(other)), is_negative }
    }
}

/// How deep an expression is looked into for its range.
const MAX_RANGE_DEPTH: u32 = 32;

impl Checker<'_> {
    fn range(&self, expr: ExprId, depth: u32) -> Range {
        let ty = self.body.exprs[expr].ty;
        let (bits, is_signed) = match self.is_bool(ty) {
            true => (1, false),
            false => self.int_shape(ty).unwrap_or((64, true)),
        };
        let all = Range { bits, is_negative: is_signed };
        if depth > MAX_RANGE_DEPTH {
            return all;
        }
        let inner = |expr: ExprId| self.range(expr, depth + 1);
        let found = match self.body.exprs[expr].kind {
            ExprKind::Int(value) if value >= 0 => {
                Range { bits: 128 - value.leading_zeros(), is_negative: false }
            }
            ExprKind::Int(value) => {
                Range { bits: 129 - (!value).leading_zeros(), is_negative: true }
            }
            ExprKind::Cast(from) if self.is_integer(self.type_of(from)) => {
                let from = inner(from);
                let fits = from.bits < bits || from.bits == bits && from.is_negative == is_signed;
                match fits && (is_signed || !from.is_negative) {
                    true => from,
                    false => all,
                }
            }
            ExprKind::Load(place) => match self.bit_field(place) {
                Some(width) => Range { bits: width, is_negative: is_signed },
                None => all,
            },
            ExprKind::Compare(..)
            | ExprKind::Not(_)
            | ExprKind::LogAnd(..)
            | ExprKind::LogOr(..) => Range { bits: 1, is_negative: false },
            ExprKind::Binary(op, a, b) => self.range_of_binary(op, inner(a), inner(b), b, all),
            ExprKind::Conditional { then, otherwise, .. } => inner(then).join(inner(otherwise)),
            ExprKind::Comma(_, right) => inner(right),
            ExprKind::StmtExpr { value: Some(value), .. } => inner(value),
            ExprKind::Assign { value, .. } => inner(value),
            _ => all,
        };
        Range { bits: found.bits.min(bits), ..found }
    }

    /// How many bits the values of an integer expression need.
    pub(super) fn value_bits(&self, expr: ExprId) -> u32 {
        self.range(expr, 0).bits
    }

    /// Whether an integer expression may be below zero.
    pub(super) fn may_be_negative(&self, expr: ExprId) -> bool {
        self.range(expr, 0).is_negative
    }

    fn range_of_binary(
        &self,
        op: BinaryOp,
        a: Range,
        b: Range,
        right: ExprId,
        all: Range,
    ) -> Range {
        match op {
            BinaryOp::And => match (a.is_negative, b.is_negative) {
                (false, false) => Range { bits: a.bits.min(b.bits), is_negative: false },
                (false, true) => a,
                (true, false) => b,
                (true, true) => a.join(b),
            },
            BinaryOp::Or | BinaryOp::Xor => a.join(b),
            BinaryOp::Rem if !a.is_negative && !b.is_negative => {
                Range { bits: a.bits.min(b.bits), is_negative: false }
            }
            BinaryOp::Div if !a.is_negative && !b.is_negative => a,
            BinaryOp::Shr => match self.const_int(right) {
                Some(count) if !a.is_negative && count >= 0 => {
                    let count = u32::try_from(count).unwrap_or(128);
                    Range { bits: a.bits.saturating_sub(count), is_negative: false }
                }
                _ => a,
            },
            _ => all,
        }
    }

    /// A comparison of two operands; beside each the type that it has before promotion.
    pub(crate) fn warn_comparison(
        &mut self,
        op: CompareOp,
        operands: [(ExprId, TypeId); 2],
        span: Span,
    ) {
        let [(a, _), (b, _)] = operands;
        let (ta, tb) = (self.type_of(a), self.type_of(b));
        if self.is_poison(a) || self.is_poison(b) || !self.is_integer(ta) || !self.is_integer(tb) {
            return;
        }
        let common = self.usual_arithmetic(ta, tb);
        self.warn_sign_compare(op, a, b, common, span);
        self.warn_out_of_range(op, operands, common, span);
    }

    /// `-Wsign-compare`: `a` and `b` are the operands of a comparison before the usual
    /// arithmetic conversions to `ty`.
    fn warn_sign_compare(&mut self, op: CompareOp, a: ExprId, b: ExprId, ty: TypeId, span: Span) {
        if !self.wants("sign-compare") || self.n_unevaluated > 0 {
            return;
        }
        let is_signed = |this: &Self, expr: ExprId| {
            this.int_shape(this.type_of(expr)).is_none_or(|(_, is_signed)| is_signed)
        };
        let (signed, unsigned) = match (is_signed(self, a), is_signed(self, b)) {
            (true, false) => (a, b),
            (false, true) => (b, a),
            _ => return,
        };
        let is_result_signed = self.int_shape(ty).is_none_or(|(_, is_signed)| is_signed);
        if is_result_signed || !self.range(signed, 0).is_negative {
            return;
        }
        let is_equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
        let width = self.int_shape(ty).map_or(64, |(bits, _)| bits);
        // As clang has it: an unsigned value that cannot be that large is compared rightly.
        if is_equality && self.range(unsigned, 0).bits < width {
            return;
        }
        let (left, right) = (self.show(self.type_of(a)), self.show(self.type_of(b)));
        let message = format!("the comparison of `{left}` and `{right}` takes both as unsigned");
        self.defer(
            Diagnostic::new(W0311, span, message)
                .with_secondary(self.span_of(signed), "this may be negative"),
        );
    }

    /// `-Wconversion`: `value` becomes an integer of type `to` without a cast.
    pub(crate) fn warn_conversion(&mut self, value: ExprId, to: TypeId) {
        let (from, span) = (self.type_of(value), self.span_of(value));
        let (Some(old), Some(new)) = (self.int_shape(from), self.int_shape(to)) else {
            return;
        };
        if self.is_bool(to)
            || !["implicit-int-conversion", "shorten-64-to-32", "sign-conversion"]
                .iter()
                .any(|flag| self.wants(flag))
            || self.n_unevaluated > 0
            || self.is_from_system(span)
        {
            return;
        }
        let is_const = self.const_int(value).is_some();
        let range = self.range(value, 0);
        let (bits, is_signed) = new;
        let loses = match (range.is_negative, is_signed) {
            (true, true) | (false, false) => range.bits > bits,
            (false, true) => range.bits > bits,
            (true, false) => range.bits > bits && old.0 > bits,
        };
        let (shown_from, shown_to) = (self.show(from), self.show(to));
        if loses && !is_const && old.0 > bits {
            let message =
                format!("`{shown_from}` becomes `{shown_to}` without a cast, and may lose bits");
            let code = if old.0 == 64 && bits == 32 { W0315 } else { W0314 };
            self.report(Diagnostic::new(code, span, message));
            return;
        }
        let changes_sign = match (range.is_negative, is_signed) {
            (true, false) => true,
            (false, true) => range.bits == bits && !old.1,
            _ => false,
        };
        if changes_sign {
            let message = format!(
                "`{shown_from}` becomes `{shown_to}` without a cast, and may change its sign"
            );
            self.report(Diagnostic::new(W0316, span, message));
        }
    }

    /// `left op right` on constants or with a constant on the right.
    pub(crate) fn warn_arithmetic(
        &mut self,
        op: BinaryOp,
        left: Option<i128>,
        right: ExprId,
        ty: TypeId,
        span: Span,
    ) {
        let Some(number) = self.const_int(right) else {
            return;
        };
        let Some((bits, is_signed)) = self.int_shape(ty) else {
            return;
        };
        let at = self.span_of(right);
        match op {
            BinaryOp::Shl | BinaryOp::Shr if number < 0 => {
                let message = format!("the shift count {number} is negative");
                self.defer(Diagnostic::new(W0329, at, message).with_flag("shift-count-negative"));
            }
            BinaryOp::Shl | BinaryOp::Shr if number >= i128::from(bits) => {
                let shown = self.show(ty);
                let message = format!("`{shown}` has {bits} bits, and is shifted by {number}");
                self.defer(
                    Diagnostic::new(W0329, at, message)
                        .with_note("the result is undefined (C11 6.5.7p3)"),
                );
            }
            BinaryOp::Div | BinaryOp::Rem if number == 0 => {
                self.defer(
                    Diagnostic::new(W0330, at, "division by zero")
                        .with_note("in BPF the quotient is 0, and the remainder the dividend"),
                );
            }
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul if is_signed && bits <= 64 => {
                let Some(left) = left else { return };
                let exact = match op {
                    BinaryOp::Add => left.checked_add(number),
                    BinaryOp::Sub => left.checked_sub(number),
                    _ => left.checked_mul(number),
                };
                let wrapped = exact.map(|exact| crate::fold::wrap(exact, bits, true));
                if let Some(wrapped) = wrapped.filter(|wrapped| Some(*wrapped) != exact) {
                    let shown = self.show(ty);
                    let message = format!("overflow: as `{shown}` this is {wrapped}");
                    self.defer(Diagnostic::new(W0337, span, message));
                }
            }
            _ => {}
        }
    }

    /// `u8 < 300`: a constant outside of what the other operand's own type holds.
    fn warn_out_of_range(
        &mut self,
        op: CompareOp,
        operands: [(ExprId, TypeId); 2],
        common: TypeId,
        span: Span,
    ) {
        let [(a, type_a), (b, type_b)] = operands;
        let (number, ty, is_right) = match (self.const_int(a), self.const_int(b)) {
            (None, Some(number)) => (number, type_a, true),
            (Some(number), None) => (number, type_b, false),
            _ => return,
        };
        let Some((bits, is_signed)) = self.int_shape(ty).filter(|_| !self.is_bool(ty)) else {
            return;
        };
        // What is compared is wider than the operand, or it could hold the constant somehow.
        let Some((wide, is_wide_signed)) = self.int_shape(common) else {
            return;
        };
        let (low, high) = match is_signed {
            true => (-(1i128 << (bits.min(126) - 1)), (1i128 << (bits.min(126) - 1)) - 1),
            false => (0, (1i128 << bits.min(126)) - 1),
        };
        if wide <= bits
            || is_signed && !is_wide_signed
            || number >= low && number <= high
            || is_from_macro(span) && self.is_from_system(span)
        {
            return;
        }
        let is_above = number > high;
        let op = if is_right { op } else { flip(op) };
        let result = match op {
            CompareOp::Eq => false,
            CompareOp::Ne => true,
            CompareOp::Lt | CompareOp::Le => is_above,
            CompareOp::Gt | CompareOp::Ge => !is_above,
        };
        let shown = self.show(ty);
        let message = format!("the comparison of `{shown}` with {number} is always {result}");
        self.defer(
            Diagnostic::new(W0328, span, message)
                .with_flag("tautological-constant-out-of-range-compare"),
        );
    }

    /// An element of the array at `base`, which has `len` elements.
    pub(crate) fn warn_bounds(&mut self, base: PlaceId, index: ExprId, len: Option<u64>) {
        let is_address = std::mem::take(&mut self.warn.is_address_taken);
        let (Some(number), Some(len)) = (self.const_int(index), len) else {
            return;
        };
        let len = i128::from(len);
        if number >= 0 && (number < len || is_address && number == len) || self.is_trailing(base) {
            return;
        }
        let message = match number < 0 {
            true => format!("the index {number} is before the beginning of the array"),
            false => format!("the index {number} is past the end of the array of {len}"),
        };
        let mut diagnostic = Diagnostic::new(W0331, self.span_of(index), message);
        let declared = match self.body.places[base].kind {
            PlaceKind::Local(local) => Some(self.body.locals[local].span),
            PlaceKind::Global(global) => Some(self.module.globals[global].span),
            _ => None,
        };
        if let Some(declared) = declared {
            diagnostic = diagnostic.with_note_at(declared, "the array is declared here");
        }
        self.defer(diagnostic);
    }

    /// The last member of a struct may be an array that is longer than it says (GNU).
    fn is_trailing(&self, place: PlaceId) -> bool {
        let PlaceKind::Member { base, member, .. } = self.body.places[place].kind else {
            return false;
        };
        let record = self.record_of(self.body.places[base].ty.ty);
        let body = record.and_then(|record| self.module.types.records[record].body.as_ref());
        body.is_none_or(|body| member as usize + 1 == body.members.len())
    }
}

fn flip(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Lt => CompareOp::Gt,
        CompareOp::Le => CompareOp::Ge,
        CompareOp::Gt => CompareOp::Lt,
        CompareOp::Ge => CompareOp::Le,
        same => same,
    }
}
