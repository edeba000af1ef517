//! Creating maps: the checks of `bpf(BPF_MAP_CREATE)`, and memory.

use super::bloom::Bloom;
use super::hash::Hash;
use super::lpm::Lpm;
use super::queue::Queue;
use super::ringbuf::Ringbuf;
use super::{MapState, Maps, Storage};
use crate::errno;
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
const NO_COMMON_LRU: u32 = 1 << 1;
const NUMA_NODE: u32 = 1 << 2;
pub(super) const RDONLY: u32 = 1 << 3;
pub(super) const WRONLY: u32 = 1 << 4;
const STACK_BUILD_ID: u32 = 1 << 5;
const ZERO_SEED: u32 = 1 << 6;
const RDONLY_PROG: u32 = 1 << 7;
const WRONLY_PROG: u32 = 1 << 8;
const MMAPABLE: u32 = 1 << 10;
const PRESERVE_ELEMS: u32 = 1 << 11;
const INNER_MAP: u32 = 1 << 12;
/// Who may read and write.
const ACCESS: u32 = RDONLY | WRONLY | RDONLY_PROG | WRONLY_PROG;
/// Largest value: `KMALLOC_MAX_SIZE` is 4 MiB.
const MAX_VALUE_BYTES: u32 = 4 << 20;
/// Key and value of a hash beside `struct htab_elem`, which has 48 bytes.
const MAX_ELEMENT_BYTES: u32 = MAX_VALUE_BYTES - 48;
/// `LPM_VAL_SIZE_MAX`: beside the largest key and `struct lpm_trie_node`, which has 40 bytes.
const MAX_TRIE_VALUE_BYTES: u32 = MAX_VALUE_BYTES - 256 - 40;
/// Largest per-CPU value, `PCPU_MIN_UNIT_SIZE`.
const MAX_PER_CPU_VALUE_BYTES: u32 = 32 << 10;
/// `kernel.perf_event_max_stack`, as it is unless someone changed it.
const MAX_STACK_DEPTH: u32 = 127;
/// A page of x86-64.
const PAGE_BYTES: u32 = 4096;
/// Elements of maps that have no limit of their own, such as storage of tasks.
const MAX_STORAGE_ENTRIES: u32 = 1 << 16;
/// How deep a value is searched for locks.
const MAX_DEPTH: u32 = 32;

