//! User ring buffers: `BPF_MAP_TYPE_USER_RINGBUF` (6.1), records for programs.

use crate::map::Map;
use crate::sys::user_ring;
use crate::{Errno, LoadError};
use bpfc_kabi::MapType;
use std::os::fd::AsFd;

/// The sender of a user ring buffer. There must be one for each map: two would overwrite each other's records. Programs take
/// them out with `bpf_user_ringbuf_drain`, when they run.
#[derive(Debug)]
pub struct UserRing {
    name: String,
    ring: user_ring::UserRing,
}

impl UserRing {
    /// Maps the buffer of a map.
    ///
    /// # Errors
    /// [`LoadError::Unsupported`] for other kinds of maps, [`LoadError::System`].
    pub fn new(map: &Map) -> Result<UserRing, LoadError> {
        super::check_kind(map, MapType::UserRingbuf)?;
        let ring = user_ring::UserRing::new(map.as_fd(), map.max_entries() as usize);
        let ring = ring.map_err(|errno| super::cannot_map(map, errno))?;
        Ok(UserRing { name: map.name().to_owned(), ring })
    }

    /// Puts a record behind the others. False: there is no room until a program has taken some.
    ///
    /// # Errors
    /// [`LoadError::System`]: it is larger than the buffer.
    pub fn send(&mut self, record: &[u8]) -> Result<bool, LoadError> {
        match self.ring.send(record) {
            Ok(()) => Ok(true),
            Err(Errno(libc::ENOSPC)) => Ok(false),
            Err(errno) => Err(LoadError::System {
                operation: "send",
                subject: format!("{} bytes through map `{}`", record.len(), self.name),
                errno,
            }),
        }
    }

    /// Bytes that no program has taken yet, eight for each record among them.
    pub fn n_waiting_bytes(&self) -> usize {
        self.ring.n_waiting_bytes()
    }
}
