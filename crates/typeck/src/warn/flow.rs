//! The flow of control through a body: locals that are read without a value, statements that
//! are never reached, cases that fall through.
//!
//! It follows the structure of the code once. A read is an error only if no path to it gives
//! the local a value; of the paths through loops and backward jumps it assumes that they do.

use super::state::{Cause, LocalSet, State, join};
use crate::hir::{
    AsmValue, Body, Builtin, Callee, CompareOp, ExprId, ExprKind, FuncId, InitValue, LabelId,
    LocalId, PlaceId, PlaceKind, StmtId, StmtKind, Type, Types,
};
use crate::walk::{Node, walk, walk_from};
use bpfc_base::{Idx, Span};
use rustc_hash::{FxHashMap, FxHashSet};

/// What was found.
#[derive(Debug)]
pub(super) enum Finding {
    /// A local is read and has no value.
    Empty(LocalId, Span),
    /// The same, after some choice.
    Sometimes(LocalId, Span, Cause),
    /// The same, if this path can be taken.
    Perhaps(LocalId, Span),
    /// Control does not get here.
    Unreachable(Span),
    /// Control falls into this label from the statement before it.
    FallThrough(Span, Span),
}

/// The walk over one body.
struct Flow<'b> {
    body: &'b Body,
    types: &'b Types,
    noreturn: &'b FxHashSet<FuncId>,
    tracked: LocalSet,
    /// Tracked locals that something gives a value.
    assigned: LocalSet,
    /// Jumps to labels that were met so far.
    at_labels: FxHashMap<LabelId, (State, Option<Cause>)>,
    /// Labels that stand before a jump to them.
    backward_targets: FxHashSet<LabelId>,
    cases: FxHashSet<LabelId>,
    breaks: Vec<Option<State>>,
    continues: Vec<Option<State>>,
    /// Jumps, returns and calls that do not return, so far.
    n_exits: usize,
    findings: Vec<Finding>,
    /// One report for each local.
    reported: LocalSet,
}

/// Follows `body`.
pub(super) fn flow(body: &Body, types: &Types, noreturn: &FxHashSet<FuncId>) -> Vec<Finding> {
    let (tracked, assigned) = locals_of(body, types);
    let mut flow = Flow {
        body,
        types,
        noreturn,
        tracked,
        assigned,
        at_labels: FxHashMap::default(),
        backward_targets: backward_targets(body),
        cases: FxHashSet::default(),
        breaks: Vec::new(),
        continues: Vec::new(),
        n_exits: 0,
        findings: Vec::new(),
        reported: LocalSet::default(),
    };
    flow.stmts(&body.root, Some(State::default()));
    flow.findings
}

/// Scalars that are declared without a value, and those of them that something fills later.
fn locals_of(body: &Body, types: &Types) -> (LocalSet, LocalSet) {
    let (mut tracked, mut assigned) = (LocalSet::default(), LocalSet::default());
    for (id, local) in body.locals.iter_enumerated() {
        let is_scalar = matches!(
            types.resolve(local.ty.ty),
            Type::Bool | Type::Int(_) | Type::Enum(_) | Type::Ptr(_)
        );
        let is_user = id.index() >= body.n_params && local.name.is_some();
        if is_scalar && is_user && !local.ty.quals.is_volatile {
            tracked.insert(id);
        }
    }
    walk(body, |node| note_filled(body, node, &mut assigned));
    (tracked, assigned)
}

/// Adds the local that `node` fills, or may fill through its address.
fn note_filled(body: &Body, node: Node, filled: &mut LocalSet) {
    let mut note = |place: PlaceId| {
        if let PlaceKind::Local(local) = body.places[place].kind {
            filled.insert(local);
        }
    };
    match node {
        Node::Expr(id) => match body.exprs[id].kind {
            ExprKind::Assign { place, .. }
            | ExprKind::AssignOp { place, .. }
            | ExprKind::AssignPtrAdd { place, .. }
            | ExprKind::IncDec { place, .. }
            | ExprKind::AddrOf(place) => note(place),
            _ => {}
        },
        Node::Stmt(id) => match &body.stmts[id].kind {
            StmtKind::Asm(asm) => asm.operands.iter().for_each(|operand| match operand.value {
                AsmValue::Output(place) | AsmValue::Object(place) => note(place),
                AsmValue::Value(_) => {}
            }),
            StmtKind::Init(local, _) => filled.insert(*local),
            _ => {}
        },
        Node::Place(_) => {}
    }
}

