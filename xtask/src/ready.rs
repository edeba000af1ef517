//! `cargo xtask ready`: everything that CI asks for, the quick parts first.

use std::error::Error;
use std::process::Command;

const STEPS: [&[&str]; 4] = [
    &["fmt", "--all", "--check"],
    &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"],
    &["xtask", "tidy"],
    &["test", "--workspace"],
];

/// Runs every step; stops at the first that fails.
pub fn run() -> Result<(), Box<dyn Error>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    for step in STEPS {
        println!("cargo {}", step.join(" "));
        let status = Command::new(&cargo).args(step).status()?;
        if !status.success() {
            return Err(format!("`cargo {}` failed", step.join(" ")).into());
        }
    }
    println!("ready");
    Ok(())
}
