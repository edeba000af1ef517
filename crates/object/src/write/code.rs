//! Instructions, their relocations, and `.BTF.ext`.

use super::{WriteError, Writer};
use crate::elf::{RelocDef, SymbolIdx, reloc_type};
use crate::{FuncId, Function, ObjInsn, Reloc};
use bpfc_btf::{CoreRecord, FuncRecord, LineRecord, StrOff};
use bpfc_isa::{Callee, Insn, Wide, encode};

impl Writer<'_> {
    /// Fills the sections of instructions. Functions of one section are in order.
    pub(super) fn code(&mut self) -> Result<(), WriteError> {
        for (id, function) in self.object.functions.iter_enumerated() {
            let (section, start) = self.func_places[id];
            let section_name = self.btf.string(&function.section);
            if let Some(func) = function.btf {
                let insn_offset_bytes = start;
                let record = FuncRecord { insn_offset_bytes, func };
                self.ext.push_func(section_name, record);
            }
            self.line_records(section_name, start, function);
            let mut offset = start;
            for (insn_idx, insn) in function.insns.iter().enumerate() {
                if let Some(core) = &insn.core {
                    let record = CoreRecord {
                        insn_offset_bytes: offset,
                        ty: core.root,
                        access: self.btf.string(&core.access),
                        kind: core.kind,
                    };
                    self.ext.push_relocation(section_name, record);
                }
                let encoded = match insn.reloc {
                    None => insn.insn,
                    Some(reloc) => {
                        let (symbol, addend) = self.target(id, reloc)?;
                        let misplaced = || WriteError::Misplaced {
                            function: function.name.clone(),
                            insn_idx: insn_idx as u32,
                        };
                        let (filled, reloc_type) = fill(insn, addend).ok_or_else(misplaced)?;
                        self.image.sections[section].relocs.push(RelocDef {
                            offset_bytes: offset.into(),
                            reloc_type,
                            symbol,
                        });
                        filled
                    }
                };
                let bytes = encode(&encoded, self.object.endian);
                self.image.sections[section].bytes.extend_from_slice(&bytes);
                offset += insn.insn.slots() * 8;
            }
        }
        Ok(())
    }

    /// The symbol that a relocation names, and what is added to it in bytes.
    fn target(&self, func: FuncId, reloc: Reloc) -> Result<(SymbolIdx, u32), WriteError> {
        let (found, target) = match reloc {
            Reloc::Map(map) => {
                let symbol = self.map_symbols.get(map).map(|&symbol| (symbol, 0));
                (symbol, map.to_string())
            }
            Reloc::Data { section, offset } => {
                (self.data_symbol(section, offset), section.to_string())
            }
            Reloc::FuncAddr(func) | Reloc::Call(func) => (self.func_symbol(func), func.to_string()),
            Reloc::Extern(id) => {
                let symbol = self.extern_symbols.get(id).map(|&symbol| (symbol, 0));
                (symbol, id.to_string())
            }
        };
        let place = || format!("`{}`", self.object.functions[func].name);
        found.ok_or_else(|| WriteError::NoSuchTarget { place: place(), target })
    }

    /// A record wherever the line changes. The kernel wants one for the first instruction of a
    /// function that has any (`check_btf_line`, Linux 5.0 `kernel/bpf/verifier.c`).
    fn line_records(&mut self, section_name: StrOff, start: u32, function: &Function) {
        let mut offset = start;
        let mut current = None;
        let first = function.insns.iter().find_map(|insn| insn.line.as_ref());
        for insn in &function.insns {
            let line = insn.line.as_ref().or(current).or(first);
            if let Some(line) = line.filter(|&line| current != Some(line)) {
                let record = LineRecord {
                    insn_offset_bytes: offset,
                    file: self.btf.string(&line.file),
                    text: self.btf.string(&line.text),
                    line: line.line,
                    column: line.column,
                };
                self.ext.push_line(section_name, record);
            }
            current = line;
            offset += insn.insn.slots() * 8;
        }
    }
}

/// The instruction with the addend of its relocation in place, and the type of the relocation:
/// `Documentation/bpf/llvm_reloc.rst`. None if the relocation does not belong to the instruction.
fn fill(insn: &ObjInsn, addend: u32) -> Option<(Insn, u32)> {
    match (insn.insn, insn.reloc?) {
        (Insn::Call(_), Reloc::Call(_) | Reloc::Extern(_)) => {
            let off = i32::try_from(addend / 8).ok()? - 1;
            Some((Insn::Call(Callee::Local { off }), reloc_type::INSN_32))
        }
        (Insn::LoadImm64 { dst, .. }, Reloc::Map(_) | Reloc::Data { .. } | Reloc::FuncAddr(_)) => {
            let value = Wide::Value(addend.into());
            Some((Insn::LoadImm64 { dst, value }, reloc_type::INSN_64))
        }
        // What is added to an extern's address is in the instruction already.
        (Insn::LoadImm64 { value: Wide::Value(_), .. }, Reloc::Extern(_)) => {
            Some((insn.insn, reloc_type::INSN_64))
        }
        _ => None,
    }
}
