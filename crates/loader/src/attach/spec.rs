//! Attach points as text: `xdp:eth0`, `tp:sched:sched_switch`, `kprobe:do_unlinkat`, ….

use crate::LoadError;
use crate::load::kind::ProgKind;
use bpfc_kabi::{AttachType, ProgType, parse_section};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where to attach a program.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AttachSpec {
    /// `xdp:IFACE[:native|generic]`: packets as they arrive.
    Xdp {
        /// The interface.
        interface: String,
        /// Where in the path of the packet.
        mode: XdpMode,
    },
    /// `tc:IFACE[:ingress|egress]`: packets before or after the network stack.
    Tc {
        /// The interface.
        interface: String,
        /// Which way.
        direction: Direction,
    },
    /// `tp:CATEGORY:EVENT`: a tracepoint.
    Tracepoint {
        /// Such as `sched`.
        category: String,
        /// Such as `sched_switch`.
        event: String,
    },
    /// `raw_tp:NAME`: a tracepoint with the kernel's own arguments.
    RawTracepoint {
        /// Such as `sched_switch`.
        name: String,
    },
    /// `kprobe:FUNCTION[+OFFSET]`, `kretprobe:FUNCTION`: a kernel function.
    Kprobe {
        /// The function; for a system call also `sys_NAME`.
        function: String,
        /// Bytes after its entry.
        offset: u64,
        /// Its entry or its return.
        point: ProbePoint,
    },
    /// `uprobe:PATH:SYMBOL[+OFFSET]`, `uprobe:PATH:0xOFFSET`, `uretprobe:…`: a function in a file.
    Uprobe {
        /// The program or library.
        path: PathBuf,
        /// The function; empty for a bare offset in the file.
        symbol: String,
        /// Bytes after the function's entry, or in the file.
        offset: u64,
        /// Its entry or its return.
        point: ProbePoint,
    },
    /// `socket[:IFACE]`: a raw socket that sees the packets of one or all interfaces.
    Socket {
        /// The interface.
        interface: Option<String>,
    },
    /// `perf_event[:HZ]`: the CPU clock of every CPU.
    PerfEvent {
        /// How often.
        frequency_hz: u64,
    },
    /// `cgroup:PATH`: the processes of a control group, at the hook that the program is made for.
    Cgroup {
        /// Its folder in a cgroup v2 file system.
        path: PathBuf,
    },
    /// `netns[:PATH]`: a network namespace, this process's own if none is given.
    Netns {
        /// A file that stands for it.
        path: PathBuf,
    },
    /// `section`: the function, hook or tracepoint for which the program was loaded (`fentry`,
    /// `fexit`, `lsm`, `tp_btf`).
    Loaded,
}

/// Where in the path of a packet an XDP program runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum XdpMode {
    /// In the driver if it can, else generic.
    #[default]
    Auto,
    /// In the driver.
    Native,
    /// In the network stack, for any driver.
    Generic,
}

/// Which packets of an interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Those that arrive.
    #[default]
    Ingress,
    /// Those that leave.
    Egress,
}

/// Which end of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProbePoint {
    /// When it is called.
    Entry,
    /// When it returns.
    Return,
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

/// Samples a second where none are asked for: not a multiple of usual periods.
const DEFAULT_HZ: u64 = 99;
const OWN_NETNS: &str = "/proc/self/ns/net";

impl FromStr for AttachSpec {
    type Err = LoadError;

    fn from_str(text: &str) -> Result<AttachSpec, LoadError> {
        parse(text).map_err(|problem| LoadError::BadSpec { text: text.into(), problem })
    }
}

