//! Attaching programs.

mod link;
mod network;
mod spec;
mod tracing;

pub use link::Link;
pub use spec::{
    AttachSpec, CgroupMode, Counter, Direction, Family, NetfilterHook, NetworkSpec, NoDefault,
    Order, Position, ProbePoint, RedirectValue, SampleRate, TcPlace, TraceOptions, TracePlace,
    TraceSpec, XdpMode,
};
pub use tracing::{find_file, functions_of_file, has_trampolines, offset_in_file};
pub(crate) use tracing::{has_kprobe_multi, has_uprobe_multi, trampoline_obstacle, understood};

use crate::explain::{self, Explanation};
use crate::kernel::Kernel;
use crate::load::Loaded;
use crate::mechanism::Mechanism;
use crate::program::Program;
use crate::{Errno, LoadError};
use network::Surroundings;

/// Attaches a program. Names are resolved first: system calls, copies that the compiler made of
/// functions, interfaces.
///
/// # Errors
/// [`LoadError::NoTarget`] with a guess at what was meant, [`LoadError::Attach`] with the reason.
pub fn attach(program: &Program, spec: &AttachSpec, kernel: &Kernel) -> Result<Link, LoadError> {
    attach_in(program, spec, Surroundings { loaded: None, kernel })
}

impl Loaded {
    /// As [`attach`], also to maps of the object and as its structs of operations.
    ///
    /// # Errors
    /// As [`attach`].
    pub fn attach(
        &self,
        program: &Program,
        spec: &AttachSpec,
        kernel: &Kernel,
    ) -> Result<Link, LoadError> {
        attach_in(program, spec, Surroundings { loaded: Some(self), kernel })
    }
}

fn attach_in(
    program: &Program,
    spec: &AttachSpec,
    around: Surroundings<'_>,
) -> Result<Link, LoadError> {
    check_type(program, spec)?;
    check_effect(program, spec, around.kernel)?;
    match spec {
        AttachSpec::Trace(spec) => tracing::attach(program, spec, around.kernel),
        AttachSpec::Network(spec) => network::attach(program, spec, around),
    }
}

/// The kernel attaches to security hooks that it never calls.
fn check_effect(program: &Program, spec: &AttachSpec, kernel: &Kernel) -> Result<(), LoadError> {
    match explain::without_effect(program.kind(), kernel) {
        None => Ok(()),
        Some(Explanation { reason, helps }) => Err(LoadError::Attach {
            program: program.name().into(),
            spec: spec.to_string(),
            reason: reason.unwrap_or_default(),
            errno: None,
            helps,
        }),
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

/// What is said of a refusal of which the caller knows nothing more.
const REFUSES: &str = "the kernel refuses";

/// The kernel, or bpfc itself, does not attach the program. To its answer belongs what that means and what helps; a
/// `reason` that says nothing is replaced by what is found out about it.
fn refused(
    program: &Program,
    spec: &str,
    reason: impl Into<String>,
    errno: impl Into<Option<Errno>>,
) -> LoadError {
    refused_by(program, spec, None, reason, errno)
}

/// As [`refused`], where the program is not attached by the mechanism that is usual for its kind.
fn refused_by(
    program: &Program,
    spec: &str,
    mechanism: Option<Mechanism>,
    reason: impl Into<String>,
    errno: impl Into<Option<Errno>>,
) -> LoadError {
    let (reason, errno) = (reason.into(), errno.into());
    let found = errno.map(|errno| explain::attaching(program.kind(), mechanism, errno));
    let found = found.unwrap_or_default();
    let knows_more = reason != REFUSES;
    // Who knows the place knows better what helps there, but not what the user lacks.
    let is_general = errno.is_some_and(|errno| errno.is_permission() || errno.is_shortage());
    let helps = if knows_more && !is_general { Vec::new() } else { found.helps };
    let reason = found.reason.filter(|_| !knows_more).unwrap_or(reason);
    LoadError::Attach { program: program.name().into(), spec: spec.into(), reason, errno, helps }
}
