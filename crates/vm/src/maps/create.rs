//! Creating maps: the checks of `bpf(BPF_MAP_CREATE)`, and memory.

use super::bloom::Bloom;
use super::hash::Hash;
use super::lpm::Lpm;
use super::queue::Queue;
use super::ringbuf::Ringbuf;
use super::{MapState, Maps, Storage};
use crate::fault::Place;
use crate::memory::{BASE, Memory, Parts, Region, Rights, region};
use bpfc_base::{Diagnostic, codes::load};
use bpfc_btf::{BtfBuilder, TypeDef, TypeId};
use bpfc_isa::Endian;
use bpfc_kabi::MapType;
use bpfc_object::{Map, MapId};
use std::ops::Range;

/// `BPF_F_NO_PREALLOC` and others (Linux 6.12 `include/uapi/linux/bpf.h`).
const NO_PREALLOC: u32 = 1;
const RDONLY_PROG: u32 = 1 << 7;
/// Largest value: `KMALLOC_MAX_SIZE` is 4 MiB.
const MAX_VALUE_BYTES: u32 = 4 << 20;
/// Largest per-CPU value, `PCPU_MIN_UNIT_SIZE`.
const MAX_PER_CPU_VALUE_BYTES: u32 = 32 << 10;
/// Largest key: `MAX_BPF_STACK`.
const MAX_KEY_BYTES: u32 = 512;
/// Elements of maps that have no limit of their own, such as storage of tasks.
const MAX_STORAGE_ENTRIES: u32 = 1 << 16;
/// How deep a value is searched for locks.
const MAX_DEPTH: u32 = 32;

/// Why a map cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// The kernel answers `EINVAL` or `E2BIG`.
    #[error("map `{map}`: {problem}")]
    Invalid {
        /// The map.
        map: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// A type that the virtual machine does not know.
    #[error("map `{map}` has type {map_type}, which the virtual machine does not know")]
    UnknownType {
        /// The map.
        map: String,
        /// `enum bpf_map_type`.
        map_type: u32,
    },
    /// More memory than allowed.
    #[error("map `{map}` needs {needed} bytes, {left} are left for maps")]
    TooLarge {
        /// The map.
        map: String,
        /// Bytes needed at creation.
        needed: u64,
        /// Bytes left.
        left: u64,
    },
    /// An initial value names something that does not fit.
    #[error("map `{map}`: initial value {index} {problem}")]
    BadInit {
        /// The map.
        map: String,
        /// The element.
        index: u32,
        /// What is wrong.
        problem: &'static str,
    },
}

impl MapError {
    /// The error as a diagnostic.
    pub fn to_diagnostic(&self) -> Diagnostic {
        Diagnostic::without_span(load::E0907, self.to_string())
    }
}

/// How elements of a type are stored.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Array,
    Slots,
    Hash,
    Lru,
    Lpm,
    Queue,
    Stack,
    Bloom,
    Ringbuf,
    LocalStorage,
    CgroupStorage,
    Opaque,
}

fn shape(map_type: MapType) -> Shape {
    match map_type {
        MapType::Array | MapType::PercpuArray => Shape::Array,
        MapType::ProgArray
        | MapType::PerfEventArray
        | MapType::CgroupArray
        | MapType::ArrayOfMaps
        | MapType::Devmap
        | MapType::Cpumap
        | MapType::Xskmap => Shape::Slots,
        MapType::Hash
        | MapType::PercpuHash
        | MapType::HashOfMaps
        | MapType::DevmapHash
        | MapType::Rhash
        | MapType::StackTrace => Shape::Hash,
        MapType::LruHash | MapType::LruPercpuHash => Shape::Lru,
        MapType::LpmTrie => Shape::Lpm,
        MapType::Queue => Shape::Queue,
        MapType::Stack => Shape::Stack,
        MapType::BloomFilter => Shape::Bloom,
        MapType::Ringbuf => Shape::Ringbuf,
        MapType::SkStorage
        | MapType::InodeStorage
        | MapType::TaskStorage
        | MapType::CgrpStorage => Shape::LocalStorage,
        MapType::CgroupStorage | MapType::PercpuCgroupStorage => Shape::CgroupStorage,
        MapType::Sockmap
        | MapType::Sockhash
        | MapType::ReuseportSockarray
        | MapType::StructOps
        | MapType::UserRingbuf
        | MapType::Arena
        | MapType::InsnArray => Shape::Opaque,
    }
}

