//! What every skeleton is made of: maps, programs and sections of variables under the names and in the order that
//! libbpf gives them.
//!
//! Facts are from libbpf 1.1 to 1.6 `src/libbpf.c`: `bpf_object__elf_collect`, `internal_map_name`,
//! `bpf_object__init_maps`, `map_is_mmapable`, `cmp_externs`.

use crate::error::SkeletonError;
use crate::names::{Scope, identifier};
use bpfc_btf::{Btf, Type, TypeId};
use bpfc_object::{DataKind, DataSection, Extern, ExternKind, Linkage, MapId, Object};

/// Bytes of a map's name in the kernel, with the end (`BPF_OBJ_NAME_LEN`).
const KERNEL_NAME_BYTES: usize = 16;
/// Where configuration values are.
const KCONFIG: &str = ".kconfig";

/// An object as loaders see it.
pub(crate) struct Model<'a> {
    /// What the object is called: an identifier.
    pub name: String,
    /// The file.
    pub bytes: &'a [u8],
    /// What is in it.
    pub object: &'a Object,
    /// Its types.
    pub btf: Btf,
    /// Its maps, in libbpf's order.
    pub maps: Vec<MapItem>,
    /// Its programs, in the order of the file.
    pub programs: Vec<ProgramItem>,
    /// The variables of sections that are mapped into user space.
    pub sections: Vec<Section>,
}

/// A map.
pub(crate) struct MapItem {
    /// What libbpf calls it.
    pub name: String,
    /// Its name as an identifier: `rodata` for `prog.rodata`.
    pub ident: String,
    /// What it comes from.
    pub origin: MapOrigin,
}

/// What a map comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MapOrigin {
    /// A definition.
    Map(MapId),
    /// A section of data, or `.kconfig`.
    Section,
    /// A variable in `.struct_ops` or `.struct_ops.link`.
    StructOps(StructOps),
}

/// A struct of operations that the kernel registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StructOps {
    /// The type of the variable.
    pub ty: TypeId,
    /// Whether it is registered by a link (`.struct_ops.link`).
    pub has_link: bool,
}

/// A program.
pub(crate) struct ProgramItem {
    /// Its name in C.
    pub name: String,
    /// Its section.
    pub section: String,
}

/// A section whose variables loaders see.
pub(crate) struct Section {
    /// Position in [`Model::maps`].
    pub map: usize,
    /// Its name as an identifier.
    pub ident: String,
    /// The section's name.
    pub name: String,
    /// What it may be written by.
    pub access: Access,
    /// Its size.
    pub size_bytes: u32,
    /// Its variables that other files may name, by offset.
    pub variables: Vec<Field>,
}

/// Who may write a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody.
    Write,
    /// The loader, until the object is loaded.
    BeforeLoad,
    /// Nobody: the kernel's configuration.
    Never,
}

/// A variable in a section.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// Its name.
    pub name: String,
    /// Its place.
    pub offset: u32,
    /// Its size.
    pub size_bytes: u32,
    /// Its type.
    pub ty: TypeId,
}

impl<'a> Model<'a> {
    /// Collects what `object`, which was read from `bytes`, has.
    pub(crate) fn new(
        bytes: &'a [u8],
        object: &'a Object,
        name: &str,
    ) -> Result<Self, SkeletonError> {
        if object.btf.n_types() == 0 {
            return Err(SkeletonError::NoTypes);
        }
        let btf = object.open_btf()?;
        let (maps, sections, programs) = (Vec::new(), Vec::new(), Vec::new());
        let name = identifier(name);
        let mut model = Model { name, bytes, object, btf, maps, programs, sections };
        for (id, map) in object.maps.iter_enumerated() {
            let (name, ident) = (map.name.clone(), identifier(&map.name));
            model.maps.push(MapItem { name, ident, origin: MapOrigin::Map(id) });
        }
        for section in object.data.iter().filter(|section| is_map(section)) {
            model.push_section(section);
        }
        model.push_kconfig()?;
        for section in &object.data {
            model.push_struct_ops(section);
        }
        model.programs = object
            .programs()
            .map(|(_, function)| ProgramItem {
                name: function.name.clone(),
                section: function.section.clone(),
            })
            .collect();
        model.check_names()?;
        Ok(model)
    }

    fn push_section(&mut self, section: &DataSection) {
        let ident = identifier(section.name.trim_start_matches('.'));
        let name = map_name(&self.name, &section.name);
        let is_public = |linkage: Linkage| linkage != Linkage::Static;
        let public = section.variables.iter().filter(|variable| is_public(variable.linkage));
        let variables: Vec<Field> = public
            .filter_map(|variable| {
                let Ok(Type::Var { ty, .. }) = self.btf.ty(variable.btf?) else {
                    return None;
                };
                let name = variable.name.clone();
                let (offset, size_bytes) = (variable.offset, variable.size_bytes);
                Some(Field { name, offset, size_bytes, ty })
            })
            .collect();
        if !variables.is_empty() {
            let access = if section.is_read_only() { Access::BeforeLoad } else { Access::Write };
            self.sections.push(Section {
                map: self.maps.len(),
                ident: ident.clone(),
                name: section.name.clone(),
                access,
                size_bytes: section.size_bytes,
                variables: without_overlap(variables),
            });
        }
        self.maps.push(MapItem { name, ident, origin: MapOrigin::Section });
    }

