//! What the kernel's log means has the code that our verifier reports: over the programs of `tests/ui/verifier` and the
//! wrong examples of the pages of verifier codes, loaded without asking our verifier.

use crate::support::compile_with;
use bpfc::{Options, VerifyOptions};
use bpfc_base::Diagnostic;
use bpfc_loader::{Kernel, LoadError, LoadOptions, load};
use bpfc_testkit::Suite;
use bpfc_testkit::page::Page;

/// Ours and the kernel's code, for each program that both refuse.
fn compare(name: &str, text: &str, flags: &[String]) -> Vec<String> {
    let kernel = Kernel::new();
    let Some(version) = kernel.version() else { return Vec::new() };
    let mut compiled = compile_with(name, text.as_bytes(), &Options::default(), flags);
    let Some(object) = compiled.object.take().filter(|_| !compiled.has_errors()) else {
        return Vec::new();
    };
    let mut differences = Vec::new();
    for (id, function) in object.programs() {
        let mut one = object.clone();
        let ids: Vec<_> = one.functions.ids().collect();
        for (other, function) in ids.into_iter().zip(one.functions.iter_mut()) {
            if other != id && function.is_program() {
                function.section.insert(0, '?');
            }
        }
        let options = VerifyOptions { kernel: Some(version), ..VerifyOptions::default() };
        bpfc::verify(&mut compiled.session, &one, &options);
        let ours: Vec<Diagnostic> = compiled.session.diagnostics.take();
        let options = LoadOptions { programs: Some(vec![id]), ..LoadOptions::default() };
        let theirs = load(&object, &kernel, &options);
        if let (Some(ours), Err(LoadError::Rejected(theirs))) = (ours.first(), &theirs)
            && !bpfc_kernel_log::agree(ours.code, theirs.code())
        {
            differences.push(format!(
                "`{}`: {} here ({}), {} by the kernel's log ({}; it says {:?})",
                function.name,
                ours.code,
                ours.message,
                theirs.code(),
                theirs.message,
                theirs.kernel_says
            ));
        }
    }
    differences
}

fn is_skipped() -> bool {
    let map = bpfc_object::Map {
        name: "probe".into(),
        map_type: bpfc_kabi::MapType::Array.number(),
        key_size_bytes: 4,
        value_size_bytes: 4,
        max_entries: 1,
        ..bpfc_object::Map::default()
    };
    let is_root = bpfc_loader::Map::create(&map, &Kernel::new()).is_ok();
    if !is_root {
        assert!(std::env::var_os("BPFC_REQUIRE_KERNEL").is_none(), "the kernel needs root");
        bpfc_testkit::skipped("loading programs needs root");
    }
    !is_root
}

#[test]
fn verifier_tests() {
    if is_skipped() {
        return;
    }
    let root = bpfc_testkit::workspace_root().unwrap();
    let files = std::fs::read_dir(root.join("tests/ui/verifier")).unwrap();
    let mut differences = Vec::new();
    for file in files.map(|file| file.unwrap().path()) {
        if file.extension().is_some_and(|extension| extension == "c") {
            let (name, text) = (file.to_string_lossy(), std::fs::read_to_string(&file).unwrap());
            let found = compare(&name, &text, &[]);
            differences.extend(found.into_iter().map(|text| format!("{name}: {text}")));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn pages_of_codes() {
    if is_skipped() {
        return;
    }
    let suite = Suite::in_workspace("docs/codes").extensions(&["md"]);
    let report = suite.run(|test| {
        if !test.name().contains("E07") {
            return Ok(());
        }
        let page = Page::parse(test.text())?;
        let mut all = Vec::new();
        let examples = page.examples.iter().flat_map(|(wrong, right)| [wrong, right]);
        for example in examples {
            all.extend(compare("example.c", &example.text, &example.flags));
        }
        all.into_iter().for_each(|difference| test.fail(difference));
        Ok(())
    });
    report.finish();
}
