//! Programs compiled by clang: the verdict is the kernel's.

use crate::kernel::{self, Scratch};
use bpfc_base::SourceMap;
use bpfc_object::{Object, link, read};
use bpfc_testkit::workspace_root;
use bpfc_verifier::{Verdict, VerifyOptions, verify};
use std::path::Path;
use std::process::Command;

/// The object that clang makes of a C file; none, with a note, if it cannot.
fn compile(scratch: &Scratch, source: &Path) -> Option<Object> {
    let output = scratch.0.join("clang.o");
    let result = Command::new("clang-19")
        .args(["-target", "bpf", "-mcpu=v3", "-g", "-O2", "-Wno-everything"])
        .args(["-I/usr/include/x86_64-linux-gnu", "-D__TARGET_ARCH_x86"])
        .args([
            "-c".as_ref(),
            source.as_os_str(),
            "-o".as_ref(),
            output.as_os_str(),
        ])
        .output();
    match result {
        Ok(result) if result.status.success() => {
            let object = read(&std::fs::read(output).unwrap());
            let note = |error| eprintln!("skipped: {}: {error}", source.display());
            object.map_err(note).ok()
        }
        Ok(result) => {
            let errors = String::from_utf8_lossy(&result.stderr);
            let first = errors.lines().next().unwrap_or("").to_owned();
            eprintln!(
                "skipped: clang does not compile {}: {first}",
                source.display()
            );
            None
        }
        Err(error) => {
            eprintln!("skipped: clang-19: {error}");
            None
        }
    }
}

/// Differences between the verdicts on the programs of a file.
fn differences(scratch: &Scratch, source: &Path, all: &mut Vec<String>) {
    let Some(object) = compile(scratch, source) else {
        return;
    };
    let kernel = match kernel::kernel() {
        Ok(kernel) => kernel,
        Err(reason) => return kernel::skip(&reason),
    };
    let options = VerifyOptions {
        kernel: Some(kernel),
        max_insns: None,
    };
    for (id, function) in object.programs() {
        let linked = link(&object, id).unwrap();
        let start = std::time::Instant::now();
        let report = verify(&object, &linked, &options, &SourceMap::default());
        let time = start.elapsed();
        let says = kernel::load(scratch, &object, id);
        let name = format!("{} {}", source.display(), function.name);
        eprintln!(
            "{name}: {:?}, {} instructions, {} states, {time:?} {}",
            report.verdict,
            report.n_insns,
            report.n_states,
            report
                .diagnostics
                .first()
                .map_or("", |d| d.message.as_str()),
        );
        match (report.verdict, says) {
            (Verdict::Accepted, Err(log))
                if !log.contains("failed to") || log.contains("processed") =>
            {
                all.push(format!("{name}: only the kernel refuses:\n{log}"));
            }
            (Verdict::Rejected, Ok(())) => {
                let report = format!("{:#?}", report.diagnostics);
                all.push(format!("{name}: only the kernel accepts:\n{report}"));
            }
            _ => {}
        }
    }
}

#[test]
fn examples_of_the_repository() {
    let scratch = Scratch::new("examples");
    let mut all = Vec::new();
    let root = workspace_root().unwrap();
    let mut files: Vec<_> = std::fs::read_dir(root.join("examples"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "c"))
        .collect();
    files.sort();
    for file in files {
        differences(&scratch, &file, &mut all);
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn examples_of_the_codes() {
    let scratch = Scratch::new("codes");
    let mut all = Vec::new();
    let root = workspace_root().unwrap();
    let mut pages: Vec<_> = std::fs::read_dir(root.join("docs/codes"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.file_stem()
                .is_some_and(|stem| stem.to_string_lossy().starts_with("E07"))
        })
        .collect();
    pages.sort();
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap();
        let blocks = text.split("```c\n").skip(1);
        for (idx, block) in blocks.enumerate() {
            let code = block.split("```").next().unwrap();
            let stem = page.file_stem().unwrap().to_string_lossy().into_owned();
            let source = scratch.0.join(format!("{stem}-{idx}.c"));
            std::fs::write(&source, code).unwrap();
            differences(&scratch, &source, &mut all);
        }
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}
