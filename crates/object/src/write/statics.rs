//! Data sections, and the addresses inside data and maps.

use super::{WriteError, Writer};
use crate::elf::{RelocDef, SymbolIdx, reloc_type, section_flag, section_type};
use crate::model::MAX_ALIGN;
use crate::{DataKind, DataTarget, MapInit};
use bpfc_isa::Endian;

impl Writer<'_> {
    pub(super) fn data_sections(&mut self) -> Result<(), WriteError> {
        for section in &self.object.data {
            self.check_section_name(&section.name)?;
            let name = section.name.clone();
            let bad = |what| Err(WriteError::BadData { name, what });
            if !section.align.is_power_of_two() {
                return bad("its alignment is no power of two");
            }
            if section.align > MAX_ALIGN {
                return bad("its alignment is more than 65536 bytes");
            }
            let size = u64::from(section.size_bytes);
            let given = section.bytes.len() as u64;
            if given > size || section.kind == DataKind::Bss && given > 0 {
                return bad("it has more bytes than it is long");
            }
            let inside = |offset: u32, length: u32| u64::from(offset) + u64::from(length) <= size;
            if !section.variables.iter().all(|var| inside(var.offset, var.size_bytes)) {
                return bad("a variable is outside");
            }
            let has_content = section.kind != DataKind::Bss;
            if !section.relocs.iter().all(|reloc| has_content && inside(reloc.offset, 8)) {
                return bad("an address is outside");
            }
            let flags = match section.kind {
                DataKind::ReadOnly => section_flag::ALLOC,
                DataKind::Data | DataKind::Bss => section_flag::ALLOC | section_flag::WRITE,
            };
            let bytes = if has_content { section.content() } else { Vec::new() };
            let align = u64::from(section.align);
            let place = self.image.push_section(&section.name, flags, align, bytes);
            if !has_content {
                self.image.sections[place].section_type = section_type::NOBITS;
                self.image.sections[place].size_bytes = size;
            }
            self.data_places.push(place);
        }
        Ok(())
    }

    /// Addresses inside data.
    pub(super) fn data_relocs(&mut self) -> Result<(), WriteError> {
        for (id, section) in self.object.data.iter_enumerated() {
            for reloc in &section.relocs {
                let (found, target) = match reloc.target {
                    DataTarget::Data { section, offset } => {
                        (self.data_symbol(section, offset), section.to_string())
                    }
                    DataTarget::Func(func) => (self.func_symbol(func), func.to_string()),
                    DataTarget::Map(map) => {
                        let symbol = self.map_symbols.get(map).map(|&symbol| (symbol, 0));
                        (symbol, map.to_string())
                    }
                };
                let place = section.name.clone();
                let (symbol, addend) = found.ok_or(WriteError::NoSuchTarget { place, target })?;
                self.abs64(self.data_places[id], reloc.offset, symbol, addend);
            }
        }
        Ok(())
    }

    /// First elements of maps.
    pub(super) fn map_relocs(&mut self) -> Result<(), WriteError> {
        let Some(section) = self.maps_section else {
            return Ok(());
        };
        for (map, place) in self.object.maps.iter().zip(self.map_places.clone()) {
            for &(idx, value) in &map.values {
                let (symbol, target) = match value {
                    MapInit::Map(map) => (self.map_symbols.get(map), map.to_string()),
                    MapInit::Program(func) => (self.func_symbols.get(func), func.to_string()),
                };
                let place_name = format!("map `{}`", map.name);
                let missing = WriteError::NoSuchTarget { place: place_name, target };
                let symbol = *symbol.ok_or(missing)?;
                self.abs64(section, place.values + idx * 8, symbol, 0);
            }
        }
        Ok(())
    }

    /// An 8-byte address with its addend in place.
    fn abs64(&mut self, section: usize, offset: u32, symbol: SymbolIdx, addend: u32) {
        let bytes = match self.object.endian {
            Endian::Little => u64::from(addend).to_le_bytes(),
            Endian::Big => u64::from(addend).to_be_bytes(),
        };
        let section = &mut self.image.sections[section];
        section.bytes[offset as usize..][..8].copy_from_slice(&bytes);
        section.relocs.push(RelocDef {
            offset_bytes: offset.into(),
            reloc_type: reloc_type::ABS64,
            symbol,
        });
    }
}
