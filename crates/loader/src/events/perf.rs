//! Perf buffers: `BPF_MAP_TYPE_PERF_EVENT_ARRAY` (4.3) with a ring for each CPU.

use crate::LoadError;
use crate::kernel::Kernel;
use crate::map::Map;
use crate::sys::perf;
use crate::sys::ring::{PerfRecord, PerfRing};
use bpfc_kabi::MapType;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// What comes out of a perf buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PerfEvent<'a> {
    /// What a program sent. Up to 7 bytes of padding may follow it.
    Sample {
        /// On which CPU.
        cpu: u32,
        /// The bytes.
        data: &'a [u8],
    },
    /// Samples that did not fit, as nobody read fast enough.
    Lost {
        /// On which CPU.
        cpu: u32,
        /// How many.
        n_samples: u64,
    },
}

/// The reader of a perf event array: it puts its own events into the map.
#[derive(Debug)]
pub struct PerfBuffer {
    cpus: Vec<CpuBuffer>,
}

#[derive(Debug)]
pub(super) struct CpuBuffer {
    cpu: u32,
    event: OwnedFd,
    ring: PerfRing,
}

impl PerfBuffer {
    /// Opens a ring of `n_pages` (a power of two) on each CPU that is online, as far as the map has
    /// room.
    ///
    /// # Errors
    /// [`LoadError::Unsupported`] for other kinds of maps, [`LoadError::System`].
    pub fn new(map: &Map, kernel: &Kernel, n_pages: u32) -> Result<PerfBuffer, LoadError> {
        super::check_kind(map, MapType::PerfEventArray)?;
        let n_pages = n_pages.max(1).next_power_of_two() as usize;
        let mut cpus = Vec::new();
        for cpu in kernel.online_cpus()? {
            if cpu >= map.max_entries() {
                continue;
            }
            let error = |errno| super::cannot_map(map, errno);
            let event = perf::bpf_output(cpu).map_err(error)?;
            let ring = PerfRing::new(event.as_fd(), n_pages).map_err(error)?;
            map.insert(&cpu.to_ne_bytes(), event.as_fd())?;
            perf::enable(event.as_fd()).map_err(error)?;
            cpus.push(CpuBuffer { cpu, event, ring });
        }
        Ok(PerfBuffer { cpus })
    }

    /// Hands each record that is there to `take`, CPU by CPU, and frees it; stops after one for
    /// which `take` breaks.
    pub fn consume(
        &mut self,
        mut take: impl FnMut(PerfEvent<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        self.cpus.iter_mut().try_for_each(|cpu| cpu.drain(&mut take))
    }

    /// To wait on, one for each CPU: readable when there are records.
    pub fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.cpus.iter().map(|cpu| cpu.event.as_fd())
    }
}

impl CpuBuffer {
    fn drain(
        &mut self,
        take: &mut impl FnMut(PerfEvent<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let cpu = self.cpu;
        self.ring.consume(|record| match record {
            PerfRecord::Sample(data) => take(PerfEvent::Sample { cpu, data }),
            PerfRecord::Lost(n_samples) => take(PerfEvent::Lost { cpu, n_samples }),
        })
    }
}
