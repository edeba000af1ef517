//! What the grammar's actions work on: the tree under construction, scopes and messages.
//!
//! The tree is built bottom-up in tables. Later stages recurse over it, so every node's
//! height is kept, and a node that would be too high becomes an `Error` node.

use super::heights::Heights;
use super::names::TypeNames;
use super::scopes::{NameKind, ScopeMark, Scopes};
use crate::ast::*;
use crate::pp::TokenStream;
use crate::token::Token;
use bpfc_base::{Diagnostic, Session, Span, Symbol, codes};
use std::cell::{RefCell, RefMut};

/// Height of the tree that later stages can rely on.
pub const MAX_TREE_HEIGHT: u16 = 512;

/// Shared by the actions and the token source.
pub(crate) struct ParseState<'s> {
    inner: RefCell<Inner<'s>>,
}

pub(crate) struct Inner<'s> {
    pub session: &'s mut Session,
    pub types: &'s mut dyn TypeNames,
    pub stream: &'s TokenStream,
    /// The stream's tokens with keywords told apart, and what repairs add.
    pub tokens: Vec<Token>,
    pub scopes: Scopes,
    pub tree: TranslationUnit,
    pub(super) heights: Heights,
    /// Reports of the item being parsed: dropped if it is parsed again.
    pub reports: Vec<Diagnostic>,
    /// Index behind the last token of the last finished item.
    pub finished: u32,
    /// Where everything stood at that moment.
    checkpoint: Checkpoint,
    /// In a parse on trial: where to go back to.
    trial: Option<(u32, Checkpoint)>,
    /// Tokens in front of which a `}` was missing.
    pub unclosed: Vec<u32>,
    /// That something is missing at the end of the file has been reported.
    pub is_end_reported: bool,
    /// Positions of the file that the last span was in.
    file_range: (u32, u32),
}

/// Where everything stood before an item.
#[derive(Clone, Copy, Default)]
struct Checkpoint {
    n_items: usize,
    n_exprs: usize,
    n_stmts: usize,
    n_type_names: usize,
    n_tag_specs: usize,
    n_reports: usize,
    scope: ScopeMark,
}

impl<'s> ParseState<'s> {
    pub(crate) fn new(
        session: &'s mut Session,
        stream: &'s TokenStream,
        tokens: Vec<Token>,
        types: &'s mut dyn TypeNames,
        scopes: Scopes,
    ) -> Self {
        Self {
            inner: RefCell::new(Inner {
                session,
                types,
                stream,
                tokens,
                checkpoint: Checkpoint { scope: scopes.mark(), ..Checkpoint::default() },
                scopes,
                tree: TranslationUnit::default(),
                heights: Heights::default(),
                reports: Vec::new(),
                finished: 0,
                trial: None,
                unclosed: Vec::new(),
                is_end_reported: false,
                file_range: (1, 0),
            }),
        }
    }

    pub(crate) fn inner(&self) -> RefMut<'_, Inner<'s>> {
        self.inner.borrow_mut()
    }

