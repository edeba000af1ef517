//! Relocations: they become [`Reloc`]s, addresses in data, and first elements of maps.

use super::{ReadError, Reader, Role};
use crate::elf::{ElfSymbol, REL_BYTES, Rel, SymbolType, reloc_type, section_idx, section_type};
use crate::{DataReloc, DataTarget, ExternId, ExternKind, FuncId, MapInit, ObjInsn, Reloc};
use bpfc_isa::{Callee, Endian, Insn, Wide};

/// All relocations together. Sections may overlap in a file, so that its length is no bound.
const MAX_RELOCS: usize = 1 << 20;

/// What a symbol and an addend stand for.
enum Target {
    /// An extern, and what is added to its address.
    Extern(ExternId, i32),
    /// An offset in a section.
    Place { section: usize, offset: u64 },
}

impl Reader<'_> {
    pub(super) fn read_relocs(&mut self) -> Result<(), ReadError> {
        let mut n_bytes = 0;
        for section in &self.elf.sections {
            let target = section.info as usize;
            let role = self.roles.get(target).copied().unwrap_or(Role::Other);
            let is_relevant = !matches!(role, Role::Other | Role::License | Role::Version);
            match section.section_type {
                section_type::REL if is_relevant => {}
                section_type::RELA if is_relevant => {
                    return Err(ReadError::Unsupported {
                        what: "relocations with addends, which BPF does not use",
                        offset_bytes: section.file_offset,
                    });
                }
                _ => continue,
            }
            if section.link != self.elf.symtab {
                let what = "relocations of an unknown symbol table";
                return Err(ReadError::malformed(what, section.file_offset));
            }
            n_bytes = section.bytes.len().saturating_add(n_bytes);
            if n_bytes > MAX_RELOCS * REL_BYTES {
                let what = "relocations";
                return Err(ReadError::TooLarge { what });
            }
            for rel in self.elf.relocations(section)? {
                match role {
                    _ if rel.reloc_type == reloc_type::NONE => {}
                    Role::Code => self.code_reloc(target, rel)?,
                    Role::Data => self.data_reloc(target, rel)?,
                    _ => self.map_reloc(target, rel)?,
                }
            }
        }
        for data in self.object.data.iter_mut() {
            data.relocs.sort_by_key(|reloc| reloc.offset);
            if data.relocs.windows(2).any(|pair| pair[1].offset - pair[0].offset < 8) {
                return Err(ReadError::malformed("addresses in data overlap", 0));
            }
        }
        for map in self.object.maps.iter_mut() {
            map.values.sort_by_key(|&(idx, _)| idx);
        }
        Ok(())
    }

    fn symbol(&self, rel: Rel) -> Result<&ElfSymbol<'_>, ReadError> {
        let symbol = self.elf.symbols.get(rel.symbol as usize);
        symbol.ok_or(ReadError::malformed("a relocation's symbol does not exist", rel.file_offset))
    }

    /// What a relocation points at, `addend` bytes after its symbol.
    fn target(&self, rel: Rel, addend: i64) -> Result<Target, ReadError> {
        let symbol = self.symbol(rel)?;
        if symbol.section == section_idx::UNDEFINED {
            let Some(&id) = self.externs.get(&rel.symbol) else {
                let name = symbol.name.to_owned();
                return Err(ReadError::Undefined { name });
            };
            // What has no type may turn out to be a function, by a call.
            let item = &self.object.externs[id];
            let is_variable = item.kind == ExternKind::Variable && item.btf.is_some();
            let addend = i32::try_from(addend).ok().filter(|&addend| addend == 0 || is_variable);
            let Some(addend) = addend else {
                let what = "an offset from a symbol that is no variable of another object";
                let offset_bytes = rel.file_offset;
                return Err(ReadError::Unsupported { what, offset_bytes });
            };
            return Ok(Target::Extern(id, addend));
        }
        let offset = symbol.value.checked_add_signed(addend);
        match offset {
            Some(offset) if symbol.section < section_idx::FIRST_RESERVED => {
                Ok(Target::Place { section: usize::from(symbol.section), offset })
            }
            _ => Err(ReadError::malformed("a relocation leads nowhere", rel.file_offset)),
        }
    }

    /// A relocation of an instruction.
    fn code_reloc(&mut self, section: usize, rel: Rel) -> Result<(), ReadError> {
        let malformed = |what| ReadError::malformed(what, rel.file_offset);
        let Some((func, insn_idx)) = self.insn_at(section, rel.offset) else {
            return Err(malformed("a relocation is not at an instruction"));
        };
        let insn = &self.object.functions[func].insns[insn_idx];
        if insn.reloc.is_some() {
            return Err(malformed("two relocations of one instruction"));
        }
        let (insn, reloc) = match (insn.insn, rel.reloc_type) {
            (Insn::Call(Callee::Local { off }), reloc_type::INSN_32) => {
                let reloc = self.call(rel, off)?;
                (ObjInsn::call(reloc), reloc)
            }
            (Insn::LoadImm64 { dst, value: Wide::Value(value) }, reloc_type::INSN_64) => {
                let (reloc, addend) = self.address(rel, value)?;
                let value = Wide::Value(i64::from(addend) as u64);
                let insn = Insn::LoadImm64 { dst, value };
                (ObjInsn { insn, ..ObjInsn::load_address(dst, reloc) }, reloc)
            }
            (_, reloc_type::INSN_32 | reloc_type::INSN_64) => {
                return Err(malformed("a relocation does not fit its instruction"));
            }
            _ => return Err(malformed("a relocation type unknown for instructions")),
        };
        debug_assert_eq!(insn.reloc, Some(reloc));
        self.object.functions[func].insns[insn_idx] = insn;
        Ok(())
    }

    fn call(&mut self, rel: Rel, off: i32) -> Result<Reloc, ReadError> {
        let addend = (i64::from(off) + 1) * 8;
        let called = self.target(rel, if self.is_undefined(rel) { 0 } else { addend })?;
        match called {
            Target::Extern(id, _) => {
                let item = &mut self.object.externs[id];
                if item.btf.is_none() {
                    let is_typed = self.types.btf.is_some();
                    item.kind = if is_typed { ExternKind::Func } else { ExternKind::Kfunc };
                }
                Ok(Reloc::Extern(id))
            }
            Target::Place { section, offset } => {
                let func = self.function_at(section, offset);
                let what = "a call does not lead to the start of a function";
                let func = func.ok_or(ReadError::malformed(what, rel.file_offset))?;
                Ok(Reloc::Call(func))
            }
        }
    }

    fn is_undefined(&self, rel: Rel) -> bool {
        self.symbol(rel).is_ok_and(|symbol| symbol.section == section_idx::UNDEFINED)
    }

    /// What a 64-bit load refers to, and what is added to the address of an extern.
    fn address(&self, rel: Rel, addend: u64) -> Result<(Reloc, i32), ReadError> {
        let (section, offset) = match self.target(rel, addend as i64)? {
            Target::Extern(id, addend) => return Ok((Reloc::Extern(id), addend)),
            Target::Place { section, offset } => (section, offset),
        };
        let reloc = match self.data_target(rel, section, offset)? {
            DataTarget::Data { section, offset } => Reloc::Data { section, offset },
            DataTarget::Func(func) => Reloc::FuncAddr(func),
            DataTarget::Map(map) => Reloc::Map(map),
        };
        Ok((reloc, 0))
    }

    /// What lies at an offset of a section.
    fn data_target(&self, rel: Rel, section: usize, offset: u64) -> Result<DataTarget, ReadError> {
        let malformed = |what| ReadError::malformed(what, rel.file_offset);
        match self.roles[section] {
            Role::Code => {
                let func = self.function_at(section, offset);
                let what = "an address is not that of a function's start";
                Ok(DataTarget::Func(func.ok_or(malformed(what))?))
            }
            Role::Maps | Role::LegacyMaps => {
                let map = self.maps.get(&(section, offset)).copied();
                Ok(DataTarget::Map(map.ok_or(malformed("no map is here"))?))
            }
            Role::Data => {
                let id = self.data[&section];
                // One past the end is an address too.
                let size = u64::from(self.object.data[id].size_bytes);
                if offset > size {
                    return Err(malformed("an address is outside its section"));
                }
                Ok(DataTarget::Data { section: id, offset: offset as u32 })
            }
            _ => Err(ReadError::Unsupported {
                what: "the address of something that is not loaded",
                offset_bytes: rel.file_offset,
            }),
        }
    }

    /// An address in a data section.
    fn data_reloc(&mut self, section: usize, rel: Rel) -> Result<(), ReadError> {
        let malformed = |what| ReadError::malformed(what, rel.file_offset);
        if rel.reloc_type != reloc_type::ABS64 {
            return Err(malformed("a relocation type unknown for data"));
        }
        let id = self.data[&section];
        let place = usize::try_from(rel.offset).ok();
        let bytes: Option<[u8; 8]> = place.and_then(|place| {
            let rest = self.object.data[id].bytes.get(place..)?;
            rest.first_chunk().copied()
        });
        let Some(bytes) = bytes else {
            return Err(malformed("a relocation is outside its section"));
        };
        let addend = match self.elf.endian {
            Endian::Little => i64::from_le_bytes(bytes),
            Endian::Big => i64::from_be_bytes(bytes),
        };
        let Target::Place { section, offset } = self.target(rel, addend)? else {
            return Err(ReadError::Unsupported {
                what: "the address of a symbol that is not defined, in data",
                offset_bytes: rel.file_offset,
            });
        };
        let target = self.data_target(rel, section, offset)?;
        let data = &mut self.object.data[id];
        let offset = rel.offset as u32;
        data.relocs.push(DataReloc { offset, target });
        data.bytes[offset as usize..][..8].fill(0);
        Ok(())
    }

    /// A first element of a map.
    fn map_reloc(&mut self, section: usize, rel: Rel) -> Result<(), ReadError> {
        let malformed = |what| ReadError::malformed(what, rel.file_offset);
        if rel.reloc_type != reloc_type::ABS64 {
            return Err(malformed("a relocation type unknown for maps"));
        }
        let inside = |&(start, end): &(u64, u64)| start <= rel.offset && rel.offset < end;
        let found = self.values.iter_enumerated().find(|(_, range)| inside(range));
        let Some((map, &(start, _))) = found else {
            return Err(malformed("a relocation is not at an element of a map"));
        };
        let value = self.map_init(section, rel)?;
        let values = &mut self.object.maps[map].values;
        if !(rel.offset - start).is_multiple_of(8) {
            return Err(malformed("a relocation is not at an element of a map"));
        }
        let idx = u32::try_from((rel.offset - start) / 8);
        let idx = idx.map_err(|_| malformed("a relocation is outside its section"))?;
        values.push((idx, value));
        Ok(())
    }

    fn map_init(&self, section: usize, rel: Rel) -> Result<MapInit, ReadError> {
        let malformed = |what| ReadError::malformed(what, rel.file_offset);
        let symbol = self.symbol(rel)?;
        let func: Option<FuncId> = match symbol.symbol_type {
            SymbolType::Func => self.function_at(usize::from(symbol.section), symbol.value),
            _ => None,
        };
        let map = self.maps.get(&(usize::from(symbol.section), symbol.value));
        match (func, map) {
            (Some(func), _) => Ok(MapInit::Program(func)),
            (None, Some(&map)) if usize::from(symbol.section) == section => Ok(MapInit::Map(map)),
            _ => Err(malformed("an element of a map is neither a map nor a program")),
        }
    }
}
