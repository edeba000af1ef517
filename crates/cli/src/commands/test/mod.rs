//! `bpfc test PATH…`

mod coverage;
mod discover;
mod file;

use crate::args::{MessageFormat, Test};
use crate::btf_file;
use crate::exit::Exit;
use crate::terminal::{Terminal, print_err, print_out};
use bpfc_base::render::{Color, Format};
use bpfc_base::{Diagnostic, codes};
use bpfc_tester::{Case, Coverage, Outcome, Report};
use discover::Source;
use file::{Plan, Tested};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Instant;

/// Stack of a thread that compiles, as main threads have it.
const STACK_BYTES: usize = 8 << 20;

/// Runs the tests of files and folders.
pub fn run(args: &Test, terminal: &mut Terminal) -> Exit {
    let started = Instant::now();
    if terminal.format() == MessageFormat::Sarif {
        print_err("error: `--format sarif` is not for tests: use `junit`, `json` or `github`\n");
        return Exit::Usage;
    }
    let opened = discover::sources(&args.paths)
        .and_then(|sources| Ok((sources, btf_file::open(&args.compile.btf)?)));
    let (sources, types) = match opened {
        Ok(opened) => opened,
        Err(error) => return terminal.fail_with(error),
    };
    let sources: Vec<Source> = sources.into_iter().filter(Source::has_tests).collect();
    if sources.is_empty() {
        return nothing("there are no tests in what was named", terminal);
    }
    let printer = Printer::new(args, terminal);
    let plan = Plan { args, types, format: printer.diagnostics };
    let mut report = Report::default();
    let mut coverage = Coverage::default();
    let mut exit = Exit::Fine;
    test_all(&sources, &plan, |tested| {
        printer.file(&tested.cases);
        report.n_filtered += tested.n_filtered;
        report.cases.extend(tested.cases);
        coverage.merge(tested.coverage);
        exit = exit.max(tested.exit);
    });
    report.elapsed = started.elapsed();
    if report.cases.is_empty() {
        return nothing("the filter leaves no test", terminal);
    }
    if !args.list {
        printer.end(&report);
    }
    exit.max(coverage::report(&coverage, args, terminal))
}

/// A run without tests tells nothing: a wrong name must not look like success.
fn nothing(why: &str, terminal: &mut Terminal) -> Exit {
    let help = "a test is a comment such as `//~ run == XDP_PASS`, or `TEST(name) { … }` of `<bpfc/test.h>`";
    terminal.fail_with(Diagnostic::without_span(codes::load::E0915, why).with_help(help))
}

/// Tests all files, some at the same time; `each` gets the results in the order of the files.
fn test_all(sources: &[Source], plan: &Plan<'_>, mut each: impl FnMut(Tested)) {
    let n_cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let n_jobs = plan.args.jobs.map_or(n_cpus, usize::from).min(sources.len());
    let (next, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = |results: &mpsc::Sender<(usize, Tested)>| {
        while !is_over.load(Ordering::Relaxed) {
            let idx = next.fetch_add(1, Ordering::Relaxed);
            let Some(source) = sources.get(idx) else { break };
            // Nobody listens after the first failure with `--fail-fast`.
            results.send((idx, file::test(source, plan))).ok();
        }
    };
    std::thread::scope(|scope| {
        let (sender, results) = mpsc::channel();
        let spawned = (0..n_jobs).map_while(|_| {
            let (sender, work) = (sender.clone(), &work);
            let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
            thread.spawn_scoped(scope, move || work(&sender)).ok()
        });
        if spawned.count() == 0 {
            work(&sender);
        }
        drop(sender);
        let mut early = BTreeMap::new();
        let mut n_told = 0;
        for (idx, tested) in results {
            early.insert(idx, tested);
            while let Some(tested) = early.remove(&n_told) {
                let has_failed = |case: &Case| matches!(case.outcome, Outcome::Failed(_));
                let ends = plan.args.fail_fast && tested.cases.iter().any(has_failed);
                n_told += 1;
                each(tested);
                if ends {
                    is_over.store(true, Ordering::Relaxed);
                    return;
                }
            }
        }
    });
}

/// Prints results as they come.
struct Printer<'a> {
    args: &'a Test,
    format: MessageFormat,
    is_coloured: bool,
    /// How what is wrong is said.
    diagnostics: Format,
}

impl<'a> Printer<'a> {
    fn new(args: &'a Test, terminal: &Terminal) -> Self {
        let format = terminal.format();
        let color = terminal.color_of_results();
        let diagnostics = match format {
            MessageFormat::Human => Format::Human(color),
            MessageFormat::Short => Format::Short,
            MessageFormat::Github => Format::Github,
            _ => Format::Human(Color::Never),
        };
        Self { args, format, is_coloured: color == Color::Always, diagnostics }
    }

    /// The tests of one file.
    fn file(&self, cases: &[Case]) {
        let is_for_programs = matches!(self.format, MessageFormat::Json | MessageFormat::Junit);
        let mut out = String::new();
        for case in cases {
            if self.args.list {
                out += &format!("{}: {}\n", case.file, case.name);
            } else if !is_for_programs {
                out += &self.case(case);
            }
        }
        if !out.is_empty() {
            print_out(&out);
        }
    }

    fn case(&self, case: &Case) -> String {
        let (word, color) = match &case.outcome {
            Outcome::Passed if self.args.quiet => return String::new(),
            Outcome::Passed => ("ok", "32"),
            Outcome::Failed(_) => ("FAILED", "31;1"),
            Outcome::Skipped(_) => ("skipped", "33"),
        };
        let word = match self.is_coloured {
            true => format!("\x1b[{color}m{word:7}\x1b[0m"),
            false => format!("{word:7}"),
        };
        let line = format!("{word} {}: {}", case.file, case.name);
        match &case.outcome {
            Outcome::Passed => line + "\n",
            Outcome::Failed(text) => {
                let text = text.trim_end();
                format!("{line}\n{text}\n\n")
            }
            Outcome::Skipped(reason) => format!("{line}: {reason}\n"),
        }
    }

    /// What is said when all tests have run.
    fn end(&self, report: &Report) {
        match self.format {
            MessageFormat::Json => print_out(&report.to_json()),
            MessageFormat::Junit => {
                print_out(&report.to_junit());
                print_err(&format!("{}\n", report.summary()));
            }
            _ => print_out(&format!("{}\n", report.summary())),
        }
    }
}
