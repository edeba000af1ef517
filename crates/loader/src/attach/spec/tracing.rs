//! Attach points that watch the kernel and processes.

use super::options::{TraceOptions, number, split};
use super::perf::{self, Counter, SampleRate};
use super::{Default, Words, declared_by};
use crate::attach::AttachSpec;
use crate::load::kind::ProgKind;
use bpfc_kabi::{AttachType, ProgType, parse_section};
use std::fmt;
use std::path::PathBuf;

/// Where to attach a program that watches.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TraceSpec {
    /// The place.
    pub place: TracePlace,
    /// Which part of it, and what the program is told.
    pub options: TraceOptions,
}

/// A place, or all those that a pattern names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TracePlace {
    /// `tp:CATEGORY:EVENT`: tracepoints; both may be patterns.
    Tracepoint {
        /// Such as `sched`.
        category: String,
        /// Such as `sched_switch`.
        event: String,
    },
    /// `raw_tp:NAME`: tracepoints with the kernel's own arguments; may be a pattern.
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
    /// `ksyscall:NAME`, `kretsyscall:NAME`: a system call.
    Ksyscall {
        /// Such as `clone`.
        call: String,
        /// Its entry or its return.
        point: ProbePoint,
    },
    /// `kprobe.multi:PATTERN`, `kretprobe.multi:…`, `kprobe.session:…`: kernel functions, all by
    /// one link where the kernel can. A pattern after `kprobe:` is the same.
    KprobeMulti {
        /// With `*` and `?`.
        pattern: String,
        /// Entries, returns, or both.
        point: ProbePoint,
    },
    /// `uprobe:FILE:SYMBOL[+OFFSET]`, `uprobe:FILE:0xOFFSET`, `uretprobe:…`: a function in a file.
    Uprobe {
        /// The program or library; a name without `/` is looked for.
        path: PathBuf,
        /// The function; empty for a bare offset in the file.
        symbol: String,
        /// Bytes after the function's entry, or in the file.
        offset: u64,
        /// Its entry or its return.
        point: ProbePoint,
    },
    /// `uprobe.multi:FILE:PATTERN`, `uretprobe.multi:…`, `uprobe.session:…`: functions in a file.
    UprobeMulti {
        /// The program or library.
        path: PathBuf,
        /// With `*` and `?`.
        pattern: String,
        /// Entries, returns, or both.
        point: ProbePoint,
    },
    /// `usdt:FILE:PROVIDER:NAME`: a marker in a program or library.
    Usdt {
        /// The program or library.
        path: PathBuf,
        /// Such as `libc`; empty for any.
        provider: String,
        /// Such as `setjmp`.
        name: String,
    },
    /// `perf_event[:COUNTER][:RATE]`: a counter of every CPU, or of a process.
    PerfEvent {
        /// What is counted.
        counter: Counter,
        /// How often the program runs.
        rate: SampleRate,
    },
    /// `fentry:FUNCTION`, `fexit:…`, `fmod_ret:…`, `fsession:…`, `tp_btf:NAME`, `lsm:HOOK`,
    /// `iter:OBJECTS`: what the kernel's types describe, to which a program is bound when it is
    /// loaded.
    Typed {
        /// The section that stands for it, such as `fentry` or `lsm.s`.
        section: &'static str,
        /// The function, tracepoint, hook or kind of objects.
        target: String,
    },
    /// `section`: that for which the program was loaded.
    Loaded,
}

/// Which end of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProbePoint {
    /// When it is called.
    Entry,
    /// When it returns.
    Return,
    /// Both, by one program: a session (6.10 for the kernel, 6.13 for processes).
    Session,
}

/// Whether a name stands for many.
pub(crate) fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?'])
}

/// Reads a spec; none if the kind is not one of these.
pub(super) fn parse(words: Words<'_>) -> Result<Option<TraceSpec>, String> {
    let (rest, options) = split(words.rest)?;
    let words = Words { rest, ..words };
    let Some(place) = place(words)? else { return Ok(None) };
    let allowed = place.options();
    if let Some(wrong) = options.given().find(|given| !allowed.contains(given)) {
        return Err(format!("`{}` takes no `{wrong}`", words.kind));
    }
    Ok(Some(TraceSpec { place, options }))
}

