//! Attaching programs.

mod cgroup;
mod link;
mod network;
mod spec;
mod tracing;

pub use link::Link;
pub use spec::{AttachSpec, Direction, NetworkSpec, NoDefault, ProbePoint, TraceSpec, XdpMode};
pub(crate) use tracing::kprobe::{kprobe_obstacle, uprobe_obstacle};

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
        AttachSpec::Trace(spec) => tracing::attach(program, spec, kernel),
        AttachSpec::Network(spec) => network::attach(program, spec),
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
