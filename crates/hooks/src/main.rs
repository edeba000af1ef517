//! `bpfc-hooks [FILTER]`: tries every hook on this kernel, a line for each: `NAME: yes`, `NAME: no: REASON` or
//! `NAME: wrong: REASON`. The exit status is 1 if one is wrong.

#![forbid(unsafe_code)]

use bpfc_hooks::{Outcome, all, attempt};
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let filter = std::env::args().nth(1).unwrap_or_default();
    let mut exit = ExitCode::SUCCESS;
    let mut out = std::io::stdout();
    for hook in all().iter().filter(|hook| hook.name.contains(&filter)) {
        let outcome = match attempt(hook) {
            Outcome::Seen => "yes".to_owned(),
            Outcome::Lacking(what) => format!("no: {what}"),
            Outcome::Wrong(what) => {
                exit = ExitCode::FAILURE;
                format!("wrong: {what}")
            }
        };
        // Nobody listens any more: the work is done all the same.
        let _ = writeln!(out, "{}: {outcome}", hook.name);
    }
    exit
}
