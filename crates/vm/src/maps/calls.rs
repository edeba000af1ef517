//! Maps as `bpf(2)` changes and reads them: who may, which flags, with what error numbers
//! (Linux 6.18 `kernel/bpf/syscall.c`).

use super::create::{RDONLY, WRONLY};
use super::{By, EXIST, LOCK, MapState, Maps, Storage, index};
use crate::errno;
use crate::memory::Memory;
use bpfc_kabi::MapType;

/// Frames that wait for one CPU (Linux 4.15 `kernel/bpf/cpumap.c`).
const MAX_QUEUE: u32 = 16_384;

impl MapState {
    /// What every call looks at first: whether it may (`map_get_sys_perms`), its flags, the size of the key.
    fn admit(&self, forbidding: u32, key: &[u8], flags: u64) -> Result<(), i64> {
        if self.flags & forbidding != 0 {
            return Err(errno::EPERM);
        }
        let has_lock = !self.holes.is_empty();
        if (flags & LOCK != 0 && !has_lock) || key.len() != self.key_bytes as usize {
            return Err(errno::EINVAL);
        }
        Ok(())
    }
}

/// `cpu_map_update_elem`: the length of a CPU's queue. Which CPUs and devices there are is not asked.
fn check_queue(
    map: &MapState,
    memory: &Memory,
    key: &[u8],
    value: &[u8],
    flags: u64,
) -> Result<(), i64> {
    let length = value.first_chunk().map_or(0, |length| memory.endian.u32_of(*length));
    let is_looked_at = index(map.endian, key) < map.max_entries && (flags == 0 || flags == EXIST);
    if is_looked_at && length > MAX_QUEUE { Err(errno::EOVERFLOW) } else { Ok(()) }
}

impl Maps {
    /// `BPF_MAP_LOOKUP_ELEM`: the value, of a per-CPU map one for each CPU. Queues and stacks show
    /// the value that comes next.
    pub fn user_read(
        &self,
        memory: &Memory,
        idx: u32,
        key: &[u8],
        flags: u64,
    ) -> Result<Vec<Vec<u8>>, i64> {
        let map = self.get(idx);
        if flags & !LOCK != 0 {
            return Err(errno::EINVAL);
        }
        map.admit(WRONLY, key, flags)?;
        match (&map.storage, map.map_type) {
            (Storage::Queue(queue), _) => {
                queue.peek().map(|value| vec![value]).ok_or(errno::ENOENT)
            }
            (Storage::Ringbuf(_), _) | (_, MapType::PerfEventArray | MapType::CgroupArray) => {
                Err(errno::ENOTSUPP)
            }
            (Storage::Bloom(_), _) => Err(errno::ENOENT),
            (Storage::Opaque, _) => Err(errno::EOPNOTSUPP),
            _ => {
                let entry = self.entry(memory, idx, key);
                entry.map(|entry| entry.values).ok_or(errno::ENOENT)
            }
        }
    }

    /// `BPF_MAP_LOOKUP_ELEM` of a bloom filter: whether it has the value.
    pub fn user_contains(&self, idx: u32, value: &[u8], flags: u64) -> Result<(), i64> {
        let map = self.get(idx);
        let Storage::Bloom(filter) = &map.storage else {
            return Err(errno::EOPNOTSUPP);
        };
        if flags & !LOCK != 0 {
            return Err(errno::EINVAL);
        }
        map.admit(WRONLY, &[], flags)?;
        match value.len() == map.value_bytes as usize {
            false => Err(errno::EINVAL),
            true if filter.contains(value) => Ok(()),
            true => Err(errno::ENOENT),
        }
    }

    /// `BPF_MAP_UPDATE_ELEM`. The value of a per-CPU map holds those of all CPUs, each rounded up to
    /// 8 bytes, or one that is for all. That of a map of maps or programs is an index, as in
    /// [`MapView`](super::MapView).
    pub fn user_update(
        &mut self,
        memory: &mut Memory,
        idx: u32,
        key: &[u8],
        value: &[u8],
        flags: u64,
    ) -> Result<(), i64> {
        let map = self.get(idx);
        let expected = map.user_value_bytes() as usize;
        map.admit(RDONLY, key, flags)?;
        if map.is_fd_array() {
            // `bpf_fd_array_map_update_elem`: only then it looks at the file descriptor.
            if flags != 0 {
                return Err(errno::EINVAL);
            }
            if index(map.endian, key) >= map.max_entries {
                return Err(errno::E2BIG);
            }
        }
        if map.map_type.is_map_in_map() || map.map_type == MapType::ProgArray {
            let number = self.number_of(memory, idx, value)?;
            return self.update(memory, idx, key, &number, flags, By::User);
        }
        let is_fd = matches!(map.map_type, MapType::PerfEventArray | MapType::CgroupArray);
        if is_fd && value.first_chunk().is_some_and(|fd| (memory.endian.u32_of(*fd) as i32) < 0) {
            return Err(errno::EBADF);
        }
        if map.map_type == MapType::Cpumap {
            check_queue(map, memory, key, value, flags)?;
        }
        if value.len() == expected {
            return self.update(memory, idx, key, value, flags, By::User);
        }
        if value.len() != map.value_bytes as usize || !map.map_type.is_per_cpu() {
            return Err(errno::EINVAL);
        }
        let mut one = value.to_vec();
        one.resize(map.stride as usize, 0);
        let all = one.repeat(map.n_copies as usize);
        self.update(memory, idx, key, &all, flags, By::User)
    }

