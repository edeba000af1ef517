//! The list against what becomes of the tests.

use super::{LIST, list, outcomes, sources};

#[test]
fn the_list_is_true() {
    let root = bpfc_testkit::workspace_root().expect("tests run in the workspace");
    let sources = match sources(&root) {
        Ok(sources) => sources,
        Err(reason) => {
            println!("  skipped the C test suite: {reason}");
            return;
        }
    };
    let now = list(&outcomes(&sources).expect("the tests can be read"));
    let expected = std::fs::read_to_string(root.join(LIST)).expect("the list is there");
    let difference = bpfc_testkit::unified_diff(&expected, &now);
    assert!(expected == now, "`cargo xtask c-testsuite --bless` writes it:\n{difference}");
}
