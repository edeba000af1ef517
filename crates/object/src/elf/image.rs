//! Lays an ELF file out: sections, symbols and relocations in, bytes out.

use super::{
    Binding, CLASS_64, FILE_HEADER_BYTES, MACHINE_BPF, REL_BYTES, SECTION_HEADER_BYTES,
    SYMBOL_BYTES, SymbolType, TYPE_RELOCATABLE, section_flag, section_idx, section_type,
};
use bpfc_isa::Endian;
use std::collections::HashMap;

/// An ELF file under construction.
#[derive(Debug)]
pub(crate) struct Image {
    pub endian: Endian,
    /// In file order, without the null section and those made here: relocations, `.symtab`,
    /// `.strtab`.
    pub sections: Vec<SectionDef>,
    /// In file order but for the rule that local ones come first.
    pub symbols: Vec<SymbolDef>,
}

/// One section.
#[derive(Debug)]
pub(crate) struct SectionDef {
    pub name: String,
    /// `SHT_*`
    pub section_type: u32,
    /// `SHF_*`
    pub flags: u64,
    pub align: u64,
    /// Content; none of a section without content.
    pub bytes: Vec<u8>,
    /// Size, which is that of `bytes` if there is content.
    pub size_bytes: u64,
    pub relocs: Vec<RelocDef>,
}

/// One relocation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RelocDef {
    pub offset_bytes: u64,
    /// `R_BPF_*`
    pub reloc_type: u32,
    pub symbol: SymbolIdx,
}

/// Position in [`Image::symbols`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SymbolIdx(usize);

/// One symbol.
#[derive(Debug)]
pub(crate) struct SymbolDef {
    pub name: String,
    /// Position in [`Image::sections`]; none if undefined.
    pub section: Option<usize>,
    pub value: u64,
    pub size_bytes: u64,
    pub binding: Binding,
    pub symbol_type: SymbolType,
    pub visibility: u8,
}

/// More sections than an ELF file without extensions can have.
#[derive(Debug)]
pub(crate) struct TooManySections;

impl Image {
    pub fn new(endian: Endian) -> Image {
        Image { endian, sections: Vec::new(), symbols: Vec::new() }
    }

    /// Appends a section with content; its position.
    pub fn push_section(&mut self, name: &str, flags: u64, align: u64, bytes: Vec<u8>) -> usize {
        self.sections.push(SectionDef {
            name: name.into(),
            section_type: section_type::PROGBITS,
            flags,
            align,
            size_bytes: bytes.len() as u64,
            bytes,
            relocs: Vec::new(),
        });
        self.sections.len() - 1
    }

    /// Appends a symbol.
    pub fn push_symbol(&mut self, symbol: SymbolDef) -> SymbolIdx {
        self.symbols.push(symbol);
        SymbolIdx(self.symbols.len() - 1)
    }

    /// A symbol, to be completed.
    pub fn symbol_mut(&mut self, symbol: SymbolIdx) -> &mut SymbolDef {
        &mut self.symbols[symbol.0]
    }

    /// The file.
    pub fn to_bytes(&self) -> Result<Vec<u8>, TooManySections> {
        let mut layout = Layout {
            out: Out { endian: self.endian, bytes: vec![0; FILE_HEADER_BYTES] },
            strings: Strings { bytes: vec![0], offsets: HashMap::new() },
            headers: vec![Header::default()],
        };
        let section_numbers = self.write_contents(&mut layout);
        if section_numbers.len() * 2 + 3 > usize::from(section_idx::FIRST_RESERVED) {
            return Err(TooManySections);
        }
        let n_relocs = self.sections.iter().filter(|section| !section.relocs.is_empty());
        let symtab = layout.headers.len() + n_relocs.count();
        let order = self.symbol_order();
        self.write_relocs(&mut layout, &section_numbers, symtab, &order);
        debug_assert_eq!(layout.headers.len(), symtab);
        self.write_symbols(&mut layout, &section_numbers, &order);
        Ok(layout.finish())
    }

    /// Writes section contents; the section header number of each section.
    fn write_contents(&self, layout: &mut Layout) -> Vec<u32> {
        let mut numbers = Vec::with_capacity(self.sections.len());
        for section in &self.sections {
            numbers.push(layout.headers.len() as u32);
            let offset = layout.out.align(section.align);
            if section.section_type != section_type::NOBITS {
                layout.out.bytes.extend_from_slice(&section.bytes);
            }
            let name = layout.strings.intern(&section.name);
            layout.headers.push(Header {
                name,
                section_type: section.section_type,
                flags: section.flags,
                offset,
                size: section.size_bytes,
                align: section.align,
                ..Header::default()
            });
        }
        numbers
    }

    /// The symbol table number of each symbol: the null symbol, local symbols, others.
    fn symbol_order(&self) -> Vec<u32> {
        let mut order = vec![0; self.symbols.len()];
        let mut next = 1;
        for is_local in [true, false] {
            for (idx, symbol) in self.symbols.iter().enumerate() {
                if (symbol.binding == Binding::Local) == is_local {
                    order[idx] = next;
                    next += 1;
                }
            }
        }
        order
    }