    /// What an element holds that refers to the map or function with the index in `value`.
    fn number_of(&self, memory: &Memory, idx: u32, value: &[u8]) -> Result<[u8; 4], i64> {
        let map = self.get(idx);
        let index = value.try_into().map_err(|_| errno::EINVAL)?;
        let index = memory.endian.u32_of(index);
        if map.map_type.is_map_in_map() {
            match self.list.get(index as usize) {
                Some(inner) if inner.id.is_some() && !inner.map_type.is_map_in_map() => {}
                Some(_) => return Err(errno::EINVAL),
                None => return Err(errno::EBADF),
            }
        }
        Ok(memory.endian.u32_bytes(index.checked_add(1).ok_or(errno::EBADF)?))
    }

    /// `BPF_MAP_DELETE_ELEM`.
    pub fn user_delete(&mut self, memory: &mut Memory, idx: u32, key: &[u8]) -> Result<(), i64> {
        self.get(idx).admit(RDONLY, key, 0)?;
        self.delete(memory, idx, key)
    }

    /// `BPF_MAP_LOOKUP_AND_DELETE_ELEM`.
    pub fn user_take(
        &mut self,
        memory: &mut Memory,
        idx: u32,
        key: &[u8],
        flags: u64,
    ) -> Result<Vec<Vec<u8>>, i64> {
        let map = self.get(idx);
        if flags & !LOCK != 0 {
            return Err(errno::EINVAL);
        }
        map.admit(RDONLY | WRONLY, key, flags)?;
        match map.map_type {
            MapType::Queue | MapType::Stack if flags != 0 => Err(errno::EINVAL),
            MapType::Queue | MapType::Stack => match self.pop(idx) {
                (value, Ok(())) => Ok(vec![value]),
                (_, Err(errno)) => Err(errno),
            },
            MapType::Hash
            | MapType::PercpuHash
            | MapType::LruHash
            | MapType::LruPercpuHash
            | MapType::StackTrace => {
                let entry = self.entry(memory, idx, key).ok_or(errno::ENOENT)?;
                self.delete(memory, idx, key)?;
                Ok(entry.values)
            }
            _ => Err(errno::ENOTSUPP),
        }
    }

    /// `BPF_MAP_GET_NEXT_KEY`: the first key if the previous one is not there.
    pub fn user_next_key(
        &self,
        memory: &Memory,
        idx: u32,
        previous: Option<&[u8]>,
    ) -> Result<Vec<u8>, i64> {
        let map = self.get(idx);
        if map.flags & WRONLY != 0 {
            return Err(errno::EPERM);
        }
        if previous.is_some_and(|key| key.len() != map.key_bytes as usize) {
            return Err(errno::EINVAL);
        }
        let after = |slots: Vec<u32>, exact: Option<u32>| {
            let next = match exact {
                Some(slot) => slots.into_iter().find(|&other| other > slot),
                None => slots.into_iter().next(),
            };
            next.ok_or(errno::ENOENT)
        };
        match &map.storage {
            Storage::Array | Storage::Slots => {
                let previous = previous.map(|key| index(map.endian, key));
                let next = match previous {
                    Some(slot) if slot < map.max_entries => slot + 1,
                    _ => 0,
                };
                let is_over = next >= map.max_entries;
                if is_over {
                    Err(errno::ENOENT)
                } else {
                    Ok(memory.endian.u32_bytes(next).to_vec())
                }
            }
            Storage::Hash(table) => {
                let slot = after(table.live_slots(), previous.and_then(|key| table.find(key)))?;
                Ok(table.key(slot).unwrap_or_default().to_vec())
            }
            Storage::Lpm(trie) => {
                let slot = after(trie.live_slots(), previous.and_then(|key| trie.exact(key)))?;
                Ok(trie.key(slot).unwrap_or_default().to_vec())
            }
            Storage::Queue(_) => Err(errno::EINVAL),
            Storage::Ringbuf(_) => Err(errno::ENOTSUPP),
            Storage::Bloom(_) | Storage::Cgroup | Storage::Opaque => Err(errno::EOPNOTSUPP),
        }
    }
}
