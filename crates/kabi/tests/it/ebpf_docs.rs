//! Compares the helper table with the data folder of isovalent/ebpf-docs, given by `BPFC_EBPF_DOCS`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use bpfc_kabi::{KernelVersion, helper, helpers, prog_types};

/// One line under a group or a program type.
enum Entry {
    Helper(String),
    Group(String),
}

#[test]
fn versions_and_permissions_agree_with_ebpf_docs() {
    let Some(dir) = std::env::var_os("BPFC_EBPF_DOCS") else {
        bpfc_testkit::skipped("BPFC_EBPF_DOCS does not name the data folder of ebpf-docs");
        return;
    };
    let dir = Path::new(&dir);
    let features = fs::read_to_string(dir.join("feature-versions.yaml")).unwrap();
    let versions = versions(&features);
    for row in helpers() {
        assert_eq!(versions.get(row.name), Some(&row.since), "{}", row.name);
    }
    let lists = lists(&fs::read_to_string(dir.join("helpers-functions.yaml")).unwrap());
    for prog in prog_types().iter().map(|row| row.ty) {
        let Some(entries) = lists.get(prog.name()) else {
            continue;
        };
        let mut theirs = BTreeSet::new();
        expand(entries, &lists, &mut theirs);
        // Ours come from kernel source and are more; what they list must be there.
        for name in theirs {
            let row = helper(&name).unwrap();
            assert!(row.is_allowed(prog, None), "{name} may be called from {}", prog.name());
        }
    }
}

fn versions(text: &str) -> BTreeMap<&str, KernelVersion> {
    let mut found = BTreeMap::new();
    let mut name = "";
    for line in text.lines().map(str::trim) {
        if let Some(value) = line.strip_prefix("- name: ") {
            name = value;
        } else if let Some(value) = line.strip_prefix("version: ") {
            found.entry(name).or_insert(KernelVersion::parse(value).expect("a version"));
        }
    }
    found
}

/// Groups and program types by name.
fn lists(text: &str) -> BTreeMap<String, Vec<Entry>> {
    let mut found: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    let mut list = String::new();
    for line in text.lines() {
        let entry = line.split('#').next().unwrap_or_default().trim_end();
        if entry == "maps:" {
            break;
        }
        if let Some(name) = entry.strip_prefix("  ").and_then(|name| name.strip_suffix(':')) {
            if !name.starts_with(' ') {
                list = name.to_owned();
            }
        } else if let Some((key, value)) = entry.trim().trim_start_matches("- ").split_once(": ") {
            let value = value.to_owned();
            let entry = match key {
                "name" => Entry::Helper(value),
                "group" => Entry::Group(value),
                // Exclusions come from map contents, not from the program type.
                _ => continue,
            };
            found.entry(list.clone()).or_default().push(entry);
        }
    }
    found
}

fn expand(entries: &[Entry], lists: &BTreeMap<String, Vec<Entry>>, found: &mut BTreeSet<String>) {
    for entry in entries {
        match entry {
            Entry::Helper(name) => {
                found.insert(name.clone());
            }
            Entry::Group(name) => expand(lists.get(name).map_or(&[], Vec::as_slice), lists, found),
        }
    }
}