fn parse(text: &str) -> Result<AttachSpec, String> {
    let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
    let some = |what: &str| match rest {
        "" => Err(format!("`{kind}` needs {what}: `{kind}:…`")),
        rest => Ok(rest),
    };
    Ok(match kind {
        "xdp" => {
            let rest = some("an interface")?;
            let (interface, mode) = match rest.rsplit_once(':') {
                Some((interface, "native" | "driver")) => (interface, XdpMode::Native),
                Some((interface, "generic" | "skb")) => (interface, XdpMode::Generic),
                Some((interface, "auto")) => (interface, XdpMode::Auto),
                Some((_, mode)) => return Err(format!("`{mode}` is neither native nor generic")),
                None => (rest, XdpMode::Auto),
            };
            let interface = interface.to_owned();
            AttachSpec::Xdp { interface, mode }
        }
        "tc" | "tcx" => {
            let rest = some("an interface")?;
            let (interface, direction) = match rest.rsplit_once(':') {
                Some((interface, "ingress")) => (interface, Direction::Ingress),
                Some((interface, "egress")) => (interface, Direction::Egress),
                Some((_, other)) => return Err(format!("`{other}` is neither ingress nor egress")),
                None => (rest, Direction::Ingress),
            };
            let interface = interface.to_owned();
            AttachSpec::Tc { interface, direction }
        }
        "tp" | "tracepoint" => {
            let rest = some("a category and an event")?;
            let (category, event) = (rest.split_once([':', '/']))
                .ok_or_else(|| format!("`{rest}` is not CATEGORY:EVENT"))?;
            AttachSpec::Tracepoint { category: category.into(), event: event.into() }
        }
        "raw_tp" | "raw_tracepoint" => {
            AttachSpec::RawTracepoint { name: some("a tracepoint")?.into() }
        }
        "kprobe" => kprobe(some("a function")?, ProbePoint::Entry)?,
        "kretprobe" => kprobe(some("a function")?, ProbePoint::Return)?,
        "uprobe" => uprobe(some("a file and a function")?, ProbePoint::Entry)?,
        "uretprobe" => uprobe(some("a file and a function")?, ProbePoint::Return)?,
        "socket" => {
            AttachSpec::Socket { interface: Some(rest.to_owned()).filter(|name| !name.is_empty()) }
        }
        "perf_event" => AttachSpec::PerfEvent {
            frequency_hz: match rest {
                "" => DEFAULT_HZ,
                rest => {
                    let hz = rest.parse().ok().filter(|hz| *hz > 0);
                    hz.ok_or_else(|| format!("`{rest}` is no frequency"))?
                }
            },
        },
        "cgroup" => AttachSpec::Cgroup { path: some("a folder")?.into() },
        "netns" => {
            AttachSpec::Netns { path: if rest.is_empty() { OWN_NETNS } else { rest }.into() }
        }
        "section" => AttachSpec::Loaded,
        kind => return Err(format!("`{kind}` is no kind of attach point")),
    })
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// `name+offset`, or the name alone.
fn with_offset(text: &str) -> Result<(&str, u64), String> {
    match text.rsplit_once('+') {
        None => Ok((text, 0)),
        Some((name, offset)) => match number(offset) {
            Some(number) => Ok((name, number)),
            None => Err(format!("`{offset}` is no offset")),
        },
    }
}

fn kprobe(text: &str, point: ProbePoint) -> Result<AttachSpec, String> {
    let (function, offset) = with_offset(text)?;
    if offset != 0 && point == ProbePoint::Return {
        return Err("a return has no offset".into());
    }
    Ok(AttachSpec::Kprobe { function: function.into(), offset, point })
}

fn uprobe(text: &str, point: ProbePoint) -> Result<AttachSpec, String> {
    let (path, place) = (text.rsplit_once(':'))
        .filter(|(path, place)| !path.is_empty() && !place.is_empty())
        .ok_or_else(|| format!("`{text}` is not PATH:SYMBOL"))?;
    let (symbol, offset) = match number(place) {
        Some(offset) => ("", offset),
        None => with_offset(place)?,
    };
    Ok(AttachSpec::Uprobe { path: path.into(), symbol: symbol.into(), offset, point })
}

/// The text that reads back as the same.
impl fmt::Display for AttachSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = |point: &ProbePoint| match point {
            ProbePoint::Entry => "",
            ProbePoint::Return => "ret",
        };
        match self {
            AttachSpec::Xdp { interface, mode } => match mode {
                XdpMode::Auto => write!(f, "xdp:{interface}"),
                XdpMode::Native => write!(f, "xdp:{interface}:native"),
                XdpMode::Generic => write!(f, "xdp:{interface}:generic"),
            },
            AttachSpec::Tc { interface, direction } => match direction {
                Direction::Ingress => write!(f, "tc:{interface}:ingress"),
                Direction::Egress => write!(f, "tc:{interface}:egress"),
            },
            AttachSpec::Tracepoint { category, event } => write!(f, "tp:{category}:{event}"),
            AttachSpec::RawTracepoint { name } => write!(f, "raw_tp:{name}"),
            AttachSpec::Kprobe { function, offset, point } => match offset {
                0 => write!(f, "k{}probe:{function}", prefix(point)),
                offset => write!(f, "k{}probe:{function}+{offset:#x}", prefix(point)),
            },
            AttachSpec::Uprobe { path, symbol, offset, point } => {
                write!(f, "u{}probe:{}:", prefix(point), path.display())?;
                match (symbol.as_str(), offset) {
                    ("", offset) => write!(f, "{offset:#x}"),
                    (symbol, 0) => write!(f, "{symbol}"),
                    (symbol, offset) => write!(f, "{symbol}+{offset:#x}"),
                }
            }
            AttachSpec::Socket { interface: None } => write!(f, "socket"),
            AttachSpec::Socket { interface: Some(name) } => write!(f, "socket:{name}"),
            AttachSpec::PerfEvent { frequency_hz } => write!(f, "perf_event:{frequency_hz}"),
            AttachSpec::Cgroup { path } => write!(f, "cgroup:{}", path.display()),
            AttachSpec::Netns { path } => write!(f, "netns:{}", path.display()),
            AttachSpec::Loaded => write!(f, "section"),
        }
    }
}

