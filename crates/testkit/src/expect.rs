//! Comparing diagnostics with assertions: each must have its counterpart.

use crate::file::{Aim, Assertion, AssertionKind, TestFile, visual_col};
use bpfc_base::render::{Place, Sources};
use bpfc_base::{Diagnostic, FileId};
use std::ops::Range;

/// A diagnostic as a test sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Line, from 1, in the test file; `None` without a place in it.
    pub line: Option<u32>,
    /// Columns in characters, from 1, end exclusive; to the end of the first line if the
    /// span goes on.
    pub cols: Range<u32>,
    /// `E0301`.
    pub code: String,
    /// The message.
    pub message: String,
    /// Notes and helps.
    pub extras: Vec<Extra>,
}

/// A note or a help of a diagnostic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extra {
    /// Which of both.
    pub kind: ExtraKind,
    /// Line in the test file, from 1, if it has a place there.
    pub line: Option<u32>,
    /// The words.
    pub text: String,
}

/// Tells notes from helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtraKind {
    /// A note, or the label of a secondary place.
    Note,
    /// A help.
    Help,
}

impl Found {
    /// `diagnostic` as seen from `file`, the test file. Text from macros counts where the
    /// user called the outermost macro.
    pub fn new<'a>(sources: impl Into<Sources<'a>>, diagnostic: &Diagnostic, file: FileId) -> Self {
        let map = sources.into().map;
        let place = |span| Place::of_root(map, span).filter(|place| place.file_id == file);
        let primary = place(diagnostic.span());
        let cols = primary.as_ref().map_or(0..0, |place| {
            let end = match place.end_line == place.line {
                true => place.end_col,
                false => map.file(file).line_text(place.line).chars().count() as u32 + 1,
            };
            place.col..end
        });
        let notes = diagnostic.notes.iter().map(|note| (ExtraKind::Note, note.span, &note.text));
        let labels = diagnostic
            .secondary
            .iter()
            .map(|label| (ExtraKind::Note, Some(label.span), &label.text));
        let helps = diagnostic.helps.iter().map(|help| (ExtraKind::Help, None, &help.text));
        let extra = |(kind, span, text): (_, Option<_>, &String)| Extra {
            kind,
            line: span.and_then(place).map(|place| place.line),
            text: text.clone(),
        };
        Self {
            line: primary.map(|place| place.line),
            cols,
            code: diagnostic.code.name().to_owned(),
            message: diagnostic.message.clone(),
            extras: notes.chain(labels).chain(helps).map(extra).collect(),
        }
    }

    fn describe(&self, file: &TestFile) -> String {
        let place = match self.line {
            Some(line) => format!("{}:{line}:{}", file.name, self.cols.start),
            None => "outside the file".to_owned(),
        };
        format!("{place}: {}: {}", self.code, self.message)
    }
}

/// Every difference between what `file` asserts and what was found, one text each.
pub(crate) fn compare(file: &TestFile, found: &[Found]) -> Vec<String> {
    let lines: Vec<&str> = file.text.lines().collect();
    let is_code = |a: &&Assertion| matches!(a.kind, AssertionKind::Code(_));
    let (mut codes, extras): (Vec<_>, Vec<_>) = file.assertions.iter().partition(is_code);
    // The pickiest assertion chooses first, so that a lax one cannot take its diagnostic.
    codes.sort_by_key(|a| {
        let is_lax = !matches!(a.aim, Aim::Span(..));
        (is_lax, std::cmp::Reverse(a.text.len()))
    });
    let mut taken = vec![false; found.len()];
    let mut missing = Vec::new();
    for assertion in codes {
        let fits = |idx: &usize| !taken[*idx] && fits(assertion, &found[*idx], &lines);
        match (0..found.len()).find(fits) {
            Some(idx) => taken[idx] = true,
            None => missing.push(assertion),
        }
    }
    let extras = extras.into_iter().filter(|a| !found.iter().any(|f| extra_fits(a, f)));
    missing.extend(extras);
    missing.sort_by_key(|a| a.line);
    let missing = missing.into_iter().map(|a| format!("missing: {}", describe(file, a)));
    let unexpected = found.iter().zip(&taken).filter(|(_, taken)| !**taken);
    let unexpected = unexpected.map(|(f, _)| {
        let carets = f.line.map_or(String::new(), |line| {
            carets(lines.get(line as usize - 1).copied().unwrap_or(""), f)
        });
        format!("unexpected: {}{carets}", f.describe(file))
    });
    missing.chain(unexpected).collect()
}

fn describe(file: &TestFile, assertion: &Assertion) -> String {
    let kind = match &assertion.kind {
        AssertionKind::Code(code) => code.as_str(),
        AssertionKind::Note => "note",
        AssertionKind::Help => "help",
    };
    let place = match &assertion.aim {
        Aim::Line(line) => format!("on line {line}"),
        Aim::Span(line, cols) => format!("on line {line}, columns {}..{}", cols.start, cols.end),
        Aim::Elsewhere => "outside the file".to_owned(),
    };
    format!("{}:{}: {kind}: {} ({place})", file.name, assertion.line, assertion.text)
}

