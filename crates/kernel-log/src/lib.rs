//! What the kernel's verifier prints when it rejects a program, read and said in other words.
//!
//! Input: text, from `bpf(2)` itself or pasted from anywhere: wrapped by a loader, indented, cut off at
//! either end. Output: a [`Log`] for each program that it is about, and what its message means
//! ([`Meaning`]) with the code that bpfc's own verifier would use. No IO, no object files: what an instruction stands for
//! in the source is known as far as the log says it.
//!
//! The format is made for people and changes between releases. What is relied on is old and stable: an instruction is
//! printed as `12: (85) call bpf_map_lookup_elem#1` before it is checked, registers as `R1=ctx(…)`, source lines after
//! `; `, and what is wrong last. Since Linux 7.3 a report in sections follows the message.

#![forbid(unsafe_code)]

mod diagnose;
mod line;
mod meaning;
mod read;
mod report;
mod table;
mod unwrap;

pub use diagnose::{diagnostic, place};
pub use meaning::{Meaning, agree, explain, registers_in, restate};
pub use read::{read, read_whole};
pub use report::{Report, Step};

use std::collections::BTreeMap;

/// What a log says of one program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// The program's name, if what is around the log tells it.
    pub program: Option<String>,
    /// The slot of the instruction that was looked at last, or that the message names.
    pub slot: Option<u32>,
    /// That instruction as the kernel prints it: `(79) r1 = *(u64 *)(r0 +0)`.
    pub insn: Option<String>,
    /// The kernel's words, without progress reports, statistics and register dumps.
    pub messages: Vec<String>,
    /// What was last known of each register, by number.
    pub registers: BTreeMap<u8, String>,
    /// The source line of that instruction.
    pub source: Option<SourceLine>,
    /// The jump that led to the path of the failure: from which slot to which.
    pub jump: Option<(u32, u32)>,
    /// The slot of an instruction that the message names beside the failing one, as in `alloc_insn=5`.
    pub origin: Option<u32>,
    /// The first source line of each instruction that the log shows.
    pub lines: BTreeMap<u32, SourceLine>,
    /// The report that follows the message since Linux 7.3.
    pub report: Option<Report>,
    /// Whether the log's beginning is missing.
    pub starts_in_the_middle: bool,
    /// Whether it ends as the log of a program that was taken.
    pub is_complete: bool,
}

/// A line of the source as a log shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceLine {
    /// Its text without indentation.
    pub text: String,
    /// Its file (Linux 6.9).
    pub file: Option<String>,
    /// Its number, from 1 (Linux 6.9).
    pub line: Option<u32>,
    /// The column, from 1.
    pub column: Option<u32>,
}

impl Log {
    /// Whether the instruction is a call.
    pub fn is_at_call(&self) -> bool {
        self.insn.as_deref().is_some_and(|insn| insn.starts_with("(85)"))
    }

    /// Whether it says that something is wrong.
    pub fn is_rejection(&self) -> bool {
        !self.messages.is_empty()
    }
}

#[cfg(test)]
mod tests;
