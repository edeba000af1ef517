//! Map types and map flags. Written by `cargo xtask kabi generate`; do not edit.

use crate::map::{MapFlag, MapTypeInfo};
use crate::version::KernelVersion;

/// A map type (`enum bpf_map_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
pub enum MapType {
    /// `BPF_MAP_TYPE_HASH`.
    Hash = 1,
    /// `BPF_MAP_TYPE_ARRAY`.
    Array = 2,
    /// `BPF_MAP_TYPE_PROG_ARRAY`.
    ProgArray = 3,
    /// `BPF_MAP_TYPE_PERF_EVENT_ARRAY`.
    PerfEventArray = 4,
    /// `BPF_MAP_TYPE_PERCPU_HASH`.
    PercpuHash = 5,
    /// `BPF_MAP_TYPE_PERCPU_ARRAY`.
    PercpuArray = 6,
    /// `BPF_MAP_TYPE_STACK_TRACE`.
    StackTrace = 7,
    /// `BPF_MAP_TYPE_CGROUP_ARRAY`.
    CgroupArray = 8,
    /// `BPF_MAP_TYPE_LRU_HASH`.
    LruHash = 9,
    /// `BPF_MAP_TYPE_LRU_PERCPU_HASH`.
    LruPercpuHash = 10,
    /// `BPF_MAP_TYPE_LPM_TRIE`.
    LpmTrie = 11,
    /// `BPF_MAP_TYPE_ARRAY_OF_MAPS`.
    ArrayOfMaps = 12,
    /// `BPF_MAP_TYPE_HASH_OF_MAPS`.
    HashOfMaps = 13,
    /// `BPF_MAP_TYPE_DEVMAP`.
    Devmap = 14,
    /// `BPF_MAP_TYPE_SOCKMAP`.
    Sockmap = 15,
    /// `BPF_MAP_TYPE_CPUMAP`.
    Cpumap = 16,
    /// `BPF_MAP_TYPE_XSKMAP`.
    Xskmap = 17,
    /// `BPF_MAP_TYPE_SOCKHASH`.
    Sockhash = 18,
    /// `BPF_MAP_TYPE_CGROUP_STORAGE`.
    CgroupStorage = 19,
    /// `BPF_MAP_TYPE_REUSEPORT_SOCKARRAY`.
    ReuseportSockarray = 20,
    /// `BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE`.
    PercpuCgroupStorage = 21,
    /// `BPF_MAP_TYPE_QUEUE`.
    Queue = 22,
    /// `BPF_MAP_TYPE_STACK`.
    Stack = 23,
    /// `BPF_MAP_TYPE_SK_STORAGE`.
    SkStorage = 24,
    /// `BPF_MAP_TYPE_DEVMAP_HASH`.
    DevmapHash = 25,
    /// `BPF_MAP_TYPE_STRUCT_OPS`.
    StructOps = 26,
    /// `BPF_MAP_TYPE_RINGBUF`.
    Ringbuf = 27,
    /// `BPF_MAP_TYPE_INODE_STORAGE`.
    InodeStorage = 28,
    /// `BPF_MAP_TYPE_TASK_STORAGE`.
    TaskStorage = 29,
    /// `BPF_MAP_TYPE_BLOOM_FILTER`.
    BloomFilter = 30,
    /// `BPF_MAP_TYPE_USER_RINGBUF`.
    UserRingbuf = 31,
    /// `BPF_MAP_TYPE_CGRP_STORAGE`.
    CgrpStorage = 32,
    /// `BPF_MAP_TYPE_ARENA`.
    Arena = 33,
    /// `BPF_MAP_TYPE_INSN_ARRAY`.
    InsnArray = 34,
    /// `BPF_MAP_TYPE_RHASH`.
    Rhash = 35,
}

