//! Other compilers on the same files: GCC on the host, which says that the tests are right, and
//! clang for BPF, whose objects must behave as ours do.

use crate::run::{kernel_is_new_enough, play, suite};
use crate::support::{scratch, stem};
use bpfc::Object;
use bpfc_tester::{Machine, Real};
use bpfc_testkit::{Failure, Test};
use bpfc_vm::EngineChoice;
use std::path::Path;
use std::process::Command;

/// A language test, which needs nothing of BPF.
fn is_language_test(test: &Test) -> bool {
    test.text().contains("#include \"expect.h\"")
}

/// Runs a compiler; a skip if it is not installed.
fn compile_with(command: &mut Command) -> Result<(), Failure> {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
        Err(_) => Err(Failure::Skipped(format!("{name} is not installed"))),
    }
}

#[test]
fn gcc_agrees_on_the_host() {
    let report = suite().run(|test| {
        test.steps();
        if !is_language_test(test) {
            return Ok(());
        }
        if let Some(reason) = test.setting("gcc").and_then(|setting| setting.strip_prefix("none: "))
        {
            return Err(Failure::Skipped(format!("gcc: {reason}")));
        }
        let folder = scratch("gcc");
        for level in ["-O0", "-O2"] {
            let program = folder.join(format!("{}{level}", stem(test)));
            let mut gcc = Command::new("gcc");
            gcc.args(["-std=gnu11", "-w", "-DHOST", level, "-o"]);
            compile_with(gcc.arg(&program).arg(test.path()))?;
            let output = Command::new(&program).output().map_err(|e| e.to_string())?;
            if !output.status.success() {
                let line = String::from_utf8_lossy(&output.stdout);
                test.fail(format!("gcc {level}: {}", line.trim()));
            }
        }
        Ok(())
    });
    report.finish();
}

/// The test as clang compiles it.
fn clang(test: &Test) -> Result<Object, Failure> {
    let setting = test.setting("clang").unwrap_or_default();
    if let Some(reason) = setting.strip_prefix("none: ") {
        return Err(Failure::Skipped(format!("clang: {reason}")));
    }
    let flags: Vec<&str> = setting.split_whitespace().collect();
    clang_object(test.path(), &flags)
}

/// A file as clang compiles it.
pub fn clang_object(source: &Path, flags: &[&str]) -> Result<Object, Failure> {
    let stem = source.file_stem().unwrap_or_default().to_string_lossy();
    let object = scratch("clang").join(format!("{stem}.o"));
    let mut clang = Command::new("clang-19");
    clang.args(["-target", "bpf", "-O2", "-g", "-w", "-mcpu=v3"]);
    // Where Debian has `asm/types.h`, which the kernel's headers include.
    let multiarch = Path::new("/usr/include/x86_64-linux-gnu");
    if multiarch.exists() {
        clang.arg("-I").arg(multiarch);
    }
    clang.args(flags);
    compile_with(clang.arg("-c").arg(source).arg("-o").arg(&object))?;
    let bytes = std::fs::read(&object).map_err(|e| e.to_string())?;
    bpfc::read_object("clang's object", &bytes).map_err(|d| Failure::Failed(d.message))
}

#[test]
fn clang_agrees_in_the_virtual_machine() {
    let report = suite().run(|test| {
        test.steps();
        let object = clang(test)?;
        let mut machine = Machine::new(&object, EngineChoice::Both)?;
        play(test, "clang", &object, &mut machine);
        Ok(())
    });
    report.finish();
}

#[test]
fn clang_agrees_on_the_kernel() {
    let report = suite().run(|test| {
        kernel_is_new_enough(test)?;
        let object = clang(test)?;
        let mut kernel = Real::new(&object)?;
        play(test, "clang", &object, &mut kernel);
        Ok(())
    });
    report.finish();
}
