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

fn scan<const BIG: bool>(
    blob: &[u8],
    sections: &Sections,
    first_id: u32,
) -> Result<(Index, Highest), BtfError> {
    let word = |at: usize| -> u32 {
        let bytes = blob[at..at + 4].try_into().expect("a slice of four bytes");
        if BIG {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        }
    };
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
        let id = first_id + index.offsets.len() as u32;
        let truncated = |needed: u64| BtfError::Truncated {
            what: "type record",
            offset_bytes: at as u64,
            needed_bytes: needed,
            available_bytes: (end - at) as u64,
        };
        if end - at < RECORD_BYTES as usize {
            return Err(truncated(u64::from(RECORD_BYTES)));
        }
        if id > MAX_TYPE_ID {
            let (what, value) = ("number of types", id);
            return Err(BtfError::BadHeader {
                what,
                value,
                offset_bytes: at as u64,
            });
        }
        let (name, info, target) = (word(at), word(at + 4), word(at + 8));
        let number = (info >> 24 & 0x7f) as u8;
        let vlen = info & 0x00ff_ffff;
        let (kind, length) = match Kind::from_number(number) {
            Some(kind) => {
                let (fixed, each) = kind.trailing_bytes();
                (
                    kind,
                    u64::from(RECORD_BYTES + fixed) + u64::from(each) * u64::from(vlen),
                )
            }
            None => {
                let length =
                    layout_length(blob, sections, number, vlen).ok_or(BtfError::UnknownKind {
                        id: TypeId(id),
                        kind: number,
                        offset_bytes: at as u64,
                    })?;
                (Kind::Unknown, length)
            }
        };
        if length > (end - at) as u64 {
            return Err(truncated(length));
        }
        if let Some(what) = broken_rule(kind, info) {
            return Err(BtfError::BadRecord {
                id: TypeId(id),
                kind,
                what,
                offset_bytes: at as u64,
            });
        }
        index.offsets.push(at as u32);
        index.names.push(name);
        index.kinds.push(kind as u8);

        highest.name = highest.name.max(name);
        if kind.has_target() {
            highest.ty = highest.ty.max(target);
        }
        let elements = at + RECORD_BYTES as usize;
        let next = at + length as usize;
        match kind {
            Kind::Struct | Kind::Union => {
                for member in blob[elements..next].chunks_exact(12) {
                    let word = |at: usize| word_of::<BIG>(member, at);
                    highest.name = highest.name.max(word(0));
                    highest.ty = highest.ty.max(word(4));
                }
            }
            Kind::FuncProto => {
                for param in blob[elements..next].chunks_exact(8) {
                    highest.name = highest.name.max(word_of::<BIG>(param, 0));
                    highest.ty = highest.ty.max(word_of::<BIG>(param, 4));
                }
            }
            Kind::Enum | Kind::Enum64 => {
                for value in blob[elements..next].chunks_exact(kind.trailing_bytes().1 as usize) {
                    highest.name = highest.name.max(word_of::<BIG>(value, 0));
                }
            }
            Kind::DataSec => {
                for var in blob[elements..next].chunks_exact(12) {
                    highest.ty = highest.ty.max(word_of::<BIG>(var, 0));
                }
            }
            Kind::Array => highest.ty = highest.ty.max(word(elements)).max(word(elements + 4)),
            _ => {}
        }
        at = next;
    }
    Ok((index, highest))
}

#[inline]
fn word_of<const BIG: bool>(bytes: &[u8], at: usize) -> u32 {
    let word = bytes[at..at + 4].try_into().expect("a slice of four bytes");
    if BIG {
        u32::from_be_bytes(word)
    } else {
        u32::from_le_bytes(word)
    }
}

/// Kinds without elements have `vlen` 0 (FUNC keeps its linkage there), as the kernel checks.
fn broken_rule(kind: Kind, info: u32) -> Option<&'static str> {
    let vlen = info & 0x00ff_ffff;
    match kind {
        Kind::Int
        | Kind::Ptr
        | Kind::Array
        | Kind::Fwd
        | Kind::Typedef
        | Kind::Volatile
        | Kind::Const
        | Kind::Restrict
        | Kind::Var
        | Kind::Float
        | Kind::DeclTag
        | Kind::TypeTag
            if vlen != 0 =>
        {
            Some("vlen is not 0")
        }
        _ => None,
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
        let error = BtfError::BadStringOffset {
            value,
            offset_bytes: at as u64,
        };
        if is_boundary(value) {
            Ok(())
        } else {
            Err(error)
        }
    };
    let check_type = |at: usize| {
        let value = endian.u32_at(blob, at);
        let error = BtfError::BadReference {
            value,
            offset_bytes: at as u64,
        };
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
