//! Names that are never used, and values that nobody looks at.

use crate::checker::Checker;
use crate::decl::NewName;
use crate::hir::{Callee, ExprId, ExprKind, FuncId, GlobalId, Linkage, LocalId};
use crate::scope::Entity;
use bpfc_base::codes::types::{
    W0304, W0305, W0306, W0307, W0308, W0309, W0310, W0324, W0338, W0339, W0340,
};
use bpfc_base::{Diagnostic, Edit, Idx, Span, Symbol};
use bpfc_parser::ast;

use super::is_from_macro;

impl Checker<'_> {
    /// A function begins.
    pub(crate) fn start_usage(&mut self) {
        self.warn.locals.clear();
        self.warn.exempt.clear();
        self.warn.literals_of_locals.clear();
        self.warn.deferred.clear();
        self.warn.n_errors_before = self.session.diagnostics.n_errors();
        self.warn.n_reports_before = self.session.diagnostics.len();
    }

    /// The name of `entity` stands at `span`.
    pub(crate) fn note_use(&mut self, entity: Entity, span: Span) {
        match entity {
            Entity::Local(local) => {
                self.warn.locals.entry(local).or_default().n_total += 1;
            }
            Entity::Global(global) => {
                self.warn.used_globals.insert(global);
                if let Some(&text) = self.warn.deprecated_globals.get(&global) {
                    let name = self.module.globals[global].name;
                    let declared = self.module.globals[global].span;
                    self.warn_deprecated(name, text, declared, span);
                }
            }
            Entity::Func(func) => {
                if self.func.as_ref().is_none_or(|current| current.id != func) {
                    self.warn.used_funcs.insert(func);
                }
                if let Some(&text) = self.warn.deprecated_funcs.get(&func) {
                    let node = &self.module.funcs[func];
                    let (name, declared) = (node.name, node.span);
                    self.warn_deprecated(name, text, declared, span);
                }
            }
            Entity::Typedef(_) | Entity::Enumerator { .. } | Entity::Error => {}
        }
    }

    fn warn_deprecated(&mut self, name: Symbol, text: Option<Symbol>, declared: Span, span: Span) {
        let name = self.name(name);
        let why = text.map_or(String::new(), |text| format!(": {}", self.name(text)));
        self.report(
            Diagnostic::new(W0338, span, format!("`{name}` is deprecated{why}"))
                .with_note_at(declared, "it is declared here"),
        );
    }

    /// The statement `expr;` or the like: its value is dropped.
    pub(crate) fn note_discarded(&mut self, expr: ast::ExprId, value: ExprId) {
        if self.is_poison(value) {
            return;
        }
        self.note_written(expr);
        if !self.warn.is_repaired {
            self.warn_unused_value(expr, value);
        }
    }

    /// `x = …`, `x += …` and `x++` whose value is dropped do not use `x`.
    fn note_written(&mut self, expr: ast::ExprId) {
        use ast::{ExprKind as A, UnaryOp};
        let unit = self.unit;
        let target = match unit.exprs[self.unparenthesised(expr)].kind {
            A::Assign(_, left, _) => left,
            A::PostInc(inner) | A::PostDec(inner) => inner,
            A::Unary(UnaryOp::PreInc | UnaryOp::PreDec, inner) => inner,
            _ => return,
        };
        let Some(name) = self.plain_name(target) else {
            return;
        };
        if let Some(decl) = self.scopes.find(name)
            && let Entity::Local(local) = decl.entity
        {
            let ty = self.body.locals[local].ty;
            if self.is_scalar(ty.ty) && !self.all_quals(ty).is_volatile {
                self.warn.locals.entry(local).or_default().n_written += 1;
            }
        }
    }

    /// The expression inside of parentheses.
    pub(crate) fn unparenthesised(&self, mut expr: ast::ExprId) -> ast::ExprId {
        while let ast::ExprKind::Paren(inner) = self.unit.exprs[expr].kind {
            expr = inner;
        }
        expr
    }

    fn warn_unused_value(&mut self, expr: ast::ExprId, value: ExprId) {
        let span = self.unit.exprs[expr].span;
        if self.is_void(self.type_of(value)) {
            return;
        }
        if let ExprKind::Call { callee: Callee::Func(func), .. } = self.body.exprs[value].kind
            && self.warn.must_use.contains(&func)
        {
            let name = self.name(self.module.funcs[func].name);
            let message = format!("the result of `{name}` is ignored");
            let declared = self.module.funcs[func].span;
            self.report(
                Diagnostic::new(W0339, span, message)
                    .with_note_at(declared, "it is declared with `warn_unused_result` here"),
            );
            return;
        }
        let inner = self.unparenthesised(expr);
        if !self.has_no_effect(inner) || is_from_macro(span) && self.is_from_system(span) {
            return;
        }
        let is_volatile = match &self.body.exprs[value].kind {
            ExprKind::Load(place) => self.all_quals(self.body.places[*place].ty).is_volatile,
            _ => false,
        };
        if is_volatile {
            return;
        }
        use ast::BinaryOp as B;
        let comparison = match self.unit.exprs[inner].kind {
            ast::ExprKind::Binary(op @ (B::Eq | B::Ne | B::Lt | B::Le | B::Gt | B::Ge), a, _) => {
                Some((op, a))
            }
            _ => None,
        };
        let Some((op, left)) = comparison else {
            let message = "the value of this expression is not used";
            self.report(Diagnostic::new(W0309, span, message));
            return;
        };
        let message = "the result of this comparison is not used";
        let mut diagnostic = Diagnostic::new(W0309, span, message).with_flag("unused-comparison");
        if op == B::Eq
            && let Some(at) = self.operator_span(inner, left, "==")
        {
            let edit = Edit { span: at, replacement: "=".to_owned() };
            diagnostic = diagnostic.with_edit("to assign, write `=`", vec![edit]);
        }
        self.report(diagnostic);
    }

    /// Whether evaluating `expr` for its effects is pointless.
    fn has_no_effect(&self, expr: ast::ExprId) -> bool {
        use ast::{BinaryOp as B, ExprKind as A, UnaryOp as U};
        let ast::Expr { ref kind, span } = self.unit.exprs[expr];
        let inner = |expr: ast::ExprId| self.has_no_effect(self.unparenthesised(expr));
        match kind {
            A::Name(_) | A::Int(_) | A::Float(_) | A::Char { .. } | A::Str(_) => true,
            A::Index(..) | A::Member { .. } | A::Arrow { .. } => true,
            A::SizeofExpr(_) | A::SizeofType(_) | A::AlignofType(_) | A::Offsetof(..) => true,
            A::Binary(B::LogAnd | B::LogOr, _, right) => inner(*right),
            A::Binary(..) => true,
            A::Unary(U::Neg | U::Plus | U::BitNot | U::Not | U::AddrOf | U::Deref, _) => true,
            A::Conditional(_, Some(then), other) => inner(*then) && inner(*other),
            A::Comma(_, right) => inner(*right),
            A::Cast(..) => !is_from_macro(span),
            _ => false,
        }
    }

    /// The place of the operator `text` in `expr`, which follows the operand `left`; `None`
    /// in macros.
    pub(crate) fn operator_span(
        &self,
        expr: ast::ExprId,
        left: ast::ExprId,
        text: &str,
    ) -> Option<Span> {
        let (whole, left) = (self.unit.exprs[expr].span, self.unit.exprs[left].span);
        if is_from_macro(whole) || is_from_macro(left) || left.hi >= whole.hi {
            return None;
        }
        let between = Span::new(left.hi, whole.hi);
        let at = self.session.sources.text(between).find(text)? as u32;
        let lo = left.hi + at;
        // Comments hold anything.
        let is_plain = self.session.sources.text(Span::new(left.hi, lo)).trim().is_empty()
            || self
                .session
                .sources
                .text(Span::new(left.hi, lo))
                .trim_matches([')', ' '])
                .is_empty();
        is_plain.then(|| Span::new(lo, lo + text.len() as u32))
    }

    /// Whether the attribute `unused` is among `lists`.
    pub(crate) fn has_unused_attr(&self, lists: &[&[ast::Attribute]]) -> bool {
        let mut all = lists.iter().copied().flatten();
        all.any(|attr| matches!(self.session.name(attr.name), "unused" | "maybe_unused"))
    }

    /// A parameter that need not be used.
    pub(crate) fn exempt_param(&mut self, local: LocalId) {
        self.warn.exempt.insert(local);
    }

    /// Remembers what `attrs` say of a new local, and warns of a name that it hides.
    pub(crate) fn note_local(&mut self, local: LocalId, new: &NewName<'_>) {
        let attrs = &new.attrs;
        if let Some(span) = self.literal_span(new.init) {
            self.warn.literals_of_locals.insert(local, span);
        }
        if attrs.is_unused || attrs.is_used {
            self.warn.exempt.insert(local);
        }
    }

    fn literal_span(&self, init: Option<&ast::Initializer>) -> Option<Span> {
        let Some(ast::Initializer::Expr(expr)) = init else {
            return None;
        };
        match &self.unit.exprs[self.unparenthesised(*expr)].kind {
            ast::ExprKind::Str(literal) => Some(literal.span),
            _ => None,
        }
    }

    /// `-Wshadow`: the name at `span`, about to be declared in a function, hides another.
    pub(crate) fn warn_shadow(&mut self, name: Symbol, span: Span) {
        let Some(old) = self.scopes.find(name) else {
            return;
        };
        let what = match old.entity {
            Entity::Local(_) => "local variable",
            Entity::Global(_) => "global variable",
            _ => return,
        };
        if self.scopes.find_innermost(name).is_some() || self.is_from_system(span) {
            return;
        }
        let text = self.name(name);
        self.report(
            Diagnostic::new(W0310, span, format!("`{text}` hides a {what} of this name"))
                .with_note_at(old.span, format!("the {what} is declared here")),
        );
    }

    /// Remembers what `attrs` say of `global`, declared as `new`.
    pub(crate) fn note_global(&mut self, global: GlobalId, new: &NewName<'_>) {
        let attrs = &new.attrs;
        if let Some(span) = self.literal_span(new.init) {
            self.warn.literals_of_globals.insert(global, span);
        }
        if attrs.is_unused || attrs.is_used || attrs.section.is_some() {
            self.warn.exempt_globals.insert(global);
        }
        if let Some(text) = attrs.deprecated {
            self.warn.deprecated_globals.insert(global, text);
        }
    }

    /// Remembers what `attrs` say of `func`.
    pub(crate) fn note_func(&mut self, func: FuncId, new: &NewName<'_>) {
        let attrs = &new.attrs;
        let is_exempt = attrs.is_unused || attrs.is_used || attrs.section.is_some();
        if is_exempt || new.is_inline && !self.is_in_main_file(new.span) {
            self.warn.exempt_funcs.insert(func);
        }
        if attrs.must_use {
            self.warn.must_use.insert(func);
        }
        if let Some(text) = attrs.deprecated {
            self.warn.deprecated_funcs.insert(func, text);
        }
        if new.is_unprototyped && !self.is_from_system(new.span) {
            let text = self.name(new.name);
            let message = format!("the declaration of `{text}` does not say what it takes");
            self.report(
                Diagnostic::new(W0340, new.span, message)
                    .with_help("write `(void)` for a function without parameters"),
            );
        }
    }

    fn is_in_main_file(&self, span: Span) -> bool {
        let sources = &self.session.sources;
        // The main file is the first that was added.
        sources.file_at(sources.root(span).lo).is_some_and(|id| id.index() == 0)
    }

    /// `-Wmissing-prototypes`: a function that others may see was not declared before.
    pub(crate) fn warn_missing_prototype(&mut self, func: FuncId, is_first: bool) {
        let node = &self.module.funcs[func];
        if !is_first || node.linkage == Linkage::Static {
            return;
        }
        let (name, span) = (self.name(node.name), node.span);
        let message = format!("`{name}` is defined without a declaration before it");
        self.report(
            Diagnostic::new(W0324, span, message)
                .with_help("make it `static`, or declare it in a header"),
        );
    }

    /// A function ends: reports its names that were not used.
    pub(crate) fn finish_usage(&mut self, func: FuncId) {
        if self.has_new_errors() {
            return;
        }
        let is_naked = self.module.funcs[func].is_naked;
        let n_params = self.body.n_params;
        for (id, local) in self.body.locals.clone().iter_enumerated() {
            let Some(name) = local.name else { continue };
            let uses = self.warn.locals.get(&id).copied().unwrap_or_default();
            let is_param = id.index() < n_params;
            if uses.n_total > uses.n_written
                || self.warn.exempt.contains(&id)
                || self.is_error(local.ty.ty)
                || self.is_from_system(local.span)
                || is_param && is_naked
            {
                continue;
            }
            let text = self.name(name);
            let is_set = uses.n_total > 0;
            let diagnostic = match (is_param, is_set) {
                (true, false) => {
                    let message = format!("the parameter `{text}` is not used");
                    Diagnostic::new(W0306, local.span, message)
                }
                (true, true) => {
                    let message = format!("the parameter `{text}` is set but not used");
                    Diagnostic::new(W0308, local.span, message)
                        .with_flag("unused-but-set-parameter")
                }
                (false, false) => {
                    let message = format!("the variable `{text}` is not used");
                    Diagnostic::new(W0304, local.span, message)
                }
                (false, true) => {
                    let message = format!("the variable `{text}` is set but not used");
                    Diagnostic::new(W0308, local.span, message)
                }
            };
            self.report(diagnostic);
        }
    }

    /// `-Wunused-label`
    pub(crate) fn warn_unused_label(&mut self, name: Symbol, span: Span) {
        let text = self.name(name);
        self.report(Diagnostic::new(W0307, span, format!("the label `{text}` is not used")));
    }

    /// The translation unit ends: reports objects and functions of it that were not used.
    pub(crate) fn finish_unit_usage(&mut self) {
        if self.session.diagnostics.has_errors() {
            return;
        }
        let mut reports = Vec::new();
        for (id, global) in self.module.globals.iter_enumerated() {
            let is_ours = global.linkage == Linkage::Static
                && matches!(global.kind, crate::hir::GlobalKind::Data)
                && !global.span.is_none()
                && !self.session.name(global.name).starts_with('.');
            if !is_ours
                || self.warn.used_globals.contains(&id)
                || self.warn.exempt_globals.contains(&id)
                || self.helper_vars.contains_key(&id)
                || self.is_from_system(global.span)
            {
                continue;
            }
            let text = self.session.sources.text(global.span);
            let quals = self.all_quals(global.ty);
            let flag = match quals.is_const && !quals.is_volatile {
                true => "unused-const-variable",
                false => "unused-variable",
            };
            let message = format!("the variable `{text}` is not used");
            reports.push(Diagnostic::new(W0304, global.span, message).with_flag(flag));
        }
        for (id, func) in self.module.funcs.iter_enumerated() {
            let is_ours = func.linkage == Linkage::Static && func.body.is_some();
            if !is_ours
                || self.warn.used_funcs.contains(&id)
                || self.warn.exempt_funcs.contains(&id)
                || self.is_from_system(func.span)
            {
                continue;
            }
            let text = self.session.name(func.name);
            let message = format!("the function `{text}` is not used");
            reports.push(Diagnostic::new(W0305, func.span, message));
        }
        reports.sort_by_key(|report| report.span());
        for report in reports {
            self.report(report);
        }
    }
}
