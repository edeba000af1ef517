//! Programs compiled by clang: the verdict is the kernel's.

use crate::kernel::{self, Scratch};
use bpfc_base::SourceMap;
use bpfc_object::{Object, read};
use bpfc_testkit::workspace_root;
use bpfc_verifier::{Verdict, verify};
use std::path::Path;
use std::process::Command;

/// The object that clang makes of a C file; none, with a note, if it cannot.
pub fn compile(scratch: &Scratch, source: &Path) -> Option<Object> {
    let output = scratch.0.join("clang.o");
    let result = Command::new("clang-19")
        .args(["-target", "bpf", "-mcpu=v3", "-g", "-O2", "-Wno-everything"])
        .args(["-I/usr/include/x86_64-linux-gnu", "-D__TARGET_ARCH_x86"])
        .args(["-c".as_ref(), source.as_os_str(), "-o".as_ref(), output.as_os_str()])
        .output();
    match result {
        Ok(result) if result.status.success() => {
            let object = read(&std::fs::read(output).unwrap());
            let note = |error| bpfc_testkit::skipped(format!("{}: {error}", source.display()));
            object.map_err(note).ok()
        }
        Ok(result) => {
            let errors = String::from_utf8_lossy(&result.stderr);
            let first = errors.lines().next().unwrap_or("").to_owned();
            bpfc_testkit::skipped(format!("clang does not compile {}: {first}", source.display()));
            None
        }
        Err(error) => {
            bpfc_testkit::skipped(format!("clang-19: {error}"));
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
    let options = kernel::options(kernel);
    for (id, function) in object.programs() {
        let linked = kernel::relocated(&object, id);
        let report = verify(&object, &linked, &options, &SourceMap::default());
        let says = kernel::load(scratch, &object, id);
        let name = format!("{} {}", source.display(), function.name);
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
            (Verdict::Rejected, Err(log)) => {
                let differs = kernel::code_differs(&report.diagnostics[0], &log);
                all.extend(differs.map(|text| format!("{name}: {text}\n{log}")));
            }
            _ => {}
        }
    }
}

/// The code that a comment behind the section of each program asks for; none for acceptance.
fn wanted(source: &str, program: &str) -> Option<String> {
    let lines: Vec<&str> = source.lines().collect();
    let at = lines
        .iter()
        .position(|line| line.contains(&format!(" {program}(")) && !line.starts_with('\t'))?;
    let comment = lines[at - 1].split_once("// ")?.1;
    Some(comment.to_owned())
}

fn corpus(name: &str, source: &str) {
    let scratch = Scratch::new(name);
    let path = scratch.0.join(format!("{name}.c"));
    std::fs::write(&path, source).unwrap();
    let mut all = Vec::new();
    differences(&scratch, &path, &mut all);
    assert!(all.is_empty(), "{}", all.join("\n"));
    let Some(object) = compile(&scratch, &path) else {
        return;
    };
    for (id, function) in object.programs() {
        let linked = kernel::relocated(&object, id);
        let kernel = bpfc_kabi::KernelVersion::new(6, 18);
        let options = kernel::options(kernel);
        let report = verify(&object, &linked, &options, &SourceMap::default());
        let found = report.diagnostics.first();
        let code = found.map(|diagnostic| diagnostic.code.name().to_owned());
        let message = found.map_or("", |diagnostic| &diagnostic.message);
        assert_eq!(code, wanted(source, &function.name), "{}: {message}", function.name);
    }
}

#[test]
fn accepted_programs() {
    corpus("accepted", include_str!("../c/accepted.c"));
}

/// What needs the types of a kernel: those of the running one.
#[test]
fn programs_about_the_kernel() {
    match kernel::types() {
        Some(_) => corpus("kernel", include_str!("../c/kernel.c")),
        None => kernel::skip("the kernel shows no types"),
    }
}

#[test]
fn refused_programs() {
    corpus("refused", include_str!("../c/refused.c"));
}

#[test]
fn sections_and_callbacks() {
    corpus("scopes", include_str!("../c/scopes.c"));
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
            path.file_stem().is_some_and(|stem| stem.to_string_lossy().starts_with("E07"))
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
