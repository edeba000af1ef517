//! Maps and data sections of an object in a machine, as user space sees them.

use crate::errno;
use crate::machine::Machine;
use crate::maps::{MapEntry, MapView};
use bpfc_base::Idx;
use bpfc_kabi::MapType;
use bpfc_object::{DataId, MapId};

/// What is in the maps and data sections of a machine, while it runs a test.
pub struct Contents<'a>(pub(crate) &'a mut Machine);

impl Contents<'_> {
    /// As [`Vm::map`](crate::Vm::map).
    ///
    /// # Panics
    /// If `map` is not a map of the object.
    pub fn map(&self, map: MapId) -> MapView {
        self::map(self.0, map)
    }

    /// Sets an element, the value of each CPU. One that is there stays where it is: pointers to it see the new value.
    ///
    /// # Errors
    /// The negative error number of the kernel.
    ///
    /// # Panics
    /// If `map` is not a map of the object.
    pub fn map_put(&mut self, map: MapId, key: &[u8], values: &[Vec<u8>]) -> Result<(), i64> {
        let machine = &mut *self.0;
        let state = machine.maps.get(idx_of(machine, map));
        let slot = match state.map_type {
            // Finds what is less long, too.
            MapType::LpmTrie => None,
            _ => state.find(key),
        };
        let Some(slot) = slot else {
            return map_update(machine, map, key, &joined(values), 0);
        };
        for (cpu, value) in (0..).zip(values) {
            let address = state.value_address(slot, cpu);
            machine.memory.write(address, value).map_err(|_| errno::EFAULT)?;
        }
        Ok(())
    }

    /// As [`Vm::map_delete`](crate::Vm::map_delete).
    ///
    /// # Errors
    /// The negative error number of the kernel.
    ///
    /// # Panics
    /// If `map` is not a map of the object.
    pub fn map_delete(&mut self, map: MapId, key: &[u8]) -> Result<(), i64> {
        map_delete(self.0, map, key)
    }

    /// As [`Vm::data`](crate::Vm::data).
    ///
    /// # Panics
    /// If `section` is not a data section of the object.
    pub fn data(&self, section: DataId) -> Vec<u8> {
        data(self.0, section)
    }

    /// As [`Vm::set_data`](crate::Vm::set_data), of the whole section.
    ///
    /// # Errors
    /// The negative error number of the kernel.
    ///
    /// # Panics
    /// If `section` is not a data section of the object.
    pub fn set_data(&mut self, section: DataId, bytes: &[u8]) -> Result<(), i64> {
        set_data(self.0, section, 0, bytes)
    }
}

pub(crate) fn map(machine: &Machine, map: MapId) -> MapView {
    machine.maps.view(&machine.memory, idx_of(machine, map))
}

pub(crate) fn map_lookup(machine: &Machine, map: MapId, key: &[u8]) -> Option<MapEntry> {
    machine.maps.entry(&machine.memory, idx_of(machine, map), key)
}

pub(crate) fn map_update(
    machine: &mut Machine,
    map: MapId,
    key: &[u8],
    value: &[u8],
    flags: u64,
) -> Result<(), i64> {
    let idx = idx_of(machine, map);
    machine.maps.user_update(&mut machine.memory, idx, key, value, flags)
}

pub(crate) fn map_delete(machine: &mut Machine, map: MapId, key: &[u8]) -> Result<(), i64> {
    let idx = idx_of(machine, map);
    machine.maps.user_delete(&mut machine.memory, idx, key)
}

pub(crate) fn data(machine: &Machine, section: DataId) -> Vec<u8> {
    let idx = machine.n_object_maps + section.index() as u32;
    let entry = machine.maps.entry(&machine.memory, idx, &[0; 4]);
    let value = entry.and_then(|entry| entry.values.into_iter().next());
    value.expect("a data section of this object")
}

pub(crate) fn set_data(
    machine: &mut Machine,
    section: DataId,
    offset_bytes: usize,
    bytes: &[u8],
) -> Result<(), i64> {
    let mut content = data(machine, section);
    let end = offset_bytes.saturating_add(bytes.len());
    let part = content.get_mut(offset_bytes..end).ok_or(errno::EINVAL)?;
    part.copy_from_slice(bytes);
    let idx = machine.n_object_maps + section.index() as u32;
    machine.maps.user_update(&mut machine.memory, idx, &[0; 4], &content, 0)
}

/// The values of all CPUs in a row, as the system call has them.
fn joined(values: &[Vec<u8>]) -> Vec<u8> {
    let [value] = values else {
        let padded = values.iter().flat_map(|value| {
            let n_bytes = value.len().next_multiple_of(8);
            value.iter().copied().chain(std::iter::repeat_n(0, n_bytes - value.len()))
        });
        return padded.collect();
    };
    value.clone()
}

fn idx_of(machine: &Machine, map: MapId) -> u32 {
    machine.maps.of(map).expect("a map of this object")
}
