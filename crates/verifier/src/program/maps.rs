//! The maps of a program as the verifier sees them.

use super::fields::ManagedField;
use super::record::{self, Field, FieldKind};
use crate::state::MapIdx;
use bpfc_base::{Idx, IndexVec};
use bpfc_btf::{TypeDef, TypeId};
use bpfc_kabi::{KernelVersion, MapType};
use bpfc_object::{DataId, DataKind, ExternId, Map, MapId, Object};
use std::collections::{BTreeMap, HashMap};

/// `BPF_F_RDONLY_PROG` (Linux 5.2).
const READ_ONLY_FOR_PROGRAMS: u32 = 1 << 7;
/// `BPF_F_WRONLY_PROG` (Linux 5.2).
const WRITE_ONLY_FOR_PROGRAMS: u32 = 1 << 8;

/// A map.
#[derive(Clone, Debug)]
pub struct MapInfo {
    /// Its name; that of the section for data.
    pub name: String,
    /// Its type, if it is a known one.
    pub kind: Option<MapType>,
    /// Size of a key.
    pub key_bytes: u32,
    /// Size of a value.
    pub value_bytes: u32,
    /// Number of entries; 0 where the loader decides.
    pub max_entries: u32,
    /// Whether programs may only read.
    pub is_read_only: bool,
    /// Whether programs may only write.
    pub is_write_only: bool,
    /// What its only value holds.
    pub content: Content,
    /// What each element is, for a map of maps.
    pub inner: Option<MapIdx>,
    /// The fields of a value that belong to the kernel.
    pub fields: Vec<Field>,
    /// The type of a value.
    pub value_type: Option<TypeId>,
    /// The section that it holds.
    pub section: Option<DataId>,
    /// Pointers, lists and trees in a value, if the kernel's types are known.
    pub managed: Vec<ManagedField>,
    /// Whether values may hold pointers of the kernel, so that loads give more than numbers.
    pub may_hold_pointers: bool,
}

impl MapInfo {
    /// Whether values hold a lock, so that it matters which value a pointer leads to.
    pub fn holds_lock(&self) -> bool {
        let is_lock =
            |field: &Field| matches!(field.kind, FieldKind::SpinLock | FieldKind::ResSpinLock);
        self.fields.iter().any(is_lock)
    }

    /// Whether values hold something that calls back later, so that it matters which map it is.
    pub fn holds_timer(&self) -> bool {
        let calls = |field: &Field| {
            matches!(field.kind, FieldKind::Timer | FieldKind::Wq | FieldKind::TaskWork)
        };
        self.fields.iter().any(calls)
    }
}

/// What is known of the contents of the only value of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Nothing: it changes.
    Varies,
    /// A frozen read-only section.
    Frozen(DataId),
    /// A configuration value that the kernel at hand decides.
    Number(u64),
    /// A constant, but nobody knows which.
    Unknown,
}

/// Collects the maps while instructions are read.
pub struct Maps<'a> {
    object: &'a Object,
    table: IndexVec<MapIdx, MapInfo>,
    data: HashMap<DataId, MapIdx>,
    kconfig: HashMap<ExternId, MapIdx>,
    config: BTreeMap<String, u64>,
}

