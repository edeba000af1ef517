//! The adapter between our diagnostics and codespan-reporting: source excerpts with
//! underlines, and the colours.

use super::{Color, Sources, clean, severity_word};
use crate::{FileId, Severity, SourceFile, Span};
use codespan_reporting::diagnostic::{Diagnostic, Label, LabelStyle, Severity as Level};
use codespan_reporting::files::{Error, Files};
use codespan_reporting::term::{Chars, Config, WriteStyle, emit_to_write_style};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;
use std::sync::Arc;

/// Longer lines (generated or minified text) are pointed at, but not printed.
const MAX_LINE_BYTES: usize = 1_000;
/// Labels over more lines are cut to their first line.
const MAX_LABEL_LINES: usize = 500;
const TAB_WIDTH: usize = 8;

/// One piece of a report: a header line, and excerpts with labels.
pub(super) struct Piece<'a> {
    /// `error[E0301]`, `note`, `help`.
    pub(super) kind: Kind,
    pub(super) message: &'a str,
    /// Primary first. Spans are shown where they are spelled.
    pub(super) labels: Vec<(LabelStyle, Span, &'a str)>,
}

/// What a [`Piece`] is.
pub(super) enum Kind {
    Report(Severity, crate::Code),
    Note,
    Help,
}

/// Texts that are safe for a terminal, made once for all reports.
#[derive(Default)]
pub(super) struct Texts(RefCell<BTreeMap<FileId, Arc<str>>>);

/// Writes the pieces of reports.
pub(super) struct Writer<'a> {
    sources: Sources<'a>,
    texts: &'a Texts,
    pub(super) out: Styled,
}

impl<'a> Writer<'a> {
    pub(super) fn new(sources: Sources<'a>, texts: &'a Texts, color: Color) -> Self {
        Self { sources, texts, out: Styled { text: String::new(), color } }
    }

    /// Appends `piece`, ended by a line break.
    pub(super) fn piece(&mut self, piece: &Piece<'_>) {
        let (level, code) = match &piece.kind {
            Kind::Report(Severity::Error, code) => (Level::Error, Some(code.name())),
            Kind::Report(Severity::Warning, code) => (Level::Warning, Some(code.name())),
            Kind::Report(Severity::Remark, _) | Kind::Note => (Level::Note, None),
            Kind::Help => (Level::Help, None),
        };
        let mut diagnostic = Diagnostic::new(level).with_message(clean::message(piece.message));
        diagnostic.code = code.map(str::to_owned);
        let mut unshown = Vec::new();
        for &(style, span, text) in &piece.labels {
            match self.range(span) {
                Some((file, range)) => diagnostic
                    .labels
                    .push(Label::new(style, file, range).with_message(clean::line(text))),
                None => unshown.push(span),
            }
        }
        let config = Config { tab_width: TAB_WIDTH, chars: Chars::ascii(), ..Config::default() };
        let mark = self.out.text.len();
        let excerpts = Excerpts { sources: self.sources, texts: self.texts };
        if emit_to_write_style(&mut self.out, &config, &excerpts, &diagnostic).is_err() {
            self.out.text.truncate(mark);
            self.header_only(&piece.kind, piece.message);
            unshown = piece.labels.iter().map(|label| label.1).collect();
        } else if self.out.text.ends_with("\n\n") {
            self.out.text.pop();
        }
        if let Kind::Report(Severity::Remark, _) = piece.kind {
            // The writer of excerpts has no remarks.
            if let Some(at) = self.out.text[mark..].find("note") {
                self.out.text.replace_range(mark + at..mark + at + "note".len(), "remark");
            }
        }
        if self.out.color == Color::Never {
            self.out.trim_lines(mark);
        }
        for span in unshown {
            self.arrow(span);
        }
    }

    /// The header without excerpts: when there is nothing that can be shown.
    fn header_only(&mut self, kind: &Kind, message: &str) {
        let word = match kind {
            Kind::Report(Severity::Remark, _) => "remark".to_owned(),
            Kind::Report(severity, code) => format!("{}[{code}]", severity_word(*severity)),
            Kind::Note => "note".to_owned(),
            Kind::Help => "help".to_owned(),
        };
        self.out.text.push_str(&format!("{word}: {}\n", clean::message(message)));
    }

    /// `  --> file:line:col` for places whose text is not printed.
    fn arrow(&mut self, span: Span) {
        let Some((id, at)) = self.sources.map.line_col(span) else {
            return;
        };
        let name = &self.sources.map.file(id).name;
        let line = format!("  --> {}:{}:{}\n", clean::line(name), at.line, at.col);
        self.out.text.push_str(&line);
    }