/// Labels that stand before a `goto` to them.
fn backward_targets(body: &Body) -> FxHashSet<LabelId> {
    let (mut passed, mut targets) = (FxHashSet::default(), FxHashSet::default());
    walk(body, |node| {
        if let Node::Stmt(id) = node {
            match body.stmts[id].kind {
                StmtKind::Label(label) => {
                    passed.insert(label);
                }
                StmtKind::Goto(label) if passed.contains(&label) => {
                    targets.insert(label);
                }
                _ => {}
            }
        }
    });
    targets
}

impl Flow<'_> {
    fn stmts(&mut self, stmts: &[StmtId], mut state: Option<State>) -> Option<State> {
        let mut before: Option<StmtId> = None;
        for &id in stmts {
            let stmt = &self.body.stmts[id];
            let was_live = state.is_some();
            if let StmtKind::Label(label) = stmt.kind {
                let is_case = self.cases.contains(&label);
                let after = before.map(|before| &self.body.stmts[before]);
                if was_live
                    && is_case
                    && let Some(after) = after
                    && !matches!(after.kind, StmtKind::Label(_))
                {
                    self.findings.push(Finding::FallThrough(stmt.span, after.span));
                }
            } else if !was_live
                && let Some(before) = before
                && self.is_exit(before)
                && !matches!(
                    stmt.kind,
                    StmtKind::Declare(_) | StmtKind::Break | StmtKind::Return(_)
                )
            {
                self.findings.push(Finding::Unreachable(stmt.span));
            }
            state = self.stmt(id, state);
            before = Some(id);
        }
        state
    }

    /// Whether control leaves through `stmt` for all to see.
    fn is_exit(&self, stmt: StmtId) -> bool {
        match &self.body.stmts[stmt].kind {
            StmtKind::Goto(_) | StmtKind::Break | StmtKind::Continue | StmtKind::Return(_) => true,
            StmtKind::Block(stmts) => stmts.last().is_some_and(|last| self.is_exit(*last)),
            StmtKind::If { then, otherwise: Some(otherwise), .. } => {
                self.is_exit(*then) && self.is_exit(*otherwise)
            }
            _ => false,
        }
    }

    /// Goes through `stmt`; `None` is a point that control does not reach.
    fn stmt(&mut self, id: StmtId, state: Option<State>) -> Option<State> {
        let body = self.body;
        let span = body.stmts[id].span;
        match &body.stmts[id].kind {
            StmtKind::Expr(expr) => self.expr_stmt(*expr, state),
            StmtKind::Declare(local) => {
                let mut state = state;
                if let Some(state) = &mut state
                    && self.tracked.contains(*local)
                {
                    state.declare(*local);
                }
                state
            }
            StmtKind::Init(local, init) => {
                let mut state = state;
                for item in &init.items {
                    if let InitValue::Expr(value) = item.value
                        && !self.is_load_of(value, *local)
                    {
                        state = self.expr(value, state);
                    }
                }
                self.filled(state, *local)
            }
            StmtKind::Block(stmts) => self.stmts(stmts, state),
            StmtKind::If { cond, then, otherwise } => self.choice(*cond, *then, *otherwise, state),
            StmtKind::Loop { .. } => self.loop_stmt(id, state),
            StmtKind::Switch { .. } => self.switch(id, state),
            StmtKind::Label(label) => self.label(*label, state),
            StmtKind::Goto(label) => {
                self.jump(*label, state, span);
                None
            }
            StmtKind::Break => self.leave(state, true),
            StmtKind::Continue => self.leave(state, false),
            StmtKind::Return(value) => {
                if let Some(value) = value {
                    self.expr(*value, state);
                }
                self.n_exits += 1;
                None
            }
            StmtKind::Asm(asm) => {
                let mut state = state;
                for operand in &asm.operands {
                    state = match operand.value {
                        AsmValue::Value(value) => self.expr(value, state),
                        AsmValue::Object(place) => self.place(place, state),
                        AsmValue::Output(place) => {
                            let state = self.place(place, state);
                            match operand.constraint.is_read {
                                true => self.read(place, state),
                                false => state,
                            }
                        }
                    };
                }
                for operand in &asm.operands {
                    if let AsmValue::Output(place) = operand.value {
                        state = self.written(place, state);
                    }
                }
                for (_, label) in &asm.labels {
                    self.jump(*label, state.clone(), span);
                }
                state
            }
        }
    }

    /// An expression whose value is dropped: `(void)x` is no use of `x`.
    fn expr_stmt(&mut self, expr: ExprId, state: Option<State>) -> Option<State> {
        if let ExprKind::Cast(inner) = self.body.exprs[expr].kind
            && let ExprKind::Load(place) = self.body.exprs[inner].kind
            && matches!(self.types.resolve(self.body.exprs[expr].ty), Type::Void)
            && matches!(self.body.places[place].kind, PlaceKind::Local(_))
        {
            return state;
        }
        self.expr(expr, state)
    }

    fn is_load_of(&self, value: ExprId, local: LocalId) -> bool {
        matches!(self.body.exprs[value].kind, ExprKind::Load(place)
            if matches!(self.body.places[place].kind, PlaceKind::Local(of) if of == local))
    }

    fn filled(&self, state: Option<State>, local: LocalId) -> Option<State> {
        let mut state = state?;
        if self.tracked.contains(local) {
            state.fill(local);
        }
        Some(state)
    }

    fn written(&self, place: PlaceId, state: Option<State>) -> Option<State> {
        match self.body.places[place].kind {
            PlaceKind::Local(local) => self.filled(state, local),
            _ => state,
        }
    }

    fn choice(
        &mut self,
        cond: ExprId,
        then: StmtId,
        otherwise: Option<StmtId>,
        state: Option<State>,
    ) -> Option<State> {
        let span = self.body.exprs[cond].span;
        let before = state.clone();
        let (yes, no) = self.cond(cond, state);
        let is_choice = yes.is_some() && no.is_some();
        let n_exits = self.n_exits;
        let yes = self.stmt(then, yes.map(|yes| if is_choice { yes.chosen() } else { yes }));
        let no = match otherwise {
            Some(otherwise) => {
                self.stmt(otherwise, no.map(|no| if is_choice { no.chosen() } else { no }))
            }
            None => no.map(|no| if is_choice { no.chosen() } else { no }),
        };
        let causes = (Cause::Condition(span, true), Cause::Condition(span, false));
        let joined = join(yes, no, Some(causes.0), Some(causes.1));
        self.after_choice(before, joined, n_exits)
    }

    /// Both ways of a choice came back: what was sure before it is so again, for the locals
    /// that neither of them filled.
    fn after_choice(
        &self,
        before: Option<State>,
        after: Option<State>,
        n_exits: usize,
    ) -> Option<State> {
        let mut after = after?;
        if let Some(before) = before
            && self.n_exits == n_exits
            && after.filled == before.filled
            && after.empty == before.empty
        {
            after.causes.extend(before.causes);
        }
        Some(after)
    }

    /// Locals that a loop or a jump backwards may have filled before: some of `fills`.
    fn assume_filled(state: &mut State, fills: &LocalSet) {
        let filled: Vec<LocalId> = state.empty.without(&state.filled).collect();
        for local in filled.into_iter().filter(|local| fills.contains(*local)) {
            state.filled.insert(local);
        }
    }

    fn loop_stmt(&mut self, id: StmtId, state: Option<State>) -> Option<State> {
        let body = self.body;
        let StmtKind::Loop { init, cond, step, body: inner, is_condition_first, .. } =
            &body.stmts[id].kind
        else {
            return state;
        };
        let mut head = match init {
            Some(init) => self.stmt(*init, state),
            None => state,
        };
        let fills = self.fills_of(id);
        if let Some(head) = &mut head {
            Self::assume_filled(head, &fills);
            head.causes.retain(|local, _| !is_condition_first && !fills.contains(*local));
        }
        let (enter, mut out) = match cond {
            Some(cond) if *is_condition_first => {
                let (enter, out) = self.cond(*cond, head);
                (enter.map(|enter| enter.chosen()), out)
            }
            _ => (head, None),
        };
        self.breaks.push(None);
        self.continues.push(None);
        let through = self.stmt(*inner, enter);
        let continued = self.continues.pop().flatten();
        let mut turn = join(through, continued, None, None);
        if let Some(step) = step {
            turn = self.expr(*step, turn);
        }
        if !*is_condition_first && let Some(cond) = cond {
            out = self.cond(*cond, turn).1;
        }
        let broken = self.breaks.pop().flatten();
        join(out, broken, None, None).map(|after| after.chosen())
    }

    /// The locals that something within statement `id` fills.
    fn fills_of(&self, id: StmtId) -> LocalSet {
        let mut fills = LocalSet::default();
        walk_from(self.body, &[id], |node| note_filled(self.body, node, &mut fills));
        fills
    }

    fn switch(&mut self, id: StmtId, state: Option<State>) -> Option<State> {
        let body = self.body;
        let StmtKind::Switch { value, cases, default, body: inner } = &body.stmts[id].kind else {
            return state;
        };
        let state = self.expr(*value, state);
        if let Some(state) = &state {
            for label in cases.iter().map(|case| case.label).chain(*default) {
                self.cases.insert(label);
                self.at_labels.insert(label, (state.chosen(), None));
            }
        }
        self.breaks.push(None);
        let through = self.stmt(*inner, None);
        let broken = self.breaks.pop().flatten();
        let mut after = join(through, broken, None, None);
        let is_open = default.is_none() && !self.covers_enum(*value, id);
        if is_open {
            // As clang: programs often know that no other value comes.
            after = join(after, state.map(|state| state.chosen()), None, None);
        }
        after
    }

    /// Whether the cases of `switch` are all that its enumeration has.
    fn covers_enum(&self, value: ExprId, switch: StmtId) -> bool {
        let StmtKind::Switch { cases, .. } = &self.body.stmts[switch].kind else {
            return false;
        };
        let mut value = value;
        while let ExprKind::Cast(inner) = self.body.exprs[value].kind {
            value = inner;
        }
        let Type::Enum(id) = *self.types.resolve(self.body.exprs[value].ty) else {
            return false;
        };
        let has_case =
            |value: i128| cases.iter().any(|case| case.low <= value && value <= case.high);
        self.types.enums[id].enumerators.iter().all(|(_, value)| has_case(*value))
    }

    fn label(&mut self, label: LabelId, state: Option<State>) -> Option<State> {
        let (jumped, cause) = match self.at_labels.remove(&label) {
            Some((jumped, cause)) => (Some(jumped), cause),
            None => (None, None),
        };
        let mut state = join(state, jumped, None, cause);
        if self.backward_targets.contains(&label) {
            match &mut state {
                Some(state) => {
                    Self::assume_filled(state, &self.assigned);
                    state.causes.clear();
                }
                // Only a jump from below leads here: from where, is not known yet.
                None => {
                    let mut unknown = State::default();
                    unknown.filled.extend(&self.tracked);
                    state = Some(unknown);
                }
            }
        }
        state
    }

    fn jump(&mut self, label: LabelId, state: Option<State>, span: Span) {
        self.n_exits += 1;
        let Some(mut state) = state else { return };
        // It is sure that control gets from here to the label.
        state.causes.clear();
        let cause = Some(Cause::Jump(span));
        let (old, old_cause) = match self.at_labels.remove(&label) {
            Some((old, cause)) => (Some(old), cause),
            None => (None, None),
        };
        if let Some(joined) = join(old, Some(state), old_cause, cause) {
            self.at_labels.insert(label, (joined, cause));
        }
    }

    fn leave(&mut self, state: Option<State>, is_break: bool) -> Option<State> {
        self.n_exits += 1;
        let targets = if is_break { &mut self.breaks } else { &mut self.continues };
        if let Some(target) = targets.last_mut() {
            let old = target.take();
            *target = join(old, state.map(|state| state.chosen()), None, None);
        }
        None
    }

    /// A condition: the state if it holds, and if it does not.
    fn cond(&mut self, id: ExprId, state: Option<State>) -> (Option<State>, Option<State>) {
        let body = self.body;
        match &body.exprs[id].kind {
            ExprKind::Int(value) => match *value != 0 {
                true => (state, None),
                false => (None, state),
            },
            ExprKind::Not(inner) => {
                let (yes, no) = self.cond(*inner, state);
                (no, yes)
            }
            ExprKind::Cast(inner) if self.is_scalar_int(*inner) => self.cond(*inner, state),
            ExprKind::Builtin(Builtin::Expect, args) if !args.is_empty() => {
                self.cond(args[0], state)
            }
            ExprKind::Compare(op @ (CompareOp::Eq | CompareOp::Ne), a, b)
                if matches!(body.exprs[*b].kind, ExprKind::Int(0)) =>
            {
                let (yes, no) = self.cond(*a, state);
                if *op == CompareOp::Ne { (yes, no) } else { (no, yes) }
            }
            ExprKind::LogAnd(a, b) => {
                let (yes, no) = self.cond(*a, state);
                let span = body.exprs[*a].span;
                let (both, second) = self.cond(*b, yes.map(|yes| yes.chosen()));
                let no = no.map(|no| no.chosen());
                (both, join(no, second, Some(Cause::Condition(span, false)), None))
            }
            ExprKind::LogOr(a, b) => {
                let (yes, no) = self.cond(*a, state);
                let span = body.exprs[*a].span;
                let (second, neither) = self.cond(*b, no.map(|no| no.chosen()));
                let yes = yes.map(|yes| yes.chosen());
                (join(yes, second, Some(Cause::Condition(span, true)), None), neither)
            }
            _ => {
                let state = self.expr(id, state);
                (state.clone(), state)
            }
        }
    }

    fn is_scalar_int(&self, expr: ExprId) -> bool {
        matches!(
            self.body.exprs[expr].kind,
            ExprKind::Not(_)
                | ExprKind::LogAnd(..)
                | ExprKind::LogOr(..)
                | ExprKind::Compare(..)
                | ExprKind::Builtin(Builtin::Expect, _)
                | ExprKind::Cast(_)
        ) && !matches!(self.types.resolve(self.body.exprs[expr].ty), Type::Void)
    }

    fn exprs(&mut self, exprs: &[ExprId], state: Option<State>) -> Option<State> {
        exprs.iter().fold(state, |state, &expr| self.expr(expr, state))
    }

    fn expr(&mut self, id: ExprId, state: Option<State>) -> Option<State> {
        let body = self.body;
        match &body.exprs[id].kind {
            ExprKind::Error | ExprKind::Int(_) | ExprKind::FuncAddr(_) | ExprKind::Core(_) => state,
            ExprKind::Load(place) => {
                let state = self.place(*place, state);
                self.read(*place, state)
            }
            // Who has the address may store through it.
            ExprKind::AddrOf(place) => {
                let state = self.place(*place, state);
                self.written(*place, state)
            }
            ExprKind::Cast(a) | ExprKind::Neg(a) | ExprKind::BitNot(a) | ExprKind::Not(a) => {
                self.expr(*a, state)
            }
            ExprKind::Binary(_, a, b)
            | ExprKind::Compare(_, a, b)
            | ExprKind::Comma(a, b)
            | ExprKind::PtrAdd { ptr: a, index: b, .. }
            | ExprKind::PtrDiff { left: a, right: b, .. } => self.exprs(&[*a, *b], state),
            ExprKind::LogAnd(..) | ExprKind::LogOr(..) => {
                let n_exits = self.n_exits;
                let before = state.clone();
                let (yes, no) = self.cond(id, state);
                let joined = join(yes, no, None, None);
                self.after_choice(before, joined, n_exits)
            }
            ExprKind::Conditional { cond, then, otherwise } => {
                let n_exits = self.n_exits;
                let before = state.clone();
                let span = body.exprs[*cond].span;
                let (yes, no) = self.cond(*cond, state);
                let yes = self.expr(*then, yes.map(|yes| yes.chosen()));
                let no = self.expr(*otherwise, no.map(|no| no.chosen()));
                let causes = (Cause::Condition(span, true), Cause::Condition(span, false));
                let joined = join(yes, no, Some(causes.0), Some(causes.1));
                self.after_choice(before, joined, n_exits)
            }
            ExprKind::Assign { place, value } => {
                let state = if self.is_opaque(*value) { state } else { self.expr(*value, state) };
                let state = self.place(*place, state);
                self.written(*place, state)
            }
            ExprKind::AssignOp { place, value, .. }
            | ExprKind::AssignPtrAdd { place, index: value, .. } => {
                let state = self.expr(*value, state);
                let state = self.place(*place, state);
                let state = self.read(*place, state);
                self.written(*place, state)
            }
            ExprKind::IncDec { place, .. } => {
                let state = self.place(*place, state);
                let state = self.read(*place, state);
                self.written(*place, state)
            }
            ExprKind::Call { callee, args } => {
                let state = match callee {
                    Callee::Pointer(callee) => self.expr(*callee, state),
                    _ => state,
                };
                let state = self.exprs(args, state);
                let is_end = matches!(callee, Callee::Func(func) if self.noreturn.contains(func));
                self.n_exits += usize::from(is_end);
                state.filter(|_| !is_end)
            }
            ExprKind::Builtin(builtin, args) => {
                let state = self.exprs(args, state);
                let is_end = matches!(builtin, Builtin::Unreachable | Builtin::Trap);
                self.n_exits += usize::from(is_end);
                state.filter(|_| !is_end)
            }
            ExprKind::Atomic { ptr, operands, .. } => {
                let state = self.expr(*ptr, state);
                self.exprs(operands, state)
            }
            ExprKind::StmtExpr { stmts, value } => {
                let state = self.stmts(stmts, state);
                value.map_or(state.clone(), |value| self.expr(value, state))
            }
        }
    }

    /// `barrier_var(x)` asks for nothing of `x`.
    fn is_opaque(&self, value: ExprId) -> bool {
        matches!(self.body.exprs[value].kind, ExprKind::Builtin(Builtin::Opaque, _))
    }

    /// What is evaluated to find the object at `place`.
    fn place(&mut self, place: PlaceId, state: Option<State>) -> Option<State> {
        match self.body.places[place].kind {
            PlaceKind::Error | PlaceKind::Local(_) | PlaceKind::Global(_) => state,
            PlaceKind::Deref(ptr) => self.expr(ptr, state),
            PlaceKind::Member { base, .. } => self.place(base, state),
            PlaceKind::Index { base, index } => {
                let state = self.place(base, state);
                self.expr(index, state)
            }
            PlaceKind::Temp { init, .. } => self.stmt(init, state),
        }
    }

    /// The content of `place` is looked at.
    fn read(&mut self, place: PlaceId, state: Option<State>) -> Option<State> {
        let mut state = state?;
        let node = &self.body.places[place];
        let PlaceKind::Local(local) = node.kind else {
            return Some(state);
        };
        if !self.tracked.contains(local)
            || !state.empty.contains(local)
            || self.reported.contains(local)
        {
            return Some(state);
        }
        let finding = match (state.is_empty(local), state.causes.get(&local)) {
            (true, _) => Finding::Empty(local, node.span),
            (false, Some(&cause)) => Finding::Sometimes(local, node.span, cause),
            (false, None) => Finding::Perhaps(local, node.span),
        };
        // A vague report must not hide a clear one further down.
        if !matches!(finding, Finding::Perhaps(..)) {
            self.reported.insert(local);
        }
        self.findings.push(finding);
        state.fill(local);
        Some(state)
    }
}
