//! One program, asked of both.

use super::Result;
use super::objects::Source;
use bpfc_btf::Btf;
use bpfc_kabi::KernelVersion;
use bpfc_loader::{Kernel, LoadError, LoadOptions, config_values, load};
use bpfc_object::{CoreTarget, FuncId, link};
use bpfc_verifier::{Verdict, VerifyOptions, verify};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What somebody says of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opinion {
    /// It may run.
    Accepts,
    /// It may not: why.
    Rejects(String),
    /// Nothing about the program itself: why not.
    Silent(String),
}

/// Both opinions.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Ours.
    pub ours: Opinion,
    /// The kernel's.
    pub kernel: Opinion,
    /// What the program uses that our verifier does not model.
    pub gaps: Vec<String>,
    /// The kernel's log, if it rejects.
    pub log: String,
    /// How long our verifier took.
    pub time: Duration,
}

impl Asked {
    /// Whether both have an opinion, and another one.
    pub fn differs(&self) -> bool {
        matches!(
            (&self.ours, &self.kernel),
            (Opinion::Accepts, Opinion::Rejects(_)) | (Opinion::Rejects(_), Opinion::Accepts)
        ) || matches!(self.ours, Opinion::Silent(_)) && self.kernel != self.ours && self.is_judged()
    }

    /// Whether the kernel has an opinion.
    pub fn is_judged(&self) -> bool {
        !matches!(self.kernel, Opinion::Silent(_))
    }
}

/// Asks our verifier with the rules of the kernel here, and that kernel.
pub struct Judge {
    kernel: Kernel,
    version: KernelVersion,
    types: Option<Arc<Btf>>,
}

/// Parts of messages with which the kernel says what it lacks, or that it is at a loss, not what is wrong with a program.
const ENVIRONMENT: [&str; 11] = [
    "failed to find the address for kernel symbol",
    "failed to find kernel BTF",
    "is not found in vmlinux BTF",
    "not found in kernel BTF",
    "JIT does not support",
    "JIT doesn't support",
    "this kernel was compiled without",
    "CONFIG_DEBUG_INFO_BTF",
    "kernel btf_id",
    "not supported on this architecture",
    // A bug of its own, as it says itself.
    "verifier bug",
];

impl Judge {
    /// For the kernel of this machine.
    pub fn new() -> Result<Judge> {
        let kernel = Kernel::new();
        let version = kernel.version().ok_or("the kernel's version is not known")?;
        let types = std::fs::read("/sys/kernel/btf/vmlinux").ok();
        let types = types.and_then(|bytes| Btf::parse(bytes).ok()).map(Arc::new);
        Ok(Judge { kernel, version, types })
    }

    /// The kernel that was asked.
    pub fn version(&self) -> KernelVersion {
        self.version
    }

    /// Asks both of a program of `source`.
    pub fn ask(&self, source: &Source, func: FuncId) -> Asked {
        let (kernel, log) = self.kernel_says(source, func);
        let began = Instant::now();
        let ours = catch_unwind(AssertUnwindSafe(|| self.we_say(source, func)));
        let time = began.elapsed();
        let (ours, gaps) =
            ours.unwrap_or_else(|_| (Opinion::Silent("our verifier panics".into()), Vec::new()));
        Asked { ours, kernel, gaps, log, time }
    }

    fn we_say(&self, source: &Source, func: FuncId) -> (Opinion, Vec<String>) {
        let mut linked = match link(&source.object, func) {
            Ok(linked) => linked,
            Err(error) => return (Opinion::Silent(error.to_string()), Vec::new()),
        };
        if let (Some(types), Ok(local)) = (&self.types, source.object.open_btf()) {
            // What stays unanswered is poisoned, as for the kernel.
            let _ = CoreTarget::new(&local, vec![types]).apply(&mut linked);
        }
        let options = VerifyOptions {
            kernel: Some(self.version),
            kernel_btf: self.types.clone(),
            config: config_values(&source.object, &self.kernel),
            aligns_strictly: source.prog_flags(func) & 1 != 0,
            keeps_all_states: source.prog_flags(func) & 1 << 3 != 0,
            ..VerifyOptions::default()
        };
        let report = verify(&source.object, &linked, &options, &source.sources);
        let opinion = match report.verdict {
            Verdict::Accepted => Opinion::Accepts,
            Verdict::Rejected => {
                let first = report.diagnostics.first();
                Opinion::Rejects(first.map_or_else(String::new, |diagnostic| {
                    format!("{}: {}", diagnostic.code.name(), diagnostic.message)
                }))
            }
        };
        (opinion, report.gaps)
    }

    fn kernel_says(&self, source: &Source, func: FuncId) -> (Opinion, String) {
        let options = LoadOptions {
            programs: Some(vec![func]),
            prog_flags: source.prog_flags(func),
            ..LoadOptions::default()
        };
        match load(&source.object, &self.kernel, &options) {
            Ok(_) => (Opinion::Accepts, String::new()),
            Err(LoadError::Rejected(rejection)) => {
                let said = rejection.kernel_says.last().cloned().unwrap_or_default();
                let log = rejection.log.clone();
                let is_environment = ENVIRONMENT.iter().any(|part| log.contains(part));
                match is_environment || rejection.missing.is_some() {
                    true => (Opinion::Silent(said), log),
                    false => (Opinion::Rejects(said), log),
                }
            }
            Err(error) => (Opinion::Silent(error.to_string()), String::new()),
        }
    }
}
