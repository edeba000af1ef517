//! The programs of other projects, where their sources can be had: each builds, or fails, as its list says.

use bpfc_testkit::corpus::{self, CORPORA};
use std::path::Path;

#[test]
fn programs_do_what_the_lists_say() {
    let root = bpfc_testkit::workspace_root().expect("the tests run in the workspace");
    let mut found = Vec::new();
    for corpus in &CORPORA {
        let sources = match corpus.sources(&root.join("target")) {
            Ok(sources) => sources,
            Err(reason) => {
                bpfc_testkit::skipped(format!("{}: {reason}", corpus.name));
                continue;
            }
        };
        if !Path::new("/sys/kernel/btf/vmlinux").exists() {
            bpfc_testkit::skipped(format!("{}: the kernel shows no types", corpus.name));
            continue;
        }
        let outcomes = corpus.build(&sources, Path::new(env!("CARGO_BIN_EXE_bpfc"))).unwrap();
        let list = root.join("tests/corpus").join(format!("{}.txt", corpus.name));
        let list = std::fs::read_to_string(list).unwrap();
        found.extend(corpus::differences(&list, &outcomes));
    }
    assert!(
        found.is_empty(),
        "`cargo xtask corpus --bless` rewrites the lists:\n{}",
        found.join("\n")
    );
}
