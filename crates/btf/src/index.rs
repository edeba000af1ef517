//! Where each record of a type section begins, its name and its kind.
//!
//! Records have no fixed length, so the place of one is known when all before it have been walked.
//! The walk goes in blocks, as far as somebody asks: kernels have their plain types in front of
//! tens of thousands of functions, and most programs ask for the former only.
//!
//! Ensures: every record in the index lies inside the section and is of a kind with a known length.

use std::sync::OnceLock;

use crate::error::BtfError;
use crate::format::{Endian, Kind, KindSet, MAX_TYPE_ID, RECORD_BYTES, TypeId};

/// Where things are in a blob; all offsets from its start.
#[derive(Debug, Clone)]
pub(crate) struct Sections {
    pub(crate) endian: Endian,
    pub(crate) types_start: u32,
    pub(crate) types_end: u32,
    pub(crate) strings_start: u32,
    pub(crate) strings_end: u32,
    /// The table of record lengths per kind, where the blob has one.
    pub(crate) layout: Option<(u32, u32)>,
}

/// Kinds of types that sources name. Most records of a kernel are others: functions, their prototypes, pointers.
pub(crate) const TAGS_AND_TYPEDEFS: KindSet =
    KindSet::of(&[Kind::Struct, Kind::Union, Kind::Enum, Kind::Enum64, Kind::Typedef]);
/// Records of a block; the last one has fewer.
const BLOCK_RECORDS: usize = 4096;
/// Bytes of the shortest record.
const MIN_RECORD_BYTES: usize = RECORD_BYTES as usize;

/// The index of a type section, filled from its start.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    blocks: Box<[OnceLock<Block>]>,
}

/// Consecutive records.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    pub(crate) rows: Vec<Row>,
    /// Which of the rows are [`TAGS_AND_TYPEDEFS`]; ascending.
    pub(crate) tags_and_typedefs: Vec<u16>,
    /// The offset behind the last record.
    end: u32,
}

/// One record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    /// Offset in the blob.
    pub(crate) offset: u32,
    /// Its `name_off`.
    pub(crate) name: u32,
    /// `Kind as u8`; 127 for kinds skipped through the layout table.
    pub(crate) kind: u8,
}

impl Index {
    /// An index of which nothing is known yet.
    pub(crate) fn new(sections: &Sections) -> Index {
        let n_bytes = (sections.types_end - sections.types_start) as usize;
        let n_records = (n_bytes / MIN_RECORD_BYTES).min(MAX_TYPE_ID as usize);
        let n_blocks = n_records.div_ceil(BLOCK_RECORDS);
        Index { blocks: (0..n_blocks).map(|_| OnceLock::new()).collect() }
    }

    /// The row of a record; `None` if there are fewer.
    #[inline]
    pub(crate) fn row(&self, blob: &[u8], sections: &Sections, record: u32) -> Option<Row> {
        let record = record as usize;
        let block = self.block(blob, sections, record / BLOCK_RECORDS)?;
        block.rows.get(record % BLOCK_RECORDS).copied()
    }

    /// The blocks in order, each with the number of its first record.
    pub(crate) fn blocks(
        &self,
        blob: &[u8],
        sections: &Sections,
    ) -> impl Iterator<Item = (u32, &Block)> {
        (0..self.blocks.len()).map_while(move |idx| {
            let block = self.block(blob, sections, idx)?;
            Some(((idx * BLOCK_RECORDS) as u32, block))
        })
    }

    /// How many records there are, and where the last one ends: before the section's end if what
    /// follows is no record.
    pub(crate) fn end(&self, blob: &[u8], sections: &Sections) -> (u32, u32) {
        let last = self.blocks.len().checked_sub(1).and_then(|last| {
            // Walks to the end; there may be fewer records than would fit.
            self.block(blob, sections, last);
            self.blocks.iter().rposition(|block| block.get().is_some())
        });
        match last.and_then(|last| Some((last, self.blocks[last].get()?))) {
            Some((last, block)) => ((last * BLOCK_RECORDS + block.rows.len()) as u32, block.end),
            None => (0, sections.types_start),
        }
    }

    #[inline]
    fn block(&self, blob: &[u8], sections: &Sections, idx: usize) -> Option<&Block> {
        match self.blocks.get(idx)?.get() {
            Some(block) => Some(block),
            None => self.walk_to(blob, sections, idx),
        }
    }

    /// Fills the index up to this block; `None` if the records end before it.
    #[cold]
    fn walk_to(&self, blob: &[u8], sections: &Sections, idx: usize) -> Option<&Block> {
        let n_known = self.blocks[..idx].iter().rposition(|block| block.get().is_some());
        let mut before = n_known.and_then(|last| self.blocks[last].get());
        for block in &self.blocks[n_known.map_or(0, |last| last + 1)..=idx] {
            if before.is_some_and(|before| before.rows.len() < BLOCK_RECORDS) {
                return None;
            }
            let start = before.map_or(sections.types_start, |before| before.end);
            before = Some(block.get_or_init(|| match sections.endian {
                Endian::Little => walk::<false>(blob, sections, start),
                Endian::Big => walk::<true>(blob, sections, start),
            }));
        }
        before
    }
}

