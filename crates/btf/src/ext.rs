//! `.BTF.ext`: which instruction is which function, source line, or CO-RE relocation.
//!
//! Three tables, each a record size followed by blocks, one for each ELF section:
//! section name, number of records, records. Strings and types live in `.BTF`.

use crate::error::BtfError;
use crate::format::{Endian, HEADER_BYTES, MAGIC, StrOff, TypeId, VERSION};

/// Header with the CO-RE table: two bytes of magic, version, flags, length, three (offset, length).
const EXT_HEADER_BYTES: u32 = 32;

/// Where a function begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FuncRecord {
    /// Offset of its first instruction in the ELF section, in bytes.
    pub insn_offset_bytes: u32,
    /// Its FUNC.
    pub func: TypeId,
}

/// Where the code of a source line begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LineRecord {
    /// Offset of the first instruction in the ELF section, in bytes.
    pub insn_offset_bytes: u32,
    /// Name of the source file.
    pub file: StrOff,
    /// Text of the source line.
    pub text: StrOff,
    /// Line, from 1; at most 22 bits are written.
    pub line: u32,
    /// Column, from 1; at most 10 bits are written. 0 if unknown.
    pub column: u32,
}

/// A CO-RE relocation as stored (`struct bpf_core_relo`, `include/uapi/linux/bpf.h`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CoreRecord {
    /// Offset of the instruction to patch in the ELF section, in bytes.
    pub insn_offset_bytes: u32,
    /// The local root type.
    pub ty: TypeId,
    /// The access string, such as `0:1:2`.
    pub access: StrOff,
    /// `enum bpf_core_relo_kind`; see [`CoreKind`](crate::core::CoreKind).
    pub kind: u32,
}

/// The records of one ELF section.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ExtSection<R> {
    /// The ELF section's name.
    pub name: StrOff,
    /// Its records, by ascending instruction offset.
    pub records: Vec<R>,
}

/// A `.BTF.ext` section, read or to be written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BtfExt {
    /// Functions.
    pub funcs: Vec<ExtSection<FuncRecord>>,
    /// Source lines.
    pub lines: Vec<ExtSection<LineRecord>>,
    /// CO-RE relocations.
    pub relocations: Vec<ExtSection<CoreRecord>>,
}

/// One of the three record types.
trait Record: Sized {
    const TABLE: &'static str;
    const N_WORDS: u32;
    fn from_words(word: impl Fn(u32) -> u32) -> Self;
    fn words(&self) -> [u32; 4];
}

impl Record for FuncRecord {
    const TABLE: &'static str = "func_info";
    const N_WORDS: u32 = 2;
    fn from_words(word: impl Fn(u32) -> u32) -> Self {
        FuncRecord { insn_offset_bytes: word(0), func: TypeId(word(1)) }
    }
    fn words(&self) -> [u32; 4] {
        [self.insn_offset_bytes, self.func.0, 0, 0]
    }
}

impl Record for LineRecord {
    const TABLE: &'static str = "line_info";
    const N_WORDS: u32 = 4;
    fn from_words(word: impl Fn(u32) -> u32) -> Self {
        LineRecord {
            insn_offset_bytes: word(0),
            file: StrOff(word(1)),
            text: StrOff(word(2)),
            line: word(3) >> 10,
            column: word(3) & 0x3ff,
        }
    }
    /// Saturates: a line number past 4,194,303 or a column past 1,023 cannot be said.
    fn words(&self) -> [u32; 4] {
        let position = self.line.min(0x003f_ffff) << 10 | self.column.min(0x3ff);
        [self.insn_offset_bytes, self.file.0, self.text.0, position]
    }
}

impl Record for CoreRecord {
    const TABLE: &'static str = "core_relo";
    const N_WORDS: u32 = 4;
    fn from_words(word: impl Fn(u32) -> u32) -> Self {
        CoreRecord {
            insn_offset_bytes: word(0),
            ty: TypeId(word(1)),
            access: StrOff(word(2)),
            kind: word(3),
        }
    }
    fn words(&self) -> [u32; 4] {
        [self.insn_offset_bytes, self.ty.0, self.access.0, self.kind]
    }
}

impl BtfExt {
    /// Reads a blob. Longer records than known are cut to what is known, as the format intends.
    ///
    /// # Errors
    /// Any rule of the format that the blob breaks. Ids and strings are not looked up.
    pub fn parse(blob: &[u8]) -> Result<BtfExt, BtfError> {
        let truncated = |needed: u32| BtfError::Truncated {
            what: "BTF.ext header",
            offset_bytes: 0,
            needed_bytes: needed.into(),
            available_bytes: blob.len() as u64,
        };
        if blob.len() < HEADER_BYTES as usize {
            return Err(truncated(HEADER_BYTES));
        }
        let Some(endian) = Endian::from_magic([blob[0], blob[1]]) else {
            return Err(BtfError::BadMagic { magic: u16::from_le_bytes([blob[0], blob[1]]) });
        };
        if blob[2] != VERSION {
            return Err(BtfError::BadVersion { version: blob[2] });
        }
        let header_bytes = endian.u32_at(blob, 4);
        if header_bytes < HEADER_BYTES {
            let what = "hdr_len";
            return Err(BtfError::BadHeader { what, value: header_bytes, offset_bytes: 4 });
        }
        if blob.len() < header_bytes as usize {
            return Err(truncated(header_bytes));
        }
        let has_relocations = header_bytes >= EXT_HEADER_BYTES;
        Ok(BtfExt {
            funcs: table(blob, endian, header_bytes, 8)?,
            lines: table(blob, endian, header_bytes, 16)?,
            relocations: if has_relocations {
                table(blob, endian, header_bytes, 24)?
            } else {
                Vec::new()
            },
        })
    }

