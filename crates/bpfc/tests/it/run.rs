//! `tests/run`: every file at every level and for every instruction set, on every engine.

use crate::support::{compile_good, options};
use bpfc::{Cpu, Object, OptLevel};
use bpfc_tester::Engine;
use bpfc_tester::{Machine, Real};
use bpfc_testkit::{Failure, Suite, Test};
use bpfc_vm::EngineChoice;

/// What the files may set: `clang` has options for the comparison with clang, `cpu` and
/// `kernel` are in [`variants`], `unsupported` is in [`is_refused`].
pub const KEYS: [&str; 7] = ["endian", "since", "clang", "gcc", "cpu", "kernel", "unsupported"];

const VARIANTS: [(&str, OptLevel, Cpu); 7] = [
    ("-O2", OptLevel::O2, Cpu::V3),
    ("-O0", OptLevel::O0, Cpu::V3),
    ("-Os", OptLevel::Os, Cpu::V3),
    ("-O2 --cpu v2", OptLevel::O2, Cpu::V2),
    ("-O2 --cpu v1", OptLevel::O2, Cpu::V1),
    ("-O0 --cpu v1", OptLevel::O0, Cpu::V1),
    ("-O2 --cpu v4", OptLevel::O2, Cpu::V4),
];

pub fn suite() -> Suite {
    Suite::in_workspace("tests/run").extensions(&["c"]).keys(&KEYS)
}

/// The variants of a file; `//@ cpu: v3` leaves out older instruction sets, and
/// `//@ kernel: v3` does where the kernel is asked; there, `//@ kernel: -O2` leaves out those
/// without optimisation.
fn variants(test: &Test, key: &str) -> Result<Vec<(&'static str, OptLevel, Cpu)>, Failure> {
    let is_optimised = test.setting(key) == Some("-O2");
    let setting = test.setting(key).filter(|_| !is_optimised).or_else(|| test.setting("cpu"));
    let least = match setting {
        None | Some("v1") => Cpu::V1,
        Some("v2") => Cpu::V2,
        Some("v3") => Cpu::V3,
        Some("v4") => Cpu::V4,
        Some(other) => return Err(format!("`{other}` is no instruction set").into()),
    };
    let all = VARIANTS.into_iter();
    let fits = |level, cpu| cpu >= least && (level != OptLevel::O0 || !is_optimised);
    Ok(all.filter(|&(_, level, cpu)| fits(level, cpu)).collect())
}

/// Checks a file with `//@ unsupported: CODE reason`: other compilers take it, this one says
/// that it does not. False for other files.
fn is_refused(test: &mut Test) -> Result<bool, Failure> {
    let Some(reason) = test.setting("unsupported").map(str::to_owned) else {
        return Ok(false);
    };
    let code = reason.split_whitespace().next().unwrap_or_default();
    match compile_good(test, &options(OptLevel::O2, Cpu::V3)) {
        Ok(_) => Err("it is supported now: remove `unsupported`".into()),
        Err(messages) if messages.contains(code) => Ok(true),
        Err(messages) => Err(messages.into()),
    }
}

/// Plays the scenario and records what went wrong, with the variant's name.
pub fn play(test: &mut Test, variant: &str, object: &Object, engine: &mut dyn Engine) {
    let steps = test.steps();
    for problem in bpfc_tester::play(object, &steps, engine) {
        test.fail_at(problem.line, format!("{variant}: {}", problem.text));
    }
}

#[test]
fn in_the_virtual_machine() {
    let report = suite().run(|test| {
        if test.steps().is_empty() {
            return Err("the file has no scenario".into());
        }
        if is_refused(test)? {
            return Ok(());
        }
        for (variant, opt_level, cpu) in variants(test, "cpu")? {
            match compile_good(test, &options(opt_level, cpu)) {
                Ok(object) => {
                    let mut machine = Machine::new(&object, EngineChoice::Both)?;
                    play(test, variant, &object, &mut machine);
                }
                Err(messages) => test.fail(format!("{variant}:\n{messages}")),
            }
        }
        Ok(())
    });
    report.finish();
}

#[test]
fn on_the_kernel() {
    let report = suite().run(|test| {
        kernel_is_new_enough(test)?;
        if is_refused(test)? {
            return Ok(());
        }
        for (variant, opt_level, cpu) in variants(test, "kernel")? {
            if cpu == Cpu::V4 && kernel_is_older_than(6, 6) {
                continue;
            }
            let object = compile_good(test, &options(opt_level, cpu))?;
            match Real::new(&object) {
                Ok(mut kernel) => play(test, variant, &object, &mut kernel),
                Err(Failure::Failed(message)) => test.fail(format!("{variant}: {message}")),
                Err(other) => return Err(other),
            }
        }
        Ok(())
    });
    report.finish();
}

/// A skip on kernels older than the file's `since`.
pub fn kernel_is_new_enough(test: &mut Test) -> Result<(), Failure> {
    test.steps();
    let Some(since) = test.since()? else {
        return Ok(());
    };
    match kernel_is_older_than(since.major, since.minor) {
        true => Err(Failure::Skipped(format!("needs {}", since.feature))),
        false => Ok(()),
    }
}

/// Whether the running kernel is older than this version.
fn kernel_is_older_than(major: u32, minor: u32) -> bool {
    let version = bpfc_loader::Kernel::new().version();
    version.is_some_and(|version| {
        (u32::from(version.major), u32::from(version.minor)) < (major, minor)
    })
}