impl Maps {
    /// No maps yet, and how many bytes they may take.
    pub fn new(budget: u64, n_cpus: u32, cpu: u32) -> Maps {
        Maps { list: Vec::new(), budget, n_cpus, cpu }
    }

    /// Creates a map; its index. Types in `btf` say which parts of a value are locks.
    pub fn create(
        &mut self,
        memory: &mut Memory,
        id: Option<MapId>,
        map: &Map,
        btf: &BtfBuilder,
    ) -> Result<u32, MapError> {
        let map_type = map.kind().ok_or_else(|| MapError::UnknownType {
            map: map.name.clone(),
            map_type: map.map_type,
        })?;
        let shape = shape(map_type);
        let map = &self.defaults(map, map_type, shape);
        check(map, map_type, shape)?;
        let idx = self.len();
        let n_copies = if map_type.is_per_cpu() { self.n_cpus } else { 1 };
        let stride = map.value_size_bytes.next_multiple_of(8);
        let key_bytes = match shape {
            Shape::LocalStorage => 8,
            _ => map.key_size_bytes,
        };
        let state = MapState {
            id,
            name: map.name.clone(),
            map_type,
            flags: map.map_flags,
            key_bytes,
            value_bytes: map.value_size_bytes,
            max_entries: map.max_entries,
            values: region::MAPS + 2 * idx,
            keys: region::MAPS + 2 * idx + 1,
            stride,
            n_copies,
            holes: map.value_type.map_or(Vec::new(), |ty| holes(btf, ty)),
            storage: storage(map, shape, memory.endian),
            endian: memory.endian,
        };
        self.reserve(&state, shape)?;
        map_regions(memory, &state, shape);
        self.list.push(state);
        Ok(idx)
    }

    /// What the loader fills in (`bpf_object__create_map`, libbpf 1.5 `src/libbpf.c`).
    fn defaults(&self, map: &Map, map_type: MapType, shape: Shape) -> Map {
        let mut map = map.clone();
        match (map_type, shape) {
            (MapType::PerfEventArray, _) if map.max_entries == 0 => map.max_entries = self.n_cpus,
            (_, Shape::LocalStorage) => map.max_entries = MAX_STORAGE_ENTRIES,
            (_, Shape::CgroupStorage) => map.max_entries = 1,
            _ => {}
        }
        if map_type.is_map_in_map() || matches!(shape, Shape::Slots) {
            let is_fd = map.value_size_bytes == 0;
            map.value_size_bytes = if is_fd { 4 } else { map.value_size_bytes };
            map.key_size_bytes = match map.key_size_bytes {
                0 => 4,
                n_bytes => n_bytes,
            };
        }
        map
    }

    /// Takes the memory that the map has from the start out of the budget.
    fn reserve(&mut self, map: &MapState, shape: Shape) -> Result<(), MapError> {
        let element = u64::from(map.stride) * u64::from(map.n_copies);
        let needed = match shape {
            Shape::Array | Shape::Slots | Shape::CgroupStorage => {
                element * u64::from(map.max_entries)
            }
            Shape::Ringbuf => 2 * u64::from(map.max_entries),
            _ => 0,
        };
        let most = u64::from(u32::MAX - BASE);
        if needed > self.budget || needed > most {
            return Err(MapError::TooLarge {
                map: map.name.clone(),
                needed,
                left: self.budget.min(most),
            });
        }
        self.budget -= needed;
        Ok(())
    }

