//! Diagnostics as data.

use crate::error::bpfc_error;
use crate::ffi::{allocated_text, ask, c_string, free, given, guard_memory};
use bpfc::base::render::{Color, Format, Place};
use bpfc::base::{Diagnostic, Severity, Span};
use std::ffi::{CString, c_char, c_int};
use std::ptr;

/// How bad a diagnostic is.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum bpfc_severity {
    /// No mistake: what the compiler did.
    BPFC_REMARK = 0,
    /// The program is built all the same.
    BPFC_WARNING = 1,
    /// The program is not built.
    BPFC_ERROR = 2,
}

/// The forms that diagnostics take as text.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum bpfc_format {
    /// Excerpts of the source for people.
    BPFC_FORMAT_HUMAN = 0,
    /// The same with colours of a terminal.
    BPFC_FORMAT_COLOR = 1,
    /// One line each, as compilers have always done.
    BPFC_FORMAT_SHORT = 2,
    /// One JSON object a line.
    BPFC_FORMAT_JSON = 3,
    /// One SARIF 2.1.0 document.
    BPFC_FORMAT_SARIF = 4,
}

/// A diagnostic.
#[repr(C)]
pub struct bpfc_diagnostic {
    /// One of `enum bpfc_severity`.
    pub severity: c_int,
    /// The kind of mistake, such as "E0703"; `bpfc explain` has a page about each.
    pub code: *const c_char,
    /// What is wrong, on one line.
    pub message: *const c_char,
    /// The file of the first place, or NULL if there is none.
    pub file: *const c_char,
    /// Its line, from 1; 0 without a place.
    pub line: u32,
    /// Its column in characters, from 1; 0 without a place.
    pub column: u32,
    /// The name behind `-W` of what controls it, or NULL.
    pub flag: *const c_char,
    /// Places in the source: the first is the mistake, if there is any; see `bpfc_report_span`.
    pub n_spans: usize,
    /// What else matters; see `bpfc_report_note`.
    pub n_notes: usize,
    /// What to do; see `bpfc_report_help`.
    pub n_helps: usize,
}

/// A place in the source, as the user wrote it: for what macros produced, that is the outermost call.
#[repr(C)]
pub struct bpfc_span {
    /// The file.
    pub file: *const c_char,
    /// Line of the first character, from 1.
    pub line: u32,
    /// Column of the first character, in characters, from 1.
    pub column: u32,
    /// Line of the end.
    pub end_line: u32,
    /// Column of the end, one past the last character.
    pub end_column: u32,
    /// The first byte in the file, from 0.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// What is there, in a few words; may be empty.
    pub label: *const c_char,
}

/// A sentence that adds to a diagnostic.
#[repr(C)]
pub struct bpfc_note {
    /// What.
    pub text: *const c_char,
    /// Where, or NULL.
    pub span: *const bpfc_span,
}

/// Advice.
#[repr(C)]
pub struct bpfc_help {
    /// What to do.
    pub text: *const c_char,
    /// The same as changes of the source, which belong together; 0 if there is only the text. See `bpfc_report_edit`.
    pub n_edits: usize,
}

/// A change of the source: the bytes from `start` to `end` are replaced.
#[repr(C)]
pub struct bpfc_edit {
    /// The file.
    pub file: *const c_char,
    /// Line of the first character, from 1.
    pub line: u32,
    /// Column of the first character, from 1.
    pub column: u32,
    /// The first byte in the file, from 0.
    pub start: usize,
    /// One past the last byte; equal to `start` to insert.
    pub end: usize,
    /// What is put there.
    pub replacement: *const c_char,
}

/// Diagnostics: those of an error, or warnings.
#[derive(Default)]
pub struct bpfc_report {
    report: Option<bpfc::Report>,
    items: Vec<Item>,
    /// What the pointers in `items` point to.
    texts: Vec<CString>,
}

struct Item {
    diagnostic: bpfc_diagnostic,
    spans: Vec<bpfc_span>,
    notes: Vec<(bpfc_note, Option<Box<bpfc_span>>)>,
    helps: Vec<(bpfc_help, Vec<bpfc_edit>)>,
}

impl bpfc_report {
    pub(crate) fn new(report: bpfc::Report) -> bpfc_report {
        let mut new = bpfc_report::default();
        for diagnostic in report.diagnostics() {
            let item = new.item(&report, diagnostic);
            new.items.push(item);
        }
        new.report = Some(report);
        new
    }

    /// The text for C, as long as the report lives.
    fn keep(&mut self, text: &str) -> *const c_char {
        let text = c_string(text);
        let pointer = text.as_ptr();
        self.texts.push(text);
        pointer
    }

    fn span(&mut self, place: &Place, label: &str) -> bpfc_span {
        bpfc_span {
            file: self.keep(&place.file),
            line: place.line,
            column: place.col,
            end_line: place.end_line,
            end_column: place.end_col,
            start: place.bytes.start,
            end: place.bytes.end,
            label: self.keep(label),
        }
    }

