//! Warnings: code that is valid C, and probably not what was meant.
//!
//! What is warned of, by which flag, and when it is on, follows clang 19 ("Diagnostic flags
//! in Clang"); where clang looks away, for instance in macros of system headers, so do we.
//!
//! - `shape`: the look of expressions and statements: parentheses, empty bodies.
//! - `usage`: names that are never used.
//! - `values`: comparisons, conversions, constants.

mod flow;
mod format;
mod paths;
mod pointers;
mod shape;
mod state;
mod usage;
mod values;

use crate::checker::Checker;
use crate::hir::{FuncId, GlobalId, LocalId};
use bpfc_base::warnings::{Flag, Level};
use bpfc_base::{Diagnostic, ExpnId, Session, Span, Symbol};
use rustc_hash::{FxHashMap, FxHashSet};

/// What the warnings remember while a translation unit is checked.
#[derive(Debug, Default)]
pub(crate) struct WarnState {
    /// Uses of the locals of the current function.
    locals: FxHashMap<LocalId, Uses>,
    /// Locals that need no use: attributes `unused` and `used`.
    exempt: FxHashSet<LocalId>,
    /// Objects with internal linkage that something refers to.
    used_globals: FxHashSet<GlobalId>,
    /// Functions that something other than themselves refers to.
    used_funcs: FxHashSet<FuncId>,
    /// Objects and functions that need no use.
    exempt_globals: FxHashSet<GlobalId>,
    exempt_funcs: FxHashSet<FuncId>,
    /// Functions whose result must be looked at.
    must_use: FxHashSet<FuncId>,
    /// What the attribute `deprecated` says, by function and by object.
    deprecated_funcs: FxHashMap<FuncId, Option<Symbol>>,
    deprecated_globals: FxHashMap<GlobalId, Option<Symbol>>,
    /// Reports about what happens when the code runs: dropped if it turns out that it does
    /// not, because it is in a branch that a constant rules out.
    deferred: Vec<Diagnostic>,
    /// The string literals that objects are initialised with.
    literals_of_locals: FxHashMap<LocalId, Span>,
    literals_of_globals: FxHashMap<GlobalId, Span>,
    /// The operand of `&` is an element: one past the end is fine.
    pub(crate) is_address_taken: bool,
    /// The source was not parsed as it stands.
    is_repaired: bool,
    /// Errors that were made of warnings here: they stop no other warning.
    n_own_errors: usize,
    /// Errors reported before the current function.
    n_errors_before: usize,
    /// Reports before the current function.
    n_reports_before: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Uses {
    n_total: u32,
    /// As the target of an assignment whose value nobody wants.
    n_written: u32,
}

impl WarnState {
    /// What is known before anything is checked.
    pub(crate) fn new(session: &Session) -> Self {
        Self { is_repaired: session.diagnostics.has_errors(), ..Self::default() }
    }
}

impl Checker<'_> {
    /// Whether the flag `name` is on anywhere.
    pub(crate) fn wants(&self, name: &str) -> bool {
        Flag::find(name).is_some_and(|flag| self.session.warnings.is_wanted(flag))
    }

    /// Whether the flag `name` is off at `span`.
    pub(crate) fn is_off(&self, name: &str, span: Span) -> bool {
        Flag::find(name).is_none_or(|flag| self.session.level_at(flag, span) == Level::Off)
    }

    /// Whether a macro of a system header wrote `span`: the program cannot change it.
    pub(crate) fn is_from_system(&self, span: Span) -> bool {
        self.session.sources.is_from_system(span)
    }

    /// Reports `diagnostic` when the function is done, if its code can be reached.
    pub(crate) fn defer(&mut self, diagnostic: Diagnostic) {
        if self.n_unevaluated == 0 {
            self.warn.deferred.push(diagnostic);
        }
    }

    /// Whether something is wrong in the current function, or in how the source was parsed.
    pub(crate) fn has_new_errors(&self) -> bool {
        self.warn.is_repaired || self.session.diagnostics.n_errors() > self.warn.n_errors_before
    }

    /// Where the reports about code that starts here begin; see [`Self::drop_deferred`].
    pub(crate) fn deferred_mark(&self) -> usize {
        self.warn.deferred.len()
    }

    /// The code that was checked since `mark` never runs.
    pub(crate) fn drop_deferred(&mut self, mark: usize) {
        self.warn.deferred.truncate(mark);
    }

    /// Brings the reports about the function that ends into the order of the source.
    pub(crate) fn sort_reports(&mut self) {
        let session = &mut *self.session;
        session.diagnostics.sort_from(self.warn.n_reports_before, &session.sources);
    }

    /// Reports what was deferred.
    pub(crate) fn flush_deferred(&mut self) {
        for diagnostic in std::mem::take(&mut self.warn.deferred) {
            self.report(diagnostic);
        }
    }
}

/// Whether a macro wrote `span`.
fn is_from_macro(span: Span) -> bool {
    span.expn != ExpnId::ROOT
}