fn place(words: Words<'_>) -> Result<Option<TracePlace>, String> {
    let is_return = words.kind.contains("ret") && words.kind != "fmod_ret";
    let point = match is_return {
        _ if words.kind.contains("session") => ProbePoint::Session,
        true => ProbePoint::Return,
        false => ProbePoint::Entry,
    };
    Ok(Some(match words.kind {
        "tp" | "tracepoint" | "t" => {
            let rest = words.some("a category and an event")?;
            let (category, event) = (rest.split_once([':', '/']))
                .ok_or_else(|| format!("`{rest}` is not CATEGORY:EVENT"))?;
            TracePlace::Tracepoint { category: category.into(), event: event.into() }
        }
        "raw_tp" | "raw_tracepoint" => {
            TracePlace::RawTracepoint { name: words.some("a tracepoint")?.into() }
        }
        "kprobe" | "kretprobe" => kprobe(words.some("a function")?, point)?,
        "kprobe.multi" | "kretprobe.multi" | "kprobe.session" => {
            TracePlace::KprobeMulti { pattern: words.some("functions")?.into(), point }
        }
        "ksyscall" | "kretsyscall" => {
            TracePlace::Ksyscall { call: words.some("a system call")?.into(), point }
        }
        "uprobe" | "uretprobe" => uprobe(words.some("a file and a function")?, point)?,
        "uprobe.multi" | "uretprobe.multi" | "uprobe.session" => {
            uprobe_multi(words.some("a file and functions")?, point)?
        }
        "usdt" => usdt(words.some("a file and a marker")?)?,
        "perf_event" => {
            let (counter, rate) = perf::parse(words.rest)?;
            TracePlace::PerfEvent { counter, rate }
        }
        "section" => TracePlace::Loaded,
        kind => match typed(kind) {
            Some(section) => TracePlace::Typed { section, target: words.some("a name")?.into() },
            None => return Ok(None),
        },
    }))
}

/// The section of this name, if a program in it is bound to something by the kernel's types.
fn typed(name: &str) -> Option<&'static str> {
    let def = parse_section(name)?.def;
    let is_typed = def.flags.is_btf_target && matches!(def.prog, ProgType::Tracing | ProgType::Lsm);
    (is_typed && def.attach != Some(AttachType::LsmCgroup)).then_some(def.name)
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

fn kprobe(text: &str, point: ProbePoint) -> Result<TracePlace, String> {
    if is_pattern(text) {
        return Ok(TracePlace::KprobeMulti { pattern: text.into(), point });
    }
    let (function, offset) = with_offset(text)?;
    if offset != 0 && point == ProbePoint::Return {
        return Err("a return has no offset".into());
    }
    Ok(TracePlace::Kprobe { function: function.into(), offset, point })
}

fn file_and<'t>(text: &'t str, what: &str) -> Result<(&'t str, &'t str), String> {
    (text.rsplit_once(':'))
        .filter(|(path, place)| !path.is_empty() && !place.is_empty())
        .ok_or_else(|| format!("`{text}` is not FILE:{what}"))
}

fn uprobe(text: &str, point: ProbePoint) -> Result<TracePlace, String> {
    let (path, place) = file_and(text, "SYMBOL")?;
    if is_pattern(place) {
        return Ok(TracePlace::UprobeMulti { path: path.into(), pattern: place.into(), point });
    }
    let (symbol, offset) = match number(place) {
        Some(offset) => ("", offset),
        None => with_offset(place)?,
    };
    Ok(TracePlace::Uprobe { path: path.into(), symbol: symbol.into(), offset, point })
}

fn uprobe_multi(text: &str, point: ProbePoint) -> Result<TracePlace, String> {
    let (path, pattern) = file_and(text, "PATTERN")?;
    Ok(TracePlace::UprobeMulti { path: path.into(), pattern: pattern.into(), point })
}

fn usdt(text: &str) -> Result<TracePlace, String> {
    let shape = || format!("`{text}` is not FILE:PROVIDER:NAME");
    let (rest, name) = text.rsplit_once(':').ok_or_else(shape)?;
    let (path, provider) = rest.rsplit_once(':').ok_or_else(shape)?;
    if path.is_empty() || name.is_empty() {
        return Err(shape());
    }
    Ok(TracePlace::Usdt { path: path.into(), provider: provider.into(), name: name.into() })
}

