//! Commands on one element, with any flags, as the kernel takes them.

use super::Map;
use crate::Errno;

/// A command of `bpf(2)` on one element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElementCommand {
    /// `BPF_MAP_LOOKUP_ELEM`. The value of a bloom filter goes in, others come out.
    Lookup,
    /// `BPF_MAP_UPDATE_ELEM`.
    Update,
    /// `BPF_MAP_DELETE_ELEM`, which has no value and no flags.
    Delete,
    /// `BPF_MAP_LOOKUP_AND_DELETE_ELEM` (4.20).
    Take,
}

impl Map {
    /// Bytes of a value in a system call: those of all possible CPUs, each rounded up to 8, for a
    /// per-CPU map; 4 where it is a file descriptor.
    pub fn transfer_bytes(&self) -> usize {
        self.fd.transfer_bytes()
    }

    /// Gives the kernel a command with flags that it may refuse. `value` has [`Map::transfer_bytes`].
    ///
    /// # Errors
    /// The kernel's; `EINVAL` also for a key or value of another size.
    pub fn command(
        &self,
        command: ElementCommand,
        key: &[u8],
        value: &mut [u8],
        flags: u64,
    ) -> Result<(), Errno> {
        let is_fit = key.len() == self.key_size_bytes() as usize
            && (command == ElementCommand::Delete || value.len() == self.transfer_bytes());
        if !is_fit {
            return Err(Errno::EINVAL);
        }
        match command {
            ElementCommand::Lookup => self.fd.lookup(key, value, flags),
            ElementCommand::Update => self.fd.update(key, value, flags),
            ElementCommand::Delete => self.fd.delete(key),
            ElementCommand::Take => self.fd.take(key, value, flags),
        }
    }
}
