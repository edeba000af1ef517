//! Hash tables, also those that forget the least recently used element.

use super::{By, EXIST, LOCK, MapState, Maps, NOEXIST, Storage, write_copies};
use crate::errno;
use crate::memory::Memory;
use bpfc_kabi::MapType;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Keys and the slots of their values.
///
/// Slots are handed out as the kernel hands out preallocated elements: the one freed last comes
/// first, and an update of an existing element writes a spare slot, so that pointers to the old
/// value keep seeing it (`alloc_htab_elem`, Linux 6.12 `kernel/bpf/hashtab.c`).
#[derive(Clone, Debug, Default)]
pub(crate) struct Hash {
    index: FxHashMap<Box<[u8]>, u32>,
    /// The key in each slot that is in use.
    keys: Vec<Option<Box<[u8]>>>,
    free: Vec<u32>,
    spare: Option<u32>,
    lru: Option<Lru>,
}

/// The order of use. The kernel's own is approximate and depends on CPUs; this one is exact.
#[derive(Clone, Debug, Default)]
struct Lru {
    stamps: Vec<u64>,
    order: BTreeMap<u64, u32>,
    next: u64,
}

impl Hash {
    pub fn new(is_lru: bool) -> Hash {
        Hash { lru: is_lru.then(Lru::default), ..Hash::default() }
    }

    pub fn find(&self, key: &[u8]) -> Option<u32> {
        self.index.get(key).copied()
    }

    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Notes that a program looked at `slot`.
    pub fn mark_used(&mut self, slot: u32) {
        if let Some(lru) = &mut self.lru {
            lru.remove(slot);
            lru.insert(slot);
        }
    }

    pub fn remove(&mut self, key: &[u8]) -> Option<u32> {
        let slot = self.index.remove(key)?;
        self.keys[slot as usize] = None;
        self.free.push(slot);
        if let Some(lru) = &mut self.lru {
            lru.remove(slot);
        }
        Some(slot)
    }

    /// Slots in use, by number.
    pub fn live_slots(&self) -> Vec<u32> {
        let slots = (0..).zip(&self.keys);
        slots.filter_map(|(slot, key)| key.as_ref().map(|_| slot)).collect()
    }

    pub fn key(&self, slot: u32) -> Option<&[u8]> {
        self.keys.get(slot as usize)?.as_deref()
    }

    fn bind(&mut self, key: &[u8], slot: u32) {
        if self.keys.len() <= slot as usize {
            self.keys.resize(slot as usize + 1, None);
        }
        self.keys[slot as usize] = Some(key.into());
        self.index.insert(key.into(), slot);
        if let Some(lru) = &mut self.lru {
            lru.insert(slot);
        }
    }

    /// The key used least recently.
    fn oldest(&self) -> Option<Box<[u8]>> {
        let (_, slot) = self.lru.as_ref()?.order.first_key_value()?;
        self.keys.get(*slot as usize)?.clone()
    }
}

impl Lru {
    fn remove(&mut self, slot: u32) {
        if let Some(stamp) = self.stamps.get(slot as usize) {
            self.order.remove(stamp);
        }
    }

    fn insert(&mut self, slot: u32) {
        if self.stamps.len() <= slot as usize {
            self.stamps.resize(slot as usize + 1, u64::MAX);
        }
        self.stamps[slot as usize] = self.next;
        self.order.insert(self.next, slot);
        self.next += 1;
    }
}

