//! The form for people: source excerpts with underlines, notes, advice.

use super::snippet::{Kind, Piece, Texts, Writer};
use super::{Color, Sources, flag_suffix, patch};
use crate::{Diagnostic, ExpnId, Label, Span};
use codespan_reporting::diagnostic::LabelStyle;

/// Links shown of a chain of macro expansions: the outer ones and the innermost.
const MAX_EXPANSIONS: usize = 4;

/// `diagnostic` as a few lines with excerpts, ended by a line break.
pub fn human<'a>(sources: impl Into<Sources<'a>>, diagnostic: &Diagnostic, color: Color) -> String {
    human_with(sources.into(), &Texts::default(), diagnostic, color)
}

/// As [`human`], with texts that other diagnostics use, too.
pub(super) fn human_with(
    sources: Sources<'_>,
    texts: &Texts,
    diagnostic: &Diagnostic,
    color: Color,
) -> String {
    let mut writer = Writer::new(sources, texts, color);
    let root = sources.map.root(diagnostic.span());
    let mut labels = Vec::new();
    if let Some(primary) = &diagnostic.primary {
        labels.push((LabelStyle::Primary, root, primary.text.as_str()));
    }
    let (beside, inside): (Vec<&Label>, Vec<&Label>) =
        diagnostic.secondary.iter().partition(|label| is_beside(sources, label.span, root));
    for label in beside {
        let span = sources.map.root(label.span);
        labels.push((LabelStyle::Secondary, span, label.text.as_str()));
    }
    writer.piece(&Piece {
        kind: Kind::Report(diagnostic.severity, diagnostic.code),
        message: &format!("{}{}", diagnostic.message, flag_suffix(diagnostic)),
        labels,
    });
    expansions(&mut writer, sources, diagnostic.span());
    for label in inside {
        note(&mut writer, &label.text, Some(label.span));
    }
    for extra in &diagnostic.notes {
        let span = extra.span.map(|span| sources.map.root(span));
        note(&mut writer, &extra.text, span);
        expansions(&mut writer, sources, extra.span.unwrap_or(Span::NONE));
    }
    for help in &diagnostic.helps {
        writer.piece(&Piece { kind: Kind::Help, message: &help.text, labels: Vec::new() });
        patch::preview(&mut writer.out, sources, &help.edits);
    }
    writer.out.text
}

/// True if a label can be drawn in the excerpt of the primary one: not when both come out
/// of the same macro call, where the excerpt would show the same text for both.
fn is_beside(sources: Sources<'_>, span: Span, root: Span) -> bool {
    span.expn == ExpnId::ROOT || sources.map.root(span) != root
}

/// A note that shows where `span` is spelled.
fn note(writer: &mut Writer<'_>, text: &str, span: Option<Span>) {
    let labels = span.map(|span| (LabelStyle::Secondary, span, ""));
    writer.piece(&Piece { kind: Kind::Note, message: text, labels: labels.into_iter().collect() });
}

/// The way from the macro call that the user wrote to the text of `span`, outermost first.
fn expansions(writer: &mut Writer<'_>, sources: Sources<'_>, span: Span) {
    let names: Vec<_> = sources.map.expansion_chain(span).map(|e| e.name).collect();
    // What each macro's body put in the next one's place; the innermost put `span`.
    let calls = sources.map.expansion_chain(span).map(|e| e.call_site);
    let spellings: Vec<Span> = std::iter::once(span).chain(calls).collect();
    let n_hidden = names.len().saturating_sub(MAX_EXPANSIONS);
    for (depth, idx) in (0..names.len()).rev().enumerate() {
        if n_hidden > 0 && depth == MAX_EXPANSIONS - 1 {
            let plural = if n_hidden == 1 { "" } else { "s" };
            note(writer, &format!("{n_hidden} more macro expansion{plural} here"), None);
        }
        if n_hidden > 0 && idx != 0 && depth >= MAX_EXPANSIONS - 1 {
            continue;
        }
        let text = format!("in expansion of macro `{}`", sources.names.resolve(names[idx]));
        note(writer, &text, Some(spellings[idx]));
    }
}
