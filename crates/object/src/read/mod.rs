//! Reads ELF files, clang's and our own, as objects.
//!
//! Input: the bytes of a file, good or bad. Output: an [`Object`] or a [`ReadError`] with the
//! offset of what is wrong; never a panic, and memory within a small multiple of the file's length.
//!
//! What BPF programs do not need is left out: DWARF, symbols of labels, `.llvm_addrsig`. The
//! `DATASEC`s of `.BTF` become places in `maps`, `data` and `externs`.

mod error;
mod functions;
mod lines;
mod maps;
mod relocs;
mod statics;
mod types;

pub use error::ReadError;
pub(crate) use maps::declared_map;

use crate::elf::{Elf, ElfSection, ElfSymbol, section_flag, section_idx, section_type};
use crate::{DataId, ExternId, FuncId, MapId, Object};
use bpfc_base::IndexVec;
use bpfc_isa::SlotMap;
use std::collections::HashMap;
use types::Types;

/// Reads the ELF file `bytes`.
///
/// # Errors
/// [`ReadError`]: the file is no relocatable file for BPF, is damaged, or uses something that
/// objects here cannot express.
pub fn read(bytes: &[u8]) -> Result<Object, ReadError> {
    let elf = Elf::parse(bytes)?;
    let types = Types::parse(&elf)?;
    let mut reader = Reader {
        object: Object { endian: elf.endian, ..Object::default() },
        roles: elf.sections.iter().map(role).collect(),
        symbols: symbols_by_section(&elf),
        elf: &elf,
        types: &types,
        functions: IndexVec::new(),
        code: HashMap::new(),
        data: HashMap::new(),
        maps: HashMap::new(),
        values: IndexVec::new(),
        externs: HashMap::new(),
    };
    reader.read_constants()?;
    reader.read_functions()?;
    reader.read_data()?;
    reader.read_maps()?;
    reader.read_externs()?;
    reader.read_relocs()?;
    reader.resolve_local_calls()?;
    reader.read_lines()?;
    let mut object = reader.object;
    object.btf = types.builder;
    Ok(object)
}

/// What a section is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Code,
    Data,
    /// `.maps`
    Maps,
    /// `maps`: `struct bpf_map_def`
    LegacyMaps,
    License,
    Version,
    /// Nothing that matters here.
    Other,
}

fn role(section: &ElfSection<'_>) -> Role {
    let has_content = section.section_type == section_type::PROGBITS;
    let is_loaded = section.flags & section_flag::ALLOC != 0
        && (has_content || section.section_type == section_type::NOBITS);
    let is_code = section.flags & section_flag::EXECUTE != 0;
    match (section.name, section.size_bytes) {
        _ if !is_loaded => Role::Other,
        ("license" | "version" | ".maps" | "maps", 0) => Role::Other,
        ("license", _) if has_content => Role::License,
        ("version", _) if has_content => Role::Version,
        (".maps", _) if has_content => Role::Maps,
        ("maps", _) if has_content => Role::LegacyMaps,
        // Compilers leave an empty `.text` behind.
        (_, 0) if is_code => Role::Other,
        _ if is_code && has_content => Role::Code,
        _ => Role::Data,
    }
}

fn symbols_by_section<'a>(elf: &'a Elf<'a>) -> Vec<Vec<&'a ElfSymbol<'a>>> {
    let mut symbols = vec![Vec::new(); elf.sections.len()];
    for symbol in &elf.symbols {
        // Reserved numbers mean no section, even in a file with as many sections.
        if symbol.section < section_idx::FIRST_RESERVED {
            symbols[usize::from(symbol.section)].push(symbol);
        }
    }
    symbols
}

/// The file, and what of it is known so far. Sections and symbols go by their ELF numbers.
struct Reader<'a> {
    object: Object,
    elf: &'a Elf<'a>,
    types: &'a Types,
    roles: Vec<Role>,
    /// The symbols of each section.
    symbols: Vec<Vec<&'a ElfSymbol<'a>>>,
    functions: IndexVec<FuncId, Place>,
    /// The functions of each section of code by ascending offset.
    code: HashMap<usize, Vec<(u32, FuncId)>>,
    data: HashMap<usize, DataId>,
    /// The map whose definition lies at an offset of a section.
    maps: HashMap<(usize, u64), MapId>,
    /// Where the first elements of each map are in `.maps`: offset and end.
    values: IndexVec<MapId, (u64, u64)>,
    externs: HashMap<u32, ExternId>,
}

/// Where a function is.
struct Place {
    /// Section number.
    section: usize,
    /// Offset in bytes.
    start: u32,
    slots: SlotMap,
}

impl Reader<'_> {
    /// Content of `license` and `version`.
    fn read_constants(&mut self) -> Result<(), ReadError> {
        for (section, role) in self.elf.sections.iter().zip(&self.roles) {
            match role {
                Role::License => {
                    let end = section.bytes.iter().position(|&byte| byte == 0);
                    let text = &section.bytes[..end.unwrap_or(section.bytes.len())];
                    let text = std::str::from_utf8(text).map_err(|_| {
                        ReadError::malformed("the license is not UTF-8", section.file_offset)
                    })?;
                    self.object.license = Some(text.to_owned());
                }
                Role::Version => {
                    let bytes = section.bytes.try_into().map_err(|_| {
                        let what = "the kernel version is not four bytes long";
                        ReadError::malformed(what, section.file_offset)
                    })?;
                    self.object.kernel_version = Some(match self.elf.endian {
                        bpfc_isa::Endian::Little => u32::from_le_bytes(bytes),
                        bpfc_isa::Endian::Big => u32::from_be_bytes(bytes),
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The function and instruction at an offset of a section of code.
    fn insn_at(&self, section: usize, offset: u64) -> Option<(FuncId, usize)> {
        let offset = u32::try_from(offset).ok()?;
        let functions = self.code.get(&section)?;
        let after = functions.partition_point(|&(start, _)| start <= offset);
        let (start, func) = *functions.get(after.checked_sub(1)?)?;
        let inside = offset - start;
        if !inside.is_multiple_of(8) {
            return None;
        }
        let insn_idx = self.functions[func].slots.insn_idx(inside / 8)?;
        Some((func, insn_idx as usize))
    }

    /// The function that starts at an offset of a section of code.
    fn function_at(&self, section: usize, offset: u64) -> Option<FuncId> {
        match self.insn_at(section, offset)? {
            (func, 0) => Some(func),
            _ => None,
        }
    }
}
