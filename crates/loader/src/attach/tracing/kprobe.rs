//! Probes on kernel functions: through the event source `kprobe` (4.17), else through tracefs.

use super::{Attaching, dynamic};
use crate::attach::ProbePoint;
use crate::attach::link::{Held, Link};
use crate::attach::spec::TracePlace;
use crate::kernel::Kernel;
use crate::sys::perf::{self, Probe, Scope};
use crate::tracefs::{Tracefs, debugfs_text};
use crate::{Errno, LoadError};
use bpfc_kabi::KernelVersion;
use std::ffi::CString;
use std::os::fd::OwnedFd;
use std::path::Path;

const SOURCES: &str = "/sys/bus/event_source/devices";

/// A dynamic event source of the kernel: `kprobe` or `uprobe`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    ty: u32,
    return_bit: u32,
    /// Where in `config` the offset of a counter goes that tells a process it is watched (4.20).
    counter_bit: Option<u32>,
}

impl Source {
    pub(super) fn find(name: &str) -> Option<Source> {
        let folder = Path::new(SOURCES).join(name);
        let ty = std::fs::read_to_string(folder.join("type")).ok()?;
        // `config:0`, `config:32-63`
        let bit = |field: &str| -> Option<u32> {
            let text = std::fs::read_to_string(folder.join("format").join(field)).ok()?;
            let bits = text.trim().strip_prefix("config:")?;
            bits.split('-').next()?.parse().ok().filter(|bit| *bit < 64)
        };
        Some(Source {
            ty: ty.trim().parse().ok()?,
            return_bit: bit("retprobe").unwrap_or(0),
            counter_bit: bit("ref_ctr_offset"),
        })
    }

    pub(super) fn config(self, point: ProbePoint) -> (u32, u64) {
        let config = match point {
            ProbePoint::Entry | ProbePoint::Session => 0,
            ProbePoint::Return => 1 << self.return_bit,
        };
        (self.ty, config)
    }

    /// The same, with a counter at this offset of the file.
    pub(super) fn config_with_counter(self, counter: u64) -> Option<(u32, u64)> {
        if counter == 0 {
            return Some((self.ty, 0));
        }
        let shift = self.counter_bit?;
        (counter <= u64::MAX >> shift).then_some((self.ty, counter << shift))
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
    if !Path::new(SOURCES).exists() {
        return Some("sysfs is not mounted at `/sys`".into());
    }
    match Tracefs::open() {
        Ok(tracefs) if tracefs.join("kprobe_events").exists() => None,
        Ok(_) => Some("this kernel has no kprobe events (CONFIG_KPROBE_EVENTS)".into()),
        Err(error) => Some(error.to_string()),
    }
}

/// Why no user function can be probed here; `None` if they can.
pub(crate) fn uprobe_obstacle() -> Option<String> {
    if Source::find("uprobe").is_some() {
        return None;
    }
    if !Path::new(SOURCES).exists() {
        return Some("sysfs is not mounted at `/sys`".into());
    }
    match Tracefs::open() {
        Ok(tracefs) if tracefs.join("uprobe_events").exists() => None,
        _ => Some("this kernel has no user probes (CONFIG_UPROBE_EVENTS)".into()),
    }
}

/// Attaches to a kernel function.
pub(super) fn kprobe(
    mut attaching: Attaching<'_>,
    function: &str,
    offset: u64,
    point: ProbePoint,
) -> Result<Link, LoadError> {
    let kernel = attaching.kernel;
    attaching.check_cookie(KernelVersion::new(5, 15))?;
    let function = match kernel.symbols() {
        Some(symbols) => symbols.resolve_function(function).map_err(|candidate| {
            let kind = if is_call(function) { "system call" } else { "kernel function" };
            LoadError::NoTarget { kind, name: function.into(), candidate }
        })?,
        // The kernel will say.
        None => function.to_owned(),
    };
    let place = TracePlace::Kprobe { function: function.clone(), offset, point };
    attaching.text = format!("{place}{}", attaching.options);
    if let Some(reason) = kprobe_obstacle(kernel) {
        return Err(attaching.refuse(reason, None));
    }
    let refuse = |errno: Errno| attaching.refuse(reason(kernel, &function, errno), errno);
    if let Some(source) = Source::find("kprobe") {
        let held = by_source(&attaching, source, &function, offset, point).map_err(refuse)?;
        return Ok(attaching.link(Held::Events(vec![held])));
    }
    let target = format!("{function}+{offset}");
    let held = dynamic::attach(&attaching, "kprobe_events", &target, point)?.map_err(refuse)?;
    Ok(attaching.link(held))
}

fn is_call(function: &str) -> bool {
    function.starts_with("sys_")
}

/// Attaches to one function through the event source.
pub(super) fn by_source(
    attaching: &Attaching<'_>,
    source: Source,
    function: &str,
    offset: u64,
    point: ProbePoint,
) -> Result<OwnedFd, Errno> {
    let target = CString::new(function).map_err(|_| Errno::EINVAL)?;
    let (ty, config) = source.config(point);
    let probe = Probe { ty, config, target: &target, offset };
    attaching.start(perf::probe(&probe, Scope { pid: -1, cpu: 0 })?)
}

/// What a refusal of a probe on a function means.
pub(super) fn reason(kernel: &Kernel, function: &str, errno: Errno) -> String {
    match errno {
        Errno::EINVAL if is_forbidden(function) => {
            "the kernel itself needs this function for probes: it is in \
             `/sys/kernel/debug/kprobes/blacklist`"
                .into()
        }
        Errno::ENOENT => "the function has no code of its own: it was inlined everywhere, or its \
                          part of the kernel was given back after the start"
            .into(),
        Errno::EINVAL => "the function may not be probed: it is part of how probes work, or \
                          marked as untraceable (`notrace`, `noinstr`)"
            .into(),
        Errno(libc::EILSEQ) => "no instruction starts at that offset".into(),
        Errno(libc::EADDRNOTAVAIL) => {
            format!("there are several functions of this name; `kprobe.multi:{function}` takes all")
        }
        Errno::EOPNOTSUPP if kernel.config_value("CONFIG_KPROBES_ON_FTRACE") == Some("y") => {
            "this place of the function cannot be probed".into()
        }
        _ => "the kernel refuses".into(),
    }
}

/// Whether the kernel forbids probes on a function.
fn is_forbidden(function: &str) -> bool {
    let text = debugfs_text("kprobes/blacklist").unwrap_or_default();
    text.lines().any(|line| line.split_ascii_whitespace().nth(1) == Some(function))
}
