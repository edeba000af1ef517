//! Counters in a perf event array, which programs read with `bpf_perf_event_read_value`.

use crate::LoadError;
use crate::kernel::Kernel;
use crate::map::Map;
use crate::sys::perf::{self, Rate, Scope};
use bpfc_kabi::MapType;
use std::os::fd::{AsFd, OwnedFd};

/// Counters, one for each CPU that is online. They count as long as this lives.
#[derive(Debug)]
pub struct Counters {
    _events: Vec<OwnedFd>,
}

impl Counters {
    /// Starts counters and puts them into `map`, each at the number of its CPU. `ty` and `config` are those of
    /// `struct perf_event_attr`; of one process, if `pid` is given.
    ///
    /// # Errors
    /// [`LoadError::Unsupported`] for other kinds of maps, [`LoadError::System`] if nothing counts that here.
    pub fn open(
        map: &Map,
        kernel: &Kernel,
        (ty, config): (u32, u64),
        pid: Option<u32>,
    ) -> Result<Counters, LoadError> {
        super::check_kind(map, MapType::PerfEventArray)?;
        let mut events = Vec::new();
        for cpu in kernel.online_cpus()? {
            if cpu >= map.max_entries() {
                continue;
            }
            let number = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
            let scope = Scope { pid: pid.map_or(-1, number), cpu: number(cpu) };
            let error = |errno| LoadError::System {
                operation: "count",
                subject: format!("events of type {ty} and number {config} on CPU {cpu}"),
                errno,
            };
            // A period of 0 counts without ever sampling.
            let event = perf::counter(ty, config, Rate::Period(0), scope).map_err(error)?;
            map.insert(&cpu.to_ne_bytes(), event.as_fd())?;
            perf::enable(event.as_fd()).map_err(error)?;
            events.push(event);
        }
        Ok(Counters { _events: events })
    }
}
