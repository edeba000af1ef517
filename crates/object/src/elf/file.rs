//! Reads an ELF file: headers, section contents, symbols and relocations, every offset checked.
//!
//! Input: bytes from anywhere. Output: views that borrow them. Work and memory are proportional
//! to the length of the file.

use super::{
    Binding, CLASS_64, FILE_HEADER_BYTES, MACHINE_BPF, REL_BYTES, SECTION_HEADER_BYTES,
    SYMBOL_BYTES, SymbolType, TYPE_RELOCATABLE, section_idx, section_type,
};
use bpfc_isa::Endian;

/// Longest name taken. The kernel stops at 511 bytes (`KSYM_NAME_LEN`, Linux 6.1); mangled names
/// of other languages may be longer. The limit keeps names that share their ends cheap.
const MAX_NAME_BYTES: usize = 2048;

/// An ELF file.
#[derive(Debug)]
pub(crate) struct Elf<'a> {
    pub endian: Endian,
    /// By section number.
    pub sections: Vec<ElfSection<'a>>,
    /// By symbol number.
    pub symbols: Vec<ElfSymbol<'a>>,
    /// The number of the symbol table's section, 0 if there is none.
    pub symtab: u32,
}

/// A section.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ElfSection<'a> {
    pub name: &'a str,
    /// `SHT_*`
    pub section_type: u32,
    /// `SHF_*`
    pub flags: u64,
    /// Where it is in memory, in an executable.
    pub address: u64,
    /// Where its content is in the file.
    pub file_offset: u64,
    pub size_bytes: u64,
    pub link: u32,
    pub info: u32,
    pub align: u64,
    /// Empty for a section without content.
    pub bytes: &'a [u8],
}

/// A symbol.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ElfSymbol<'a> {
    pub name: &'a str,
    pub value: u64,
    pub size_bytes: u64,
    pub binding: Binding,
    pub symbol_type: SymbolType,
    pub visibility: u8,
    /// Section number; 0 if undefined, or a reserved number.
    pub section: u16,
    /// Where the symbol is in the file.
    pub file_offset: u64,
}

/// A relocation without addend.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rel {
    /// Offset in the section to be changed.
    pub offset: u64,
    /// Symbol number.
    pub symbol: u32,
    /// `R_BPF_*`
    pub reloc_type: u32,
    /// Where the relocation is in the file.
    pub file_offset: u64,
}

