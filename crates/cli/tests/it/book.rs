//! Every console in the README and in the book shows what really happens.

use crate::console::{self, Block, Exchange, Needs};
use crate::shell::{Shell, has_btf};
use bpfc_testkit::{Failure, Suite, Test};
use std::path::Path;

/// What a command of a console is separated by from the next.
const MARK: &str = "@@ next command @@";

#[test]
fn readme() {
    run("README.md");
}

#[test]
fn contributing() {
    run("CONTRIBUTING.md");
}

#[test]
fn book() {
    run("docs");
}

fn run(place: &str) {
    let suite = Suite::in_workspace(place).extensions(&["md"]);
    suite.run(check_page).finish();
}

fn check_page(test: &mut Test) -> Result<(), Failure> {
    let blocks = console::blocks(test.text()).map_err(Failure::Failed)?;
    if blocks.is_empty() {
        return Ok(());
    }
    let shell = Shell::new();
    let mut n_left_out = 0;
    let mut is_right = true;
    for block in blocks {
        match block {
            Block::File { name, text } => {
                let path = shell.folder().join(&name);
                std::fs::write(path, text).map_err(|e| Failure::Failed(format!("{name}: {e}")))?;
            }
            Block::Console { needs, .. } if !has(needs, &shell) => n_left_out += 1,
            Block::Console { exchanges, .. } => {
                is_right &= check_console(test, &shell, &exchanges);
            }
        }
    }
    if n_left_out == 0 || !is_right {
        return Ok(());
    }
    let reason = format!("{n_left_out} of its consoles need root, or a kernel with BPF and BTF");
    Err(Failure::NeedsKernel(reason))
}

/// Whether a console shows the truth. One shell runs all its commands, so that `echo $?`
/// shows what it does elsewhere.
fn check_console(test: &mut Test, shell: &Shell, exchanges: &[Exchange]) -> bool {
    let mut script = String::new();
    for exchange in exchanges {
        let command = &exchange.command;
        script += &format!("{command}\ns=$?; echo '{MARK}'; (exit $s)\n");
    }
    let (output, _) = shell.run(&script);
    let mark = format!("{MARK}\n");
    let mut outputs = output.split(&mark);
    let mut is_right = true;
    for exchange in exchanges {
        let actual = outputs.next().unwrap_or_default();
        if !console::matches(&exchange.output, actual) {
            let diff = bpfc_testkit::unified_diff(&exchange.output, actual);
            let message = format!("`{}` prints something else:\n{diff}", exchange.command);
            test.fail_at(exchange.line, message);
            is_right = false;
        }
    }
    is_right
}

fn has(needs: Needs, shell: &Shell) -> bool {
    let is_root = || shell.run("id -u").0.trim() == "0";
    let has_bpf = || Path::new("/proc/sys/kernel/unprivileged_bpf_disabled").exists();
    match needs {
        Needs::Nothing => true,
        Needs::Btf => has_btf(),
        Needs::Kernel => has_btf() && has_bpf() && is_root(),
    }
}
