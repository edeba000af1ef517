//! `cargo xtask fuzz [objects] [N] [SEED]`: the fuzzer of `crates/parser/tests/fuzz`, or that of
//! `crates/bpfc/tests/fuzz` for objects, optimised, on all cores (or as many as
//! `BPFC_FUZZ_THREADS` says).

use std::error::Error;
use std::process::Command;

/// A fuzzer.
struct Target {
    package: &'static str,
    test: &'static str,
    profile: &'static str,
}

const PROGRAMS: Target =
    Target { package: "bpfc-parser", test: "mutated_programs", profile: "release" };
const OBJECTS: Target = Target { package: "bpfc", test: "mutated_objects", profile: "fuzz" };

/// Runs N inputs (ten million), derived from SEED (1).
pub fn run(args: &[String]) -> Result<(), Box<dyn Error>> {
    let (target, args) = match args.split_first() {
        Some((first, rest)) if first == "objects" => (OBJECTS, rest),
        _ => (PROGRAMS, args),
    };
    let inputs = args.first().map_or("10_000_000", String::as_str);
    let seed = args.get(1).map_or("1", String::as_str);
    let n_threads = match std::env::var("BPFC_FUZZ_THREADS") {
        Ok(number) => number,
        Err(_) => std::thread::available_parallelism()?.to_string(),
    };
    let status = Command::new("cargo")
        .args(["test", "--profile", target.profile, "-p", target.package, "--test", "fuzz"])
        .args([target.test, "--", "--nocapture"])
        .env("BPFC_FUZZ_INPUTS", inputs)
        .env("BPFC_FUZZ_SEED", seed)
        .env("BPFC_FUZZ_THREADS", n_threads)
        .status()?;
    match status.success() {
        true => Ok(()),
        false => Err("some inputs fail; they are in `target/tmp/fuzz`".into()),
    }
}