/// What is wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ElfError {
    /// A rule of the format is broken.
    Malformed { what: &'static str, offset: u64 },
    /// A proper ELF file, but none of BPF code to be linked.
    Unsupported { what: &'static str, offset: u64 },
}

const fn malformed(what: &'static str, offset: u64) -> ElfError {
    ElfError::Malformed { what, offset }
}

impl<'a> Elf<'a> {
    /// Reads everything but relocations.
    pub fn parse(bytes: &'a [u8]) -> Result<Elf<'a>, ElfError> {
        let file = open(bytes)?;
        check_bpf(file)?;
        let sections = named_sections(file)?;
        let is_symtab = |section: &ElfSection| section.section_type == section_type::SYMTAB;
        let symtab = sections.iter().position(is_symtab).unwrap_or(0);
        let symbols = match symtab {
            0 => Vec::new(),
            symtab => symbols(file, &sections, symtab)?,
        };
        Ok(Elf { endian: file.endian, sections, symbols, symtab: symtab as u32 })
    }

    /// Reads the sections of any 64-bit ELF file.
    pub fn sections_of(bytes: &'a [u8]) -> Result<(Endian, Vec<ElfSection<'a>>), ElfError> {
        let file = open(bytes)?;
        Ok((file.endian, named_sections(file)?))
    }

    /// The relocations in a section of type `REL`.
    pub fn relocations(&self, section: &ElfSection<'a>) -> Result<Vec<Rel>, ElfError> {
        let file = File { bytes: section.bytes, endian: self.endian };
        if !section.bytes.len().is_multiple_of(REL_BYTES) {
            let what = "a relocation section is no multiple of 16 bytes long";
            return Err(malformed(what, section.file_offset));
        }
        let n_relocs = section.bytes.len() / REL_BYTES;
        let relocs = (0..n_relocs).map(|idx| idx * REL_BYTES).map(|at| {
            let info = file.u64(at + 8);
            Rel {
                offset: file.u64(at),
                symbol: (info >> 32) as u32,
                reloc_type: info as u32,
                file_offset: section.file_offset + at as u64,
            }
        });
        Ok(relocs.collect())
    }
}

/// Bytes in a byte order. Reading past the end gives zeros; callers check lengths first.
#[derive(Clone, Copy)]
struct File<'a> {
    bytes: &'a [u8],
    endian: Endian,
}

impl<'a> File<'a> {
    fn array<const N: usize>(self, at: usize) -> [u8; N] {
        let found = self.bytes.get(at..).and_then(|rest| rest.first_chunk());
        debug_assert!(found.is_some(), "lengths are checked first");
        found.copied().unwrap_or([0; N])
    }

    fn u16(self, at: usize) -> u16 {
        match self.endian {
            Endian::Little => u16::from_le_bytes(self.array(at)),
            Endian::Big => u16::from_be_bytes(self.array(at)),
        }
    }

    fn u32(self, at: usize) -> u32 {
        match self.endian {
            Endian::Little => u32::from_le_bytes(self.array(at)),
            Endian::Big => u32::from_be_bytes(self.array(at)),
        }
    }

    fn u64(self, at: usize) -> u64 {
        match self.endian {
            Endian::Little => u64::from_le_bytes(self.array(at)),
            Endian::Big => u64::from_be_bytes(self.array(at)),
        }
    }

    fn range(self, offset: u64, length: u64) -> Option<&'a [u8]> {
        let end = usize::try_from(offset.checked_add(length)?).ok()?;
        self.bytes.get(offset as usize..end)
    }
}

/// Checks the file header.
fn open(bytes: &[u8]) -> Result<File<'_>, ElfError> {
    let unsupported = |what, offset| Err(ElfError::Unsupported { what, offset });
    if !bytes.starts_with(b"\x7fELF") {
        return Err(malformed("no ELF file", 0));
    }
    if bytes.len() < FILE_HEADER_BYTES {
        return Err(malformed("the file header is cut off", bytes.len() as u64));
    }
    if bytes[4] != CLASS_64 {
        return unsupported("no 64-bit ELF file", 4);
    }
    let endian = match bytes[5] {
        1 => Endian::Little,
        2 => Endian::Big,
        _ => return Err(malformed("the byte order", 5)),
    };
    Ok(File { bytes, endian })
}

/// Checks that the file is an object for BPF.
fn check_bpf(file: File<'_>) -> Result<(), ElfError> {
    let unsupported = |what, offset| Err(ElfError::Unsupported { what, offset });
    if file.u16(18) != MACHINE_BPF {
        return unsupported("not for BPF", 18);
    }
    if file.u16(16) != TYPE_RELOCATABLE {
        return unsupported("no relocatable file", 16);
    }
    Ok(())
}