    /// The bytes to underline, trimmed to what codespan can draw; `None` if nothing can.
    fn range(&self, span: Span) -> Option<(FileId, Range<usize>)> {
        let (id, range) = self.sources.map.locate(span)?;
        let file = self.sources.map.file(id);
        let lo = floor_boundary(file, range.start).min(line_end(file, range.start));
        let mut hi = range.end.max(lo);
        while hi < file.text.len() && !file.text.is_char_boundary(hi) {
            hi += 1;
        }
        // A span that takes in a line break ends before it.
        while hi > lo && matches!(file.text.as_bytes()[hi - 1], b'\n' | b'\r') {
            hi -= 1;
        }
        let (first, last) = (file.line_index(lo as u32), file.line_index(hi as u32));
        if last - first > MAX_LABEL_LINES {
            hi = line_end(file, lo);
        }
        let longest = (first..=last.min(first + MAX_LABEL_LINES))
            .map(|line| file.line_text(line as u32 + 1).len())
            .max();
        (longest.unwrap_or(0) <= MAX_LINE_BYTES).then_some((id, lo..hi))
    }
}

fn floor_boundary(file: &SourceFile, mut at: usize) -> usize {
    while !file.text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Where the text of the line that holds `at` ends, line break excluded.
fn line_end(file: &SourceFile, at: usize) -> usize {
    let line = file.line_index(at as u32);
    file.line_starts()[line] as usize + file.line_text(line as u32 + 1).len()
}

/// The source map as codespan wants it, with texts safe for a terminal.
struct Excerpts<'a> {
    sources: Sources<'a>,
    texts: &'a Texts,
}

impl<'a> Files<'a> for Excerpts<'_> {
    type FileId = FileId;
    type Name = String;
    type Source = Arc<str>;

    fn name(&'a self, id: FileId) -> Result<String, Error> {
        Ok(clean::line(&self.sources.map.file(id).name).into_owned())
    }

    fn source(&'a self, id: FileId) -> Result<Arc<str>, Error> {
        let mut texts = self.texts.0.borrow_mut();
        let text =
            texts.entry(id).or_insert_with(|| clean::source(&self.sources.map.file(id).text));
        Ok(text.clone())
    }

    fn line_index(&'a self, id: FileId, byte_index: usize) -> Result<usize, Error> {
        let file = self.sources.map.file(id);
        Ok(file.line_index(byte_index.min(file.text.len()) as u32))
    }

    fn line_range(&'a self, id: FileId, line_index: usize) -> Result<Range<usize>, Error> {
        let file = self.sources.map.file(id);
        let starts = file.line_starts();
        let max = starts.len() - 1;
        let from = *starts.get(line_index).ok_or(Error::LineTooLarge { given: line_index, max })?;
        let to = starts.get(line_index + 1).copied();
        Ok(from as usize..to.map_or(file.text.len(), |to| to as usize))
    }
}

/// Text with ANSI colours, or without.
pub(super) struct Styled {
    pub(super) text: String,
    color: Color,
}

const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const BLUE: &str = "34";
const CYAN: &str = "36";

impl Styled {
    fn set(&mut self, codes: &[&str]) -> std::fmt::Result {
        match self.color {
            Color::Never => Ok(()),
            Color::Always => write!(self.text, "\x1b[0;{}m", codes.join(";")),
        }
    }

    /// Drops blanks at the ends of lines from byte `from` on.
    fn trim_lines(&mut self, from: usize) {
        let tail = self.text.split_off(from);
        for line in tail.lines() {
            self.text.push_str(line.trim_end());
            self.text.push('\n');
        }
    }

    /// `text` in the colour of removed (`-`), added (`+`) or other lines, and a line end.
    pub(super) fn patch_line(&mut self, sign: char, number: u32, width: usize, text: &str) {
        let shade = if sign == '+' { GREEN } else { RED };
        self.text.push_str(&format!("{number:>width$} "));
        self.set(&[shade]).expect("a string takes all text");
        let space = if text.is_empty() { "" } else { " " };
        self.text.push_str(&format!("{sign}{space}{text}"));
        self.reset().expect("a string takes all text");
        self.text.push('\n');
    }
}

impl Write for Styled {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.text.write_str(text)
    }
}

fn level_color(level: Level) -> &'static str {
    match level {
        Level::Bug | Level::Error => RED,
        Level::Warning => YELLOW,
        Level::Note => GREEN,
        Level::Help => CYAN,
    }
}

impl WriteStyle for Styled {
    fn set_header(&mut self, level: Level) -> std::fmt::Result {
        self.set(&["1", level_color(level)])
    }

    fn set_header_message(&mut self) -> std::fmt::Result {
        self.set(&["1"])
    }

    fn set_line_number(&mut self) -> std::fmt::Result {
        self.set(&[BLUE])
    }

    fn set_note_bullet(&mut self) -> std::fmt::Result {
        self.set(&[BLUE])
    }

    fn set_source_border(&mut self) -> std::fmt::Result {
        self.set(&[BLUE])
    }

    fn set_label(&mut self, level: Level, style: LabelStyle) -> std::fmt::Result {
        match style {
            LabelStyle::Primary => self.set(&[level_color(level)]),
            LabelStyle::Secondary => self.set(&[BLUE]),
        }
    }

    fn reset(&mut self) -> std::fmt::Result {
        match self.color {
            Color::Never => Ok(()),
            Color::Always => self.text.write_str("\x1b[0m"),
        }
    }
}
