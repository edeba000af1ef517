//! SARIF 2.1.0 (OASIS): the exchange format of code-review and CI systems.
//!
//! One run with the rules (codes) that occur, one result per diagnostic, labels as related
//! locations, and edits as fixes. Columns count Unicode code points, as `columnKind` says.

use super::{Place, Sources, severity_word};
use crate::{Diagnostic, Severity, Span};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The whole list as one SARIF document, on one line without its end.
pub fn sarif<'a>(sources: impl Into<Sources<'a>>, diagnostics: &[Diagnostic]) -> String {
    let sources = sources.into();
    let codes: BTreeSet<(&str, &str)> =
        diagnostics.iter().map(|d| (d.code.name(), d.code.title())).collect();
    let rules: Vec<Value> = codes
        .iter()
        .map(|(name, title)| json!({ "id": name, "shortDescription": { "text": title } }))
        .collect();
    let results: Vec<Value> = diagnostics.iter().map(|d| result(sources, d)).collect();
    let driver = json!({
        "name": "bpfc",
        "version": env!("CARGO_PKG_VERSION"),
        "rules": rules,
    });
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": driver },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    document.to_string()
}

fn result(sources: Sources<'_>, diagnostic: &Diagnostic) -> Value {
    let notes = diagnostic.notes.iter().map(|note| (note.span, &note.text));
    let labels = diagnostic.secondary.iter().map(|label| (Some(label.span), &label.text));
    let mut related = Vec::new();
    // A SARIF result has one text: notes and helps without a place join it.
    let mut text = diagnostic.message.clone();
    for (span, words) in labels.chain(notes) {
        match span.and_then(|span| location(sources, span)) {
            Some(mut location) => {
                location["message"] = json!({ "text": words });
                related.push(location);
            }
            None => text.push_str(&format!("\nnote: {words}")),
        }
    }
    for help in &diagnostic.helps {
        text.push_str(&format!("\nhelp: {}", help.text));
    }
    let mut result = json!({
        "ruleId": diagnostic.code.name(),
        "level": match diagnostic.severity {
            Severity::Remark => "note",
            severity => severity_word(severity),
        },
        "message": { "text": text },
        "locations": Vec::from_iter(location(sources, diagnostic.span())),
    });
    if let Some(flag) = diagnostic.flag {
        result["properties"] = json!({ "flag": format!("-W{}", flag.name()) });
    }
    if let Some((kind, pass)) = diagnostic.remark.as_deref() {
        result["properties"] = json!({ "flag": format!("{}={pass}", kind.option()) });
    }
    if !related.is_empty() {
        result["relatedLocations"] = related.into();
    }
    let fixes: Vec<Value> = diagnostic.helps.iter().filter_map(|help| fix(sources, help)).collect();
    if !fixes.is_empty() {
        result["fixes"] = fixes.into();
    }
    result
}

fn location(sources: Sources<'_>, span: Span) -> Option<Value> {
    let place = Place::of_root(sources.map, span)?;
    Some(json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(&place.file) },
        "region": region(&place),
    }}))
}

fn region(place: &Place) -> Value {
    json!({
        "startLine": place.line,
        "startColumn": place.col,
        "endLine": place.end_line,
        "endColumn": place.end_col,
    })
}

/// One fix: a change per file, in order of appearance.
fn fix(sources: Sources<'_>, help: &crate::Help) -> Option<Value> {
    let mut changes: Vec<(String, Vec<Value>)> = Vec::new();
    for edit in &help.edits {
        let place = Place::of_spelling(sources.map, edit.span)?;
        let uri = uri(&place.file);
        let replacement = json!({
            "deletedRegion": region(&place),
            "insertedContent": { "text": edit.replacement },
        });
        match changes.iter_mut().find(|(of, _)| *of == uri) {
            Some((_, all)) => all.push(replacement),
            None => changes.push((uri, vec![replacement])),
        }
    }
    let changes: Vec<Value> = changes
        .into_iter()
        .map(|(uri, all)| json!({ "artifactLocation": { "uri": uri }, "replacements": all }))
        .collect();
    (!changes.is_empty())
        .then(|| json!({ "description": { "text": help.text }, "artifactChanges": changes }))
}

/// A path as a relative URI reference: what RFC 3986 does not allow is percent-encoded.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => uri.push(byte as char),
            b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(byte as char),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
