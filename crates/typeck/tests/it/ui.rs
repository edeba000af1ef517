//! The file tests of the blocks that this crate reports: `tests/ui/types`, `tests/ui/bpf`,
//! and `tests/bcc`. The kernel is that of `tests/mini/kernel.h`.

use crate::front;
use crate::mini::Mini;
use bpfc_testkit::Suite;
use bpfc_typeck::{Dialect, KernelTypes};

fn suite(dir: &str, dialect: Dialect) {
    Suite::in_workspace(dir)
        .keys(&["flags"])
        .run(move |test| {
            let (mut names, mut types) = (Mini::new(), Mini::new());
            let headers = front::Headers(Vec::new());
            let text = test.text();
            let types: &mut dyn KernelTypes = &mut types;
            let flags = test.flags();
            let checked =
                front::check_with(text, &flags, &mut names, Some(types), headers, dialect);
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
    suite("tests/ui/types", Dialect::C);
}

#[test]
fn bpf() {
    suite("tests/ui/bpf", Dialect::C);
}

#[test]
fn bcc() {
    suite("tests/bcc", Dialect::Bcc);
}
