//! Our disassembly of every form against that of `llvm-objdump`, and our encoding of LLVM's text
//! against that of `llvm-mc`, where LLVM 19 is installed.

use std::path::PathBuf;
use std::process::Command;

use bpfc_isa::{Endian, Insn, Syntax, encode, encode_program};

use crate::forms::{Random, every_form};

/// The forms that LLVM 19 knows.
fn forms(seed: u64) -> Vec<Insn> {
    let mut random = Random::new(seed);
    let mut insns: Vec<Insn> = (0..20).flat_map(|_| every_form(&mut random)).collect();
    insns.retain(|insn| !matches!(insn, Insn::LoadAcquire { .. } | Insn::StoreRelease { .. }));
    insns
}

/// Runs a tool of LLVM 19 and returns its output; `None`, with a remark, if it is not installed.
fn run(tool: &str, args: &[&str]) -> Option<String> {
    let output = match Command::new(tool).args(args).output() {
        Ok(output) => output,
        Err(error) => {
            bpfc_testkit::skipped(format!("{tool}: {error}"));
            return None;
        }
    };
    assert!(output.status.success(), "{tool}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).expect("LLVM writes UTF-8"))
}

/// A file that is removed at the end of the test.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str) -> Temporary {
        let name = format!("bpfc-isa-{}-{name}", std::process::id());
        Temporary(std::env::temp_dir().join(name))
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("the temporary folder has a UTF-8 name")
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // It may never have been created.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The instructions as `.byte` directives, so that `llvm-mc` only makes an object of them.
fn object_of(insns: &[Insn], endian: Endian) -> Option<Temporary> {
    let (suffix, triple) = match endian {
        Endian::Little => ("el", "--triple=bpfel"),
        Endian::Big => ("eb", "--triple=bpfeb"),
    };
    let source = Temporary::new(&format!("{suffix}.s"));
    let object = Temporary::new(&format!("{suffix}.o"));
    let mut text = String::new();
    for insn in insns {
        let bytes: Vec<_> = encode(insn, endian).iter().map(u8::to_string).collect();
        text += &format!(".byte {}\n", bytes.join(","));
    }
    std::fs::write(&source.0, text).expect("the temporary folder is writable");
    let args = [triple, "--filetype=obj", source.path(), "-o", object.path()];
    run("llvm-mc-19", &args).map(|_| object)
}

#[test]
fn disassembly_equals_llvm() {
    for endian in [Endian::Little, Endian::Big] {
        let insns = forms(9);
        let Some(object) = object_of(&insns, endian) else {
            return;
        };
        let args = ["-d", "--mcpu=v4", "--no-show-raw-insn", object.path()];
        let Some(listing) = run("llvm-objdump-19", &args) else {
            return;
        };
        let theirs = listing.lines().filter_map(|line| line.split_once(":\t"));
        let theirs: Vec<_> =
            theirs.map(|(_, text)| text.split(" <.text").next().unwrap()).collect();
        // The first such line names the file.
        assert_eq!(theirs.len(), insns.len() + 1);
        for (insn, theirs) in insns.iter().zip(&theirs[1..]) {
            assert_eq!(insn.text(Syntax::Llvm).to_string(), *theirs, "{insn:?}");
        }
    }
}

#[test]
fn encoding_equals_llvm() {
    let mut insns = forms(10);
    // LLVM's text of some does not determine them, and it does not read long distances.
    insns.retain(|insn| {
        let text = insn.text(Syntax::Llvm).to_string();
        text == insn.to_string()
            && !text.starts_with("call")
            && insn.jump_offset().is_none_or(|off| i16::try_from(off).is_ok())
    });
    let source = Temporary::new("text.s");
    let text: String = insns.iter().map(|insn| format!("{insn}\n")).collect();
    std::fs::write(&source.0, text).unwrap();
    let args = ["--triple=bpfel", "--mcpu=v4", "--show-encoding", source.path()];
    let Some(listing) = run("llvm-mc-19", &args) else {
        return;
    };
    let theirs: Vec<u8> = listing
        .lines()
        .filter_map(|line| line.split_once("encoding: [")?.1.strip_suffix(']'))
        .flat_map(|bytes| bytes.split(','))
        .map(|byte| u8::from_str_radix(byte.trim_start_matches("0x"), 16).unwrap())
        .collect();
    assert_eq!(encode_program(&insns, Endian::Little), theirs);
}
