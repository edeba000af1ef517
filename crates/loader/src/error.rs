//! What can go wrong between an object and a running program.

use crate::Errno;
use crate::explain::{self, Explanation};
use crate::load::Shape;
use crate::log::Rejection;
use bpfc_base::codes::{Code, btf, load, object};
use bpfc_base::{Diagnostic, Span};
use bpfc_btf::BtfError;
use bpfc_object::{CoreApplyError, LinkError};
use std::path::PathBuf;

/// Whose fault an error is, which decides the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The program's: 1.
    Program,
    /// The command's: 2.
    Usage,
    /// The machine's or the user's rights: 3.
    Environment,
}

/// Why something could not be loaded, attached, run or read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A system call failed.
    #[error("cannot {operation} {subject}: {errno}")]
    System {
        /// What was tried, such as `read`.
        operation: &'static str,
        /// On what.
        subject: String,
        /// Why not.
        errno: Errno,
    },
    /// A file of the system cannot be read.
    #[error("cannot read `{}`: {errno}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        errno: Errno,
    },
    /// A file of the system does not say what it should.
    #[error("`{}` is malformed: {what}", path.display())]
    MalformedFile {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A map cannot be created or filled.
    #[error("map `{name}` cannot be {what}: {errno}{reason}", reason = because(reason))]
    Map {
        /// Its name.
        name: String,
        /// `created`, `filled`, ….
        what: &'static str,
        /// What the kernel says.
        errno: Errno,
        /// What that means here.
        reason: Option<String>,
        /// What to do, the best first.
        helps: Vec<String>,
        /// Its name in the source.
        span: Span,
    },
    /// A map is pinned where an object shares one, and it is not what the object would make.
    #[error("map `{name}` cannot be shared: another map is pinned at `{}`", path.display())]
    OtherShape {
        /// Its name in the object.
        name: String,
        /// Where the other one is.
        path: PathBuf,
        /// What it is.
        found: Shape,
        /// What the object would make.
        wanted: Shape,
        /// Its name in the source.
        span: Span,
    },
    /// The verifier rejects a program.
    #[error("the kernel rejects `{}`: {}", .0.program, .0.message)]
    Rejected(Box<Rejection>),
    /// The kernel does not load a program, and not because of its instructions.
    #[error("program `{program}` cannot be loaded: {errno}{reason}", reason = because(reason))]
    Program {
        /// Its name.
        program: String,
        /// What the kernel says.
        errno: Errno,
        /// What that means here.
        reason: Option<String>,
        /// What to do, the best first.
        helps: Vec<String>,
        /// Its name in the source.
        span: Span,
    },
    /// The program needs what this kernel does not have.
    #[error("{needed} needs {feature}, which this kernel does not have")]
    Missing {
        /// Who needs it.
        needed: String,
        /// What.
        feature: String,
        /// Where the source asks for it.
        span: Span,
    },
    /// The object needs what this loader cannot do.
    #[error("{subject} cannot be loaded: {what}")]
    Unsupported {
        /// What part of the object.
        subject: String,
        /// Why.
        what: String,
        /// Where the source asks for it.
        span: Span,
    },
    /// A CO-RE relocation makes no sense.
    #[error("{error}")]
    Core {
        /// What is wrong, and in which function.
        #[source]
        error: CoreApplyError,
        /// The instruction's source.
        span: Span,
    },
    /// The program cannot be linked.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// Types are broken: the object's, or the kernel's.
    #[error("BTF of {of}: {error}")]
    Btf {
        /// Whose.
        of: String,
        /// What is wrong.
        error: BtfError,
    },
    /// The text of an attach point.
    #[error("invalid attach point `{text}`: {problem}")]
    BadSpec {
        /// As given.
        text: String,
        /// What is wrong.
        problem: String,
    },
    /// The attach point does not exist.
    #[error("there is no {kind} `{name}`{guess}", guess = guess(candidate))]
    NoTarget {
        /// `network interface`, `tracepoint`, `kernel function`, ….
        kind: &'static str,
        /// The name given.
        name: String,
        /// What may have been meant.
        candidate: Option<String>,
    },
    /// The kernel does not attach the program.
    #[error("`{program}` cannot be attached to {spec}: {reason}{errno}", errno = in_words(errno))]
    Attach {
        /// The program.
        program: String,
        /// Where to.
        spec: String,
        /// Why not.
        reason: String,
        /// What the kernel says, if it was asked.
        errno: Option<Errno>,
        /// What to do, the best first.
        helps: Vec<String>,
    },
}

fn because(reason: &Option<String>) -> String {
    reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"))
}

