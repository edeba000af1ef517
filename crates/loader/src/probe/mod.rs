//! What this kernel and user can do, found by trying it. Versions are no proof: distributions
//! backport, configurations leave out, and rights differ.
//!
//! Everything that is made to try is given back at once.

pub(crate) mod facts;
mod feature;
mod maps;
mod programs;
mod system;

use crate::Errno;
use crate::kernel::Kernel;
use bpfc_kabi::{Helper, KernelVersion, ProgType, helpers};

/// One thing tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing.
    pub group: Group,
    /// Its name, such as `BPF_MAP_TYPE_HASH` or `bounded loops`.
    pub name: String,
    /// What came of it.
    pub verdict: Verdict,
    /// The release that brought it.
    pub since: Option<KernelVersion>,
}

/// What kind of thing was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// The machine and the user's rights.
    System,
    /// Instruction set levels.
    InstructionSet,
    /// Features that are neither types nor helpers.
    Feature,
    /// Ways to attach.
    Attach,
    /// Program types.
    Program,
    /// Map types.
    Map,
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
    },
    /// It cannot be told, as a right is missing to try.
    Unknown {
        /// What is missing.
        reason: String,
    },
    /// It is not a matter of yes or no.
    Value(String),
}

impl Group {
    /// A heading.
    pub fn title(self) -> &'static str {
        match self {
            Group::System => "system",
            Group::InstructionSet => "instruction set",
            Group::Feature => "features",
            Group::Attach => "attaching",
            Group::Program => "program types",
            Group::Map => "map types",
        }
    }
}

impl Verdict {
    /// Whether it is known to work.
    pub fn is_yes(&self) -> bool {
        *self == Verdict::Yes
    }

    fn no(reason: impl Into<String>) -> Verdict {
        Verdict::No { reason: reason.into() }
    }

    /// What a failed system call says about a feature.
    fn refused(errno: Errno) -> Verdict {
        match errno {
            Errno::EPERM | Errno::EACCES => {
                Verdict::Unknown { reason: format!("not permitted ({errno})") }
            }
            errno if errno.is_unsupported() => {
                Verdict::no(format!("this kernel does not have it ({errno})"))
            }
            errno => Verdict::no(errno.to_string()),
        }
    }
}

pub use feature::newest_cpu;

/// Tries everything but helpers, in the order of [`Group`].
pub fn probe(kernel: &Kernel) -> Vec<Finding> {
    let mut findings = system::probe(kernel);
    findings.extend(feature::instruction_sets());
    findings.extend(feature::features(kernel));
    findings.extend(feature::attaching(kernel));
    findings.extend(programs::probe(kernel));
    findings.extend(maps::probe(kernel));
    findings
}

/// Tries to call every helper from a program of type `ty`; those that this kernel lets it call.
/// `None` if such programs cannot be loaded at all.
pub fn probe_helpers(kernel: &Kernel, ty: ProgType) -> Option<Vec<&'static Helper>> {
    let known = helpers().iter();
    let results = known.map(|helper| Some((helper, programs::may_call(kernel, ty, helper.id)?)));
    let results: Option<Vec<_>> = results.collect();
    let callable = results?.into_iter().filter(|(_, may)| *may);
    Some(callable.map(|(helper, _)| helper).collect())
}