    pub(crate) fn into_inner(self) -> Inner<'s> {
        self.inner.into_inner()
    }

    pub(crate) fn open_scope(&self) -> ScopeMark {
        self.inner().scopes.mark()
    }

    pub(crate) fn close_scope(&self, mark: ScopeMark) {
        self.inner().scopes.undo(mark);
    }

    pub(crate) fn symbol(&self, name: u32) -> Symbol {
        self.inner().symbol(name)
    }

    pub(crate) fn declare_variable(&self, name: u32) {
        let mut inner = self.inner();
        let symbol = inner.symbol(name);
        inner.scopes.declare(symbol, NameKind::Variable);
    }

    pub(crate) fn declare(&self, declarator: &Declarator, storage: Storage) {
        if let Some((name, _)) = declarator.name {
            let kind = match storage {
                Storage::Typedef => NameKind::Type,
                _ => NameKind::Variable,
            };
            self.inner().scopes.declare(name, kind);
        }
    }

    /// The declarations that token `at` stands for: their names are in scope behind it.
    pub(crate) fn deferred(&self, at: u32) {
        let inner = &mut *self.inner();
        let items = inner.stream.deferred.group(at);
        let names = inner.stream.deferred.names_of(items.clone());
        inner.scopes.declare_deferred(names.iter().map(|entry| (entry.name, entry.kind)));
        inner.tree.items.push(Item::Deferred(items));
    }

    pub(crate) fn span(&self, l: u32, r: u32) -> Span {
        self.inner().span(l, r)
    }

    pub(crate) fn expr(&self, l: u32, r: u32, kind: ExprKind) -> ExprId {
        self.inner().expr(l, r, kind)
    }

    pub(crate) fn name_expr(&self, name: u32) -> ExprId {
        let mut inner = self.inner();
        let symbol = inner.symbol(name);
        inner.expr(name, name + 1, ExprKind::Name(symbol))
    }

    pub(crate) fn number_expr(&self, at: u32) -> ExprId {
        let mut inner = self.inner();
        let kind = inner.number(at);
        inner.expr(at, at + 1, kind)
    }

    pub(crate) fn char_expr(&self, at: u32) -> ExprId {
        let mut inner = self.inner();
        let kind = inner.char_constant(at);
        inner.expr(at, at + 1, kind)
    }

    pub(crate) fn string(&self, l: u32, r: u32) -> StrLit {
        self.inner().string(l, r)
    }

    pub(crate) fn member(&self, l: u32, r: u32, base: ExprId, name: u32) -> ExprId {
        let mut inner = self.inner();
        let (member, member_span) = inner.name(name);
        let kind = ExprKind::Member { base, member, member_span };
        inner.expr(l, r, kind)
    }

    pub(crate) fn arrow(&self, l: u32, r: u32, base: ExprId, name: u32) -> ExprId {
        let mut inner = self.inner();
        let (member, member_span) = inner.name(name);
        let kind = ExprKind::Arrow { base, member, member_span };
        inner.expr(l, r, kind)
    }

    pub(crate) fn member_designator(&self, name: u32) -> Designator {
        let (name, span) = self.inner().name(name);
        Designator::Member(name, span)
    }

    /// C11 6.5.2.2: a call; types as arguments are for built-in functions only.
    pub(crate) fn call(&self, l: u32, r: u32, callee: ExprId, args: Vec<AttrArg>) -> ExprId {
        let mut inner = self.inner();
        let values: Option<Vec<ExprId>> = args
            .iter()
            .map(|arg| match arg {
                AttrArg::Expr(value) => Some(*value),
                AttrArg::Type(_) => None,
            })
            .collect();
        let kind = match (values, &inner.tree.exprs[callee].kind) {
            (Some(values), _) => ExprKind::Call(callee, values),
            (None, &ExprKind::Name(name)) if inner.session.name(name).starts_with("__builtin_") => {
                ExprKind::BuiltinWithTypes(name, args)
            }
            _ => {
                let ty = args.iter().find_map(|arg| match arg {
                    AttrArg::Type(ty) => Some(*ty),
                    AttrArg::Expr(_) => None,
                });
                let span = ty.map_or(Span::NONE, |ty| inner.tree.type_names[ty].span);
                inner.syntax_error(span, "expected an expression, found a type");
                ExprKind::Error
            }
        };
        inner.expr(l, r, kind)
    }
}

