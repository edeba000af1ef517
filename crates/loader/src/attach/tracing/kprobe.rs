//! Probes on kernel functions: through the event source `kprobe` (4.17), else through tracefs.

use super::start;
use crate::attach::link::{Held, Link};
use crate::attach::{ProbePoint, TraceSpec, refused};
use crate::kernel::Kernel;
use crate::program::Program;
use crate::sys::perf::{self, Probe, Scope};
use crate::tracefs::Tracefs;
use crate::{Errno, LoadError};
use std::ffi::CString;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

const SOURCES: &str = "/sys/bus/event_source/devices";

/// A dynamic event source of the kernel: `kprobe` or `uprobe`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    ty: u32,
    return_bit: u32,
}

impl Source {
    pub(super) fn find(name: &str) -> Option<Source> {
        let folder = Path::new(SOURCES).join(name);
        let ty = std::fs::read_to_string(folder.join("type")).ok()?;
        let format = std::fs::read_to_string(folder.join("format/retprobe")).ok();
        // `config:0`
        let bit = format.and_then(|text| text.trim().strip_prefix("config:")?.parse().ok());
        Some(Source { ty: ty.trim().parse().ok()?, return_bit: bit.unwrap_or(0) })
    }

    pub(super) fn config(self, point: ProbePoint) -> (u32, u64) {
        let config = match point {
            ProbePoint::Entry => 0,
            ProbePoint::Return => 1 << (self.return_bit & 63),
        };
        (self.ty, config)
    }
}

/// Why no kernel function can be probed here; `None` if they can.
pub(crate) fn kprobe_obstacle(kernel: &Kernel) -> Option<String> {
    if Source::find("kprobe").is_some() {
        return None;
    }
    if kernel.config_value("CONFIG_KPROBES") == Some("n") {
        return Some("this kernel is built without kprobes (CONFIG_KPROBES is not set)".into());
    }
    match Tracefs::open() {
        Ok(tracefs) if tracefs.join("kprobe_events").exists() => None,
        Ok(_) => Some("this kernel has no kprobe events (CONFIG_KPROBE_EVENTS)".into()),
        Err(error) => Some(error.to_string()),
    }
}

/// Why no user function can be probed here; `None` if they can.
pub(crate) fn uprobe_obstacle() -> Option<String> {
    let is_there = Source::find("uprobe").is_some();
    (!is_there).then(|| "this kernel has no user probes (CONFIG_UPROBE_EVENTS)".into())
}

/// Attaches to a kernel function.
pub(super) fn kprobe(
    program: &Program,
    function: &str,
    offset: u64,
    point: ProbePoint,
    kernel: &Kernel,
) -> Result<Link, LoadError> {
    let function = match kernel.symbols() {
        Some(symbols) => symbols.resolve_function(function).map_err(|candidate| {
            LoadError::NoTarget { kind: "kernel function", name: function.into(), candidate }
        })?,
        // The kernel will say.
        None => function.to_owned(),
    };
    let spec = TraceSpec::Kprobe { function: function.clone(), offset, point };
    let text = spec.to_string();
    if let Some(reason) = kprobe_obstacle(kernel) {
        return Err(refused(program, &text, reason, None));
    }
    let refuse = |errno: Errno| {
        let reason = match errno {
            Errno::ENOENT => "the function does not exist or was inlined everywhere",
            Errno::EINVAL => {
                "the function may not be probed (`/sys/kernel/debug/kprobes/blacklist`)"
            }
            Errno(libc::EADDRNOTAVAIL) => "there are several functions of this name",
            _ => "the kernel refuses",
        };
        refused(program, &text, reason, errno)
    };
    if let Some(source) = Source::find("kprobe") {
        let target = CString::new(function).map_err(|_| refuse(Errno::EINVAL))?;
        let (ty, config) = source.config(point);
        let probe = Probe { ty, config, target: &target, offset };
        let event = perf::probe(&probe, Scope { pid: -1, cpu: 0 }).map_err(refuse)?;
        start(program, &event).map_err(refuse)?;
        return Ok(Link::new(program.name(), text, Held::Events(vec![event])));
    }
    let held = by_tracefs(program, &function, offset, point)?;
    held.map(|held| Link::new(program.name(), text.clone(), held)).map_err(refuse)
}

/// Makes a dynamic event with a name of its own, to be removed with the link.
fn by_tracefs(
    program: &Program,
    function: &str,
    offset: u64,
    point: ProbePoint,
) -> Result<Result<Held, Errno>, LoadError> {
    const CONTROL: &str = "kprobe_events";
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let tracefs = Tracefs::open()?;
    let group = format!("bpfc_{}", std::process::id());
    let event = format!("probe_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let letter = match point {
        ProbePoint::Entry => 'p',
        ProbePoint::Return => 'r',
    };
    let line = format!("{letter}:{group}/{event} {function}+{offset}\n");
    if let Err(errno) = tracefs.control(CONTROL, &line) {
        return Ok(Err(errno));
    }
    let name = format!("{group}/{event}");
    let opened = tracefs.event_id(&group, &event).map(|id| {
        let event = perf::tracepoint(id)?;
        start(program, &event)?;
        Ok(event)
    });
    match opened {
        Ok(Ok(event)) => Ok(Ok(Held::DynamicEvent { event, tracefs, control: CONTROL, name })),
        failed => {
            // What failed before matters more.
            let _ = tracefs.control(CONTROL, &format!("-:{name}\n"));
            failed.map(|outcome| outcome.map(|_| unreachable!("the other arm")))
        }
    }
}
