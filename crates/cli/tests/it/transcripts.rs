//! `tests/cli/*.test`: commands and what they print, each with its exit status unless that
//! is 0. All commands of a file share one folder. `#@ needs: btf` is for those that use types
//! of the running kernel.

use crate::shell::{Shell, has_btf};
use bpfc_testkit::{Failure, Suite};

#[test]
fn transcripts() {
    let suite = Suite::in_workspace("tests/cli").extensions(&["test"]).keys(&["needs"]);
    let report = suite.run(|test| {
        match test.setting("needs") {
            None => {}
            Some("btf") if has_btf() => {}
            Some("btf") => return Err(Failure::NeedsKernel("no BTF of the kernel".into())),
            Some(other) => return Err(format!("`needs: {other}` is unknown").into()),
        }
        let shell = Shell::new();
        test.transcript(|command| {
            let (mut output, status) = shell.run(command);
            if status != Some(0) {
                let status = status.map_or("by a signal".to_owned(), |n| n.to_string());
                if !output.is_empty() && !output.ends_with('\n') {
                    output.push('\n');
                }
                output += &format!("[exit {status}]\n");
            }
            output
        });
        Ok(())
    });
    report.finish();
}
