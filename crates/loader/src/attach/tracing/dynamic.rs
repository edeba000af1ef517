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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attach::spec::TraceOptions;
    use crate::kernel::Kernel;
    use crate::load::{LoadOptions, load};
    use bpfc_object::{Function, ObjInsn, Object};

    /// What kernels without event sources need, tried on this one.
    #[test]
    fn events_come_and_go() {
        let tracefs = Tracefs::open().ok().filter(|fs| fs.join("uprobe_events").exists());
        let Some(tracefs) = tracefs else {
            let is_required = std::env::var_os("BPFC_REQUIRE_KERNEL").is_some_and(|it| it == "1");
            assert!(!is_required, "no dynamic events");
            return println!("skipped: no dynamic events can be made");
        };
        let assembly = bpfc_isa::assemble("r0 = 0\nexit", &()).unwrap();
        let mut object = Object::default();
        object.functions.push(Function {
            name: "prog".into(),
            section: "uprobe".into(),
            insns: assembly.insns.into_iter().map(ObjInsn::new).collect(),
            ..Function::default()
        });
        let kernel = Kernel::new();
        let loaded = load(&object, &kernel, &LoadOptions::default()).unwrap();
        let options = TraceOptions::default();
        let attaching = Attaching {
            program: &loaded.programs[0],
            kernel: &kernel,
            text: String::new(),
            options: &options,
        };
        // Page 1 of this program: whatever is there, nothing runs it.
        let own = std::env::current_exe().unwrap();
        let target = format!("{}:0x1000", own.display());
        let held = attach(&attaching, "uprobe_events", &target, ProbePoint::Entry);
        let held = held.unwrap().unwrap();
        let group = format!("bpfc_{}/", std::process::id());
        let events = || std::fs::read_to_string(tracefs.join("uprobe_events")).unwrap();
        assert!(events().contains(&group), "{}", events());
        attaching.link(held).detach().unwrap();
        assert!(!events().contains(&group), "{}", events());
        let nothing = attach(&attaching, "uprobe_events", "/no/such/file:0x1", ProbePoint::Entry);
        assert_eq!(nothing.unwrap().err(), Some(Errno::ENOENT));
    }
}
