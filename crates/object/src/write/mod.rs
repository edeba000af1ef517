//! Writes an object as an ELF file, the way clang lays one out and libbpf reads it.
//!
//! Input: an [`Object`]. Output: the bytes of a relocatable file for `EM_BPF`: a section for each
//! `SEC`, `.text`, `license`, data sections, `.maps`, `.BTF`, `.BTF.ext`, relocations, symbols.
//! The bytes depend on nothing but the object.

mod code;
mod error;
mod statics;

pub use error::WriteError;

use crate::elf::{
    Binding, Image, SymbolDef, SymbolIdx, SymbolType, VISIBILITY_HIDDEN, section_flag,
};
use crate::map_btf::{MapPlace, map_places};
use crate::sections_btf::MAPS_SECTION;
use crate::{DataId, ExternId, FuncId, Linkage, MapId, Object};
use bpfc_base::IndexVec;
use bpfc_btf::{BtfBuilder, BtfExt};
use bpfc_isa::Endian;

/// The ELF file of `object`.
///
/// # Errors
/// [`WriteError`]: the object is inconsistent or exceeds a limit of the format.
pub fn write(object: &Object) -> Result<Vec<u8>, WriteError> {
    let mut object = object.clone();
    object.define_map_variables();
    let mut writer = Writer::new(&object)?;
    writer.code_sections()?;
    writer.constant_sections()?;
    writer.data_sections()?;
    writer.map_section();
    writer.symbols();
    writer.code()?;
    writer.data_relocs()?;
    writer.map_relocs()?;
    writer.btf_sections()?;
    writer.check_names()?;
    let too_many = |_| WriteError::TooLarge { what: "the number of sections" };
    writer.image.to_bytes().map_err(too_many)
}

/// Sections whose names mean something to loaders or are made by the writer.
const RESERVED: [&str; 9] =
    ["license", "version", ".maps", "maps", ".BTF", ".BTF.ext", ".symtab", ".strtab", ""];

struct Writer<'a> {
    object: &'a Object,
    image: Image,
    /// Section and offset in bytes of each function.
    func_places: IndexVec<FuncId, (usize, u32)>,
    func_symbols: IndexVec<FuncId, SymbolIdx>,
    /// The section of each data section.
    data_places: IndexVec<DataId, usize>,
    /// A symbol for each variable of each data section.
    variable_symbols: IndexVec<DataId, Vec<SymbolIdx>>,
    map_places: Vec<MapPlace>,
    maps_section: Option<usize>,
    map_symbols: IndexVec<MapId, SymbolIdx>,
    extern_symbols: IndexVec<ExternId, SymbolIdx>,
    /// A symbol for each section of the image.
    section_symbols: Vec<SymbolIdx>,
    btf: BtfBuilder,
    ext: BtfExt,
}

