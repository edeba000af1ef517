//! How often the verdicts agree, and where they do not.

use super::asked::{Asked, Opinion};
use super::objects::Corpus;
use std::fmt::Write;
use std::time::Duration;

/// A program on which the verdicts differ.
pub struct Disagreement {
    /// `corpus/file program`.
    pub title: String,
    /// What the kernel says.
    pub kernel: Opinion,
    /// What we say.
    pub ours: Opinion,
}

/// The verdicts on a corpus.
pub struct Tally {
    /// Which.
    pub corpus: Corpus,
    /// Programs that both accept.
    pub n_accepted: u32,
    /// Programs that both reject.
    pub n_rejected: u32,
    /// Programs that only we accept.
    pub n_false_accepts: u32,
    /// Programs that only we reject.
    pub n_false_rejects: u32,
    /// Programs on which the kernel here has no verdict.
    pub n_silent: u32,
    /// Programs on which we have none.
    pub n_failed: u32,
    /// The longest that our verifier took, and for what.
    pub slowest: (Duration, String),
    /// Where the verdicts differ.
    pub disagreements: Vec<Disagreement>,
}

impl Tally {
    /// Nothing yet.
    pub fn new(corpus: Corpus) -> Tally {
        Tally {
            corpus,
            n_accepted: 0,
            n_rejected: 0,
            n_false_accepts: 0,
            n_false_rejects: 0,
            n_silent: 0,
            n_failed: 0,
            slowest: (Duration::ZERO, String::new()),
            disagreements: Vec::new(),
        }
    }

    /// Counts a program; a line about it.
    pub fn add(&mut self, title: &str, asked: &Asked) -> String {
        let (count, word) = match (&asked.ours, &asked.kernel) {
            (_, Opinion::Silent(_)) => (&mut self.n_silent, "no verdict"),
            (Opinion::Silent(_), _) => (&mut self.n_failed, "FAILS"),
            (Opinion::Accepts, Opinion::Accepts) => (&mut self.n_accepted, "both accept"),
            (Opinion::Rejects(_), Opinion::Rejects(_)) => (&mut self.n_rejected, "both reject"),
            (Opinion::Accepts, _) => (&mut self.n_false_accepts, "FALSE ACCEPT"),
            (_, Opinion::Accepts) => (&mut self.n_false_rejects, "FALSE REJECT"),
        };
        *count += 1;
        if asked.time > self.slowest.0 {
            self.slowest = (asked.time, title.to_owned());
        }
        if asked.differs() {
            self.disagreements.push(Disagreement {
                title: title.to_owned(),
                kernel: asked.kernel.clone(),
                ours: asked.ours.clone(),
            });
        }
        let mut line = format!("{word}: {title}");
        for (who, opinion) in [("kernel", &asked.kernel), ("ours", &asked.ours)] {
            if let Opinion::Rejects(reason) | Opinion::Silent(reason) = opinion {
                // Writing to a string does not fail.
                let _ = write!(line, "\n    {who}: {reason}");
            }
        }
        if !asked.gaps.is_empty() && asked.differs() {
            let _ = write!(line, "\n    not modelled: {}", asked.gaps.join(", "));
        }
        line
    }

    /// Programs on which both have a verdict.
    pub fn n_judged(&self) -> u32 {
        self.n_agreed() + self.n_false_accepts + self.n_false_rejects + self.n_failed
    }

    /// Programs on which both say the same.
    pub fn n_agreed(&self) -> u32 {
        self.n_accepted + self.n_rejected
    }

    /// The share of verdicts that agree, in percent.
    pub fn percent(&self) -> f64 {
        match self.n_judged() {
            0 => 100.0,
            n => 100.0 * f64::from(self.n_agreed()) / f64::from(n),
        }
    }

    /// The matrix in one line.
    pub fn summary(&self) -> String {
        format!(
            "{}: {} judged, {:.2} % agree: both accept {}, both reject {}, only we accept {}, \
             only we reject {}, we fail {}; no verdict here {}; slowest {:.0} ms ({})\n",
            self.corpus.name(),
            self.n_judged(),
            self.percent(),
            self.n_accepted,
            self.n_rejected,
            self.n_false_accepts,
            self.n_false_rejects,
            self.n_failed,
            self.n_silent,
            self.slowest.0.as_secs_f64() * 1e3,
            self.slowest.1,
        )
    }
}
