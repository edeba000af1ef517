//! `cilium/ebpf`, where Go and the library's source are installed as Debian's `golang-go` and
//! `golang-github-cilium-ebpf-dev` do.

use crate::network::{N_PINGS, PING_BYTES, run_with_pings, with_veth};
use crate::support::{Folder, has, object, skip};
use std::path::Path;
use std::process::Command;

/// Where Debian has the sources of libraries.
const SOURCES: &str = "/usr/share/gocode";

/// Where the sources of libraries are.
fn sources() -> String {
    std::env::var("GOPATH").unwrap_or_else(|_| SOURCES.into())
}

/// True if the library is there, and has `word` in `file` as it has since `version`; otherwise says so.
pub fn has_library(word: &str, file: &str, version: &str) -> bool {
    let sources = sources();
    let path = Path::new(&sources).join("src/github.com/cilium/ebpf").join(file);
    let Ok(text) = std::fs::read_to_string(path) else {
        skip(&format!("no source of cilium/ebpf in {sources}"));
        return false;
    };
    let is_new = text.contains(word);
    if !is_new {
        skip(&format!("cilium/ebpf is older than {version}"));
    }
    is_new
}

/// Makes `program` of these files.
pub fn compile(program: &str, files: &[&str]) {
    let mut command = Command::new("go");
    command.args(["build", "-o", program]).args(files);
    command.env("GO111MODULE", "off").env("GOPATH", sources()).env("GOFLAGS", "");
    command.env("GOCACHE", concat!(env!("CARGO_TARGET_TMPDIR"), "/go")).env("CGO_ENABLED", "0");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The program that loads `packets.c`; `None` if something is missing.
fn build(files: &Folder) -> Option<String> {
    if !has("go") || !has_library("VariableSpec", "collection.go", "0.17") {
        return None;
    }
    let program = files.0.join("loader").to_str().unwrap().to_owned();
    let main = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/cilium.go");
    compile(&program, &[main.to_str().unwrap()]);
    Some(program)
}

#[test]
fn cilium_runs_xdp() {
    with_veth(|far| {
        let files = Folder::new();
        let Some(program) = build(&files) else { return };
        let path = files.file("packets.o", object("packets.c"));
        let text = run_with_pings(&program, &[&path, "near", &PING_BYTES.to_string()], far);
        let mut expected = "attached\n".to_owned();
        for number in 0..N_PINGS {
            expected += &format!("event {} {PING_BYTES}\n", 100 + number);
        }
        expected += &format!("count {N_PINGS} weighted {}\n", 3 * N_PINGS);
        assert_eq!(text, expected);
    });
}
