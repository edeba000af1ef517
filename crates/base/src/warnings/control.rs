//! The levels of warnings at every place of the source.

use super::{Flag, Level, Levels, PragmaLevel, Request, UnknownFlag};
use crate::{ExpnId, SourceMap, Span};
use std::collections::BTreeMap;

/// Where and how warnings are reported. The preprocessor tells it of pragmas in the order in
/// which it meets them; all later stages ask it about places.
#[derive(Clone, Debug)]
pub struct WarningControl {
    /// The command line's levels, then those that pragmas made.
    states: Vec<Levels>,
    /// Index into `states`.
    current: usize,
    pushed: Vec<usize>,
    /// From which place on a state holds: by the expansion that the place is in, and the
    /// place. Text of a macro's body that no entry is about has the state of the call.
    changes: BTreeMap<(ExpnId, u32), usize>,
}

impl Default for WarningControl {
    fn default() -> Self {
        Self {
            states: vec![Levels::default()],
            current: 0,
            pushed: Vec::new(),
            changes: BTreeMap::new(),
        }
    }
}

impl WarningControl {
    /// Carries out an option of the command line, before anything is compiled.
    ///
    /// # Errors
    /// An unknown name behind `-W`.
    pub fn request(&mut self, request: &Request) -> Result<(), UnknownFlag> {
        self.states[0].apply(request)
    }

    /// Switches flags off that no option was about: for programs of a dialect that is always
    /// compiled without them.
    pub fn relax(&mut self, names: &[&str]) {
        self.states[0].relax(names);
    }

    /// The levels of the command line.
    pub fn of_command_line(&self) -> &Levels {
        &self.states[0]
    }

    /// `#pragma GCC diagnostic push`
    pub fn push(&mut self) {
        self.pushed.push(self.current);
    }

    /// `#pragma GCC diagnostic pop`, at `span`; false if nothing was pushed.
    pub fn pop(&mut self, sources: &SourceMap, span: Span) -> bool {
        let Some(state) = self.pushed.pop() else {
            return false;
        };
        self.change(sources, span, state, true);
        true
    }

    /// `#pragma GCC diagnostic LEVEL "OPTION"`, at `span`.
    ///
    /// # Errors
    /// `option` is unknown.
    pub fn pragma(
        &mut self,
        sources: &SourceMap,
        span: Span,
        level: PragmaLevel,
        option: &str,
    ) -> Result<(), UnknownFlag> {
        let mut levels = self.states[self.current].clone();
        levels.apply_pragma(level, option)?;
        if levels == self.states[self.current] {
            return Ok(());
        }
        // A `push`, `ignored`, `pop` in a macro that is called often makes one state.
        let known = self.states.iter().rposition(|state| *state == levels);
        let state = known.unwrap_or_else(|| {
            self.states.push(levels);
            self.states.len() - 1
        });
        self.change(sources, span, state, false);
        Ok(())
    }

    /// A file was opened: what holds now, holds from its first byte.
    pub fn enter_file(&mut self, start: u32) {
        if self.current != 0 || !self.changes.is_empty() {
            self.changes.insert((ExpnId::ROOT, start), self.current);
        }
    }

    /// A file was closed: what holds now, holds in the including file from `pos` on.
    pub fn leave_file(&mut self, pos: u32) {
        self.enter_file(pos);
    }

    /// From `span` on, `state` holds: in its expansion, and behind each call that led to it.
    /// Arguments are spelled in the call; where the macro puts them is not known any more, so
    /// that they have the last state that the macro sets, pops aside.
    fn change(&mut self, sources: &SourceMap, span: Span, state: usize, is_pop: bool) {
        self.current = state;
        self.changes.insert((span.expn, span.lo), state);
        for expansion in sources.expansion_chain(span) {
            let call = expansion.call_site;
            self.changes.insert((call.expn, call.hi), state);
            if !is_pop {
                self.changes.insert((call.expn, call.lo), state);
            }
        }
    }

    /// The levels at `span`.
    pub fn at(&self, sources: &SourceMap, span: Span) -> &Levels {
        let mut span = span;
        while !self.changes.is_empty() {
            let file_start = sources.file_at(span.lo).map_or(0, |id| sources.file(id).start);
            let first = (span.expn, file_start);
            if let Some((_, &state)) = self.changes.range(first..=(span.expn, span.lo)).next_back()
            {
                return &self.states[state];
            }
            match sources.expansion(span.expn) {
                Some(expansion) => span = expansion.call_site,
                None => break,
            }
        }
        &self.states[0]
    }

    /// What becomes of a diagnostic with `flag` at `span`. Warnings in headers of the system
    /// are dropped.
    pub fn level(&self, sources: &SourceMap, flag: Flag, span: Span) -> Level {
        let levels = self.at(sources, span);
        let level = levels.level(flag);
        let is_own_error = flag.info().default == super::Default::Error;
        match is_own_error || levels.with_system_headers() || !sources.is_in_system(span) {
            true => level,
            false => Level::Off,
        }
    }

    /// Whether `flag` is on anywhere: stages need not look for what nobody wants.
    pub fn is_wanted(&self, flag: Flag) -> bool {
        self.states.iter().any(|levels| levels.level(flag) != Level::Off)
    }
}
