//! The report in sections that follows the message since Linux 7.3 (`kernel/bpf/diagnostics.c`).

use crate::SourceLine;
use crate::unwrap;

/// How it begins: `Verification failed: CATEGORY: TITLE`.
pub const HEADING: &str = "Verification failed: ";

/// Steps of the path that are kept.
const MAX_STEPS: usize = 64;

/// The kernel's own explanation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// One of nine, such as `Register Type Safety`.
    pub category: String,
    /// What is wrong, in general.
    pub title: String,
    /// What could not be proven, in one paragraph.
    pub reason: Option<String>,
    /// What to do.
    pub suggestion: Option<String>,
    /// Where.
    pub at: Option<SourceLine>,
    /// What happened on the way there.
    pub path: Vec<Step>,
}

/// Something that happened on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Where.
    pub at: SourceLine,
    /// What: `branch: took the true branch …`.
    pub text: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    None,
    Reason,
    At,
    Path,
    Suggestion,
}

/// Reads the report up to the log's end. `title` is what stands behind [`HEADING`].
pub fn read<'a>(title: &str, lines: &mut impl Iterator<Item = &'a str>) -> Report {
    let (category, title) = title.split_once(": ").unwrap_or((title, ""));
    let mut report =
        Report { category: category.to_owned(), title: title.to_owned(), ..Report::default() };
    let mut section = Section::None;
    let mut steps: Vec<Step> = Vec::new();
    // Whether the lines below continue the words beside the source.
    let mut is_note = false;
    for line in lines {
        let line = unwrap::line(line);
        if line.starts_with("processed ") {
            break;
        }
        let next = match line {
            "Reason:" => Section::Reason,
            "At:" => Section::At,
            "Causal path:" => Section::Path,
            "Suggestion:" => Section::Suggestion,
            _ => {
                take(&mut report, section, line, &mut steps, &mut is_note);
                continue;
            }
        };
        if section == Section::At {
            report.at = steps.pop().map(|step| step.at);
            steps.clear();
        }
        section = next;
        is_note = false;
    }
    match section {
        Section::At => report.at = steps.pop().map(|step| step.at),
        _ => report.path = steps,
    }
    report
}

fn take(
    report: &mut Report,
    section: Section,
    line: &str,
    steps: &mut Vec<Step>,
    is_note: &mut bool,
) {
    match section {
        Section::None => {}
        Section::Reason => append(report.reason.get_or_insert_default(), line),
        Section::Suggestion => append(report.suggestion.get_or_insert_default(), line),
        Section::At | Section::Path => place(line, steps, is_note),
    }
}

fn append(paragraph: &mut String, line: &str) {
    if !paragraph.is_empty() && !line.is_empty() {
        paragraph.push(' ');
    }
    paragraph.push_str(line);
}

/// One line of a place: its name, its source, the words beside it.
fn place(line: &str, steps: &mut Vec<Step>, is_note: &mut bool) {
    if let Some((_, words)) = line.split_once("^-- ") {
        if let Some(step) = steps.last_mut() {
            append(&mut step.text, words);
            *is_note = true;
        }
    } else if let Some(at) = location(line) {
        if steps.len() < MAX_STEPS {
            steps.push(Step { at, text: String::new() });
        }
        *is_note = false;
    } else if let Some((_, text)) = line.strip_prefix(">>>").and_then(|row| row.split_once('|')) {
        // The second one is the instruction.
        if let Some(step) = steps.last_mut().filter(|step| step.at.text.is_empty()) {
            step.at.text = text.trim().to_owned();
        }
        *is_note = false;
    } else if *is_note && !line.ends_with("context:") && !is_row(line) {
        if let Some(step) = steps.last_mut() {
            append(&mut step.text, line.trim_start_matches('|').trim());
        }
    } else {
        *is_note = false;
    }
}

/// `7 | r1 = 1`: a line of the source, or an instruction.
fn is_row(line: &str) -> bool {
    line.split_once('|').is_some_and(|(number, _)| number.trim().parse::<u32>().is_ok())
}

/// `prog @ file.c:12:3`, `file.c:12:3`.
fn location(line: &str) -> Option<SourceLine> {
    let place = line.split_once(" @ ").map_or(line, |(_, place)| place);
    let (rest, column) = place.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    if file.contains(['|', '>', ' ']) {
        return None;
    }
    Some(SourceLine {
        text: String::new(),
        file: Some(file.to_owned()),
        line: Some(line.parse().ok()?),
        column: Some(column.parse().ok()?),
    })
}
