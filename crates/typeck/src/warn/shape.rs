//! The look of expressions and statements: what is easily read in another way than C does.

use super::is_from_macro;
use crate::checker::Checker;
use crate::hir::ExprId;
use bpfc_base::codes::types::{
    W0319, W0320, W0321, W0328, W0332, W0335, W0336, W0341, W0342, W0343, W0344,
};
use bpfc_base::{Diagnostic, Edit, Span, Symbol};
use bpfc_parser::ast::{self, BinaryOp as B, ExprKind as A, StmtKind as S};
use rustc_hash::FxHashMap;

impl Checker<'_> {
    /// `if (a = b)`: the condition of a statement is an assignment without parentheses of its own.
    pub(crate) fn warn_assignment(&mut self, cond: ast::ExprId) {
        let ast::Expr { ref kind, span } = self.unit.exprs[cond];
        let A::Assign(None, left, _) = *kind else {
            return;
        };
        let mut diagnostic = Diagnostic::new(W0319, span, "an assignment is used as a condition");
        if let Some(at) = self.operator_span(cond, left, "=") {
            let edit = Edit { span: at, replacement: "==".to_owned() };
            diagnostic = diagnostic.with_edit("to compare, write `==`", vec![edit]);
        } else {
            diagnostic = diagnostic.with_help("to compare, write `==`");
        }
        self.report(in_parentheses(diagnostic, span, "if it is meant"));
    }

    /// The shape of `left op right`.
    pub(crate) fn warn_binary(
        &mut self,
        op: ast::BinaryOp,
        left: ast::ExprId,
        right: ast::ExprId,
        span: Span,
    ) {
        self.warn_not(op, left, right);
        self.warn_same_operands(op, left, right, span);
        for (side, other) in [(left, right), (right, left)] {
            self.warn_precedence(op, side, other);
        }
    }

    /// `a | b & c` and its relatives: `side` is an operand of `op`, without parentheses.
    fn warn_precedence(&mut self, op: ast::BinaryOp, side: ast::ExprId, other: ast::ExprId) {
        let ast::Expr { ref kind, span } = self.unit.exprs[side];
        let A::Binary(inner, _, _) = *kind else {
            return;
        };
        let is_bitwise = |op| matches!(op, B::And | B::Or | B::Xor);
        let is_comparison = |op| matches!(op, B::Eq | B::Ne | B::Lt | B::Le | B::Gt | B::Ge);
        let flag = match (op, inner) {
            (B::LogOr, B::LogAnd) => {
                // `a && "why" || b`: a remark.
                let is_literal = |e: ast::ExprId| matches!(self.unit.exprs[e].kind, A::Str(_));
                if is_literal(other) || is_from_macro(span) {
                    return;
                }
                "logical-op-parentheses"
            }
            (B::Or | B::Xor, B::And) | (B::Or, B::Xor) if !is_from_macro(span) => {
                "bitwise-op-parentheses"
            }
            (B::Shl | B::Shr, B::Add | B::Sub) => "shift-op-parentheses",
            (op, inner) if is_bitwise(op) && is_comparison(inner) => {
                // `(a == b) & c == d` is the work of somebody who counts truths.
                if matches!(self.unit.exprs[other].kind, A::Binary(op, ..) if is_comparison(op)) {
                    return;
                }
                "parentheses"
            }
            _ => return,
        };
        let (inner, outer) = (crate::expr::spell(inner), crate::expr::spell(op));
        let message = format!("`{inner}` binds before `{outer}`");
        let diagnostic = Diagnostic::new(W0319, span, message).with_flag(flag);
        self.report(in_parentheses(diagnostic, span, "to say that this is meant"));
    }

    /// `!a == b` and `!a & b`.
    fn warn_not(&mut self, op: ast::BinaryOp, left: ast::ExprId, right: ast::ExprId) {
        let ast::Expr { ref kind, span } = self.unit.exprs[left];
        let A::Unary(ast::UnaryOp::Not, operand) = *kind else {
            return;
        };
        let what = match op {
            B::Eq | B::Ne | B::Lt | B::Le | B::Gt | B::Ge => "comparison",
            B::And => "`&`",
            _ => return,
        };
        // `!a == !b` and `!a == (b > 0)` compare truths.
        if self.is_truth(right) || self.is_truth(operand) {
            return;
        }
        let diagnostic = Diagnostic::new(
            W0321,
            span,
            format!("`!` applies to the left side of the {what} only"),
        );
        self.report(in_parentheses(diagnostic, span, "if that is meant"));
    }

    /// Whether `expr` is 0 or 1 by its operator.
    fn is_truth(&self, expr: ast::ExprId) -> bool {
        match &self.unit.exprs[self.unparenthesised(expr)].kind {
            A::Unary(ast::UnaryOp::Not, _) => true,
            A::Binary(op, a, b) => match op {
                B::Eq | B::Ne | B::Lt | B::Le | B::Gt | B::Ge | B::LogAnd | B::LogOr => true,
                B::And | B::Or | B::Xor => self.is_truth(*a) && self.is_truth(*b),
                _ => false,
            },
            A::Int(literal) => literal.value <= 1,
            A::Name(name) => self.scopes.find(*name).is_some_and(|decl| {
                matches!(decl.entity, crate::scope::Entity::Local(local)
                    if self.is_bool(self.body.locals[local].ty.ty))
            }),
            _ => false,
        }
    }

    /// `x == x`
    fn warn_same_operands(
        &mut self,
        op: ast::BinaryOp,
        left: ast::ExprId,
        right: ast::ExprId,
        span: Span,
    ) {
        let result = match op {
            B::Eq | B::Le | B::Ge => "true",
            B::Ne | B::Lt | B::Gt => "false",
            _ => return,
        };
        if is_from_macro(span) || self.n_unevaluated > 0 || !self.is_same_object(left, right) {
            return;
        }
        let message = format!("comparing something with itself is always {result}");
        self.defer(Diagnostic::new(W0328, span, message));
    }

    /// `x = x`
    pub(crate) fn warn_self_assignment(
        &mut self,
        left: ast::ExprId,
        right: ast::ExprId,
        span: Span,
    ) {
        if !is_from_macro(span) && self.is_same_object(left, right) {
            let message = "this assigns something to itself";
            self.report(Diagnostic::new(W0341, span, message));
        }
    }

    /// Whether both are the same variable or member by their names, none of it volatile and
    /// none from a macro.
    fn is_same_object(&self, a: ast::ExprId, b: ast::ExprId) -> bool {
        let (a, b) = (self.unparenthesised(a), self.unparenthesised(b));
        if is_from_macro(self.unit.exprs[a].span) || is_from_macro(self.unit.exprs[b].span) {
            return false;
        }
        match (&self.unit.exprs[a].kind, &self.unit.exprs[b].kind) {
            (A::Name(x), A::Name(y)) => {
                let is_plain = self.scopes.find(*x).is_some_and(|decl| {
                    let ty = match decl.entity {
                        crate::scope::Entity::Local(local) => self.body.locals[local].ty,
                        crate::scope::Entity::Global(global) => self.module.globals[global].ty,
                        _ => return false,
                    };
                    !self.all_quals(ty).is_volatile
                });
                x == y && is_plain
            }
            (A::Member { base: a, member: x, .. }, A::Member { base: b, member: y, .. })
            | (A::Arrow { base: a, member: x, .. }, A::Arrow { base: b, member: y, .. }) => {
                x == y && self.is_same_object(*a, *b)
            }
            _ => false,
        }
    }

    /// `x && 4`: a mask was meant.
    pub(crate) fn warn_logical(
        &mut self,
        op: ast::BinaryOp,
        right: ast::ExprId,
        values: (ExprId, ExprId),
    ) {
        let span = self.unit.exprs[right].span;
        let (a, b) = values;
        let Some(number) = self.const_int(b).filter(|number| !matches!(number, 0 | 1)) else {
            return;
        };
        let is_literal = matches!(self.unit.exprs[self.unparenthesised(right)].kind, A::Int(_));
        let is_plain_left = self.const_int(a).is_none()
            && self.is_integer(self.type_of(a))
            && !self.is_bool(self.type_of(a));
        if is_from_macro(span) || !is_literal || !is_plain_left || number < 0 {
            return;
        }
        let (logical, bitwise) = if op == B::LogAnd { ("&&", "&") } else { ("||", "|") };
        let message = format!("a constant is an operand of `{logical}`");
        self.report(
            Diagnostic::new(W0343, span, message)
                .with_help(format!("for the bits of a number, write `{bitwise}`")),
        );
    }

    /// `a, b`: the value of `a` is dropped.
    pub(crate) fn warn_comma(&mut self, left: ast::ExprId) {
        let inner = self.unparenthesised(left);
        let ast::Expr { ref kind, span } = self.unit.exprs[inner];
        let is_plain = match kind {
            A::Cast(ty, _) => !matches!(self.unit.type_names[*ty].specs.ty, ast::TypeSpec::Void),
            A::Assign(..) | A::PostInc(_) | A::PostDec(_) => false,
            A::Unary(op, _) => !matches!(op, ast::UnaryOp::PreInc | ast::UnaryOp::PreDec),
            _ => true,
        };
        if is_plain && !is_from_macro(span) {
            let message = "the value on the left of this comma is dropped";
            self.report(
                Diagnostic::new(W0336, span, message).with_help("say so with a cast to `void`"),
            );
        }
    }

    /// `memset(p, 0, sizeof(p))`: the size of the pointer, not of what it points to.
    pub(crate) fn warn_pointer_size(&mut self, callee: &str, args: &[ast::ExprId]) {
        let name = callee.trim_start_matches("__builtin_");
        if !matches!(name, "memset" | "memcpy" | "memmove" | "memcmp") || args.len() != 3 {
            return;
        }
        let A::SizeofExpr(measured) = self.unit.exprs[self.unparenthesised(args[2])].kind else {
            return;
        };
        let measured = self.unparenthesised(measured);
        let operands = if name == "memset" { &args[..1] } else { &args[..2] };
        let is_same = operands.iter().any(|arg| self.is_same_object(*arg, measured));
        let span = self.unit.exprs[args[2]].span;
        if !is_same || is_from_macro(span) {
            return;
        }
        let operand = self.unevaluated(|this| this.expr(measured));
        let ty = self.operand_type(operand).ty;
        if self.is_pointer(ty) {
            let text = self.session.sources.text(self.unit.exprs[measured].span).to_owned();
            let message = format!("this is the size of the pointer `{text}`");
            self.report(
                Diagnostic::new(W0342, span, message)
                    .with_help(format!("the size of what it points to is `sizeof(*{text})`")),
            );
        }
    }

    /// `{ .a = 1, .a = 2 }`: two designators of one list name the same.
    pub(crate) fn warn_overridden(&mut self, items: &[ast::InitItem]) {
        let mut seen: FxHashMap<Symbol, Span> = FxHashMap::default();
        for item in items {
            let [ast::Designator::Member(name, at)] = item.designators[..] else {
                continue;
            };
            if let Some(first) = seen.insert(name, at) {
                let text = self.name(name);
                let message = format!("`{text}` has an initialiser already, which is lost");
                self.report(
                    Diagnostic::new(W0344, at, message)
                        .with_note_at(first, "the other one is here"),
                );
            }
        }
    }

    /// The shape of a list of statements.
    pub(crate) fn warn_statements(&mut self, items: &[ast::StmtId]) {
        for (at, &item) in items.iter().enumerate() {
            let next = items.get(at + 1).copied();
            let (body, keyword) = match self.unit.stmts[item].kind {
                S::If { then, otherwise, .. } => match otherwise {
                    Some(otherwise) => (otherwise, "else"),
                    None => (then, "if"),
                },
                S::While { body, .. } => (body, "while"),
                S::For { body, .. } => (body, "for"),
                _ => continue,
            };
            self.warn_empty_body(item, body, keyword, next);
            self.warn_indentation(item, body, keyword, next);
        }
    }

    /// `if (x);`
    fn warn_empty_body(
        &mut self,
        stmt: ast::StmtId,
        body: ast::StmtId,
        keyword: &str,
        next: Option<ast::StmtId>,
    ) {
        let (whole, span) = (self.unit.stmts[stmt].span, self.unit.stmts[body].span);
        if !matches!(self.unit.stmts[body].kind, S::Expr(None))
            || is_from_macro(span)
            || is_from_macro(whole)
        {
            return;
        }
        // A `;` in a line of its own says that it is meant; so does a loop in front of
        // anything but a block.
        let before = self.session.sources.text(Span::new(whole.lo, span.lo));
        let is_apart = before.trim_end_matches([' ', '\t']).ends_with('\n');
        let is_block =
            next.is_some_and(|next| matches!(self.unit.stmts[next].kind, S::Compound(_)));
        let is_loop = matches!(keyword, "while" | "for");
        if is_apart || is_loop && !is_block {
            return;
        }
        self.report(
            Diagnostic::new(W0332, span, format!("the body of this `{keyword}` is empty"))
                .with_help("if that is meant, put the `;` in a line of its own"),
        );
    }

    /// A statement is indented as if it belonged to the one before it.
    fn warn_indentation(
        &mut self,
        stmt: ast::StmtId,
        body: ast::StmtId,
        keyword: &str,
        next: Option<ast::StmtId>,
    ) {
        let Some(next) = next else { return };
        if matches!(self.unit.stmts[body].kind, S::Compound(_) | S::Expr(None) | S::Error)
            || matches!(self.unit.stmts[next].kind, S::Label { .. } | S::Expr(None) | S::Error)
        {
            return;
        }
        let spans = [stmt, body, next].map(|id| self.unit.stmts[id].span);
        if spans.iter().any(|&span| is_from_macro(span)) {
            return;
        }
        let places = spans.map(|span| self.session.sources.line_col(span));
        let [Some((file, first)), Some((_, inner)), Some((same, after))] = places else {
            return;
        };
        // Only statements that begin their lines have an indentation.
        let begins = |span: Span| {
            let (_, at) = self.session.sources.line_col(span)?;
            let line = self.session.sources.file(file).line_text(at.line);
            let indent = line.len() - line.trim_start().len();
            (at.col as usize == indent + 1).then_some(&line[..indent])
        };
        let (Some(of_inner), Some(of_next)) = (begins(spans[1]), begins(spans[2])) else {
            return;
        };
        let is_misleading = file == same
            && after.line > inner.line
            && inner.line > first.line
            && of_inner == of_next
            && begins(spans[0]).is_some_and(|of_first| of_first.len() < of_next.len());
        if is_misleading {
            let message =
                format!("this statement is indented as if it were part of the `{keyword}`");
            self.report(
                Diagnostic::new(W0335, spans[2].start(), message)
                    .with_note_at(spans[0].start(), "that one ends before it"),
            );
        }
    }

    /// `if (a) if (b) …; else …;`
    pub(crate) fn warn_dangling_else(&mut self, then: ast::StmtId, has_else: bool) {
        let mut inner = then;
        let span = loop {
            match self.unit.stmts[inner].kind {
                S::If { otherwise: Some(otherwise), .. } => {
                    break self.unit.stmts[otherwise].span;
                }
                S::While { body, .. } | S::For { body, .. } => inner = body,
                S::If { then, otherwise: None, .. } => inner = then,
                _ => return,
            }
        };
        if !has_else && !is_from_macro(span) && !is_from_macro(self.unit.stmts[then].span) {
            self.report(
                Diagnostic::new(W0320, span.start(), "this `else` belongs to the inner `if`")
                    .with_note_at(self.unit.stmts[then].span.start(), "which begins here")
                    .with_help("put braces around the body of the outer `if`"),
            );
        }
    }
}

/// Adds the help to put `span` in parentheses.
fn in_parentheses(diagnostic: Diagnostic, span: Span, when: &str) -> Diagnostic {
    let text = format!("{when}, put it in parentheses");
    if is_from_macro(span) {
        return diagnostic.with_help(text);
    }
    let edit = |span: Span, text: &str| Edit { span, replacement: text.to_owned() };
    diagnostic.with_edit(text, vec![edit(span.start(), "("), edit(span.end(), ")")])
}
