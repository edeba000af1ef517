//! SARIF 2.1.0 (OASIS): the exchange format of code-review and CI systems.
//!
//! One run with the rules (codes) that occur, one result per diagnostic, labels as related
//! locations, edits as fixes, and the way to what the verifier refuses as a code flow. Columns
//! count Unicode code points, as `columnKind` says.

use super::{Place, Sources, severity_word};
use crate::codes::Code;
use crate::warnings::Flag;
use crate::{Diagnostic, Severity, Span};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Where the pages of the codes are on the web, if the package says where it lives.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// The results of one run of the program, whatever number of compilations it had: systems that
/// take such documents want one run of one tool.
#[derive(Debug, Default)]
pub struct SarifLog {
    rules: BTreeMap<&'static str, Code>,
    results: Vec<Value>,
}

impl SarifLog {
    /// Adds the diagnostics of one compilation.
    pub fn add<'a>(&mut self, sources: impl Into<Sources<'a>>, diagnostics: &[Diagnostic]) {
        let sources = sources.into();
        for diagnostic in diagnostics {
            self.rules.insert(diagnostic.code.name(), diagnostic.code);
            self.results.push(result(sources, diagnostic));
        }
    }

    /// The document, on one line without its end. `page` is the page of a code in Markdown, if it
    /// is at hand.
    pub fn document(mut self, page: impl Fn(Code) -> Option<&'static str>) -> String {
        let positions: BTreeMap<&str, usize> =
            self.rules.keys().enumerate().map(|(at, name)| (*name, at)).collect();
        for result in &mut self.results {
            let position = result["ruleId"].as_str().and_then(|name| positions.get(name));
            result["ruleIndex"] = position.copied().expect("each result brought its rule").into();
        }
        let rules: Vec<Value> = self.rules.values().map(|code| rule(*code, page(*code))).collect();
        let mut driver = json!({
            "name": "bpfc",
            "version": env!("CARGO_PKG_VERSION"),
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "rules": rules,
        });
        if !REPOSITORY.is_empty() {
            driver["informationUri"] = REPOSITORY.into();
        }
        let document = json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": driver },
                "columnKind": "unicodeCodePoints",
                "results": self.results,
            }],
        });
        document.to_string()
    }
}

/// The whole list as one SARIF document, on one line without its end.
pub fn sarif<'a>(sources: impl Into<Sources<'a>>, diagnostics: &[Diagnostic]) -> String {
    let mut log = SarifLog::default();
    log.add(sources, diagnostics);
    log.document(|_| None)
}

fn rule(code: Code, page: Option<&str>) -> Value {
    let name = code.name();
    let level = match code.severity() {
        _ if code == crate::codes::REMARK => "note",
        severity => severity_word(severity),
    };
    let mut rule = json!({
        "id": name,
        "shortDescription": { "text": code.title() },
        "defaultConfiguration": { "level": level },
    });
    if let Some(page) = page {
        rule["help"] = json!({ "text": page, "markdown": page });
        // Behind the title of the page there is a sentence that says it all.
        if let Some(text) = page.split("\n\n").nth(1) {
            rule["fullDescription"] = json!({ "text": text.replace('\n', " ") });
        }
    }
    if let Some(flag) = Flag::of_code(code) {
        rule["properties"] = json!({ "flag": format!("-W{}", flag.name()) });
    }
    if !REPOSITORY.is_empty() && code != crate::codes::REMARK {
        rule["helpUri"] = format!("{REPOSITORY}/blob/main/docs/codes/{name}.md").into();
    }
    rule
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
    if let Some(flow) = code_flow(sources, diagnostic) {
        result["codeFlows"] = json!([flow]);
    }
    let fixes: Vec<Value> = diagnostic.helps.iter().filter_map(|help| fix(sources, help)).collect();
    if !fixes.is_empty() {
        result["fixes"] = fixes.into();
    }
    result
}

/// What the verifier says of a path, as one: the notes with places lead, in their order, to what is refused.
fn code_flow(sources: Sources<'_>, diagnostic: &Diagnostic) -> Option<Value> {
    let is_of_verifier = diagnostic.code.name().starts_with("E07");
    let steps = diagnostic.notes.iter().filter_map(|note| Some((note.span?, note.text.as_str())));
    let mut steps: Vec<(Span, &str)> = steps.collect();
    if !is_of_verifier || steps.is_empty() || diagnostic.primary.is_none() {
        return None;
    }
    steps.push((diagnostic.span(), &diagnostic.message));
    let locations = steps.into_iter().filter_map(|(span, words)| {
        let mut location = location(sources, span)?;
        location["message"] = json!({ "text": words });
        Some(json!({ "location": location }))
    });
    let locations: Vec<Value> = locations.collect();
    Some(json!({ "threadFlows": [{ "locations": locations }] }))
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

/// A path as a URI reference (of an absolute path, as a URI): what RFC 3986 does not allow is percent-encoded.
fn uri(path: &str) -> String {
    let mut uri = match path.starts_with('/') {
        true => "file://".to_owned(),
        false => String::new(),
    };
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => uri.push(byte as char),
            b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(byte as char),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