#[rustfmt::skip]
pub(crate) static MAP_TYPES: [MapTypeInfo; 35] = [
    MapTypeInfo { ty: MapType::Hash, name: "BPF_MAP_TYPE_HASH", since: KernelVersion::new(3, 19) },
    MapTypeInfo { ty: MapType::Array, name: "BPF_MAP_TYPE_ARRAY", since: KernelVersion::new(3, 19) },
    MapTypeInfo { ty: MapType::ProgArray, name: "BPF_MAP_TYPE_PROG_ARRAY", since: KernelVersion::new(4, 2) },
    MapTypeInfo { ty: MapType::PerfEventArray, name: "BPF_MAP_TYPE_PERF_EVENT_ARRAY", since: KernelVersion::new(4, 3) },
    MapTypeInfo { ty: MapType::PercpuHash, name: "BPF_MAP_TYPE_PERCPU_HASH", since: KernelVersion::new(4, 6) },
    MapTypeInfo { ty: MapType::PercpuArray, name: "BPF_MAP_TYPE_PERCPU_ARRAY", since: KernelVersion::new(4, 6) },
    MapTypeInfo { ty: MapType::StackTrace, name: "BPF_MAP_TYPE_STACK_TRACE", since: KernelVersion::new(4, 6) },
    MapTypeInfo { ty: MapType::CgroupArray, name: "BPF_MAP_TYPE_CGROUP_ARRAY", since: KernelVersion::new(4, 8) },
    MapTypeInfo { ty: MapType::LruHash, name: "BPF_MAP_TYPE_LRU_HASH", since: KernelVersion::new(4, 10) },
    MapTypeInfo { ty: MapType::LruPercpuHash, name: "BPF_MAP_TYPE_LRU_PERCPU_HASH", since: KernelVersion::new(4, 10) },
    MapTypeInfo { ty: MapType::LpmTrie, name: "BPF_MAP_TYPE_LPM_TRIE", since: KernelVersion::new(4, 11) },
    MapTypeInfo { ty: MapType::ArrayOfMaps, name: "BPF_MAP_TYPE_ARRAY_OF_MAPS", since: KernelVersion::new(4, 12) },
    MapTypeInfo { ty: MapType::HashOfMaps, name: "BPF_MAP_TYPE_HASH_OF_MAPS", since: KernelVersion::new(4, 12) },
    MapTypeInfo { ty: MapType::Devmap, name: "BPF_MAP_TYPE_DEVMAP", since: KernelVersion::new(4, 14) },
    MapTypeInfo { ty: MapType::Sockmap, name: "BPF_MAP_TYPE_SOCKMAP", since: KernelVersion::new(4, 14) },
    MapTypeInfo { ty: MapType::Cpumap, name: "BPF_MAP_TYPE_CPUMAP", since: KernelVersion::new(4, 15) },
    MapTypeInfo { ty: MapType::Xskmap, name: "BPF_MAP_TYPE_XSKMAP", since: KernelVersion::new(4, 18) },
    MapTypeInfo { ty: MapType::Sockhash, name: "BPF_MAP_TYPE_SOCKHASH", since: KernelVersion::new(4, 18) },
    MapTypeInfo { ty: MapType::CgroupStorage, name: "BPF_MAP_TYPE_CGROUP_STORAGE", since: KernelVersion::new(4, 19) },
    MapTypeInfo { ty: MapType::ReuseportSockarray, name: "BPF_MAP_TYPE_REUSEPORT_SOCKARRAY", since: KernelVersion::new(4, 19) },
    MapTypeInfo { ty: MapType::PercpuCgroupStorage, name: "BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE", since: KernelVersion::new(4, 20) },
    MapTypeInfo { ty: MapType::Queue, name: "BPF_MAP_TYPE_QUEUE", since: KernelVersion::new(4, 20) },
    MapTypeInfo { ty: MapType::Stack, name: "BPF_MAP_TYPE_STACK", since: KernelVersion::new(4, 20) },
    MapTypeInfo { ty: MapType::SkStorage, name: "BPF_MAP_TYPE_SK_STORAGE", since: KernelVersion::new(5, 2) },
    MapTypeInfo { ty: MapType::DevmapHash, name: "BPF_MAP_TYPE_DEVMAP_HASH", since: KernelVersion::new(5, 4) },
    MapTypeInfo { ty: MapType::StructOps, name: "BPF_MAP_TYPE_STRUCT_OPS", since: KernelVersion::new(5, 6) },
    MapTypeInfo { ty: MapType::Ringbuf, name: "BPF_MAP_TYPE_RINGBUF", since: KernelVersion::new(5, 8) },
    MapTypeInfo { ty: MapType::InodeStorage, name: "BPF_MAP_TYPE_INODE_STORAGE", since: KernelVersion::new(5, 10) },
    MapTypeInfo { ty: MapType::TaskStorage, name: "BPF_MAP_TYPE_TASK_STORAGE", since: KernelVersion::new(5, 11) },
    MapTypeInfo { ty: MapType::BloomFilter, name: "BPF_MAP_TYPE_BLOOM_FILTER", since: KernelVersion::new(5, 16) },
    MapTypeInfo { ty: MapType::UserRingbuf, name: "BPF_MAP_TYPE_USER_RINGBUF", since: KernelVersion::new(6, 1) },
    MapTypeInfo { ty: MapType::CgrpStorage, name: "BPF_MAP_TYPE_CGRP_STORAGE", since: KernelVersion::new(6, 2) },
    MapTypeInfo { ty: MapType::Arena, name: "BPF_MAP_TYPE_ARENA", since: KernelVersion::new(6, 9) },
    MapTypeInfo { ty: MapType::InsnArray, name: "BPF_MAP_TYPE_INSN_ARRAY", since: KernelVersion::new(6, 19) },
    MapTypeInfo { ty: MapType::Rhash, name: "BPF_MAP_TYPE_RHASH", since: KernelVersion::new(7, 2) },
];

