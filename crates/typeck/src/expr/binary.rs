//! Binary operators (C11 6.5.5 to 6.5.14).

use crate::checker::Checker;
use crate::hir::{BinaryOp, CompareOp, ExprId, ExprKind, TypeId};
use bpfc_base::codes::types::{E0304, W0327};
use bpfc_base::{Diagnostic, Span};
use bpfc_parser::ast;

/// The spelling of an operator.
pub(crate) fn spell(op: ast::BinaryOp) -> &'static str {
    use ast::BinaryOp::*;
    match op {
        Mul => "*",
        Div => "/",
        Rem => "%",
        Add => "+",
        Sub => "-",
        Shl => "<<",
        Shr => ">>",
        Lt => "<",
        Gt => ">",
        Le => "<=",
        Ge => ">=",
        Eq => "==",
        Ne => "!=",
        And => "&",
        Xor => "^",
        Or => "|",
        LogAnd => "&&",
        LogOr => "||",
    }
}

/// The arithmetic operator that `op` is.
pub(crate) fn arith_op(op: ast::BinaryOp) -> Option<BinaryOp> {
    use ast::BinaryOp as A;
    Some(match op {
        A::Mul => BinaryOp::Mul,
        A::Div => BinaryOp::Div,
        A::Rem => BinaryOp::Rem,
        A::Add => BinaryOp::Add,
        A::Sub => BinaryOp::Sub,
        A::Shl => BinaryOp::Shl,
        A::Shr => BinaryOp::Shr,
        A::And => BinaryOp::And,
        A::Xor => BinaryOp::Xor,
        A::Or => BinaryOp::Or,
        _ => return None,
    })
}

fn compare_op(op: ast::BinaryOp) -> Option<CompareOp> {
    use ast::BinaryOp as A;
    Some(match op {
        A::Lt => CompareOp::Lt,
        A::Gt => CompareOp::Gt,
        A::Le => CompareOp::Le,
        A::Ge => CompareOp::Ge,
        A::Eq => CompareOp::Eq,
        A::Ne => CompareOp::Ne,
        _ => return None,
    })
}