/// The length of records of a kind.
#[derive(Clone, Copy)]
struct Shape {
    /// `Kind as u8`, or 0 if this number is no kind.
    kind: u8,
    /// Bytes of the record and its fixed part, and of each element.
    fixed: u8,
    each: u8,
    /// Whether `vlen` must be 0 (FUNC keeps its linkage there).
    is_alone: bool,
}

const SHAPES: [Shape; 128] = {
    let mut shapes = [Shape { kind: 0, fixed: 0, each: 0, is_alone: false }; 128];
    let mut number = 0;
    while number < 128 {
        if let Some(kind) = Kind::from_number(number as u8) {
            let (fixed, each) = kind.trailing_bytes();
            shapes[number] = Shape {
                kind: kind as u8,
                fixed: (RECORD_BYTES + fixed) as u8,
                each: each as u8,
                is_alone: each == 0 && !matches!(kind, Kind::Func),
            };
        }
        number += 1;
    }
    shapes
};

/// The block of records from `at` on. It ends early where the section does, or at what is no record.
fn walk<const BIG: bool>(blob: &[u8], sections: &Sections, start: u32) -> Block {
    let end = sections.types_end as usize;
    let mut at = start as usize;
    let n_records = ((end - at) / MIN_RECORD_BYTES).min(BLOCK_RECORDS);
    let mut rows = Vec::with_capacity(n_records);
    let mut tags_and_typedefs = Vec::new();
    while rows.len() < n_records {
        let Some(head) = blob[at..end].first_chunk::<8>() else {
            break;
        };
        let info = word_of::<BIG>(head, 4);
        let (number, vlen) = ((info >> 24 & 0x7f) as u8, info & 0x00ff_ffff);
        let shape = &SHAPES[usize::from(number)];
        let (mut kind, mut length) =
            (shape.kind, u64::from(shape.fixed) + u64::from(shape.each) * u64::from(vlen));
        if kind == 0 || shape.is_alone && vlen != 0 {
            let Some(later) = layout_length(blob, sections, number, vlen) else {
                break;
            };
            (kind, length) = (Kind::Unknown as u8, later);
        }
        if length > (end - at) as u64 {
            break;
        }
        let name = word_of::<BIG>(head, 0);
        if TAGS_AND_TYPEDEFS.contains_number(kind) {
            tags_and_typedefs.push(rows.len() as u16);
        }
        rows.push(Row { offset: at as u32, name, kind });
        at += length as usize;
    }
    Block { rows, tags_and_typedefs, end: at as u32 }
}

#[inline]
fn word_of<const BIG: bool>(bytes: &[u8; 8], at: usize) -> u32 {
    let word = bytes[at..at + 4].try_into().expect("a slice of four bytes");
    if BIG { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) }
}

/// The length of a record of a kind we do not know, from the blob's layout table: for each kind
/// the bytes after the record, the bytes for each element, and two bytes of flags.
#[cold]
fn layout_length(blob: &[u8], sections: &Sections, number: u8, vlen: u32) -> Option<u64> {
    let (start, end) = sections.layout?;
    let at = start as usize + usize::from(number) * 4;
    if Kind::from_number(number).is_some() || number == 0 || at + 4 > end as usize {
        return None;
    }
    let (fixed, each) = (u64::from(blob[at]), u64::from(blob[at + 1]));
    Some(u64::from(RECORD_BYTES) + fixed + each * u64::from(vlen))
}

/// Why the walk ended at `at` where the section does not end; `id` is what the record would be.
#[cold]
pub(crate) fn why_no_record(blob: &[u8], sections: &Sections, id: TypeId, at: u32) -> BtfError {
    let offset_bytes = u64::from(at);
    if id.0 > MAX_TYPE_ID {
        let what = "number of types";
        return BtfError::BadHeader { what, value: id.0, offset_bytes };
    }
    let available_bytes = u64::from(sections.types_end - at);
    let truncated = |needed_bytes| BtfError::Truncated {
        what: "type record",
        offset_bytes,
        needed_bytes,
        available_bytes,
    };
    if available_bytes < u64::from(RECORD_BYTES) {
        return truncated(RECORD_BYTES.into());
    }
    let info = sections.endian.u32_at(blob, at as usize + 4);
    let (number, vlen) = ((info >> 24 & 0x7f) as u8, info & 0x00ff_ffff);
    let shape = &SHAPES[usize::from(number)];
    match Kind::from_number(number) {
        // Kinds without elements have no `vlen`, as the kernel checks.
        Some(kind) if shape.is_alone && vlen != 0 => {
            BtfError::BadRecord { id, kind, what: "vlen is not 0", offset_bytes }
        }
        Some(_) => truncated(u64::from(shape.fixed) + u64::from(shape.each) * u64::from(vlen)),
        None => match layout_length(blob, sections, number, vlen) {
            Some(length) => truncated(length),
            None => BtfError::UnknownKind { id, kind: number, offset_bytes },
        },
    }
}