/// The assertion that would fit, under the line: for copying into the test.
fn carets(line: &str, found: &Found) -> String {
    let (from, to) = visual(line, &found.cols);
    let shown: String = line
        .chars()
        .scan(0, |col, c| {
            let width = match c {
                '\t' => 8 - *col % 8,
                _ => 1,
            };
            *col += width;
            Some(match c {
                '\t' => " ".repeat(width),
                c => c.to_string(),
            })
        })
        .collect();
    let indent = " ".repeat(from as usize - 1);
    format!("\n    {shown}\n    {indent}{}", "^".repeat((to - from) as usize))
}

/// Columns on screen; an empty span is one caret wide.
fn visual(line: &str, cols: &Range<u32>) -> (u32, u32) {
    let from = visual_col(line, cols.start.max(1));
    let to = visual_col(line, cols.end.max(1));
    (from, to.max(from + 1))
}

fn fits(assertion: &Assertion, found: &Found, lines: &[&str]) -> bool {
    let is_there = match &assertion.aim {
        Aim::Line(line) => found.line == Some(*line),
        Aim::Elsewhere => found.line.is_none(),
        Aim::Span(line, cols) => {
            let text = lines.get(*line as usize - 1).copied().unwrap_or("");
            found.line == Some(*line) && visual(text, &found.cols) == (cols.start, cols.end)
        }
    };
    matches!(&assertion.kind, AssertionKind::Code(code) if *code == found.code)
        && is_there
        && found.message.contains(&assertion.text)
}

/// True if a note or help of `found` is what `assertion` asks for. Those without a place
/// of their own count on the line of their diagnostic.
fn extra_fits(assertion: &Assertion, found: &Found) -> bool {
    let kind = match assertion.kind {
        AssertionKind::Note => ExtraKind::Note,
        AssertionKind::Help => ExtraKind::Help,
        AssertionKind::Code(_) => return false,
    };
    found.extras.iter().any(|extra| {
        let line = extra.line.or(found.line);
        let is_there = match assertion.aim {
            Aim::Line(wanted) | Aim::Span(wanted, _) => line == Some(wanted),
            Aim::Elsewhere => line.is_none(),
        };
        extra.kind == kind && is_there && extra.text.contains(&assertion.text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bpfc_base::codes::types::{E0301, E0303};
    use bpfc_base::{Session, Span};

    fn compare_all(text: &str, marked: &[(&str, bpfc_base::Code, &str)]) -> Vec<String> {
        let mut session = Session::default();
        let id = session.sources.add("t.c", text, true).unwrap();
        let start = session.sources.file(id).start;
        let found: Vec<Found> = marked
            .iter()
            .map(|(needle, code, message)| {
                let lo = start + text.find(needle).unwrap() as u32;
                let span = Span::new(lo, lo + needle.len() as u32);
                let diagnostic = Diagnostic::new(*code, span, *message).with_help("do it");
                Found::new(&session, &diagnostic, id)
            })
            .collect();
        let mut file = TestFile::parse(text, "//", &[], &[]).unwrap();
        file.name = "t.c".into();
        compare(&file, &found)
    }

    #[test]
    fn all_match() {
        let text = "\tint é = nosuch; //~ E0301: the name\n\t//      ^^^^^^ E0301: the\n\tx;\n//~^ E0303\n//~^ help: do\n";
        let found =
            [("nosuch", E0301, "the other"), ("nosuch", E0301, "the name"), ("x;", E0303, "m")];
        assert_eq!(compare_all(text, &found), Vec::<String>::new());
    }

    #[test]
    fn missing_and_unexpected() {
        let text = "int a;\nint b; //~ E0301: wanted\n\tc;\n\t// ^ E0303\n";
        let found = [("b", E0301, "other"), ("c", E0303, "m")];
        assert_eq!(
            compare_all(text, &found),
            [
                "missing: t.c:2: E0301: wanted (on line 2)",
                "missing: t.c:4: E0303:  (on line 3, columns 12..13)",
                "unexpected: t.c:2:5: E0301: other\n    int b; //~ E0301: wanted\n        ^",
                "unexpected: t.c:3:2: E0303: m\n            c;\n            ^",
            ]
        );
    }

    #[test]
    fn spans_over_lines_end_with_their_first_line() {
        let text = "f(1,\n  2);\n//~^^ E0301\n";
        assert_eq!(compare_all(text, &[("f(1,\n  2)", E0301, "m")]), [""; 0]);
        let text = "  f(1,\n//^^^^ E0301\n  2);\n";
        assert_eq!(compare_all(text, &[("f(1,\n//^^^^ E0301\n  2)", E0301, "m")]), [""; 0]);
    }
}
