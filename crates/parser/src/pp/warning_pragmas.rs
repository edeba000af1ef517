//! `#pragma GCC diagnostic` and `#pragma clang diagnostic`: which warnings a program
//! switches off, on or into errors, and where. It is recorded here; nothing is filtered.

use super::Preprocessor;
use crate::literal;
use crate::token::{Token, TokenKind};
use bpfc_base::{Diagnostic, ExpnId, SourceMap, Span, codes};
use std::sync::Arc;

/// What a pragma makes of a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarningLevel {
    /// `ignored`
    Ignored,
    /// `warning`
    Warning,
    /// `error`, and clang's `fatal`
    Error,
}

/// `#pragma GCC diagnostic LEVEL "-WNAME"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WarningSetting {
    /// The warning or group of warnings, without `-W`: `unused-variable`.
    pub name: Arc<str>,
    /// What becomes of it.
    pub level: WarningLevel,
    /// The pragma.
    pub span: Span,
}

/// The settings of a translation unit, by place; pushes and pops are resolved.
#[derive(Clone, Debug, Default)]
pub struct WarningPragmas {
    /// All settings that were ever in force together.
    states: Vec<Vec<WarningSetting>>,
    /// From where on which state holds, in order of expansion and position.
    changes: Vec<Change>,
}

#[derive(Clone, Copy, Debug)]
struct Change {
    /// The macro expansion that the place is in, and its position.
    at: (ExpnId, u32),
    state: usize,
}

impl WarningPragmas {
    /// True if there are no such pragmas.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// What is in force at the beginning of `span`, in the order in which it was set: the
    /// last setting that matches a warning counts.
    pub fn at(&self, sources: &SourceMap, span: Span) -> &[WarningSetting] {
        if self.is_empty() {
            return &[];
        }
        let mut place = span;
        loop {
            if let Some(state) = self.state_in(sources, place) {
                return &self.states[state];
            }
            match sources.expansion(place.expn) {
                Some(expansion) => place = expansion.call_site,
                None => return &[],
            }
        }
    }

    /// The state that the pragmas in the same file or expansion lead to.
    fn state_in(&self, sources: &SourceMap, place: Span) -> Option<usize> {
        let after = self.changes.partition_point(|change| change.at <= (place.expn, place.lo));
        let change = self.changes[after.checked_sub(1)?];
        let (expn, lo) = change.at;
        let is_here = expn == place.expn && sources.file_at(lo) == sources.file_at(place.lo);
        is_here.then_some(change.state)
    }
}

/// The settings while the preprocessor runs.
#[derive(Default)]
pub(super) struct WarningState {
    current: Vec<WarningSetting>,
    pushed: Vec<Vec<WarningSetting>>,
    /// In the order in which they were met.
    record: WarningPragmas,
}

impl WarningState {
    /// Notes that the current settings hold from `lo` of a file on.
    pub(super) fn note_file(&mut self, lo: u32) {
        // Without any pragma so far there is nothing to inherit.
        if !self.record.is_empty() {
            self.note(&[(ExpnId::ROOT, lo)]);
        }
    }

    fn note(&mut self, places: &[(ExpnId, u32)]) {
        if self.record.states.last() != Some(&self.current) {
            self.record.states.push(self.current.clone());
        }
        let state = self.record.states.len() - 1;
        self.record.changes.extend(places.iter().map(|&at| Change { at, state }));
    }

    pub(super) fn finish(self) -> WarningPragmas {
        let mut record = self.record;
        // The sort is stable: of several changes at one place the last one counts.
        record.changes.sort_by_key(|change| change.at);
        record
    }
}

impl Preprocessor<'_> {
    /// `#pragma GCC diagnostic …` and `#pragma clang diagnostic …`; `tokens` is what
    /// follows `diagnostic`.
    pub(super) fn diagnostic_pragma(&mut self, span: Span, tokens: &[Token]) {
        let [word, rest @ ..] = tokens else {
            self.bad_diagnostic_pragma(span);
            return;
        };
        let level = match word.spelling(&self.session.names) {
            "push" => {
                let current = self.warning_state.current.clone();
                self.warning_state.pushed.push(current);
                return;
            }
            "pop" => {
                match self.warning_state.pushed.pop() {
                    Some(old) => self.warning_state.current = old,
                    None => {
                        let message = "`diagnostic pop` without `diagnostic push`";
                        self.session.report(Diagnostic::new(codes::lex::W0102, span, message));
                    }
                }
                self.note_warnings(span);
                return;
            }
            "ignored" => WarningLevel::Ignored,
            "warning" => WarningLevel::Warning,
            "error" | "fatal" => WarningLevel::Error,
            _ => {
                self.bad_diagnostic_pragma(word.span);
                return;
            }
        };
        let option = match rest {
            [string] if string.kind == TokenKind::Str => {
                literal::split_prefix(string.spelling(&self.session.names)).1
            }
            _ => "",
        };
        let Some(name) = option.strip_prefix("-W") else {
            self.bad_diagnostic_pragma(rest.first().map_or(span, |token| token.span));
            return;
        };
        let setting = WarningSetting { name: name.into(), level, span };
        self.warning_state.current.retain(|old| old.name != setting.name);
        self.warning_state.current.push(setting);
        self.note_warnings(span);
    }

    /// The current settings hold behind `span`, and behind the macro calls that it is in.
    fn note_warnings(&mut self, span: Span) {
        let mut places = vec![(span.expn, span.hi)];
        places.extend(
            self.session
                .sources
                .expansion_chain(span)
                .map(|expansion| (expansion.call_site.expn, expansion.call_site.hi)),
        );
        self.warning_state.note(&places);
    }

    fn bad_diagnostic_pragma(&mut self, span: Span) {
        let message =
            "expected `push`, `pop`, or `ignored`, `warning` or `error` with a string `\"-W…\"`";
        self.session.report(Diagnostic::new(codes::lex::W0102, span, message));
    }
}
