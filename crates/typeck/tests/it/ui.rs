//! The file tests of the blocks that this crate reports: `tests/ui/types`, `tests/ui/bpf`.

use crate::front;
use bpfc_testkit::Suite;

fn suite(dir: &str) {
    Suite::in_workspace(dir)
        .run(|test| {
            let checked = front::check(test.text());
            test.diagnostics(&checked.found());
            if test.has_snapshot("hir") {
                test.snapshot("hir", &checked.hir());
            }
            Ok(())
        })
        .finish();
}

#[test]
fn types() {
    suite("tests/ui/types");
}

#[test]
fn bpf() {
    suite("tests/ui/bpf");
}