    /// Configuration values, by descending alignment, size and name, as libbpf places them.
    fn push_kconfig(&mut self) -> Result<(), SkeletonError> {
        let mut values = Vec::new();
        for item in &self.object.externs {
            if let (ExternKind::Kconfig { size_bytes }, Some(ty)) = (item.kind, self.type_of(item))
            {
                values.push((self.btf.align_of(ty)?.max(1), size_bytes, item.name.clone(), ty));
            }
        }
        if values.is_empty() {
            return Ok(());
        }
        values.sort_by(|a, b| (b.0, a.1, &a.2).cmp(&(a.0, b.1, &b.2)));
        let mut end: u32 = 0;
        let mut variables = Vec::new();
        for (align, size_bytes, name, ty) in values {
            let offset = end.checked_next_multiple_of(align).unwrap_or(u32::MAX);
            end = offset.saturating_add(size_bytes);
            variables.push(Field { name, offset, size_bytes, ty });
        }
        self.sections.push(Section {
            map: self.maps.len(),
            ident: identifier(&KCONFIG[1..]),
            name: KCONFIG.to_owned(),
            access: Access::Never,
            size_bytes: end,
            variables,
        });
        let name = map_name(&self.name, KCONFIG);
        let ident = identifier(&KCONFIG[1..]);
        self.maps.push(MapItem { name, ident, origin: MapOrigin::Section });
        Ok(())
    }

    fn type_of(&self, item: &Extern) -> Option<TypeId> {
        match self.btf.ty(item.btf?) {
            Ok(Type::Var { ty, .. }) => Some(ty),
            _ => None,
        }
    }

    fn push_struct_ops(&mut self, section: &DataSection) {
        let has_link = match section.name.as_str() {
            ".struct_ops" | "?.struct_ops" => false,
            ".struct_ops.link" | "?.struct_ops.link" => true,
            _ => return,
        };
        for variable in &section.variables {
            if let Some(Ok(Type::Var { ty, .. })) = variable.btf.map(|id| self.btf.ty(id)) {
                self.maps.push(MapItem {
                    name: variable.name.clone(),
                    ident: identifier(&variable.name),
                    origin: MapOrigin::StructOps(StructOps { ty, has_link }),
                });
            }
        }
    }

    /// Loaders find maps and programs by name.
    fn check_names(&self) -> Result<(), SkeletonError> {
        let maps = self.maps.iter().map(|map| &map.ident);
        let programs = self.programs.iter().map(|program| &program.name);
        for (what, names) in
            [("maps", maps.collect::<Vec<_>>()), ("programs", programs.collect::<Vec<_>>())]
        {
            let mut scope = Scope::default();
            if let Some(name) =
                names.into_iter().find(|name| scope.unique((*name).clone()) != **name)
            {
                return Err(SkeletonError::Clash { what, name: name.clone() });
            }
        }
        Ok(())
    }

    /// Types that loaders exchange with the programs: of keys, values, events and variables.
    pub(crate) fn root_types(&self) -> Vec<TypeId> {
        let mut roots = Vec::new();
        for map in &self.object.maps {
            let mut at = Some(map);
            while let Some(map) = at {
                roots.extend(map.key_type.into_iter().chain(map.value_type).chain(map.event_type));
                at = map.inner.as_deref();
            }
        }
        roots.extend(self.sections.iter().flat_map(|section| &section.variables).map(|v| v.ty));
        let mut seen = std::collections::HashSet::new();
        roots.retain(|root| !root.is_void() && seen.insert(*root));
        roots
    }
}

/// libbpf makes maps of these sections; of others, empty ones, or those for itself it makes none.
fn is_map(section: &DataSection) -> bool {
    let begins = |name: &str| {
        section.name == name || section.name.strip_prefix(name).is_some_and(|s| s.starts_with('.'))
    };
    let has_name = match section.kind {
        DataKind::Bss => begins(".bss"),
        DataKind::ReadOnly | DataKind::Data => begins(".data") || begins(".rodata"),
    };
    has_name && section.size_bytes > 0
}

/// What libbpf calls the map of a section: the object's name as far as there is room, and the section's; the latter
/// alone where it has a second dot.
fn map_name(object: &str, section: &str) -> String {
    let room = KERNEL_NAME_BYTES - 1;
    let n_suffix = section.len().max(7).min(room);
    let is_custom = section[1..].contains('.');
    let n_prefix = if is_custom { 0 } else { (room - n_suffix).min(object.len()) };
    let name = object[..n_prefix].bytes().chain(section.bytes().take(n_suffix));
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.';
    name.map(|byte| if is_fine(byte) { char::from(byte) } else { '_' }).collect()
}

/// Variables of damaged objects may overlap; the later ones are left out.
fn without_overlap(variables: Vec<Field>) -> Vec<Field> {
    let mut end = 0;
    let mut kept = Vec::with_capacity(variables.len());
    for variable in variables {
        if variable.offset >= end {
            end = variable.offset.saturating_add(variable.size_bytes);
            kept.push(variable);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_of_sections_are_named_as_libbpf_does() {
        assert_eq!(map_name("everything", ".rodata"), "everythi.rodata");
        assert_eq!(map_name("everything", ".data"), "everythi.data");
        assert_eq!(map_name("everything", ".kconfig"), "everyth.kconfig");
        assert_eq!(map_name("a", ".bss"), "a.bss");
        assert_eq!(map_name("everything", ".rodata.custom"), ".rodata.custom");
        assert_eq!(map_name("everything", ".rodata.customized"), ".rodata.customi");
    }
}
