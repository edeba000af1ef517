//! One program loaded through its skeletons in four languages, which must see the same.

use crate::go;
use crate::support::{Folder, has, may_load, object, output, run, skip};
use bpfc::{Language, SkeletonOptions};
use std::path::Path;

/// What the loaders print: what the program returns, variables, an event, and a value that came from a map.
const EXPECTED: &str = "42\n4 1 -3 4294967299 5 9\n1234 -3 77 4660 -9\n1 2 77 0 -16 5\n";

/// The skeleton of a program in `tests/programs`.
pub fn skeleton(name: &str, language: Language) -> String {
    let options = SkeletonOptions { language, name, package: "main" };
    bpfc::skeleton(name, &object(&format!("{name}.c")), &options).unwrap()
}

fn programs(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs").join(name);
    path.to_str().unwrap().to_owned()
}

#[test]
fn c_sees_all_types() {
    if !may_load() || !has("gcc") {
        return;
    }
    if !Path::new("/usr/include/bpf/libbpf.h").exists() {
        return skip("no headers of libbpf");
    }
    let files = Folder::new();
    files.file("types.skel.h", skeleton("types", Language::C));
    let (folder, main) = (files.0.display(), programs("types_main.c"));
    run(&format!("gcc -Wall -Werror -O1 -I {folder} -o {folder}/main {main} -lbpf -lelf -lz"));
    assert_eq!(run(&format!("{folder}/main")), EXPECTED);
}

#[test]
fn python_sees_all_types() {
    if !may_load() || !has("python3") {
        return;
    }
    let files = Folder::new();
    files.file("types_skel.py", skeleton("types", Language::Python));
    let main = files.file("main.py", std::fs::read(programs("types.py")).unwrap());
    // Without blanks, at which command lines are split.
    let needs =
        "__import__('ctypes').CDLL('libbpf.so.1');assert(__import__('sys').version_info>=(3,10))";
    if !output(&format!("python3 -c {needs}")).status.success() {
        return skip("no libbpf.so.1 for Python, or Python before 3.10");
    }
    assert_eq!(run(&format!("python3 -W error {main}")), EXPECTED);
}

#[test]
fn go_sees_all_types() {
    let files = Folder::new();
    if has("gofmt") {
        for name in ["types", "everything", "packets", "calls"] {
            files.file(&format!("{name}.go"), skeleton(name, Language::Go));
        }
        assert_eq!(run(&format!("gofmt -d {}", files.0.display())), "");
    }
    if !may_load() || !has("go") || !go::has_library("VariableSpec", "collection.go", "0.17") {
        return;
    }
    let skeleton = files.file("types.go", skeleton("types", Language::Go));
    let program = files.0.join("main").to_str().unwrap().to_owned();
    let main = files.file("main.go", std::fs::read(programs("types.go")).unwrap());
    go::compile(&program, &[&skeleton, &main]);
    assert_eq!(run(&program), EXPECTED);
}

/// Compiles against the `libbpf_rs` that these tests were built with.
#[cfg(feature = "libbpf-rs")]
#[test]
fn rust_sees_all_types() {
    let files = Folder::new();
    let own = std::env::current_exe().unwrap();
    let folder = own.parent().unwrap();
    let is_library = |path: &std::path::PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with("liblibbpf_rs-") && name.ends_with(".rlib")
    };
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let newest = |path: &std::path::PathBuf| path.metadata().unwrap().modified().unwrap();
    let library = entries.filter(is_library).max_by_key(newest).unwrap();
    for name in ["types", "everything", "packets", "calls"] {
        files.file(&format!("{name}.skel.rs"), skeleton(name, Language::Rust));
    }
    let others = "mod everything { include!(\"everything.skel.rs\"); }\n\
        mod packets { include!(\"packets.skel.rs\"); }\nmod calls { include!(\"calls.skel.rs\"); }\n";
    let main = std::fs::read_to_string(programs("types.rs")).unwrap();
    let main = files.file("main.rs", main + others);
    let program = files.0.join("main").display().to_string();
    let (library, folder) = (library.display(), folder.display());
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    for edition in [2021, 2024] {
        run(&format!(
            "{rustc} --edition {edition} -D warnings -A dead_code {main} -o {program} --extern libbpf_rs={library} \
             -L dependency={folder}"
        ));
    }
    if may_load() {
        assert_eq!(run(&program), EXPECTED);
    }
}
