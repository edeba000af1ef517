//! `bpfc cleanup`: what a killed run has left is found and removed, and nothing else.

use crate::kernel::may_load;
use crate::shell::Shell;
use nix::sched::{CloneFlags, unshare};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Starts `bpfc run --kernel` and waits until its program is attached.
fn start(shell: &Shell, spec: &str) -> Child {
    let mut command = shell.command(env!("CARGO_BIN_EXE_bpfc"));
    command.args(["run", "--kernel", "--attach", spec, "examples/hooks/tc.c"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("bpfc starts");
    let mut said = String::new();
    let errors = child.stderr.as_mut().expect("piped");
    BufReader::new(errors).read_line(&mut said).expect("readable");
    assert!(said.contains("attached to"), "{said}");
    child
}

fn cleanup(shell: &Shell, arguments: &[&str]) -> String {
    let mut command = shell.command(env!("CARGO_BIN_EXE_bpfc"));
    let output = command.arg("cleanup").args(arguments).output().expect("bpfc runs");
    let text = String::from_utf8(output.stdout).expect("text");
    // Others may have left something at the same time, in other namespaces.
    text.lines()
        .filter(|line| line.contains("interface 1,"))
        .map(|line| format!("{line}\n"))
        .collect()
}

fn filters() -> usize {
    let output = Command::new("tc").args(["filter", "show", "dev", "lo", "ingress"]).output();
    String::from_utf8_lossy(&output.expect("tc").stdout).matches("direct-action").count()
}

#[test]
fn filters_of_killed_runs_are_removed() {
    if !may_load() || Command::new("tc").arg("-V").output().is_err() {
        return;
    }
    // In a network namespace of this thread, and of what it starts.
    let test = || {
        if let Err(errno) = unshare(CloneFlags::CLONE_NEWNET) {
            bpfc_testkit::skipped(format!("no network namespace: {errno}"));
            return;
        }
        let shell = Shell::new();
        let mut killed = start(&shell, "clsact:lo");
        let mut living = start(&shell, "clsact:lo");
        assert_eq!((filters(), cleanup(&shell, &["--dry-run"])), (2, String::new()));
        killed.kill().expect("it can be killed");
        killed.wait().expect("it ends");
        let found = cleanup(&shell, &["--dry-run"]);
        assert!(found.starts_with("would remove tc filter with program "), "{found}");
        assert_eq!((filters(), found.lines().count()), (2, 1));
        let removed = cleanup(&shell, &[]);
        assert_eq!(removed, found.replace("would remove", "removed"));
        assert_eq!((filters(), cleanup(&shell, &[])), (1, String::new()));
        living.kill().expect("it can be killed");
        living.wait().expect("it ends");
        cleanup(&shell, &[]);
        assert_eq!(filters(), 0);
    };
    std::thread::scope(|scope| scope.spawn(test).join()).expect("no panic");
}

#[test]
fn only_pins_are_removed() {
    let shell = Shell::new();
    let mut command = shell.command(env!("CARGO_BIN_EXE_bpfc"));
    let output = command.args(["cleanup", "--dry-run", "--pins", "/tmp"]).output().expect("runs");
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("`/tmp` is not in a bpffs"), "{said}");
}
