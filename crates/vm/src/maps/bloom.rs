//! Bloom filters, without false positives.

use crate::errno;
use rustc_hash::FxHashSet;

/// The values pushed. The kernel's filter may also answer yes for others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bloom {
    values: FxHashSet<Box<[u8]>>,
}

impl Bloom {
    /// `bloom_map_push_elem` (Linux 6.18 `kernel/bpf/bloom_filter.c`); whether the value is new.
    pub fn push(&mut self, value: &[u8], flags: u64) -> Result<bool, i64> {
        if flags != 0 {
            return Err(errno::EINVAL);
        }
        Ok(self.values.insert(value.into()))
    }

    pub fn contains(&self, value: &[u8]) -> bool {
        self.values.contains(value)
    }
}
