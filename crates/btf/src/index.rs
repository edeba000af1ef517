//! One pass over the type section: where each record begins, its name and its kind.
//!
//! Ensures: every record lies inside the section, every kind has a known length, and every type id
//! and name offset in every record and element is valid, so later reads need no checks.

use crate::error::BtfError;
use crate::format::{Endian, Kind, MAX_TYPE_ID, RECORD_BYTES, TypeId};

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

/// The result of the pass, indexed by record (id minus the first id of this blob).
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    /// Offset of the record in the blob.
    pub(crate) offsets: Vec<u32>,
    /// The record's `name_off`.
    pub(crate) names: Vec<u32>,
    /// `Kind as u8`; 127 for kinds skipped through the layout table.
    pub(crate) kinds: Vec<u8>,
}

/// The largest name offset and type id that the records mention.
#[derive(Default)]
struct Highest {
    name: u32,
    ty: u32,
}

/// Indexes the type section of `blob`.
///
/// `first_id` and `first_string` are 1 and 0, or where the base BTF ends. `is_boundary` tells
/// whether a string may begin at an offset; it is asked only if `check_names` or on the way to an
/// error.
pub(crate) fn index_types(
    blob: &[u8],
    sections: &Sections,
    first_id: u32,
    end_string: u32,
    check_names: Option<&dyn Fn(u32) -> bool>,
) -> Result<Index, BtfError> {
    let (index, highest) = match sections.endian {
        Endian::Little => scan::<false>(blob, sections, first_id)?,
        Endian::Big => scan::<true>(blob, sections, first_id)?,
    };
    let end_id = first_id + index.offsets.len() as u32;
    if highest.name >= end_string || highest.ty >= end_id || check_names.is_some() {
        let is_boundary = |offset| offset < end_string && check_names.is_none_or(|f| f(offset));
        locate_bad_reference(blob, sections.endian, &index, end_id, &is_boundary)?;
    }
    Ok(index)
}

/// What the scan has to know of a kind, so that one loop without branches serves all.
#[derive(Clone, Copy)]
struct Shape {
    /// `Kind as u8`, or 0 if this number is no kind.
    kind: u8,
    /// Bytes of the record and its fixed part, and of each element.
    fixed: u32,
    each: u32,
    /// All ones if the record's third word is a type.
    target: u32,
    /// All ones if an element's first word is a name.
    name: u32,
    /// The word of an element that is a type; the first if none is, with an empty mask.
    ty_word: usize,
    ty: u32,
    /// All ones if `vlen` must be 0 (FUNC keeps its linkage there).
    no_vlen: u32,
}

const fn mask(is_used: bool) -> u32 {
    if is_used { u32::MAX } else { 0 }
}

const SHAPES: [Shape; 128] = {
    let nothing =
        Shape { kind: 0, fixed: 0, each: 0, target: 0, name: 0, ty_word: 0, ty: 0, no_vlen: 0 };
    let mut shapes = [nothing; 128];
    let mut number = 0;
    while number < 128 {
        if let Some(kind) = Kind::from_number(number as u8) {
            let (fixed, each) = kind.trailing_bytes();
            let is_members = matches!(kind, Kind::Struct | Kind::Union | Kind::FuncProto);
            let is_values = matches!(kind, Kind::Enum | Kind::Enum64);
            let is_section = matches!(kind, Kind::DataSec);
            shapes[number] = Shape {
                kind: kind as u8,
                fixed: RECORD_BYTES + fixed,
                each,
                target: mask(kind.has_target()),
                name: mask(is_members || is_values),
                ty_word: if is_members { 4 } else { 0 },
                ty: mask(is_members || is_section),
                no_vlen: mask(each == 0 && !matches!(kind, Kind::Func)),
            };
        }
        number += 1;
    }
    shapes
};

fn scan<const BIG: bool>(
    blob: &[u8],
    sections: &Sections,
    first_id: u32,
) -> Result<(Index, Highest), BtfError> {
    let end = sections.types_end as usize;
    let mut at = sections.types_start as usize;
    // Real records average 28 bytes.
    let expected = (end - at) / 28 + 16;
    let mut index = Index {
        offsets: Vec::with_capacity(expected),
        names: Vec::with_capacity(expected),
        kinds: Vec::with_capacity(expected),
    };
    let mut highest = Highest::default();
    while at < end {
        let id = TypeId(first_id + index.offsets.len() as u32);
        let record = &blob[at..end];
        let Some(head) = record.first_chunk::<12>() else {
            return Err(truncated(at, RECORD_BYTES.into(), end));
        };
        let info = word_of::<BIG>(head, 4);
        let (number, vlen) = ((info >> 24 & 0x7f) as u8, info & 0x00ff_ffff);
        let shape = &SHAPES[usize::from(number)];
        if shape.kind == 0 || vlen & shape.no_vlen != 0 || id.0 > MAX_TYPE_ID {
            let length = unusual_length(blob, sections, id, at, number, vlen)?;
            if length > (end - at) as u64 {
                return Err(truncated(at, length, end));
            }
            index.push(at, word_of::<BIG>(head, 0), Kind::Unknown as u8);
            at += length as usize;
            continue;
        }
        let fixed = shape.fixed as usize;
        // At most 12 times 2 to the 24: no overflow.
        let length = fixed + (shape.each * vlen) as usize;
        let Some(record) = record.get(..length) else {
            return Err(truncated(at, length as u64, end));
        };
        let name = word_of::<BIG>(head, 0);
        index.push(at, name, shape.kind);
        highest.name = highest.name.max(name);
        highest.ty = highest.ty.max(word_of::<BIG>(head, 8) & shape.target);
        if shape.each != 0 {
            for element in record[fixed..].chunks_exact(shape.each as usize) {
                highest.name = highest.name.max(word_of::<BIG>(element, 0) & shape.name);
                highest.ty = highest.ty.max(word_of::<BIG>(element, shape.ty_word) & shape.ty);
            }
        } else if shape.kind == Kind::Array as u8 {
            let types = word_of::<BIG>(record, 12).max(word_of::<BIG>(record, 16));
            highest.ty = highest.ty.max(types);
        }
        at += length;
    }
    Ok((index, highest))
}

