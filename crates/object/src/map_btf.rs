//! Map definitions as BTF, the way `bpf_helpers.h` spells them and libbpf reads them: a struct
//! whose members are pointers. A number is the length of an array pointed to, a type is the type
//! pointed to. Source: `parse_btf_map_def`, libbpf 1.0 `src/libbpf.c`.

use crate::{Map, MapInit, MapRole, MapStyle, Object, Pinning};
use bpfc_btf::{
    BtfBuilder, EnumeratorDef, IntEncoding, Linkage, MemberDef, ParamDef, TypeDef, TypeId,
};

/// `BPF_F_NUMA_NODE` (Linux 4.14 `include/uapi/linux/bpf.h`).
const NUMA_NODE: u32 = 1 << 2;
/// `LIBBPF_PIN_BY_NAME` of `bpf_helpers.h`.
pub(crate) const PIN_BY_NAME: u32 = 1;
/// An array of `int` with this many elements has 4 GiB, which the kernel refuses
/// (`btf_array_resolve`, Linux 4.18 `kernel/bpf/btf.c`). Longer ones are made of `char`.
const TOO_MANY_INTS: u32 = 1 << 30;
/// `btf_decl_tag` of a map that was declared with a macro of BCC's dialect.
pub(crate) const BCC_TAG: &str = "bpfc:bcc";
/// `btf_decl_tag` of a map that is to be shown as a histogram.
pub(crate) const HISTOGRAM_TAG: &str = "bpfc:histogram";
/// How the `btf_decl_tag` begins that names the type of a map's events.
pub(crate) const EVENT_TAG_PREFIX: &str = "bpfc:event:";
/// How the `btf_decl_tag` begins that names the path where a map is pinned.
pub(crate) const PIN_TAG_PREFIX: &str = "bpfc:pin:";
/// How the `btf_decl_tag` begins that says how a map is shared.
pub(crate) const ROLE_TAG_PREFIX: &str = "bpfc:role:";
/// Size of a pointer, and so of a member of a definition.
pub(crate) const POINTER_BYTES: u32 = 8;

impl Object {
    /// Gives every map without a `VAR` one, with its definition as the type, so that the BTF says
    /// what libbpf must know. A map in BCC's dialect also gets a `DECL_TAG`.
    ///
    /// The writer does it by itself where it was not done; after reading, it is always done.
    pub fn define_map_variables(&mut self) {
        for id in self.maps.ids() {
            let map = &self.maps[id];
            if map.btf.is_some() {
                continue;
            }
            let (name, style, is_histogram) = (map.name.clone(), map.style, map.is_histogram);
            let pin = map.pin_path.as_ref().map(|path| format!("{PIN_TAG_PREFIX}{path}"));
            let event = map.event_type.and_then(|ty| event_tag(self.btf.get(ty)?));
            let role = map.role;
            let ty = definition(&mut self.btf, map);
            let linkage = Linkage::Global;
            let var = self.btf.push(TypeDef::Var { name, ty, linkage });
            let mut tag = |name: &str| {
                self.btf.push(TypeDef::DeclTag {
                    name: name.into(),
                    target: var,
                    component_idx: None,
                    is_attribute: false,
                });
            };
            if style == MapStyle::Bcc {
                tag(BCC_TAG);
            }
            if is_histogram {
                tag(HISTOGRAM_TAG);
            }
            if let Some(event) = event {
                tag(&event);
            }
            if let Some(pin) = pin {
                tag(&pin);
            }
            if role != MapRole::Own {
                tag(&format!("{ROLE_TAG_PREFIX}{}", role.name()));
            }
            self.maps[id].btf = Some(var);
        }
    }

    /// The size of the struct that defines a map, as its `VAR` says; 0 if it has none.
    pub(crate) fn map_definition_bytes(&self, map: &Map) -> u32 {
        let mut id = map.btf;
        // A definition is at most a few modifiers away from its variable.
        for _ in 0..32 {
            match id.and_then(|id| self.btf.get(id)) {
                Some(
                    TypeDef::Var { ty: target, .. }
                    | TypeDef::Typedef { target, .. }
                    | TypeDef::Const { target }
                    | TypeDef::Volatile { target }
                    | TypeDef::Restrict { target }
                    | TypeDef::TypeTag { target, .. },
                ) => id = Some(*target),
                Some(TypeDef::Struct { size_bytes, .. }) => return *size_bytes,
                _ => return 0,
            }
        }
        0
    }
}

impl Map {
    /// Adds the `VAR` of a map that another object defines: [`Extern::btf`](crate::Extern::btf).
    pub fn declare(&self, btf: &mut BtfBuilder) -> TypeId {
        let ty = definition(btf, self);
        let (name, linkage) = (self.name.clone(), Linkage::Extern);
        btf.push(TypeDef::Var { name, ty, linkage })
    }
}

/// The `btf_decl_tag` that names a type of events, if it has a name.
fn event_tag(ty: &TypeDef) -> Option<String> {
    match ty {
        TypeDef::Struct { name, .. }
        | TypeDef::Union { name, .. }
        | TypeDef::Typedef { name, .. } => {
            (!name.is_empty()).then(|| format!("{EVENT_TAG_PREFIX}{name}"))
        }
        _ => None,
    }
}

