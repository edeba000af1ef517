//! A few programs of fixed seeds, for every run of the tests.

use super::arguments::{Arguments, Generator};
use super::{compare_all, compilers, csmith, kernel};

/// Compares programs of a generator and fails if any differs.
fn agree(generator: Generator, count: u64) {
    if !compilers::is_installed("gcc") {
        println!("  skipped {} programs: gcc is not installed", generator.name());
        return;
    }
    if generator == Generator::Csmith && !csmith::is_installed() {
        println!("  skipped csmith's programs: csmith is not installed");
        return;
    }
    if !compilers::is_installed("clang-19") {
        println!("  skipped the comparison with clang: clang-19 is not installed");
    }
    let is_usable = kernel::is_usable();
    if !is_usable {
        println!("  skipped the comparison with the kernel: it loads no programs here");
        assert!(std::env::var_os("BPFC_REQUIRE_KERNEL").is_none(), "the kernel is wanted");
    }
    let kernel_every = if is_usable { "4" } else { "0" };
    let count = count.to_string();
    let options =
        ["--count", &count, "--reduce", "0", "--keep-going", "--kernel-every", kernel_every];
    let arguments = Arguments::parse(&options.map(str::to_owned)).expect("good options");
    let folder = format!("bpfc-differential-{}-{}", generator.name(), std::process::id());
    let folder = std::env::temp_dir().join(folder);
    std::fs::create_dir_all(&folder).expect("a folder for programs");
    let tally = compare_all(&arguments, generator, &folder);
    print!("{}", tally.report(generator.name(), 0.0));
    assert!(tally.findings.is_empty(), "the programs are in {}", folder.display());
    assert!(tally.n_compared() >= arguments.count / 2, "most programs can be compared");
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}

#[test]
fn own_programs_agree() {
    agree(Generator::Own, 60);
}

#[test]
fn programs_of_csmith_agree() {
    agree(Generator::Csmith, 40);
}
