//! What was found, as text and as JSON. The JSON is described in `docs/features.md`; `schema` counts changes that
//! could break who reads it.

use super::{Report, select};
use crate::kernels;
use bpfc_kabi::ProgType;
use bpfc_loader::{Calls, Finding, Group, Kernel, Verdict};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const SCHEMA: u32 = 1;

/// A paragraph for each group, a line for each finding, and what to do below those that are missing.
pub fn text(report: &Report) -> String {
    let width = report.findings.iter().map(|finding| finding.name.len()).max().unwrap_or(0);
    let width = width.min(40);
    let mut text = String::new();
    let mut group: Option<Group> = None;
    // What helps several in a row is said once.
    let mut last: Option<&str> = None;
    for finding in &report.findings {
        if group != Some(finding.group) {
            let blank = if group.is_some() { "\n" } else { "" };
            text += &format!("{blank}{}\n", finding.group.title());
            group = Some(finding.group);
            last = None;
        }
        let remedy = remedy(finding).filter(|remedy| Some(*remedy) != last);
        last = remedy.or(last);
        text += &line(finding, remedy, width);
    }
    text += &calls(report);
    if report.has_types {
        let (default, bundled) = (kernels::default_name(), kernels::bundled_names());
        let without = "without --kernel and --btf";
        text += &format!("\ntypes of kernels\n  {without:<width$}  {default}\n");
        text += &format!("  {:<width$}  {bundled}\n", "for --kernel");
    }
    text
}

fn remedy(finding: &Finding) -> Option<&str> {
    match &finding.verdict {
        Verdict::No { remedy, .. } | Verdict::Unknown { remedy, .. } => remedy.as_deref(),
        Verdict::Yes | Verdict::Value { .. } => None,
    }
}

fn line(finding: &Finding, remedy: Option<&str>, width: usize) -> String {
    let name = &finding.name;
    let is_new = |title: &&str| !title.replace([' ', '-'], "_").eq_ignore_ascii_case(name);
    let title = finding.title.filter(is_new);
    let title = title.map_or(String::new(), |title| format!("  ({title})"));
    let words = match &finding.verdict {
        Verdict::Yes => format!("yes{title}"),
        Verdict::No { reason, .. } => format!("no: {reason}{title}"),
        Verdict::Unknown { reason, .. } => format!("unknown: {reason}{title}"),
        Verdict::Value { value, meaning } => {
            let meaning = meaning.map_or(String::new(), |meaning| format!(": {meaning}"));
            format!("{value}{meaning}{title}")
        }
    };
    let help =
        remedy.map_or(String::new(), |remedy| format!("  {:width$}    help: {remedy}\n", ""));
    format!("  {name:<width$}  {words}\n{help}")
}

/// Who may call what: by function, or for one type of program the functions alone.
fn calls(report: &Report) -> String {
    let mut text = String::new();
    let helpers = |row: &Calls| {
        let helpers = row.helpers.as_ref()?;
        Some(helpers.iter().map(|helper| helper.name.to_owned()).collect::<Vec<_>>())
    };
    let blank = |text: &str| if text.is_empty() && report.findings.is_empty() { "" } else { "\n" };
    if report.calls.iter().any(|row| row.helpers.is_some()) {
        text += &format!("{}{}\n{}", blank(&text), Group::Helper.title(), by_name(report, helpers));
    }
    if report.calls.iter().any(|row| row.kfuncs.is_some()) {
        let kfuncs = by_name(report, |row| row.kfuncs.clone());
        text += &format!("{}{}\n{kfuncs}", blank(&text), Group::Kfunc.title());
    }
    if report.calls.iter().any(|row| row.helpers.is_none() && row.kfuncs.is_none()) {
        let untried =
            report.calls.iter().filter(|row| row.helpers.is_none() && row.kfuncs.is_none());
        let names: Vec<String> = untried.map(|row| select::short(row.prog_type)).collect();
        text +=
            &format!("\nunknown, as no program of the type can be loaded: {}\n", names.join(" "));
    }
    text
}

