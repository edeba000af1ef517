//! The form for tools: one JSON object per diagnostic, on one line.
//!
//! | field | value |
//! | --- | --- |
//! | `code` | `"E0301"` |
//! | `title` | what the code means in general |
//! | `severity` | `"error"`, `"warning"` or `"remark"` |
//! | `flag` | `"unused-variable"`: the name behind `-W` that controls it, or `null` |
//! | `remark` | of a remark only, whose code is `"remark"`: an object with `option` (`"-Rpass"`, `"-Rpass-missed"`, `"-Rpass-analysis"`) and `pass` |
//! | `message` | the message |
//! | `spans` | the labels, the primary one first: a *place* with `primary` (boolean), `label` (string, maybe empty), `text` (the source text, cut after 1000 bytes) and `expansion` |
//! | `notes` | objects with `text` and `span` (a *place* with `expansion`, or `null`) |
//! | `targets` | the kernels for which it holds (`"6.1"`), if several were asked about |
//! | `helps` | objects with `text` and `edits`: places with `replacement`; all edits of one help belong together |
//!
//! A *place* has `file`, `line`, `col`, `end_line`, `end_col` (from 1, columns in characters,
//! the end exclusive), `start_byte` and `end_byte` (from 0). It is where the user wrote the
//! text; for text that macros produced that is the outermost call, and `expansion` lists the
//! way inwards: objects with `macro` (its name), `call` (the call's place), `definition` (the
//! place of the name in the `#define`, or `null` for built-in macros) and `spelled` (the place
//! in the macro's body that the next link, or the diagnostic itself, is about).
//!
//! Fields are never renamed or removed; new ones may appear.

use super::{Place, Sources, severity_word};
use crate::{Diagnostic, Edit, Help, Label, Note, Span};
use serde_json::{Map, Value, json};

const MAX_TEXT_BYTES: usize = 1_000;

/// `diagnostic` as one JSON object without a line break.
pub fn json<'a>(sources: impl Into<Sources<'a>>, diagnostic: &Diagnostic) -> String {
    let sources = sources.into();
    let primary = diagnostic.primary.iter();
    let spans = primary
        .map(|label| label_value(sources, label, true))
        .chain(diagnostic.secondary.iter().map(|label| label_value(sources, label, false)));
    let spans: Vec<Value> = spans.flatten().collect();
    let notes: Vec<Value> = diagnostic.notes.iter().map(|n| note_value(sources, n)).collect();
    let helps: Vec<Value> = diagnostic.helps.iter().map(|h| help_value(sources, h)).collect();
    let mut object = json!({
        "code": diagnostic.code.name(),
        "title": diagnostic.code.title(),
        "severity": severity_word(diagnostic.severity),
        "flag": diagnostic.flag.map(|flag| flag.name()),
        "message": diagnostic.message,
        "spans": spans,
        "notes": notes,
        "helps": helps,
        "targets": diagnostic.targets,
    });
    if let Some((kind, pass)) = diagnostic.remark.as_deref() {
        object["remark"] = json!({ "option": kind.option(), "pass": pass });
    }
    object.to_string()
}

fn label_value(sources: Sources<'_>, label: &Label, is_primary: bool) -> Option<Value> {
    let mut fields = place_with_expansion(sources, label.span)?;
    let mut text = sources.map.text(sources.map.root(label.span));
    if text.len() > MAX_TEXT_BYTES {
        text = &text[..text.floor_char_boundary(MAX_TEXT_BYTES)];
    }
    fields.insert("primary".into(), is_primary.into());
    fields.insert("label".into(), label.text.as_str().into());
    fields.insert("text".into(), text.into());
    Some(fields.into())
}

fn note_value(sources: Sources<'_>, note: &Note) -> Value {
    let span = note.span.and_then(|span| place_with_expansion(sources, span));
    json!({ "text": note.text, "span": span })
}

fn help_value(sources: Sources<'_>, help: &Help) -> Value {
    let edit = |edit: &Edit| {
        let mut fields = place_fields(&Place::of_spelling(sources.map, edit.span)?);
        fields.insert("replacement".into(), edit.replacement.as_str().into());
        Some(Value::from(fields))
    };
    let edits: Vec<Value> = help.edits.iter().filter_map(edit).collect();
    json!({ "text": help.text, "edits": edits })
}

fn place_with_expansion(sources: Sources<'_>, span: Span) -> Option<Map<String, Value>> {
    let mut fields = place_fields(&Place::of_root(sources.map, span)?);
    let place = |span| Place::of_spelling(sources.map, span).map(|p| place_fields(&p));
    let mut spelled = span;
    let mut chain = Vec::new();
    for link in sources.map.expansion_chain(span) {
        chain.push(json!({
            "macro": sources.names.resolve(link.name),
            "call": place(link.call_site),
            "definition": place(link.def_site),
            "spelled": place(spelled),
        }));
        spelled = link.call_site;
    }
    chain.reverse();
    fields.insert("expansion".into(), chain.into());
    Some(fields)
}

/// The fields that every place has.
fn place_fields(place: &Place) -> Map<String, Value> {
    let Value::Object(fields) = json!({
        "file": &*place.file,
        "line": place.line,
        "col": place.col,
        "end_line": place.end_line,
        "end_col": place.end_col,
        "start_byte": place.bytes.start,
        "end_byte": place.bytes.end,
    }) else {
        unreachable!("the macro was given an object");
    };
    fields
}
