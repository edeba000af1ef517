//! The page of what came of the tools.

use super::{Column, Result};
use bpfc_kabi::KernelVersion;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fmt::Write;

const HEAD: &str = include_str!("head.md");

type Columns = BTreeMap<KernelVersion, Column>;

/// Whether a tool ran and printed something of the kernel's.
pub fn is_seen(outcome: &Json) -> bool {
    outcome["ran"] == true && outcome["lines"].as_u64() > Some(0)
}

/// The page; `beside` is what BCC itself did with those that were not seen.
pub fn page(tools: &[String], columns: &Columns, beside: &Columns) -> Result<String> {
    let mut text = String::from(HEAD);
    text.push_str("\n| tool |");
    columns.keys().try_for_each(|version| write!(text, " {version} |"))?;
    text.push_str("\n| --- |");
    columns.keys().for_each(|_| text.push_str(" --- |"));
    text.push('\n');
    let mut reasons: Vec<String> = Vec::new();
    for name in tools {
        write!(text, "| {name} |")?;
        for (version, column) in columns {
            let cell =
                column.get(name).map_or("?".to_owned(), |outcome| cell(outcome, &mut reasons));
            let other = beside.get(version).and_then(|column| column.get(name));
            let other = other.filter(|_| cell != "yes").map_or("", |other| beside_cell(other));
            write!(text, " {cell}{other} |")?;
        }
        text.push('\n');
    }
    if !reasons.is_empty() {
        text.push_str("\n## Reasons\n\n");
    }
    for (number, reason) in (1..).zip(&reasons) {
        writeln!(text, "{number}. {reason}")?;
    }
    Ok(text)
}

fn cell(outcome: &Json, reasons: &mut Vec<String>) -> String {
    if is_seen(outcome) {
        return "yes".to_owned();
    }
    if outcome["ran"] == true {
        return "silent".to_owned();
    }
    let reason = reason(outcome["said"].as_str().unwrap_or_default());
    let at = reasons.iter().position(|other| *other == reason).unwrap_or_else(|| {
        reasons.push(reason);
        reasons.len() - 1
    });
    format!("no ({})", at + 1)
}

fn beside_cell(outcome: &Json) -> &'static str {
    match (is_seen(outcome), outcome["ran"] == true) {
        (true, _) => "; BCC: **yes**",
        (_, true) => "; BCC: silent",
        (_, false) => "; BCC: no",
    }
}

/// What a tool said, without where it said it.
fn reason(said: &str) -> String {
    let said = said.strip_prefix("bpfc.errors.").unwrap_or(said);
    let said = said.split_once("error[").map_or(said, |(_, rest)| rest);
    let said = said.split_once("]: ").map_or(said, |(_, rest)| rest);
    said.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;

    #[test]
    fn pages_have_numbered_reasons() {
        let text = "{\"tool\":\"a\",\"ran\":true,\"lines\":3,\"said\":\"\"}\n{\"tool\":\"b\",\"ran\":false,\"lines\":0,\
                    \"said\":\"bpfc.errors.AttachError: error[E0906]: there is no kernel function `x|y`\"}\nnonsense\n\
                    {\"tool\":\"c\",\"ran\":true,\"lines\":0,\"said\":\"\"}";
        let columns = BTreeMap::from([(KernelVersion::new(6, 1), read(text))]);
        let other =
            "{\"tool\":\"b\",\"ran\":true,\"lines\":2}\n{\"tool\":\"c\",\"ran\":false,\"lines\":0}";
        let beside = BTreeMap::from([(KernelVersion::new(6, 1), read(other))]);
        let tools: Vec<String> = ["a", "b", "c", "d"].map(str::to_owned).into();
        let page = page(&tools, &columns, &beside).unwrap();
        for line in
            ["| a | yes |", "| b | no (1); BCC: **yes** |", "| c | silent; BCC: no |", "| d | ? |"]
        {
            assert!(page.contains(line), "{page}");
        }
        assert!(page.ends_with("1. there is no kernel function `x\\|y`\n"));
    }
}
