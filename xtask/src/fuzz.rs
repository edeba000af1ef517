//! `cargo xtask fuzz [objects | vm] [N] [SEED]`: the fuzzer of `crates/parser/tests/fuzz`, that of
//! `crates/bpfc/tests/fuzz` for objects, or that of `crates/vm/tests/it/hostile.rs` for programs that no
//! verifier saw, optimised, on all cores (or as many as `BPFC_FUZZ_THREADS` says).
//!
//! `cargo xtask maps [N] [SEED]`: sequences of map operations in the virtual machine and in this machine's
//! kernel.

use std::error::Error;
use std::process::Command;

/// A fuzzer.
struct Target {
    package: &'static str,
    binary: &'static str,
    test: &'static str,
    profile: &'static str,
}

const PROGRAMS: Target =
    Target { package: "bpfc-parser", binary: "fuzz", test: "mutated_programs", profile: "release" };
const OBJECTS: Target =
    Target { package: "bpfc", binary: "fuzz", test: "mutated_objects", profile: "fuzz" };
const VM: Target =
    Target { package: "bpfc-vm", binary: "it", test: "hostile_programs", profile: "fuzz" };

/// Runs N inputs (ten million), derived from SEED (1).
pub fn run(args: &[String]) -> Result<(), Box<dyn Error>> {
    let (target, args) = match args.split_first() {
        Some((first, rest)) if first == "objects" => (OBJECTS, rest),
        Some((first, rest)) if first == "vm" => (VM, rest),
        _ => (PROGRAMS, args),
    };
    let inputs = args.first().map_or("10_000_000", String::as_str);
    let seed = args.get(1).map_or("1", String::as_str);
    let n_threads = match std::env::var("BPFC_FUZZ_THREADS") {
        Ok(number) => number,
        Err(_) => std::thread::available_parallelism()?.to_string(),
    };
    let status = Command::new("cargo")
        .args(["test", "--profile", target.profile, "-p", target.package, "--test", target.binary])
        .args([target.test, "--", "--nocapture"])
        .env("BPFC_FUZZ_INPUTS", inputs)
        .env("BPFC_FUZZ_SEED", seed)
        .env("BPFC_FUZZ_THREADS", n_threads)
        .status()?;
    match status.success() {
        true => Ok(()),
        false => Err("some inputs fail; they are above or in `target/tmp/fuzz`".into()),
    }
}

/// Compares N sequences (20,000) of calls, and a quarter as many programs, from SEED (1) on.
pub fn maps(args: &[String]) -> Result<(), Box<dyn Error>> {
    let sequences = args.first().map_or("20_000", String::as_str);
    let seed = args.get(1).map_or("1", String::as_str);
    let status = Command::new("cargo")
        .args([
            "test",
            "--profile",
            "checked",
            "-p",
            "bpfc-vm",
            "--test",
            "it",
            "--",
            "--nocapture",
        ])
        .args(["random_sequences_of_calls", "random_programs_with_maps"])
        .env("BPFC_MAP_SEQUENCES", sequences)
        .env("BPFC_MAP_SEED", seed)
        .env("BPFC_REQUIRE_KERNEL", "1")
        .status()?;
    match status.success() {
        true => Ok(()),
        false => Err("the machine and the kernel differ".into()),
    }
}
