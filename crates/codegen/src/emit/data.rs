//! Globals to data sections, maps and externs.

use super::types::TypeWriter;
use super::used::Used;
use crate::ir::{FuncId, GlobalId};
use bpfc_base::codes::bpf::E0413;
use bpfc_base::{Diagnostic, IndexVec, Interner};
use bpfc_btf::Linkage as BtfLinkage;
use bpfc_isa::Endian;
use bpfc_object::{self as object, DataKind, DataSection, Extern, ExternKind, Object};
use bpfc_typeck::hir::{
    self, Global, GlobalInit, GlobalKind, InitTarget, Linkage, MapRole, MapSpec, MapStyle, Module,
    QualType, Type,
};

/// Sections that tell the loader something; they become fields of the object.
const LICENSE: &str = "license";
const VERSION: &str = "version";

/// Where a global is in the object.
#[derive(Clone, Copy, Debug)]
pub enum Placed {
    /// In a data section, from this offset on.
    Data(object::DataId, u32),
    /// A map.
    Map(object::MapId),
    /// The kernel's or another object's.
    Extern(object::ExternId),
}

/// What has a place in the object.
pub struct Places {
    /// Functions that have code.
    pub funcs: IndexVec<FuncId, Option<object::FuncId>>,
    /// Functions of the kernel and of other objects.
    pub externs: IndexVec<FuncId, Option<object::ExternId>>,
    /// Globals.
    pub globals: IndexVec<GlobalId, Option<Placed>>,
}

pub struct Ctx<'a, 'b> {
    pub module: &'a Module,
    pub names: &'a Interner,
    pub types: &'b mut TypeWriter<'a>,
    pub object: &'b mut Object,
    pub places: &'b mut Places,
    pub reports: &'b mut Vec<Diagnostic>,
}

