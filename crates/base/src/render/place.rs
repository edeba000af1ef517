//! Where a span is, in the terms of people and tools.

use crate::{FileId, LineCol, SourceMap, Span};
use std::ops::Range;
use std::sync::Arc;

/// A stretch of one file. Lines and columns count from 1, columns in characters; the end
/// is one past the last character. Byte offsets count from 0 within the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file's name as the user gave it.
    pub file: Arc<str>,
    /// The same as an id.
    pub file_id: FileId,
    /// Line of the first character.
    pub line: u32,
    /// Column of the first character.
    pub col: u32,
    /// Line of the end.
    pub end_line: u32,
    /// Column of the end.
    pub end_col: u32,
    /// The bytes.
    pub bytes: Range<usize>,
}

impl Place {
    /// Where `span` is spelled: for text of a macro's body that is in the `#define`.
    pub fn of_spelling(map: &SourceMap, span: Span) -> Option<Self> {
        let (file_id, bytes) = map.locate(span)?;
        let file = map.file(file_id);
        let line_col = |at: usize| {
            let pos = file.start + at as u32;
            map.line_col(Span::new(pos, pos))
        };
        let (_, LineCol { line, col }) = line_col(bytes.start)?;
        let (_, end) = line_col(bytes.end)?;
        Some(Self {
            file: file.name.clone(),
            file_id,
            line,
            col,
            end_line: end.line,
            end_col: end.col,
            bytes,
        })
    }

    /// Where the user wrote `span`: for text that macros produced, the outermost call.
    pub fn of_root(map: &SourceMap, span: Span) -> Option<Self> {
        Self::of_spelling(map, map.root(span))
    }
}
