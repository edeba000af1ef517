//! Counts of a run.

use super::examine::{Examination, Finding};
use std::collections::BTreeMap;
use std::fmt::Write;

/// What came of all programs so far.
#[derive(Debug, Default)]
pub struct Tally {
    n_programs: u64,
    /// Programs for which GCC and both of our levels gave a result.
    n_compared: u64,
    /// How often each way gave a result that was compared.
    results: BTreeMap<&'static str, u64>,
    /// Why programs, or single ways of them, were left out.
    unfit: BTreeMap<String, u64>,
    /// What differed.
    pub findings: Vec<(u64, Finding)>,
}

impl Tally {
    /// Counts a program that was never written.
    pub fn discard(&mut self, reason: String) {
        self.n_programs += 1;
        *self.unfit.entry(reason).or_default() += 1;
    }

    /// Counts a program.
    pub fn add(&mut self, seed: u64, examination: Examination) {
        self.n_programs += 1;
        self.n_compared += u64::from(examination.is_complete);
        for way in examination.ways {
            *self.results.entry(way).or_default() += 1;
        }
        for reason in examination.unfit {
            *self.unfit.entry(reason).or_default() += 1;
        }
        self.findings.extend(examination.findings.into_iter().map(|finding| (seed, finding)));
    }

    /// Whether it is time to say how far the run is.
    pub fn is_milestone(&self) -> bool {
        self.n_programs.is_multiple_of(500)
    }

    /// The totals in words.
    pub fn summary(&self) -> String {
        let (n_programs, n_compared) = (self.n_programs, self.n_compared);
        format!("{n_programs} programs, {n_compared} compared, {} differences", self.findings.len())
    }

    /// The counts in words.
    pub fn report(&self, generator: &str, seconds: f64) -> String {
        let mut text = format!("{generator}: {}, {seconds:.0} s\n", self.summary());
        for (way, count) in &self.results {
            let _ = writeln!(text, "  {count:6} {way}");
        }
        let mut unfit: Vec<_> = self.unfit.iter().collect();
        unfit.sort_by_key(|(reason, count)| (std::cmp::Reverse(**count), *reason));
        for (reason, count) in unfit {
            let _ = writeln!(text, "  {count:6} left out: {reason}");
        }
        for (seed, finding) in &self.findings {
            let _ = writeln!(text, "  seed {seed}: {finding}");
        }
        text
    }

    /// How many programs were compared in full.
    #[cfg(test)]
    pub fn n_compared(&self) -> u64 {
        self.n_compared
    }
}
