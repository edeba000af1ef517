//! `tests/mistakes-bpf`: the mistakes that people make, each in several ways. The diagnostic is at the right
//! expression; its help, applied as often as there is something to apply, gives a program that the kernel loads.
//!
//! Where no edit can exist, `//@ no-edit: reason` says why, and what stands between `#ifdef FIXED` and `#else` is
//! right. The kernel refuses the broken program too, unless `//@ kernel-accepts: reason` says otherwise.

use crate::support::{Compiled, compile_with};
use bpfc::Options;
use bpfc_base::Severity;
use bpfc_base::fix::{Checked, fix};
use bpfc_tester::Real;
use bpfc_testkit::{Failure, Suite, Test};

/// Rounds of edits. Each removes at least one mistake.
const MAX_ROUNDS: usize = 8;

fn check(name: &str, text: &str, options: &Options) -> Compiled {
    let mut compiled = compile_with(name, text.as_bytes(), options, &[]);
    compiled.verify();
    compiled
}

/// Whether the kernel takes what was compiled.
fn load(compiled: &Compiled) -> Result<(), Failure> {
    let object = compiled.object.as_ref().ok_or_else(|| compiled.messages())?;
    Real::new(object).map(|_| ())
}

fn mistake(test: &mut Test) -> Result<(), Failure> {
    let name = test.path().to_string_lossy().into_owned();
    let text = test.text().to_owned();
    let broken = check(&name, &text, &Options::default());
    test.diagnostics(&broken.found());
    // What is too complex takes the kernel long to refuse.
    let mut codes = broken.session.diagnostics.iter().map(|d| d.code.name());
    let verifier_said = codes.any(|code| code.starts_with("E07") && code != "E0711");
    let fixed = match test.setting("no-edit").map(str::to_owned) {
        Some(_) => {
            let defines = vec!["FIXED".to_owned()];
            check(&name, &text, &Options { defines, ..Options::default() })
        }
        None => {
            let fixed = fix(
                MAX_ROUNDS,
                |d| d.severity == Severity::Error,
                |texts| {
                    let text = texts.values().next().map_or(&*text, |text| text);
                    let session = check(&name, text, &Options::default()).session;
                    let diagnostics = session.diagnostics.iter().cloned().collect();
                    Ok::<_, Failure>(Checked { sources: session.sources, diagnostics })
                },
            )?;
            let Some(new) = fixed.texts.values().next() else {
                return Err(Failure::Failed("no help has an edit".to_owned()));
            };
            test.snapshot("fixed", &changes(&text, new));
            check(&name, new, &Options::default())
        }
    };
    if fixed.has_errors() {
        return Err(Failure::Failed(format!("what was fixed is refused: {}", fixed.messages())));
    }
    load(&fixed)?;
    if verifier_said {
        match (load(&broken), test.setting("kernel-accepts").is_some()) {
            (Ok(()), false) => test.fail("the kernel takes the broken program"),
            (Err(Failure::Failed(_)), true) => test.fail("the kernel refuses the broken program"),
            _ => {}
        }
    }
    Ok(())
}

/// The lines that differ.
fn changes(old: &str, new: &str) -> String {
    let diff = bpfc_testkit::unified_diff(old, new);
    let is_change = |line: &&str| {
        (line.starts_with('+') || line.starts_with('-'))
            && !line.starts_with("+++")
            && !line.starts_with("---")
    };
    diff.lines().filter(is_change).map(|line| format!("{line}\n")).collect()
}

#[test]
fn mistakes() {
    let suite = Suite::in_workspace("tests/mistakes-bpf").extensions(&["c"]);
    suite.keys(&["no-edit", "kernel-accepts"]).run(mistake).finish();
}
