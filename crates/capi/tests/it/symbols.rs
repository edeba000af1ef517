//! What the library shows to linkers.

use crate::support::{built, folder};
use bpfc_capi as _;
use std::collections::BTreeSet;
use std::process::Command;

/// The functions that the header declares.
pub fn declared() -> BTreeSet<String> {
    let header = std::fs::read_to_string(folder().join("include/bpfc.h")).unwrap();
    let lines = header.lines().filter(|line| !line.trim_start().starts_with("//"));
    let words = lines.flat_map(|line| {
        line.match_indices('(').filter_map(|(at, _)| {
            let before = &line[..at];
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let start = before.rfind(|c: char| !is_name(c)).map_or(0, |at| at + 1);
            Some(before[start..].to_owned()).filter(|name| name.starts_with("bpfc_"))
        })
    });
    words.collect()
}

#[test]
fn only_the_functions_of_the_header_are_exported() {
    let Ok(output) = Command::new("nm").args(["-D", "--defined-only"]).arg(built()).output() else {
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let exported: BTreeSet<String> =
        text.lines().filter_map(|line| line.split_whitespace().nth(2)).map(str::to_owned).collect();
    assert_eq!(exported, declared());
    assert!(exported.len() > 90, "{}", exported.len());
}

#[test]
fn the_library_has_its_name() {
    let Ok(output) = Command::new("readelf").arg("-d").arg(built()).output() else { return };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("[libbpfc.so.0]"), "{text}");
}
