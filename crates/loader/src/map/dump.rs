//! Reading all of a map: in batches where the kernel can (5.6), otherwise key by key.

use super::{Element, Map};
use crate::{Errno, LoadError};
use bpfc_kabi::MapType;

/// Elements that one system call reads when a map is dumped.
const BATCH: usize = 1024;
/// Bytes that one such call may need.
const MAX_BATCH_BYTES: usize = 16 << 20;

impl Map {
    /// The keys. Changes made meanwhile may be seen or not; a key deleted meanwhile makes a hash
    /// start over, so that a key may come twice. If they never let it end,
    /// the last item is an error with `EAGAIN`.
    pub fn keys(&self) -> Keys<'_> {
        Keys { map: self, previous: None, n_left: self.walk_limit(), is_over: false }
    }

    /// The key after `previous`, or the first; none behind the last. If `previous` is gone, a hash starts over.
    ///
    /// # Errors
    /// [`LoadError::Map`].
    pub fn next_key(&self, previous: Option<&[u8]>) -> Result<Option<Vec<u8>>, LoadError> {
        previous.map_or(Ok(()), |previous| self.check_key(previous))?;
        let mut next = vec![0; self.key_size_bytes() as usize];
        match self.fd.next_key(previous, &mut next) {
            Ok(true) => Ok(Some(next)),
            Ok(false) => Ok(None),
            Err(errno) => Err(self.error("listed", errno)),
        }
    }

    /// All elements, in the order of the kernel; each key once. Elements deleted while reading are
    /// left out. Maps whose elements cannot be listed (ring buffers, queues, …;
    /// see [`Map::is_listable`]) have none here.
    ///
    /// # Errors
    /// [`LoadError::Map`].
    pub fn dump(&self) -> Result<Vec<Element>, LoadError> {
        if !self.is_listable() {
            return Ok(Vec::new());
        }
        let mut elements = Vec::new();
        match self.read_in_batches(false, &mut elements) {
            Ok(()) => Ok(elements),
            Err(_) => self.dump_one_by_one(),
        }
    }

    /// All elements, which are gone from the map then: of hashes all at once where the kernel can (5.6), otherwise one
    /// by one. Nothing that programs add or change meanwhile is lost: it comes, or it stays; but what they change of an element
    /// between its reading and its removal, where that is not one call.
    ///
    /// # Errors
    /// [`LoadError::Map`], for instance for arrays, which cannot shrink.
    pub fn drain(&self) -> Result<Vec<Element>, LoadError> {
        if !self.is_listable() {
            return Ok(Vec::new());
        }
        let mut elements = Vec::new();
        if self.read_in_batches(true, &mut elements).is_err() {
            // What was read is gone: the rest comes behind it.
            for (key, values) in self.dump_one_by_one()? {
                if self.delete(&key)? {
                    elements.push((key, values));
                }
            }
        }
        Ok(elements)
    }

    /// How many keys a walk may give before it must be that others' changes keep it going.
    fn walk_limit(&self) -> u32 {
        match self.max_entries() {
            // Storage of control groups has as many elements as there are attached groups.
            0 => u32::MAX,
            n => n.saturating_mul(2).saturating_add(16),
        }
    }

    /// Whether the kernel lists the elements of such a map, and hands out what is in them.
    pub fn is_listable(&self) -> bool {
        let kind = self.kind();
        let is_opaque = matches!(
            kind,
            Some(
                MapType::Ringbuf
                    | MapType::UserRingbuf
                    | MapType::Queue
                    | MapType::Stack
                    | MapType::BloomFilter
                    | MapType::PerfEventArray
                    | MapType::CgroupArray
                    | MapType::StructOps
                    | MapType::Arena
                    // `xsk_map_lookup_elem_sys_only`, `net/xdp/xskmap.c` (6.12).
                    | MapType::Xskmap
            )
        );
        // `notsupp_get_next_key`, `kernel/bpf/bpf_inode_storage.c` and its like (6.12).
        let is_storage = kind.is_some_and(MapType::is_local_storage);
        !is_opaque && !is_storage && self.key_size_bytes() > 0
    }

    fn read_in_batches(&self, removes: bool, elements: &mut Vec<Element>) -> Result<(), Errno> {
        let key_bytes = self.key_size_bytes() as usize;
        let value_bytes = self.fd.transfer_bytes();
        if value_bytes == 0 {
            return Err(Errno::EINVAL);
        }
        let most = (MAX_BATCH_BYTES / (key_bytes + value_bytes)).max(1);
        let mut n = BATCH.min(self.max_entries() as usize).clamp(1, most);
        let (mut keys, mut values) = (vec![0; n * key_bytes], vec![0; n * value_bytes]);
        let mut position = Vec::new();
        loop {
            match self.fd.lookup_batch(removes, &mut position, &mut keys, &mut values) {
                Ok((n_read, has_more)) => {
                    let pairs = keys.chunks(key_bytes).zip(values.chunks(value_bytes));
                    let pairs = pairs.take(n_read);
                    elements.extend(pairs.map(|(key, value)| (key.to_vec(), self.split(value))));
                    if !has_more || n_read == 0 {
                        return Ok(());
                    }
                }
                // One bucket of the hash has more elements than there is room for.
                Err(Errno::ENOSPC) if n < most => {
                    n = (n * 2).min(most);
                    keys.resize(n * key_bytes, 0);
                    values.resize(n * value_bytes, 0);
                }
                Err(errno) => return Err(errno),
            }
        }
    }

    fn dump_one_by_one(&self) -> Result<Vec<Element>, LoadError> {
        let mut seen = std::collections::HashSet::new();
        let mut elements = Vec::new();
        for key in self.keys() {
            let key = key?;
            if !seen.insert(key.clone()) {
                continue;
            }
            if let Some(values) = self.lookup(&key)? {
                elements.push((key, values));
            }
        }
        Ok(elements)
    }
}

/// The keys of a map.
#[derive(Debug)]
pub struct Keys<'a> {
    map: &'a Map,
    previous: Option<Vec<u8>>,
    /// Ends a walk that others' changes would keep going.
    n_left: u32,
    is_over: bool,
}

impl Iterator for Keys<'_> {
    type Item = Result<Vec<u8>, LoadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let Some(n_left) = self.n_left.checked_sub(1) else {
            self.is_over = true;
            return Some(Err(self.map.error("listed", Errno::EAGAIN)));
        };
        self.n_left = n_left;
        let mut key = vec![0; self.map.key_size_bytes() as usize];
        match self.map.fd.next_key(self.previous.as_deref(), &mut key) {
            Ok(true) => {
                self.previous = Some(key.clone());
                Some(Ok(key))
            }
            Ok(false) => {
                self.is_over = true;
                None
            }
            Err(errno) => {
                self.is_over = true;
                Some(Err(self.map.error("listed", errno)))
            }
        }
    }
}
