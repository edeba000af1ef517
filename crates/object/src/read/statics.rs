//! Data sections with their variables, and undefined symbols.

use super::functions::{is_hidden, linkage};
use super::{ReadError, Reader, Role};
use crate::elf::{Binding, SymbolType, section_flag, section_idx, section_type};
use crate::model::MAX_ALIGN;
use crate::{DataKind, DataSection, Extern, ExternKind, Variable};
use std::collections::HashMap;

/// More variables than any object has; it bounds the memory for their names.
const MAX_VARIABLES: usize = 1 << 16;
/// All data together, so that a short file cannot ask for gigabytes of zeros.
const MAX_DATA_BYTES: u64 = 1 << 28;

impl Reader<'_> {
    /// Static storage.
    pub(super) fn read_data(&mut self) -> Result<(), ReadError> {
        let mut n_bytes: u64 = 0;
        for (number, section) in self.elf.sections.iter().enumerate() {
            if self.roles[number] != Role::Data {
                continue;
            }
            let align = u32::try_from(section.align.max(1)).ok();
            let Some(align) = align.filter(|align| align.is_power_of_two() && *align <= MAX_ALIGN)
            else {
                let what = "a data section's alignment";
                return Err(ReadError::malformed(what, section.file_offset));
            };
            n_bytes = section.size_bytes.saturating_add(n_bytes);
            if n_bytes > MAX_DATA_BYTES {
                return Err(ReadError::TooLarge { what: "variables" });
            }
            let id = self.object.data.push(DataSection {
                name: section.name.to_owned(),
                kind: if section.section_type == section_type::NOBITS {
                    DataKind::Bss
                } else if section.name.starts_with(".rodata")
                    || section.flags & section_flag::WRITE == 0
                {
                    DataKind::ReadOnly
                } else {
                    DataKind::Data
                },
                align,
                size_bytes: section.size_bytes as u32,
                bytes: section.bytes.to_vec(),
                variables: Vec::new(),
                relocs: Vec::new(),
            });
            self.data.insert(number, id);
        }
        self.read_variables()
    }

    fn read_variables(&mut self) -> Result<(), ReadError> {
        let mut known = HashMap::new();
        let mut n_variables = 0;
        for symbol in &self.elf.symbols {
            let Some(&id) = self.data.get(&usize::from(symbol.section)) else {
                continue;
            };
            if symbol.symbol_type != SymbolType::Object || symbol.name.is_empty() {
                continue;
            }
            let data = &mut self.object.data[id];
            let end = symbol.value.checked_add(symbol.size_bytes);
            if end.is_none_or(|end| end > u64::from(data.size_bytes)) {
                let what = "a variable is outside its section";
                return Err(ReadError::malformed(what, symbol.file_offset));
            }
            n_variables += 1;
            if n_variables > MAX_VARIABLES {
                return Err(ReadError::TooLarge { what: "variables" });
            }
            let types = self.types;
            let section = self.elf.sections[usize::from(symbol.section)].name;
            let by_name: &HashMap<&str, _> =
                known.entry(section).or_insert_with(|| types.variables(section));
            data.variables.push(Variable {
                name: symbol.name.to_owned(),
                offset: symbol.value as u32,
                size_bytes: symbol.size_bytes as u32,
                linkage: linkage(symbol.binding),
                btf: by_name.get(symbol.name).map(|var| var.var),
                span: Default::default(),
            });
        }
        for data in self.object.data.iter_mut() {
            data.variables.sort_by_key(|variable| variable.offset);
        }
        Ok(())
    }

    /// Undefined symbols: what the kernel or another object provides.
    pub(super) fn read_externs(&mut self) -> Result<(), ReadError> {
        let known = self.types.externs();
        for (number, symbol) in self.elf.symbols.iter().enumerate() {
            let is_undefined = symbol.section == section_idx::UNDEFINED;
            if !is_undefined || symbol.name.is_empty() || symbol.binding == Binding::Local {
                continue;
            }
            if self.object.externs.len() >= MAX_VARIABLES {
                return Err(ReadError::TooLarge { what: "undefined symbols" });
            }
            let item = match known.get(symbol.name) {
                Some(known) => known.clone(),
                // Without BTF nobody can say; how it is used decides later.
                None if self.types.btf.is_none() => Extern::new("", ExternKind::Ksym),
                None => Extern::new("", ExternKind::Variable),
            };
            let id = self.object.externs.push(Extern {
                name: symbol.name.to_owned(),
                is_weak: symbol.binding == Binding::Weak,
                is_hidden: is_hidden(symbol),
                ..item
            });
            self.externs.insert(number as u32, id);
        }
        Ok(())
    }
}
