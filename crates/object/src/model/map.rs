//! Map definitions.

use super::{FuncId, Linkage, MapId};
use bpfc_base::Span;
use bpfc_btf::TypeId;
use bpfc_kabi::MapType;

/// The definition of a map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map {
    /// Its name; empty for the inner map of a definition.
    pub name: String,
    /// `BPF_MAP_TYPE_*` as the kernel numbers them, known to [`MapType`] or not.
    pub map_type: u32,
    /// Size of a key.
    pub key_size_bytes: u32,
    /// Size of a value.
    pub value_size_bytes: u32,
    /// Number of entries, or bytes of a ring buffer; 0 where the loader decides.
    pub max_entries: u32,
    /// `BPF_F_*`.
    pub map_flags: u32,
    /// NUMA node, if `BPF_F_NUMA_NODE` is set.
    pub numa_node: u32,
    /// `map_extra` (Linux 5.16).
    pub map_extra: u64,
    /// Whether the loader shares it by name.
    pub pinning: Pinning,
    /// Type of the key in [`Object::btf`](super::Object::btf), if it was given as a type.
    pub key_type: Option<TypeId>,
    /// Type of the value, if it was given as a type.
    pub value_type: Option<TypeId>,
    /// What each element of a map of maps is.
    pub inner: Option<Box<Map>>,
    /// First elements of a map of maps or of programs, by ascending index.
    pub values: Vec<(u32, MapInit)>,
    /// How the definition was written.
    pub style: MapStyle,
    /// Type of the events that programs put into a ring buffer or perf event array, if the
    /// compiler saw one.
    pub event_type: Option<TypeId>,
    /// To be shown as log2 bars.
    pub is_histogram: bool,
    /// Where it is pinned, if [`pinning`](Map::pinning) does not say it: a path. Kept in ELF as a
    /// `btf_decl_tag`.
    pub pin_path: Option<String>,
    /// Whether it is shared with other programs of a process. Kept in ELF as a `btf_decl_tag`.
    pub role: MapRole,
    /// Its `VAR`, whose type is the definition as libbpf reads it. Whoever makes a map leaves it
    /// out: [`Object::define_map_variables`](super::Object::define_map_variables) derives it.
    pub btf: Option<TypeId>,
    /// Who sees it. Loaders know maps by name and take global and weak ones.
    pub linkage: Linkage,
    /// Its name in the source; not kept in ELF.
    pub span: Span,
}

/// How a map is pinned: `LIBBPF_PIN_*` of `bpf_helpers.h`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pinning {
    /// Not at all.
    #[default]
    None,
    /// At `/sys/fs/bpf/NAME`, or wherever the loader is told.
    ByName,
}

/// What a slot of a map first holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapInit {
    /// A map, in a map of maps.
    Map(MapId),
    /// A program, in a program array.
    Program(FuncId),
}

/// How a map is shared with other objects in the same process: BCC's tables that are public, shared or elsewhere.
/// It is for who loads several objects to act on it; the map of a [`MapRole::Extern`] has to be given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MapRole {
    /// Not at all.
    #[default]
    Own,
    /// Others may use it by its name.
    Public,
    /// As [`MapRole::Public`], in a name space.
    Shared,
    /// The map of another object.
    Extern,
}

impl MapRole {
    /// What tags and listings call it; empty for [`MapRole::Own`].
    pub fn name(self) -> &'static str {
        match self {
            MapRole::Own => "",
            MapRole::Public => "public",
            MapRole::Shared => "shared",
            MapRole::Extern => "extern",
        }
    }

    /// The role with this name.
    pub fn from_name(name: &str) -> Option<MapRole> {
        let mut all = [MapRole::Public, MapRole::Shared, MapRole::Extern].into_iter();
        all.find(|role| role.name() == name)
    }
}

/// How a map's definition was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MapStyle {
    /// Members of a struct in `.maps`.
    #[default]
    Btf,
    /// `struct bpf_map_def` in `maps`.
    Legacy,
    /// A macro of BCC's dialect.
    Bcc,
}

impl Map {
    /// Its type, if it is a known one.
    pub fn kind(&self) -> Option<MapType> {
        MapType::from_number(self.map_type)
    }
}
