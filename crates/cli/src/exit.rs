//! Exit statuses.

use bpfc_base::{Diagnostic, Severity, codes};

/// How a command ended; the numbers are documented in `bpfc --help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Everything was fine, warnings aside.
    Fine = 0,
    /// The program has errors.
    Diagnostics = 1,
    /// The command line is wrong. clap reports most of these by itself.
    Usage = 2,
    /// The machine cannot do it: files, permissions, missing kernel features.
    Environment = 3,
}

impl Exit {
    /// What the worst of `diagnostics` means.
    pub fn of(diagnostics: &[Diagnostic]) -> Self {
        let errors = diagnostics.iter().filter(|d| d.severity == Severity::Error);
        errors.map(of_error).max().unwrap_or(Exit::Fine)
    }
}

fn of_error(error: &Diagnostic) -> Exit {
    let of_environment = [
        codes::btf::E0604,
        codes::load::E0901,
        codes::load::E0902,
        codes::load::E0903,
        codes::load::E0905,
        codes::load::E0907,
        codes::load::E0912,
        codes::load::E0913,
        codes::load::E0925,
    ];
    if of_environment.contains(&error.code) { Exit::Environment } else { Exit::Diagnostics }
}