impl AttachSpec {
    /// Where a program goes that is loaded as `kind`, by its section or BCC name.
    ///
    /// # Errors
    /// [`NoDefault`]: the user has to say, or it goes nowhere.
    pub fn of(program: &str, kind: &ProgKind) -> Result<AttachSpec, NoDefault> {
        let needs = |shape| NoDefault::NeedsPlace { program: program.into(), shape };
        let nowhere = |reason: String| NoDefault::NotAttachable { program: program.into(), reason };
        let target = kind.target.as_str();
        let bad = |problem| nowhere(format!("`{target}`: {problem}"));
        if kind.section.contains(".multi") || kind.section.contains("session") {
            return Err(nowhere(format!("`{}` is not supported", kind.section)));
        }
        match kind.prog_type {
            ProgType::Xdp if kind.attach_type == Some(AttachType::Xdp) => Err(needs("xdp:IFACE")),
            ProgType::SchedCls => Err(needs("tc:IFACE:ingress|egress")),
            ProgType::SocketFilter => Ok(AttachSpec::Socket { interface: None }),
            ProgType::Tracepoint => match target.split_once('/') {
                Some((category, event)) => {
                    Ok(AttachSpec::Tracepoint { category: category.into(), event: event.into() })
                }
                None => Err(needs("tp:CATEGORY:EVENT")),
            },
            ProgType::RawTracepoint | ProgType::RawTracepointWritable => match target {
                "" => Err(needs("raw_tp:NAME")),
                name => Ok(AttachSpec::RawTracepoint { name: name.into() }),
            },
            ProgType::Kprobe => {
                let point = match kind.section.contains("ret") {
                    true => ProbePoint::Return,
                    false => ProbePoint::Entry,
                };
                match (kind.section.split('.').next().unwrap_or(""), target) {
                    ("kprobe" | "kretprobe", "") => Err(needs("kprobe:FUNCTION")),
                    ("kprobe" | "kretprobe", target) => kprobe(target, point).map_err(bad),
                    ("ksyscall" | "kretsyscall", call) if !call.is_empty() => {
                        kprobe(&format!("sys_{call}"), point).map_err(bad)
                    }
                    ("uprobe" | "uretprobe", target) if !target.is_empty() => {
                        uprobe(target, point).map_err(bad)
                    }
                    ("uprobe" | "uretprobe", _) => Err(needs("uprobe:PATH:SYMBOL")),
                    (section, _) => Err(nowhere(format!("`{section}` is not supported"))),
                }
            }
            ProgType::PerfEvent => Ok(AttachSpec::PerfEvent { frequency_hz: DEFAULT_HZ }),
            ProgType::Tracing | ProgType::Lsm
                if kind.attach_type != Some(AttachType::TraceIter) =>
            {
                Ok(AttachSpec::Loaded)
            }
            ProgType::SkLookup | ProgType::FlowDissector => {
                Ok(AttachSpec::Netns { path: OWN_NETNS.into() })
            }
            ty if is_cgroup(ty) => Err(needs("cgroup:PATH")),
            ty => Err(nowhere(format!("{} is not attached by this loader", ty.name()))),
        }
    }

