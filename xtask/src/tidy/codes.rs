//! Diagnostic codes: registered, emitted, explained by a page.

use super::{Tree, rust};
use bpfc_base::codes;
use bpfc_testkit::page::Page;
use std::collections::BTreeMap;

const PAGES: &str = "docs/codes/";

/// Appends codes without a page and pages without a code.
pub fn check(tree: &Tree, problems: &mut Vec<String>) {
    for (code, place) in emitted(tree) {
        if codes::Code::find(&code).is_none() {
            problems.push(format!("{place}: `{code}` is not registered"));
        } else if tree.text(&format!("{PAGES}{code}.md")).is_empty() {
            problems.push(format!("{place}: `{code}` has no page {PAGES}{code}.md"));
        }
    }
    for file in &tree.files {
        let Some(name) = file.path.strip_prefix(PAGES) else {
            continue;
        };
        let Some(name) = name.strip_suffix(".md") else {
            problems.push(format!("{}: not a page", file.path));
            continue;
        };
        if name == "README" {
            continue;
        }
        let mut problem = |text: String| problems.push(format!("{}: {text}", file.path));
        match (codes::Code::find(name), Page::parse(&file.text)) {
            (None, _) => problem("no such code".to_owned()),
            (_, Err(message)) => problem(message),
            (Some(code), Ok(page)) => {
                if page.code != code.name() || page.title != code.title() {
                    problem(format!("the heading must be `# {code}: {}`", code.title()));
                }
            }
        }
    }
}

/// Codes that the crates mention outside the registry, comments and tests, and where first.
fn emitted(tree: &Tree) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for file in &tree.files {
        let is_stage = file.path.starts_with("crates/")
            && !file.path.starts_with("crates/base/")
            && !file.path.starts_with("crates/testkit/");
        if !is_stage || !rust::is_product(&file.path) {
            continue;
        }
        for (number, line) in rust::product_lines(&file.text) {
            for code in codes_in(line) {
                let place = format!("{}:{number}", file.path);
                all.entry(code.to_owned()).or_insert(place);
            }
        }
    }
    all
}

/// Words of the shape `E0301` or `W0301`.
fn codes_in(line: &str) -> impl Iterator<Item = &str> {
    let words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| {
        let digits = word.strip_prefix(['E', 'W']).unwrap_or("");
        digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_codes() {
        let line = "Diagnostic::new(types::E0301, span) // W0102, XE0301, E03011, E_0301";
        assert_eq!(codes_in(line).collect::<Vec<_>>(), ["E0301", "W0102"]);
    }
}
