//! Statements (C11 6.8).

use crate::checker::Checker;
use crate::cleanup::Cleanups;
use crate::convert::Why;
use crate::hir::{self, ExprId, FuncId, LabelId, QualType, StmtId, StmtKind};
use crate::switch::SwitchState;
use bpfc_base::codes::types::{E0303, E0311, E0313, E0314, E0320};
use bpfc_base::similar::most_similar;
use bpfc_base::{Diagnostic, Span, Symbol};
use bpfc_parser::ast;
use rustc_hash::{FxHashMap, FxHashSet};

/// What is known while a function is checked.
#[derive(Clone, Debug)]
pub(crate) struct FuncState {
    pub id: FuncId,
    pub ret: QualType,
    /// Its name in its declarator.
    pub declared: Span,
    labels: FxHashMap<Symbol, LabelState>,
    /// What the names of labels that blocks declare meant outside, the innermost last.
    shadowed: Vec<(Symbol, Option<LabelState>)>,
    /// Labels of blocks that were left.
    left_labels: Vec<(Symbol, LabelState)>,
    /// Part of the body could not be parsed, or is missing.
    pub is_broken: bool,
    /// Variables declared `register`.
    pub without_address: FxHashSet<hir::LocalId>,
    /// Registers of local variables, `asm("r1")`.
    pub registers: FxHashMap<hir::LocalId, u8>,
    /// `switch` statements around, outermost first.
    pub switches: Vec<SwitchState>,
    /// What a `break` or `continue` would leave, outermost first, and how many variables with
    /// `cleanup` are open around it.
    breakable: Vec<(Breakable, usize)>,
    pub cleanups: Cleanups,
}

#[derive(Clone, Copy, Debug)]
struct LabelState {
    id: LabelId,
    defined: Option<Span>,
    used: Option<Span>,
    /// It need not be used: its name comes from a macro of a system header.
    is_exempt: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Breakable {
    Loop,
    Switch,
}

impl FuncState {
    pub fn new(id: FuncId, ret: QualType, declared: Span) -> Self {
        Self {
            id,
            ret,
            declared,
            labels: FxHashMap::default(),
            shadowed: Vec::new(),
            left_labels: Vec::new(),
            is_broken: false,
            without_address: FxHashSet::default(),
            registers: FxHashMap::default(),
            switches: Vec::new(),
            breakable: Vec::new(),
            cleanups: Cleanups::default(),
        }
    }
}

impl<'a> Checker<'a> {
    /// Checks a statement; what it amounts to goes to `out`.
    pub fn stmt(&mut self, id: ast::StmtId, out: &mut Vec<StmtId>) {
        let span = self.unit.stmts[id].span;
        self.deeper(span, |this| this.stmt_kind(id, out));
    }

    /// Checks a statement that stands alone: the body of a loop, a branch.
    fn body_stmt(&mut self, id: ast::StmtId) -> StmtId {
        self.scopes.enter();
        let mut stmts = Vec::new();
        self.stmt(id, &mut stmts);
        self.scopes.leave();
        self.one_statement(stmts, self.unit.stmts[id].span)
    }

    /// A branch of an `if`, and whether a constant condition rules it out.
    fn branch(&mut self, id: ast::StmtId, is_dead: bool) -> StmtId {
        let mark = self.deferred_mark();
        let stmt = self.body_stmt(id);
        if is_dead {
            self.drop_deferred(mark);
        }
        stmt
    }

    /// `stmts` as one statement.
    pub fn one_statement(&mut self, stmts: Vec<StmtId>, span: Span) -> StmtId {
        match stmts[..] {
            [only] => only,
            _ => self.statement(StmtKind::Block(stmts), span),
        }
    }

