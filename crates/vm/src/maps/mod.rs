//! Maps: what `bpf(2)` and programs do with them, with the results of the kernel.
//!
//! Values (and the keys that callbacks see) live in memory regions; what is in this module is how
//! they are found. Results are 0 or a negative error number, as the kernel gives.

mod bloom;
mod calls;
mod create;
mod hash;
mod lpm;
mod queue;
mod ringbuf;
mod view;

pub use create::MapError;
pub(crate) use ringbuf::{Commit, Ringbuf};
pub use view::{MapEntry, MapView};

use crate::errno;
use crate::fault::{FaultKind, Trap};
use crate::memory::{Memory, address, locate, region};
use bloom::Bloom;
use bpfc_base::Idx;
use bpfc_isa::Endian;
use bpfc_kabi::MapType;
use bpfc_object::{FuncId, MapId};
use hash::Hash;
use lpm::Lpm;
use queue::Queue;
use std::ops::Range;

/// `BPF_NOEXIST`, `BPF_EXIST`, `BPF_F_LOCK` (Linux 5.1 `include/uapi/linux/bpf.h`).
pub(crate) const NOEXIST: u64 = 1;
pub(crate) const EXIST: u64 = 2;
pub(crate) const LOCK: u64 = 4;
/// What a value of a bloom filter takes beside its bytes.
const BLOOM_BYTES: u64 = 32;

/// All maps of a machine: those of the object by [`MapId`], then one per data section.
#[derive(Clone, Debug, Default)]
pub(crate) struct Maps {
    list: Vec<MapState>,
    /// Bytes that maps may still take.
    budget: u64,
    n_cpus: u32,
    cpu: u32,
}

/// One map.
#[derive(Clone, Debug)]
pub(crate) struct MapState {
    pub id: Option<MapId>,
    pub name: String,
    pub map_type: MapType,
    pub flags: u32,
    pub key_bytes: u32,
    pub value_bytes: u32,
    pub max_entries: u32,
    /// The byte order of keys that are numbers.
    endian: Endian,
    /// Regions.
    values: u32,
    keys: u32,
    /// Distance between values, and values per element.
    stride: u32,
    n_copies: u32,
    /// Parts of a value that an update leaves alone: locks, timers and the like
    /// (`copy_map_value`, Linux 5.1 `include/linux/bpf.h`).
    holes: Vec<Range<u32>>,
    pub storage: Storage,
}

/// How elements are found.
#[derive(Clone, Debug)]
pub(crate) enum Storage {
    /// By index; all elements exist.
    Array,
    /// By index; an element exists if its value is not zero.
    Slots,
    Hash(Hash),
    Lpm(Lpm),
    Queue(Queue),
    Bloom(Bloom),
    Ringbuf(Ringbuf),
    /// One value, for the cgroup.
    Cgroup,
    /// Holds what only a kernel has.
    Opaque,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// A program, on its CPU.
    Program,
    /// The system call: values of per-CPU maps are those of all CPUs.
    User,
}

impl MapState {
    /// The address of the value in `slot` for `cpu`.
    pub fn value_address(&self, slot: u32, cpu: u32) -> u64 {
        let copy = if self.n_copies > 1 { cpu } else { 0 };
        let idx = (slot * self.n_copies + copy).wrapping_mul(self.stride);
        address(self.values, idx)
    }

    /// The address of the key in `slot`.
    pub fn key_address(&self, slot: u32) -> u64 {
        address(self.keys, slot * self.key_bytes.next_multiple_of(8))
    }

    /// Bytes of a value as the system call passes it.
    pub fn user_value_bytes(&self) -> u32 {
        if self.map_type.is_per_cpu() { self.stride * self.n_copies } else { self.value_bytes }
    }

    fn value_range(&self, slot: u32, copy: u32) -> Range<usize> {
        let start = (slot as usize * self.n_copies as usize + copy as usize) * self.stride as usize;
        start..start + self.value_bytes as usize
    }

