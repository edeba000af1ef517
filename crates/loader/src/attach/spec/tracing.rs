//! Attach points that watch the kernel and processes.

use super::{Default, Words, fitting};
use crate::attach::AttachSpec;
use crate::load::kind::ProgKind;
use bpfc_kabi::{AttachType, ProgType};
use std::fmt;
use std::path::PathBuf;

/// Where to attach a program that watches.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TraceSpec {
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
    /// `perf_event[:HZ]`: the CPU clock of every CPU.
    PerfEvent {
        /// How often.
        frequency_hz: u64,
    },
    /// `section`: the function, hook or tracepoint for which the program was loaded (`fentry`,
    /// `fexit`, `lsm`, `tp_btf`).
    Loaded,
}

/// Which end of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProbePoint {
    /// When it is called.
    Entry,
    /// When it returns.
    Return,
}

/// Samples a second where none are asked for: not a multiple of usual periods.
const DEFAULT_HZ: u64 = 99;

/// Reads a spec; none if the kind is not one of these.
pub(super) fn parse(words: Words<'_>) -> Result<Option<TraceSpec>, String> {
    Ok(Some(match words.kind {
        "tp" | "tracepoint" => {
            let rest = words.some("a category and an event")?;
            let (category, event) = (rest.split_once([':', '/']))
                .ok_or_else(|| format!("`{rest}` is not CATEGORY:EVENT"))?;
            TraceSpec::Tracepoint { category: category.into(), event: event.into() }
        }
        "raw_tp" | "raw_tracepoint" => {
            TraceSpec::RawTracepoint { name: words.some("a tracepoint")?.into() }
        }
        "kprobe" => kprobe(words.some("a function")?, ProbePoint::Entry)?,
        "kretprobe" => kprobe(words.some("a function")?, ProbePoint::Return)?,
        "uprobe" => uprobe(words.some("a file and a function")?, ProbePoint::Entry)?,
        "uretprobe" => uprobe(words.some("a file and a function")?, ProbePoint::Return)?,
        "perf_event" => TraceSpec::PerfEvent {
            frequency_hz: match words.rest {
                "" => DEFAULT_HZ,
                rest => {
                    let hz = rest.parse().ok().filter(|hz| *hz > 0);
                    hz.ok_or_else(|| format!("`{rest}` is no frequency"))?
                }
            },
        },
        "section" => TraceSpec::Loaded,
        _ => return Ok(None),
    }))
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

fn kprobe(text: &str, point: ProbePoint) -> Result<TraceSpec, String> {
    let (function, offset) = with_offset(text)?;
    if offset != 0 && point == ProbePoint::Return {
        return Err("a return has no offset".into());
    }
    Ok(TraceSpec::Kprobe { function: function.into(), offset, point })
}

fn uprobe(text: &str, point: ProbePoint) -> Result<TraceSpec, String> {
    let (path, place) = (text.rsplit_once(':'))
        .filter(|(path, place)| !path.is_empty() && !place.is_empty())
        .ok_or_else(|| format!("`{text}` is not PATH:SYMBOL"))?;
    let (symbol, offset) = match number(place) {
        Some(offset) => ("", offset),
        None => with_offset(place)?,
    };
    Ok(TraceSpec::Uprobe { path: path.into(), symbol: symbol.into(), offset, point })
}

impl fmt::Display for TraceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = |point: &ProbePoint| match point {
            ProbePoint::Entry => "",
            ProbePoint::Return => "ret",
        };
        match self {
            TraceSpec::Tracepoint { category, event } => write!(f, "tp:{category}:{event}"),
            TraceSpec::RawTracepoint { name } => write!(f, "raw_tp:{name}"),
            TraceSpec::Kprobe { function, offset, point } => match offset {
                0 => write!(f, "k{}probe:{function}", prefix(point)),
                offset => write!(f, "k{}probe:{function}+{offset:#x}", prefix(point)),
            },
            TraceSpec::Uprobe { path, symbol, offset, point } => {
                write!(f, "u{}probe:{}:", prefix(point), path.display())?;
                match (symbol.as_str(), offset) {
                    ("", offset) => write!(f, "{offset:#x}"),
                    (symbol, 0) => write!(f, "{symbol}"),
                    (symbol, offset) => write!(f, "{symbol}+{offset:#x}"),
                }
            }
            TraceSpec::PerfEvent { frequency_hz } => write!(f, "perf_event:{frequency_hz}"),
            TraceSpec::Loaded => write!(f, "section"),
        }
    }
}