    /// Takes `n_bytes` out of the budget; whether they were there.
    pub(super) fn take_budget(&mut self, n_bytes: u64) -> bool {
        let left = self.budget.checked_sub(n_bytes);
        self.budget = left.unwrap_or(self.budget);
        left.is_some()
    }
}

fn storage(map: &Map, shape: Shape, endian: Endian) -> Storage {
    match shape {
        Shape::Array => Storage::Array,
        Shape::Slots => Storage::Slots,
        Shape::Hash | Shape::LocalStorage => Storage::Hash(Hash::new(false)),
        Shape::Lru => Storage::Hash(Hash::new(true)),
        Shape::Lpm => Storage::Lpm(Lpm::new(endian, map.key_size_bytes)),
        Shape::Queue => Storage::Queue(Queue::new(map.max_entries, false)),
        Shape::Stack => Storage::Queue(Queue::new(map.max_entries, true)),
        Shape::Bloom => Storage::Bloom(Bloom::new(map.max_entries)),
        Shape::Ringbuf => Storage::Ringbuf(Ringbuf::new(map.max_entries)),
        Shape::CgroupStorage => Storage::Cgroup,
        Shape::Opaque => Storage::Opaque,
    }
}

fn map_regions(memory: &mut Memory, map: &MapState, shape: Shape) {
    let element = map.stride as usize * map.n_copies as usize;
    let (place, n_bytes) = match shape {
        Shape::Array | Shape::Slots | Shape::CgroupStorage => {
            (Place::MapValue(map.name.clone()), element * map.max_entries as usize)
        }
        Shape::Ringbuf => (Place::Record(map.name.clone()), 2 * map.max_entries as usize),
        _ => (Place::MapValue(map.name.clone()), 0),
    };
    let mut values = Region::new(place, vec![0; n_bytes]);
    values.parts = match shape {
        Shape::Ringbuf => Parts::Spans(Vec::new()),
        _ => Parts::Elements { stride: map.stride.max(8), size: map.value_bytes },
    };
    if map.flags & RDONLY_PROG != 0 || shape == Shape::Slots {
        values.rights = Rights::ReadOnly;
    }
    memory.map(map.values, values);
    let mut keys = Region::new(Place::MapKey(map.name.clone()), Vec::new());
    keys.rights = Rights::ReadOnly;
    keys.parts =
        Parts::Elements { stride: map.key_bytes.next_multiple_of(8).max(8), size: map.key_bytes };
    memory.map(map.keys, keys);
}

/// The checks of the map type's `map_alloc_check` or `map_alloc` (Linux 6.12 `kernel/bpf/`).
fn check(map: &Map, map_type: MapType, shape: Shape) -> Result<(), MapError> {
    let problem = if map_type.is_map_in_map() && map.inner.is_none() && map.values.is_empty() {
        Some("a map of maps needs an inner definition")
    } else {
        match shape {
            Shape::Array | Shape::Slots => check_array(map),
            Shape::Hash | Shape::Lru => check_hash(map, shape),
            Shape::Lpm => check_lpm(map),
            Shape::Queue | Shape::Stack | Shape::Bloom => check_keyless(map),
            Shape::Ringbuf => check_ringbuf(map),
            Shape::LocalStorage | Shape::CgroupStorage | Shape::Opaque => None,
        }
    };
    let problem = problem.or_else(|| {
        let too_large = if map_type.is_per_cpu() {
            map.value_size_bytes > MAX_PER_CPU_VALUE_BYTES
        } else {
            shape != Shape::Array && map.value_size_bytes > MAX_VALUE_BYTES
        };
        too_large.then_some("the value is too large for this type")
    });
    match problem {
        Some(problem) => Err(MapError::Invalid { map: map.name.clone(), problem }),
        None => Ok(()),
    }
}