fn guess(candidate: &Option<String>) -> String {
    candidate.as_ref().map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

fn in_words(errno: &Option<Errno>) -> String {
    errno.as_ref().map_or_else(String::new, |errno| format!(" ({errno})"))
}

impl LoadError {
    /// The code of its diagnostic.
    pub fn code(&self) -> Code {
        match self {
            // Where pins go is no matter of rights: only a bpffs takes them.
            LoadError::System { operation: "pin", errno, .. }
                if !errno.is_unsupported() || *errno == Errno::EOPNOTSUPP =>
            {
                load::E0913
            }
            LoadError::System { errno, .. } if errno.is_permission() => load::E0902,
            LoadError::Map { errno, .. } if errno.is_permission() => load::E0902,
            LoadError::Program { errno, .. } if errno.is_permission() => load::E0902,
            LoadError::System { errno, .. } | LoadError::Program { errno, .. }
                if errno.is_shortage() =>
            {
                load::E0913
            }
            LoadError::System { .. } | LoadError::Program { .. } | LoadError::Missing { .. } => {
                load::E0903
            }
            LoadError::File { .. } | LoadError::MalformedFile { .. } => load::E0901,
            LoadError::Map { .. } => load::E0907,
            LoadError::OtherShape { .. } => load::E0925,
            LoadError::Rejected(rejection) => rejection.code(),
            LoadError::Unsupported { .. } => object::E0802,
            LoadError::Core { .. } => btf::E0603,
            LoadError::Link(_) => object::E0803,
            LoadError::Btf { .. } => btf::E0601,
            LoadError::BadSpec { .. } | LoadError::NoTarget { .. } => load::E0906,
            LoadError::Attach { errno, .. } => match errno {
                Some(errno) if errno.is_permission() => load::E0902,
                _ => load::E0905,
            },
        }
    }

    /// With one more thing to do, the best of all.
    pub(crate) fn with_help(mut self, help: String) -> LoadError {
        if let LoadError::Attach { helps, .. } = &mut self {
            helps.insert(0, help);
        }
        self
    }

    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            LoadError::Rejected(_)
            | LoadError::Unsupported { .. }
            | LoadError::Core { .. }
            | LoadError::Link(_)
            | LoadError::Btf { .. } => Fault::Program,
            LoadError::BadSpec { .. } => Fault::Usage,
            _ => Fault::Environment,
        }
    }

    /// What the kernel answered, if it was asked.
    pub fn errno(&self) -> Option<Errno> {
        match self {
            LoadError::System { errno, .. }
            | LoadError::File { errno, .. }
            | LoadError::Map { errno, .. }
            | LoadError::Program { errno, .. } => Some(*errno),
            LoadError::Rejected(rejection) => Some(rejection.errno),
            LoadError::Attach { errno, .. } => *errno,
            _ => None,
        }
    }

    /// The same for people, with its place in the source where there is one.
    pub fn to_diagnostic(&self) -> Diagnostic {
        let span = match self {
            LoadError::Rejected(rejection) => return rejection.to_diagnostic(),
            LoadError::Map { span, .. }
            | LoadError::OtherShape { span, .. }
            | LoadError::Program { span, .. }
            | LoadError::Missing { span, .. }
            | LoadError::Unsupported { span, .. }
            | LoadError::Core { span, .. } => *span,
            _ => Span::NONE,
        };
        let mut diagnostic = Diagnostic::new(self.code(), span, self.to_string());
        let explanation = self.explanation();
        if let Some(reason) = explanation.reason {
            diagnostic = diagnostic.with_note(reason);
        }
        for help in explanation.helps {
            diagnostic = diagnostic.with_help(help);
        }
        diagnostic
    }

    /// What the message does not say yet.
    fn explanation(&self) -> Explanation {
        let helps = match self {
            LoadError::Map { helps, .. }
            | LoadError::Program { helps, .. }
            | LoadError::Attach { helps, .. } => helps.clone(),
            LoadError::System { operation, subject, errno } => {
                return explain::in_file(operation, subject, *errno);
            }
            LoadError::File { path, errno } => {
                return explain::in_file("read", &path.to_string_lossy(), *errno);
            }
            LoadError::OtherShape { path, found, wanted, .. } => {
                return Explanation {
                    reason: Some(format!("pinned: {found}; in the program: {wanted}")),
                    helps: vec![
                        "define the map as the pinned one, or give it another name".to_owned(),
                        format!("if nobody needs the pinned map: `rm {}`", path.display()),
                    ],
                };
            }
            LoadError::Missing { .. } => {
                vec!["`bpfc features` shows what this kernel has, and why not".to_owned()]
            }
            LoadError::BadSpec { .. } => vec![SHAPES.to_owned()],
            _ => Vec::new(),
        };
        Explanation { reason: None, helps }
    }
}

/// How attach points are written.
const SHAPES: &str = "attach points are xdp:IFACE[:native|generic|offload], tc:IFACE[:ingress|egress], \
                 tp:CATEGORY:EVENT, raw_tp:NAME, tp_btf:NAME, kprobe:FUNCTION, kretprobe:FUNCTION, \
                 ksyscall:NAME, fentry:FUNCTION, fexit:FUNCTION, lsm:HOOK, iter:OBJECTS, \
                 uprobe:FILE:SYMBOL, uretprobe:FILE:SYMBOL, usdt:FILE:PROVIDER:NAME, socket[:IFACE], \
                 perf_event[:COUNTER][:RATE], cgroup:PATH, netns[:PATH], sockmap[:MAP], netkit:IFACE, \
                 netfilter:FAMILY:HOOK, route:PREFIX,dev=IFACE, reuseport:PID:FD, \
                 freplace:PROGRAM_ID:FUNCTION; `docs/attaching.md` tells of all";