/// The text that reads back as the same.
impl fmt::Display for TraceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.place, self.options)
    }
}

/// `kprobe`, `kretprobe`, `kprobe.session`, ….
struct Kind(char, &'static str, ProbePoint, bool);

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Kind(space, word, point, is_multi) = self;
        match (point, is_multi) {
            (ProbePoint::Session, _) => write!(f, "{space}{word}.session"),
            (ProbePoint::Return, true) => write!(f, "{space}ret{word}.multi"),
            (ProbePoint::Return, false) => write!(f, "{space}ret{word}"),
            (ProbePoint::Entry, true) => write!(f, "{space}{word}.multi"),
            (ProbePoint::Entry, false) => write!(f, "{space}{word}"),
        }
    }
}

impl fmt::Display for TracePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TracePlace::Tracepoint { category, event } => write!(f, "tp:{category}:{event}"),
            TracePlace::RawTracepoint { name } => write!(f, "raw_tp:{name}"),
            TracePlace::Kprobe { function, offset, point } => {
                let kind = Kind('k', "probe", *point, false);
                match offset {
                    0 => write!(f, "{kind}:{function}"),
                    offset => write!(f, "{kind}:{function}+{offset:#x}"),
                }
            }
            TracePlace::Ksyscall { call, point } => {
                write!(f, "{}:{call}", Kind('k', "syscall", *point, false))
            }
            TracePlace::KprobeMulti { pattern, point } => {
                write!(f, "{}:{pattern}", Kind('k', "probe", *point, true))
            }
            TracePlace::Uprobe { path, symbol, offset, point } => {
                write!(f, "{}:{}:", Kind('u', "probe", *point, false), path.display())?;
                match (symbol.as_str(), offset) {
                    ("", offset) => write!(f, "{offset:#x}"),
                    (symbol, 0) => write!(f, "{symbol}"),
                    (symbol, offset) => write!(f, "{symbol}+{offset:#x}"),
                }
            }
            TracePlace::UprobeMulti { path, pattern, point } => {
                write!(f, "{}:{}:{pattern}", Kind('u', "probe", *point, true), path.display())
            }
            TracePlace::Usdt { path, provider, name } => {
                write!(f, "usdt:{}:{provider}:{name}", path.display())
            }
            TracePlace::PerfEvent { counter, rate } => write!(f, "perf_event:{counter}:{rate}"),
            TracePlace::Typed { section, target } => write!(f, "{section}:{target}"),
            TracePlace::Loaded => write!(f, "section"),
        }
    }
}

/// Where the section puts a program; none if its type is not one of these.
pub(super) fn default(kind: &ProgKind) -> Option<Default> {
    let target = kind.target.as_str();
    let spec = |place| {
        let options = TraceOptions::default();
        Default::Spec(AttachSpec::Trace(TraceSpec { place, options }))
    };
    let shape = match kind.prog_type {
        ProgType::Tracepoint => "tp:CATEGORY:EVENT",
        ProgType::RawTracepoint | ProgType::RawTracepointWritable => "raw_tp:NAME",
        ProgType::Kprobe => match kind.section.split('.').next().unwrap_or("") {
            "uprobe" => "uprobe:FILE:SYMBOL",
            "uretprobe" => "uretprobe:FILE:SYMBOL",
            "usdt" => "usdt:FILE:PROVIDER:NAME",
            "ksyscall" | "kretsyscall" => "ksyscall:NAME",
            "kretprobe" => "kretprobe:FUNCTION",
            _ => "kprobe:FUNCTION",
        },
        ProgType::PerfEvent => {
            let (counter, rate) = perf::parse("").expect("nothing means the CPU clock");
            return Some(spec(TracePlace::PerfEvent { counter, rate }));
        }
        // At a control group.
        ProgType::Lsm if kind.attach_type == Some(AttachType::LsmCgroup) => return None,
        ProgType::Tracing | ProgType::Lsm => "section",
        _ => return None,
    };
    if kind.prog_type == ProgType::Tracing && kind.section.contains(".multi") {
        let reason =
            format!("`{}` is not supported; a pattern is, after `kprobe.multi/`", kind.section);
        return Some(Default::Nowhere(reason));
    }
    if target.is_empty() {
        let is_typed = matches!(kind.prog_type, ProgType::Tracing | ProgType::Lsm);
        return Some(if is_typed { spec(TracePlace::Loaded) } else { Default::Needs(shape) });
    }
    // That a program may sleep is no matter of its place, but for those bound by types.
    let section = match typed(kind.section) {
        Some(section) => section,
        None => kind
            .section
            .strip_suffix(".s")
            .or(kind.section.strip_suffix(".w"))
            .unwrap_or(kind.section),
    };
    Some(match place(Words { kind: section, rest: target }) {
        Ok(Some(place)) => spec(place),
        Ok(None) => Default::Nowhere(format!("`{}` is not supported", kind.section)),
        Err(problem) => Default::Nowhere(format!("`{target}`: {problem}")),
    })
}