fn truncated(at: usize, needed: u64, end: usize) -> BtfError {
    BtfError::Truncated {
        what: "type record",
        offset_bytes: at as u64,
        needed_bytes: needed,
        available_bytes: (end - at) as u64,
    }
}

impl Index {
    #[inline]
    fn push(&mut self, at: usize, name: u32, kind: u8) {
        self.offsets.push(at as u32);
        self.names.push(name);
        self.kinds.push(kind);
    }
}

#[inline]
fn word_of<const BIG: bool>(bytes: &[u8], at: usize) -> u32 {
    let word = bytes[at..at + 4].try_into().expect("a slice of four bytes");
    if BIG { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) }
}

/// The length of a record of a later kind, or what is wrong with this one.
#[cold]
fn unusual_length(
    blob: &[u8],
    sections: &Sections,
    id: TypeId,
    at: usize,
    number: u8,
    vlen: u32,
) -> Result<u64, BtfError> {
    let offset_bytes = at as u64;
    if id.0 > MAX_TYPE_ID {
        let what = "number of types";
        return Err(BtfError::BadHeader { what, value: id.0, offset_bytes });
    }
    match Kind::from_number(number) {
        // Kinds without elements have no `vlen`, as the kernel checks.
        Some(kind) => Err(BtfError::BadRecord { id, kind, what: "vlen is not 0", offset_bytes }),
        None => layout_length(blob, sections, number, vlen).ok_or(BtfError::UnknownKind {
            id,
            kind: number,
            offset_bytes,
        }),
    }
}

/// The length of a record of a kind we do not know, from the blob's layout table: for each kind
/// the bytes after the record, the bytes for each element, and two bytes of flags.
fn layout_length(blob: &[u8], sections: &Sections, kind: u8, vlen: u32) -> Option<u64> {
    let (start, end) = sections.layout?;
    let at = start as usize + usize::from(kind) * 4;
    if kind == 0 || at + 4 > end as usize {
        return None;
    }
    let (fixed, each) = (u64::from(blob[at]), u64::from(blob[at + 1]));
    Some(u64::from(RECORD_BYTES) + fixed + each * u64::from(vlen))
}

/// The slow pass: finds the first reference that is out of range, if there is one.
#[cold]
fn locate_bad_reference(
    blob: &[u8],
    endian: Endian,
    index: &Index,
    end_id: u32,
    is_boundary: &dyn Fn(u32) -> bool,
) -> Result<(), BtfError> {
    let check_name = |at: usize| {
        let value = endian.u32_at(blob, at);
        let error = BtfError::BadStringOffset { value, offset_bytes: at as u64 };
        if is_boundary(value) { Ok(()) } else { Err(error) }
    };
    let check_type = |at: usize| {
        let value = endian.u32_at(blob, at);
        let error = BtfError::BadReference { value, offset_bytes: at as u64 };
        if value < end_id { Ok(()) } else { Err(error) }
    };
    for (&at, &kind) in index.offsets.iter().zip(&index.kinds) {
        let at = at as usize;
        let Some(kind) = Kind::from_number(kind) else {
            continue;
        };
        check_name(at)?;
        if kind.has_target() {
            check_type(at + 8)?;
        }
        let elements = at + RECORD_BYTES as usize;
        let vlen = (endian.u32_at(blob, at + 4) & 0x00ff_ffff) as usize;
        let starts = (0..vlen).map(|idx| elements + idx * kind.trailing_bytes().1 as usize);
        match kind {
            Kind::Struct | Kind::Union | Kind::FuncProto => {
                for start in starts {
                    check_name(start)?;
                    check_type(start + 4)?;
                }
            }
            Kind::Enum | Kind::Enum64 => starts.into_iter().try_for_each(check_name)?,
            Kind::DataSec => starts.into_iter().try_for_each(check_type)?,
            Kind::Array => {
                check_type(elements)?;
                check_type(elements + 4)?;
            }
            _ => {}
        }
    }
    Ok(())
}
