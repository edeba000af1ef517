//! The C code of the book's page about the library.

use crate::support::{COMPILERS, Stage, folder, has_kernel, succeeds};

/// Fenced blocks of C that are whole programs, and whether they need the kernel.
fn programs() -> Vec<(bool, String)> {
    let page = std::fs::read_to_string(folder().join("../../docs/library.md")).unwrap();
    let mut found = Vec::new();
    let mut rest = page.as_str();
    while let Some((_, behind)) = rest.split_once("\n```c") {
        let (info, behind) = behind.split_once('\n').unwrap();
        let (code, behind) = behind.split_once("\n```").unwrap();
        if matches!(info, "" | ",kernel") {
            found.push((info == ",kernel", format!("{code}\n")));
        }
        rest = behind;
    }
    found
}

#[test]
fn the_programs_of_the_book_run() {
    let programs = programs();
    assert!(programs.len() >= 2);
    let stage = Stage::new("book");
    for (at, (needs_kernel, code)) in programs.iter().enumerate() {
        let source = stage.path().join(format!("program{at}.c"));
        std::fs::write(&source, code).unwrap();
        for compiler in COMPILERS {
            let Some(program) = stage.compile(compiler, &source) else { continue };
            if compiler[0] == "gcc" && (!needs_kernel || has_kernel()) {
                succeeds(&stage.command(&program).output().unwrap());
            }
        }
    }
}
