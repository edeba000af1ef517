//! Reports what [`flow`](super::flow) finds.

use super::flow::{Finding, flow};
use super::is_from_macro;
use super::state::Cause;
use crate::checker::Checker;
use crate::hir::LocalId;
use bpfc_base::codes::types::{W0313, W0317, W0318, W0322};
use bpfc_base::codes::verifier::E0701;
use bpfc_base::{Diagnostic, Edit, Span};

impl Checker<'_> {
    /// The body of a function is complete: follows its paths.
    pub(crate) fn warn_paths(&mut self) {
        // As in clang: where something is wrong, what follows from it is not worth a word.
        if self.session.diagnostics.n_errors() > self.warn.n_own_errors {
            return;
        }
        let n_errors = self.session.diagnostics.n_errors();
        self.warn_formats();
        for finding in flow(&self.body, &self.module.types, &self.noreturn) {
            match finding {
                Finding::Empty(local, span) => self.report_empty(local, span),
                Finding::Sometimes(local, span, cause) => {
                    self.report_sometimes(local, span, cause);
                }
                Finding::Perhaps(local, span) => {
                    let text = self.local_name(local);
                    let message = format!("`{text}` may have no value here");
                    let diagnostic = Diagnostic::new(W0318, span, message);
                    let diagnostic = self.with_declaration(diagnostic, local);
                    self.report(diagnostic);
                }
                Finding::Unreachable(span) => {
                    if !self.is_from_system(span) {
                        let message = "control never gets here";
                        self.report(Diagnostic::new(W0313, span.start(), message));
                    }
                }
                Finding::FallThrough(label, before) => self.report_fall_through(label, before),
            }
        }
        self.warn.n_own_errors += self.session.diagnostics.n_errors() - n_errors;
    }

    fn local_name(&self, local: LocalId) -> String {
        let name = self.body.locals[local].name;
        name.map_or_else(String::new, |name| self.session.name(name).to_owned())
    }

    fn report_empty(&mut self, local: LocalId, span: Span) {
        let text = self.local_name(local);
        let message = format!("`{text}` is read here, but was never given a value");
        let diagnostic = Diagnostic::new(E0701, span, message).with_flag("uninitialized");
        let diagnostic = self.with_declaration(diagnostic, local);
        self.report(diagnostic);
    }

    fn report_sometimes(&mut self, local: LocalId, span: Span, cause: Cause) {
        let text = self.local_name(local);
        let (at, how, note) = match cause {
            Cause::Condition(at, true) => (at, "if a condition is true", "this condition"),
            Cause::Condition(at, false) => (at, "if a condition is false", "this condition"),
            Cause::Jump(at) => (at, "after a jump", "this jump leads here"),
        };
        let message = format!("`{text}` is read here, but has no value {how}");
        let diagnostic = Diagnostic::new(W0317, span, message).with_note_at(at, note);
        let diagnostic = self.with_declaration(diagnostic, local);
        self.report(diagnostic);
    }

    /// Shows where `local` is declared, and how to initialise it there.
    fn with_declaration(&self, diagnostic: Diagnostic, local: LocalId) -> Diagnostic {
        let declared = self.body.locals[local].span;
        let text = self.local_name(local);
        let diagnostic =
            diagnostic.with_note_at(declared, format!("`{text}` is declared here without a value"));
        let help = format!("initialise `{text}`");
        let behind = Span { lo: declared.hi, hi: declared.hi + 1, ..declared };
        let is_plain =
            !is_from_macro(declared) && matches!(self.session.sources.text(behind), ";" | ",");
        if !is_plain {
            return diagnostic.with_help(help);
        }
        let edit = Edit { span: declared.end(), replacement: " = 0".to_owned() };
        diagnostic.with_edit(help, vec![edit])
    }

    fn report_fall_through(&mut self, label: Span, before: Span) {
        // GCC takes comments for an answer; the attribute leaves no statement behind.
        let sources = &self.session.sources;
        let (from, to) = (sources.root(before), sources.root(label));
        if from.hi > to.lo || is_from_macro(label) {
            return;
        }
        let between = sources.text(Span::new(from.hi, to.lo)).to_ascii_lowercase();
        if ["fallthrough", "fall through", "falls through", "fall-through", "fallthru"]
            .iter()
            .any(|words| between.contains(words))
        {
            return;
        }
        self.report(
            Diagnostic::new(W0322, label, "control falls into this case from the one before")
                .with_note_at(before.end(), "it comes from here")
                .with_help("write `break;`, or `__attribute__((fallthrough));` if it is meant"),
        );
    }
}
