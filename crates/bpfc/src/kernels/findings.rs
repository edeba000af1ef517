//! What was found, kernel by kernel, and how it is told: once for all kernels for which it holds.

use super::TargetKernel;
use bpfc_base::codes::Code;
use bpfc_base::{Diagnostic, Session, Span};
use bpfc_kabi::KernelVersion;

/// Something that a kernel does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// The code.
    pub code: Code,
    /// Where the program asks for it.
    pub span: Span,
    /// What follows `Linux 5.10 has no`: "helper `bpf_loop`".
    pub what: String,
    /// The release in which it appeared, if that is known.
    pub since: Option<KernelVersion>,
    /// What to do.
    pub help: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Content {
    Lack(Lack),
    Told(Box<Diagnostic>),
}

/// All findings.
#[derive(Debug, Default)]
pub struct Findings {
    /// With the kernels for which each holds, by position.
    all: Vec<(Content, Vec<usize>)>,
    kernel: usize,
    /// Positions of what was found, in the order of finding.
    log: Vec<usize>,
}

impl Findings {
    /// What comes now is about the kernel at this position.
    pub fn begin(&mut self, kernel: usize) {
        self.kernel = kernel;
        self.log.clear();
    }

    /// How much was found for this kernel.
    pub fn mark(&self) -> usize {
        self.log.len()
    }

    /// Takes back what was found for this kernel since `mark`.
    pub fn forget(&mut self, mark: usize) {
        for position in self.log.drain(mark..) {
            self.all[position].1.retain(|kernel| *kernel != self.kernel);
        }
    }

    /// The kernel lacks something.
    pub fn lack(&mut self, lack: Lack) {
        self.add(Content::Lack(lack));
    }

    /// The kernel would say something else.
    pub fn tell(&mut self, diagnostic: Diagnostic) {
        self.add(Content::Told(Box::new(diagnostic)));
    }

    fn add(&mut self, content: Content) {
        let position = self.all.iter().position(|(known, _)| *known == content);
        let position = position.unwrap_or_else(|| {
            self.all.push((content, Vec::new()));
            self.all.len() - 1
        });
        let kernels = &mut self.all[position].1;
        if !kernels.contains(&self.kernel) {
            kernels.push(self.kernel);
            self.log.push(position);
        }
    }

    /// Reports everything in the order of the source.
    pub fn report(self, session: &mut Session, kernels: &[TargetKernel]) {
        let mut all = self.all;
        all.retain(|(_, holds_for)| !holds_for.is_empty());
        all.sort_by_key(|(content, _)| content.span());
        for (content, holds_for) in all {
            let is_there = |idx: &usize| holds_for.contains(idx);
            let (with, without): (Vec<usize>, Vec<usize>) =
                (0..kernels.len()).partition(|idx| is_there(idx));
            let releases = |positions: &[usize]| -> Vec<String> {
                positions.iter().map(|idx| kernels[*idx].version.to_string()).collect()
            };
            let diagnostic = content.diagnostic(&releases(&with), &releases(&without));
            session.report(diagnostic.with_targets(releases(&with)));
        }
    }
}

impl Content {
    fn span(&self) -> Span {
        match self {
            Content::Lack(lack) => lack.span,
            Content::Told(diagnostic) => diagnostic.span(),
        }
    }

    /// `with` are the releases for which it holds, `without` the others that were asked about.
    fn diagnostic(self, with: &[String], without: &[String]) -> Diagnostic {
        match self {
            Content::Lack(lack) => {
                let have = if with.len() == 1 { "has" } else { "have" };
                let message = format!("Linux {} {have} no {}", list(with), lack.what);
                let mut diagnostic = Diagnostic::new(lack.code, lack.span, message);
                if let Some(since) = lack.since {
                    diagnostic = diagnostic.with_note(format!("appeared in Linux {since}"));
                } else if !without.is_empty() {
                    let have = if without.len() == 1 { "has" } else { "have" };
                    diagnostic = diagnostic.with_note(format!("Linux {} {have} it", list(without)));
                }
                match lack.help {
                    Some(help) => diagnostic.with_help(help),
                    None => diagnostic,
                }
            }
            Content::Told(diagnostic) if without.is_empty() => *diagnostic,
            Content::Told(diagnostic) => {
                let note = format!("so says Linux {}, but not {}", list(with), list(without));
                diagnostic.with_note(note)
            }
        }
    }
}

/// `5.10`, `5.10 and 6.1`, `5.10, 6.1 and 6.12`.
fn list(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
