//! Queues and stacks.

use super::EXIST;
use crate::errno;
use std::collections::VecDeque;

/// Values in the order in which they were pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Queue {
    values: VecDeque<Vec<u8>>,
    max_entries: usize,
    /// Whether the value pushed last comes out first.
    is_stack: bool,
}

impl Queue {
    pub fn new(max_entries: u32, is_stack: bool) -> Queue {
        Queue { values: VecDeque::new(), max_entries: max_entries as usize, is_stack }
    }

    /// `queue_stack_map_push_elem` (Linux 6.12 `kernel/bpf/queue_stack_maps.c`): `BPF_EXIST` makes
    /// room by dropping the oldest value.
    pub fn push(&mut self, value: &[u8], flags: u64) -> Result<(), i64> {
        if flags != 0 && flags != EXIST {
            return Err(errno::EINVAL);
        }
        if self.values.len() >= self.max_entries {
            if flags != EXIST {
                return Err(errno::E2BIG);
            }
            self.values.pop_front();
        }
        self.values.push_back(value.to_vec());
        Ok(())
    }

    pub fn pop(&mut self) -> Option<Vec<u8>> {
        if self.is_stack { self.values.pop_back() } else { self.values.pop_front() }
    }

    pub fn peek(&self) -> Option<Vec<u8>> {
        let next = if self.is_stack { self.values.back() } else { self.values.front() };
        next.cloned()
    }

    /// The values in the order in which they come out.
    pub fn values(&self) -> Vec<Vec<u8>> {
        let mut values: Vec<_> = self.values.iter().cloned().collect();
        if self.is_stack {
            values.reverse();
        }
        values
    }
}