    /// What a program has to be loaded as to go there. `declared` is what its section says: kept
    /// if it fits, replaced otherwise; the verifier then says whether the program's use of its
    /// context fits.
    pub fn kind(&self, declared: Option<&ProgKind>) -> ProgKind {
        let (types, section): (&[ProgType], &str) = match self {
            AttachSpec::Xdp { .. } => (&[ProgType::Xdp], "xdp"),
            AttachSpec::Tc { .. } => (&[ProgType::SchedCls, ProgType::SchedAct], "tc"),
            AttachSpec::Tracepoint { .. } => (&[ProgType::Tracepoint], "tracepoint"),
            AttachSpec::RawTracepoint { .. } => {
                (&[ProgType::RawTracepoint, ProgType::RawTracepointWritable], "raw_tp")
            }
            AttachSpec::Kprobe { .. } => (&[ProgType::Kprobe], "kprobe"),
            AttachSpec::Uprobe { .. } => (&[ProgType::Kprobe], "uprobe"),
            AttachSpec::Socket { .. } => (&[ProgType::SocketFilter], "socket"),
            AttachSpec::PerfEvent { .. } => (&[ProgType::PerfEvent], "perf_event"),
            AttachSpec::Cgroup { .. } => {
                let fits = declared.filter(|kind| is_cgroup(kind.prog_type));
                return fits.cloned().unwrap_or_else(|| declared_by("cgroup/skb"));
            }
            AttachSpec::Netns { .. } => {
                (&[ProgType::SkLookup, ProgType::FlowDissector], "sk_lookup")
            }
            AttachSpec::Loaded => (&[ProgType::Tracing, ProgType::Lsm], "fentry"),
        };
        let fits = declared.filter(|kind| types.contains(&kind.prog_type));
        fits.cloned().unwrap_or_else(|| declared_by(section))
    }
}

fn is_cgroup(ty: ProgType) -> bool {
    matches!(
        ty,
        ProgType::CgroupSkb
            | ProgType::CgroupSock
            | ProgType::CgroupSockAddr
            | ProgType::CgroupSockopt
            | ProgType::CgroupSysctl
            | ProgType::CgroupDevice
            | ProgType::SockOps
    )
}

fn declared_by(section: &str) -> ProgKind {
    let matched = parse_section(section).expect("a section of the table");
    ProgKind {
        attach_type: matched.def.attach,
        section: matched.def.name,
        is_attach_optional: matched.def.flags.is_attach_optional,
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
            "perf_event:99",
            "cgroup:/sys/fs/cgroup/a",
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
            ("uprobe:/bin/sh", "`/bin/sh` is not PATH:SYMBOL"),
            ("perf_event:0", "`0` is no frequency"),
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
            ("ksyscall/clone", "kprobe:sys_clone"),
            ("uretprobe//bin/sh:main", "uretprobe:/bin/sh:main"),
            ("socket", "socket"),
            ("fentry/do_unlinkat", "section"),
            ("sk_lookup", "netns:/proc/self/ns/net"),
        ] {
            assert_eq!(default(section, "f"), Ok(spec.into()));
        }
        assert_eq!(default("x", "kprobe__sys_clone"), Ok("kprobe:sys_clone".into()));
        let needs = default("xdp", "count").unwrap_err();
        let text = "say where to attach `count`: --attach count=xdp:IFACE";
        assert_eq!(needs.to_string(), text);
        assert!(default("syscall", "f").is_err());
        assert!(default("kprobe.multi/f*", "f").is_err());
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
