//! What came of a try, and how an error number becomes a verdict with its reason and its remedy.

use super::facts::{Capability, Facts};
use super::helpers::{KernelFunction, kernel_functions};
use crate::Errno;
use crate::explain::{self, Explanation};
use crate::kernel::Kernel;
use bpfc_kabi::KernelVersion;
use std::sync::OnceLock;

/// One thing tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing.
    pub group: Group,
    /// Its short name, such as `hash`, `kprobe.multi` or `bounded_loops`: lower case, no spaces, unique in its group.
    pub name: String,
    /// What it is, where the short name does not say it.
    pub title: Option<&'static str>,
    /// What came of it.
    pub verdict: Verdict,
    /// The release that brought it.
    pub since: Option<KernelVersion>,
}

/// What kind of thing was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// The machine.
    System,
    /// The user's rights and what forbids.
    Rights,
    /// Limits and switches of the kernel.
    Settings,
    /// File systems.
    Mounts,
    /// The kernel's configuration.
    Config,
    /// Instruction set levels and instructions.
    Isa,
    /// Features that are neither types nor helpers.
    Feature,
    /// Kinds of BTF.
    Btf,
    /// Ways to attach.
    Attach,
    /// Program types.
    Program,
    /// Program types whose programs can be run without an event.
    TestRun,
    /// Map types.
    Map,
    /// Iterators over objects of the kernel.
    Iterator,
    /// Structs of operations that programs can implement.
    StructOps,
    /// Helper functions, from any type of program.
    Helper,
    /// Kernel functions, from any type of program.
    Kfunc,
}

impl Group {
    /// All groups in the order in which they are shown.
    pub const ALL: [Group; 16] = [
        Group::System,
        Group::Rights,
        Group::Settings,
        Group::Mounts,
        Group::Config,
        Group::Isa,
        Group::Feature,
        Group::Btf,
        Group::Attach,
        Group::Program,
        Group::TestRun,
        Group::Map,
        Group::Iterator,
        Group::StructOps,
        Group::Helper,
        Group::Kfunc,
    ];

    /// A heading.
    pub fn title(self) -> &'static str {
        match self {
            Group::System => "system",
            Group::Rights => "rights",
            Group::Settings => "settings",
            Group::Mounts => "file systems",
            Group::Config => "kernel configuration",
            Group::Isa => "instruction set",
            Group::Feature => "features",
            Group::Btf => "BTF",
            Group::Attach => "attaching",
            Group::Program => "program types",
            Group::TestRun => "test runs",
            Group::Map => "map types",
            Group::Iterator => "iterators",
            Group::StructOps => "structs of operations",
            Group::Helper => "helpers",
            Group::Kfunc => "kernel functions",
        }
    }

    /// The short name that stands before the `:` of an id.
    pub fn id(self) -> &'static str {
        match self {
            Group::System => "system",
            Group::Rights => "right",
            Group::Settings => "setting",
            Group::Mounts => "mount",
            Group::Config => "config",
            Group::Isa => "isa",
            Group::Feature => "feature",
            Group::Btf => "btf",
            Group::Attach => "attach",
            Group::Program => "program",
            Group::TestRun => "test_run",
            Group::Map => "map",
            Group::Iterator => "iterator",
            Group::StructOps => "struct_ops",
            Group::Helper => "helper",
            Group::Kfunc => "kfunc",
        }
    }
}

/// What came of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It works.
    Yes,
    /// It does not.
    No {
        /// Why not.
        reason: String,
        /// What would change that.
        remedy: Option<String>,
    },
    /// It cannot be told.
    Unknown {
        /// Why not: usually a right is missing to try.
        reason: String,
        /// What would change that.
        remedy: Option<String>,
    },
    /// It is not a matter of yes or no.
    Value {
        /// What it is.
        value: String,
        /// What that means.
        meaning: Option<&'static str>,
    },
}

