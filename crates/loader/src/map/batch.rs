//! Changing many elements: in batches where the kernel can (5.6, per-CPU arrays 5.13), otherwise one by one.

use super::{Element, Map};
use crate::{Errno, LoadError};
use bpfc_kabi::UpdateFlag;

/// Bytes of keys and values that one system call is given.
const MAX_BATCH_BYTES: usize = 1 << 20;

impl Map {
    /// Writes many elements, each with a value for each possible CPU in a per-CPU map, otherwise one.
    ///
    /// # Errors
    /// As [`Map::update`], of the first that cannot be written; those before it are.
    pub fn update_batch(&self, elements: &[Element], flag: UpdateFlag) -> Result<(), LoadError> {
        for (key, values) in elements {
            self.check_key(key)?;
            self.join(values, &mut Vec::new())?;
        }
        let mut rest = elements;
        // The kernel's batches know no conditions (`generic_map_update_batch`, `kernel/bpf/syscall.c`, 6.12).
        let mut can_batch = flag == UpdateFlag::Any && self.key_size_bytes() > 0;
        while let [first, ..] = rest {
            let mut n_done = 0;
            if can_batch {
                let chunk = &rest[..self.per_batch().min(rest.len())];
                let (mut keys, mut transferred) = (Vec::new(), Vec::new());
                for (key, values) in chunk {
                    keys.extend_from_slice(key);
                    self.join(values, &mut transferred)?;
                }
                let (outcome, n) = self.fd.update_batch(&keys, &transferred);
                can_batch = outcome.is_ok() || n > 0;
                n_done = n;
            }
            if n_done == 0 {
                // It says what is wrong with this one, if it is that.
                self.update_values(&first.0, &first.1, flag)?;
                n_done = 1;
            }
            rest = &rest[n_done..];
        }
        Ok(())
    }

    /// Removes many keys: how many of them were there.
    ///
    /// # Errors
    /// As [`Map::delete`], of the first that cannot be removed; those before it are.
    pub fn delete_batch<K: AsRef<[u8]>>(&self, keys: &[K]) -> Result<usize, LoadError> {
        keys.iter().try_for_each(|key| self.check_key(key.as_ref()))?;
        let (mut rest, mut n_removed) = (keys, 0);
        let mut can_batch = self.key_size_bytes() > 0;
        let mut most = self.per_batch();
        while let [first, ..] = rest {
            let mut n_done = 0;
            if can_batch {
                let chunk = &rest[..most.min(rest.len())];
                let joined: Vec<u8> = chunk.iter().flat_map(AsRef::as_ref).copied().collect();
                let (outcome, n) = self.fd.delete_batch(&joined);
                // It stops at a key that is absent; where there are many, small batches cost less.
                can_batch = matches!(outcome, Ok(()) | Err(Errno::ENOENT));
                most = match outcome {
                    Ok(()) => (most * 2).min(self.per_batch()),
                    Err(_) => (n * 2).max(2),
                };
                n_done = n;
                n_removed += n;
            }
            if n_done == 0 {
                n_removed += usize::from(self.delete(first.as_ref())?);
                n_done = 1;
            }
            rest = &rest[n_done..];
        }
        Ok(n_removed)
    }

    /// How many elements go into one call.
    fn per_batch(&self) -> usize {
        let element = self.key_size_bytes() as usize + self.fd.transfer_bytes();
        (MAX_BATCH_BYTES / element.max(1)).max(1)
    }
}
