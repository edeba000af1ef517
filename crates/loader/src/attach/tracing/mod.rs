//! Tracepoints, raw tracepoints, the CPU clock, and programs whose place was fixed at load.

pub(super) mod kprobe;
mod uprobe;

use super::link::{Held, Link};
use super::{TraceSpec, refused};
use crate::kernel::Kernel;
use crate::program::Program;
use crate::sys::{bpf, perf};
use crate::tracefs::Tracefs;
use crate::{Errno, LoadError};
use bpfc_base::similar::most_similar;
use bpfc_btf::{Kind, KindSet};
use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};

/// Attaches a program that watches the kernel or a process.
pub(super) fn attach(
    program: &Program,
    spec: &TraceSpec,
    kernel: &Kernel,
) -> Result<Link, LoadError> {
    match spec {
        TraceSpec::Tracepoint { category, event } => tracepoint(program, spec, category, event),
        TraceSpec::RawTracepoint { name } => raw_tracepoint(program, spec, name, kernel),
        TraceSpec::PerfEvent { frequency_hz } => cpu_clock(program, spec, *frequency_hz, kernel),
        TraceSpec::Loaded => as_loaded(program, spec),
        TraceSpec::Kprobe { function, offset, point } => {
            kprobe::kprobe(program, function, *offset, *point, kernel)
        }
        TraceSpec::Uprobe { path, symbol, offset, point } => {
            uprobe::uprobe(program, spec, (path, symbol, *offset), *point)
        }
    }
}

/// Lets a program run at an event, and starts it.
fn start(program: &Program, event: &OwnedFd) -> Result<(), Errno> {
    perf::set_bpf(event.as_fd(), program.as_fd())?;
    perf::enable(event.as_fd())
}

/// Attaches to a tracepoint through a perf event (4.7).
fn tracepoint(
    program: &Program,
    spec: &TraceSpec,
    category: &str,
    name: &str,
) -> Result<Link, LoadError> {
    let text = spec.to_string();
    let id = Tracefs::open()?.event_id(category, name)?;
    let event = perf::tracepoint(id)
        .map_err(|errno| refused(program, &text, "the event cannot be opened", errno))?;
    start(program, &event).map_err(|errno| {
        let reason = match errno {
            Errno::EACCES => "the program reads more of its context than this event has",
            _ => "the kernel refuses",
        };
        // `EACCES` is no matter of rights here.
        let errno = Some(errno).filter(|errno| *errno != Errno::EACCES);
        refused(program, &text, reason, errno)
    })?;
    Ok(Link::new(program.name(), text, Held::Events(vec![event])))
}

/// Attaches to a raw tracepoint (4.17).
fn raw_tracepoint(
    program: &Program,
    spec: &TraceSpec,
    name: &str,
    kernel: &Kernel,
) -> Result<Link, LoadError> {
    let text = spec.to_string();
    let bad = |_| refused(program, &text, "the name contains a NUL", None);
    let c_name = CString::new(name).map_err(bad)?;
    match bpf::raw_tracepoint_open(program.as_fd(), Some(&c_name)) {
        Ok(link) => Ok(Link::new(program.name(), text, Held::Link(link))),
        Err(Errno::ENOENT) => Err(LoadError::NoTarget {
            kind: "raw tracepoint",
            name: name.into(),
            candidate: similar_raw_tracepoint(name, kernel),
        }),
        Err(errno) => {
            let reason = match errno {
                Errno::EINVAL => {
                    "the program reads more arguments than this tracepoint has, or the kernel has no \
                     raw tracepoints"
                }
                _ => "the kernel refuses",
            };
            Err(refused(program, &text, reason, errno))
        }
    }
}

/// BTF has a typedef `btf_trace_NAME` for each raw tracepoint.
fn similar_raw_tracepoint(name: &str, kernel: &Kernel) -> Option<String> {
    const PREFIX: &str = "btf_trace_";
    let btf = kernel.btf()?;
    let is_typedef = |kind: Kind| KindSet::TYPEDEF.contains(kind);
    let typedefs = btf.ids().filter(|id| btf.kind(*id).is_some_and(is_typedef));
    let names = typedefs.filter_map(|id| btf.name(id).strip_prefix(PREFIX));
    most_similar(name, names).map(str::to_owned)
}

/// Runs a program by the CPU clock of every CPU.
fn cpu_clock(
    program: &Program,
    spec: &TraceSpec,
    frequency_hz: u64,
    kernel: &Kernel,
) -> Result<Link, LoadError> {
    let text = spec.to_string();
    let mut events = Vec::new();
    for cpu in kernel.online_cpus()? {
        let event = perf::cpu_clock(cpu, frequency_hz);
        let started = event.and_then(|event| {
            start(program, &event)?;
            Ok(event)
        });
        let event =
            started.map_err(|errno| refused(program, &text, "the kernel refuses", errno))?;
        events.push(event);
    }
    Ok(Link::new(program.name(), text, Held::Events(events)))
}

/// Attaches a program to what it was loaded for.
fn as_loaded(program: &Program, spec: &TraceSpec) -> Result<Link, LoadError> {
    let kind = program.kind();
    let text = match kind.section {
        "" => spec.to_string(),
        section => format!("{section}/{}", kind.target),
    };
    let link = bpf::raw_tracepoint_open(program.as_fd(), None)
        .map_err(|errno| refused(program, &text, "the kernel refuses", errno))?;
    Ok(Link::new(program.name(), text, Held::Link(link)))
}