    fn write_relocs(&self, layout: &mut Layout, numbers: &[u32], symtab: usize, order: &[u32]) {
        for (idx, section) in self.sections.iter().enumerate() {
            if section.relocs.is_empty() {
                continue;
            }
            let offset = layout.out.align(8);
            for reloc in &section.relocs {
                layout.out.u64(reloc.offset_bytes);
                let symbol = u64::from(order[reloc.symbol.0]);
                layout.out.u64(symbol << 32 | u64::from(reloc.reloc_type));
            }
            let name = layout.strings.intern(&format!(".rel{}", section.name));
            layout.headers.push(Header {
                name,
                section_type: section_type::REL,
                flags: section_flag::INFO_LINK,
                offset,
                size: (section.relocs.len() * REL_BYTES) as u64,
                link: symtab as u32,
                info: numbers[idx],
                align: 8,
                entry_size: REL_BYTES as u64,
            });
        }
    }

    fn write_symbols(&self, layout: &mut Layout, numbers: &[u32], order: &[u32]) {
        let offset = layout.out.align(8);
        layout.out.bytes.extend([0; SYMBOL_BYTES]);
        let mut by_number: Vec<usize> = (0..order.len()).collect();
        by_number.sort_by_key(|&idx| order[idx]);
        let mut n_local = 1;
        for &idx in &by_number {
            let symbol = &self.symbols[idx];
            n_local += u32::from(symbol.binding == Binding::Local);
            let name = layout.strings.intern(&symbol.name);
            let section = symbol.section.map_or(0, |section| numbers[section]);
            let out = &mut layout.out;
            out.u32(name);
            let info = symbol.binding.number() << 4 | symbol.symbol_type.number();
            out.bytes.extend([info, symbol.visibility]);
            out.u16(section as u16);
            out.u64(symbol.value);
            out.u64(symbol.size_bytes);
        }
        let name = layout.strings.intern(".symtab");
        let strtab = layout.headers.len() as u32 + 1;
        layout.headers.push(Header {
            name,
            section_type: section_type::SYMTAB,
            offset,
            size: ((order.len() + 1) * SYMBOL_BYTES) as u64,
            link: strtab,
            info: n_local,
            align: 8,
            entry_size: SYMBOL_BYTES as u64,
            ..Header::default()
        });
    }
}

/// The file so far.
struct Layout {
    out: Out,
    strings: Strings,
    headers: Vec<Header>,
}

impl Layout {
    /// Writes what describes the rest: `.strtab`, section headers, file header.
    fn finish(mut self) -> Vec<u8> {
        let name = self.strings.intern(".strtab");
        self.headers.push(Header {
            name,
            section_type: section_type::STRTAB,
            offset: self.out.bytes.len() as u64,
            size: self.strings.bytes.len() as u64,
            align: 1,
            ..Header::default()
        });
        self.out.bytes.extend_from_slice(&self.strings.bytes);
        let headers_offset = self.out.align(8);
        for header in &self.headers {
            header.write(&mut self.out);
        }
        let mut file =
            Out { endian: self.out.endian, bytes: vec![0x7f, b'E', b'L', b'F', CLASS_64] };
        let data = match file.endian {
            Endian::Little => 1,
            Endian::Big => 2,
        };
        file.bytes.extend([data, 1]);
        file.bytes.resize(16, 0);
        file.u16(TYPE_RELOCATABLE);
        file.u16(MACHINE_BPF);
        file.u32(1);
        file.u64(0);
        file.u64(0);
        file.u64(headers_offset);
        file.u32(0);
        file.u16(FILE_HEADER_BYTES as u16);
        file.u16(0);
        file.u16(0);
        file.u16(SECTION_HEADER_BYTES as u16);
        file.u16(self.headers.len() as u16);
        file.u16(self.headers.len() as u16 - 1);
        self.out.bytes[..FILE_HEADER_BYTES].copy_from_slice(&file.bytes);
        self.out.bytes
    }
}

/// A section header.
#[derive(Default)]
struct Header {
    name: u32,
    section_type: u32,
    flags: u64,
    offset: u64,
    size: u64,
    link: u32,
    info: u32,
    align: u64,
    entry_size: u64,
}

impl Header {
    fn write(&self, out: &mut Out) {
        out.u32(self.name);
        out.u32(self.section_type);
        out.u64(self.flags);
        out.u64(0);
        out.u64(self.offset);
        out.u64(self.size);
        out.u32(self.link);
        out.u32(self.info);
        out.u64(self.align);
        out.u64(self.entry_size);
    }
}

/// Bytes in a byte order.
struct Out {
    endian: Endian,
    bytes: Vec<u8>,
}

impl Out {
    /// Fills up to a multiple of `align`; the offset reached.
    fn align(&mut self, align: u64) -> u64 {
        let offset = (self.bytes.len() as u64).next_multiple_of(align.max(1));
        self.bytes.resize(offset as usize, 0);
        offset
    }

    fn u16(&mut self, value: u16) {
        self.bytes.extend(match self.endian {
            Endian::Little => value.to_le_bytes(),
            Endian::Big => value.to_be_bytes(),
        });
    }

    fn u32(&mut self, value: u32) {
        self.bytes.extend(match self.endian {
            Endian::Little => value.to_le_bytes(),
            Endian::Big => value.to_be_bytes(),
        });
    }

    fn u64(&mut self, value: u64) {
        self.bytes.extend(match self.endian {
            Endian::Little => value.to_le_bytes(),
            Endian::Big => value.to_be_bytes(),
        });
    }
}

/// A string table.
struct Strings {
    bytes: Vec<u8>,
    offsets: HashMap<String, u32>,
}

impl Strings {
    fn intern(&mut self, text: &str) -> u32 {
        if text.is_empty() {
            return 0;
        }
        if let Some(&offset) = self.offsets.get(text) {
            return offset;
        }
        let offset = self.bytes.len() as u32;
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(0);
        self.offsets.insert(text.into(), offset);
        offset
    }
}
