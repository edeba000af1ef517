//! Annotations of GitHub Actions: workflow commands, which put a message beside the lines of a change.
//!
//! `::error file=count.c,line=3,endLine=3,col=9,endColumn=14,title=E0301: undeclared name::message`, one line for each
//! diagnostic; notes and helps follow the message behind encoded line breaks.

use super::{Place, Sources, flag_suffix};
use crate::{Diagnostic, Severity};
use std::fmt::Write;

/// `diagnostic` as one workflow command without its end.
pub fn github<'a>(sources: impl Into<Sources<'a>>, diagnostic: &Diagnostic) -> String {
    let sources = sources.into();
    let command = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Remark => "notice",
    };
    let mut line = format!("::{command} ");
    let mut write = |text: std::fmt::Arguments<'_>| {
        line.write_fmt(text).expect("a string takes all text");
    };
    if let Some(place) = Place::of_root(sources.map, diagnostic.span()) {
        let Place { line: first, col, end_line, end_col, .. } = place;
        let file = property(place.file.trim_start_matches("./"));
        write(format_args!("file={file},line={first},endLine={end_line},col={col},"));
        // Columns are for one line only; the end is the last character.
        if first == end_line {
            write(format_args!("endColumn={},", end_col.saturating_sub(1).max(col)));
        }
    }
    let title = match diagnostic.remark.as_deref() {
        Some((kind, pass)) => format!("{}={pass}", kind.option()),
        None => format!("{}: {}", diagnostic.code, diagnostic.code.title()),
    };
    write(format_args!("title={}::", property(&title)));
    let mut message = format!("{}{}", diagnostic.message, flag_suffix(diagnostic));
    let labels = diagnostic.secondary.iter().map(|label| (Some(label.span), &label.text));
    let notes = diagnostic.notes.iter().map(|note| (note.span, &note.text));
    for (span, text) in labels.chain(notes).filter(|(_, text)| !text.is_empty()) {
        let place = span.and_then(|span| Place::of_root(sources.map, span));
        let place = place.map_or(String::new(), |place| {
            format!("{}:{}: ", place.file.trim_start_matches("./"), place.line)
        });
        message.push_str(&format!("\nnote: {place}{text}"));
    }
    for help in &diagnostic.helps {
        message.push_str(&format!("\nhelp: {}", help.text));
    }
    write(format_args!("{}", data(&message)));
    line
}

/// What stands behind the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What stands behind a `=`.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