    /// Adds a function to an ELF section. Call in the order of instructions, as for the others.
    pub fn push_func(&mut self, section: StrOff, record: FuncRecord) {
        push(&mut self.funcs, section, record);
    }

    /// Adds a source line to an ELF section.
    pub fn push_line(&mut self, section: StrOff, record: LineRecord) {
        push(&mut self.lines, section, record);
    }

    /// Adds a CO-RE relocation to an ELF section.
    pub fn push_relocation(&mut self, section: StrOff, record: CoreRecord) {
        push(&mut self.relocations, section, record);
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.funcs.is_empty() && self.lines.is_empty() && self.relocations.is_empty()
    }

    /// Writes a blob. Sections without records are left out, as readers reject them.
    pub fn to_bytes(&self, endian: Endian) -> Vec<u8> {
        let tables = [
            table_bytes(&self.funcs, endian),
            table_bytes(&self.lines, endian),
            table_bytes(&self.relocations, endian),
        ];
        let mut blob = Vec::new();
        blob.extend(endian.u16_bytes(MAGIC));
        blob.extend([VERSION, 0]);
        blob.extend(endian.u32_bytes(EXT_HEADER_BYTES));
        let mut offset = 0;
        for table in &tables {
            blob.extend(endian.u32_bytes(offset));
            blob.extend(endian.u32_bytes(table.len() as u32));
            offset += table.len() as u32;
        }
        tables.iter().for_each(|table| blob.extend(table));
        blob
    }
}

fn push<R>(sections: &mut Vec<ExtSection<R>>, name: StrOff, record: R) {
    match sections.iter_mut().find(|section| section.name == name) {
        Some(section) => section.records.push(record),
        None => sections.push(ExtSection { name, records: vec![record] }),
    }
}

/// Reads the table whose offset and length are at `field` in the header.
fn table<R: Record>(
    blob: &[u8],
    endian: Endian,
    header_bytes: u32,
    field: usize,
) -> Result<Vec<ExtSection<R>>, BtfError> {
    let (offset, length) = (endian.u32_at(blob, field), endian.u32_at(blob, field + 4));
    if length == 0 {
        return Ok(Vec::new());
    }
    let start = u64::from(header_bytes) + u64::from(offset);
    let end = start + u64::from(length);
    let bad = |what, value, at: usize| BtfError::BadExt {
        table: R::TABLE,
        what,
        value,
        offset_bytes: at as u64,
    };
    let truncated = |at: u64, needed: u64, end: u64| BtfError::Truncated {
        what: R::TABLE,
        offset_bytes: at,
        needed_bytes: needed,
        available_bytes: end.saturating_sub(at),
    };
    if offset % 4 != 0 {
        return Err(bad("offset", offset, field));
    }
    if end > blob.len() as u64 {
        return Err(truncated(start, length.into(), blob.len() as u64));
    }
    if length < 4 {
        return Err(truncated(start, 4, end));
    }
    let (mut at, end) = (start as usize, end as usize);
    let record_bytes = endian.u32_at(blob, at);
    if record_bytes < R::N_WORDS * 4 || !record_bytes.is_multiple_of(4) {
        return Err(bad("record size", record_bytes, at));
    }
    at += 4;
    let mut sections = Vec::new();
    while at < end {
        if end - at < 8 {
            return Err(truncated(at as u64, 8, end as u64));
        }
        let (name, n_records) = (StrOff(endian.u32_at(blob, at)), endian.u32_at(blob, at + 4));
        if n_records == 0 {
            return Err(bad("number of records", 0, at + 4));
        }
        at += 8;
        let needed = u64::from(n_records) * u64::from(record_bytes);
        if needed > (end - at) as u64 {
            return Err(truncated(at as u64, needed, end as u64));
        }
        let next = at + needed as usize;
        let records = blob[at..next]
            .chunks_exact(record_bytes as usize)
            .map(|bytes| R::from_words(|idx| endian.u32_at(bytes, idx as usize * 4)))
            .collect();
        sections.push(ExtSection { name, records });
        at = next;
    }
    Ok(sections)
}

fn table_bytes<R: Record>(sections: &[ExtSection<R>], endian: Endian) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut word = |word: u32| bytes.extend(endian.u32_bytes(word));
    let mut sections = sections.iter().filter(|section| !section.records.is_empty()).peekable();
    if sections.peek().is_some() {
        word(R::N_WORDS * 4);
    }
    for section in sections {
        word(section.name.0);
        word(section.records.len() as u32);
        for record in &section.records {
            record.words()[..R::N_WORDS as usize].iter().for_each(|&value| word(value));
        }
    }
    bytes
}