/// The anonymous struct that defines `map`.
fn definition(btf: &mut BtfBuilder, map: &Map) -> TypeId {
    let mut members = Members { btf, members: Vec::new() };
    members.number("type", map.map_type);
    match map.key_type {
        Some(key) => members.pointer("key", key),
        None => members.nonzero("key_size", map.key_size_bytes),
    }
    match map.value_type {
        Some(value) => members.pointer("value", value),
        None if map.inner.is_none() => members.nonzero("value_size", map.value_size_bytes),
        None => {}
    }
    members.nonzero("max_entries", map.max_entries);
    members.nonzero("map_flags", map.map_flags);
    if map.map_flags & NUMA_NODE != 0 {
        members.number("numa_node", map.numa_node);
    }
    members.nonzero_long("map_extra", map.map_extra);
    if map.pinning == Pinning::ByName {
        members.number("pinning", PIN_BY_NAME);
    }
    let size_bytes = members.members.len() as u32 * POINTER_BYTES;
    members.values(map);
    let members = members.members;
    btf.push(TypeDef::Struct { name: String::new(), size_bytes, members })
}

/// The members of a definition so far.
struct Members<'a> {
    btf: &'a mut BtfBuilder,
    members: Vec<MemberDef>,
}

impl Members<'_> {
    fn member(&mut self, name: &str, ty: TypeId) {
        let bit_offset = self.members.len() as u32 * POINTER_BYTES * 8;
        self.members.push(MemberDef { name: name.into(), ty, bit_offset, bitfield_bits: None });
    }

    fn pointer(&mut self, name: &str, target: TypeId) {
        let ty = self.btf.intern(TypeDef::Ptr { target });
        self.member(name, ty);
    }

    fn int(&mut self) -> TypeId {
        self.btf.intern(TypeDef::int("int", 4, IntEncoding::Signed))
    }

    fn array(&mut self, element: TypeId, n_elements: u32) -> TypeId {
        let index = TypeDef::int("__ARRAY_SIZE_TYPE__", 4, IntEncoding::Unsigned);
        let index = self.btf.intern(index);
        self.btf.intern(TypeDef::Array { element, index, n_elements })
    }

    /// `__uint(name, value)`
    fn number(&mut self, name: &str, value: u32) {
        let element = if value < TOO_MANY_INTS {
            self.int()
        } else {
            self.btf.intern(TypeDef::int("char", 1, IntEncoding::Signed))
        };
        let array = self.array(element, value);
        self.pointer(name, array);
    }

    fn nonzero(&mut self, name: &str, value: u32) {
        if value != 0 {
            self.number(name, value);
        }
    }

    /// `__ulong(name, value)` where `__uint` does not do.
    fn nonzero_long(&mut self, name: &str, value: u64) {
        match u32::try_from(value) {
            Ok(value) => self.nonzero(name, value),
            Err(_) => {
                let enumerator =
                    EnumeratorDef { name: format!("__bpfc_{name}"), value: value.into() };
                let long = self.btf.intern(TypeDef::Enum64 {
                    name: String::new(),
                    size_bytes: 8,
                    is_signed: false,
                    enumerators: vec![enumerator],
                });
                self.pointer(name, long);
            }
        }
    }

    /// `__array(values, …)`: the last member, without a size of its own.
    fn values(&mut self, map: &Map) {
        let holds_programs = map.values.first().is_some_and(|(_, value)| match value {
            MapInit::Program(_) => true,
            MapInit::Map(_) => false,
        });
        let target = if let Some(inner) = &map.inner {
            definition(self.btf, inner)
        } else if holds_programs {
            let ty = self.btf.intern(TypeDef::Ptr { target: TypeId::VOID });
            let ret = self.int();
            let params = vec![ParamDef { name: String::new(), ty }];
            self.btf.intern(TypeDef::FuncProto { ret, params, is_variadic: false })
        } else {
            return;
        };
        let element = self.btf.intern(TypeDef::Ptr { target });
        let array = self.array(element, 0);
        self.member("values", array);
    }
}

/// Where a map's definition lies in `.maps`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MapPlace {
    /// Of the struct.
    pub offset: u32,
    /// Of the struct and its first elements.
    pub size_bytes: u32,
    /// Offset of element 0 in the section.
    pub values: u32,
}

/// More than any map's first elements need.
const MAX_SECTION_BYTES: u32 = 1 << 28;

/// The places of all maps, one after the other; none if they need more than 256 MiB.
pub(crate) fn map_places(object: &Object) -> Option<Vec<MapPlace>> {
    let mut next: u32 = 0;
    let mut places = Vec::with_capacity(object.maps.len());
    for map in &object.maps {
        let struct_bytes = object.map_definition_bytes(map).max(POINTER_BYTES);
        let n_values = map.values.iter().map(|&(idx, _)| idx.checked_add(1));
        let n_values = n_values.max().unwrap_or(Some(0))?;
        let values = next.checked_add(struct_bytes)?;
        let end = values.checked_add(n_values.checked_mul(POINTER_BYTES)?)?;
        places.push(MapPlace { offset: next, size_bytes: end - next, values });
        if end > MAX_SECTION_BYTES {
            return None;
        }
        next = end.next_multiple_of(POINTER_BYTES);
    }
    Some(places)
}
