//! Maps through the commands of `bpf(2)`, with the kernel's error numbers.

use super::Vm;
use crate::machine::Machine;
use bpfc_object::MapId;

impl Vm {
    /// `BPF_MAP_LOOKUP_ELEM`: the value, of a per-CPU map one for each CPU; of a queue or stack, with an empty key, the
    /// one that comes next.
    ///
    /// # Errors
    /// The negative error number of the kernel.
    ///
    /// # Panics
    /// If `map` is not a map of the object.
    pub fn map_read(&self, map: MapId, key: &[u8], flags: u64) -> Result<Vec<Vec<u8>>, i64> {
        let idx = index(&self.machine, map);
        self.machine.maps.user_read(&self.machine.memory, idx, key, flags)
    }

    /// `BPF_MAP_LOOKUP_ELEM` of a bloom filter. There are no false positives here.
    ///
    /// # Errors
    /// As [`Vm::map_read`]: `ENOENT` if the value is not in it.
    ///
    /// # Panics
    /// If `map` is not a map of the object.
    pub fn map_contains(&self, map: MapId, value: &[u8], flags: u64) -> Result<(), i64> {
        self.machine.maps.user_contains(index(&self.machine, map), value, flags)
    }

    /// `BPF_MAP_LOOKUP_AND_DELETE_ELEM`: of hashes by key, of queues and stacks with an empty key.
    ///
    /// # Errors
    /// As [`Vm::map_read`].
    ///
    /// # Panics
    /// If `map` is not a map of the object.
    pub fn map_take(&mut self, map: MapId, key: &[u8], flags: u64) -> Result<Vec<Vec<u8>>, i64> {
        self.each(|machine| {
            let idx = index(machine, map);
            machine.maps.user_take(&mut machine.memory, idx, key, flags)
        })
    }

    /// `BPF_MAP_GET_NEXT_KEY`: the key after `previous`, or the first. The order is not that of the kernel.
    ///
    /// # Errors
    /// As [`Vm::map_read`]: `ENOENT` behind the last.
    ///
    /// # Panics
    /// If `map` is not a map of the object.
    pub fn map_next_key(&self, map: MapId, previous: Option<&[u8]>) -> Result<Vec<u8>, i64> {
        let idx = index(&self.machine, map);
        self.machine.maps.user_next_key(&self.machine.memory, idx, previous)
    }
}

fn index(machine: &Machine, map: MapId) -> u32 {
    machine.maps.of(map).expect("a map of this object")
}
