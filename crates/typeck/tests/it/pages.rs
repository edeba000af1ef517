//! The examples of the pages of this crate's codes.

use crate::front;
use bpfc_testkit::Suite;
use bpfc_testkit::page::Page;

/// Codes of these blocks that other stages report.
const ELSEWHERE: &[&str] = &["E0403", "E0411"];

#[test]
fn examples_of_code_pages() {
    let suite = Suite::in_workspace("docs/codes").extensions(&["md"]);
    let report = suite.run(|test| {
        let page = Page::parse(test.text())?;
        let is_ours = ["E03", "E04", "W03"].contains(&&page.code[..3]);
        if !is_ours || ELSEWHERE.contains(&&*page.code) {
            return Ok(());
        }
        page.check(|example| {
            let checked = front::check(&example.text);
            let diagnostics = checked.session.diagnostics.iter();
            diagnostics.map(|d| d.code.name().to_owned()).collect()
        })?;
        Ok(())
    });
    report.finish();
}
