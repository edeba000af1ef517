//! `tests/ui`: each diagnostic with its code and place, from the whole pipeline.

use crate::support::compile_with;
use bpfc::Options;
use bpfc_testkit::{Suite, Test};

fn check(test: &mut Test) {
    let name = test.path().to_string_lossy().into_owned();
    let mut compiled =
        compile_with(&name, test.text().as_bytes(), &Options::default(), &test.flags());
    compiled.verify();
    test.diagnostics(&compiled.found());
}

#[test]
fn diagnostics() {
    let report = Suite::in_workspace("tests/ui").extensions(&["c"]).keys(&["flags"]).run(|test| {
        // The checker's own suite compares its typed trees.
        for snapshot in test.file().snapshots.clone() {
            test.snapshot(&snapshot.name, &snapshot.text);
        }
        check(test);
        Ok(())
    });
    report.finish();
}