impl<'a> Writer<'a> {
    fn new(object: &'a Object) -> Result<Writer<'a>, WriteError> {
        let too_large = WriteError::TooLarge { what: "the maps" };
        Ok(Writer {
            object,
            image: Image::new(object.endian),
            func_places: IndexVec::from_elem((0, 0), object.functions.len()),
            func_symbols: IndexVec::new(),
            data_places: IndexVec::new(),
            variable_symbols: IndexVec::new(),
            map_places: map_places(object).ok_or(too_large)?,
            maps_section: None,
            map_symbols: IndexVec::new(),
            extern_symbols: IndexVec::new(),
            section_symbols: Vec::new(),
            btf: object.btf_with_sections(),
            ext: BtfExt::default(),
        })
    }

    /// A section for each distinct section of a function, by first use.
    fn code_sections(&mut self) -> Result<(), WriteError> {
        for (id, function) in self.object.functions.iter_enumerated() {
            if function.insns.is_empty() {
                let name = function.name.clone();
                return Err(WriteError::Undefined { name });
            }
            let known = |section: &crate::elf::SectionDef| section.name == function.section;
            let section = match self.image.sections.iter().position(known) {
                Some(section) => section,
                None => {
                    self.check_section_name(&function.section)?;
                    let flags = section_flag::ALLOC | section_flag::EXECUTE;
                    self.image.push_section(&function.section, flags, 8, Vec::new())
                }
            };
            let size = &mut self.image.sections[section].size_bytes;
            let too_large = WriteError::TooLarge { what: "a section of instructions" };
            let offset = i32::try_from(*size).map_err(|_| too_large)?;
            self.func_places[id] = (section, offset as u32);
            *size += u64::from(function.n_slots()) * 8;
        }
        Ok(())
    }

    fn check_section_name(&self, name: &str) -> Result<(), WriteError> {
        let is_taken = self.image.sections.iter().any(|section| section.name == name);
        if is_taken || RESERVED.contains(&name) || name.starts_with(".rel.") {
            return Err(WriteError::SectionConflict { name: name.into() });
        }
        Ok(())
    }

    /// `license` and `version`.
    fn constant_sections(&mut self) -> Result<(), WriteError> {
        let flags = section_flag::ALLOC | section_flag::WRITE;
        if let Some(license) = &self.object.license {
            if license.contains('\0') {
                let name = license.clone();
                return Err(WriteError::NulInName { name });
            }
            let mut bytes = license.clone().into_bytes();
            bytes.push(0);
            self.image.push_section("license", flags, 1, bytes);
        }
        if let Some(version) = self.object.kernel_version {
            let bytes = match self.object.endian {
                Endian::Little => version.to_le_bytes(),
                Endian::Big => version.to_be_bytes(),
            };
            self.image.push_section("version", flags, 4, bytes.into());
        }
        Ok(())
    }

    fn map_section(&mut self) {
        if let Some(last) = self.map_places.last() {
            let bytes = vec![0; (last.offset + last.size_bytes) as usize];
            let flags = section_flag::ALLOC | section_flag::WRITE;
            self.maps_section = Some(self.image.push_section(MAPS_SECTION, flags, 8, bytes));
        }
    }

    fn symbols(&mut self) {
        let object = self.object;
        for section in 0..self.image.sections.len() {
            let symbol = self.symbol("", Some(section), Linkage::Static, SymbolType::Section);
            self.section_symbols.push(symbol);
        }
        for (id, function) in object.functions.iter_enumerated() {
            let (section, offset) = self.func_places[id];
            let linkage = function.linkage;
            let symbol = self.symbol(&function.name, Some(section), linkage, SymbolType::Func);
            let def = self.image.symbol_mut(symbol);
            def.value = offset.into();
            def.size_bytes = u64::from(function.n_slots()) * 8;
            def.visibility = if function.is_hidden { VISIBILITY_HIDDEN } else { 0 };
            self.func_symbols.push(symbol);
        }
        for (id, section) in object.data.iter_enumerated() {
            let mut symbols = Vec::new();
            for variable in &section.variables {
                let place = Some(self.data_places[id]);
                let linkage = variable.linkage;
                let symbol = self.symbol(&variable.name, place, linkage, SymbolType::Object);
                let def = self.image.symbol_mut(symbol);
                def.value = variable.offset.into();
                def.size_bytes = variable.size_bytes.into();
                symbols.push(symbol);
            }
            self.variable_symbols.push(symbols);
        }
        for (idx, map) in object.maps.iter().enumerate() {
            let place = self.map_places[idx];
            let section = self.maps_section;
            let symbol = self.symbol(&map.name, section, map.linkage, SymbolType::Object);
            let def = self.image.symbol_mut(symbol);
            def.value = place.offset.into();
            def.size_bytes = place.size_bytes.into();
            self.map_symbols.push(symbol);
        }
        for item in &object.externs {
            let linkage = if item.is_weak { Linkage::Weak } else { Linkage::Global };
            let symbol = self.symbol(&item.name, None, linkage, SymbolType::None);
            let visibility = if item.is_hidden { VISIBILITY_HIDDEN } else { 0 };
            self.image.symbol_mut(symbol).visibility = visibility;
            self.extern_symbols.push(symbol);
        }
        for (name, section) in [("_license", "license"), ("_version", "version")] {
            let known = |def: &crate::elf::SectionDef| def.name == section;
            if let Some(section) = self.image.sections.iter().position(known) {
                // Local: linkers want the BTF of every global symbol (`linker_append_elf_sym`, libbpf 1.1
                // `src/linker.c`), and loaders look for the section.
                let symbol = self.symbol(name, Some(section), Linkage::Static, SymbolType::Object);
                let size = self.image.sections[section].size_bytes;
                self.image.symbol_mut(symbol).size_bytes = size;
            }
        }
    }

    fn symbol(
        &mut self,
        name: &str,
        section: Option<usize>,
        linkage: Linkage,
        symbol_type: SymbolType,
    ) -> SymbolIdx {
        self.image.push_symbol(SymbolDef {
            name: name.into(),
            section,
            value: 0,
            size_bytes: 0,
            binding: match linkage {
                Linkage::Static => Binding::Local,
                Linkage::Global => Binding::Global,
                Linkage::Weak => Binding::Weak,
            },
            symbol_type,
            visibility: 0,
        })
    }

    /// The symbol and addend for a place in a data section: a variable that others may replace by
    /// its own symbol, anything else by the section's, like clang.
    fn data_symbol(&self, section: DataId, offset: u32) -> Option<(SymbolIdx, u32)> {
        let data = self.object.data.get(section)?;
        let named = data.variables.iter().position(|variable| {
            let inside = offset.checked_sub(variable.offset);
            variable.linkage != Linkage::Static
                && inside.is_some_and(|inside| inside < variable.size_bytes)
        });
        Some(match named {
            Some(idx) => {
                let addend = offset - data.variables[idx].offset;
                (self.variable_symbols[section][idx], addend)
            }
            None => (self.section_symbols[self.data_places[section]], offset),
        })
    }

    /// The symbol and addend in bytes for a function, chosen likewise.
    fn func_symbol(&self, func: FuncId) -> Option<(SymbolIdx, u32)> {
        let function = self.object.functions.get(func)?;
        let (section, offset) = self.func_places[func];
        Some(match function.linkage {
            Linkage::Static => (self.section_symbols[section], offset),
            Linkage::Global | Linkage::Weak => (self.func_symbols[func], 0),
        })
    }

    fn btf_sections(&mut self) -> Result<(), WriteError> {
        let endian = match self.object.endian {
            Endian::Little => bpfc_btf::Endian::Little,
            Endian::Big => bpfc_btf::Endian::Big,
        };
        if self.btf.n_types() > 0 || !self.ext.is_empty() {
            let bytes = self.btf.to_bytes(endian)?;
            self.image.push_section(".BTF", 0, 4, bytes);
        }
        if !self.ext.is_empty() {
            let bytes = self.ext.to_bytes(endian);
            self.image.push_section(".BTF.ext", 0, 4, bytes);
        }
        Ok(())
    }

    fn check_names(&self) -> Result<(), WriteError> {
        let sections = self.image.sections.iter().map(|section| &section.name);
        let symbols = self.image.symbols.iter().map(|symbol| &symbol.name);
        match sections.chain(symbols).find(|name| name.contains('\0')) {
            Some(name) => Err(WriteError::NulInName { name: name.clone() }),
            None => Ok(()),
        }
    }
}
