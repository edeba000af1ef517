//! Our own programs, and mutations of them, for every run of the tests.

use super::objects::{self, Corpus};
use super::{Arguments, Judge, compare, mutate};
use crate::differential::kernel::is_usable;

#[test]
fn the_kernel_agrees_on_our_programs_and_their_mutations() {
    if !is_usable() {
        println!("  skipped: the kernel loads no programs here");
        assert!(std::env::var_os("BPFC_REQUIRE_KERNEL").is_none(), "the kernel is wanted");
        return;
    }
    let root = bpfc_testkit::workspace_root().expect("a workspace");
    let judge = Judge::new().expect("a kernel with a version");
    let arguments = Arguments::parse(&[]).expect("no options");
    let mut sources = objects::examples(&root).expect("examples");
    let examples = compare(&judge, &arguments, Corpus::Examples, &sources);
    let tests = objects::tests(&root).expect("tests");
    let tests_tally = compare(&judge, &arguments, Corpus::Tests, &tests);
    sources.extend(tests);
    let mutations = mutate::all(&sources, 300, 1);
    let mutations = compare(&judge, &arguments, Corpus::Mutations, &mutations);
    for tally in [examples, tests_tally, mutations] {
        print!("  {}", tally.summary());
        let titles: Vec<&str> = tally.disagreements.iter().map(|one| &*one.title).collect();
        assert_eq!(titles, Vec::<&str>::new());
        assert!(tally.n_judged() > 0);
    }
}
