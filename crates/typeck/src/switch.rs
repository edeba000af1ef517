//! `switch` statements (C11 6.8.4.2), with the case ranges of GNU C.

use crate::checker::Checker;
use crate::fold::wrap;
use crate::hir::{Case, ExprId, LabelId, StmtId, StmtKind, Type, TypeId};
use crate::stmt::Breakable;
use bpfc_base::codes::types::{E0304, E0308, E0313, W0323};
use bpfc_base::{Diagnostic, Span};
use bpfc_parser::ast;

/// Names that a report lists.
const MAX_NAMES: usize = 3;

/// A `switch` whose body is being checked.
#[derive(Clone, Debug)]
pub(crate) struct SwitchState {
    /// Width and signedness of the value.
    shape: (u32, bool),
    cases: Vec<(Case, Span)>,
    default: Option<(LabelId, Span)>,
}

impl Checker<'_> {
    pub fn switch_stmt(
        &mut self,
        value: ast::ExprId,
        body: ast::StmtId,
        _span: Span,
    ) -> Option<StmtKind> {
        let (value, declared, at) = self.switch_value(value);
        let shape = self.int_shape(self.type_of(value)).unwrap_or((64, true));
        let state = SwitchState { shape, cases: Vec::new(), default: None };
        if let Some(func) = &mut self.func {
            func.switches.push(state);
        }
        let body = self.breakable_body(body, Breakable::Switch);
        let state = self.func.as_mut()?.switches.pop()?;
        self.report_overlaps(&state.cases);
        self.warn_enum_cases(declared, &state, at);
        if self.is_poison(value) {
            return None;
        }
        let mut cases: Vec<Case> = state.cases.into_iter().map(|(case, _)| case).collect();
        cases.sort_by_key(|case| case.low);
        let default = state.default.map(|(label, _)| label);
        Some(StmtKind::Switch { value, cases, default, body })
    }

    /// C11 6.8.4.2p5: the value is promoted.
    ///
    /// Beside it, the type before that, and where it stands.
    fn switch_value(&mut self, value: ast::ExprId) -> (ExprId, TypeId, Span) {
        let operand = self.expr(value);
        let declared = self.operand_type(operand).ty;
        let value = self.promote(operand);
        if self.is_poison(value) {
            return (value, declared, operand.span);
        }
        let ty = self.type_of(value);
        if !self.is_integer(ty) {
            let shown = self.show(ty);
            self.error(E0304, operand.span, format!("`switch` needs an integer, found `{shown}`"));
            return (self.poison(operand.span), declared, operand.span);
        }
        (value, declared, operand.span)
    }

    /// `-Wswitch`: enumerators of the value's type without a case.
    fn warn_enum_cases(&mut self, ty: TypeId, state: &SwitchState, at: Span) {
        let Type::Enum(id) = *self.resolved(ty) else {
            return;
        };
        let flag = if state.default.is_some() { "switch-enum" } else { "switch" };
        if self.is_off(flag, at) {
            return;
        }
        let enumerators = self.module.types.enums[id].enumerators.clone();
        let is_handled = |value: i128| {
            state.cases.iter().any(|(case, _)| case.low <= value && value <= case.high)
        };
        let mut missing: Vec<(i128, String)> = Vec::new();
        for (name, value) in enumerators {
            if !is_handled(value) && missing.iter().all(|(known, _)| *known != value) {
                missing.push((value, format!("`{}`", self.session.name(name))));
            }
        }
        let names: Vec<&str> =
            missing.iter().take(MAX_NAMES).map(|(_, name)| name.as_str()).collect();
        let message = match missing.len() {
            0 => return,
            1 => format!("no case for {}", names[0]),
            n if n <= MAX_NAMES => format!("no cases for {}", names.join(", ")),
            n => format!("no cases for {} and {} more", names.join(", "), n - MAX_NAMES),
        };
        let shown = self.show(ty);
        self.report(
            Diagnostic::new(W0323, at, message)
                .with_flag(flag)
                .with_note(format!("they are values of `{shown}`"))
                .with_help("add them, or a `default`"),
        );
    }

    fn report_overlaps(&mut self, cases: &[(Case, Span)]) {
        let mut sorted: Vec<&(Case, Span)> = cases.iter().collect();
        sorted.sort_by_key(|(case, span)| (case.low, span.lo));
        let mut widest: Option<&(Case, Span)> = None;
        for current in sorted {
            if let Some(before) = widest
                && before.0.high >= current.0.low
            {
                let (first, second) = match before.1.lo <= current.1.lo {
                    true => (before.1, current.1),
                    false => (current.1, before.1),
                };
                let value = current.0.low;
                self.report(
                    Diagnostic::new(E0308, second, format!("there are two cases for {value}"))
                        .with_note_at(first, "the other one is here"),
                );
            }
            if widest.is_none_or(|before| before.0.high < current.0.high) {
                widest = Some(current);
            }
        }
    }

    fn current_switch(&mut self, span: Span, what: &str) -> Option<&mut SwitchState> {
        let is_inside = self.func.as_ref().is_some_and(|func| !func.switches.is_empty());
        if !is_inside {
            self.error(E0313, span, format!("`{what}` stands outside every `switch`"));
            return None;
        }
        self.func.as_mut()?.switches.last_mut()
    }

    /// `case low:` or `case low ... high:`
    pub fn case_label(
        &mut self,
        low: ast::ExprId,
        high: Option<ast::ExprId>,
        span: Span,
        out: &mut Vec<StmtId>,
    ) {
        let low_span = self.unit.exprs[low].span;
        let at = high.map_or(low_span, |high| {
            self.session.sources.join(low_span, self.unit.exprs[high].span)
        });
        let low = self.const_expr(low, "the value of a case");
        let high = match high {
            Some(high) => self.const_expr(high, "the value of a case"),
            None => low,
        };
        let case_word = Span { hi: low_span.lo.max(span.lo), ..span };
        let Some(state) = self.current_switch(case_word, "case") else {
            return;
        };
        let shape = state.shape;
        let (Some(low), Some(high)) = (low, high) else {
            return;
        };
        // C11 6.8.4.2p5: converted to the type of the value.
        let (low, high) = (wrap(low, shape.0, shape.1), wrap(high, shape.0, shape.1));
        if high < low {
            self.error(E0304, at, format!("this range is empty: {high} is below {low}"));
            return;
        }
        let label = self.body.labels.push(None);
        if let Some(state) = self.func.as_mut().and_then(|func| func.switches.last_mut()) {
            state.cases.push((Case { low, high, label }, at));
        }
        out.push(self.statement(StmtKind::Label(label), at));
    }

    /// `default:`
    pub fn default_label(&mut self, span: Span, out: &mut Vec<StmtId>) {
        // The span of the labelled statement starts with the word.
        let word = Span { hi: (span.lo + "default".len() as u32).min(span.hi), ..span };
        let Some(state) = self.current_switch(word, "default") else {
            return;
        };
        if let Some((_, first)) = state.default {
            self.report(
                Diagnostic::new(E0308, word, "there are two `default`s")
                    .with_note_at(first, "the first one is here"),
            );
            return;
        }
        let label = self.body.labels.push(None);
        if let Some(state) = self.func.as_mut().and_then(|func| func.switches.last_mut()) {
            state.default = Some((label, word));
        }
        out.push(self.statement(StmtKind::Label(label), word));
    }
}