    fn item(&mut self, report: &bpfc::Report, diagnostic: &Diagnostic) -> Item {
        let place = |span: Span| report.place(span);
        let labels = diagnostic.primary.iter().chain(&diagnostic.secondary);
        let labels = labels.filter_map(|label| Some((place(label.span)?, &label.text)));
        let spans: Vec<bpfc_span> = labels.map(|(at, text)| self.span(&at, text)).collect();
        let mut notes = Vec::new();
        for note in &diagnostic.notes {
            let at = note.span.and_then(place).map(|at| Box::new(self.span(&at, "")));
            let span = at.as_deref().map_or(ptr::null(), ptr::from_ref);
            notes.push((bpfc_note { text: self.keep(&note.text), span }, at));
        }
        let mut helps = Vec::new();
        for help in &diagnostic.helps {
            let edits = help.edits.iter();
            let edits = edits.filter_map(|edit| Some((report.spelling(edit.span)?, edit)));
            let edits: Vec<bpfc_edit> = edits
                .map(|(at, edit)| bpfc_edit {
                    file: self.keep(&at.file),
                    line: at.line,
                    column: at.col,
                    start: at.bytes.start,
                    end: at.bytes.end,
                    replacement: self.keep(&edit.replacement),
                })
                .collect();
            helps.push((bpfc_help { text: self.keep(&help.text), n_edits: edits.len() }, edits));
        }
        let first = place(diagnostic.span());
        let diagnostic = bpfc_diagnostic {
            severity: match diagnostic.severity {
                Severity::Remark => bpfc_severity::BPFC_REMARK,
                Severity::Warning => bpfc_severity::BPFC_WARNING,
                Severity::Error => bpfc_severity::BPFC_ERROR,
            } as c_int,
            code: self.keep(diagnostic.code.name()),
            message: self.keep(&diagnostic.message),
            file: first.as_ref().map_or(ptr::null(), |at| self.keep(&at.file)),
            line: first.as_ref().map_or(0, |at| at.line),
            column: first.as_ref().map_or(0, |at| at.col),
            flag: diagnostic.flag.map_or(ptr::null(), |flag| self.keep(flag.name())),
            n_spans: spans.len(),
            n_notes: notes.len(),
            n_helps: helps.len(),
        };
        Item { diagnostic, spans, notes, helps }
    }
}

/// A part of a report, or NULL if there is none.
fn part<T>(
    report: Option<&bpfc_report>,
    find: impl FnOnce(&bpfc_report) -> Option<&T>,
) -> *const T {
    ask(report, ptr::null(), |report| find(report).map_or(ptr::null(), ptr::from_ref))
}

/// The number of diagnostics.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_report_count(report: Option<&bpfc_report>) -> usize {
    ask(report, 0, |report| report.items.len())
}

/// A diagnostic by its number, from 0, or NULL if there are not so many.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_report_diagnostic(
    report: Option<&bpfc_report>,
    diagnostic: usize,
) -> *const bpfc_diagnostic {
    part(report, |report| Some(&report.items.get(diagnostic)?.diagnostic))
}

/// A place of a diagnostic, or NULL if there are not so many. The first is the mistake.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_report_span(
    report: Option<&bpfc_report>,
    diagnostic: usize,
    span: usize,
) -> *const bpfc_span {
    part(report, |report| report.items.get(diagnostic)?.spans.get(span))
}

/// A note of a diagnostic, or NULL if there are not so many.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_report_note(
    report: Option<&bpfc_report>,
    diagnostic: usize,
    note: usize,
) -> *const bpfc_note {
    part(report, |report| Some(&report.items.get(diagnostic)?.notes.get(note)?.0))
}

/// Advice of a diagnostic, or NULL if there is not so much.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_report_help(
    report: Option<&bpfc_report>,
    diagnostic: usize,
    help: usize,
) -> *const bpfc_help {
    part(report, |report| Some(&report.items.get(diagnostic)?.helps.get(help)?.0))
}

/// A change that advice proposes, or NULL if there are not so many.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_report_edit(
    report: Option<&bpfc_report>,
    diagnostic: usize,
    help: usize,
    edit: usize,
) -> *const bpfc_edit {
    part(report, |report| report.items.get(diagnostic)?.helps.get(help)?.1.get(edit))
}

/// All diagnostics as text, in one of `enum bpfc_format`. The text is given back with `bpfc_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_report_render(
    report: Option<&bpfc_report>,
    format: c_int,
    error: *mut *mut bpfc_error,
) -> *mut c_char {
    guard_memory(error, || {
        let report = given!(report)?;
        let format = match format {
            0 => Format::Human(Color::Never),
            1 => Format::Human(Color::Always),
            2 => Format::Short,
            3 => Format::Json,
            4 => Format::Sarif,
            _ => return Err(bpfc_error::argument("there is no such format")),
        };
        let text = report.report.as_ref().map_or(String::new(), |report| report.render(format));
        allocated_text(&text)
    })
}

/// Gives a report back that was returned without `const`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_report_free(report: *mut bpfc_report) {
    free(report);
}
