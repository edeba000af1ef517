//! Ring buffers: `BPF_MAP_TYPE_RINGBUF` (5.8), one queue for all CPUs.

use crate::LoadError;
use crate::map::Map;
use crate::sys::ring::Ring;
use bpfc_kabi::MapType;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The reader of a ring buffer. There should be one for each map: records are handed out once.
#[derive(Debug)]
pub struct RingBuffer {
    fd: OwnedFd,
    ring: Ring,
}

impl RingBuffer {
    /// Maps the buffer of a map.
    ///
    /// # Errors
    /// [`LoadError::Unsupported`] for other kinds of maps, [`LoadError::System`].
    pub fn new(map: &Map) -> Result<RingBuffer, LoadError> {
        super::check_kind(map, MapType::Ringbuf)?;
        let error = |errno| super::cannot_map(map, errno);
        let fd = map.as_fd().try_clone_to_owned();
        let fd = fd.map_err(|io| error(crate::Errno::from(&io)))?;
        let ring = Ring::new(fd.as_fd(), map.max_entries() as usize).map_err(error)?;
        Ok(RingBuffer { fd, ring })
    }

    /// Hands each record that is there to `take`, without copying, and frees it; stops after one
    /// for which `take` breaks. Returns the number of records.
    pub fn consume(&mut self, take: impl FnMut(&[u8]) -> ControlFlow<()>) -> usize {
        self.ring.consume(take).0
    }

    pub(super) fn drain(&mut self, take: impl FnMut(&[u8]) -> ControlFlow<()>) -> ControlFlow<()> {
        self.ring.consume(take).1
    }
}

/// To wait on: readable when there are records.
impl AsFd for RingBuffer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
