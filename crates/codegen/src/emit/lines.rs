//! Source lines of instructions: those of the outermost macro call.

use bpfc_base::{FileId, Session, Span};
use bpfc_object::Line;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Lines that were asked for, each made once.
pub struct Lines<'a> {
    session: &'a Session,
    known: FxHashMap<(FileId, u32, u32), Arc<Line>>,
    /// For instructions that stand for nothing of their own.
    last: Option<Arc<Line>>,
}

impl<'a> Lines<'a> {
    /// The lines of `session`.
    pub fn new(session: &'a Session) -> Self {
        Self { session, known: FxHashMap::default(), last: None }
    }

    /// Starts a function, whose name is at `span`.
    pub fn start(&mut self, span: Span) {
        self.last = self.find(span);
    }

    /// The line of `span`, or of what was asked for before.
    pub fn line(&mut self, span: Span) -> Option<Arc<Line>> {
        if let Some(line) = self.find(span) {
            self.last = Some(line);
        }
        self.last.clone()
    }

    fn find(&mut self, span: Span) -> Option<Arc<Line>> {
        let sources = &self.session.sources;
        let (id, range) = sources.locate(sources.root(span))?;
        let file = sources.file(id);
        let start = u32::try_from(range.start).ok()?;
        let line_idx = file.line_index(start);
        let column = start - file.line_starts()[line_idx] + 1;
        let line = line_idx as u32 + 1;
        let make = || {
            Arc::new(Line {
                file: file.name.clone(),
                line,
                column,
                text: file.line_text(line).into(),
            })
        };
        Some(self.known.entry((id, line, column)).or_insert_with(make).clone())
    }
}