impl<'a> Maps<'a> {
    /// The maps of `object`, with their own indices; `config` are the known configuration values.
    pub fn new(object: &'a Object, config: &BTreeMap<String, u64>) -> Maps<'a> {
        let mut maps = Maps {
            object,
            table: IndexVec::new(),
            data: HashMap::new(),
            kconfig: HashMap::new(),
            config: config.clone(),
        };
        for map in &object.maps {
            let info = maps.info(map);
            maps.table.push(info);
        }
        for (id, map) in object.maps.iter_enumerated() {
            if let Some(inner) = &map.inner {
                let mut info = maps.info(inner);
                if info.name.is_empty() {
                    info.name = format!("element of {}", map.name);
                }
                let inner = maps.table.push(info);
                maps.table[MapIdx::new(id.index())].inner = Some(inner);
            }
        }
        maps
    }

    /// The map of the object.
    pub fn of_map(&self, map: MapId) -> MapIdx {
        MapIdx::new(map.index())
    }

    /// The map behind a data section.
    pub fn of_data(&mut self, section: DataId) -> MapIdx {
        if let Some(&idx) = self.data.get(&section) {
            return idx;
        }
        let data = &self.object.data[section];
        let mut info = self.info(&data.as_map());
        if data.kind == DataKind::ReadOnly {
            info.content = Content::Frozen(section);
        }
        info.fields = record::of_data(self.object, section);
        info.section = Some(section);
        let idx = self.table.push(info);
        self.data.insert(section, idx);
        idx
    }

    /// The place of a configuration value.
    pub fn of_kconfig(
        &mut self,
        id: ExternId,
        size_bytes: u32,
        kernel: Option<KernelVersion>,
    ) -> MapIdx {
        if let Some(&idx) = self.kconfig.get(&id) {
            return idx;
        }
        let name = &self.object.externs[id].name;
        let version = kernel.filter(|_| name == "LINUX_KERNEL_VERSION");
        let code = |v: KernelVersion| u64::from(v.major) << 16 | u64::from(v.minor) << 8;
        let known = self.config.get(name).copied().or(version.map(code));
        let info = MapInfo {
            name: name.clone(),
            kind: Some(MapType::Array),
            key_bytes: 4,
            value_bytes: size_bytes,
            max_entries: 1,
            is_read_only: true,
            is_write_only: false,
            content: known.map_or(Content::Unknown, Content::Number),
            inner: None,
            fields: Vec::new(),
            value_type: None,
            section: None,
            managed: Vec::new(),
            may_hold_pointers: false,
        };
        let idx = self.table.push(info);
        self.kconfig.insert(id, idx);
        idx
    }

    /// All maps.
    pub fn finish(self) -> IndexVec<MapIdx, MapInfo> {
        self.table
    }

    fn info(&self, map: &Map) -> MapInfo {
        MapInfo {
            name: map.name.clone(),
            kind: map.kind(),
            key_bytes: map.key_size_bytes,
            value_bytes: map.value_size_bytes,
            max_entries: map.max_entries,
            is_read_only: map.map_flags & READ_ONLY_FOR_PROGRAMS != 0,
            is_write_only: map.map_flags & WRITE_ONLY_FOR_PROGRAMS != 0,
            content: Content::Varies,
            inner: None,
            fields: map.value_type.map_or(Vec::new(), |ty| record::of_type(self.object, ty)),
            value_type: map.value_type,
            section: None,
            managed: Vec::new(),
            may_hold_pointers: map.value_type.is_some_and(|ty| holds_pointers(self.object, ty, 0)),
        }
    }
}

/// Whether a value of this type has a member that is a tagged pointer (`__kptr`, `__uptr`).
fn holds_pointers(object: &Object, ty: TypeId, depth: u32) -> bool {
    // Types nest less deeply than this; a damaged object may nest without end.
    if depth > 16 {
        return true;
    }
    let below = |ty: TypeId| holds_pointers(object, ty, depth + 1);
    match object.btf.get(ty) {
        Some(
            TypeDef::Typedef { target, .. }
            | TypeDef::Const { target }
            | TypeDef::Volatile { target }
            | TypeDef::Restrict { target },
        ) => below(*target),
        Some(TypeDef::Ptr { target }) => {
            matches!(object.btf.get(*target), Some(TypeDef::TypeTag { .. }))
        }
        Some(TypeDef::Array { element, .. }) => below(*element),
        Some(TypeDef::Struct { members, .. } | TypeDef::Union { members, .. }) => {
            members.iter().any(|member| below(member.ty))
        }
        _ => false,
    }
}
