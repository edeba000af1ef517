//! `cargo xtask sound`: the test that runs accepted programs and looks whether numbers stay within what the verifier knew of
//! them, with many more programs.

use std::process::Command;

type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

const USAGE: &str = "usage: cargo xtask sound [PROGRAMS [SEED]]";

/// The task.
pub fn run(arguments: &[String]) -> Result<()> {
    let number = |at: usize, or: u64| match arguments.get(at) {
        Some(text) => text.parse::<u64>().map_err(|_| USAGE),
        None => Ok(or),
    };
    let (n_programs, seed) = (number(0, 20_000)?, number(1, 1)?);
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["test", "-q", "-p", "bpfc-verifier", "--test", "it", "--", "--nocapture"])
        .arg("sound::runs_stay_within_what_is_known")
        .env("BPFC_SOUND", n_programs.to_string())
        .env("BPFC_SOUND_SEED", seed.to_string())
        .status()?;
    match status.success() {
        true => Ok(()),
        false => Err("a run left what the verifier knew of it".into()),
    }
}