impl TracePlace {
    /// The options that make sense there.
    fn options(&self) -> &'static [&'static str] {
        match self {
            TracePlace::Tracepoint { .. } | TracePlace::RawTracepoint { .. } => {
                &["cookie", "limit"]
            }
            TracePlace::KprobeMulti { .. } => &["cookie", "limit"],
            TracePlace::Kprobe { .. } | TracePlace::Ksyscall { .. } => &["cookie"],
            TracePlace::Uprobe { .. } | TracePlace::Usdt { .. } => &["cookie", "pid"],
            TracePlace::UprobeMulti { .. } => &["cookie", "pid", "limit"],
            TracePlace::PerfEvent { .. } => &["cookie", "pid", "cpu"],
            TracePlace::Typed { section, .. } if section.starts_with("iter") => {
                &["pid", "tid", "map", "cgroup", "order"]
            }
            TracePlace::Typed { .. } => &["cookie"],
            TracePlace::Loaded => &["cookie", "pid", "tid", "map", "cgroup", "order"],
        }
    }

    /// What its section would be.
    fn section(&self) -> &'static str {
        match self {
            TracePlace::Tracepoint { .. } => "tracepoint",
            TracePlace::RawTracepoint { .. } => "raw_tp",
            TracePlace::Kprobe { .. } | TracePlace::Ksyscall { .. } => "kprobe",
            TracePlace::KprobeMulti { point: ProbePoint::Session, .. } => "kprobe.session",
            TracePlace::KprobeMulti { .. } => "kprobe.multi",
            TracePlace::Uprobe { .. } => "uprobe",
            TracePlace::UprobeMulti { point: ProbePoint::Session, .. } => "uprobe.session",
            TracePlace::UprobeMulti { .. } => "uprobe.multi",
            TracePlace::Usdt { .. } => "usdt",
            TracePlace::PerfEvent { .. } => "perf_event",
            TracePlace::Typed { section, .. } => section,
            TracePlace::Loaded => "fentry",
        }
    }
}