fn by_name(report: &Report, names: impl Fn(&Calls) -> Option<Vec<String>>) -> String {
    let mut callers: BTreeMap<String, Vec<ProgType>> = BTreeMap::new();
    let mut n_types = 0;
    for row in &report.calls {
        let Some(names) = names(row) else { continue };
        n_types += 1;
        for name in names {
            callers.entry(name).or_default().push(row.prog_type);
        }
    }
    let module_of = |name: &str| {
        let function = report.functions.iter().find(|function| function.name == name);
        function.and_then(|function| function.module.as_ref())
    };
    let width = callers.keys().map(String::len).max().unwrap_or(0);
    let mut text = String::new();
    for (name, types) in &callers {
        let module = module_of(name).map_or(String::new(), |module| format!("  [{module}]"));
        let line = if report.calls.len() == 1 {
            format!("  {name}{module}")
        } else if types.len() == n_types {
            format!("  {name:<width$}  all{module}")
        } else {
            let types: Vec<String> = types.iter().map(|ty| select::short(*ty)).collect();
            format!("  {name:<width$}  {}{module}", types.join(" "))
        };
        text += &(line + "\n");
    }
    text
}

/// One object.
pub fn json(kernel: &Kernel, report: &Report) -> String {
    let features: Vec<Value> = report.findings.iter().map(finding_json).collect();
    let mut document = json!({
        "schema": SCHEMA,
        "kernel": {
            "release": kernel.release(),
            "version": kernel.version().map(|version| version.to_string()),
            "arch": std::env::consts::ARCH,
        },
        "features": features,
    });
    if !report.calls.is_empty() {
        document["calls"] = report.calls.iter().map(calls_json).collect();
    }
    if report.calls.iter().any(|row| row.kfuncs.is_some()) {
        let functions = report.functions.iter();
        document["kfuncs"] = functions
            .map(|function| json!({ "name": function.name, "module": function.module }))
            .collect();
    }
    if report.has_types {
        document["types"] = json!({
            "default": kernels::default_name(),
            "bundled": bpfc_kernels::bundled().kernels().iter().map(|k| k.release).collect::<Vec<_>>(),
        });
    }
    format!("{document}\n")
}

fn finding_json(finding: &Finding) -> Value {
    let mut object = Map::new();
    let mut add = |key: &str, value: Value| object.insert(key.to_owned(), value);
    add("id", json!(format!("{}:{}", finding.group.id(), finding.name)));
    add("group", json!(finding.group.id()));
    add("name", json!(finding.name));
    if let Some(title) = finding.title {
        add("title", json!(title));
    }
    match &finding.verdict {
        Verdict::Yes => {
            add("verdict", json!("yes"));
        }
        Verdict::No { reason, remedy } | Verdict::Unknown { reason, remedy } => {
            let is_no = matches!(finding.verdict, Verdict::No { .. });
            add("verdict", json!(if is_no { "no" } else { "unknown" }));
            add("reason", json!(reason));
            if let Some(remedy) = remedy {
                add("remedy", json!(remedy));
            }
        }
        Verdict::Value { value, meaning } => {
            add("verdict", json!("value"));
            add("value", json!(value));
            if let Some(meaning) = meaning {
                add("meaning", json!(meaning));
            }
        }
    }
    if let Some(since) = finding.since {
        add("since", json!(since.to_string()));
    }
    Value::Object(object)
}

fn calls_json(row: &Calls) -> Value {
    let helpers = row
        .helpers
        .as_ref()
        .map(|helpers| helpers.iter().map(|helper| helper.name).collect::<Vec<_>>());
    json!({
        "program": select::short(row.prog_type),
        "helpers": helpers,
        "kfuncs": row.kfuncs,
    })
}
