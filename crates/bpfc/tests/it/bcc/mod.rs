//! The C texts of BCC's Python tools, where Debian's `bpfcc-tools` is installed: the tools run
//! with a module of our own in BCC's stead, which writes down what they would compile.
//!
//! `tests/corpus/bcc-tools.txt` says what becomes of each, and is compared in both directions.

mod behaviours;
mod extract;
mod list;
mod run;
mod sharing;
mod upstream;

use crate::support::{compile, options, scratch};
use bpfc::{Cpu, Object, OptLevel, Options, UsdtLocation, UsdtProbe};
use bpfc_kabi::{AttachType, ProgType};
use bpfc_loader::{Kernel, LoadError, LoadOptions, ProgKind};
use bpfc_object::FuncId;
use extract::Program;
use list::{Entry, Outcome};
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many tools run at a time.
const N_WORKERS: usize = 4;

#[test]
fn tools_do_what_the_list_says() {
    let installed = extract::installed();
    if installed.is_empty() {
        bpfc_testkit::skipped("BCC's tools: bpfcc-tools is not installed");
        return;
    }
    let Some(facts) = extract::kernel_facts(&scratch("bcc")) else {
        bpfc_testkit::skipped("BCC's tools: the kernel has no BTF");
        return;
    };
    let entries = list::read("bcc-tools.txt");
    let mut wrong = String::new();
    for tool in &installed {
        if !entries.iter().any(|entry| entry.tool == *tool) {
            let _ = writeln!(wrong, "{tool} is not in the list");
        }
    }
    let next = AtomicUsize::new(0);
    let lines = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..N_WORKERS {
            scope.spawn(|| {
                while let Some(entry) = entries.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = play(entry, &facts);
                    if found == Outcome::Forbidden {
                        bpfc_testkit::skipped(format!("loading {}: {found}", entry.name()));
                    }
                    if !entry.outcome.is_met_by(&found) {
                        let line = format!("{entry}\n    but it {found}");
                        lines.lock().expect("no worker panics").push((entry.line, line));
                    }
                }
            });
        }
    });
    let mut lines = lines.into_inner().expect("no worker panics");
    lines.sort();
    lines.iter().for_each(|(_, line)| wrong.push_str(&format!("{line}\n")));
    println!("  {} runs of {} tools", entries.len(), installed.len());
    assert!(wrong.is_empty(), "tests/corpus/bcc-tools.txt is not what happens:\n{wrong}");
}

/// What becomes of the programs of a tool.
fn play(entry: &Entry, facts: &std::path::Path) -> Outcome {
    let programs = match extract::run(entry, facts, &scratch("bcc")) {
        Ok(programs) => programs,
        Err(why) => return Outcome::HasNone(why),
    };
    // The last text is the one that is used; those before it try what the kernel has.
    let (last, tries) = programs.split_last().expect("at least one");
    for program in tries.iter().take(entry.n_failing()) {
        if compile(&entry.name(), program.text.as_bytes(), &dialect(program)).object.is_some() {
            return Outcome::HasNone("a text compiles that should not".into());
        }
    }
    let compiled = compile(&entry.name(), last.text.as_bytes(), &dialect(last));
    let Some(object) = &compiled.object else {
        return Outcome::Fails(compiled.messages().lines().next().unwrap_or("silently").into());
    };
    load(object, last)
}

/// How BCC compiles a program.
fn dialect(program: &Program) -> Options {
    Options {
        dialect: Some(bpfc::Dialect::Bcc),
        defines: program.defines.clone(),
        usdt: program.usdt.iter().map(|function| marker(function)).collect(),
        n_cpus: Some(2),
        ..options(OptLevel::O2, Cpu::V3)
    }
}

/// A marker with arguments of all kinds.
pub fn marker(function: &str) -> UsdtProbe {
    let arguments = "8@%rdi -4@%esi 8@-8(%rbp) 8@%rdx 8@(%rax,%rcx,8) 4@$1".to_owned();
    let locations = vec![UsdtLocation { address: 0x1234, arguments }];
    UsdtProbe { function: function.to_owned(), locations }
}

/// A program that every kernel with trampolines takes.
const SMALLEST: &str =
    "__attribute__((section(\"fentry/vfs_read\"))) int smallest(void *ctx) { return 0; }
char LICENSE[] __attribute__((section(\"license\"))) = \"GPL\";
";

/// Whether this machine refuses, from time to time, programs that are called by trampolines:
/// seen on 6.18 in a small virtual machine, for root, without a word in the verifier's log.
fn are_trampolines_forbidden() -> bool {
    let compiled = compile("smallest", SMALLEST.as_bytes(), &options(OptLevel::O2, Cpu::V3));
    let object = compiled.object.expect("it compiles");
    let loaded = bpfc_loader::load(&object, &Kernel::new(), &LoadOptions::default());
    loaded.is_err_and(|error| is_forbidden(&error))
}

fn is_forbidden(error: &LoadError) -> bool {
    error.errno() == Some(bpfc_loader::Errno::EPERM)
}

/// What the tool attaches its functions as.
fn kinds(object: &Object, program: &Program) -> Vec<(FuncId, ProgKind)> {
    let kinds = object.functions.iter_enumerated().filter_map(|(id, function)| {
        let mut attached = program.attached.iter();
        let (kind, _) = attached.find(|(_, name)| *name == function.name)?;
        let kind = match kind.as_str() {
            "kprobe" => ProgType::Kprobe,
            "tracepoint" => ProgType::Tracepoint,
            "raw_tracepoint" => ProgType::RawTracepoint,
            "perf_event" => ProgType::PerfEvent,
            other => {
                let (kind, attach) = other.strip_prefix("type ")?.split_once(' ')?;
                let mut kind = ProgKind::new(ProgType::from_number(kind.parse().ok()?)?);
                let attach = attach.parse::<u32>().ok();
                kind.attach_type = attach.and_then(AttachType::from_number);
                return Some((id, kind));
            }
        };
        Some((id, ProgKind::new(kind)))
    });
    kinds.collect()
}

/// Loads all programs.
fn load(object: &Object, program: &Program) -> Outcome {
    let kinds = kinds(object, program);
    // Nothing is left behind.
    let mut object = object.clone();
    object.maps.iter_mut().for_each(|map| map.pin_path = None);
    let options = LoadOptions { kinds, ..LoadOptions::default() };
    match bpfc_loader::load(&object, &Kernel::new(), &options) {
        Ok(_) => Outcome::Loads,
        Err(LoadError::Rejected(rejection)) => {
            Outcome::Compiles(format!("{}: {}", rejection.program, rejection.message))
        }
        Err(error) if is_forbidden(&error) && are_trampolines_forbidden() => Outcome::Forbidden,
        Err(error) => Outcome::Compiles(error.to_diagnostic().message),
    }
}