/// Where the section puts a program; none if its type is not one of these.
pub(super) fn default(kind: &ProgKind) -> Option<Default> {
    let target = kind.target.as_str();
    let spec = |spec| Default::Spec(AttachSpec::Trace(spec));
    let read = |read: Result<TraceSpec, String>| match read {
        Ok(found) => spec(found),
        Err(problem) => Default::Nowhere(format!("`{target}`: {problem}")),
    };
    if kind.section.contains(".multi") || kind.section.contains("session") {
        return Some(Default::Nowhere(format!("`{}` is not supported", kind.section)));
    }
    Some(match kind.prog_type {
        ProgType::Tracepoint => match target.split_once('/') {
            Some((category, event)) => {
                spec(TraceSpec::Tracepoint { category: category.into(), event: event.into() })
            }
            None => Default::Needs("tp:CATEGORY:EVENT"),
        },
        ProgType::RawTracepoint | ProgType::RawTracepointWritable => match target {
            "" => Default::Needs("raw_tp:NAME"),
            name => spec(TraceSpec::RawTracepoint { name: name.into() }),
        },
        ProgType::Kprobe => {
            let point = match kind.section.contains("ret") {
                true => ProbePoint::Return,
                false => ProbePoint::Entry,
            };
            match (kind.section.split('.').next().unwrap_or(""), target) {
                ("kprobe" | "kretprobe", "") => Default::Needs("kprobe:FUNCTION"),
                ("kprobe" | "kretprobe", target) => read(kprobe(target, point)),
                ("ksyscall" | "kretsyscall", call) if !call.is_empty() => {
                    read(kprobe(&format!("sys_{call}"), point))
                }
                ("uprobe" | "uretprobe", "") => Default::Needs("uprobe:PATH:SYMBOL"),
                ("uprobe" | "uretprobe", target) => read(uprobe(target, point)),
                (section, _) => Default::Nowhere(format!("`{section}` is not supported")),
            }
        }
        ProgType::PerfEvent => spec(TraceSpec::PerfEvent { frequency_hz: DEFAULT_HZ }),
        ProgType::Tracing | ProgType::Lsm if kind.attach_type != Some(AttachType::TraceIter) => {
            spec(TraceSpec::Loaded)
        }
        _ => return None,
    })
}

impl TraceSpec {
    /// What a program has to be loaded as to go there.
    pub(super) fn kind(&self, declared: Option<&ProgKind>) -> ProgKind {
        let (types, section): (&[ProgType], &str) = match self {
            TraceSpec::Tracepoint { .. } => (&[ProgType::Tracepoint], "tracepoint"),
            TraceSpec::RawTracepoint { .. } => {
                (&[ProgType::RawTracepoint, ProgType::RawTracepointWritable], "raw_tp")
            }
            TraceSpec::Kprobe { .. } => (&[ProgType::Kprobe], "kprobe"),
            TraceSpec::Uprobe { .. } => (&[ProgType::Kprobe], "uprobe"),
            TraceSpec::PerfEvent { .. } => (&[ProgType::PerfEvent], "perf_event"),
            TraceSpec::Loaded => (&[ProgType::Tracing, ProgType::Lsm], "fentry"),
        };
        fitting(declared, types, section)
    }
}
