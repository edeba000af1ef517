//! What `bpfc link` makes of several objects, beside what `bpftool gen object` makes of the same: ours, clang's
//! and mixed ones.

use crate::everything::pins;
use crate::support::{Folder, has, may_load, object, output, run, skip};
use bpfc_base::Session;
use bpfc_object::{DataKind, Object, read, write};
use std::collections::BTreeSet;
use std::path::Path;

/// In the order in which they are linked. The definer is first: an `extern` map in front of its definition is lost by
/// libbpf's linker before 1.2.
const PARTS: [&str; 2] = ["linked_definer", "linked_user"];

/// The parts as object files: each compiled by bpfc or, where `is_clangs` says so, by clang.
fn compiled(files: &Folder, is_clangs: [bool; 2]) -> Option<[String; 2]> {
    let part = |name: &str, is_clangs: bool| {
        if !is_clangs {
            return Some(files.file(&format!("{name}.o"), object(&format!("{name}.c"))));
        }
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/programs/{name}.c"));
        let path = files.0.join(format!("{name}.clang.o"));
        let include = format!("/usr/include/{}-linux-gnu", std::env::consts::ARCH);
        let options = "-target bpf -O2 -g -mcpu=v3 -w";
        let (source, path) = (source.display(), path.display().to_string());
        let made = output(&format!("clang-19 {options} -I{include} -c {source} -o {path}"));
        if !made.status.success() {
            skip("clang has no headers");
            return None;
        }
        Some(path)
    };
    Some([part(PARTS[0], is_clangs[0])?, part(PARTS[1], is_clangs[1])?])
}

/// What `bpfc link` does.
fn link(paths: &[String; 2]) -> Object {
    let objects = paths.each_ref().map(|path| {
        let bytes = std::fs::read(path).unwrap();
        (path.clone(), read(&bytes).unwrap())
    });
    let mut session = Session::default();
    let linked = bpfc::join(&mut session, &objects);
    let reports: Vec<_> = session.diagnostics.iter().map(|report| &report.message).collect();
    linked.unwrap_or_else(|| panic!("{reports:?}"))
}

/// What loaders and programs can tell: global names, what they are, and what they begin with. Functions that yielded
/// to others stay in bpftool's objects as code without a symbol.
fn outline(object: &Object) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for function in &object.functions {
        let (name, section) = (&function.name, &function.section);
        lines.insert(format!("function {name} in {section}, {:?}", function.linkage));
    }
    for map in &object.maps {
        let sizes = (map.map_type, map.key_size_bytes, map.value_size_bytes, map.max_entries);
        lines.insert(format!("map {} {sizes:?}", map.name));
    }
    for section in &object.data {
        if section.kind != DataKind::Bss {
            lines.insert(format!("section {} of {} bytes", section.name, section.size_bytes));
        }
        for variable in &section.variables {
            let start = variable.offset as usize;
            let end = start + variable.size_bytes as usize;
            let content = &section.content()[start..end];
            lines.insert(format!("variable {} in {}: {content:?}", variable.name, section.name));
        }
    }
    lines.extend(object.externs.iter().map(|item| format!("undefined {}", item.name)));
    lines
}

/// The result of `use`, the maps and the data after it, in the kernel.
fn ran(at: &str, path: &str, files: &Folder) -> String {
    run(&format!("bpftool prog loadall {path} {at}/programs pinmaps {at}/maps"));
    let packet = files.file("packet", [0; 64]);
    let mut shown = String::new();
    for _ in 0..2 {
        let program = format!("pinned {at}/programs/use data_in {packet}");
        let line = run(&format!("bpftool prog run {program} repeat 1"));
        shown += line.split(',').next().unwrap();
    }
    for map in ["points", "totals"] {
        shown += &run(&format!("bpftool map dump pinned {at}/maps/{map}"));
    }
    shown
}

#[test]
fn what_bpftool_links_is_what_we_link() {
    if !has("bpftool") {
        return;
    }
    let has_clang = has("clang-19");
    let pins = may_load().then(pins).flatten();
    let mut results = BTreeSet::new();
    for is_clangs in [[false, false], [true, false], [false, true], [true, true]] {
        if is_clangs != [false, false] && !has_clang {
            continue;
        }
        let files = Folder::new();
        let Some(parts) = compiled(&files, is_clangs) else { continue };
        let theirs = files.0.join("theirs.o").display().to_string();
        run(&format!("bpftool gen object {theirs} {} {}", parts[0], parts[1]));
        let ours = link(&parts);
        let other = read(&std::fs::read(&theirs).unwrap()).unwrap();
        assert_eq!(outline(&ours), outline(&other), "{is_clangs:?}");
        assert_eq!(ours.license, other.license);
        let Some(pins) = &pins else { continue };
        let ours = files.file("ours.o", write(&ours).unwrap());
        for (name, path) in [("theirs", &theirs), ("ours", &ours)] {
            let at = pins.0.join(format!("{name}{}{}", is_clangs[0], is_clangs[1]));
            std::fs::create_dir(&at).unwrap();
            results.insert(ran(at.to_str().unwrap(), path, &files));
        }
    }
    // Whoever compiled and linked, the program does the same.
    assert!(results.len() <= 1, "{results:#?}");
    if let Some(result) = results.first() {
        assert!(result.starts_with("Return value: 1435"), "{result}");
    }
}

/// An `extern` map in front of its definition.
#[test]
fn definitions_may_come_last() {
    if !has("bpftool") || !may_load() {
        return;
    }
    let Some(pins) = pins() else { return };
    let files = Folder::new();
    let Some([definer, user]) = compiled(&files, [false, false]) else { return };
    let path = files.file("linked.o", write(&link(&[user, definer])).unwrap());
    let shown = ran(pins.0.to_str().unwrap(), &path, &files);
    // The first of the weak ones counts: `level` is 50, and `pick` doubles it.
    assert!(shown.starts_with("Return value: 1533"), "{shown}");
}