    fn stmt_kind(&mut self, id: ast::StmtId, out: &mut Vec<StmtId>) {
        use ast::StmtKind as A;
        let unit = self.unit;
        let ast::Stmt { ref kind, span } = unit.stmts[id];
        let kind = match kind {
            A::Compound(items) => {
                self.warn_statements(items);
                self.scopes.enter();
                let depth = self.cleanup_depth();
                let labels = self.n_local_labels();
                let mut stmts = Vec::with_capacity(items.len());
                for &item in items {
                    self.stmt(item, &mut stmts);
                }
                self.close_cleanups(depth, span.end(), &mut stmts);
                self.leave_labels(labels);
                self.scopes.leave();
                StmtKind::Block(stmts)
            }
            A::Declaration(declaration) => return self.declaration(declaration, out),
            A::Expr(None) => return,
            A::Error => {
                if let Some(func) = &mut self.func {
                    func.is_broken = true;
                }
                return;
            }
            A::Attributed(attrs, body) => {
                self.statement_attrs(attrs);
                return self.stmt(*body, out);
            }
            A::LocalLabels(names) => return self.declare_labels(names),
            A::Expr(Some(expr)) => return self.expr_stmt(*expr, span, out),
            A::If { cond, then, otherwise } => {
                self.warn_assignment(*cond);
                self.warn_dangling_else(*then, otherwise.is_some());
                let cond = self.condition(*cond);
                let truth = self.const_truth(cond);
                let then = self.branch(*then, truth == Some(false));
                let otherwise = otherwise.map(|stmt| self.branch(stmt, truth == Some(true)));
                StmtKind::If { cond, then, otherwise }
            }
            A::While { cond, body, unroll } => {
                self.warn_assignment(*cond);
                let cond = self.condition(*cond);
                let mark = self.deferred_mark();
                let body = self.breakable_body(*body, Breakable::Loop);
                if self.const_truth(cond) == Some(false) {
                    self.drop_deferred(mark);
                }
                loop_kind(None, Some(cond), None, body, true, *unroll)
            }
            A::DoWhile { body, cond, unroll } => {
                let body = self.breakable_body(*body, Breakable::Loop);
                self.warn_assignment(*cond);
                let cond = self.condition(*cond);
                loop_kind(None, Some(cond), None, body, false, *unroll)
            }
            A::For { init, cond, step, body, unroll } => {
                self.scopes.enter();
                let depth = self.cleanup_depth();
                let mut stmts = Vec::new();
                if let Some(init) = init {
                    self.check_for_declaration(*init);
                    self.stmt(*init, &mut stmts);
                }
                let init = match stmts.len() {
                    0 => None,
                    _ => Some(self.one_statement(stmts, span)),
                };
                let cond = cond.map(|cond| {
                    self.warn_assignment(cond);
                    self.condition(cond)
                });
                let step = step.map(|step| {
                    let value = self.rvalue(step);
                    self.note_discarded(step, value);
                    value
                });
                let body = self.breakable_body(*body, Breakable::Loop);
                self.scopes.leave();
                let kind = loop_kind(init, cond, step, body, true, *unroll);
                out.push(self.statement(kind, span));
                return self.close_cleanups(depth, span.end(), out);
            }
            A::Switch { value, body } => match self.switch_stmt(*value, *body, span) {
                Some(kind) => kind,
                None => return,
            },
            A::Case { low, high, body } => {
                self.case_label(*low, *high, span, out);
                return self.stmt(*body, out);
            }
            A::Default(body) => {
                self.default_label(span, out);
                return self.stmt(*body, out);
            }
            A::Label { name, name_span, body } => {
                self.label_stmt(*name, *name_span, out);
                return self.stmt(*body, out);
            }
            A::Goto(name, at) => {
                let label = self.label_use(*name, *at);
                self.jump_cleanups(label, span, out);
                StmtKind::Goto(label)
            }
            A::GotoIndirect(target) => {
                self.rvalue(*target);
                self.error(E0320, span, "BPF cannot jump to a computed address");
                return;
            }
            A::Continue => {
                let Some(depth) = self.depth_around(&[Breakable::Loop]) else {
                    self.error(E0313, span, "`continue` stands outside every loop");
                    return;
                };
                self.leave_cleanups(depth, span, out);
                StmtKind::Continue
            }
            A::Break => {
                let Some(depth) = self.depth_around(&[Breakable::Loop, Breakable::Switch]) else {
                    self.error(E0313, span, "`break` stands outside every loop and `switch`");
                    return;
                };
                self.leave_cleanups(depth, span, out);
                StmtKind::Break
            }
            A::Return(value) => return self.return_stmt(*value, span, out),
            A::Asm(asm) => return self.asm_stmt(asm, span, out),
        };
        out.push(self.statement(kind, span));
    }

