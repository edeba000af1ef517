//! Attach points as text: `xdp:eth0`, `tp:sched:sched_switch`, `kprobe:do_unlinkat`, ….

mod network;
mod options;
mod perf;
mod tracing;

pub use network::{
    CgroupMode, Direction, Family, NetfilterHook, NetworkSpec, Position, RedirectValue, TcPlace,
    XdpMode,
};
pub use options::{Order, TraceOptions};
pub use perf::{Counter, SampleRate};
pub(crate) use tracing::is_pattern;
pub use tracing::{ProbePoint, TracePlace, TraceSpec};

use crate::LoadError;
use crate::load::kind::ProgKind;
use bpfc_kabi::{ProgType, parse_section};
use std::fmt;
use std::str::FromStr;

/// Where to attach a program.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AttachSpec {
    /// What watches the kernel and processes.
    Trace(TraceSpec),
    /// What works on packets, sockets and control groups.
    Network(NetworkSpec),
}

/// Why a program cannot be attached without being told where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoDefault {
    /// It says what but not where.
    #[error("say where to attach `{program}`: --attach {program}={shape}")]
    NeedsPlace {
        /// The program.
        program: String,
        /// What to write, such as `xdp:IFACE`.
        shape: &'static str,
    },
    /// There is no place for it, or none that this loader knows.
    #[error("`{program}` cannot be attached: {reason}")]
    NotAttachable {
        /// The program.
        program: String,
        /// Why.
        reason: String,
    },
}

/// What the section of a program says of its place.
enum Default {
    /// Everything.
    Spec(AttachSpec),
    /// What, but not where: what to write.
    Needs(&'static str),
    /// It goes nowhere.
    Nowhere(String),
}

impl FromStr for AttachSpec {
    type Err = LoadError;

    fn from_str(text: &str) -> Result<AttachSpec, LoadError> {
        parse(text).map_err(|problem| LoadError::BadSpec { text: text.into(), problem })
    }
}

fn parse(text: &str) -> Result<AttachSpec, String> {
    let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
    let words = Words { kind, rest };
    if let Some(spec) = network::parse(words)? {
        return Ok(AttachSpec::Network(spec));
    }
    match tracing::parse(words)? {
        Some(spec) => Ok(AttachSpec::Trace(spec)),
        None => Err(format!("`{kind}` is no kind of attach point")),
    }
}

/// `KIND:REST`.
#[derive(Clone, Copy)]
struct Words<'t> {
    kind: &'t str,
    rest: &'t str,
}

impl<'t> Words<'t> {
    /// What follows the kind, which needs it.
    fn some(self, what: &str) -> Result<&'t str, String> {
        match self.rest {
            "" => Err(format!("`{0}` needs {what}: `{0}:…`", self.kind)),
            rest => Ok(rest),
        }
    }
}

/// The text that reads back as the same.
impl fmt::Display for AttachSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AttachSpec::Trace(spec) => spec.fmt(f),
            AttachSpec::Network(spec) => spec.fmt(f),
        }
    }
}

impl AttachSpec {
    /// Where a program goes that is loaded as `kind`, by its section or BCC name.
    ///
    /// # Errors
    /// [`NoDefault`]: the user has to say, or it goes nowhere.
    pub fn of(program: &str, kind: &ProgKind) -> Result<AttachSpec, NoDefault> {
        let found = tracing::default(kind).or_else(|| network::default(kind));
        let program = program.to_owned();
        match found {
            Some(Default::Spec(spec)) => Ok(spec),
            Some(Default::Needs(shape)) => Err(NoDefault::NeedsPlace { program, shape }),
            Some(Default::Nowhere(reason)) => Err(NoDefault::NotAttachable { program, reason }),
            None => {
                let reason = format!("{} is not attached by this loader", kind.prog_type.name());
                Err(NoDefault::NotAttachable { program, reason })
            }
        }
    }

    /// What a program has to be loaded as to go there. `declared` is what its section says: kept
    /// if it fits, replaced otherwise; the verifier then says whether the program's use of its
    /// context fits.
    pub fn kind(&self, declared: Option<&ProgKind>) -> ProgKind {
        match self {
            AttachSpec::Trace(spec) => spec.kind(declared),
            AttachSpec::Network(spec) => spec.kind(declared),
        }
    }
}

/// What the section `section` without a target stands for, unless `declared` is of one of `types`.
fn fitting(declared: Option<&ProgKind>, types: &[ProgType], section: &str) -> ProgKind {
    let fits = declared.filter(|kind| types.contains(&kind.prog_type));
    fits.cloned().unwrap_or_else(|| declared_by(section))
}

