//! Programs in C that use the library.

use crate::support::{COMPILERS, Stage, folder, has_kernel, is_root, succeeds};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;

fn example(name: &str) -> PathBuf {
    folder().join("../../examples/library").join(name)
}

#[test]
fn the_header_is_c_and_cpp() {
    let stage = Stage::new("header");
    for compiler in COMPILERS {
        stage.compile(compiler, &example("check.c"));
        stage.compile(compiler, &example("watch.c"));
    }
}

#[test]
fn the_first_example_checks_programs_for_anybody() {
    let stage = Stage::new("check");
    let Some(program) = stage.compile(&["gcc", "-std=c11"], &example("check.c")) else { return };
    let mut command = stage.command(&program);
    if is_root() {
        command.uid(65534);
    }
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text.contains("wrong.c:14:2: E0703: `value` may be null here"), "{text}");
    assert!(text.contains("help: guard the access") && text.contains("replace bytes"), "{text}");
    let right = folder().join("../../examples/xdp_count.c");
    let output = stage.command(&program).arg(&right).arg("5.10").output().unwrap();
    assert!(succeeds(&output).contains("the kernel takes it"));
    let output = stage.command(&program).arg(&right).arg("0").output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("no such kernel"), "{output:?}");
}

#[test]
fn the_second_example_watches_itself() {
    let stage = Stage::new("watch");
    let Some(program) = stage.compile(&["gcc", "-std=c11"], &example("watch.c")) else { return };
    if !has_kernel() {
        return;
    }
    let text = succeeds(&stage.command(&program).output().unwrap());
    assert_eq!(text.matches("call {\"comm\":\"watch-gcc\",\"id\":").count(), 5, "{text}");
    assert!(text.contains("system call "), "{text}");
}

#[test]
fn everything_works_and_nothing_leaks() {
    let stage = Stage::new("all");
    let source = folder().join("tests/c/all.c");
    let Some(program) = stage.compile(&["g++", "-std=c++17", "-x", "c++"], &source) else { return };
    let mode = if has_kernel() { "kernel" } else { "machine" };
    assert!(succeeds(&stage.command(&program).arg(mode).output().unwrap()).contains("well"));
    let sanitized = ["gcc", "-std=c11", "-fsanitize=address,undefined", "-fno-omit-frame-pointer"];
    let Some(program) = stage.compile(&sanitized, &source) else { return };
    let output = stage.command(&program).arg(mode).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    if complaint.contains("LeakSanitizer has encountered a fatal error") {
        // It may not trace processes here.
        return;
    }
    assert!(succeeds(&output).contains("well"));
}
