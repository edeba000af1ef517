//! What is written is accepted by the tools that everyone uses.

use crate::sample;
use crate::tools::{Scratch, load_all, run};
use bpfc_object::*;

#[test]
fn llvm_objdump_shows_code_symbols_and_lines() {
    let scratch = Scratch::new("objdump");
    let file = scratch.file("full.o", write(&sample::full()).unwrap());
    let Some(text) = run("llvm-objdump-19", &["-d", "-S", "-r", file.to_str().unwrap()]) else {
        return;
    };
    for expected in [
        "file format elf64-bpf",
        "<get_limit>:",
        "R_BPF_64_64\tlimit",
        "R_BPF_64_64\t.data",
        "R_BPF_64_64\thits",
        "R_BPF_64_32\tget_limit",
        "R_BPF_64_32\t.text",
        "; \tline 40;",
    ] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
}

#[test]
fn readelf_finds_nothing_to_complain_about() {
    let scratch = Scratch::new("readelf");
    let file = scratch.file("full.o", write(&sample::full()).unwrap());
    for tool in ["readelf", "llvm-readelf-19"] {
        if let Some(text) = run(tool, &["-aW", file.to_str().unwrap()]) {
            assert!(text.contains("R_BPF"), "{text}");
        }
    }
}

#[test]
fn bpftool_loads_and_runs_it() {
    let scratch = Scratch::new("load");
    let file = scratch.file("full.o", write(&sample::full()).unwrap());
    let packet = scratch.file("packet", [0u8; 64]);
    load_all(&file, "full", |pins| {
        let program = format!("{pins}/prog");
        let args = ["prog", "run", "pinned", &program, "data_in", packet.to_str().unwrap()];
        let output = run("bpftool", &args).unwrap();
        assert!(output.contains("Return value: 42"), "{output}");
    });
}

#[test]
fn bytes_depend_on_the_object_only() {
    assert_eq!(write(&sample::full()), write(&sample::full()));
}

#[test]
fn misplaced_relocations_are_errors() {
    let mut object = sample::full();
    let program = object.function("prog").unwrap();
    let map = object.map("hits").unwrap();
    object.functions[program].insns[0].reloc = Some(Reloc::Map(map));
    let function = "prog".to_owned();
    let insn_idx = 0;
    assert_eq!(write(&object), Err(WriteError::Misplaced { function: function.clone(), insn_idx }));
    assert_eq!(link(&object, program), Err(LinkError::Misplaced { function, insn_idx }));
}
