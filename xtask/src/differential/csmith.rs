//! Programs of csmith, restricted to what BPF can express, with a runtime of our own.

use std::process::Command;

/// The runtime, which stands in for csmith's `csmith.h`.
const RUNTIME: &str = include_str!("csmith.h");

/// Sizes that mostly fit a program of BPF: few parameters, small arrays, small stacks.
const OPTIONS: &str = "--no-argc --no-float --max-funcs 4 --max-block-depth 3 --max-block-size 3 \
    --max-expr-complexity 5 --max-array-dim 2 --max-array-len-per-dim 4 --max-struct-fields 5 \
    --max-union-fields 4 --max-pointer-depth 2 --quiet --concise";

/// The program of a seed.
pub fn program(seed: u64) -> Result<String, String> {
    let mut csmith = Command::new("csmith");
    // It writes a file beside the program.
    csmith.current_dir(std::env::temp_dir());
    csmith.args(OPTIONS.split_whitespace()).args(options(seed)).args(["--seed", &seed.to_string()]);
    let output = csmith.output().map_err(|_| "csmith is not installed".to_owned())?;
    let text = String::from_utf8_lossy(&output.stdout);
    match text.split_once("#include \"csmith.h\"") {
        Some((_, rest)) if output.status.success() => Ok(format!("{RUNTIME}{rest}")),
        _ => Err("csmith wrote no program".into()),
    }
}

/// Options that change from seed to seed.
fn options(seed: u64) -> Vec<&'static str> {
    let mut options = Vec::new();
    let mut one_in = |n: u64, option| {
        if seed.is_multiple_of(n) {
            options.push(option);
        }
    };
    one_in(2, "--no-volatiles");
    one_in(3, "--no-packed-struct");
    one_in(4, "--no-global-variables");
    one_in(5, "--no-pointers");
    one_in(7, "--no-jumps");
    one_in(11, "--no-arrays");
    one_in(13, "--no-unions");
    options
}

/// Whether csmith is installed.
#[cfg(test)]
pub fn is_installed() -> bool {
    let mut csmith = Command::new("csmith");
    csmith.current_dir(std::env::temp_dir()).arg("--version").output().is_ok()
}
