//! Tries for the longest prefix match.

use super::{By, EXIST, Maps, NOEXIST, Storage, write_copies};
use crate::errno;
use crate::memory::Memory;
use bpfc_isa::Endian;
use rustc_hash::FxHashMap;

/// Prefixes by their length and bits. A lookup asks for every length that is in use, longest first.
#[derive(Clone, Debug)]
pub(crate) struct Lpm {
    /// The byte order of the length.
    endian: Endian,
    /// Bytes of a key after its 4-byte length.
    data_bytes: usize,
    /// By length and masked data.
    index: FxHashMap<(u32, Box<[u8]>), u32>,
    /// How many prefixes have each length.
    counts: Vec<u32>,
    /// The key in each slot that is in use, as it was given.
    keys: Vec<Option<Box<[u8]>>>,
    free: Vec<u32>,
}

impl Lpm {
    pub fn new(endian: Endian, key_bytes: u32) -> Lpm {
        let data_bytes = key_bytes.saturating_sub(4) as usize;
        Lpm {
            endian,
            data_bytes,
            index: FxHashMap::default(),
            counts: vec![0; data_bytes * 8 + 1],
            keys: Vec::new(),
            free: Vec::new(),
        }
    }

    /// The longest prefix of `key` in the trie.
    pub fn find(&self, key: &[u8]) -> Option<u32> {
        let (length, data) = self.split(key)?;
        let lengths = (0..=length).rev();
        lengths
            .filter(|&length| self.counts[length as usize] > 0)
            .find_map(|length| self.index.get(&(length, masked(data, length))).copied())
    }

    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// The prefix that `key` is.
    pub fn exact(&self, key: &[u8]) -> Option<u32> {
        let (length, data) = self.split(key)?;
        self.index.get(&(length, masked(data, length))).copied()
    }

    /// The length and the data of a key; none if the length is too large.
    fn split<'a>(&self, key: &'a [u8]) -> Option<(u32, &'a [u8])> {
        let (length, data) = key.split_first_chunk()?;
        let length = self.endian.u32_of(*length);
        (length as usize <= self.data_bytes * 8).then_some((length, data))
    }

    pub fn remove(&mut self, key: &[u8]) -> Result<(), i64> {
        let (length, data) = self.split(key).ok_or(errno::EINVAL)?;
        let slot = self.index.remove(&(length, masked(data, length)));
        let slot = slot.ok_or(errno::ENOENT)?;
        self.counts[length as usize] -= 1;
        self.keys[slot as usize] = None;
        self.free.push(slot);
        Ok(())
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
        let Some((length, data)) = self.split(key) else {
            return;
        };
        self.index.insert((length, masked(data, length)), slot);
        self.counts[length as usize] += 1;
        self.keys[slot as usize] = Some(key.into());
    }
}

/// The first `length` bits, the rest zero.
fn masked(data: &[u8], length: u32) -> Box<[u8]> {
    let mut bits = data.to_vec();
    for (idx, byte) in (0..).zip(&mut bits) {
        let kept = length.saturating_sub(idx * 8).min(8);
        *byte &= !(0xffu32 >> kept) as u8;
    }
    bits.into()
}

/// `trie_update_elem` (Linux 6.12 `kernel/bpf/lpm_trie.c`).
pub(super) fn update(
    maps: &mut Maps,
    memory: &mut Memory,
    idx: u32,
    key: &[u8],
    value: &[u8],
    flags: u64,
) -> Result<(), i64> {
    let map = maps.get_mut(idx);
    let max_entries = map.max_entries as usize;
    let Storage::Lpm(trie) = &mut map.storage else {
        unreachable!("the caller saw a trie");
    };
    if flags > EXIST || trie.split(key).is_none() {
        return Err(errno::EINVAL);
    }
    let old = trie.exact(key);
    match old {
        Some(_) if flags == NOEXIST => return Err(errno::EEXIST),
        None if flags == EXIST => return Err(errno::ENOENT),
        None if trie.len() >= max_entries => return Err(errno::ENOSPC),
        _ => {}
    }
    // The kernel makes a new node, so that the old value stays as it is until the run ends.
    let free = match old {
        Some(_) => None,
        None => trie.free.pop(),
    };
    let slot = match free {
        Some(slot) => slot,
        None => {
            let slot = trie.keys.len() as u32;
            let n_bytes = map.element_bytes() + map.key_bytes.next_multiple_of(8) as usize;
            if !maps.take_budget(n_bytes as u64) {
                return Err(errno::ENOMEM);
            }
            maps.get(idx).grow(memory, slot).ok_or(errno::ENOMEM)?;
            slot
        }
    };
    let map = maps.get_mut(idx);
    write_copies(map, memory, slot, value, By::User, 0);
    map.write_key(memory, slot, key);
    if let Storage::Lpm(trie) = &mut map.storage {
        if old.is_some() {
            _ = trie.remove(key);
        }
        trie.bind(key, slot);
    }
    Ok(())
}