    /// Copies `value` into one copy of an element, but for the holes.
    fn put(&self, memory: &mut Memory, slot: u32, copy: u32, value: &[u8]) {
        let range = self.value_range(slot, copy);
        let target = memory.region_mut(self.values);
        target.touch(range.clone());
        let Some(bytes) = target.bytes.get_mut(range) else {
            return;
        };
        let mut at = 0;
        for hole in &self.holes {
            let end = (hole.start as usize).min(bytes.len());
            bytes[at..end].copy_from_slice(&value[at..end]);
            at = (hole.end as usize).min(bytes.len());
        }
        let end = bytes.len();
        bytes[at..end].copy_from_slice(&value[at..end]);
    }

    /// The value of an element that holds a map or program: its number and 1, or 0 for none.
    fn get_number(&self, memory: &Memory, slot: u32) -> u32 {
        let value = self.get(memory, slot, 0);
        memory.endian.u32_of(value.try_into().unwrap_or_default())
    }

    /// Whether elements hold what only a file descriptor gives.
    fn is_fd_array(&self) -> bool {
        matches!(
            self.map_type,
            MapType::ProgArray
                | MapType::PerfEventArray
                | MapType::CgroupArray
                | MapType::ArrayOfMaps
        )
    }

    fn get<'a>(&self, memory: &'a Memory, slot: u32, copy: u32) -> &'a [u8] {
        memory
            .region(self.values)
            .and_then(|values| values.bytes.get(self.value_range(slot, copy)))
            .unwrap_or(&[])
    }
}

impl Maps {
    /// Sets the CPU that programs run on.
    pub fn set_cpu(&mut self, cpu: u32) {
        self.cpu = cpu;
    }

    /// The map whose handle is `handle`.
    pub fn resolve(&self, handle: u64) -> Option<u32> {
        let (number, idx) = locate(handle);
        (number == region::MAP_HANDLE && (idx as usize) < self.list.len()).then_some(idx)
    }

    /// The map that a helper got as an argument.
    pub fn argument(&self, handle: u64, helper: &'static str, argument: u32) -> Result<u32, Trap> {
        self.resolve(handle).ok_or_else(|| {
            Box::new(FaultKind::BadArgument {
                helper,
                argument,
                problem: format!("is {handle:#x}, which is no map"),
            })
        })
    }

    pub fn get(&self, idx: u32) -> &MapState {
        &self.list[idx as usize]
    }

    pub fn get_mut(&mut self, idx: u32) -> &mut MapState {
        &mut self.list[idx as usize]
    }

    pub fn len(&self) -> u32 {
        self.list.len() as u32
    }

    /// The program in element `index` of a program array.
    pub fn program(
        &self,
        memory: &Memory,
        handle: u64,
        index: u32,
    ) -> Result<Option<FuncId>, Trap> {
        let idx = self.argument(handle, "bpf_tail_call", 2)?;
        let map = self.get(idx);
        if map.map_type != MapType::ProgArray {
            let problem = format!("is map `{}`, which is no program array", map.name);
            return Err(Box::new(FaultKind::BadArgument {
                helper: "bpf_tail_call",
                argument: 2,
                problem,
            }));
        }
        let slot = map.find(&memory.endian.u32_bytes(index));
        let number = slot.map_or(0, |slot| map.get_number(memory, slot));
        Ok(number.checked_sub(1).map(|idx| FuncId::new(idx as usize)))
    }

    /// The address of the value of `key` for programs, or of the inner map; 0 if there is none.
    pub fn lookup(&mut self, memory: &Memory, idx: u32, key: &[u8]) -> u64 {
        let cpu = self.cpu;
        self.lookup_on(memory, idx, key, cpu)
    }

    /// The same for another CPU.
    pub fn lookup_on(&mut self, memory: &Memory, idx: u32, key: &[u8], cpu: u32) -> u64 {
        if cpu >= self.n_cpus {
            return 0;
        }
        let map = &mut self.list[idx as usize];
        let Some(slot) = map.find(key) else {
            return 0;
        };
        if let Storage::Hash(table) = &mut map.storage {
            table.mark_used(slot);
        }
        if map.map_type.is_map_in_map() {
            return match map.get_number(memory, slot).checked_sub(1) {
                Some(inner) => address(region::MAP_HANDLE, inner),
                None => 0,
            };
        }
        map.value_address(slot, cpu)
    }