impl<'a> Ctx<'a, '_> {
    /// Places every used global, then fills in addresses.
    pub fn place_globals(&mut self, used: &Used) {
        for (id, global) in self.module.globals.iter_enumerated() {
            if used.globals[id] {
                self.places.globals[id] = self.place(global);
            }
        }
        for (id, global) in self.module.globals.iter_enumerated() {
            if used.globals[id] {
                self.relocate(id, global);
            }
        }
        self.fill_maps(used);
    }

    fn place(&mut self, global: &'a Global) -> Option<Placed> {
        let is_declared = matches!(global.linkage, Linkage::Extern | Linkage::ExternWeak);
        Some(match &global.kind {
            GlobalKind::Data if is_declared => self.place_extern(global, ExternKind::Variable),
            GlobalKind::Map(spec) if is_declared => self.declare_map(spec, global),
            GlobalKind::Data | GlobalKind::StringLiteral => return self.place_data(global),
            GlobalKind::Map(spec) => {
                let map = self.map(spec, global);
                Placed::Map(self.object.maps.push(map))
            }
            GlobalKind::Kconfig => {
                let size_bytes = self.size(global);
                self.place_extern(global, ExternKind::Kconfig { size_bytes })
            }
            GlobalKind::Ksym => self.place_extern(global, ExternKind::Ksym),
        })
    }

    fn size(&self, global: &Global) -> u32 {
        let size = self.module.types.size_of(global.ty.ty).unwrap_or(0);
        u32::try_from(size).unwrap_or(u32::MAX)
    }

    fn place_extern(&mut self, global: &Global, kind: ExternKind) -> Placed {
        let btf = self.types.var(global, BtfLinkage::Extern);
        Placed::Extern(self.object.externs.push(Extern {
            is_weak: matches!(global.linkage, Linkage::ExternWeak | Linkage::Weak),
            section: match kind {
                ExternKind::Variable => {
                    global.section.map(|section| self.names.resolve(section).to_owned())
                }
                _ => None,
            },
            btf: Some(btf),
            ..Extern::new(self.names.resolve(global.name), kind)
        }))
    }

    /// A map of another object. Its `VAR` has the definition, as the one there.
    fn declare_map(&mut self, spec: &'a MapSpec, global: &Global) -> Placed {
        let map = self.map(spec, global);
        let btf = self.types.declare_map(&map);
        Placed::Extern(self.object.externs.push(Extern {
            is_weak: global.linkage == Linkage::ExternWeak,
            btf: Some(btf),
            ..Extern::new(map.name, ExternKind::Map)
        }))
    }

    fn place_data(&mut self, global: &'a Global) -> Option<Placed> {
        let name = self.names.resolve(global.name);
        let section = global.section.map(|section| self.names.resolve(section));
        let zeros = || vec![0; self.size(global) as usize];
        let bytes = match &global.init {
            GlobalInit::Data { bytes, .. } => bytes.clone(),
            GlobalInit::Zero => zeros(),
            GlobalInit::None => unreachable!("what is only declared is an extern"),
        };
        match section {
            Some(LICENSE) => return None,
            Some(VERSION) => {
                let version = bytes.first_chunk().map(|&bytes| match self.object.endian {
                    Endian::Little => u32::from_le_bytes(bytes),
                    Endian::Big => u32::from_be_bytes(bytes),
                });
                self.object.kernel_version = version;
                return None;
            }
            _ => {}
        }
        let (section, kind) = self.section_of(global, section, &bytes);
        let data = self.section(&section, kind);
        let offset = self.object.data[data].push(&bytes, global.align);
        if !matches!(global.kind, GlobalKind::StringLiteral) {
            let linkage = match global.linkage {
                Linkage::Static => BtfLinkage::Static,
                _ => BtfLinkage::Global,
            };
            let btf = self.types.var(global, linkage);
            let variable = object::Variable {
                name: name.to_owned(),
                offset,
                size_bytes: self.size(global),
                linkage: object_linkage(global.linkage),
                btf: Some(btf),
                span: global.span,
            };
            self.object.data[data].variables.push(variable);
        }
        Some(Placed::Data(data, offset))
    }

    /// The section of a variable: as given, or as its content and constness say.
    fn section_of(
        &self,
        global: &Global,
        section: Option<&str>,
        bytes: &[u8],
    ) -> (String, DataKind) {
        if let Some(name) = section {
            let kind = if name.starts_with(".rodata") {
                DataKind::ReadOnly
            } else if name.starts_with(".bss") {
                DataKind::Bss
            } else {
                DataKind::Data
            };
            return (name.to_owned(), kind);
        }
        let has_relocs =
            matches!(&global.init, GlobalInit::Data { relocs, .. } if !relocs.is_empty());
        let (name, kind) = match global.kind {
            GlobalKind::StringLiteral if global.align <= 1 => {
                (".rodata.str1.1", DataKind::ReadOnly)
            }
            GlobalKind::StringLiteral => (".rodata", DataKind::ReadOnly),
            _ if self.is_const(global.ty) => (".rodata", DataKind::ReadOnly),
            _ if !has_relocs && bytes.iter().all(|&byte| byte == 0) => (".bss", DataKind::Bss),
            _ => (".data", DataKind::Data),
        };
        (name.to_owned(), kind)
    }

    fn is_const(&self, mut ty: QualType) -> bool {
        loop {
            if ty.quals.is_const {
                return true;
            }
            match self.module.types.get(ty.ty) {
                Type::Array { elem, .. } => ty = *elem,
                Type::Typedef(typedef) => ty = self.module.types.typedefs[*typedef].ty,
                Type::Tagged { inner, .. } => ty = QualType::plain(*inner),
                _ => return false,
            }
        }
    }

    fn section(&mut self, name: &str, kind: DataKind) -> object::DataId {
        match self.object.data_section(name) {
            Some(id) => id,
            None => self.object.data.push(DataSection::new(name, kind)),
        }
    }

    /// Addresses inside a variable's content.
    fn relocate(&mut self, id: GlobalId, global: &Global) {
        let (Some(Placed::Data(section, start)), GlobalInit::Data { relocs, .. }) =
            (self.places.globals[id], &global.init)
        else {
            return;
        };
        for reloc in relocs {
            let addend = i64::from(start) + reloc.offset as i64;
            let target = match reloc.target {
                InitTarget::Func(id) => self.places.funcs[id].map(object::DataTarget::Func),
                InitTarget::Global(id) => match self.places.globals[id] {
                    Some(Placed::Data(section, offset)) => {
                        let offset = i64::from(offset) + reloc.addend;
                        let offset = u32::try_from(offset).ok();
                        offset.map(|offset| object::DataTarget::Data { section, offset })
                    }
                    Some(Placed::Map(map)) => Some(object::DataTarget::Map(map)),
                    Some(Placed::Extern(_)) | None => None,
                },
            };
            let Some(target) = target else {
                let name = self.names.resolve(global.name);
                let message = format!("`{name}` contains an address that no loader can fill in");
                self.reports.push(Diagnostic::new(E0413, global.span, message));
                continue;
            };
            let offset = u32::try_from(addend).unwrap_or(u32::MAX);
            let relocs = &mut self.object.data[section].relocs;
            relocs.push(object::DataReloc { offset, target });
        }
    }

    fn map(&mut self, spec: &'a MapSpec, global: &Global) -> object::Map {
        object::Map {
            name: self.names.resolve(global.name).to_owned(),
            map_type: spec.map_type,
            key_size_bytes: spec.key_size,
            value_size_bytes: spec.value_size,
            max_entries: spec.max_entries,
            map_flags: spec.map_flags,
            numa_node: spec.numa_node,
            map_extra: spec.map_extra,
            pinning: match spec.is_pinned_by_name {
                true => object::Pinning::ByName,
                false => object::Pinning::None,
            },
            key_type: spec.key.map(|ty| self.types.ty(ty)),
            value_type: spec.value.map(|ty| self.types.ty(ty)),
            event_type: spec.event.map(|ty| self.types.ty(ty)),
            inner: spec.inner.as_ref().map(|inner| {
                Box::new(object::Map { name: String::new(), ..self.map(inner, global) })
            }),
            values: Vec::new(),
            style: match spec.style {
                MapStyle::Btf => object::MapStyle::Btf,
                MapStyle::Legacy => object::MapStyle::Legacy,
                MapStyle::Bcc => object::MapStyle::Bcc,
            },
            is_histogram: spec.is_histogram,
            pin_path: spec.pin_path.clone(),
            role: match spec.role {
                MapRole::Own => object::MapRole::Own,
                MapRole::Public => object::MapRole::Public,
                MapRole::Shared => object::MapRole::Shared,
                MapRole::Extern => object::MapRole::Extern,
            },
            btf: None,
            linkage: object_linkage(global.linkage),
            span: global.span,
        }
    }

    /// First elements, which may be maps that come later.
    fn fill_maps(&mut self, used: &Used) {
        for (id, global) in self.module.globals.iter_enumerated() {
            let (GlobalKind::Map(spec), Some(Placed::Map(map))) =
                (&global.kind, self.places.globals[id])
            else {
                continue;
            };
            debug_assert!(used.globals[id]);
            let mut values = Vec::new();
            for &(idx, target) in &spec.values {
                let value = match target {
                    InitTarget::Func(id) => self.places.funcs[id].map(object::MapInit::Program),
                    InitTarget::Global(id) => match self.places.globals[id] {
                        Some(Placed::Map(map)) => Some(object::MapInit::Map(map)),
                        _ => None,
                    },
                };
                values.extend(value.map(|value| (idx, value)));
            }
            values.sort_by_key(|&(idx, _)| idx);
            self.object.maps[map].values = values;
        }
    }
}

pub fn object_linkage(linkage: hir::Linkage) -> object::Linkage {
    match linkage {
        Linkage::Static => object::Linkage::Static,
        Linkage::Weak | Linkage::ExternWeak => object::Linkage::Weak,
        Linkage::Global | Linkage::Extern => object::Linkage::Global,
    }
}
