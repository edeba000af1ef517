//! Conversions (C11 6.3): promotions, the usual arithmetic conversions, conversion as if by
//! assignment, and what is said where a value does not fit.

use crate::checker::Checker;
use crate::expr::Operand;
use crate::hir::{ExprId, ExprKind, Type, TypeId};
use bpfc_base::codes::bpf::E0404;
use bpfc_base::codes::types::{E0303, E0309, E0312, E0319, W0301, W0302, W0325, W0326};
use bpfc_base::{Code, Diagnostic, Edit, ExpnId, Span};

/// Where a value is converted as if by assignment (C11 6.5.16.1).
#[derive(Clone, Debug)]
pub(crate) enum Why {
    /// `=`
    Assign,
    /// An initialiser.
    Init,
    /// `return`, in a function declared at the span.
    Return(Span),
    /// Argument `index` (from 0) of `callee`, which is declared at `declared`.
    Argument { callee: String, index: usize, declared: Span },
}

impl Why {
    fn code(&self) -> Code {
        match self {
            Why::Argument { .. } => E0312,
            _ => E0303,
        }
    }

    fn message(&self, expected: &str, found: &str) -> String {
        match self {
            Why::Argument { callee, index, .. } => {
                format!("argument {} of `{callee}` is `{expected}`, found `{found}`", index + 1)
            }
            Why::Return(_) => format!("this function returns `{expected}`, found `{found}`"),
            Why::Assign | Why::Init => format!("expected `{expected}`, found `{found}`"),
        }
    }

    fn finish(&self, diagnostic: Diagnostic) -> Diagnostic {
        match self {
            Why::Argument { callee, declared, .. } if !declared.is_none() => {
                diagnostic.with_note_at(*declared, format!("`{callee}` is declared here"))
            }
            Why::Return(at) if !at.is_none() => {
                diagnostic.with_note_at(*at, "the function is declared here")
            }
            _ => diagnostic,
        }
    }
}