    /// `bpf_map_update_elem`.
    pub fn update(
        &mut self,
        memory: &mut Memory,
        idx: u32,
        key: &[u8],
        value: &[u8],
        flags: u64,
        by: By,
    ) -> Result<(), i64> {
        let cpu = self.cpu;
        let map = &mut self.list[idx as usize];
        match &mut map.storage {
            Storage::Array | Storage::Slots => {
                if flags & !LOCK > EXIST || (map.is_fd_array() && flags != 0) {
                    return Err(errno::EINVAL);
                }
                // `bpf_percpu_array_update` knows no locks; programs come to `array_map_update_elem`.
                if by == By::User && map.map_type.is_per_cpu() && flags & LOCK != 0 {
                    return Err(errno::EINVAL);
                }
                let slot = index(map.endian, key);
                if slot >= map.max_entries {
                    return Err(errno::E2BIG);
                }
                if flags & NOEXIST != 0 {
                    return Err(errno::EEXIST);
                }
                if flags & LOCK != 0 && map.holes.is_empty() {
                    return Err(errno::EINVAL);
                }
                write_copies(map, memory, slot, value, by, cpu);
                Ok(())
            }
            // `stack_map_update_elem`: only the kernel fills it.
            Storage::Hash(_) if map.map_type == MapType::StackTrace => Err(errno::EINVAL),
            Storage::Hash(_) => hash::update(self, memory, idx, key, value, flags, by),
            Storage::Lpm(_) => lpm::update(self, memory, idx, key, value, flags),
            Storage::Cgroup => {
                write_copies(map, memory, 0, value, by, cpu);
                Ok(())
            }
            Storage::Bloom(_) | Storage::Queue(_) if by == By::User => self.push(idx, value, flags),
            Storage::Bloom(_) => Err(errno::EINVAL),
            Storage::Queue(_) => Err(errno::EINVAL),
            Storage::Ringbuf(_) => Err(errno::ENOTSUPP),
            Storage::Opaque => Err(errno::EOPNOTSUPP),
        }
    }

    /// `bpf_map_delete_elem`.
    pub fn delete(&mut self, memory: &mut Memory, idx: u32, key: &[u8]) -> Result<(), i64> {
        let map = &mut self.list[idx as usize];
        match &mut map.storage {
            Storage::Slots => {
                let slot = index(map.endian, key);
                // `fd_array_map_delete_elem` and `dev_map_delete_elem`, Linux 6.12.
                let is_fd_array = map.is_fd_array();
                if slot >= map.max_entries {
                    return Err(if is_fd_array { errno::E2BIG } else { errno::EINVAL });
                }
                let zeros = vec![0; map.value_bytes as usize];
                if is_fd_array && map.get(memory, slot, 0) == zeros {
                    return Err(errno::ENOENT);
                }
                map.put(memory, slot, 0, &zeros);
                Ok(())
            }
            // `stack_map_delete_elem`: the number of buckets is a power of two.
            Storage::Hash(_)
                if map.map_type == MapType::StackTrace
                    && u64::from(index(map.endian, key))
                        >= u64::from(map.max_entries).next_power_of_two() =>
            {
                Err(errno::E2BIG)
            }
            Storage::Hash(table) => table.remove(key).map(|_| ()).ok_or(errno::ENOENT),
            Storage::Lpm(trie) => trie.remove(key),
            Storage::Opaque => Err(errno::EOPNOTSUPP),
            Storage::Ringbuf(_) => Err(errno::ENOTSUPP),
            Storage::Bloom(_) => Err(errno::EOPNOTSUPP),
            Storage::Array | Storage::Queue(_) | Storage::Cgroup => Err(errno::EINVAL),
        }
    }

    /// `bpf_map_push_elem`.
    pub fn push(&mut self, idx: u32, value: &[u8], flags: u64) -> Result<(), i64> {
        match &mut self.list[idx as usize].storage {
            Storage::Queue(queue) => queue.push(value, flags),
            Storage::Bloom(filter) => {
                // The kernel's filter has a fixed size; this one keeps each value.
                let is_new = filter.push(value, flags)?;
                let has_room = !is_new || self.take_budget(value.len() as u64 + BLOOM_BYTES);
                if has_room { Ok(()) } else { Err(errno::ENOMEM) }
            }
            _ => Err(errno::EOPNOTSUPP),
        }
    }

