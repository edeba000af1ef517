//! Names (C11 6.5.1) and statement expressions.

use super::{Operand, OperandKind};
use crate::checker::Checker;
use crate::hir::{ExprId, ExprKind, PlaceKind, QualType, StmtKind};
use crate::scope::Entity;
use bpfc_base::codes::types::{E0301, E0320};
use bpfc_base::similar::most_similar;
use bpfc_base::{Diagnostic, Span, Symbol};
use bpfc_parser::ast;
use bpfc_parser::deferred::DeferredKind;

impl Checker<'_> {
    pub fn name_expr(&mut self, name: Symbol, span: Span) -> Operand {
        match self.find_entity(name) {
            Some(entity) => {
                self.note_use(entity, span);
                self.entity_expr(entity, name, span)
            }
            None => self.undeclared(name, span),
        }
    }

    /// What `name` means: by declaration, as a helper, or as a constant of the kernel.
    pub fn find_entity(&mut self, name: Symbol) -> Option<Entity> {
        if self.scopes.find(name).is_none() {
            self.demand_name(name);
        }
        if let Some(decl) = self.scopes.find(name) {
            return Some(decl.entity);
        }
        self.import_enumerator(name)
    }

    fn entity_expr(&mut self, entity: Entity, name: Symbol, span: Span) -> Operand {
        match entity {
            Entity::Local(local) => {
                let ty = self.body.locals[local].ty;
                let place = self.place(PlaceKind::Local(local), ty, span);
                Operand::place(place, span)
            }
            Entity::Global(global) => {
                let ty = self.module.globals[global].ty;
                let place = self.place(PlaceKind::Global(global), ty, span);
                Operand::place(place, span)
            }
            Entity::Func(func) => {
                if self.module.funcs[func].is_kfunc {
                    self.called_kfuncs.insert(func);
                }
                Operand { kind: OperandKind::Func(func), span }
            }
            Entity::Enumerator { value, ty } => Operand::value(self.int(value, ty, span), span),
            Entity::Typedef(_) => {
                let name = self.name(name);
                self.error(E0301, span, format!("`{name}` is a type, not a value"));
                Operand::value(self.poison(span), span)
            }
            Entity::Error => Operand::value(self.poison(span), span),
        }
    }

    fn undeclared(&mut self, name: Symbol, span: Span) -> Operand {
        let text = self.name(name);
        if let Some(id) = self.find_helper(&text) {
            return Operand { kind: OperandKind::Helper(id), span };
        }
        if matches!(&*text, "__func__" | "__FUNCTION__" | "__PRETTY_FUNCTION__")
            && let Some(operand) = self.func_name(span)
        {
            return operand;
        }
        let mut diagnostic = Diagnostic::new(E0301, span, format!("`{text}` is not declared"));
        let visible = self.scopes.visible(&self.session.names, |entity| {
            !matches!(entity, Entity::Typedef(_) | Entity::Error)
        });
        let deferred = self.deferred_names(|kind| kind == DeferredKind::Enumerator);
        let visible = visible.iter().chain(&deferred);
        if let Some(similar) = most_similar(&text, visible.map(String::as_str)) {
            diagnostic = crate::suggest(diagnostic, span, similar);
        }
        self.report(diagnostic);
        // One report is enough: the name is known to be wrong from here on.
        self.scopes.declare(name, Entity::Error, span);
        Operand::value(self.poison(span), span)
    }

    /// C11 6.4.2.2: `__func__`.
    fn func_name(&mut self, span: Span) -> Option<Operand> {
        let func = self.func.as_ref()?.id;
        let name = self.name(self.module.funcs[func].name);
        let units = name.bytes().map(u32::from).collect();
        let literal = ast::StrLit { units, prefix: ast::StrPrefix::None, span };
        Some(self.string_expr(&literal))
    }

    /// `({ … })` (GNU): the value of the last expression statement.
    pub fn stmt_expr(&mut self, body: ast::StmtId, span: Span) -> ExprId {
        if self.func.is_none() {
            self.error(E0320, span, "a statement expression cannot stand outside a function");
            return self.poison(span);
        }
        let unit = self.unit;
        let ast::StmtKind::Compound(items) = &unit.stmts[body].kind else {
            return self.poison(span);
        };
        self.scopes.enter();
        let depth = self.cleanup_depth();
        let labels = self.n_local_labels();
        let mut stmts = Vec::new();
        let (last, rest) = match items.split_last() {
            Some((last, rest)) => (Some(*last), rest),
            None => (None, &items[..]),
        };
        self.warn_statements(items);
        for &item in rest {
            self.stmt(item, &mut stmts);
        }
        let mut value = last.and_then(|last| self.last_statement(last, &mut stmts));
        if self.cleanup_depth() > depth {
            if let Some(value) = value.as_mut().filter(|value| !self.is_void(self.type_of(**value)))
            {
                *value = self.value_before_cleanups(*value, &mut stmts);
            } else if let Some(value) = value.take() {
                let stmt = self.statement(StmtKind::Expr(value), span);
                stmts.push(stmt);
            }
            self.close_cleanups(depth, span, &mut stmts);
        }
        self.leave_labels(labels);
        self.scopes.leave();
        let value = value.filter(|&value| {
            let is_void = self.is_void(self.type_of(value));
            if is_void {
                let span = self.span_of(value);
                let stmt = self.statement(StmtKind::Expr(value), span);
                stmts.push(stmt);
            }
            !is_void
        });
        if let Some(value) = value
            && self.is_poison(value)
        {
            return self.poison(span);
        }
        // A constant needs no statements, as long as there are none.
        if let (Some(value), true) = (value, stmts.is_empty()) {
            return value;
        }
        let ty = value.map_or(self.common.void, |value| self.type_of(value));
        self.value(ExprKind::StmtExpr { stmts, value }, ty, span)
    }

    /// The last item of a statement expression: its value, if it is an expression.
    fn last_statement(
        &mut self,
        last: ast::StmtId,
        out: &mut Vec<crate::hir::StmtId>,
    ) -> Option<ExprId> {
        let unit = self.unit;
        match unit.stmts[last].kind {
            ast::StmtKind::Expr(Some(expr)) => Some(self.rvalue(expr)),
            ast::StmtKind::Label { name, name_span, body } => {
                self.label_stmt(name, name_span, out);
                self.last_statement(body, out)
            }
            _ => {
                self.stmt(last, out);
                None
            }
        }
    }

    /// `left, right`
    pub fn comma_expr(&mut self, left: ast::ExprId, right: ast::ExprId, span: Span) -> ExprId {
        self.warn_comma(left);
        let dropped = left;
        let left = self.rvalue(left);
        self.note_discarded(dropped, left);
        let right = self.rvalue(right);
        if self.is_poison(left) || self.is_poison(right) {
            return self.poison(span);
        }
        let ty = self.type_of(right);
        self.value(ExprKind::Comma(left, right), ty, span)
    }

    /// C11 6.5.2.5: a compound literal.
    pub fn compound_literal(
        &mut self,
        ty: ast::TypeNameId,
        list: &ast::InitList,
        span: Span,
    ) -> Operand {
        let ty = self.type_name(ty);
        let is_static = self.func.is_none();
        let place = if is_static {
            self.static_literal(ty, list, span)
        } else {
            self.local_literal(ty, list, span)
        };
        Operand::place(place, span)
    }

    fn local_literal(
        &mut self,
        ty: QualType,
        list: &ast::InitList,
        span: Span,
    ) -> crate::hir::PlaceId {
        let Some((ty, init)) = self.local_init_list(ty, list, span) else {
            return self.poison_place(span);
        };
        let local = self.temporary(ty, span);
        let init = self.statement(StmtKind::Init(local, init), span);
        self.place(PlaceKind::Temp { local, init }, ty, span)
    }
}
