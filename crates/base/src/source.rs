//! The source map: which file and line a position is in, and through which macros it came.

use crate::index::{Idx, IndexVec};
use crate::span::{Expansion, ExpnId, Span};
use crate::{Symbol, index_type};
use std::sync::{Arc, OnceLock};

index_type! {
    /// A file of the [`SourceMap`]. The same path included twice is one file.
    pub struct FileId, "file"
}

/// A line and a column, both from 1; the column counts characters, not bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineCol {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub col: u32,
}

/// One source text.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// As shown to the user: the path as given, or `<built-in>/linux/ip.h`.
    pub name: Arc<str>,
    /// The text. Invalid UTF-8 was replaced when the file was added.
    pub text: Arc<str>,
    /// Position of the first byte in the session's address space.
    pub start: u32,
    /// False for headers that bpfc itself carries.
    pub is_user: bool,
    /// True for headers of the system, which get no warnings: those that bpfc carries, and
    /// those from folders of `-isystem`.
    pub is_system: bool,
    lines: OnceLock<Vec<u32>>,
}

impl SourceFile {
    /// Offsets (within the file) at which its lines start.
    pub fn line_starts(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let newlines = self.text.bytes().enumerate().filter(|(_, b)| *b == b'\n');
            std::iter::once(0).chain(newlines.map(|(at, _)| at as u32 + 1)).collect()
        })
    }

    /// The text of line `line` (from 1) without its line break; empty past the end.
    pub fn line_text(&self, line: u32) -> &str {
        let starts = self.line_starts();
        let Some(&from) = starts.get(line.saturating_sub(1) as usize) else {
            return "";
        };
        let to = starts.get(line as usize).map_or(self.text.len(), |&next| next as usize);
        self.text[from as usize..to].trim_end_matches(['\n', '\r'])
    }

    /// Line index (from 0) of byte offset `offset`.
    pub fn line_index(&self, offset: u32) -> usize {
        self.line_starts().partition_point(|&start| start <= offset).saturating_sub(1)
    }
}

/// All files and macro expansions of a session.
///
/// The address space starts at 1, so that position 0 is in no file. It is 4 GiB long, a
/// limit that [`SourceMap::add`] reports.
#[derive(Clone, Debug)]
pub struct SourceMap {
    files: IndexVec<FileId, SourceFile>,
    expansions: IndexVec<ExpnId, Expansion>,
    next: u32,
}

/// The session's 4 GiB of source positions are used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceSpaceExhausted;

impl Default for SourceMap {
    fn default() -> Self {
        let mut expansions = IndexVec::new();
        // The root expansion is never looked at; it keeps `ExpnId::ROOT` a valid index.
        expansions.push(Expansion {
            name: Symbol::new(0),
            call_site: Span::NONE,
            def_site: Span::NONE,
        });
        Self { files: IndexVec::new(), expansions, next: 1 }
    }
}

impl SourceMap {
    /// Adds a text. Fails when the address space is full.
    pub fn add(
        &mut self,
        name: &str,
        text: impl Into<Arc<str>>,
        is_user: bool,
    ) -> Result<FileId, SourceSpaceExhausted> {
        let text = text.into();
        let len = u32::try_from(text.len()).map_err(|_| SourceSpaceExhausted)?;
        // One position past the end belongs to the file: errors at end of file point there.
        let next = self.next.checked_add(len).and_then(|n| n.checked_add(1));
        let start = self.next;
        self.next = next.ok_or(SourceSpaceExhausted)?;
        let lines = OnceLock::new();
        let name = name.into();
        let file = SourceFile { name, text, start, is_user, is_system: !is_user, lines };
        Ok(self.files.push(file))
    }

    /// From here on, file `id` counts as a header of the system.
    pub fn make_system(&mut self, id: FileId) {
        self.files[id].is_system = true;
    }