/// Why a map cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// The kernel refuses the definition.
    #[error("map `{map}`: {problem}")]
    Invalid {
        /// The map.
        map: String,
        /// What is wrong.
        problem: &'static str,
        /// The kernel's error number, such as -22 for `EINVAL`.
        errno: i64,
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

fn shape_of(map_type: MapType) -> Shape {
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
        let shape = shape_of(map_type);
        let map = &self.defaults(map, map_type, shape);
        let template = map.inner.as_ref().and_then(|inner| Some((inner, inner.kind()?)));
        if let Some((inner, inner_type)) = template.filter(|_| map_type.is_map_in_map()) {
            // It is a map of its own.
            let inner_shape = shape_of(inner_type);
            check(&self.defaults(inner, inner_type, inner_shape), inner_type, inner_shape)?;
        }
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
            (_, Shape::Ringbuf) => {
                let at_least = map.max_entries.max(PAGE_BYTES);
                map.max_entries = at_least.checked_next_power_of_two().unwrap_or(1 << 31);
                (map.key_size_bytes, map.value_size_bytes) = (0, 0);
            }
            _ => {}
        }
        match map_type {
            MapType::ProgArray | MapType::PerfEventArray | MapType::CgroupArray => {
                (map.key_size_bytes, map.value_size_bytes) = (4, 4);
            }
            MapType::ArrayOfMaps | MapType::HashOfMaps => map.value_size_bytes = 4,
            _ => {}
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
        Shape::Bloom => Storage::Bloom(Bloom::default()),
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

/// A definition that the kernel refuses: its error number, and why.
type Refusal = (i64, &'static str);

/// The checks of `map_create` and of the map type's `map_alloc_check` or `map_alloc` (Linux 6.18 `kernel/bpf/`), in
/// their order. Without `BPF_F_MMAPABLE`, which loaders drop where it is refused.
fn check(map: &Map, map_type: MapType, shape: Shape) -> Result<(), MapError> {
    let flags = map.map_flags & !MMAPABLE;
    let refusal = check_inner(map, map_type).or_else(|| {
        let both = |pair: u32| flags & pair == pair;
        if both(RDONLY | WRONLY) || both(RDONLY_PROG | WRONLY_PROG) {
            return Some((errno::EINVAL, "it cannot be read-only and write-only at once"));
        }
        if map.map_extra != 0 && !matches!(map_type, MapType::BloomFilter | MapType::Arena) {
            return Some((errno::EINVAL, "`map_extra` is not possible for this type"));
        }
        match shape {
            Shape::Array | Shape::Slots => check_array(map, map_type, flags),
            Shape::Hash if map_type == MapType::StackTrace => check_stacks(map, flags),
            Shape::Hash | Shape::Lru => check_hash(map, map_type, flags),
            Shape::Lpm => check_lpm(map, flags),
            Shape::Queue | Shape::Stack | Shape::Bloom => check_keyless(map, shape, flags),
            Shape::Ringbuf => check_ringbuf(map, flags),
            Shape::LocalStorage | Shape::CgroupStorage | Shape::Opaque => None,
        }
    });
    match refusal {
        Some((errno, problem)) => Err(MapError::Invalid { map: map.name.clone(), problem, errno }),
        None => Ok(()),
    }
}

/// What `bpf_map_meta_alloc` asks of the template (Linux 6.18 `kernel/bpf/map_in_map.c`).
fn check_inner(map: &Map, map_type: MapType) -> Option<Refusal> {
    if !map_type.is_map_in_map() {
        return None;
    }
    let inner = match &map.inner {
        Some(inner) => inner.kind(),
        None if map.values.is_empty() => {
            // File descriptor 0, which is no map.
            return Some((errno::EINVAL, "a map of maps needs an inner definition"));
        }
        None => None,
    };
    match inner {
        Some(inner) if inner.is_map_in_map() => {
            Some((errno::EINVAL, "a map of maps cannot hold maps of maps"))
        }
        // They have no `map_meta_equal`.
        Some(
            MapType::ProgArray
            | MapType::CgroupStorage
            | MapType::PercpuCgroupStorage
            | MapType::StructOps
            | MapType::InsnArray,
        ) => Some((errno::ENOTSUPP, "a map of maps cannot hold maps of this type")),
        _ => None,
    }
}

const BAD_FLAGS: Refusal = (errno::EINVAL, "these flags are not possible for this type");
const NO_ENTRIES: Refusal = (errno::EINVAL, "it needs at least one entry");
const NO_VALUE: Refusal = (errno::EINVAL, "the value has no bytes");
const TOO_LARGE: Refusal = (errno::E2BIG, "the value is too large for this type");

/// `array_map_alloc_check`, `fd_array_map_alloc_check`, `dev_map_init_map`, `cpu_map_alloc`, `xsk_map_alloc`.
fn check_array(map: &Map, map_type: MapType, flags: u32) -> Option<Refusal> {
    let is_fd_array = matches!(
        map_type,
        MapType::ProgArray | MapType::PerfEventArray | MapType::CgroupArray | MapType::ArrayOfMaps
    );
    let allowed = match map_type {
        MapType::Array => NUMA_NODE | ACCESS | INNER_MAP,
        MapType::PercpuArray => ACCESS,
        MapType::PerfEventArray => NUMA_NODE | RDONLY | WRONLY | PRESERVE_ELEMS,
        MapType::Devmap | MapType::Xskmap => NUMA_NODE | RDONLY | WRONLY,
        MapType::Cpumap => NUMA_NODE,
        _ => NUMA_NODE | RDONLY | WRONLY,
    };
    let value = map.value_size_bytes;
    let fits = match map_type {
        MapType::Devmap | MapType::Cpumap => value == 4 || value == 8,
        MapType::Xskmap => value == 4,
        _ => !is_fd_array || value == 4,
    };
    match map {
        _ if value == 0 => Some(NO_VALUE),
        _ if !fits => Some((errno::EINVAL, "the value is a file descriptor of 4 bytes")),
        map if map.max_entries == 0 => Some(NO_ENTRIES),
        map if map.key_size_bytes != 4 => Some((errno::EINVAL, "the key of an array has 4 bytes")),
        _ if flags & NO_PREALLOC != 0 => {
            Some((errno::EINVAL, "`BPF_F_NO_PREALLOC` is not possible for this type"))
        }
        _ if flags & !allowed != 0 => Some(BAD_FLAGS),
        _ if value > i32::MAX as u32 => Some(TOO_LARGE),
        _ if map_type == MapType::PercpuArray && value > MAX_PER_CPU_VALUE_BYTES => Some(TOO_LARGE),
        _ => None,
    }
}

/// `htab_map_alloc_check`, `fd_htab_map_alloc_check`, `dev_map_init_map`.
fn check_hash(map: &Map, map_type: MapType, flags: u32) -> Option<Refusal> {
    let is_lru = matches!(map_type, MapType::LruHash | MapType::LruPercpuHash);
    let allowed = match map_type {
        MapType::DevmapHash => NUMA_NODE | RDONLY | WRONLY,
        _ => NO_PREALLOC | NO_COMMON_LRU | NUMA_NODE | ACCESS | ZERO_SEED,
    };
    let value = map.value_size_bytes;
    let (key, sum) = (map.key_size_bytes, u64::from(map.key_size_bytes) + u64::from(value));
    match map {
        _ if map_type == MapType::HashOfMaps && value != 4 => {
            Some((errno::EINVAL, "the value is a file descriptor of 4 bytes"))
        }
        _ if flags & !allowed != 0 => Some(BAD_FLAGS),
        _ if !is_lru && flags & NO_COMMON_LRU != 0 => Some(BAD_FLAGS),
        _ if is_lru && flags & NO_PREALLOC != 0 => {
            Some((errno::ENOTSUPP, "`BPF_F_NO_PREALLOC` is not possible for this type"))
        }
        _ if (map_type.is_per_cpu() || flags & NO_COMMON_LRU != 0) && flags & NUMA_NODE != 0 => {
            Some(BAD_FLAGS)
        }
        map if map.max_entries == 0 => Some(NO_ENTRIES),
        _ if key == 0 => Some((errno::EINVAL, "the key has no bytes")),
        _ if value == 0 => Some(NO_VALUE),
        _ if sum >= u64::from(MAX_ELEMENT_BYTES) => Some(TOO_LARGE),
        _ if map_type.is_per_cpu() && value > MAX_PER_CPU_VALUE_BYTES => Some(TOO_LARGE),
        map if map.max_entries > 1 << 31 => Some((errno::E2BIG, "it has too many entries")),
        _ => None,
    }
}

/// `stack_map_alloc`.
fn check_stacks(map: &Map, flags: u32) -> Option<Refusal> {
    let element = if flags & STACK_BUILD_ID != 0 { 32 } else { 8 };
    match map {
        _ if flags & !(NUMA_NODE | RDONLY | WRONLY | STACK_BUILD_ID) != 0 => Some(BAD_FLAGS),
        map if map.max_entries == 0 => Some(NO_ENTRIES),
        map if map.key_size_bytes != 4 => Some((errno::EINVAL, "the key of a stack has 4 bytes")),
        map if map.value_size_bytes == 0 || map.value_size_bytes % element != 0 => {
            Some((errno::EINVAL, "the value is no number of stack entries"))
        }
        map if map.value_size_bytes / element > MAX_STACK_DEPTH => {
            Some((errno::EINVAL, "the value has more stack entries than the kernel collects"))
        }
        _ => None,
    }
}

/// `trie_alloc`.
fn check_lpm(map: &Map, flags: u32) -> Option<Refusal> {
    match map {
        map if map.max_entries == 0 => Some(NO_ENTRIES),
        _ if flags & NO_PREALLOC == 0 => {
            Some((errno::EINVAL, "this type needs `BPF_F_NO_PREALLOC`"))
        }
        _ if flags & !(NO_PREALLOC | NUMA_NODE | ACCESS) != 0 => Some(BAD_FLAGS),
        map if !(5..=260).contains(&map.key_size_bytes) => {
            Some((errno::EINVAL, "the key has 5 to 260 bytes"))
        }
        map if map.value_size_bytes == 0 => Some(NO_VALUE),
        map if map.value_size_bytes > MAX_TRIE_VALUE_BYTES => {
            Some((errno::EINVAL, "the value is too large for this type"))
        }
        _ => None,
    }
}

/// `queue_stack_map_alloc_check`, `bloom_map_alloc`.
fn check_keyless(map: &Map, shape: Shape, flags: u32) -> Option<Refusal> {
    let is_bloom = shape == Shape::Bloom;
    let allowed = NUMA_NODE | ACCESS | if is_bloom { ZERO_SEED } else { 0 };
    match map {
        map if map.max_entries == 0 => Some(NO_ENTRIES),
        map if map.key_size_bytes != 0 => Some((errno::EINVAL, "this type has no key")),
        map if map.value_size_bytes == 0 => Some(NO_VALUE),
        _ if flags & !allowed != 0 => Some(BAD_FLAGS),
        map if is_bloom && map.map_extra > 15 => {
            Some((errno::EINVAL, "a bloom filter has at most 15 hash functions"))
        }
        map if !is_bloom && map.value_size_bytes > MAX_VALUE_BYTES => Some(TOO_LARGE),
        _ => None,
    }
}

/// `ringbuf_map_alloc`.
fn check_ringbuf(map: &Map, flags: u32) -> Option<Refusal> {
    let is_fit = map.max_entries.is_power_of_two() && map.max_entries.is_multiple_of(PAGE_BYTES);
    match map {
        _ if flags & !NUMA_NODE != 0 => Some(BAD_FLAGS),
        _ if !is_fit => Some((errno::EINVAL, "the size of a ring buffer is a power of two pages")),
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
