//! Map definitions: structs described by BTF in `.maps`, or `struct bpf_map_def` in `maps`.

use super::functions::linkage;
use super::{ReadError, Reader, Role};
use crate::elf::SymbolType;
use crate::map_btf::{
    BCC_TAG, EVENT_TAG_PREFIX, HISTOGRAM_TAG, PIN_BY_NAME, PIN_TAG_PREFIX, POINTER_BYTES,
    ROLE_TAG_PREFIX,
};
use crate::sections_btf::MAPS_SECTION;
use crate::{Map, MapRole, MapStyle, Pinning};
use bpfc_btf::{Btf, Composite, Kind, KindSet, SecVar, Type, TypeId};
use bpfc_isa::Endian;
use std::collections::HashMap;

/// `struct bpf_map_def` of `bpf_helpers.h` (libbpf before 1.0): five 32-bit words.
const LEGACY_WORDS: usize = 5;
/// More maps than any object has.
const MAX_MAPS: usize = 1 << 12;
/// What the type of an event can be.
const EVENT_KINDS: KindSet = KindSet::of(&[Kind::Struct, Kind::Union, Kind::Typedef]);
/// More members than there are attributes.
const MAX_MEMBERS: u32 = 32;

impl Reader<'_> {
    pub(super) fn read_maps(&mut self) -> Result<(), ReadError> {
        for section in 0..self.roles.len() {
            match self.roles[section] {
                Role::Maps => self.read_btf_maps(section)?,
                Role::LegacyMaps => self.read_legacy_maps(section)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn read_btf_maps(&mut self, section: usize) -> Result<(), ReadError> {
        let at = self.elf.sections[section].file_offset;
        let Some(btf) = &self.types.btf else {
            let what = "`.maps` needs BTF (was the file compiled without -g?)";
            return Err(ReadError::malformed(what, at));
        };
        let by_name = self.types.variables(MAPS_SECTION);
        let tags = tags(btf);
        let symbols = self.symbols[section].iter().copied();
        let symbols = symbols.filter(|symbol| symbol.symbol_type == SymbolType::Object);
        let mut symbols: Vec<_> = symbols.collect();
        symbols.sort_by_key(|symbol| symbol.value);
        if self.object.maps.len() + symbols.len() > MAX_MAPS {
            return Err(ReadError::TooLarge { what: "maps" });
        }
        for symbol in symbols {
            let Some(&SecVar { var, .. }) = by_name.get(symbol.name) else {
                let what = "a symbol in `.maps` has no BTF";
                return Err(ReadError::malformed(what, symbol.file_offset));
            };
            let end = symbol.value.checked_add(symbol.size_bytes);
            let section_bytes = self.elf.sections[section].size_bytes;
            let Some(end) = end.filter(|&end| end <= section_bytes) else {
                let what = "a map is outside its section";
                return Err(ReadError::malformed(what, symbol.file_offset));
            };
            let context = Definition { btf, map: symbol.name };
            let (mut map, struct_bytes) = context.parse(var)?;
            map.name = symbol.name.to_owned();
            map.btf = Some(var);
            map.linkage = linkage(symbol.binding);
            if let Some(tags) = tags.get(&var) {
                map.style = tags.style;
                map.is_histogram = tags.is_histogram;
                map.pin_path = tags.pin_path.clone();
                map.event_type = tags.event_type;
                map.role = tags.role;
            }
            let id = self.object.maps.push(map);
            if self.maps.insert((section, symbol.value), id).is_some() {
                let what = "two maps in one place";
                return Err(ReadError::malformed(what, symbol.file_offset));
            }
            let values = symbol.value.saturating_add(u64::from(struct_bytes));
            if values > end || struct_bytes < POINTER_BYTES {
                let what = "a map's definition is longer than its symbol, or empty";
                return Err(ReadError::malformed(what, symbol.file_offset));
            }
            self.values.push((values, end));
        }
        Ok(())
    }

    fn read_legacy_maps(&mut self, section: usize) -> Result<(), ReadError> {
        let bytes = self.elf.sections[section].bytes;
        let symbols = self.symbols[section].iter().copied().filter(|symbol| {
            matches!(symbol.symbol_type, SymbolType::Object | SymbolType::None)
                && !symbol.name.is_empty()
        });
        let mut symbols: Vec<_> = symbols.collect();
        symbols.sort_by_key(|symbol| symbol.value);
        if self.object.maps.len() + symbols.len() > MAX_MAPS {
            return Err(ReadError::TooLarge { what: "maps" });
        }
        for (idx, symbol) in symbols.iter().enumerate() {
            let end = symbols.get(idx + 1).map_or(bytes.len() as u64, |next| next.value);
            let range = symbol.value as usize..end as usize;
            let Some(def) = bytes.get(range).filter(|def| def.len() >= LEGACY_WORDS * 4) else {
                let what = "a map definition is shorter than 20 bytes";
                return Err(ReadError::malformed(what, symbol.file_offset));
            };
            if def[LEGACY_WORDS * 4..].iter().any(|&byte| byte != 0) {
                return Err(ReadError::Unsupported {
                    what: "a map definition has more than the five words of `struct bpf_map_def`",
                    offset_bytes: self.elf.sections[section].file_offset + symbol.value,
                });
            }
            let word = |idx: usize| {
                let bytes = def[idx * 4..].first_chunk().copied().unwrap_or_default();
                match self.elf.endian {
                    Endian::Little => u32::from_le_bytes(bytes),
                    Endian::Big => u32::from_be_bytes(bytes),
                }
            };
            if word(0) == 0 {
                let what = "a map definition has no type";
                return Err(ReadError::malformed(what, symbol.file_offset));
            }
            let id = self.object.maps.push(Map {
                name: symbol.name.to_owned(),
                map_type: word(0),
                key_size_bytes: word(1),
                value_size_bytes: word(2),
                max_entries: word(3),
                map_flags: word(4),
                style: MapStyle::Legacy,
                ..Map::default()
            });
            self.maps.insert((section, symbol.value), id);
            self.values.push((end, end));
        }
        Ok(())
    }
}

/// The map that a `VAR` of another object declares; none if it does not.
pub(crate) fn declared_map(btf: &Btf, name: &str, var: TypeId) -> Option<Map> {
    let (mut map, _) = Definition { btf, map: name }.parse(var).ok()?;
    map.name = name.to_owned();
    Some(map)
}

/// What `DECL_TAG`s say about a map.
#[derive(Clone, Default)]
struct Tags {
    style: MapStyle,
    is_histogram: bool,
    pin_path: Option<String>,
    event_type: Option<TypeId>,
    role: MapRole,
}

/// What `DECL_TAG`s say about maps, by `VAR`.
fn tags(btf: &Btf) -> HashMap<TypeId, Tags> {
    let mut tags: HashMap<TypeId, Tags> = HashMap::new();
    for id in btf.ids() {
        if let Ok(Type::DeclTag { name, target, component_idx: None, .. }) = btf.ty(id) {
            match name {
                BCC_TAG => tags.entry(target).or_default().style = MapStyle::Bcc,
                HISTOGRAM_TAG => tags.entry(target).or_default().is_histogram = true,
                _ => {
                    if let Some(event) = name.strip_prefix(EVENT_TAG_PREFIX) {
                        let ty = btf.find_by_name(event, EVENT_KINDS);
                        tags.entry(target).or_default().event_type = ty;
                    } else if let Some(path) = name.strip_prefix(PIN_TAG_PREFIX) {
                        tags.entry(target).or_default().pin_path = Some(path.to_owned());
                    } else if let Some(role) = name.strip_prefix(ROLE_TAG_PREFIX) {
                        let role = MapRole::from_name(role).unwrap_or_default();
                        tags.entry(target).or_default().role = role;
                    }
                }
            }
        }
    }
    tags
}

/// A definition being read, of the map with this name.
#[derive(Clone, Copy)]
struct Definition<'a> {
    btf: &'a Btf,
    map: &'a str,
}

impl<'a> Definition<'a> {
    fn bad<T>(self, what: &'static str) -> Result<T, ReadError> {
        let map = self.map.to_owned();
        Err(ReadError::BadMap { map, what })
    }

    /// The map that a `VAR` defines, and the size of its struct.
    fn parse(self, var: TypeId) -> Result<(Map, u32), ReadError> {
        let Ok(Type::Var { ty, .. }) = self.btf.ty(var) else {
            return self.bad("its entry in the section is no variable");
        };
        match self.resolve(ty)? {
            (_, Type::Struct(definition)) => {
                let map = self.members(definition, Nesting::Outer)?;
                Ok((map, definition.size_bytes()))
            }
            _ => self.bad("its type is no struct"),
        }
    }

    fn resolve(self, id: TypeId) -> Result<(TypeId, Type<'a>), ReadError> {
        self.btf.resolved(id).or_else(|_| self.bad("its type is endless"))
    }

    /// What a member points to.
    fn pointee(self, id: TypeId) -> Result<TypeId, ReadError> {
        match self.resolve(id)? {
            (_, Type::Ptr { target }) => Ok(target),
            _ => self.bad("an attribute is no pointer"),
        }
    }

    fn members(self, definition: Composite<'a>, nesting: Nesting) -> Result<Map, ReadError> {
        let mut map = Map::default();
        if definition.n_members() > MAX_MEMBERS {
            return self.bad("it has too many attributes");
        }
        for member in definition.members() {
            match member.name {
                "type" => map.map_type = self.number(member.ty)?,
                "max_entries" => map.max_entries = self.number(member.ty)?,
                "map_flags" => map.map_flags = self.number(member.ty)?,
                "numa_node" => map.numa_node = self.number(member.ty)?,
                "map_extra" => map.map_extra = self.long(member.ty)?,
                "key_size" => {
                    let size = self.number(member.ty)?;
                    self.set_size(&mut map.key_size_bytes, size)?;
                }
                "value_size" => {
                    let size = self.number(member.ty)?;
                    self.set_size(&mut map.value_size_bytes, size)?;
                }
                "key" => {
                    let (id, size) = self.sized(member.ty)?;
                    self.set_size(&mut map.key_size_bytes, size)?;
                    map.key_type = Some(id);
                }
                "value" => {
                    let (id, size) = self.sized(member.ty)?;
                    self.set_size(&mut map.value_size_bytes, size)?;
                    map.value_type = Some(id);
                }
                "pinning" => {
                    map.pinning = match self.number(member.ty)? {
                        0 => Pinning::None,
                        PIN_BY_NAME => Pinning::ByName,
                        _ => return self.bad("its pinning is neither none nor by name"),
                    }
                }
                "values" if nesting == Nesting::Outer => self.values(&mut map, member.ty)?,
                "values" => return self.bad("a map of maps of maps"),
                name => {
                    return Err(ReadError::UnknownMapMember {
                        map: self.map.to_owned(),
                        member: name.to_owned(),
                    });
                }
            }
        }
        if map.map_type == 0 {
            return self.bad("it has no type");
        }
        Ok(map)
    }

    fn set_size(self, old: &mut u32, new: u32) -> Result<(), ReadError> {
        if *old != 0 && *old != new {
            return self.bad("a size and a type contradict each other");
        }
        *old = new;
        Ok(())
    }

    /// `__uint(name, number)`
    fn number(self, id: TypeId) -> Result<u32, ReadError> {
        match self.resolve(self.pointee(id)?)? {
            (_, Type::Array { n_elements, .. }) => Ok(n_elements),
            _ => self.bad("a number is no pointer to an array"),
        }
    }

    /// `__uint` or `__ulong`
    fn long(self, id: TypeId) -> Result<u64, ReadError> {
        let one = |ty: &Type<'_>| match ty {
            Type::Enum(values) | Type::Enum64(values) if values.n_enumerators() == 1 => {
                values.enumerator(0).map(|value| value.value as u64)
            }
            _ => None,
        };
        // libbpf's macro makes the member an enumeration itself.
        if let Some(number) = one(&self.resolve(id)?.1) {
            return Ok(number);
        }
        match one(&self.resolve(self.pointee(id)?)?.1) {
            Some(number) => Ok(number),
            None => self.number(id).map(u64::from),
        }
    }

    /// `__type(name, type)`: the type and its size.
    fn sized(self, id: TypeId) -> Result<(TypeId, u32), ReadError> {
        let target = self.pointee(id)?;
        match self.btf.size_of(target) {
            Ok(size_bytes) => Ok((target, size_bytes)),
            Err(_) => self.bad("the type of a key or value has no size"),
        }
    }

    /// `__array(values, …)`: a struct that defines the inner maps, or a function type.
    fn values(self, map: &mut Map, id: TypeId) -> Result<(), ReadError> {
        let (_, Type::Array { element, .. }) = self.resolve(id)? else {
            return self.bad("`values` is no array");
        };
        match self.resolve(self.pointee(element)?)? {
            (_, Type::Struct(inner)) => {
                map.inner = Some(Box::new(self.members(inner, Nesting::Inner)?));
                if map.value_size_bytes == 0 {
                    // A file descriptor, as libbpf fills in.
                    map.value_size_bytes = 4;
                }
                Ok(())
            }
            (_, Type::FuncProto(_)) => {
                for size in [&mut map.key_size_bytes, &mut map.value_size_bytes] {
                    if *size == 0 {
                        *size = 4;
                    }
                }
                Ok(())
            }
            _ => self.bad("`values` holds neither maps nor programs"),
        }
    }
}

/// Whether a definition is that of a map or of the maps inside one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nesting {
    Outer,
    Inner,
}