    /// C11 6.8.5p3: what a `for` declares are variables of its own.
    fn check_for_declaration(&mut self, init: ast::StmtId) {
        if let ast::StmtKind::Declaration(declaration) = &self.unit.stmts[init].kind
            && let ast::Declaration::Names { specs, .. } = declaration
            && let Some((storage, at)) = specs.storage
            && !matches!(storage, ast::Storage::Auto | ast::Storage::Register)
        {
            self.error(E0311, at, "the declaration of a `for` loop is for its variables only");
        }
    }

    /// How many variables with `cleanup` are open around the innermost of `kinds`; `None`
    /// outside all of them.
    fn depth_around(&self, kinds: &[Breakable]) -> Option<usize> {
        let around = self.func.as_ref()?.breakable.iter().rev();
        around.into_iter().find(|(kind, _)| kinds.contains(kind)).map(|(_, depth)| *depth)
    }

    /// A body that `break` leaves.
    pub fn breakable_body(&mut self, body: ast::StmtId, what: Breakable) -> StmtId {
        if let Some(func) = &mut self.func {
            let depth = func.cleanups.depth();
            func.breakable.push((what, depth));
        }
        let body = self.body_stmt(body);
        if let Some(func) = &mut self.func {
            func.breakable.pop();
        }
        body
    }

    fn expr_stmt(&mut self, expr: ast::ExprId, span: Span, out: &mut Vec<StmtId>) {
        let value = self.rvalue(expr);
        self.note_discarded(expr, value);
        if !self.is_poison(value) {
            out.push(self.statement(StmtKind::Expr(value), span));
        }
    }

    fn return_stmt(&mut self, value: Option<ast::ExprId>, span: Span, out: &mut Vec<StmtId>) {
        let Some((ret, declared)) = self.func.as_ref().map(|func| (func.ret, func.declared)) else {
            return;
        };
        let is_void = self.is_void(ret.ty);
        let value = match value {
            None => {
                if !is_void && !self.is_error(ret.ty) {
                    let shown = self.show_qual(ret);
                    self.report(
                        Diagnostic::new(
                            E0314,
                            span,
                            format!("this function returns `{shown}`: a value is missing"),
                        )
                        .with_note_at(declared, "the function is declared here"),
                    );
                }
                None
            }
            Some(value) => {
                let value = self.rvalue(value);
                self.warn_returned_address(value);
                Some(self.returned(value, ret, is_void, declared))
            }
        };
        // `return f();` of two void functions: the call, then the return.
        if let Some(value) = value
            && is_void
        {
            out.push(self.statement(StmtKind::Expr(value), span));
            self.leave_cleanups(0, span, out);
            out.push(self.statement(StmtKind::Return(None), span));
            return;
        }
        let value = match value {
            Some(value) if self.cleanup_depth() > 0 => Some(self.value_before_cleanups(value, out)),
            value => value,
        };
        self.leave_cleanups(0, span, out);
        out.push(self.statement(StmtKind::Return(value), span));
    }

    fn returned(&mut self, value: ExprId, ret: QualType, is_void: bool, declared: Span) -> ExprId {
        if !is_void {
            return self.convert(value, ret.ty, &Why::Return(declared));
        }
        let ty = self.type_of(value);
        if !self.is_poison(value) && !self.is_void(ty) {
            let at = self.span_of(value);
            let shown = self.show(ty);
            self.report(
                Diagnostic::new(
                    E0303,
                    at,
                    format!("this function returns nothing, found `{shown}`"),
                )
                .with_note_at(declared, "the function is declared here"),
            );
        }
        value
    }

