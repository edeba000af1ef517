//! References to functions, data, maps and externs, by their new ids.

use super::{JoinError, Joiner, Places, Target};
use crate::{DataId, DataReloc, DataSection, DataTarget, MapInit, ObjInsn, Reloc};
use bpfc_base::IndexVec;
use bpfc_isa::{Insn, Wide};

/// Why a reference has no new form.
enum Bad {
    /// It does not fit what its target turned out to be.
    Use,
    /// There is no target.
    Target,
}

impl Joiner<'_> {
    /// Rewrites the references of all that has a place in the result.
    pub(super) fn rewrite_references(&mut self) {
        self.rewrite_code();
        for file in 0..self.objects.len() {
            self.rewrite_data(file);
        }
        self.rewrite_maps();
    }

    fn rewrite_code(&mut self) {
        let functions = self.out.functions.iter_mut().zip(&self.function_files);
        for (function, &file) in functions {
            for insn in &mut function.insns {
                let Some(reloc) = insn.reloc else { continue };
                let new = rewritten(&self.places[file], reloc, insn);
                let new = new.and_then(|new| inside(new, &self.out.data));
                let bad = match new {
                    Ok(new) => {
                        *insn = new;
                        continue;
                    }
                    Err(bad) => bad,
                };
                let (name, file_name) = (function.name.clone(), self.names[file].to_owned());
                let used = match reloc {
                    Reloc::Extern(id) => self.objects[file].externs.get(id),
                    _ => None,
                };
                self.errors.push(match (bad, used) {
                    (Bad::Use, Some(item)) => JoinError::Misused {
                        name: item.name.clone(),
                        function: name,
                        file: file_name,
                    },
                    _ => JoinError::NoSuchTarget {
                        place: name,
                        file: file_name,
                        target: target_name(reloc),
                    },
                });
            }
        }
    }

    /// Addresses in data, but for those in variables that yielded to others.
    fn rewrite_data(&mut self, file: usize) {
        let places = &self.places[file];
        for (old, section) in self.objects[file].data.iter_enumerated() {
            let Some(&(new, start)) = places.data.get(old) else { continue };
            for reloc in &section.relocs {
                let mut replaced = places.replaced.iter();
                if replaced.any(|(id, range, _)| *id == old && range.contains(&reloc.offset)) {
                    continue;
                }
                let target = match reloc.target {
                    DataTarget::Data { section, offset } => places
                        .data_place(section, offset)
                        .map(|(section, offset)| DataTarget::Data { section, offset }),
                    DataTarget::Func(func) => {
                        places.functions.get(func).copied().map(DataTarget::Func)
                    }
                    DataTarget::Map(map) => places.maps.get(map).copied().map(DataTarget::Map),
                };
                let offset = start.saturating_add(reloc.offset);
                match target {
                    Some(target) => {
                        self.out.data[new].relocs.push(DataReloc { offset, target });
                    }
                    None => self.errors.push(JoinError::NoSuchTarget {
                        place: section.name.clone(),
                        file: self.names[file].to_owned(),
                        target: "a part of the object".into(),
                    }),
                }
            }
        }
    }

    /// First elements of maps.
    fn rewrite_maps(&mut self) {
        for (map, &file) in self.out.maps.iter_mut().zip(&self.map_files) {
            let places = &self.places[file];
            for (_, value) in &mut map.values {
                let new = match *value {
                    MapInit::Map(map) => places.maps.get(map).copied().map(MapInit::Map),
                    MapInit::Program(func) => {
                        places.functions.get(func).copied().map(MapInit::Program)
                    }
                };
                match new {
                    Some(new) => *value = new,
                    None => self.errors.push(JoinError::NoSuchTarget {
                        place: map.name.clone(),
                        file: self.names[file].to_owned(),
                        target: "a map or program".into(),
                    }),
                }
            }
        }
    }
}

/// The instruction with its relocation by new ids.
fn rewritten(places: &Places, reloc: Reloc, insn: &ObjInsn) -> Result<ObjInsn, Bad> {
    let new = match reloc {
        Reloc::Map(id) => places.maps.get(id).copied().map(Reloc::Map),
        Reloc::FuncAddr(id) => places.functions.get(id).copied().map(Reloc::FuncAddr),
        Reloc::Call(id) => places.functions.get(id).copied().map(Reloc::Call),
        Reloc::Data { section, offset } => places
            .data_place(section, offset)
            .map(|(section, offset)| Reloc::Data { section, offset }),
        Reloc::Extern(id) => {
            let target = *places.externs.get(id).ok_or(Bad::Target)?;
            return defined(target, insn);
        }
    };
    Ok(ObjInsn { reloc: Some(new.ok_or(Bad::Target)?), ..insn.clone() })
}

/// The instruction, unless its address is outside its section, as one that a file adds to another's
/// variable may be. One past the end is an address too.
fn inside(insn: ObjInsn, data: &IndexVec<DataId, DataSection>) -> Result<ObjInsn, Bad> {
    match insn.reloc {
        Some(Reloc::Data { section, offset }) if offset > data[section].size_bytes => Err(Bad::Use),
        _ => Ok(insn),
    }
}

/// The use of an extern, now that it is known what it is.
fn defined(target: Target, insn: &ObjInsn) -> Result<ObjInsn, Bad> {
    let (dst, addend) = match (insn.insn, target) {
        (_, Target::Extern(id)) => {
            return Ok(ObjInsn { reloc: Some(Reloc::Extern(id)), ..insn.clone() });
        }
        (Insn::Call(_), Target::Func(id)) => {
            return Ok(ObjInsn { reloc: Some(Reloc::Call(id)), ..insn.clone() });
        }
        (Insn::LoadImm64 { dst, value: Wide::Value(addend) }, _) => (dst, addend as i64),
        _ => return Err(Bad::Use),
    };
    let reloc = match target {
        Target::Data(section, start) => {
            let offset = i64::from(start).checked_add(addend);
            let offset = offset.and_then(|offset| u32::try_from(offset).ok());
            Reloc::Data { section, offset: offset.ok_or(Bad::Use)? }
        }
        Target::Func(id) if addend == 0 => Reloc::FuncAddr(id),
        Target::Map(id) if addend == 0 => Reloc::Map(id),
        _ => return Err(Bad::Use),
    };
    let insn_of = |insn: &ObjInsn| ObjInsn { reloc: Some(reloc), ..insn.clone() };
    Ok(ObjInsn { insn: Insn::LoadImm64 { dst, value: Wide::Value(0) }, ..insn_of(insn) })
}

/// What a relocation names, for people.
fn target_name(reloc: Reloc) -> String {
    match reloc {
        Reloc::Map(id) => id.to_string(),
        Reloc::Data { section, .. } => section.to_string(),
        Reloc::FuncAddr(id) | Reloc::Call(id) => id.to_string(),
        Reloc::Extern(id) => id.to_string(),
    }
}
