//! What verifying costs: instructions and states are as many as the kernel's, and who gives up says where.

use crate::{assembly, clang, kernel};
use bpfc_base::{Idx, SourceMap};
use bpfc_kabi::KernelVersion;
use bpfc_object::{FuncId, link};
use bpfc_verifier::{Verdict, VerifyOptions, verify};

/// Compares the figures on each program of a C file; those that differ.
fn compare(name: &str, source: &str) -> Vec<String> {
    let running = match kernel::kernel() {
        // The figures of other versions are not followed to the letter.
        Ok(running)
            if running >= KernelVersion::new(6, 18) && running < KernelVersion::new(6, 19) =>
        {
            running
        }
        Ok(running) => {
            bpfc_testkit::skipped(format!(
                "the figures are those of Linux 6.18, this is {running}"
            ));
            return Vec::new();
        }
        Err(reason) => {
            kernel::skip(&reason);
            return Vec::new();
        }
    };
    let scratch = kernel::Scratch::new(name);
    let path = scratch.0.join(format!("{name}.c"));
    std::fs::write(&path, source).unwrap();
    let Some(object) = clang::compile(&scratch, &path) else {
        return Vec::new();
    };
    let mut differ = Vec::new();
    for (id, function) in object.programs() {
        let linked = link(&object, id).unwrap();
        let options = VerifyOptions { kernel: Some(running), ..VerifyOptions::default() };
        let report = verify(&object, &linked, &options, &SourceMap::default());
        let ours = (report.n_insns, report.n_states, report.n_peak_states);
        let theirs = kernel::effort(&scratch, &object, id);
        if report.verdict == Verdict::Accepted && Some(ours) != theirs {
            differ.push(format!("{}: {ours:?} here, {theirs:?} in the kernel", function.name));
        }
    }
    differ
}

#[test]
fn loops_cost_what_they_cost_the_kernel() {
    let differ = compare("effort-loops", include_str!("../c/loops.c"));
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

#[test]
fn states_are_kept_everywhere_if_asked() {
    let text = "\tr6 = 0\nagain:\n\tr6 += 1\n\tif r6 < 9 goto again\n\tr0 = 2\n\texit\n";
    let assembled = assembly::object("often.s", text, "xdp", Vec::new()).unwrap();
    let linked = link(&assembled.object, FuncId::new(0)).unwrap();
    let n_states = |keeps_all_states| {
        let options = VerifyOptions { keeps_all_states, ..VerifyOptions::default() };
        verify(&assembled.object, &linked, &options, &assembled.session.sources).n_states
    };
    assert!(n_states(true) > n_states(false));
}

#[test]
fn the_hottest_loop_is_named() {
    let text = "\tr7 = *(u32 *)(r1 + 12)
	r6 = 0
again:
	r6 += 1
	if r7 == 5 goto skip
	r7 += 1
skip:
	if r6 < 100000 goto again
	r0 = 2
	exit
";
    let assembled = assembly::object("hot.s", text, "xdp", Vec::new()).unwrap();
    let linked = link(&assembled.object, FuncId::new(0)).unwrap();
    let options = VerifyOptions { max_insns: Some(5000), ..VerifyOptions::default() };
    let report = verify(&assembled.object, &linked, &options, &assembled.session.sources);
    let found = &report.diagnostics[0];
    assert_eq!(found.code.name(), "E0711");
    let notes = format!("{:?}", found);
    assert!(notes.contains("this loop takes"), "{notes}");
    assert!(notes.contains("they differ in register r6"), "{notes}");
    assert!(report.peak_bytes > 0 && report.visits.iter().sum::<u32>() >= 5000);
}
