//! The conditional operator (C11 6.5.15) and conditions.

use crate::checker::Checker;
use crate::hir::{ExprId, ExprKind, InitItem, PlaceKind, QualType, TypeId};
use crate::types_union;
use bpfc_base::codes::types::{E0303, E0304, W0302};
use bpfc_base::{Diagnostic, Span};
use bpfc_parser::ast;

impl Checker<'_> {
    /// Checks a condition: a scalar.
    pub fn condition(&mut self, id: ast::ExprId) -> ExprId {
        let value = self.rvalue(id);
        self.as_condition(value)
    }

    /// `value` as a condition; reports what is no scalar.
    pub fn as_condition(&mut self, value: ExprId) -> ExprId {
        if self.is_poison(value) {
            return value;
        }
        let (ty, span) = (self.type_of(value), self.span_of(value));
        if self.is_float(ty) && self.const_float(value).is_none() {
            return self.float_operation(value, span);
        }
        if !self.is_scalar(ty) {
            let shown = self.show(ty);
            self.error(E0304, span, format!("a condition is a number or pointer, found `{shown}`"));
            return self.poison(span);
        }
        match self.const_float(value) {
            Some(number) => self.int(i128::from(number != 0.0), self.common.int, span),
            None => value,
        }
    }

    pub fn conditional_expr(
        &mut self,
        cond: ast::ExprId,
        then: Option<ast::ExprId>,
        other: ast::ExprId,
        span: Span,
    ) -> ExprId {
        let Some(then) = then else {
            return self.elvis_expr(cond, other, span);
        };
        let cond = self.condition(cond);
        let truth = self.const_truth(cond);
        let mark = self.deferred_mark();
        let then = self.rvalue(then);
        if truth == Some(false) {
            self.drop_deferred(mark);
        }
        let mark = self.deferred_mark();
        let other = self.rvalue(other);
        if truth == Some(true) {
            self.drop_deferred(mark);
        }
        self.choose(cond, then, other, span)
    }

    /// `cond ?: other` (GNU): the condition is evaluated once.
    fn elvis_expr(&mut self, cond: ast::ExprId, other: ast::ExprId, span: Span) -> ExprId {
        let cond = self.condition(cond);
        if self.is_poison(cond) || self.const_truth(cond).is_some() {
            let other = self.rvalue(other);
            return self.choose(cond, cond, other, span);
        }
        let cond = self.promote_bit_field(cond);
        let (local, init) = self.fill_temporary(cond);
        let ty = QualType::plain(self.type_of(cond));
        let cond_span = self.span_of(cond);
        let place = self.place(PlaceKind::Local(local), ty, cond_span);
        let (test, then) = (self.load(place), self.load(place));
        let other = self.rvalue(other);
        let chosen = self.choose(test, then, other, span);
        if self.is_poison(chosen) {
            return chosen;
        }
        let ty = self.type_of(chosen);
        debug_assert!(matches!(
            &self.body.stmts[init].kind,
            crate::hir::StmtKind::Init(_, init) if matches!(init.items[..], [InitItem { .. }])
        ));
        self.value(ExprKind::StmtExpr { stmts: vec![init], value: Some(chosen) }, ty, span)
    }

    /// `cond ? then : other` of values.
    fn choose(&mut self, cond: ExprId, then: ExprId, other: ExprId, span: Span) -> ExprId {
        if [cond, then, other].iter().any(|&e| self.is_poison(e)) {
            return self.poison(span);
        }
        let (then, other) = (self.promote_bit_field(then), self.promote_bit_field(other));
        let Some(ty) = self.common_type(then, other, span) else {
            return self.poison(span);
        };
        let is_void = self.is_void(ty);
        let (then_span, other_span) = (self.span_of(then), self.span_of(other));
        let is_scalar = self.is_scalar(ty) || is_void;
        let then = if is_scalar { self.cast(then, ty, then_span) } else { then };
        let other = if is_scalar { self.cast(other, ty, other_span) } else { other };
        match self.const_truth(cond) {
            Some(true) => then,
            Some(false) => other,
            None if self.is_float(ty) => self.float_operation(then, span),
            None => self.value(ExprKind::Conditional { cond, then, otherwise: other }, ty, span),
        }
    }

    /// C11 6.5.15p5-p6.
    fn common_type(&mut self, a: ExprId, b: ExprId, span: Span) -> Option<TypeId> {
        let (ta, tb) = (self.type_of(a), self.type_of(b));
        if self.is_arithmetic(ta) && self.is_arithmetic(tb) {
            if self.is_float(ta) || self.is_float(tb) {
                return Some(self.common.double);
            }
            return Some(self.usual_arithmetic(ta, tb));
        }
        if self.is_void(ta) || self.is_void(tb) {
            return Some(self.common.void);
        }
        if self.is_record(ta) && self.compatible(ta, tb) {
            return Some(ta);
        }
        match (self.pointee(ta), self.pointee(tb)) {
            (Some(to_a), Some(to_b)) => Some(self.common_pointer(a, b, to_a, to_b, span)),
            (Some(_), None) if self.is_integer(tb) => {
                self.mixed_with_integer(b, ta, span);
                Some(ta)
            }
            (None, Some(_)) if self.is_integer(ta) => {
                self.mixed_with_integer(a, tb, span);
                Some(tb)
            }
            _ => {
                let (left, right) = (self.show(ta), self.show(tb));
                self.report(
                    Diagnostic::new(
                        E0303,
                        span,
                        format!("the two results do not fit together: `{left}` and `{right}`"),
                    )
                    .with_secondary(self.span_of(a), format!("`{left}`"))
                    .with_secondary(self.span_of(b), format!("`{right}`")),
                );
                None
            }
        }
    }

    fn mixed_with_integer(&mut self, integer: ExprId, ptr: TypeId, span: Span) {
        if self.const_int(integer) != Some(0) {
            let (int, ptr) = (self.show(self.type_of(integer)), self.show(ptr));
            let message = format!("the results are a pointer and an integer: `{ptr}` and `{int}`");
            let diagnostic = Diagnostic::new(W0302, span, message);
            self.report(diagnostic.with_flag("pointer-type-mismatch"));
        }
    }

    fn common_pointer(
        &mut self,
        a: ExprId,
        b: ExprId,
        to_a: QualType,
        to_b: QualType,
        span: Span,
    ) -> TypeId {
        let (ta, tb) = (self.type_of(a), self.type_of(b));
        if self.is_null_constant(a) {
            return tb;
        }
        if self.is_null_constant(b) {
            return ta;
        }
        let quals = types_union(self.all_quals(to_a), self.all_quals(to_b));
        let ty = if self.is_void(to_a.ty) || self.is_void(to_b.ty) {
            self.common.void
        } else if self.compatible(to_a.ty, to_b.ty) {
            self.composite(to_a.ty, to_b.ty, span)
        } else if self.differ_in_sign_only(to_a.ty, to_b.ty) {
            to_a.ty
        } else {
            let (left, right) = (self.show(ta), self.show(tb));
            let message =
                format!("the results are pointers of different types: `{left}` and `{right}`");
            let diagnostic = Diagnostic::new(W0302, span, message);
            self.report(diagnostic.with_flag("pointer-type-mismatch"));
            self.common.void
        };
        self.ptr_to(QualType { ty, quals }, span)
    }
}
