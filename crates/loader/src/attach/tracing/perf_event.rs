//! Counters of the kernel and the processor, of each CPU or of a process.

use super::Attaching;
use crate::attach::link::{Held, Link};
use crate::attach::spec::{Counter, SampleRate};
use crate::sys::perf::{self, Rate, Scope};
use crate::{Errno, LoadError};
use bpfc_kabi::KernelVersion;

/// `PERF_TYPE_HARDWARE`, `…_SOFTWARE`, `…_HW_CACHE`, `…_RAW`.
const HARDWARE: u32 = 0;
const SOFTWARE: u32 = 1;
const HW_CACHE: u32 = 3;
const RAW: u32 = 4;

/// Runs a program by a counter.
pub(super) fn counters(
    attaching: &Attaching<'_>,
    counter: &Counter,
    rate: SampleRate,
) -> Result<Link, LoadError> {
    attaching.check_cookie(KernelVersion::new(5, 15))?;
    let (ty, config) = match counter {
        Counter::Software(_, config) => (SOFTWARE, *config),
        Counter::Hardware(_, config) => (HARDWARE, *config),
        Counter::Cache(_, config) => (HW_CACHE, *config),
        Counter::Raw(config) => (RAW, *config),
    };
    let rate = match rate {
        SampleRate::Frequency(hz) => Rate::Frequency(hz),
        SampleRate::Period(n) => Rate::Period(n),
    };
    let mut held = Vec::new();
    for scope in scopes(attaching)? {
        let event = perf::counter(ty, config, rate, scope);
        let started = event.and_then(|event| attaching.start(event));
        held.push(started.map_err(|errno| attaching.refuse(reason(counter, rate, errno), errno))?);
    }
    let n = held.len();
    Ok(attaching.link(Held::Events(held)).with_places(n, 0))
}

/// The CPUs, or the threads of the process.
fn scopes(attaching: &Attaching<'_>) -> Result<Vec<Scope>, LoadError> {
    let options = attaching.options;
    let on = |cpu: u32| i32::try_from(cpu).unwrap_or(i32::MAX);
    let cpu = options.cpu.map_or(-1, on);
    if let Some(pid) = options.pid {
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task"));
        let tasks = tasks.map_err(|error| LoadError::System {
            operation: "watch",
            subject: format!("process {pid}"),
            errno: Errno::from(&error),
        })?;
        let ids = tasks.filter_map(|task| task.ok()?.file_name().to_str()?.parse().ok());
        return Ok(ids.map(|pid| Scope { pid, cpu }).collect());
    }
    let cpus = match options.cpu {
        Some(cpu) => vec![cpu],
        None => attaching.kernel.online_cpus()?,
    };
    Ok(cpus.into_iter().map(|cpu| Scope { pid: -1, cpu: on(cpu) }).collect())
}

fn reason(counter: &Counter, rate: Rate, errno: Errno) -> String {
    let paranoid = std::fs::read_to_string("/proc/sys/kernel/perf_event_paranoid");
    match (errno, rate) {
        (Errno::ENOENT | Errno::EOPNOTSUPP | Errno::ENODEV, _) if counter.is_of_processor() => {
            "this processor, or this virtual machine, does not count that".into()
        }
        (Errno::EINVAL, Rate::Frequency(hz)) => format!(
            "{hz} times a second may be more than `/proc/sys/kernel/perf_event_max_sample_rate` \
             allows"
        ),
        (Errno::ENODEV, _) => "there is no such CPU".into(),
        (errno, _) if errno.is_permission() => format!(
            "`/proc/sys/kernel/perf_event_paranoid` is {}",
            paranoid.as_deref().unwrap_or("not readable").trim()
        ),
        _ => "the kernel refuses".into(),
    }
}
