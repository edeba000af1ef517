//! Diagnostics as data. Stages push them; only [`render`](crate::render) prints.

use crate::codes::Code;
use crate::source::SourceMap;
use crate::span::Span;
use crate::warnings::Flag;

/// How bad it is. Errors stop the program from being built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// No mistake: what the compiler did, for who asked.
    Remark,
    /// The program is built all the same.
    Warning,
    /// The program is not built.
    Error,
}

/// What a remark is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RemarkKind {
    /// A pass changed the program.
    Passed,
    /// A pass could not, or would not.
    Missed,
    /// What a pass found out.
    Analysis,
}

impl RemarkKind {
    /// The option that asks for it, as clang has it.
    pub fn option(self) -> &'static str {
        match self {
            RemarkKind::Passed => "-Rpass",
            RemarkKind::Missed => "-Rpass-missed",
            RemarkKind::Analysis => "-Rpass-analysis",
        }
    }
}

/// One mistake: what, where, why, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a diagnostic does nothing until it is pushed"]
pub struct Diagnostic {
    /// `E0301`: names the kind of mistake and its page in `docs/codes`.
    pub code: Code,
    /// Error or warning.
    pub severity: Severity,
    /// The flag of the command line that controls it, if any.
    pub flag: Option<Flag>,
    /// `-Werror` made an error of what is a warning.
    pub is_promoted: bool,
    /// Lower case, no full stop, stands alone on one line, names the thing in backticks.
    pub message: String,
    /// The smallest text that shows the problem; `None` for problems outside any source.
    pub primary: Option<Label>,
    /// Other places that take part.
    pub secondary: Vec<Label>,
    /// What else matters.
    pub notes: Vec<Note>,
    /// What to do.
    pub helps: Vec<Help>,
    /// The targets for which it holds, such as releases of a kernel, for tools; empty if nobody asked about several.
    pub targets: Vec<String>,
    /// For a remark: its kind, and the pass that it is about.
    pub remark: Option<Box<(RemarkKind, &'static str)>>,
}

/// A place in the source with a few words beside it (possibly none).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is there; may be empty.
    pub text: String,
}

/// A sentence that adds to a diagnostic, with or without a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where, if anywhere.
    pub span: Option<Span>,
    /// What.
    pub text: String,
}

/// What the user can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Help {
    /// The advice.
    pub text: String,
    /// The same as edits that a tool can apply without thinking; empty if there is none.
    pub edits: Vec<Edit>,
}

/// Replaces the text of `span` (an empty span inserts).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What to replace; never inside a macro expansion.
    pub span: Span,
    /// What to put there.
    pub replacement: String,
}

impl Diagnostic {
    /// A diagnostic of `code` at `span`; its severity is the code's own.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            flag: Flag::of_code(code),
            is_promoted: false,
            message: message.into(),
            primary: (!span.is_none()).then(|| Label { span, text: String::new() }),
            secondary: Vec::new(),
            notes: Vec::new(),
            helps: Vec::new(),
            targets: Vec::new(),
            remark: None,
        }
    }

    /// A remark about what `pass` did at `span`. It has no code.
    pub fn remark(
        kind: RemarkKind,
        pass: &'static str,
        span: Span,
        message: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Remark,
            remark: Some(Box::new((kind, pass))),
            ..Self::new(crate::codes::REMARK, span, message)
        }
    }

    /// A diagnostic that no source text shows.
    pub fn without_span(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Span::NONE, message)
    }

    /// The flag called `name` controls it, not the first one of its code.
    pub fn with_flag(mut self, name: &str) -> Self {
        self.flag = Flag::find(name);
        debug_assert!(self.flag.is_some(), "`{name}` is no flag");
        self
    }

    /// Words beside the primary span.
    pub fn with_label(mut self, text: impl Into<String>) -> Self {
        if let Some(primary) = &mut self.primary {
            primary.text = text.into();
        }
        self
    }

    /// Another place that takes part.
    pub fn with_secondary(mut self, span: Span, text: impl Into<String>) -> Self {
        if !span.is_none() {
            self.secondary.push(Label { span, text: text.into() });
        }
        self
    }

    /// A note without a place.
    pub fn with_note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(Note { span: None, text: text.into() });
        self
    }

    /// A note at `span`.
    pub fn with_note_at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.notes.push(Note { span: (!span.is_none()).then_some(span), text: text.into() });
        self
    }

    /// Advice in words.
    pub fn with_help(mut self, text: impl Into<String>) -> Self {
        self.helps.push(Help { text: text.into(), edits: Vec::new() });
        self
    }

    /// Advice that a tool can apply.
    pub fn with_edit(mut self, text: impl Into<String>, edits: Vec<Edit>) -> Self {
        self.helps.push(Help { text: text.into(), edits });
        self
    }

    /// The targets for which it holds.
    pub fn with_targets(mut self, targets: Vec<String>) -> Self {
        self.targets = targets;
        self
    }

    /// The primary span, or `NONE`.
    pub fn span(&self) -> Span {
        self.primary.as_ref().map_or(Span::NONE, |label| label.span)
    }
}

/// Collects what the stages report, up to a limit.
#[derive(Clone, Debug)]
pub struct DiagnosticSink {
    all: Vec<Diagnostic>,
    n_errors: usize,
    n_dropped: usize,
    limit: usize,
}

/// Diagnostics kept of one compilation: past it they are only counted, so that hostile
/// input cannot fill the memory with reports.
pub const DEFAULT_DIAGNOSTIC_LIMIT: usize = 1_000;

impl Default for DiagnosticSink {
    fn default() -> Self {
        Self { all: Vec::new(), n_errors: 0, n_dropped: 0, limit: DEFAULT_DIAGNOSTIC_LIMIT }
    }
}

impl DiagnosticSink {
    /// Takes a diagnostic. One that repeats code, place and message is ignored.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let is_error = diagnostic.severity == Severity::Error;
        if self.all.len() >= self.limit {
            self.n_dropped += 1;
        } else if self.all.contains(&diagnostic) {
            return;
        } else {
            self.all.push(diagnostic);
        }
        self.n_errors += usize::from(is_error);
    }

    /// True once an error was pushed.
    pub fn has_errors(&self) -> bool {
        self.n_errors > 0
    }

    /// Errors pushed so far, those past the limit included.
    pub fn n_errors(&self) -> usize {
        self.n_errors
    }

    /// Diagnostics that were not kept because of the limit.
    pub fn n_dropped(&self) -> usize {
        self.n_dropped
    }

    /// Number of diagnostics that are kept.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// True if nothing was pushed.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Brings those from index `first` on into the order of their places. Reports of one
    /// place keep their order.
    pub fn sort_from(&mut self, first: usize, sources: &SourceMap) {
        if let Some(new) = self.all.get_mut(first..) {
            new.sort_by_key(|diagnostic| sources.root(diagnostic.span()).lo);
        }
    }

    /// What was pushed, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.all.iter()
    }

    /// Forgets the diagnostics that `is_wanted` is false for.
    pub fn retain(&mut self, is_wanted: impl Fn(&Diagnostic) -> bool) {
        let n_errors = &mut self.n_errors;
        self.all.retain(|diagnostic| {
            let stays = is_wanted(diagnostic);
            if !stays && diagnostic.severity == Severity::Error {
                *n_errors = n_errors.saturating_sub(1);
            }
            stays
        });
    }

    /// Takes everything out; the error count starts again.
    pub fn take(&mut self) -> Vec<Diagnostic> {
        self.n_errors = 0;
        self.n_dropped = 0;
        std::mem::take(&mut self.all)
    }
}