impl Checker<'_> {
    pub fn binary_expr(
        &mut self,
        op: ast::BinaryOp,
        left: ast::ExprId,
        right: ast::ExprId,
        span: Span,
    ) -> ExprId {
        self.warn_binary(op, left, right, span);
        if matches!(op, ast::BinaryOp::LogAnd | ast::BinaryOp::LogOr) {
            return self.logical_expr(op, left, right, span);
        }
        let left = self.expr(left);
        let right = self.expr(right);
        if let Some(op) = compare_op(op) {
            let types = [left, right].map(|operand| self.operand_type(operand).ty);
            let (a, b) = (self.arith_operand(left), self.arith_operand(right));
            self.warn_comparison(op, [(a, types[0]), (b, types[1])], span);
            return self.compare_values(op, a, b, span);
        }
        let (a, b) = (self.promote(left), self.promote(right));
        self.binary_values(op, a, b, span)
    }

    /// `&&` and `||`.
    fn logical_expr(
        &mut self,
        op: ast::BinaryOp,
        left: ast::ExprId,
        right: ast::ExprId,
        span: Span,
    ) -> ExprId {
        let a = self.condition(left);
        let mark = self.deferred_mark();
        let b = self.condition(right);
        let is_and = op == ast::BinaryOp::LogAnd;
        if self.is_poison(a) || self.is_poison(b) {
            return self.poison(span);
        }
        if self.const_truth(a) == Some(!is_and) {
            self.drop_deferred(mark);
        }
        self.warn_logical(op, right, (a, b));
        let int = self.common.int;
        match (self.const_truth(a), self.const_truth(b)) {
            (Some(x), _) if x != is_and => self.int(i128::from(x), int, span),
            (Some(_), Some(y)) => self.int(i128::from(y), int, span),
            _ if is_and => self.value(ExprKind::LogAnd(a, b), int, span),
            _ => self.value(ExprKind::LogOr(a, b), int, span),
        }
    }

    /// An arithmetic operator on promoted values.
    pub fn binary_values(&mut self, op: ast::BinaryOp, a: ExprId, b: ExprId, span: Span) -> ExprId {
        if self.is_poison(a) || self.is_poison(b) {
            return self.poison(span);
        }
        let (ta, tb) = (self.type_of(a), self.type_of(b));
        match op {
            ast::BinaryOp::Add if self.is_pointer(ta) && self.is_integer(tb) => {
                return self.pointer_add(a, b, 1, span);
            }
            ast::BinaryOp::Add if self.is_integer(ta) && self.is_pointer(tb) => {
                return self.pointer_add(b, a, 1, span);
            }
            ast::BinaryOp::Sub if self.is_pointer(ta) && self.is_integer(tb) => {
                return self.pointer_add(a, b, -1, span);
            }
            ast::BinaryOp::Sub if self.is_pointer(ta) && self.is_pointer(tb) => {
                return self.pointer_diff(a, b, span);
            }
            _ => {}
        }
        let Some(operation) = arith_op(op) else {
            return self.poison(span);
        };
        let is_shift = matches!(op, ast::BinaryOp::Shl | ast::BinaryOp::Shr);
        let needs_integers = is_shift
            || matches!(
                op,
                ast::BinaryOp::Rem | ast::BinaryOp::And | ast::BinaryOp::Or | ast::BinaryOp::Xor
            );
        let is_fine = |this: &Self, ty| {
            if needs_integers { this.is_integer(ty) } else { this.is_arithmetic(ty) }
        };
        if !is_fine(self, ta) || !is_fine(self, tb) {
            return self.bad_operands(op, a, b, span);
        }
        if self.is_float(ta) || self.is_float(tb) {
            return self.float_binary(operation, a, b, span);
        }
        if is_shift {
            self.warn_arithmetic(operation, None, b, ta, span);
            return self.arith(operation, a, b, ta, span);
        }
        let ty = self.usual_arithmetic(ta, tb);
        let (sa, sb) = (self.span_of(a), self.span_of(b));
        let (a, b) = (self.cast(a, ty, sa), self.cast(b, ty, sb));
        self.warn_arithmetic(operation, self.const_int(a), b, ty, span);
        self.arith(operation, a, b, ty, span)
    }

    fn float_binary(&mut self, op: BinaryOp, a: ExprId, b: ExprId, span: Span) -> ExprId {
        let as_float = |this: &Self, e| {
            this.const_float(e).or_else(|| this.const_int(e).map(|value| value as f64))
        };
        if let (Some(x), Some(y)) = (as_float(self, a), as_float(self, b))
            && let Some(value) = crate::fold::float_binary(op, x, y)
        {
            let ty = self.common_float(self.type_of(a), self.type_of(b), span);
            return self.float(value, ty, span);
        }
        let culprit = if self.is_float(self.type_of(a)) { a } else { b };
        self.float_operation(culprit, span)
    }

    /// Reports operands that `op` does not have.
    pub fn bad_operands(&mut self, op: ast::BinaryOp, a: ExprId, b: ExprId, span: Span) -> ExprId {
        let (left, right) = (self.show(self.type_of(a)), self.show(self.type_of(b)));
        let spelled = spell(op);
        self.report(
            Diagnostic::new(
                E0304,
                span,
                format!("`{spelled}` cannot be applied to `{left}` and `{right}`"),
            )
            .with_secondary(self.span_of(a), format!("`{left}`"))
            .with_secondary(self.span_of(b), format!("`{right}`")),
        );
        self.poison(span)
    }

    /// `ptr + index` or, with `sign` -1, `ptr - index`.
    pub fn pointer_add(&mut self, ptr: ExprId, index: ExprId, sign: i64, span: Span) -> ExprId {
        if self.is_poison(ptr) || self.is_poison(index) {
            return self.poison(span);
        }
        let ty = self.type_of(ptr);
        let Some(to) = self.pointee(ty) else {
            return self.poison(span);
        };
        let Some(bytes) = self.step_bytes(to, self.span_of(ptr)) else {
            return self.poison(span);
        };
        let Some(index) = self.index_value(index, self.span_of(index)) else {
            return self.poison(span);
        };
        let scale = sign * bytes;
        if let Some(steps) = self.const_int(index) {
            if let Some(base) = self.const_int(ptr) {
                return self.int(base.wrapping_add(steps.wrapping_mul(scale.into())), ty, span);
            }
            if steps == 0 {
                return ptr;
            }
        }
        self.value(ExprKind::PtrAdd { ptr, index, scale }, ty, span)
    }

    /// C11 6.5.6p9.
    fn pointer_diff(&mut self, a: ExprId, b: ExprId, span: Span) -> ExprId {
        let (Some(to_a), Some(to_b)) =
            (self.pointee(self.type_of(a)), self.pointee(self.type_of(b)))
        else {
            return self.poison(span);
        };
        let are_void = self.is_void(to_a.ty) || self.is_void(to_b.ty);
        if !are_void
            && !self.compatible(to_a.ty, to_b.ty)
            && !self.differ_in_sign_only(to_a.ty, to_b.ty)
        {
            return self.bad_operands(ast::BinaryOp::Sub, a, b, span);
        }
        let Some(bytes) = self.step_bytes(to_a, self.span_of(a)) else {
            return self.poison(span);
        };
        if bytes == 0 {
            let message = "pointers to a type of size 0 have no difference";
            self.error(E0304, span, message);
            return self.poison(span);
        }
        let long = self.common.long;
        if let (Some(x), Some(y)) = (self.const_address(a), self.const_address(b))
            && x.base == y.base
        {
            return self.int((x.offset - y.offset) / i128::from(bytes), long, span);
        }
        let scale = bytes.unsigned_abs();
        self.value(ExprKind::PtrDiff { left: a, right: b, scale }, long, span)
    }

    /// A comparison (C11 6.5.8, 6.5.9).
    pub fn compare_values(&mut self, op: CompareOp, a: ExprId, b: ExprId, span: Span) -> ExprId {
        if self.is_poison(a) || self.is_poison(b) {
            return self.poison(span);
        }
        let (ta, tb) = (self.type_of(a), self.type_of(b));
        if self.is_arithmetic(ta) && self.is_arithmetic(tb) {
            return self.compare_numbers(op, a, b, span);
        }
        let (a, b) = match (self.is_pointer(ta), self.is_pointer(tb)) {
            (true, true) => {
                self.warn_distinct_pointers(a, b, span);
                (a, b)
            }
            (true, false) if self.is_integer(tb) => {
                self.warn_pointer_integer(b, ta, tb, span);
                (a, self.cast(b, ta, self.span_of(b)))
            }
            (false, true) if self.is_integer(ta) => {
                self.warn_pointer_integer(a, tb, ta, span);
                (self.cast(a, tb, self.span_of(a)), b)
            }
            _ => {
                let spelled = compare_ast(op);
                return self.bad_operands(spelled, a, b, span);
            }
        };
        self.compare(op, a, b, span)
    }

    fn compare_numbers(&mut self, op: CompareOp, a: ExprId, b: ExprId, span: Span) -> ExprId {
        let (ta, tb) = (self.type_of(a), self.type_of(b));
        let (sa, sb) = (self.span_of(a), self.span_of(b));
        if self.is_float(ta) || self.is_float(tb) {
            let double = self.common.double;
            let is_const =
                |this: &Self, e| this.const_float(e).is_some() || this.const_int(e).is_some();
            if is_const(self, a) && is_const(self, b) {
                let (a, b) = (self.cast(a, double, sa), self.cast(b, double, sb));
                return self.compare(op, a, b, span);
            }
            let culprit = if self.is_float(ta) { a } else { b };
            return self.float_operation(culprit, span);
        }
        let ty = self.usual_arithmetic(ta, tb);
        let (a, b) = (self.cast(a, ty, sa), self.cast(b, ty, sb));
        self.compare(op, a, b, span)
    }

    fn warn_distinct_pointers(&mut self, a: ExprId, b: ExprId, span: Span) {
        let (ta, tb) = (self.type_of(a), self.type_of(b));
        let (Some(to_a), Some(to_b)) = (self.pointee(ta), self.pointee(tb)) else {
            return;
        };
        let is_fine = self.is_void(to_a.ty)
            || self.is_void(to_b.ty)
            || self.const_int(a) == Some(0)
            || self.const_int(b) == Some(0)
            || self.compatible(to_a.ty, to_b.ty)
            || self.differ_in_sign_only(to_a.ty, to_b.ty);
        if !is_fine {
            let (left, right) = (self.show(ta), self.show(tb));
            let message =
                format!("pointers of different types are compared: `{left}` and `{right}`");
            self.error(W0327, span, message);
        }
    }

    fn warn_pointer_integer(&mut self, integer: ExprId, ptr: TypeId, int: TypeId, span: Span) {
        if self.const_int(integer) != Some(0) {
            let (ptr, int) = (self.show(ptr), self.show(int));
            let message = format!("a pointer is compared with an integer: `{ptr}` and `{int}`");
            let diagnostic = Diagnostic::new(W0327, span, message);
            self.report(diagnostic.with_flag("pointer-integer-compare"));
        }
    }
}

fn compare_ast(op: CompareOp) -> ast::BinaryOp {
    match op {
        CompareOp::Eq => ast::BinaryOp::Eq,
        CompareOp::Ne => ast::BinaryOp::Ne,
        CompareOp::Lt => ast::BinaryOp::Lt,
        CompareOp::Le => ast::BinaryOp::Le,
        CompareOp::Gt => ast::BinaryOp::Gt,
        CompareOp::Ge => ast::BinaryOp::Ge,
    }
}
