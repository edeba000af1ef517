//! The examples of the pages of this crate's codes, as far as this crate sees them.

use crate::support::session;
use bpfc_base::warnings;
use bpfc_parser::{FileProvider, IncludeRequest, LoadedFile, PpOptions, parse};
use bpfc_testkit::Suite;
use bpfc_testkit::page::Page;

/// Stands for every header of the kernel and of libbpf.
struct Headers;

impl FileProvider for Headers {
    fn load(&mut self, request: &IncludeRequest<'_>) -> Option<LoadedFile> {
        let is_known =
            ["linux/", "bpf/", "vmlinux.h"].iter().any(|prefix| request.name.starts_with(prefix));
        is_known.then(|| LoadedFile {
            name: request.name.into(),
            text: "#pragma once\n#define SEC(name) __attribute__((section(name), used))\n".into(),
            is_user: false,
            directory: 0,
        })
    }
}

#[test]
fn examples_of_code_pages() {
    let suite = Suite::in_workspace("docs/codes").extensions(&["md"]);
    let report = suite.run(|test| {
        let page = Page::parse(test.text())?;
        if !["E01", "E02", "W01"].contains(&&page.code[..3]) {
            return Ok(());
        }
        page.check(|example| {
            let (mut session, file) = session("example.c", &example.text);
            warnings::configure(&mut session, example.flags.iter().map(String::as_str));
            let options = PpOptions::default();
            let is_kernel_type = |name: &str| {
                let width = name.strip_prefix("__").unwrap_or(name);
                let width = width.strip_prefix(['u', 's']);
                width.is_some_and(|width| ["8", "16", "32", "64"].contains(&width))
            };
            let mut is_type = is_kernel_type;
            parse(&mut session, file, &options, &mut Headers, &mut is_type);
            let diagnostics = session.diagnostics.iter();
            diagnostics.map(|d| d.code.name().to_owned()).collect()
        })?;
        Ok(())
    });
    report.finish();
}
