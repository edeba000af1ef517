//! Which statements are reached: finds the functions that end without a value.

use crate::checker::Checker;
use crate::hir::{
    Body, Builtin, Callee, ExprId, ExprKind, FuncId, LabelId, QualType, StmtId, StmtKind,
};
use bpfc_base::codes::types::W0350;
use bpfc_base::{Diagnostic, Span};
use rustc_hash::FxHashSet;

/// The walk over one body.
struct Flow<'b> {
    body: &'b Body,
    noreturn: &'b FxHashSet<FuncId>,
    /// Labels that some reached statement jumps to.
    targets: FxHashSet<LabelId>,
    /// Whether a reached `break` leaves the innermost loop or `switch`.
    breaks: Vec<bool>,
    /// Whether a reached `continue` goes to the end of the innermost loop's body.
    continues: Vec<bool>,
}

impl Checker<'_> {
    /// C11 6.9.1p12: reports a function that returns a value, and whose end is reached.
    pub fn check_missing_return(&mut self, func: FuncId, ret: QualType, specs_span: Span) {
        // What was wrong in the body may have been the `return`.
        if self.has_new_errors()
            || self.is_void(ret.ty)
            || self.is_error(ret.ty)
            || !end_is_reached(&self.body, &self.noreturn)
        {
            return;
        }
        let name = self.name(self.module.funcs[func].name);
        let shown = self.show_qual(ret);
        let end = self.body.end_span;
        self.report(
            Diagnostic::new(W0350, end, format!("`{name}` ends without returning a value"))
                .with_label("the end is reached here")
                .with_note_at(specs_span, format!("it returns `{shown}`; it is 0 then")),
        );
    }
}

/// Whether control reaches the end of `body`.
pub(crate) fn end_is_reached(body: &Body, noreturn: &FxHashSet<FuncId>) -> bool {
    let mut flow = Flow {
        body,
        noreturn,
        targets: FxHashSet::default(),
        breaks: Vec::new(),
        continues: Vec::new(),
    };
    loop {
        let n_targets = flow.targets.len();
        let is_reached = flow.stmts(&body.root, true);
        // A jump backwards may reach labels that were passed already.
        if flow.targets.len() == n_targets {
            return is_reached;
        }
    }
}

impl Flow<'_> {
    fn stmts(&mut self, stmts: &[StmtId], mut live: bool) -> bool {
        for &stmt in stmts {
            live = self.stmt(stmt, live);
        }
        live
    }

    /// Whether control goes on behind `stmt`, if it reaches it or not.
    fn stmt(&mut self, id: StmtId, live: bool) -> bool {
        let body = self.body;
        match &body.stmts[id].kind {
            StmtKind::Expr(expr) => self.expr(*expr, live),
            StmtKind::Declare(_) => live,
            StmtKind::Asm(asm) => {
                if live {
                    self.targets.extend(asm.labels.iter().map(|(_, label)| *label));
                }
                live
            }
            StmtKind::Init(_, init) => {
                init.items.iter().fold(live, |live, item| match &item.value {
                    crate::hir::InitValue::Expr(value) => self.expr(*value, live),
                    crate::hir::InitValue::Bytes(_) => live,
                })
            }
            StmtKind::Block(stmts) => self.stmts(stmts, live),
            StmtKind::If { cond, then, otherwise } => {
                let live = self.expr(*cond, live);
                let truth = self.truth(*cond);
                let then = self.stmt(*then, live && truth != Some(false));
                let other = live && truth != Some(true);
                let other = otherwise.map_or(other, |stmt| self.stmt(stmt, other));
                then || other
            }
            StmtKind::Loop { init, cond, step, body, is_condition_first, .. } => {
                let live = init.map_or(live, |init| self.stmt(init, live));
                let truth = cond.map_or(Some(true), |cond| self.truth(cond));
                let live = match cond {
                    Some(cond) if *is_condition_first => self.expr(*cond, live),
                    _ => live,
                };
                self.breaks.push(false);
                self.continues.push(false);
                let enters = live && !(*is_condition_first && truth == Some(false));
                let is_through = self.stmt(*body, enters);
                let turns = self.continues.pop().unwrap_or(false) || is_through;
                if let Some(step) = step {
                    self.expr(*step, turns);
                }
                let is_broken = self.breaks.pop().unwrap_or(false);
                // A condition in front is met by whoever comes, one behind after a turn.
                let meets = if *is_condition_first { live || turns } else { turns };
                is_broken || (truth != Some(true) && meets)
            }
            StmtKind::Switch { value, cases, default, body } => {
                let live = self.expr(*value, live);
                if live {
                    self.targets.extend(cases.iter().map(|case| case.label));
                    self.targets.extend(*default);
                }
                self.breaks.push(false);
                let falls_out = self.stmt(*body, false);
                let is_broken = self.breaks.pop().unwrap_or(false);
                falls_out || is_broken || (live && default.is_none())
            }
            StmtKind::Label(label) => live || self.targets.contains(label),
            StmtKind::Goto(label) => {
                if live {
                    self.targets.insert(*label);
                }
                false
            }
            StmtKind::Break => {
                if live && let Some(last) = self.breaks.last_mut() {
                    *last = true;
                }
                false
            }
            StmtKind::Continue => {
                if live && let Some(last) = self.continues.last_mut() {
                    *last = true;
                }
                false
            }
            StmtKind::Return(_) => false,
        }
    }

    fn truth(&self, expr: ExprId) -> Option<bool> {
        match self.body.exprs[expr].kind {
            ExprKind::Int(value) => Some(value != 0),
            _ => None,
        }
    }

    /// Whether control goes on behind `expr`: calls that do not return, and statement
    /// expressions, may end it. Operands that may not be evaluated never do.
    fn expr(&mut self, id: ExprId, live: bool) -> bool {
        let body = self.body;
        match &body.exprs[id].kind {
            ExprKind::Call { callee: Callee::Func(func), .. } if self.noreturn.contains(func) => {
                false
            }
            ExprKind::Builtin(Builtin::Unreachable | Builtin::Trap, _) => false,
            ExprKind::StmtExpr { stmts, value } => {
                let live = self.stmts(stmts, live);
                value.map_or(live, |value| self.expr(value, live))
            }
            ExprKind::Cast(inner) | ExprKind::Not(inner) | ExprKind::Neg(inner) => {
                self.expr(*inner, live)
            }
            ExprKind::Comma(a, b) | ExprKind::Binary(_, a, b) | ExprKind::Compare(_, a, b) => {
                let live = self.expr(*a, live);
                self.expr(*b, live)
            }
            ExprKind::Assign { value, .. } | ExprKind::AssignOp { value, .. } => {
                self.expr(*value, live)
            }
            ExprKind::Builtin(Builtin::Expect, args) => {
                args.first().map_or(live, |arg| self.expr(*arg, live))
            }
            ExprKind::LogAnd(a, b) | ExprKind::LogOr(a, b) => {
                let live = self.expr(*a, live);
                self.expr(*b, live);
                live
            }
            ExprKind::Conditional { cond, then, otherwise } => {
                let live = self.expr(*cond, live);
                let then = self.expr(*then, live);
                let otherwise = self.expr(*otherwise, live);
                then || otherwise
            }
            _ => live,
        }
    }
}
