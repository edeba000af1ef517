//! Maps as the system call and tools see them.

use super::{MapState, Maps, Storage};
use crate::memory::{CLEAN, Memory, Parts, region};
use bpfc_kabi::MapType;

/// One element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapEntry {
    /// The key; empty for queues and stacks.
    pub key: Vec<u8>,
    /// The value, or that of each CPU.
    pub values: Vec<Vec<u8>>,
}

/// A map and its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapView {
    /// Its name.
    pub name: String,
    /// Its type.
    pub map_type: MapType,
    /// Size of a key.
    pub key_bytes: u32,
    /// Size of a value.
    pub value_bytes: u32,
    /// Its elements: of an array by index, of a queue or stack in the order in which they come
    /// out, of others roughly in the order in which they were made. Elements of a map of maps or
    /// programs hold the index of the map or function in the object.
    pub entries: Vec<MapEntry>,
}

impl Maps {
    /// The content of a map.
    pub fn view(&self, memory: &Memory, idx: u32) -> MapView {
        let map = self.get(idx);
        let entries = match &map.storage {
            Storage::Queue(queue) => {
                let entry = |value| MapEntry { key: Vec::new(), values: vec![value] };
                queue.values().into_iter().map(entry).collect()
            }
            _ => self.slots(memory, idx).into_iter().map(|slot| map.entry(memory, slot)).collect(),
        };
        MapView {
            name: map.name.clone(),
            map_type: map.map_type,
            key_bytes: map.key_bytes,
            value_bytes: map.value_bytes,
            entries,
        }
    }

    /// The element with this key, as the system call looks it up.
    pub fn entry(&self, memory: &Memory, idx: u32, key: &[u8]) -> Option<MapEntry> {
        let map = self.get(idx);
        let slot = map.find(key)?;
        // An empty element of a map of maps, programs, devices or the like.
        let is_empty = matches!(map.storage, Storage::Slots)
            && map.get(memory, slot, 0).iter().all(|&byte| byte == 0);
        if is_empty {
            return None;
        }
        let mut entry = map.entry(memory, slot);
        entry.key = key.to_vec();
        Some(entry)
    }

    /// The first difference to `other`, whose programs did the same; only what was written since
    /// the last call is looked at. Forgets what was written.
    pub fn difference(
        &mut self,
        memory: &mut Memory,
        other: &mut Maps,
        other_memory: &mut Memory,
    ) -> Option<String> {
        let mut found = None;
        for (idx, map) in self.list.iter().enumerate() {
            let twin = &other.list[idx];
            let is_same_memory = [map.values, map.keys].into_iter().all(|number| {
                let (a, b) = (memory.region_mut(number), other_memory.region_mut(number));
                let start = a.dirty.start.min(b.dirty.start) as usize;
                let end = a.dirty.end.max(b.dirty.end) as usize;
                a.dirty = CLEAN;
                b.dirty = CLEAN;
                a.bytes.len() == b.bytes.len() && a.bytes.get(start..end) == b.bytes.get(start..end)
            });
            if found.is_none() && !(is_same_memory && map.storage.is_same(&twin.storage)) {
                found = Some(map.name.clone());
            }
        }
        found
    }
}

impl Storage {
    fn is_same(&self, other: &Storage) -> bool {
        match (self, other) {
            (Storage::Hash(a), Storage::Hash(b)) => a.len() == b.len(),
            (Storage::Lpm(a), Storage::Lpm(b)) => a.len() == b.len(),
            (Storage::Queue(a), Storage::Queue(b)) => a == b,
            (Storage::Bloom(a), Storage::Bloom(b)) => a == b,
            (Storage::Ringbuf(a), Storage::Ringbuf(b)) => a == b,
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
        }
    }
}

impl MapState {
    fn entry(&self, memory: &Memory, slot: u32) -> MapEntry {
        let key = match &self.storage {
            Storage::Hash(table) => table.key(slot).unwrap_or_default().to_vec(),
            Storage::Lpm(trie) => trie.key(slot).unwrap_or_default().to_vec(),
            _ => memory.endian.u32_bytes(slot).to_vec(),
        };
        let values = (0..self.n_copies)
            .map(|copy| match self.map_type {
                MapType::ProgArray | MapType::ArrayOfMaps | MapType::HashOfMaps => {
                    let number = self.get_number(memory, slot).wrapping_sub(1);
                    memory.endian.u32_bytes(number).to_vec()
                }
                _ => self.get(memory, slot, copy).to_vec(),
            })
            .collect();
        MapEntry { key, values }
    }

    /// Fills the only value of a data section's map, and lets programs access all of it as one.
    pub(crate) fn initialise(&self, memory: &mut Memory, content: &[u8]) {
        debug_assert!(self.values >= region::MAPS);
        let values = memory.region_mut(self.values);
        values.bytes[..content.len()].copy_from_slice(content);
        values.window = 0..self.value_bytes;
        values.parts = Parts::Whole;
    }
}
