//! What went wrong on the way from source to an attached program, as data and as text.

use bpfc_base::render::{Color, Format, Place, render};
use bpfc_base::{Diagnostic, Session, Severity, Span};
use bpfc_loader::LoadError;
use std::fmt;
use std::sync::Arc;

/// The step that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The source is wrong, or the object cannot be read.
    Compile,
    /// A global variable does not take the value, or there is no such thing.
    Configure,
    /// The kernel would reject a program.
    Check,
    /// A run in the virtual machine failed.
    Run,
    /// The kernel did not load the object.
    Load,
    /// A program could not be attached.
    Attach,
    /// A map or a source of events could not be used.
    Use,
}

/// Where a diagnostic points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The file's name.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
}

/// Diagnostics with the sources that they point into.
#[derive(Clone)]
pub struct Report {
    pub(super) session: Arc<Session>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// The diagnostics, in order.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// All of them as text, JSON or SARIF.
    pub fn render(&self, format: Format) -> String {
        render(&*self.session, &self.diagnostics, format)
    }

    /// Where a diagnostic points, if anywhere.
    pub fn position(&self, diagnostic: &Diagnostic) -> Option<Position> {
        let place = Place::of_root(&self.session.sources, diagnostic.span())?;
        Some(Position { file: place.file.to_string(), line: place.line, column: place.col })
    }

    /// Where a span is, as the user wrote it: for what macros produced, the outermost call.
    pub fn place(&self, span: Span) -> Option<Place> {
        Place::of_root(&self.session.sources, span)
    }

    /// Where a span is spelled: for what macros produced, inside of the macro.
    pub fn spelling(&self, span: Span) -> Option<Place> {
        Place::of_spelling(&self.session.sources, span)
    }

    pub(super) fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.diagnostics.iter().map(|d| &d.message)).finish()
    }
}

/// Why a step failed. Its `Display` is what `bpfc` prints on a terminal, without colours.
#[derive(Clone, Debug)]
pub struct Error(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    stage: Stage,
    report: Report,
    load: Option<Arc<LoadError>>,
}

impl Error {
    pub(super) fn new(stage: Stage, report: Report) -> Error {
        Error(Box::new(Inner { stage, report, load: None }))
    }

    pub(super) fn of(stage: Stage, session: &Arc<Session>, diagnostic: Diagnostic) -> Error {
        let report = Report { session: Arc::clone(session), diagnostics: vec![diagnostic] };
        Error::new(stage, report)
    }

    pub(super) fn loading(stage: Stage, session: &Arc<Session>, error: LoadError) -> Error {
        let mut new = Error::of(stage, session, error.to_diagnostic());
        new.0.load = Some(Arc::new(error));
        new
    }

    /// The step that failed.
    pub fn stage(&self) -> Stage {
        self.0.stage
    }

    /// What is wrong; warnings among it.
    pub fn report(&self) -> &Report {
        &self.0.report
    }

    /// [`Report::diagnostics`].
    pub fn diagnostics(&self) -> &[Diagnostic] {
        self.0.report.diagnostics()
    }

    /// The loader's error, where the kernel or this machine is the reason.
    pub fn load_error(&self) -> Option<&LoadError> {
        self.0.load.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.report.render(Format::Human(Color::Never)).trim_end())
    }
}

impl std::error::Error for Error {}
