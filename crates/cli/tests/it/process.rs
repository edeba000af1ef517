//! What a transcript cannot show: closed pipes, separate outputs, colours.

use crate::shell::Shell;
use std::io::Read;
use std::process::Stdio;

const BROKEN: &str = "int f(void) { return nothing; }\n";

fn shell_with_broken_program() -> Shell {
    let shell = Shell::new();
    std::fs::write(shell.folder().join("broken.c"), BROKEN).expect("a scratch folder");
    shell
}

#[test]
fn reader_that_goes_away_is_no_error() {
    let shell = Shell::new();
    for arguments in [
        &["explain"][..],
        &["build", "examples/xdp_count.c", "--emit", "tokens"],
        &["run", "examples/xdp_count.c", "--json", "--repeat", "3000"],
    ] {
        let mut command = shell.command(env!("CARGO_BIN_EXE_bpfc"));
        let command = command.args(arguments).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut first = [0];
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut first).unwrap();
        drop(stdout);
        let output = child.wait_with_output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(errors, "", "{arguments:?}");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    }
}

#[test]
fn diagnostics_for_people_go_to_standard_error() {
    let shell = shell_with_broken_program();
    for (format, is_result) in [("human", false), ("short", false), ("json", true), ("sarif", true)]
    {
        let mut command = shell.command(env!("CARGO_BIN_EXE_bpfc"));
        let command = command.args(["check", "broken.c", "--message-format", format]);
        let output = command.output().unwrap();
        assert_eq!(output.stdout.is_empty(), !is_result, "{format}");
        assert_eq!(output.stderr.is_empty(), is_result, "{format}");
        assert_eq!(output.status.code(), Some(1), "{format}");
    }
}

#[test]
fn machine_readable_forms_parse() {
    let shell = shell_with_broken_program();
    let check = |format: &str| {
        let mut command = shell.command(env!("CARGO_BIN_EXE_bpfc"));
        let command = command.args(["check", "broken.c", "--message-format", format]);
        command.output().unwrap().stdout
    };
    let json: serde_json::Value = serde_json::from_slice(&check("json")).unwrap();
    assert_eq!(json["code"], "E0301");
    assert_eq!(json["severity"], "error");
    assert_eq!(json["spans"][0]["file"], "broken.c");
    assert_eq!(json["spans"][0]["line"], 1);
    assert_eq!(json["spans"][0]["col"], 22);
    let sarif: serde_json::Value = serde_json::from_slice(&check("sarif")).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "E0301");
}

#[test]
fn several_files_are_one_sarif_document() {
    let shell = shell_with_broken_program();
    let mut command = shell.command(env!("CARGO_BIN_EXE_bpfc"));
    let command = command.args(["check", "broken.c", "examples/xdp_count.c", "missing.c"]);
    let output = command.args(["--message-format", "sarif"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let sarif: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let runs = sarif["runs"].as_array().unwrap();
    let n_results: Vec<usize> =
        runs.iter().map(|run| run["results"].as_array().unwrap().len()).collect();
    assert_eq!(n_results, [1, 0, 1]);
}

#[test]
fn colours_are_asked_for() {
    let shell = shell_with_broken_program();
    let errors = |color: &str| {
        let mut command = shell.command(env!("CARGO_BIN_EXE_bpfc"));
        let command = command.args(["check", "broken.c", "--color", color]);
        command.output().unwrap().stderr
    };
    for (color, is_coloured) in [("auto", false), ("never", false), ("always", true)] {
        assert_eq!(errors(color).contains(&0x1b), is_coloured, "{color}");
    }
}
