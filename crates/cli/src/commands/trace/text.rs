//! C that is written, and which parts of it stand in the one-liner as they are.

use bpfc_base::{Diagnostic, FileId, Session, Span};
use std::ops::Range;

/// Text of C.
#[derive(Clone, Debug, Default)]
pub struct Text {
    text: String,
    /// In the order of the text.
    copies: Vec<Copied>,
}

#[derive(Clone, Copy, Debug)]
struct Copied {
    /// Where in the text.
    to: usize,
    /// Where in the one-liner.
    from: usize,
    len: usize,
}

impl Text {
    /// The whole.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Appends what the one-liner does not have.
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Appends a part of the one-liner.
    pub fn copy(&mut self, source: &str, at: Range<usize>) {
        self.copies.push(Copied { to: self.text.len(), from: at.start, len: at.len() });
        self.text.push_str(&source[at]);
    }

    /// Appends another text.
    pub fn append(&mut self, other: &Text) {
        let here = self.text.len();
        self.copies
            .extend(other.copies.iter().map(|copied| Copied { to: here + copied.to, ..*copied }));
        self.text.push_str(&other.text);
    }

    /// Makes a diagnostic of this text, which is in `file`, one of the one-liner, whose first byte is at `base`, where it is about
    /// something that was copied from there.
    pub fn blame(
        &self,
        mut diagnostic: Diagnostic,
        session: &Session,
        file: FileId,
        base: u32,
    ) -> Diagnostic {
        let start = session.sources.file(file).start;
        let place =
            |span: Span| self.place(session.sources.root(span), start, base).unwrap_or(span);
        if let Some(primary) = &mut diagnostic.primary {
            primary.span = place(primary.span);
        }
        for label in &mut diagnostic.secondary {
            label.span = place(label.span);
        }
        for note in &mut diagnostic.notes {
            note.span = note.span.map(place);
        }
        for edit in diagnostic.helps.iter_mut().flat_map(|help| &mut help.edits) {
            edit.span = place(edit.span);
        }
        diagnostic
    }

    /// Where the text of a span stands in the one-liner: all of it, or the first copy that is in it.
    fn place(&self, span: Span, start: u32, base: u32) -> Option<Span> {
        let from = span.lo.checked_sub(start)? as usize;
        let until = span.hi.checked_sub(start)? as usize;
        let place = |offset: usize| base.checked_add(u32::try_from(offset).ok()?);
        let holds = |copied: &&Copied| copied.to <= from && until <= copied.to + copied.len;
        if let Some(copied) = self.copies.iter().find(holds) {
            let at = copied.from + (from - copied.to);
            return Some(Span::new(place(at)?, place(at + (until - from))?));
        }
        if let Some(copied) = self.copies.iter().find(|copied| copied.to + copied.len == from) {
            let end = place(copied.from + copied.len)?;
            return Some(Span::new(end, end));
        }
        let is_in = |copied: &&Copied| from <= copied.to && copied.to + copied.len <= until;
        let inside = || self.copies.iter().filter(is_in);
        let first = inside().map(|copied| copied.from).min()?;
        let last = inside().map(|copied| copied.from + copied.len).max()?;
        Some(Span::new(place(first)?, place(last)?))
    }
}