    /// Whether `span`, as the user wrote it, is in a header of the system.
    pub fn is_in_system(&self, span: Span) -> bool {
        self.file_at(self.root(span).lo).is_some_and(|id| self.files[id].is_system)
    }

    /// Whether `span` was spelled in a header of the system: as part of a macro of it, too.
    pub fn is_from_system(&self, span: Span) -> bool {
        self.file_at(span.lo).is_some_and(|id| self.files[id].is_system)
    }

    /// The file of `id`.
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id]
    }

    /// All files in the order they were added.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter_enumerated()
    }

    /// The file that holds position `pos`; `None` for positions outside every file.
    pub fn file_at(&self, pos: u32) -> Option<FileId> {
        let after = self.files.as_slice().partition_point(|file| file.start <= pos);
        let id = FileId::new(after.checked_sub(1)?);
        let file = &self.files[id];
        (pos - file.start <= file.text.len() as u32).then_some(id)
    }

    /// File, and byte offsets in it, of where `span` is spelled.
    pub fn locate(&self, span: Span) -> Option<(FileId, std::ops::Range<usize>)> {
        if span.is_none() {
            return None;
        }
        let id = self.file_at(span.lo)?;
        let file = &self.files[id];
        let lo = (span.lo - file.start) as usize;
        let hi = (span.hi.max(span.lo) - file.start) as usize;
        Some((id, lo..hi.min(file.text.len())))
    }

    /// Line and column of the first byte of `span`, where it is spelled.
    pub fn line_col(&self, span: Span) -> Option<(FileId, LineCol)> {
        let (id, range) = self.locate(span)?;
        let file = &self.files[id];
        let line = file.line_index(range.start as u32);
        let from = file.line_starts()[line] as usize;
        let col =
            file.text.get(from..range.start).map_or(range.start - from, |s| s.chars().count());
        Some((id, LineCol { line: line as u32 + 1, col: col as u32 + 1 }))
    }

    /// The text that `span` covers, as spelled.
    pub fn text(&self, span: Span) -> &str {
        self.locate(span).and_then(|(id, range)| self.files[id].text.get(range)).unwrap_or("")
    }

    /// Records a macro expansion.
    pub fn add_expansion(&mut self, expansion: Expansion) -> ExpnId {
        self.expansions.push(expansion)
    }

    /// The expansion of `id`; `None` for the root.
    pub fn expansion(&self, id: ExpnId) -> Option<&Expansion> {
        (id != ExpnId::ROOT).then(|| &self.expansions[id])
    }

    /// The expansions that led to `span`, innermost first.
    pub fn expansion_chain(&self, span: Span) -> impl Iterator<Item = &Expansion> {
        std::iter::successors(self.expansion(span.expn), |e| self.expansion(e.call_site.expn))
    }

    /// `span` as the user wrote it: the outermost macro call for text that macros produced.
    pub fn root(&self, span: Span) -> Span {
        self.expansion_chain(span).last().map_or(span, |e| e.call_site)
    }

    /// The smallest span that covers `a` and `b`: where they come from different
    /// expansions, that of the macro call that both are part of. `a` comes first.
    pub fn join(&self, a: Span, b: Span) -> Span {
        if a.is_none() {
            return b;
        }
        if b.is_none() || a == b {
            return a;
        }
        let (a, b) = self.common_expansion(a, b);
        if self.file_at(a.lo) != self.file_at(b.lo) {
            return a;
        }
        Span { lo: a.lo.min(b.lo), hi: a.hi.max(b.hi), expn: a.expn }
    }

    fn common_expansion(&self, mut a: Span, mut b: Span) -> (Span, Span) {
        // A macro's call site was recorded before its body's tokens, so ids grow inwards.
        while a.expn != b.expn {
            if a.expn > b.expn {
                a = self.expansions[a.expn].call_site;
            } else {
                b = self.expansions[b.expn].call_site;
            }
        }
        (a, b)
    }
}
