//! Committed lists of outcomes, which `--bless` rewrites.

use std::error::Error;
use std::path::Path;

/// Compares `text` with the list at `path`, or writes it there if the arguments say `--bless`.
pub fn settle(path: &Path, text: &str, arguments: &[String]) -> Result<(), Box<dyn Error>> {
    if arguments.iter().any(|word| word == "--bless") {
        std::fs::write(path, text)?;
        return Ok(());
    }
    let expected = std::fs::read_to_string(path)?;
    match expected == text {
        true => Ok(()),
        false => Err(bpfc_testkit::unified_diff(&expected, text).into()),
    }
}
