//! `bpfc features`: what the running kernel and this user can do, found by trying it.

mod ask;
mod select;
mod show;

use crate::args::Features;
use crate::exit::Exit;
use crate::terminal::{Terminal, print_err, print_out};
use bpfc_loader::{Calls, Finding, Kernel, KernelFunction, kernel_functions, probe, probe_calls};
use select::Selection;

/// What is shown.
#[derive(Debug, Default)]
struct Report {
    findings: Vec<Finding>,
    /// What programs may call, a row for each type.
    calls: Vec<Calls>,
    functions: Vec<KernelFunction>,
    /// Whether the types of kernels that come with bpfc are shown, too.
    has_types: bool,
}

/// Shows what was selected, or answers what was asked.
pub fn run(args: &Features, _terminal: &mut Terminal) -> Exit {
    let kernel = Kernel::new();
    let answered = match args.has.as_slice() {
        [] => Selection::parse(&args.what)
            .and_then(|selection| Ok((gather(&kernel, &selection)?, Exit::Fine))),
        wanted => ask::answer(&kernel, wanted).map(|findings| {
            let exit = ask::exit_status(&findings);
            (Report { findings, ..Report::default() }, exit)
        }),
    };
    match answered {
        Ok((report, exit)) => {
            print_out(&if args.json { show::json(&kernel, &report) } else { show::text(&report) });
            exit
        }
        Err(problem) => {
            print_err(&format!("error: {}\n", problem.message));
            if let Some(help) = problem.help {
                print_err(&format!("help: {help}\n"));
            }
            Exit::Usage
        }
    }
}

/// Something on the command line that is no feature.
#[derive(Debug)]
struct Problem {
    message: String,
    help: Option<String>,
}

fn gather(kernel: &Kernel, selection: &Selection) -> Result<Report, Problem> {
    let mut findings = probe(kernel, &selection.groups);
    if !selection.names.is_empty() {
        selection.check_names(&findings)?;
        findings
            .retain(|finding| selection.names.iter().any(|name| select::is_name(finding, name)));
    }
    let calls = match selection.callees {
        Some(callees) => probe_calls(kernel, &selection.prog_types, callees),
        None => Vec::new(),
    };
    let functions = match calls.iter().any(|row| row.kfuncs.is_some()) {
        true => kernel_functions(kernel),
        false => Vec::new(),
    };
    Ok(Report { findings, calls, functions, has_types: selection.is_everything })
}