impl Inner<'_> {
    fn here(&self) -> Checkpoint {
        Checkpoint {
            n_items: self.tree.items.len(),
            n_exprs: self.tree.exprs.len(),
            n_stmts: self.tree.stmts.len(),
            n_type_names: self.tree.type_names.len(),
            n_tag_specs: self.tree.tag_specs.len(),
            n_reports: self.reports.len(),
            scope: self.scopes.mark(),
        }
    }

    /// The item that ends in front of token `end` is complete.
    pub(crate) fn finish_item(&mut self, end: u32) {
        self.finished = end;
        if !self.is_trial() {
            self.flush_reports();
        }
        self.checkpoint = self.here();
    }

    pub(crate) fn is_trial(&self) -> bool {
        self.trial.is_some()
    }

    /// Begins a parse that leaves no traces.
    pub(crate) fn begin_trial(&mut self) {
        self.trial = Some((self.finished, self.checkpoint));
    }

    pub(crate) fn end_trial(&mut self) {
        if let Some((finished, checkpoint)) = self.trial.take() {
            self.finished = finished;
            self.checkpoint = checkpoint;
            self.roll_back(checkpoint);
        }
    }

    /// Forgets the item that could not be finished.
    pub(crate) fn roll_back_item(&mut self) {
        self.roll_back(self.checkpoint);
    }

    /// Forgets everything since `checkpoint`.
    fn roll_back(&mut self, checkpoint: Checkpoint) {
        self.tree.items.truncate(checkpoint.n_items);
        self.tree.exprs.truncate(checkpoint.n_exprs);
        self.tree.stmts.truncate(checkpoint.n_stmts);
        self.tree.type_names.truncate(checkpoint.n_type_names);
        self.tree.tag_specs.truncate(checkpoint.n_tag_specs);
        self.heights.exprs.truncate(checkpoint.n_exprs);
        self.heights.stmts.truncate(checkpoint.n_stmts);
        self.heights.type_names.truncate(checkpoint.n_type_names);
        self.heights.tag_specs.truncate(checkpoint.n_tag_specs);
        self.reports.truncate(checkpoint.n_reports);
        self.scopes.undo(checkpoint.scope);
    }

    pub(crate) fn flush_reports(&mut self) {
        for report in self.reports.drain(..) {
            self.session.report(report);
        }
    }

    pub(crate) fn syntax_error(&mut self, span: Span, message: impl Into<String>) {
        let report = Diagnostic::new(codes::parse::E0201, span, message);
        self.reports.push(report);
    }

    pub(crate) fn symbol(&self, token: u32) -> Symbol {
        self.tokens[token as usize].symbol
    }

    pub(crate) fn name(&self, token: u32) -> (Symbol, Span) {
        let token = self.tokens[token as usize];
        (token.symbol, token.span)
    }

    /// The span of tokens `l..r`; an empty one at token `l` if there are none.
    pub(crate) fn span(&mut self, l: u32, r: u32) -> Span {
        let end = self.stream.end;
        let Some(first) = self.tokens.get(l as usize).map(|token| token.span) else {
            return end;
        };
        if r <= l {
            return first.start();
        }
        let last = self.tokens[r as usize - 1].span;
        let (lo, hi) = self.file_range;
        let is_near = |span: Span| span.lo >= lo && span.hi <= hi;
        if first.expn == last.expn && is_near(first) && is_near(last) {
            return Span { lo: first.lo.min(last.lo), hi: first.hi.max(last.hi), expn: first.expn };
        }
        if let Some(file) = self.session.sources.file_at(first.lo) {
            let file = self.session.sources.file(file);
            self.file_range = (file.start, file.start + file.text.len() as u32);
        }
        self.session.sources.join(first, last)
    }

    fn expr(&mut self, l: u32, r: u32, kind: ExprKind) -> ExprId {
        let span = self.span(l, r);
        let height = self.expr_height(&kind);
        let height = self.limit_height(height, span);
        let kind = match height {
            Some(_) => kind,
            None => ExprKind::Error,
        };
        self.heights.exprs.push(height.unwrap_or(1));
        self.tree.exprs.push(Expr { kind, span })
    }

    pub(super) fn stmt(&mut self, l: u32, r: u32, kind: StmtKind) -> StmtId {
        let span = self.span(l, r);
        let height = self.stmt_height(&kind);
        let height = self.limit_height(height, span);
        let kind = match height {
            Some(_) => kind,
            None => StmtKind::Error,
        };
        self.heights.stmts.push(height.unwrap_or(1));
        self.tree.stmts.push(Stmt { kind, span })
    }

    /// One more than `below`; `None` and a report past the limit.
    pub(super) fn limit_height(&mut self, below: u16, span: Span) -> Option<u16> {
        if below < MAX_TREE_HEIGHT {
            return Some(below + 1);
        }
        let message = format!("code is nested more than {MAX_TREE_HEIGHT} levels deep");
        let report = Diagnostic::new(codes::parse::E0202, span, message)
            .with_help("split it into several functions, statements or variables");
        // The nodes around it are too high as well.
        if !self.reports.iter().any(|old| old.code == report.code) {
            self.reports.push(report);
        }
        None
    }
}
