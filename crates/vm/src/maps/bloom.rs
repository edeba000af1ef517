//! Bloom filters, without false positives.

use crate::errno;
use rustc_hash::FxHashSet;

/// The values pushed. The kernel's filter may also answer yes for others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bloom {
    values: FxHashSet<Box<[u8]>>,
    /// Values kept; a filter takes any number, but not in this form.
    limit: usize,
}

impl Bloom {
    pub fn new(max_entries: u32) -> Bloom {
        Bloom { values: FxHashSet::default(), limit: (max_entries as usize).saturating_mul(16) }
    }

    pub fn push(&mut self, value: &[u8], flags: u64) -> Result<(), i64> {
        if flags != 0 {
            return Err(errno::EINVAL);
        }
        if self.values.len() >= self.limit {
            return Err(errno::ENOMEM);
        }
        self.values.insert(value.into());
        Ok(())
    }

    pub fn contains(&self, value: &[u8]) -> bool {
        self.values.contains(value)
    }
}