impl Checker<'_> {
    /// The type after the integer promotions, of a bit-field if `bits` is given
    /// (C11 6.3.1.1p2).
    pub fn promoted_type(&mut self, ty: TypeId, bits: Option<u32>) -> TypeId {
        let Some(kind) = self.promoted_kind(ty) else {
            return ty;
        };
        let is_signed = self.int_shape(ty).is_none_or(|(_, is_signed)| is_signed);
        match bits {
            Some(bits) if bits < 32 || (bits == 32 && is_signed) => self.common.int,
            Some(32) => self.common.uint,
            _ if self.module.types.int_kind(ty) == Some(kind) && !self.is_enum(ty) => ty,
            _ => self.int_type(kind),
        }
    }

    fn is_enum(&self, ty: TypeId) -> bool {
        matches!(self.resolved(ty), Type::Enum(_))
    }

    /// The operand's value after the integer promotions.
    pub fn promote(&mut self, operand: Operand) -> ExprId {
        let value = self.arith_operand(operand);
        let span = operand.span;
        let ty = self.type_of(value);
        let promoted = self.promoted_type(ty, None);
        if self.is_integer(ty) && promoted != ty { self.cast(value, promoted, span) } else { value }
    }

    /// The operand's value; that of a bit-field is promoted, as its width is forgotten here.
    pub fn arith_operand(&mut self, operand: Operand) -> ExprId {
        let value = self.operand_value(operand);
        self.promote_bit_field(value)
    }

    /// A value that comes from a bit-field, promoted as one; any other as it is.
    pub fn promote_bit_field(&mut self, value: ExprId) -> ExprId {
        let bits = self.bits_of_value(value);
        if bits.is_none() || self.is_poison(value) {
            return value;
        }
        let promoted = self.promoted_type(self.type_of(value), bits);
        self.cast(value, promoted, self.span_of(value))
    }

    /// The width of the bit-field that a value is read from or was stored to last. C leaves open
    /// whether the comma and assignments keep it; GCC and clang do so for these.
    pub fn bits_of_value(&self, value: ExprId) -> Option<u32> {
        match self.body.exprs[value].kind {
            ExprKind::Load(place)
            | ExprKind::Assign { place, .. }
            | ExprKind::AssignOp { place, .. }
            | ExprKind::IncDec { place, is_postfix: false, .. } => self.bit_field(place),
            ExprKind::Comma(_, right) => self.bits_of_value(right),
            _ => None,
        }
    }

    /// C11 6.3.1.8: the type in which two integers are combined. A typedef's name is kept
    /// if both operands have it.
    pub fn usual_arithmetic(&mut self, a: TypeId, b: TypeId) -> TypeId {
        let (Some(x), Some(y)) = (self.promoted_kind(a), self.promoted_kind(b)) else {
            return self.common.error;
        };
        let keeps = |this: &Self, ty, kind| {
            this.module.types.int_kind(ty) == Some(kind) && !this.is_enum(ty)
        };
        if a == b && keeps(self, a, x) {
            return a;
        }
        let kind = if x == y {
            x
        } else if x.is_signed() == y.is_signed() {
            if x.rank() >= y.rank() { x } else { y }
        } else {
            let (unsigned, signed) = if x.is_signed() { (y, x) } else { (x, y) };
            if unsigned.rank() >= signed.rank() {
                unsigned
            } else if signed.bits() > unsigned.bits() {
                signed
            } else {
                signed.to_unsigned()
            }
        };
        match (keeps(self, a, kind), keeps(self, b, kind)) {
            (true, false) => a,
            (false, true) => b,
            _ => self.int_type(kind),
        }
    }

    /// C11 6.3.2.3p3: an integer constant 0, also cast to `void *`.
    pub fn is_null_constant(&self, expr: ExprId) -> bool {
        if self.const_int(expr) != Some(0) {
            return false;
        }
        let ty = self.type_of(expr);
        self.is_integer(ty) || self.is_void_ptr(ty)
    }

    /// C11 6.5.16.1: `value` converted to `to` as if by assignment.
    pub fn convert(&mut self, value: ExprId, to: TypeId, why: &Why) -> ExprId {
        let span = self.span_of(value);
        if self.is_poison(value) || self.is_error(to) {
            return self.poison(span);
        }
        let from = self.type_of(value);
        self.warn_packed_address(value, to);
        if from == to {
            return value;
        }
        if self.is_arithmetic(from) && self.is_arithmetic(to) {
            return self.convert_number(value, to, span);
        }
        match (self.pointee(from), self.pointee(to)) {
            (Some(_), Some(_)) => {
                let is_null = self.const_int(value) == Some(0);
                if !is_null && self.changes_address_space(from, to, span) {
                    return self.poison(span);
                }
                self.check_pointers(value, to, why);
                return self.cast(value, to, span);
            }
            (None, Some(_)) if self.is_null_constant(value) => return self.cast(value, to, span),
            (Some(_), None) if self.is_bool(to) => return self.cast(value, to, span),
            _ => {}
        }
        if self.is_record(to) && self.compatible(from, to) {
            return value;
        }
        let is_mixed = self.is_pointer(from) && self.is_integer(to)
            || self.is_integer(from) && self.is_pointer(to);
        if is_mixed && self.is_off("int-conversion", span) {
            return self.cast(value, to, span);
        }
        self.report_mismatch(value, to, why);
        match is_mixed {
            // `-Wno-error=int-conversion` makes a warning of it.
            true => self.cast(value, to, span),
            false => self.poison(span),
        }
    }

    fn convert_number(&mut self, value: ExprId, to: TypeId, span: Span) -> ExprId {
        let from = self.type_of(value);
        let is_const = self.const_int(value).is_some() || self.const_float(value).is_some();
        if (self.is_float(from) || self.is_float(to)) && !is_const {
            return self.float_operation(value, span);
        }
        if let (Some(number), Some((bits, _))) = (self.const_int(value), self.int_shape(to))
            && !self.is_bool(to)
            && self.int_shape(from).is_some_and(|(from_bits, _)| from_bits > bits)
        {
            self.check_width(number, bits, value);
        }
        self.warn_conversion(value, to);
        self.cast(value, to, span)
    }

    /// Warns if the constant `number` loses bits in `bits` bits, read as signed or not.
    pub fn check_width(&mut self, number: i128, bits: u32, value: ExprId) {
        if bits >= 64 {
            return;
        }
        let (low, high) = (-(1i128 << (bits - 1)), (1i128 << bits) - 1);
        if number < low || number > high {
            let kept = crate::fold::wrap(number, bits, false);
            let span = self.span_of(value);
            let message = format!("{number} does not fit in {bits} bits: {kept} is stored");
            self.error(W0301, span, message);
        }
    }

    /// Warns of pointers that do not point to compatible types (C11 6.5.16.1p1).
    fn check_pointers(&mut self, value: ExprId, to: TypeId, why: &Why) {
        let from = self.type_of(value);
        let (Some(a), Some(b)) = (self.pointee(from), self.pointee(to)) else {
            return;
        };
        if self.is_null_constant(value) {
            return;
        }
        let is_func = self.is_func(a.ty) || self.is_func(b.ty);
        // GNU C lets `void *` hold functions too.
        let is_same = self.is_void(a.ty)
            || self.is_void(b.ty)
            || self.compatible(a.ty, b.ty)
            || self.differ_in_sign_only(a.ty, b.ty);
        let span = self.span_of(value);
        if !is_same {
            let (expected, found) = (self.show(to), self.show(from));
            let message = why.message(&expected, &found);
            let diagnostic = Diagnostic::new(W0302, span, message)
                .with_help("if this is meant, say so with a cast");
            self.report(why.finish(diagnostic));
        } else if let Some(lost) = self.lost_quals(a, b)
            && !is_func
        {
            let (expected, found) = (self.show(to), self.show(from));
            let message = format!("{}: `{lost}` is lost", why.message(&expected, &found));
            self.report(why.finish(Diagnostic::new(W0325, span, message)));
        } else if !self.is_void(a.ty)
            && !self.is_void(b.ty)
            && !self.compatible(a.ty, b.ty)
            && self.differ_in_sign_only(a.ty, b.ty)
        {
            let (expected, found) = (self.show(to), self.show(from));
            let message = format!("{}: the signs differ", why.message(&expected, &found));
            self.report(why.finish(Diagnostic::new(W0326, span, message)));
        }
    }

    fn report_mismatch(&mut self, value: ExprId, to: TypeId, why: &Why) {
        let (from, span) = (self.type_of(value), self.span_of(value));
        let (expected, found) = (self.show(to), self.show(from));
        let mut diagnostic = Diagnostic::new(why.code(), span, why.message(&expected, &found));
        if self.is_pointer(from) && self.is_integer(to)
            || self.is_integer(from) && self.is_pointer(to)
        {
            diagnostic = diagnostic.with_flag("int-conversion");
        }
        if let Some(pointee) = self.pointee(to) {
            let is_object = matches!(self.body.exprs[value].kind, ExprKind::Load(_));
            let fits = self.is_void(pointee.ty) || self.compatible(pointee.ty, from);
            if is_object && fits {
                diagnostic = insert_before(diagnostic, span, "&", "pass its address");
            } else if self.is_integer(from) {
                diagnostic = diagnostic.with_help("an integer becomes a pointer only by a cast");
            }
        } else if let Some(pointee) = self.pointee(from) {
            if self.compatible(pointee.ty, to) {
                diagnostic = insert_before(diagnostic, span, "*", "use what it points to");
            } else if self.is_integer(to) {
                diagnostic = diagnostic.with_help("a pointer becomes an integer only by a cast");
            }
        }
        self.report(why.finish(diagnostic));
    }

    /// Reports `value`, whose floating type would have to be computed with.
    pub fn float_operation(&mut self, value: ExprId, span: Span) -> ExprId {
        let at = self.span_of(value);
        self.float_error(at, span)
    }

    /// Reports floating point at `at`.
    pub fn float_error(&mut self, at: Span, span: Span) -> ExprId {
        self.report(
            Diagnostic::new(E0404, at, "BPF has no floating point")
                .with_help("use integers: scale the numbers, for instance thousandths"),
        );
        self.poison(span)
    }

    /// Reports that `value` is not the constant that `what` needs.
    pub fn report_not_constant(&mut self, value: ExprId, span: Span, what: &str) {
        if self.is_poison(value) {
            return;
        }
        if let Some(at) = self.zero_division(value) {
            self.error(E0319, at, "division by zero in a constant expression");
            return;
        }
        let ty = self.type_of(value);
        let message = if self.is_integer(ty) {
            format!("{what} must be a constant")
        } else {
            format!("{what} must be an integer constant, found `{}`", self.show(ty))
        };
        self.error(E0309, span, message);
    }

    /// A division by constant zero within `value`.
    fn zero_division(&self, value: ExprId) -> Option<Span> {
        let node = &self.body.exprs[value];
        match node.kind {
            ExprKind::Binary(op, a, b) => {
                use crate::hir::BinaryOp::{Div, Rem};
                if matches!(op, Div | Rem) && self.const_int(b) == Some(0) {
                    return Some(node.span);
                }
                self.zero_division(a).or_else(|| self.zero_division(b))
            }
            ExprKind::Cast(a) | ExprKind::Neg(a) | ExprKind::BitNot(a) | ExprKind::Not(a) => {
                self.zero_division(a)
            }
            ExprKind::Compare(_, a, b) | ExprKind::LogAnd(a, b) | ExprKind::LogOr(a, b) => {
                self.zero_division(a).or_else(|| self.zero_division(b))
            }
            _ => None,
        }
    }
}

fn insert_before(diagnostic: Diagnostic, span: Span, text: &str, advice: &str) -> Diagnostic {
    if span.expn != ExpnId::ROOT {
        return diagnostic.with_help(format!("{advice} with `{text}`"));
    }
    let edit = Edit { span: span.start(), replacement: text.to_owned() };
    diagnostic.with_edit(format!("{advice} with `{text}`"), vec![edit])
}