/// `htab_map_update_elem` and its per-CPU and LRU relatives (Linux 6.12 `kernel/bpf/hashtab.c`).
pub(super) fn update(
    maps: &mut Maps,
    memory: &mut Memory,
    idx: u32,
    key: &[u8],
    value: &[u8],
    flags: u64,
    by: By,
) -> Result<(), i64> {
    let cpu = maps.cpu;
    let map = maps.get_mut(idx);
    let is_lru = matches!(map.map_type, MapType::LruHash | MapType::LruPercpuHash);
    let may_lock = !is_lru && !map.map_type.is_per_cpu();
    let plain = if may_lock { flags & !LOCK } else { flags };
    if plain > EXIST || (flags & LOCK != 0 && map.holes.is_empty()) {
        return Err(errno::EINVAL);
    }
    let Storage::Hash(table) = &mut map.storage else {
        unreachable!("the caller saw a hash table");
    };
    let old = table.find(key);
    match old {
        Some(_) if plain == NOEXIST => return Err(errno::EEXIST),
        None if plain == EXIST => return Err(errno::ENOENT),
        _ => {}
    }
    if let Some(slot) = old
        && (map.map_type.is_per_cpu() || flags & LOCK != 0)
    {
        table.mark_used(slot);
        write_copies(map, memory, slot, value, by, cpu);
        return Ok(());
    }
    if old.is_none() && table.len() >= map.max_entries as usize {
        match table.oldest() {
            Some(oldest) => _ = table.remove(&oldest),
            None => return Err(errno::E2BIG),
        }
    }
    let slot = fresh_slot(maps, memory, idx, old.is_some())?;
    let map = maps.get_mut(idx);
    clear(map, memory, slot);
    write_copies(map, memory, slot, value, by, cpu);
    map.write_key(memory, slot, key);
    let Storage::Hash(table) = &mut map.storage else {
        unreachable!("storage never changes its kind");
    };
    if let Some(old) = old {
        table.remove(key);
        table.free.pop();
        table.spare = Some(old);
    }
    table.bind(key, slot);
    Ok(())
}

/// A slot that no element uses; the spare one for a replacement.
fn fresh_slot(
    maps: &mut Maps,
    memory: &mut Memory,
    idx: u32,
    is_replacement: bool,
) -> Result<u32, i64> {
    let map = maps.get_mut(idx);
    let Storage::Hash(table) = &mut map.storage else {
        unreachable!("the caller saw a hash table");
    };
    let known = if is_replacement { table.spare.take() } else { table.free.pop() };
    if let Some(slot) = known {
        return Ok(slot);
    }
    let slot = (memory.region_mut(map.values).bytes.len() / map.element_bytes()) as u32;
    let n_bytes = map.element_bytes() + map.key_bytes.next_multiple_of(8) as usize;
    if !maps.take_budget(n_bytes as u64) {
        return Err(errno::ENOMEM);
    }
    maps.get(idx).grow(memory, slot).ok_or(errno::ENOMEM)?;
    Ok(slot)
}

/// Other CPUs see zeros in a new element (`pcpu_init_value`).
fn clear(map: &MapState, memory: &mut Memory, slot: u32) {
    let n_bytes = map.element_bytes();
    let range = slot as usize * n_bytes..(slot as usize + 1) * n_bytes;
    let values = memory.region_mut(map.values);
    values.touch(range.clone());
    values.bytes[range].fill(0);
}

impl MapState {
    /// Bytes of one element's values, at least 8.
    pub(super) fn element_bytes(&self) -> usize {
        self.stride.max(8) as usize * self.n_copies as usize
    }

    /// Makes room for `slot` in the regions; none if they are full.
    pub(super) fn grow(&self, memory: &mut Memory, slot: u32) -> Option<()> {
        let n_slots = slot as usize + 1;
        let key_stride = self.key_bytes.next_multiple_of(8) as usize;
        for (number, stride) in [(self.values, self.element_bytes()), (self.keys, key_stride)] {
            let n_bytes = n_slots.checked_mul(stride)?;
            let end = u32::try_from(n_bytes).ok().filter(|&end| end < 0xe000_0000)?;
            let region = memory.region_mut(number);
            if region.bytes.len() < n_bytes {
                region.bytes.resize(n_bytes, 0);
                region.window = 0..end;
            }
        }
        Some(())
    }

    /// Puts the key of `slot` where callbacks see it.
    pub(super) fn write_key(&self, memory: &mut Memory, slot: u32, key: &[u8]) {
        let start = slot as usize * self.key_bytes.next_multiple_of(8) as usize;
        let keys = memory.region_mut(self.keys);
        let range = start..start + key.len();
        keys.touch(range.clone());
        keys.bytes[range].copy_from_slice(key);
    }
}