#[rustfmt::skip]
pub(crate) static MAP_FLAGS: [MapFlag; 20] = [
    MapFlag { name: "BPF_F_NO_PREALLOC", value: 0x1, since: KernelVersion::new(4, 6) },
    MapFlag { name: "BPF_F_NO_COMMON_LRU", value: 0x2, since: KernelVersion::new(4, 10) },
    MapFlag { name: "BPF_F_NUMA_NODE", value: 0x4, since: KernelVersion::new(4, 14) },
    MapFlag { name: "BPF_F_RDONLY", value: 0x8, since: KernelVersion::new(4, 15) },
    MapFlag { name: "BPF_F_WRONLY", value: 0x10, since: KernelVersion::new(4, 15) },
    MapFlag { name: "BPF_F_STACK_BUILD_ID", value: 0x20, since: KernelVersion::new(4, 17) },
    MapFlag { name: "BPF_F_ZERO_SEED", value: 0x40, since: KernelVersion::new(5, 0) },
    MapFlag { name: "BPF_F_RDONLY_PROG", value: 0x80, since: KernelVersion::new(5, 2) },
    MapFlag { name: "BPF_F_WRONLY_PROG", value: 0x100, since: KernelVersion::new(5, 2) },
    MapFlag { name: "BPF_F_CLONE", value: 0x200, since: KernelVersion::new(5, 4) },
    MapFlag { name: "BPF_F_MMAPABLE", value: 0x400, since: KernelVersion::new(5, 5) },
    MapFlag { name: "BPF_F_PRESERVE_ELEMS", value: 0x800, since: KernelVersion::new(5, 10) },
    MapFlag { name: "BPF_F_INNER_MAP", value: 0x1000, since: KernelVersion::new(5, 10) },
    MapFlag { name: "BPF_F_LINK", value: 0x2000, since: KernelVersion::new(6, 4) },
    MapFlag { name: "BPF_F_PATH_FD", value: 0x4000, since: KernelVersion::new(6, 5) },
    MapFlag { name: "BPF_F_VTYPE_BTF_OBJ_FD", value: 0x8000, since: KernelVersion::new(6, 9) },
    MapFlag { name: "BPF_F_TOKEN_FD", value: 0x10000, since: KernelVersion::new(6, 9) },
    MapFlag { name: "BPF_F_SEGV_ON_FAULT", value: 0x20000, since: KernelVersion::new(6, 9) },
    MapFlag { name: "BPF_F_NO_USER_CONV", value: 0x40000, since: KernelVersion::new(6, 9) },
    MapFlag { name: "BPF_F_RB_OVERWRITE", value: 0x80000, since: KernelVersion::new(6, 19) },
];
