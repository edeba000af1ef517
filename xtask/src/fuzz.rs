//! `cargo xtask fuzz [N] [SEED]`: the fuzzer of `crates/parser/tests/fuzz`, optimised, on all
//! cores.

use std::error::Error;
use std::process::Command;

/// Runs N inputs (ten million), derived from SEED (1).
pub fn run(args: &[String]) -> Result<(), Box<dyn Error>> {
    let inputs = args.first().map_or("10_000_000", String::as_str);
    let seed = args.get(1).map_or("1", String::as_str);
    let n_threads = std::thread::available_parallelism()?;
    let status = Command::new("cargo")
        .args(["test", "--release", "-p", "bpfc-parser", "--test", "fuzz"])
        .args(["mutated_programs", "--", "--nocapture"])
        .env("BPFC_FUZZ_INPUTS", inputs)
        .env("BPFC_FUZZ_SEED", seed)
        .env("BPFC_FUZZ_THREADS", n_threads.to_string())
        .status()?;
    match status.success() {
        true => Ok(()),
        false => Err("some inputs fail; they are in `target/tmp/fuzz`".into()),
    }
}
