//! `docs/agreement.md`, and the reasons for what is in it.

use super::Result;
use super::asked::{Judge, Opinion};
use super::tally::{Disagreement, Tally};
use std::fmt::Write;
use std::path::Path;

/// Where the reasons are: lines of `title => reason`.
pub const REASONS: &str = "tests/corpus/agreement.txt";

/// Disagreements with a known reason.
pub struct Known(Vec<(String, String)>);

impl Known {
    /// The reasons of the repository.
    pub fn read(root: &Path) -> Result<Known> {
        let text = std::fs::read_to_string(root.join(REASONS)).unwrap_or_default();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let known = lines.filter_map(|line| line.split_once(" => "));
        Ok(Known(known.map(|(title, reason)| (title.into(), reason.into())).collect()))
    }

    fn reason(&self, disagreement: &Disagreement) -> Option<&str> {
        let found = self.0.iter().find(|(title, _)| disagreement.title.starts_with(title));
        found.map(|(_, reason)| reason.as_str())
    }
}

/// How many disagreements have no reason.
pub fn unknown(tallies: &[Tally], known: &Known) -> usize {
    let all = tallies.iter().flat_map(|tally| &tally.disagreements);
    all.filter(|disagreement| known.reason(disagreement).is_none()).count()
}

/// Writes the page.
pub fn write(root: &Path, tallies: &[Tally], known: &Known, judge: &Judge) -> Result<()> {
    let mut text = format!(
        "# Agreement with the kernel\n\n\
         Whether `bpfc check` says of a program what the verifier of Linux {} says, over whole corpora; \
         `cargo xtask agree --bless` writes this page. Programs on which that kernel has no verdict, \
         because it lacks what they need, do not count.\n\n\
         | corpus | judged | agree | both accept | both reject | only we accept | only we reject |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        judge.version(),
    );
    for tally in tallies {
        writeln!(
            text,
            "| {} | {} | {:.2} % | {} | {} | {} | {} |",
            tally.corpus.name(),
            tally.n_judged(),
            tally.percent(),
            tally.n_accepted,
            tally.n_rejected,
            tally.n_false_accepts,
            tally.n_false_rejects + tally.n_failed,
        )?;
    }
    text.push_str(
        "\n*selftests*: `progs/verifier_*.c` of Linux 6.12, compiled by clang. *progs*: \
         the other programs of Linux' tests of BPF, likewise. *public*: libbpf-bootstrap, \
         libbpf-tools and xdp-tutorial, compiled by clang. *examples* and *tests*: those of this repository, \
         compiled by bpfc. *generated*: programs of the generator of `cargo xtask differential`, at -O0 and -O2. \
         *mutations*: programs of public, examples and tests, each with one instruction \
         changed: a check left out or turned around, a number or an offset changed, a register swapped, \
         an instruction left out.\n\n## Disagreements\n",
    );
    let all: Vec<&Disagreement> = tallies.iter().flat_map(|tally| &tally.disagreements).collect();
    if all.is_empty() {
        text.push_str("\nThere are none.\n");
    } else {
        text.push_str("\n| program | kernel | bpfc | reason |\n| --- | --- | --- | --- |\n");
    }
    for one in all {
        let reason = known.reason(one).unwrap_or("not known yet");
        let (kernel, ours) = (cell(&one.kernel), cell(&one.ours));
        writeln!(text, "| {} | {kernel} | {ours} | {reason} |", one.title)?;
    }
    Ok(std::fs::write(root.join("docs/agreement.md"), text)?)
}

fn cell(opinion: &Opinion) -> String {
    match opinion {
        Opinion::Accepts => "accepts".to_owned(),
        Opinion::Rejects(reason) | Opinion::Silent(reason) => {
            // Where the program lies on this machine is of no interest.
            let reason = reason.split_once(", at /").map_or(reason.as_str(), |(text, _)| text);
            format!("`{}`", reason.replace('|', "\\|").replace('`', "'"))
        }
    }
}
