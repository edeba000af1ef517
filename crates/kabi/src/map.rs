//! Map types, map creation flags, and update flags (`enum bpf_map_type` and the constants beside it).

pub use crate::tables::map::MapType;
use crate::tables::map::{MAP_FLAGS, MAP_TYPES};
use crate::version::KernelVersion;

/// One row of `enum bpf_map_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapTypeInfo {
    /// The type.
    pub ty: MapType,
    /// The C name, such as `BPF_MAP_TYPE_HASH`.
    pub name: &'static str,
    /// The first kernel that has it.
    pub since: KernelVersion,
}

/// One `map_flags` bit of `bpf(BPF_MAP_CREATE)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapFlag {
    /// The C name, such as `BPF_F_NO_PREALLOC`.
    pub name: &'static str,
    /// The bit.
    pub value: u32,
    /// The first kernel that has it.
    pub since: KernelVersion,
}

/// The `flags` of an element update: at most one of the first three, which may be joined with [`UpdateFlag::Lock`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum UpdateFlag {
    /// `BPF_ANY`: create or overwrite.
    Any = 0,
    /// `BPF_NOEXIST`: create only.
    NoExist = 1,
    /// `BPF_EXIST`: overwrite only.
    Exist = 2,
    /// `BPF_F_LOCK`: hold the value's spin lock (5.1).
    Lock = 4,
}

/// All map types in uapi order, which is the order of their numbers from 1.
pub fn map_types() -> &'static [MapTypeInfo] {
    &MAP_TYPES
}

/// All map creation flags by ascending bit.
pub fn map_flags() -> &'static [MapFlag] {
    &MAP_FLAGS
}

/// The creation flag with this C name.
pub fn map_flag_by_name(name: &str) -> Option<&'static MapFlag> {
    MAP_FLAGS.iter().find(|row| row.name == name)
}

impl MapType {
    /// The uapi number, `map_type` of `bpf(BPF_MAP_CREATE)`.
    pub const fn number(self) -> u32 {
        self as u32
    }

    /// The type with this uapi number; `None` for 0 (unspecified) and for numbers this table does not know.
    pub fn from_number(number: u32) -> Option<Self> {
        let idx = usize::try_from(number).ok()?.checked_sub(1)?;
        MAP_TYPES.get(idx).map(|row| row.ty)
    }

    /// The type with this C name.
    pub fn from_name(name: &str) -> Option<Self> {
        MAP_TYPES.iter().find(|row| row.name == name).map(|row| row.ty)
    }

    /// This type's row.
    pub fn info(self) -> &'static MapTypeInfo {
        &MAP_TYPES[self as usize - 1]
    }

    /// The C name.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// The first kernel that has this type.
    pub fn since(self) -> KernelVersion {
        self.info().since
    }

    /// Whether each CPU has a value of its own.
    pub const fn is_per_cpu(self) -> bool {
        matches!(
            self,
            Self::PercpuHash | Self::PercpuArray | Self::LruPercpuHash | Self::PercpuCgroupStorage
        )
    }

    /// Whether a value is another map.
    pub const fn is_map_in_map(self) -> bool {
        matches!(self, Self::ArrayOfMaps | Self::HashOfMaps)
    }

    /// Whether it holds per-object storage, looked up by a kernel object instead of a key.
    pub const fn is_local_storage(self) -> bool {
        matches!(self, Self::SkStorage | Self::InodeStorage | Self::TaskStorage | Self::CgrpStorage)
    }
}