impl TraceSpec {
    /// What a program has to be loaded as to go there.
    pub(super) fn kind(&self, declared: Option<&ProgKind>) -> ProgKind {
        let wanted = declared_by(self.place.section());
        let is_same_type = |kind: &ProgKind| match self.place {
            TracePlace::RawTracepoint { .. } => {
                matches!(kind.prog_type, ProgType::RawTracepoint | ProgType::RawTracepointWritable)
            }
            TracePlace::Loaded => matches!(kind.prog_type, ProgType::Tracing | ProgType::Lsm),
            _ => kind.prog_type == wanted.prog_type,
        };
        let is_fitting = |kind: &ProgKind| {
            is_same_type(kind)
                && match &self.place {
                    TracePlace::Kprobe { .. }
                    | TracePlace::Ksyscall { .. }
                    | TracePlace::KprobeMulti { .. } => {
                        kind.attach_type == wanted.attach_type && !kind.is_sleepable
                    }
                    TracePlace::Uprobe { .. }
                    | TracePlace::UprobeMulti { .. }
                    | TracePlace::Usdt { .. } => kind.attach_type == wanted.attach_type,
                    TracePlace::Typed { section, target } => {
                        kind.section == *section && kind.target == *target
                    }
                    _ => true,
                }
        };
        if let Some(fits) = declared.filter(|kind| is_fitting(kind)) {
            return fits.clone();
        }
        let target = match &self.place {
            TracePlace::Typed { target, .. } => target.clone(),
            _ => String::new(),
        };
        // A program for user space may sleep wherever it goes there.
        let may_sleep = matches!(
            self.place,
            TracePlace::Uprobe { .. } | TracePlace::UprobeMulti { .. } | TracePlace::Usdt { .. }
        );
        let is_sleepable = wanted.is_sleepable
            || may_sleep && declared.is_some_and(|kind| is_same_type(kind) && kind.is_sleepable);
        ProgKind { target, is_sleepable, ..wanted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_read_back() {
        for text in [
            "tp:sched:sched_*,limit=20",
            "raw_tp:sched_switch,cookie=0x7",
            "ksyscall:clone",
            "kretsyscall:clone,cookie=0xffffffffffffffff",
            "kprobe.multi:tcp_*",
            "kretprobe.multi:tcp_*,limit=9",
            "kprobe.session:vfs_read",
            "uprobe:c:malloc,pid=12",
            "uprobe.multi:/bin/a:f*",
            "uretprobe.multi:/bin/a:f?",
            "uprobe.session:/bin/a:f",
            "usdt:/bin/a:prov:name",
            "usdt:c::setjmp,cookie=0x1,pid=3",
            "perf_event:cpu-clock:99",
            "perf_event:cycles:p100000,cpu=0",
            "perf_event:L1-dcache-load-misses:99",
            "perf_event:r1c2:p5",
            "fentry:do_unlinkat",
            "fentry.s:bpf_mod:f",
            "fmod_ret:f,cookie=0x1",
            "lsm:file_open",
            "tp_btf:sched_switch",
            "iter:task,pid=1",
            "iter:bpf_map_elem,map=/sys/fs/bpf/x",
            "iter:cgroup,cgroup=/sys/fs/cgroup,order=pre",
        ] {
            let spec: AttachSpec = text.parse().unwrap();
            assert_eq!(spec.to_string(), text);
        }
        for (short, long) in [
            ("kprobe:tcp_*", "kprobe.multi:tcp_*"),
            ("uretprobe:/bin/a:x*", "uretprobe.multi:/bin/a:x*"),
            ("perf_event:50", "perf_event:cpu-clock:50"),
            ("perf_event:faults", "perf_event:page-faults:p1"),
            ("perf_event:cpu-cycles:100hz", "perf_event:cycles:100"),
        ] {
            let spec: AttachSpec = short.parse().unwrap();
            assert_eq!(spec.to_string(), long);
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (text, problem) in [
            ("kprobe:f,pid=3", "`kprobe` takes no `pid`"),
            ("kprobe:f,cookies=3", "`cookies` is no option"),
            ("kprobe:f,cookie=x", "`x` is no cookie"),
            ("usdt:c:setjmp", "`c:setjmp` is not FILE:PROVIDER:NAME"),
            ("perf_event:cycle", "did you mean `cycles`?"),
            ("perf_event:sched/sched_switch", "it is `tp:sched:sched_switch`"),
            ("perf_event:cycles:p0", "`p0` is no frequency"),
            ("iter:task,order=in", "`in` is no order"),
        ] {
            let error = text.parse::<AttachSpec>().unwrap_err();
            assert!(error.to_string().contains(problem), "{error}");
        }
    }

    #[test]
    fn programs_are_loaded_for_their_place() {
        let kind = |spec: &str, section: &str| {
            let spec: AttachSpec = spec.parse().unwrap();
            spec.kind(Some(&declared_by(section)))
        };
        assert_eq!(kind("kprobe:f", "kprobe.multi").attach_type, None);
        let multi = kind("kprobe:f*", "kprobe");
        assert_eq!(multi.attach_type, Some(AttachType::TraceKprobeMulti));
        assert!(kind("uprobe:a:f", "uprobe.s").is_sleepable);
        assert!(kind("uprobe:a:f*", "uprobe.s").is_sleepable);
        assert!(!kind("kprobe:f", "uprobe.s").is_sleepable);
        let entry = kind("fentry:f", "fexit");
        assert_eq!((entry.attach_type, &*entry.target), (Some(AttachType::TraceFentry), "f"));
        assert!(entry.is_btf_target);
    }
}
