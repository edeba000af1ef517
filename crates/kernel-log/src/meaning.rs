//! What a message of the kernel means.

use crate::{Log, table};
use bpfc_base::Code;

/// A message in other words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// The code that bpfc's verifier uses for the same mistake.
    pub code: Code,
    /// What is wrong, in the words of diagnostics.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// What the messages of `log` mean, if one of them is known.
pub fn explain(log: &Log) -> Option<Meaning> {
    let found = log.messages.iter().filter_map(|text| table::find(text));
    let mut found: Vec<table::Match<'_>> = found.collect();
    // Some messages only add to the one before them.
    found.sort_by_key(|found| found.row.is_detail);
    let found = found.first()?;
    let code = match found.row.in_call {
        Some(code) if log.is_at_call() => code,
        _ => found.row.code,
    };
    let help = (!found.row.help.is_empty()).then(|| found.fill(found.row.help));
    Some(Meaning { code, message: found.fill(found.row.message), help })
}

/// The numbers of the registers that the text names.
pub fn registers_in(text: &str) -> Vec<u8> {
    let is_start = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    let numbers = text.split(is_start).filter_map(|word| word.strip_prefix('R')?.parse().ok());
    let mut numbers: Vec<u8> = numbers.filter(|number| *number <= 10).collect();
    numbers.dedup();
    numbers
}

/// The kernel's words as a message of ours: registers as they are written elsewhere.
pub fn restate(message: &str) -> String {
    let mut restated = String::with_capacity(message.len());
    for (idx, word) in message.trim_end_matches('.').split(' ').enumerate() {
        if idx > 0 {
            restated.push(' ');
        }
        let plain = word.trim_end_matches([',', ':', ';']);
        let is_register = plain
            .strip_prefix('R')
            .is_some_and(|number| number.parse::<u8>().is_ok_and(|number| number <= 10));
        if is_register {
            restated.push_str(&format!("`r{}`{}", &plain[1..], &word[plain.len()..]));
        } else {
            restated.push_str(word);
        }
    }
    restated
}

/// Whether our verifier and a log say the same: the code is the same, or ours is a finer one of a kind that the kernel has one message for.
pub fn agree(ours: Code, theirs: Code) -> bool {
    let pair = (ours.name(), theirs.name());
    // What an address was before it became a number, and whose argument is wrong, is known from the program only.
    ours == theirs || matches!(pair, ("E0745" | "E0746", "E0705") | ("E0749", "E0707"))
}
