//! `cleanup(function)` (GNU): the function is called with the variable's address wherever
//! control leaves the variable's scope: at its end, and by `break`, `continue`, `goto` and
//! `return`. The latest variable comes first.

use crate::checker::Checker;
use crate::convert::Why;
use crate::hir::{
    Callee, ExprId, ExprKind, FuncId, LabelId, LocalId, PlaceKind, QualType, StmtId, StmtKind,
};
use crate::scope::Entity;
use bpfc_base::codes::types::{E0301, E0311};
use bpfc_base::{Span, Symbol};
use rustc_hash::FxHashMap;

/// A variable in scope, and what is called when it leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cleanup {
    local: LocalId,
    func: FuncId,
}

/// A `goto` out of scopes with such variables. How far it goes is known when its label is.
#[derive(Clone, Debug)]
struct Jump {
    label: LabelId,
    /// An empty block in front of the `goto`, for the calls.
    calls: StmtId,
    open: Vec<Cleanup>,
    span: Span,
}

/// The variables of a function with `cleanup`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cleanups {
    open: Vec<Cleanup>,
    jumps: Vec<Jump>,
    /// What is open where labels stand.
    labels: FxHashMap<LabelId, Vec<Cleanup>>,
}

impl Cleanups {
    /// How many variables are open: where a scope begins.
    pub fn depth(&self) -> usize {
        self.open.len()
    }
}

impl Checker<'_> {
    fn cleanups(&mut self) -> Option<&mut Cleanups> {
        self.func.as_mut().map(|func| &mut func.cleanups)
    }

    /// The number of variables that are open here.
    pub fn cleanup_depth(&self) -> usize {
        self.func.as_ref().map_or(0, |func| func.cleanups.depth())
    }

    /// From here on, `local` is cleaned up by the function `name`.
    pub fn open_cleanup(&mut self, local: LocalId, name: Symbol, span: Span) {
        let Some(Entity::Func(func)) = self.find_entity(name) else {
            let text = self.name(name);
            self.error(E0301, span, format!("`{text}` is no function that was declared"));
            return;
        };
        let n_params = self.as_func(self.module.funcs[func].ty).map(|ty| ty.params.len());
        if n_params != Some(1) {
            let message = "a function for `cleanup` takes one argument, a pointer";
            self.error(E0311, span, message);
            return;
        }
        if let Some(cleanups) = self.cleanups() {
            cleanups.open.push(Cleanup { local, func });
        }
    }

    /// Ends the scope that began at `depth`.
    pub fn close_cleanups(&mut self, depth: usize, span: Span, out: &mut Vec<StmtId>) {
        let ends_in_jump = out.last().is_some_and(|&last| {
            use StmtKind::{Break, Continue, Goto, Return};
            matches!(self.body.stmts[last].kind, Return(_) | Goto(_) | Break | Continue)
        });
        if !ends_in_jump {
            self.leave_cleanups(depth, span, out);
        }
        if let Some(cleanups) = self.cleanups() {
            cleanups.open.truncate(depth);
        }
    }

    /// Calls what a jump out of the scopes behind `depth` calls.
    pub fn leave_cleanups(&mut self, depth: usize, span: Span, out: &mut Vec<StmtId>) {
        let Some(cleanups) = self.cleanups() else { return };
        let leaving: Vec<Cleanup> = cleanups.open[depth.min(cleanups.open.len())..].to_vec();
        for cleanup in leaving.into_iter().rev() {
            out.extend(self.cleanup_call(cleanup, span));
        }
    }

    fn cleanup_call(&mut self, cleanup: Cleanup, span: Span) -> Option<StmtId> {
        let ty = self.body.locals[cleanup.local].ty;
        let place = self.place(PlaceKind::Local(cleanup.local), ty, span);
        let address = self.address(place, span);
        let func = self.as_func(self.module.funcs[cleanup.func].ty)?.clone();
        let callee = self.name(self.module.funcs[cleanup.func].name).to_string();
        let declared = self.module.funcs[cleanup.func].span;
        let why = Why::Argument { callee, index: 0, declared };
        let argument = self.convert(address, func.params[0].ty, &why);
        if self.is_poison(argument) {
            return None;
        }
        let call = ExprKind::Call { callee: Callee::Func(cleanup.func), args: vec![argument] };
        let call = self.value(call, func.ret.ty, span);
        Some(self.statement(StmtKind::Expr(call), span))
    }

    /// `goto label`: leaves a place for the calls.
    pub fn jump_cleanups(&mut self, label: LabelId, span: Span, out: &mut Vec<StmtId>) {
        if self.cleanup_depth() == 0 {
            return;
        }
        let calls = self.statement(StmtKind::Block(Vec::new()), span);
        out.push(calls);
        if let Some(cleanups) = self.cleanups() {
            let open = cleanups.open.clone();
            cleanups.jumps.push(Jump { label, calls, open, span });
        }
    }

    /// `label:` stands here.
    pub fn label_cleanups(&mut self, label: LabelId) {
        if let Some(cleanups) = self.cleanups() {
            let open = cleanups.open.clone();
            cleanups.labels.insert(label, open);
        }
    }

    /// At the end of the function, all labels are known.
    pub fn finish_cleanups(&mut self) {
        let Some(cleanups) = self.cleanups() else { return };
        let (jumps, labels) =
            (std::mem::take(&mut cleanups.jumps), std::mem::take(&mut cleanups.labels));
        for jump in jumps {
            let target = labels.get(&jump.label).map_or(&[][..], Vec::as_slice);
            let n_shared = jump.open.iter().zip(target).take_while(|(a, b)| a == b).count();
            let leaving = jump.open[n_shared..].iter().rev();
            let calls = leaving.filter_map(|&it| self.cleanup_call(it, jump.span)).collect();
            self.body.stmts[jump.calls].kind = StmtKind::Block(calls);
        }
    }

    /// `return value`: the value is computed first.
    pub fn value_before_cleanups(&mut self, value: ExprId, out: &mut Vec<StmtId>) -> ExprId {
        if self.const_int(value).is_some() || self.is_poison(value) {
            return value;
        }
        let (ty, span) = (self.type_of(value), self.span_of(value));
        let (local, init) = self.fill_temporary(value);
        out.push(init);
        let place = self.place(PlaceKind::Local(local), QualType::plain(ty), span);
        self.load(place)
    }
}