fn declared_by(section: &str) -> ProgKind {
    let matched = parse_section(section).expect("a section of the table");
    ProgKind {
        attach_type: matched.def.attach,
        section: matched.def.name,
        is_attach_optional: matched.def.flags.is_attach_optional,
        is_sleepable: matched.def.flags.is_sleepable,
        is_btf_target: matched.def.flags.is_btf_target,
        has_xdp_frags: matched.def.flags.has_xdp_frags,
        ..ProgKind::new(matched.def.prog)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bpfc_object::Function;

    #[test]
    fn texts_read_back() {
        for text in [
            "xdp:eth0",
            "xdp:eth0.5:native",
            "xdp:a:generic",
            "tc:eth0:ingress",
            "tc:eth0:egress",
            "tp:sched:sched_switch",
            "raw_tp:sched_switch",
            "kprobe:do_unlinkat",
            "kprobe:f+0x10",
            "kretprobe:f",
            "uprobe:/bin/sh:main+0x4",
            "uprobe:/bin/sh:0x4",
            "uretprobe:/bin/a:b:main",
            "socket",
            "socket:lo",
            "perf_event:cpu-clock:99",
            "cgroup:/sys/fs/cgroup/a",
            "cgroup:/a,hook=egress,mode=multi",
            "xdp:a:offload",
            "tcx:eth0:egress,before=7",
            "tcx:eth0:ingress,first=1",
            "clsact:eth0:ingress",
            "clsact:eth0:ingress,prio=10,handle=0x3",
            "netkit:nk0",
            "netkit:nk0:peer,after=3",
            "reuseport:12:3",
            "reuseport:self:3",
            "sockmap",
            "sockmap:/sys/fs/bpf/socks",
            "devmap:ports,key=1,dev=eth0",
            "cpumap:cpus,key=0,size=64",
            "netfilter:ipv4:local_in,prio=-100",
            "netfilter:ipv6:forward,prio=5,defrag=1",
            "route:10.1.0.0/16,dev=eth0,via=10.0.0.1,table=7",
            "route:fc00::/64,dev=eth0",
            "struct_ops",
            "freplace:12:subprog",
            "run",
            "netns:/proc/self/ns/net",
            "section",
        ] {
            let spec: AttachSpec = text.parse().unwrap();
            assert_eq!(spec.to_string(), text);
        }
        let short: AttachSpec = "tc:lo".parse().unwrap();
        assert_eq!(short.to_string(), "tc:lo:ingress");
    }

    #[test]
    fn mistakes_are_named() {
        for (text, problem) in [
            ("xdp", "`xdp` needs an interface"),
            ("xdp:lo:fast", "`fast` is neither native nor generic"),
            ("tp:sched", "`sched` is not CATEGORY:EVENT"),
            ("kretprobe:f+8", "a return has no offset"),
            ("kprobe:f+x", "`x` is no offset"),
            ("uprobe:/bin/sh", "`/bin/sh` is not FILE:SYMBOL"),
            ("perf_event:0", "`0` is no frequency"),
            ("tc:lo:up", "`up` is neither ingress nor egress"),
            ("tc:lo,prio=1,first=1", "not both"),
            ("tcx:lo,prio=1", "`prio` is no option: there is first, before and after"),
            ("clsact:lo,prio=x", "`x` is no prio"),
            ("xdp:lo,prio=1", "`prio` is no option"),
            ("cgroup:/a,mode=x", "`x` is no mode"),
            ("devmap:m,key=1", "say by which interface"),
            ("netfilter:ipv4:in", "`in` is no hook of netfilter"),
            ("route:10.0.0.0/33,dev=a", "is not ADDRESS/BITS"),
            ("route:10.0.0.0/8,dev=a,via=::1", "different families"),
            ("freplace:x:f", "is not PROGRAM_ID:FUNCTION"),
            ("kprob:f", "`kprob` is no kind"),
            ("", "`` is no kind"),
        ] {
            let error = text.parse::<AttachSpec>().unwrap_err();
            assert!(error.to_string().contains(problem), "{error}");
        }
    }

    fn default(section: &str, name: &str) -> Result<String, NoDefault> {
        let function =
            Function { name: name.into(), section: section.into(), ..Function::default() };
        let kind = ProgKind::of(&function).unwrap();
        AttachSpec::of(name, &kind).map(|spec| spec.to_string())
    }

    #[test]
    fn sections_have_defaults() {
        for (section, spec) in [
            ("tp/sched/sched_switch", "tp:sched:sched_switch"),
            ("raw_tp/sys_enter", "raw_tp:sys_enter"),
            ("kprobe/f+0x8", "kprobe:f+0x8"),
            ("kretprobe/f", "kretprobe:f"),
            ("ksyscall/clone", "ksyscall:clone"),
            ("uretprobe//bin/sh:main", "uretprobe:/bin/sh:main"),
            ("socket", "socket"),
            ("fentry/do_unlinkat", "fentry:do_unlinkat"),
            ("iter/task", "iter:task"),
            ("kprobe.multi/f*", "kprobe.multi:f*"),
            ("uprobe.multi.s//bin/sh:f*", "uprobe.multi:/bin/sh:f*"),
            ("usdt/c:libc:setjmp", "usdt:c:libc:setjmp"),
            ("lsm.s/file_open", "lsm.s:file_open"),
            ("raw_tp.w/x", "raw_tp:x"),
            ("sk_lookup", "netns:/proc/self/ns/net"),
        ] {
            assert_eq!(default(section, "f"), Ok(spec.into()));
        }
        assert_eq!(default("x", "kprobe__sys_clone"), Ok("kprobe:sys_clone".into()));
        let needs = default("xdp", "count").unwrap_err();
        let text = "say where to attach `count`: --attach count=xdp:IFACE";
        assert_eq!(needs.to_string(), text);
        assert_eq!(default("syscall", "f"), Ok("run".into()));
        assert_eq!(default("sk_msg", "f"), Ok("sockmap".into()));
        assert!(default("lirc_mode2", "f").is_err());
        assert!(default("fentry.multi/f*", "f").is_err());
    }

    #[test]
    fn overrides_change_the_type_where_needed() {
        let probe = declared_by("kprobe");
        let raw: AttachSpec = "raw_tp:sched_switch".parse().unwrap();
        assert_eq!(raw.kind(Some(&probe)).prog_type, ProgType::RawTracepoint);
        let same: AttachSpec = "kprobe:f".parse().unwrap();
        assert_eq!(same.kind(Some(&probe)), probe);
    }
}