    /// The label `name`, as the target of a `goto`.
    pub fn label_use(&mut self, name: Symbol, span: Span) -> LabelId {
        let state = self.label(name);
        state.used.get_or_insert(span);
        state.id
    }

    fn label(&mut self, name: Symbol) -> &mut LabelState {
        let labels = &mut self.body.labels;
        let func = self.func.as_mut().expect("labels stand in functions");
        func.labels.entry(name).or_insert_with(|| LabelState {
            id: labels.push(Some(name)),
            defined: None,
            used: None,
            is_exempt: false,
        })
    }

    /// `name:`
    pub fn label_stmt(&mut self, name: Symbol, span: Span, out: &mut Vec<StmtId>) {
        let state = self.label(name);
        let id = state.id;
        let before = state.defined.replace(span);
        let is_exempt = self.is_from_system(span);
        self.label(name).is_exempt |= is_exempt;
        if let Some(first) = before {
            let text = self.name(name);
            self.report(
                Diagnostic::new(E0313, span, format!("the label `{text}` is defined twice"))
                    .with_note_at(first, "the first one is here"),
            );
            return;
        }
        self.label_cleanups(id);
        out.push(self.statement(StmtKind::Label(id), span));
    }

    /// `__label__ a, b;` (GNU): the names mean labels of this block until it ends.
    fn declare_labels(&mut self, names: &[(Symbol, Span)]) {
        let Some(func) = &mut self.func else { return };
        for &(name, _) in names {
            let outer = func.labels.remove(&name);
            func.shadowed.push((name, outer));
        }
    }

    /// How many labels the blocks around declare.
    pub fn n_local_labels(&self) -> usize {
        self.func.as_ref().map_or(0, |func| func.shadowed.len())
    }

    /// Leaves a block: labels that it declared since there were `n` are gone.
    pub fn leave_labels(&mut self, n: usize) {
        let Some(func) = &mut self.func else { return };
        for (name, outer) in func.shadowed.drain(n..).rev() {
            let inner = match outer {
                Some(outer) => func.labels.insert(name, outer),
                None => func.labels.remove(&name),
            };
            func.left_labels.extend(inner.map(|inner| (name, inner)));
        }
    }

    /// Reports labels that are used but not defined.
    pub fn finish_labels(&mut self) {
        let Some(func) = &self.func else { return };
        let mut undefined: Vec<(Span, Symbol)> = func
            .labels
            .iter()
            .map(|(name, state)| (*name, *state))
            .chain(func.left_labels.iter().copied())
            .filter(|(_, state)| state.defined.is_none())
            .filter_map(|(name, state)| Some((state.used?, name)))
            .collect();
        undefined.sort_unstable();
        let mut unused: Vec<(Span, Symbol)> = func
            .labels
            .iter()
            .filter(|(_, state)| state.used.is_none() && !state.is_exempt)
            .filter_map(|(name, state)| Some((state.defined?, *name)))
            .collect();
        unused.sort_unstable();
        let mut known: Vec<String> = func
            .labels
            .iter()
            .filter(|(_, state)| state.defined.is_some())
            .map(|(name, _)| self.session.name(*name).to_owned())
            .collect();
        known.sort_unstable();
        for (span, name) in unused {
            self.warn_unused_label(name, span);
        }
        for (span, name) in undefined {
            let text = self.name(name);
            let mut diagnostic = Diagnostic::new(
                E0313,
                span,
                format!("there is no label `{text}` in this function"),
            );
            if let Some(similar) = most_similar(&text, known.iter().map(String::as_str)) {
                diagnostic = crate::suggest(diagnostic, span, similar);
            }
            self.report(diagnostic);
        }
    }
}

fn loop_kind(
    init: Option<StmtId>,
    cond: Option<ExprId>,
    step: Option<ExprId>,
    body: StmtId,
    is_condition_first: bool,
    unroll: ast::Unroll,
) -> StmtKind {
    StmtKind::Loop { init, cond, step, body, is_condition_first, unroll }
}