    /// `bpf_map_pop_elem`: the value, and what the call returns. Without an element the value is
    /// zeros.
    pub fn pop(&mut self, idx: u32) -> (Vec<u8>, Result<(), i64>) {
        self.take(idx, Queue::pop)
    }

    /// `bpf_map_peek_elem` of a queue or stack.
    pub fn peek(&mut self, idx: u32) -> (Vec<u8>, Result<(), i64>) {
        self.take(idx, |queue| queue.peek())
    }

    fn take(
        &mut self,
        idx: u32,
        take: impl FnOnce(&mut Queue) -> Option<Vec<u8>>,
    ) -> (Vec<u8>, Result<(), i64>) {
        let map = &mut self.list[idx as usize];
        let zeros = vec![0; map.value_bytes as usize];
        match &mut map.storage {
            Storage::Queue(queue) => match take(queue) {
                Some(value) => (value, Ok(())),
                None => (zeros, Err(errno::ENOENT)),
            },
            _ => (zeros, Err(errno::EOPNOTSUPP)),
        }
    }

    /// The slots in use, in the order in which callbacks and users see them.
    pub fn slots(&self, memory: &Memory, idx: u32) -> Vec<u32> {
        let map = self.get(idx);
        match &map.storage {
            Storage::Array => (0..map.max_entries).collect(),
            Storage::Slots => (0..map.max_entries)
                .filter(|&slot| map.get(memory, slot, 0).iter().any(|&byte| byte != 0))
                .collect(),
            Storage::Hash(table) => table.live_slots(),
            Storage::Lpm(trie) => trie.live_slots(),
            Storage::Cgroup => vec![0],
            Storage::Queue(_) | Storage::Bloom(_) | Storage::Ringbuf(_) | Storage::Opaque => {
                Vec::new()
            }
        }
    }
}

impl MapState {
    /// Whether an element is in `slot`, one of [`Maps::slots`] before.
    pub fn is_live(&self, slot: u32) -> bool {
        match &self.storage {
            Storage::Hash(table) => table.key(slot).is_some(),
            Storage::Lpm(trie) => trie.key(slot).is_some(),
            _ => true,
        }
    }

    /// The slot of this key; of a trie of prefixes, that of the longest that fits.
    pub fn find(&self, key: &[u8]) -> Option<u32> {
        match &self.storage {
            Storage::Array | Storage::Slots => {
                Some(index(self.endian, key)).filter(|slot| *slot < self.max_entries)
            }
            Storage::Hash(table) => table.find(key),
            Storage::Lpm(trie) => trie.find(key),
            Storage::Cgroup => Some(0),
            Storage::Queue(_) | Storage::Bloom(_) | Storage::Ringbuf(_) | Storage::Opaque => None,
        }
    }
}

/// The index that an array's key is.
fn index(endian: Endian, key: &[u8]) -> u32 {
    key.first_chunk().map_or(u32::MAX, |key| endian.u32_of(*key))
}

/// Writes the value of one CPU, or those of all as the system call passes them.
fn write_copies(map: &MapState, memory: &mut Memory, slot: u32, value: &[u8], by: By, cpu: u32) {
    match by {
        By::User if map.map_type.is_per_cpu() => {
            for (copy, value) in (0..map.n_copies).zip(value.chunks(map.stride as usize)) {
                map.put(memory, slot, copy, value);
            }
        }
        _ => {
            let copy = if map.n_copies > 1 { cpu } else { 0 };
            map.put(memory, slot, copy, value);
        }
    }
}

impl Maps {
    /// The address of the key of an element that is found by index, until the next call.
    pub fn show_index(&self, memory: &mut Memory, idx: u32, slot: u32) -> u64 {
        let map = self.get(idx);
        let slot = memory.endian.u32_bytes(slot);
        let keys = memory.region_mut(map.keys);
        keys.bytes.resize(8, 0);
        keys.bytes[..4].copy_from_slice(&slot);
        keys.window = 0..4;
        address(map.keys, 0)
    }

    /// The map of the object with this id.
    pub fn of(&self, id: MapId) -> Option<u32> {
        let idx = id.index() as u32;
        (idx < self.len() && self.get(idx).id == Some(id)).then_some(idx)
    }
}