fn check_array(map: &Map) -> Option<&'static str> {
    match map {
        map if map.max_entries == 0 => Some("it needs at least one entry"),
        map if map.key_size_bytes != 4 => Some("the key of an array has 4 bytes"),
        map if map.value_size_bytes == 0 => Some("the value has no bytes"),
        map if map.value_size_bytes > i32::MAX as u32 => Some("the value is too large"),
        map if map.map_flags & NO_PREALLOC != 0 => {
            Some("`BPF_F_NO_PREALLOC` is not possible for this type")
        }
        _ => None,
    }
}

fn check_hash(map: &Map, shape: Shape) -> Option<&'static str> {
    match map {
        map if map.max_entries == 0 => Some("it needs at least one entry"),
        map if map.key_size_bytes == 0 => Some("the key has no bytes"),
        map if map.key_size_bytes > MAX_KEY_BYTES => Some("the key has more than 512 bytes"),
        map if map.value_size_bytes == 0 => Some("the value has no bytes"),
        map if shape == Shape::Lru && map.map_flags & NO_PREALLOC != 0 => {
            Some("`BPF_F_NO_PREALLOC` is not possible for this type")
        }
        _ => None,
    }
}

fn check_lpm(map: &Map) -> Option<&'static str> {
    match map {
        map if map.max_entries == 0 => Some("it needs at least one entry"),
        map if map.map_flags & NO_PREALLOC == 0 => Some("this type needs `BPF_F_NO_PREALLOC`"),
        map if !(5..=260).contains(&map.key_size_bytes) => Some("the key has 5 to 260 bytes"),
        map if map.value_size_bytes == 0 => Some("the value has no bytes"),
        _ => None,
    }
}

fn check_keyless(map: &Map) -> Option<&'static str> {
    match map {
        map if map.max_entries == 0 => Some("it needs at least one entry"),
        map if map.key_size_bytes != 0 => Some("this type has no key"),
        map if map.value_size_bytes == 0 => Some("the value has no bytes"),
        _ => None,
    }
}

fn check_ringbuf(map: &Map) -> Option<&'static str> {
    let is_fit = map.max_entries.is_power_of_two() && map.max_entries.is_multiple_of(4096);
    match map {
        map if map.key_size_bytes != 0 || map.value_size_bytes != 0 => {
            Some("a ring buffer has neither key nor value")
        }
        _ if !is_fit => Some("the size of a ring buffer is a power of two and a multiple of 4096"),
        _ => None,
    }
}

/// Where a value of type `ty` has locks, timers and other fields of the kernel's own.
fn holes(btf: &BtfBuilder, ty: TypeId) -> Vec<Range<u32>> {
    let mut found = Vec::new();
    collect_holes(btf, ty, 0, 0, &mut found);
    found.sort_by_key(|hole| hole.start);
    found
}

fn collect_holes(
    btf: &BtfBuilder,
    ty: TypeId,
    offset: u32,
    depth: u32,
    found: &mut Vec<Range<u32>>,
) {
    const OPAQUE: [&str; 8] = [
        "bpf_spin_lock",
        "bpf_timer",
        "bpf_wq",
        "bpf_list_head",
        "bpf_list_node",
        "bpf_rb_root",
        "bpf_rb_node",
        "bpf_refcount",
    ];
    if depth > MAX_DEPTH {
        return;
    }
    match btf.get(ty) {
        Some(TypeDef::Typedef { target, .. }) => {
            collect_holes(btf, *target, offset, depth + 1, found);
        }
        Some(TypeDef::Struct { name, size_bytes, .. }) if OPAQUE.contains(&name.as_str()) => {
            found.push(offset..offset.saturating_add(*size_bytes));
        }
        Some(TypeDef::Struct { members, .. }) => {
            for member in members {
                let at = offset.saturating_add(member.bit_offset / 8);
                collect_holes(btf, member.ty, at, depth + 1, found);
            }
        }
        _ => {}
    }
}