impl Verdict {
    /// Whether it is known to work. A value is there, too.
    pub fn is_yes(&self) -> bool {
        matches!(self, Verdict::Yes | Verdict::Value { .. })
    }

    /// No, and what would change that.
    pub(super) fn no(
        reason: impl Into<String>,
        remedy: impl Into<Option<&'static str>>,
    ) -> Verdict {
        Verdict::No { reason: reason.into(), remedy: remedy.into().map(str::to_owned) }
    }

    /// Cannot be told.
    pub(super) fn unknown(reason: impl Into<String>) -> Verdict {
        Verdict::Unknown { reason: reason.into(), remedy: None }
    }

    pub(super) fn value(value: impl ToString) -> Verdict {
        Verdict::Value { value: value.to_string(), meaning: None }
    }
}

/// What probing has at hand.
#[derive(Debug)]
pub(super) struct Prober<'a> {
    pub kernel: &'a Kernel,
    facts: OnceLock<Facts>,
    kfuncs: OnceLock<Vec<KernelFunction>>,
}

/// What a thing needs, to say why it is not there.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Needs {
    /// The release that brought it.
    pub since: Option<KernelVersion>,
    /// Options of the configuration.
    pub options: &'static [&'static str],
    /// Capabilities to try it.
    pub capabilities: &'static [Capability],
}

impl<'a> Prober<'a> {
    pub(super) fn new(kernel: &'a Kernel) -> Prober<'a> {
        Prober { kernel, facts: OnceLock::new(), kfuncs: OnceLock::new() }
    }

    pub(super) fn facts(&self) -> &Facts {
        self.facts.get_or_init(|| Facts::read(self.kernel))
    }

    /// The kernel functions for programs.
    pub(super) fn kfuncs(&self) -> &[KernelFunction] {
        self.kfuncs.get_or_init(|| kernel_functions(self.kernel))
    }

    /// The verdict on something that was tried. The verifier's "no" (`EACCES`) is a no, too.
    pub(super) fn judge<T>(&self, outcome: Result<T, Errno>, needs: Needs) -> Verdict {
        match outcome {
            Ok(_) => Verdict::Yes,
            Err(errno) => self.refused(errno, needs),
        }
    }

    /// What a failed system call says about a feature.
    pub(super) fn refused(&self, errno: Errno, needs: Needs) -> Verdict {
        let is_barred = errno == Errno::EPERM || errno == Errno(libc::ENOSYS);
        if is_barred && let Some(verdict) = self.not_there(needs) {
            return verdict;
        }
        if is_barred {
            let Explanation { reason, helps } =
                explain::probing(needs.capabilities, errno, self.facts());
            let reason = reason.unwrap_or_else(|| format!("not permitted ({errno})"));
            return Verdict::Unknown { reason, remedy: helps.into_iter().next() };
        }
        self.absent(needs, &format!("this kernel does not have it ({errno})"))
    }

    /// It is not there: too old, left out, or for a reason unknown.
    pub(super) fn absent(&self, needs: Needs, otherwise: &str) -> Verdict {
        self.not_there(needs)
            .unwrap_or_else(|| Verdict::No { reason: otherwise.to_owned(), remedy: None })
    }

    /// What needs not be tried, as the kernel is too old or was built without it.
    fn not_there(&self, needs: Needs) -> Option<Verdict> {
        if let Some((since, version)) = needs.since.zip(self.kernel.version())
            && since > version
        {
            return Some(Verdict::No {
                reason: format!("it appeared in Linux {since}"),
                remedy: Some(format!("use Linux {since} or newer")),
            });
        }
        self.left_out(needs.options)
    }

    /// The configuration says that an option is missing.
    pub(super) fn left_out(&self, options: &[&str]) -> Option<Verdict> {
        let is_unset = |option: &&&str| self.kernel.config_value(option) == Some("n");
        let option = options.iter().find(is_unset)?;
        Some(Verdict::No {
            reason: format!("this kernel is built without {option}"),
            remedy: Some(format!("use a kernel that is built with {option}")),
        })
    }
}
