//! A fuzzer over lexer, preprocessor and parser: mutated programs, by the number of the
//! input, so that every run is the same.
//!
//! For each input it asks that nothing panics, that it is done soon, that every span lies
//! in its source, that the tree is not larger than the input explains, and that headers
//! give the same tree whether their types are parsed at once or later. Inputs that show the
//! parser something new (a report or a node in a new place) are mutated further.
//!
//! Environment: `BPFC_FUZZ_INPUTS` is how many inputs to run (6,000), `BPFC_FUZZ_SEED`
//! what they derive from (1), `BPFC_FUZZ_THREADS` how many threads share them (2).

mod check;
mod mutate;
mod spans;

use bpfc_parser::Predefined;
use bpfc_testkit::fuzz::{Random, Watch, number, panic_text};
use mutate::Corpus;

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

/// The seeds that are kept per thread, so that a long run does not grow without limit.
const MAX_CORPUS: usize = 20_000;

#[test]
fn mutated_programs() {
    let n_inputs = number("BPFC_FUZZ_INPUTS", 6_000);
    let seed = number("BPFC_FUZZ_SEED", 1);
    let n_threads = number("BPFC_FUZZ_THREADS", 2).max(1);
    let threads: Vec<_> = (0..n_threads)
        .map(|thread| {
            let n = n_inputs / n_threads + u64::from(thread < n_inputs % n_threads);
            std::thread::Builder::new()
                .stack_size(8 << 20)
                .spawn(move || run(n, seed.wrapping_mul(1000).wrapping_add(thread)))
                .expect("a thread can be started")
        })
        .collect();
    let outcomes: Vec<Outcome> =
        threads.into_iter().map(|thread| thread.join().expect("failures are caught")).collect();
    let failures: Vec<&String> = outcomes.iter().flat_map(|outcome| &outcome.failures).collect();
    let n_features: usize = outcomes.iter().map(|outcome| outcome.n_features).sum();
    let slowest = outcomes.iter().map(|outcome| outcome.slowest_ms).max().unwrap_or(0);
    println!("{n_inputs} inputs, {n_features} features, slowest {slowest} ms");
    assert!(failures.is_empty(), "{} inputs fail:\n{}", failures.len(), join(&failures));
}

fn join(failures: &[&String]) -> String {
    failures.iter().take(10).map(|failure| failure.as_str()).collect::<Vec<_>>().join("\n")
}

struct Outcome {
    failures: Vec<String>,
    n_features: usize,
    slowest_ms: u64,
}

fn run(n_inputs: u64, seed: u64) -> Outcome {
    let mut random = Random::new(seed);
    let mut corpus = Corpus::load();
    let mut features: HashSet<u64> = HashSet::new();
    let mut failures: Vec<String> = Vec::new();
    let watch = Watch::start(|input| save(input, 0, u64::from(std::process::id())));
    for at in 0..n_inputs {
        let input = corpus.mutate(&mut random);
        watch.begin(&input);
        // Reading the macros of the target takes longer than most inputs do.
        let predefined = match at % 16 {
            0 => Predefined::Target,
            _ => Predefined::None,
        };
        let result = catch_unwind(AssertUnwindSafe(|| check::check(&input, predefined)));
        watch.end();
        let failure = match result {
            Ok(Ok(seen)) => {
                let n_before = features.len();
                features.extend(seen);
                if features.len() > n_before && corpus.len() < MAX_CORPUS {
                    corpus.add(input);
                }
                continue;
            }
            Ok(Err(message)) => message,
            Err(panic) => panic_text(panic.as_ref()),
        };
        let path = save(&input, seed, at);
        failures.push(format!("{}: {failure}", path.display()));
        if failures.len() >= 20 {
            break;
        }
    }
    Outcome { failures, n_features: features.len(), slowest_ms: watch.slowest_ms() }
}

/// Keeps an input that fails.
fn save(input: &[u8], seed: u64, at: u64) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("fuzz");
    let path = folder.join(format!("{seed}-{at}.c"));
    std::fs::create_dir_all(&folder).expect("the build's folder is writable");
    std::fs::write(&path, input).expect("the build's folder is writable");
    path
}

/// Runs the inputs in the files that `BPFC_FUZZ_REPLAY` names, separated by `:`.
#[test]
fn replayed() {
    let Ok(paths) = std::env::var("BPFC_FUZZ_REPLAY") else {
        return;
    };
    for path in paths.split(':') {
        let input = std::fs::read(path).expect("the input can be read");
        if let Err(message) = check::check(&input, Predefined::Target) {
            panic!("{path}: {message}");
        }
    }
}

/// What the fuzzer found once stays right.
#[test]
fn found_before() {
    let folder =
        bpfc_testkit::workspace_root().expect("tests run in the workspace").join("tests/fuzz");
    let mut n = 0;
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be read").path();
        let input = std::fs::read(&path).expect("the input can be read");
        if let Err(message) = check::check(&input, Predefined::Target) {
            panic!("{}: {message}", path.display());
        }
        n += 1;
    }
    println!("{n} inputs");
}
