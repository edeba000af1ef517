//! A log as a diagnostic.

use crate::{Log, SourceLine, explain, registers_in, restate};
use bpfc_base::codes::load;
use bpfc_base::{Diagnostic, Span};

/// Steps of the path that are told.
const MAX_STEPS: usize = 8;

/// What a log says, at `span` if that is known; otherwise the source line is told in words. An unknown message is
/// repeated as it is.
pub fn diagnostic(log: &Log, span: Span) -> Diagnostic {
    let meaning = explain(log);
    let code = meaning.as_ref().map_or(load::E0904, |meaning| meaning.code);
    let program = log.program.as_ref().map_or("the program".to_owned(), |name| format!("`{name}`"));
    let what = match (&meaning, log.messages.last(), &log.report) {
        (Some(meaning), ..) => meaning.message.clone(),
        (None, Some(message), _) => restate(message),
        (None, None, Some(report)) => restate(&format!("{}: {}", report.category, report.title)),
        (None, None, None) => "the log ends before it says why".to_owned(),
    };
    let mut diagnostic =
        Diagnostic::new(code, span, format!("the kernel rejects {program}: {what}"));
    if span.is_none()
        && let Some(source) = place(log)
    {
        diagnostic = diagnostic.with_note(format!("at {}", in_words(source)));
    }
    if let (Some(slot), Some(insn)) = (log.slot, &log.insn) {
        diagnostic = diagnostic.with_note(format!("instruction {slot}: `{insn}`"));
    }
    for register in registers_in(&log.messages.join(" ")) {
        if let Some(state) = log.registers.get(&register) {
            diagnostic = diagnostic.with_note(format!("`r{register}` is `{state}`"));
        }
    }
    for (text, source) in path(log) {
        diagnostic = diagnostic.with_note(format!("{text} at {}", in_words(source)));
    }
    if !log.messages.is_empty() {
        diagnostic = diagnostic.with_note(format!("the kernel says: {}", log.messages.join("; ")));
    }
    if log.starts_in_the_middle {
        diagnostic = diagnostic.with_note("the beginning of the log is missing");
    }
    let report = log.report.as_ref();
    if let Some(reason) = report.and_then(|report| report.reason.as_deref()) {
        let reason = reason.trim_end_matches('.');
        diagnostic = diagnostic.with_note(format!("the kernel explains: {reason}"));
    }
    let suggestion = report.and_then(|report| report.suggestion.as_deref()).map(advice);
    match meaning.and_then(|meaning| meaning.help).or(suggestion) {
        Some(help) => diagnostic.with_help(help),
        None => diagnostic,
    }
}

/// A suggestion of the kernel as a help of ours: lower case, no full stop.
fn advice(suggestion: &str) -> String {
    let mut chars = suggestion.trim_end_matches('.').chars();
    let first = chars.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(chars).collect()
}

/// The source line of the failure, as the log shows it.
pub fn place(log: &Log) -> Option<&SourceLine> {
    let of_report = log.report.as_ref().and_then(|report| report.at.as_ref());
    of_report.filter(|at| at.line.is_some()).or(log.source.as_ref())
}

/// What led there, with source lines.
fn path(log: &Log) -> Vec<(&str, &SourceLine)> {
    if let Some(report) = log.report.as_ref().filter(|report| !report.path.is_empty()) {
        let n_left_out = report.path.len().saturating_sub(MAX_STEPS);
        let steps = report.path.iter().skip(n_left_out);
        return steps.map(|step| (step.text.as_str(), &step.at)).collect();
    }
    let mut steps = Vec::new();
    if let Some(line) = log.jump.and_then(|(from, _)| log.lines.get(&from)) {
        steps.push(("on the path that branches off", line));
    }
    if let Some(line) = log.origin.and_then(|slot| log.lines.get(&slot)) {
        steps.push(("it was acquired", line));
    }
    steps
}

/// `a.c:5: `text``
fn in_words(source: &SourceLine) -> String {
    match (&source.file, source.line) {
        (Some(file), Some(line)) => format!("{file}:{line}: `{}`", source.text),
        (None, Some(line)) => format!("line {line}: `{}`", source.text),
        _ => format!("`{}`", source.text),
    }
}
