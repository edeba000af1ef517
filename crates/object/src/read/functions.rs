//! Sections of code: symbols divide them into functions.

use super::{Place, ReadError, Reader, Role};
use crate::elf::{Binding, ElfSymbol, SymbolType, VISIBILITY_HIDDEN, VISIBILITY_INTERNAL};
use crate::{Function, Linkage, ObjInsn, Reloc};
use bpfc_isa::{Callee, Insn, SlotMap, Wide, decode_program};

/// All code together: 2,097,152 slots, of which the kernel takes a million for one program. Sections
/// may overlap in a file, so that its length is no bound.
const MAX_CODE_BYTES: u64 = 1 << 24;

impl Reader<'_> {
    /// Decodes every section of code.
    pub(super) fn read_functions(&mut self) -> Result<(), ReadError> {
        let mut n_bytes: u64 = 0;
        for section in 0..self.roles.len() {
            if self.roles[section] == Role::Code {
                n_bytes = n_bytes.saturating_add(self.elf.sections[section].size_bytes);
                if n_bytes > MAX_CODE_BYTES {
                    let what = "instructions";
                    return Err(ReadError::TooLarge { what });
                }
                self.read_code_section(section)?;
            }
        }
        Ok(())
    }

    fn read_code_section(&mut self, section: usize) -> Result<(), ReadError> {
        let elf_section = &self.elf.sections[section];
        let at = elf_section.file_offset;
        let size = elf_section.size_bytes;
        let symbols = self.symbols[section].iter().copied();
        let mut starts: Vec<&ElfSymbol<'_>> =
            symbols.filter(|symbol| symbol.symbol_type == SymbolType::Func).collect();
        // Of several symbols for one place the first global one names the function.
        starts.sort_by_key(|symbol| (symbol.value, symbol.binding == Binding::Local));
        starts.dedup_by_key(|symbol| symbol.value);
        if starts.first().is_none_or(|first| first.value != 0) {
            let what = "a section of code does not begin with a function's symbol";
            return Err(ReadError::malformed(what, at));
        }
        let mut places = Vec::with_capacity(starts.len());
        for (idx, symbol) in starts.iter().enumerate() {
            let end = starts.get(idx + 1).map_or(size, |next| next.value);
            if symbol.value >= end || end > size || !symbol.value.is_multiple_of(8) {
                let what = "a function is outside its section";
                return Err(ReadError::malformed(what, symbol.file_offset));
            }
            let bytes = &elf_section.bytes[symbol.value as usize..end as usize];
            let insns =
                decode_program(bytes, self.elf.endian).map_err(|error| ReadError::BadInsn {
                    section: elf_section.name.to_owned(),
                    offset_bytes: at + symbol.value + error.offset,
                    reason: error.reason,
                })?;
            let slots = SlotMap::new(&insns);
            let func = self.object.functions.push(Function {
                name: symbol.name.to_owned(),
                section: elf_section.name.to_owned(),
                linkage: linkage(symbol.binding),
                is_hidden: is_hidden(symbol),
                insns: insns.into_iter().map(ObjInsn::new).collect(),
                ..Function::default()
            });
            let start = symbol.value as u32;
            self.functions.push(Place { section, start, slots });
            places.push((start, func));
        }
        self.code.insert(section, places);
        Ok(())
    }

    /// Calls and addresses inside one section need no relocation: clang resolves those of static
    /// functions itself. They get one here.
    pub(super) fn resolve_local_calls(&mut self) -> Result<(), ReadError> {
        for func in self.object.functions.ids() {
            let (section, start) = (self.functions[func].section, self.functions[func].start);
            for insn_idx in 0..self.object.functions[func].insns.len() {
                let insn = &self.object.functions[func].insns[insn_idx];
                let Some(off) = insn.insn.function_offset() else {
                    continue;
                };
                if insn.reloc.is_some() {
                    continue;
                }
                let slot = self.functions[func].slots.slot(insn_idx as u32).unwrap_or(0);
                let from = u64::from(start) + u64::from(slot) * 8;
                let target = (from + 8).checked_add_signed(i64::from(off) * 8);
                let callee = target.and_then(|target| self.function_at(section, target));
                let Some(callee) = callee else {
                    let at = self.elf.sections[section].file_offset + from;
                    let what = "a call does not lead to the start of a function";
                    return Err(ReadError::malformed(what, at));
                };
                let insn = &mut self.object.functions[func].insns[insn_idx];
                match insn.insn {
                    Insn::LoadImm64 { dst, .. } => {
                        let value = Wide::Value(0);
                        insn.insn = Insn::LoadImm64 { dst, value };
                        insn.reloc = Some(Reloc::FuncAddr(callee));
                    }
                    _ => {
                        insn.insn = Insn::Call(Callee::Local { off: -1 });
                        insn.reloc = Some(Reloc::Call(callee));
                    }
                }
            }
        }
        Ok(())
    }
}

/// What an ELF binding means.
pub(super) fn linkage(binding: Binding) -> Linkage {
    match binding {
        Binding::Local => Linkage::Static,
        Binding::Weak => Linkage::Weak,
        Binding::Global | Binding::Other(_) => Linkage::Global,
    }
}

/// Whether a symbol is for the objects of one program only.
pub(super) fn is_hidden(symbol: &ElfSymbol<'_>) -> bool {
    matches!(symbol.visibility, VISIBILITY_HIDDEN | VISIBILITY_INTERNAL)
}