/// Sections with contents and names.
fn named_sections(file: File<'_>) -> Result<Vec<ElfSection<'_>>, ElfError> {
    let mut sections = section_headers(file)?;
    let names = match sections.get(usize::from(file.u16(62))) {
        Some(names) if names.section_type == section_type::STRTAB => names.bytes,
        _ => return Err(malformed("the number of the section names' section", 62)),
    };
    let headers = file.u64(40);
    for (idx, section) in sections.iter_mut().enumerate() {
        let at = headers + (idx * SECTION_HEADER_BYTES) as u64;
        section.name = name_at(names, file.u32(at as usize), at)?;
    }
    Ok(sections)
}

/// Section headers with contents, without names.
fn section_headers(file: File<'_>) -> Result<Vec<ElfSection<'_>>, ElfError> {
    let offset = file.u64(40);
    let entry_bytes = usize::from(file.u16(58));
    let n_sections = u64::from(file.u16(60));
    if entry_bytes != SECTION_HEADER_BYTES {
        return Err(malformed("the size of a section header", 58));
    }
    let length = n_sections * SECTION_HEADER_BYTES as u64;
    let Some(table) = file.range(offset, length) else {
        return Err(malformed("the section headers are outside the file", 40));
    };
    let headers = table.chunks_exact(SECTION_HEADER_BYTES).enumerate();
    let sections = headers.map(|(idx, bytes)| {
        let header = File { bytes, ..file };
        let section_type = header.u32(4);
        let (file_offset, size_bytes) = (header.u64(24), header.u64(32));
        let has_content = section_type != section_type::NOBITS && section_type != 0;
        let content = if has_content { size_bytes } else { 0 };
        let at = offset + (idx * SECTION_HEADER_BYTES) as u64;
        let bytes = file.range(if has_content { file_offset } else { 0 }, content);
        Ok(ElfSection {
            name: "",
            section_type,
            flags: header.u64(8),
            address: header.u64(16),
            file_offset,
            size_bytes,
            link: header.u32(40),
            info: header.u32(44),
            align: header.u64(48),
            bytes: bytes.ok_or(malformed("a section is outside the file", at + 24))?,
        })
    });
    sections.collect()
}

/// The string at `offset` of a string table; `used_at` is where the offset was found.
fn name_at(strings: &[u8], offset: u32, used_at: u64) -> Result<&str, ElfError> {
    let rest = strings.get(offset as usize..);
    if rest.is_none_or(<[u8]>::is_empty) && offset == 0 {
        return Ok("");
    }
    let Some(rest) = rest else {
        return Err(malformed("a name is outside the string table", used_at));
    };
    let rest = &rest[..rest.len().min(MAX_NAME_BYTES + 1)];
    let Some(end) = rest.iter().position(|&byte| byte == 0) else {
        return Err(malformed("a name has no end, or is too long", used_at));
    };
    std::str::from_utf8(&rest[..end]).map_err(|_| malformed("a name is not UTF-8", used_at))
}

fn symbols<'a>(
    file: File<'a>,
    sections: &[ElfSection<'a>],
    symtab: usize,
) -> Result<Vec<ElfSymbol<'a>>, ElfError> {
    let table = &sections[symtab];
    let strings = match sections.get(table.link as usize) {
        Some(strings) if strings.section_type == section_type::STRTAB => strings.bytes,
        _ => return Err(malformed("the symbol names' section", table.file_offset)),
    };
    if !table.bytes.len().is_multiple_of(SYMBOL_BYTES) {
        let what = "the symbol table is no multiple of 24 bytes long";
        return Err(malformed(what, table.file_offset));
    }
    let entries = table.bytes.chunks_exact(SYMBOL_BYTES).enumerate();
    let symbols = entries.map(|(idx, bytes)| {
        let entry = File { bytes, ..file };
        let file_offset = table.file_offset + (idx * SYMBOL_BYTES) as u64;
        let section = entry.u16(6);
        if section < section_idx::FIRST_RESERVED && usize::from(section) >= sections.len() {
            return Err(malformed("a symbol's section does not exist", file_offset + 6));
        }
        Ok(ElfSymbol {
            name: name_at(strings, entry.u32(0), file_offset)?,
            value: entry.u64(8),
            size_bytes: entry.u64(16),
            binding: Binding::from_number(bytes[4] >> 4),
            symbol_type: SymbolType::from_number(bytes[4] & 15),
            visibility: bytes[5] & 3,
            section,
            file_offset,
        })
    });
    symbols.collect()
}
