//! A fuzzer over everything that takes object files: mutated objects, bpfc's and, where it is
//! installed, clang's, by the number of the input, so that every run is the same.
//!
//! For each input it asks that nothing panics, that it is done soon, that errors say where, and
//! that what can be read can be written, read again and joined. Inputs that show something new (an
//! error, or how far they come) are mutated further.
//!
//! Environment: `BPFC_FUZZ_INPUTS` is how many inputs to run (4,000), `BPFC_FUZZ_SEED` what they
//! derive from (1), `BPFC_FUZZ_THREADS` how many threads share them (2).

mod check;
mod layout;
mod mutate;
mod seeds;

use bpfc_testkit::fuzz::{Random, Watch, number, panic_text};
use mutate::Corpus;
use std::collections::{BTreeMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

/// The inputs that are kept per thread besides the seeds.
const MAX_CORPUS: usize = 4_000;
/// Inputs that take longer are kept and named.
const SLOW_MS: u64 = 3_000;
/// More memory than any input may make the process take.
const MAX_RESIDENT_KIB: u64 = 3 << 20;

#[test]
fn mutated_objects() {
    let n_inputs = number("BPFC_FUZZ_INPUTS", 4_000);
    let seed = number("BPFC_FUZZ_SEED", 1);
    let n_threads = number("BPFC_FUZZ_THREADS", 2).max(1);
    let seeds = seeds::all();
    let start = std::time::Instant::now();
    let threads: Vec<_> = (0..n_threads)
        .map(|thread| {
            let n = n_inputs / n_threads + u64::from(thread < n_inputs % n_threads);
            let seeds = seeds.clone();
            std::thread::Builder::new()
                .stack_size(8 << 20)
                .spawn(move || run(seeds, n, seed.wrapping_mul(1000).wrapping_add(thread)))
                .expect("a thread can be started")
        })
        .collect();
    let outcomes: Vec<Outcome> =
        threads.into_iter().map(|thread| thread.join().expect("failures are caught")).collect();
    let mut stages: BTreeMap<&'static str, u64> = BTreeMap::new();
    for (stage, n) in outcomes.iter().flat_map(|outcome| &outcome.stages) {
        *stages.entry(stage).or_default() += n;
    }
    let failures: Vec<String> = outcomes.iter().flat_map(|o| o.failures.clone()).collect();
    let n_features: usize = outcomes.iter().map(|outcome| outcome.n_features).sum();
    let slowest = outcomes.iter().map(|outcome| outcome.slowest_ms).max().unwrap_or(0);
    let seconds = start.elapsed().as_secs_f64();
    println!("{n_inputs} inputs of {} seeds in {seconds:.0} s", seeds.len());
    println!("{n_features} features, slowest {slowest} ms, {} KiB", resident_kib());
    println!("{stages:?}");
    assert!(failures.is_empty(), "{} inputs fail:\n{}", failures.len(), failures.join("\n"));
    assert!(resident_kib() < MAX_RESIDENT_KIB, "too much memory");
}

struct Outcome {
    failures: Vec<String>,
    n_features: usize,
    /// How many inputs came how far.
    stages: BTreeMap<&'static str, u64>,
    slowest_ms: u64,
}

fn run(seeds: Vec<Vec<u8>>, n_inputs: u64, seed: u64) -> Outcome {
    let mut random = Random::new(seed);
    let partner = seeds::partner(&seeds);
    let mut corpus = Corpus::new(seeds);
    let mut features: HashSet<u64> = HashSet::new();
    let mut failures: Vec<String> = Vec::new();
    let mut stages = BTreeMap::new();
    let watch = Watch::start(|input| save(input, 0, u64::from(std::process::id())));
    for at in 0..n_inputs {
        let input = corpus.mutate(&mut random);
        watch.begin(&input);
        let result = catch_unwind(AssertUnwindSafe(|| check::check(&input, &partner, at)));
        let ms = watch.end();
        if ms > SLOW_MS {
            println!("slow: {ms} ms, {}", save(&input, seed, at).display());
        }
        let failure = match result {
            Ok(Ok(seen)) => {
                *stages.entry(seen.stage).or_default() += 1;
                let n_before = features.len();
                features.extend(seen.features);
                if features.len() > n_before && corpus.n_added() < MAX_CORPUS {
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
    Outcome { failures, n_features: features.len(), stages, slowest_ms: watch.slowest_ms() }
}

/// Keeps an input that fails.
fn save(input: &[u8], seed: u64, at: u64) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("fuzz");
    let path = folder.join(format!("{seed}-{at}.o"));
    std::fs::create_dir_all(&folder).expect("the build's folder is writable");
    std::fs::write(&path, input).expect("the build's folder is writable");
    path
}

/// The most memory that the process had; 0 where the system does not tell.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Runs the inputs in the files that `BPFC_FUZZ_REPLAY` names, separated by `:`.
#[test]
fn replayed() {
    let Ok(paths) = std::env::var("BPFC_FUZZ_REPLAY") else {
        return;
    };
    let partner = seeds::partner(&seeds::all());
    for path in paths.split(':') {
        let input = std::fs::read(path).expect("the input can be read");
        for at in 0..check::N_WAYS {
            if let Err(message) = check::check(&input, &partner, at) {
                panic!("{path}: {message}");
            }
        }
    }
}

/// What the fuzzer found once stays right.
#[test]
fn found_before() {
    let root = bpfc_testkit::workspace_root().expect("tests run in the workspace");
    let partner = seeds::partner(&seeds::all());
    let mut n = 0;
    for entry in std::fs::read_dir(root.join("tests/fuzz-objects")).expect("the folder is there") {
        let path = entry.expect("the folder can be read").path();
        let input = std::fs::read(&path).expect("the input can be read");
        for at in 0..check::N_WAYS {
            if let Err(message) = check::check(&input, &partner, at) {
                panic!("{}: {message}", path.display());
            }
        }
        n += 1;
    }
    println!("{n} inputs");
}
