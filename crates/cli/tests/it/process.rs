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
    let formats =
        [("human", false), ("short", false), ("json", true), ("sarif", true), ("github", true)];
    for (format, is_result) in formats {
        let mut command = shell.command(env!("CARGO_BIN_EXE_bpfc"));
        let command = command.args(["check", "broken.c", "--format", format]);
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
        let command = command.args(["check", "broken.c", "--format", format]);
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
    let output = command.args(["--format", "sarif"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let sarif: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let runs = sarif["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0]["results"].as_array().unwrap().len(), 2);
    let rules = runs[0]["tool"]["driver"]["rules"].as_array().unwrap();
    let names: Vec<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(names, ["E0301", "E0901"]);
    let page = rules[0]["help"]["markdown"].as_str().unwrap();
    assert!(page.starts_with("# E0301: "), "{page}");
}

/// The schema itself is not ours to keep: `BPFC_SARIF_SCHEMA` says where it is, and Python's
/// `jsonschema` reads it.
#[test]
fn sarif_is_valid() {
    let Some(schema) = std::env::var_os("BPFC_SARIF_SCHEMA") else {
        bpfc_testkit::skipped("BPFC_SARIF_SCHEMA names no schema");
        return;
    };
    let shell = shell_with_broken_program();
    let unchecked = "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n\
        struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1);\n\
        __type(key, int); __type(value, long); } m SEC(\".maps\");\n\
        SEC(\"xdp\") int f(void *c)\n{\n\tint k = 0;\n\
        \tlong *v = bpf_map_lookup_elem(&m, &k);\n\treturn *v;\n}\n";
    std::fs::write(shell.folder().join("unchecked.c"), unchecked).unwrap();
    let mut command = shell.command(env!("CARGO_BIN_EXE_bpfc"));
    let files = ["check", "broken.c", "unchecked.c", "missing.c", "-Weverything"];
    let output = command.args(files).args(["--format", "sarif"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for part in ["\"fixes\"", "\"codeFlows\"", "\"relatedLocations\"", "\"ruleIndex\""] {
        assert!(text.contains(part), "{part}: {text}");
    }
    std::fs::write(shell.folder().join("out.sarif"), &text).unwrap();
    let check = "import json, sys, jsonschema\n\
        schema = json.load(open(sys.argv[1]))\n\
        jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())\
        .validate(json.load(open('out.sarif')))";
    let status = shell.command("python3").args(["-c", check]).arg(schema).status().unwrap();
    assert!(status.success());
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
