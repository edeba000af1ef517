//! `.BTF.ext`: types of functions, source lines, CO-RE relocations.

use super::{ReadError, Reader, Role};
use crate::{CoreReloc, Line};
use bpfc_btf::{LineRecord, StrOff};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Source lines may have this many bytes together, shared ones counted once. Distinct strings of a
/// file are never longer than the file, but strings may share their ends.
const MAX_TEXT_BYTES: usize = 1 << 26;

impl Reader<'_> {
    pub(super) fn read_lines(&mut self) -> Result<(), ReadError> {
        let types = self.types;
        let sections = self.elf.sections.iter().enumerate();
        let code = sections.filter(|(number, _)| self.roles[*number] == Role::Code);
        let by_name: HashMap<&str, usize> =
            code.map(|(idx, section)| (section.name, idx)).collect();
        let number = |name: StrOff| by_name.get(types.string(name)?).copied();
        for block in &types.ext.funcs {
            let Some(section) = number(block.name) else {
                continue;
            };
            for record in &block.records {
                let offset = record.insn_offset_bytes.into();
                if let Some(func) = self.function_at(section, offset) {
                    self.object.functions[func].btf = types.new_id(record.func);
                }
            }
        }
        for block in &types.ext.relocations {
            let Some(section) = number(block.name) else {
                continue;
            };
            for record in &block.records {
                let malformed = |what| ReadError::malformed(what, types.ext_offset);
                let place = self.insn_at(section, record.insn_offset_bytes.into());
                let Some((func, insn_idx)) = place else {
                    return Err(malformed("a CO-RE relocation is not at an instruction"));
                };
                let access = types.string(record.access);
                let root = types.new_id(record.ty);
                let (Some(access), Some(root)) = (access, root) else {
                    return Err(malformed("a CO-RE relocation has no type or access string"));
                };
                // Access strings are a few numbers: the kernel takes 64 (`BPF_CORE_SPEC_MAX_LEN`).
                if access.len() > 1024 {
                    return Err(ReadError::TooLarge { what: "access strings" });
                }
                let kind = record.kind;
                let access = access.into();
                let core = CoreReloc { kind, root, access };
                self.object.functions[func].insns[insn_idx].core = Some(core);
            }
        }
        let mut texts = Texts::default();
        let mut done = HashSet::new();
        for block in &types.ext.lines {
            if let Some(section) = number(block.name) {
                if !done.insert(section) {
                    let what = "two tables of lines for one section";
                    return Err(ReadError::malformed(what, types.ext_offset));
                }
                self.set_lines(section, &block.records, &mut texts)?;
            }
        }
        Ok(())
    }

    /// Gives each instruction of a section the line of the last record at or before it.
    fn set_lines(
        &mut self,
        section: usize,
        records: &[LineRecord],
        texts: &mut Texts,
    ) -> Result<(), ReadError> {
        let mut records = records.to_vec();
        records.sort_by_key(|record| record.insn_offset_bytes);
        let mut records = records.into_iter().peekable();
        for &(start, func) in &self.code[&section] {
            let mut current = None;
            let mut offset = start;
            for insn in &mut self.object.functions[func].insns {
                let next = offset + insn.insn.slots() * 8;
                while let Some(record) = records.next_if(|record| record.insn_offset_bytes < next) {
                    let file = texts.get(record.file, |name| self.types.string(name))?;
                    let text = texts.get(record.text, |name| self.types.string(name))?;
                    current = Some(Arc::new(Line {
                        file,
                        line: record.line,
                        column: record.column,
                        text,
                    }));
                }
                insn.line = current.clone();
                offset = next;
            }
        }
        Ok(())
    }
}

/// Shared copies of strings.
#[derive(Default)]
struct Texts {
    known: HashMap<StrOff, Arc<str>>,
    n_bytes: usize,
}

impl Texts {
    fn get<'t>(
        &mut self,
        offset: StrOff,
        find: impl FnOnce(StrOff) -> Option<&'t str>,
    ) -> Result<Arc<str>, ReadError> {
        if let Some(text) = self.known.get(&offset) {
            return Ok(text.clone());
        }
        let text: Arc<str> = find(offset).unwrap_or_default().into();
        self.n_bytes += text.len();
        if self.n_bytes > MAX_TEXT_BYTES {
            return Err(ReadError::TooLarge { what: "source lines" });
        }
        self.known.insert(offset, text.clone());
        Ok(text)
    }
}
