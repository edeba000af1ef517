//! `_Generic` (C11 6.5.1.1) and `__builtin_types_compatible_p`.

use super::Operand;
use crate::checker::Checker;
use crate::hir::{ExprId, QualType, Type, TypeId};
use bpfc_base::codes::types::{E0303, E0311};
use bpfc_base::{Diagnostic, Span};
use bpfc_parser::ast;

impl Checker<'_> {
    pub fn generic_expr(
        &mut self,
        control: ast::ExprId,
        assocs: &[(Option<ast::TypeNameId>, ast::ExprId)],
        span: Span,
    ) -> Operand {
        // C11 6.5.1.1p2 with DR 481: the controlling expression is converted to a value.
        let control_span = self.unit.exprs[control].span;
        let control = self.unevaluated(|this| this.rvalue(control));
        let control_ty = self.type_of(control);
        if self.is_poison(control) {
            return Operand::value(self.poison(span), span);
        }
        let mut chosen = None;
        let mut default = None;
        for &(ty, value) in assocs {
            let Some(ty) = ty else {
                default = Some(value);
                continue;
            };
            let type_span = self.unit.type_names[ty].span;
            let ty = self.type_name(ty);
            let is_plain = self.all_quals(ty) == ast::Quals::default();
            if is_plain && !self.is_error(ty.ty) && self.compatible(ty.ty, control_ty) {
                match chosen {
                    None => chosen = Some((value, type_span)),
                    Some((_, first)) => self.report(
                        Diagnostic::new(E0311, type_span, "two choices have compatible types")
                            .with_secondary(first, "the other one"),
                    ),
                }
            }
        }
        match chosen.map(|(value, _)| value).or(default) {
            Some(value) => self.expr(value),
            None => {
                let shown = self.show(control_ty);
                let message = format!("no choice has type `{shown}`, and there is no `default`");
                self.error(E0303, control_span, message);
                Operand::value(self.poison(span), span)
            }
        }
    }

    /// `__builtin_types_compatible_p(a, b)`: qualifiers at the outside do not count.
    pub fn types_compatible_expr(
        &mut self,
        a: ast::TypeNameId,
        b: ast::TypeNameId,
        span: Span,
    ) -> ExprId {
        let (a, b) = (self.type_name(a), self.type_name(b));
        if self.is_error(a.ty) || self.is_error(b.ty) {
            return self.poison(span);
        }
        let same = self.types_match(a.ty, b.ty);
        self.int(i128::from(same), self.common.int, span)
    }

    /// Compatible; enumerations only with themselves.
    fn types_match(&self, a: TypeId, b: TypeId) -> bool {
        let is_enum = |ty| matches!(self.resolved(ty), Type::Enum(_));
        if is_enum(a) || is_enum(b) {
            return self.module.types.canonical(a) == self.module.types.canonical(b);
        }
        self.compatible(a, b)
    }

    /// A type name.
    pub fn type_name(&mut self, id: ast::TypeNameId) -> QualType {
        let unit = self.unit;
        let name = &unit.type_names[id];
        let base = self.specs_type(&name.specs);
        self.declarator(base, &name.declarator).ty
    }
}
