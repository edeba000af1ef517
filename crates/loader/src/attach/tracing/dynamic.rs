//! Probes as dynamic events of tracefs, for kernels without event sources for them (before 4.17),
//! and what becomes of them.
//!
//! Such an event outlives the process that made it. Its group is `bpfc_PID`, by which `bpfc
//! cleanup` knows those whose process has gone.

use super::Attaching;
use crate::attach::ProbePoint;
use crate::attach::link::Held;
use crate::sys::perf;
use crate::tracefs::Tracefs;
use crate::{Errno, LoadError};
use std::sync::atomic::{AtomicU32, Ordering};

/// Makes an event, lets the program run at it, and holds both. `control` is `kprobe_events` or
/// `uprobe_events`, `target` what is probed in its language.
pub(super) fn attach(
    attaching: &Attaching<'_>,
    control: &'static str,
    target: &str,
    point: ProbePoint,
) -> Result<Result<Held, Errno>, LoadError> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let tracefs = Tracefs::open()?;
    let group = format!("bpfc_{}", std::process::id());
    let event = format!("probe_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let letter = match point {
        ProbePoint::Entry | ProbePoint::Session => 'p',
        ProbePoint::Return => 'r',
    };
    if let Err(errno) = tracefs.control(control, &format!("{letter}:{group}/{event} {target}\n")) {
        return Ok(Err(errno));
    }
    let name = format!("{group}/{event}");
    let opened = tracefs.event_id(&group, &event).map(|id| attaching.start(perf::tracepoint(id)?));
    match opened {
        Ok(Ok(event)) => Ok(Ok(Held::DynamicEvent { event, tracefs, control, name })),
        failed => {
            // What failed before matters more.
            let _ = tracefs.control(control, &format!("-:{name}\n"));
            failed.map(|outcome| outcome.map(|_| unreachable!("the other arm")))
        }
    }
}
