//! The examples of the pages of this crate's codes.

use crate::front;
use crate::mini::Mini;
use bpfc_testkit::Suite;
use bpfc_testkit::page::Page;
use bpfc_typeck::{Dialect, KernelTypes};

/// Codes of these blocks that other stages report.
const ELSEWHERE: &[&str] = &["E0403", "E0411", "E0412", "E0414", "E0417"];

#[test]
fn examples_of_code_pages() {
    let suite = Suite::in_workspace("docs/codes").extensions(&["md"]);
    let report = suite.run(|test| {
        let page = Page::parse(test.text())?;
        let is_ours = ["E03", "E04", "E05", "W03", "W04"].contains(&&page.code[..3]);
        if !is_ours || ELSEWHERE.contains(&&*page.code) {
            return Ok(());
        }
        page.check(|example| {
            let is_bcc = example.flags.iter().any(|flag| flag == "bcc");
            let dialect = if is_bcc { Dialect::Bcc } else { Dialect::C };
            let (mut names, mut types) = (Mini::new(), Mini::new());
            let headers = front::Headers(Vec::new());
            let text = &example.text;
            let flags = &example.flags;
            let types: &mut dyn KernelTypes = &mut types;
            let checked = front::check_with(text, flags, &mut names, Some(types), headers, dialect);
            let diagnostics = checked.session.diagnostics.iter();
            diagnostics.map(|d| d.code.name().to_owned()).collect()
        })?;
        Ok(())
    });
    report.finish();
}
