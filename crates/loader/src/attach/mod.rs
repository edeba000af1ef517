//! Attaching programs.

mod cgroup;
mod link;
mod network;
mod probe;
mod spec;
mod trace;
mod uprobe;

pub use link::Link;
pub(crate) use probe::{kprobe_obstacle, uprobe_obstacle};
pub use spec::{AttachSpec, Direction, NoDefault, ProbePoint, XdpMode};

use crate::kernel::Kernel;
use crate::program::Program;
use crate::{Errno, LoadError};

/// Attaches a program. Names are resolved first: system calls, copies that the compiler made of
/// functions, interfaces.
///
/// # Errors
/// [`LoadError::NoTarget`] with a guess at what was meant, [`LoadError::Attach`] with the reason.
pub fn attach(program: &Program, spec: &AttachSpec, kernel: &Kernel) -> Result<Link, LoadError> {
    check_type(program, spec)?;
    match spec {
        AttachSpec::Xdp { interface, mode } => network::xdp(program, spec, interface, *mode),
        AttachSpec::Tc { interface, direction } => {
            network::tc(program, spec, interface, *direction)
        }
        AttachSpec::Socket { interface } => network::socket(program, spec, interface.as_deref()),
        AttachSpec::Tracepoint { category, event } => {
            trace::tracepoint(program, spec, category, event)
        }
        AttachSpec::RawTracepoint { name } => trace::raw_tracepoint(program, spec, name, kernel),
        AttachSpec::PerfEvent { frequency_hz } => {
            trace::cpu_clock(program, spec, *frequency_hz, kernel)
        }
        AttachSpec::Loaded => trace::as_loaded(program, spec),
        AttachSpec::Kprobe { function, offset, point } => {
            probe::kprobe(program, function, *offset, *point, kernel)
        }
        AttachSpec::Uprobe { path, symbol, offset, point } => {
            uprobe::uprobe(program, spec, (path, symbol, *offset), *point)
        }
        AttachSpec::Cgroup { path } => cgroup::attach(program, spec, path),
        AttachSpec::Netns { path } => cgroup::attach(program, spec, path),
    }
}

/// A program can only go where its type goes.
fn check_type(program: &Program, spec: &AttachSpec) -> Result<(), LoadError> {
    let loaded = program.kind();
    let wanted = spec.kind(Some(loaded));
    if wanted.prog_type == loaded.prog_type {
        return Ok(());
    }
    let reason = format!(
        "it was loaded as {}, there it must be {}",
        loaded.prog_type.name(),
        wanted.prog_type.name()
    );
    Err(refused(program, &spec.to_string(), reason, None))
}

fn refused(
    program: &Program,
    spec: &str,
    reason: impl Into<String>,
    errno: impl Into<Option<Errno>>,
) -> LoadError {
    LoadError::Attach {
        program: program.name().into(),
        spec: spec.into(),
        reason: reason.into(),
        errno: errno.into(),
    }
}
