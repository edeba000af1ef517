//! The rules of the format for a blob that came from elsewhere.
//!
//! Ensures: the type section is nothing but records, strings are UTF-8, and every type id and name
//! offset in every record and element leads somewhere.

use crate::error::BtfError;
use crate::format::{Kind, MAX_TYPE_ID, RECORD_BYTES, StrOff, TypeId};
use crate::index::{Row, why_no_record};
use crate::reader::Btf;

/// Checks all of a blob; its base was checked when that was opened.
pub(crate) fn check(btf: &Btf) -> Result<(), BtfError> {
    let (blob, sections) = (btf.bytes(), btf.sections());
    if let Err(error) = std::str::from_utf8(btf.own_strings()) {
        let what = "it is not UTF-8";
        let offset_bytes = u64::from(sections.strings_start) + error.valid_up_to() as u64;
        return Err(BtfError::BadStrings { what, offset_bytes });
    }
    let (n_records, end) = btf.index().end(blob, sections);
    let end_id = btf.first_id() + n_records;
    if end != sections.types_end || end_id > MAX_TYPE_ID + 1 {
        return Err(why_no_record(blob, sections, TypeId(end_id), end));
    }
    let (end_string, is_ascii) = (btf.end_string(), btf.is_ascii());
    let references = References { btf, blob, end_id, end_string, is_ascii };
    let mut rows = btf.rows();
    rows.try_for_each(|(_, row)| references.check(row))
}

/// What references are checked against.
struct References<'b> {
    btf: &'b Btf,
    blob: &'b [u8],
    end_id: u32,
    end_string: u32,
    is_ascii: bool,
}

impl References<'_> {
    /// Checks the names and types of a record and its elements.
    fn check(&self, row: Row) -> Result<(), BtfError> {
        let Some(kind) = Kind::from_number(row.kind) else {
            return Ok(());
        };
        let at = row.offset as usize;
        self.name(at)?;
        if kind.has_target() {
            self.ty(at + 8)?;
        }
        let elements = at + RECORD_BYTES as usize;
        let vlen = (self.word(at + 4) & 0x00ff_ffff) as usize;
        let mut starts = (0..vlen).map(|idx| elements + idx * kind.trailing_bytes().1 as usize);
        match kind {
            Kind::Struct | Kind::Union | Kind::FuncProto => {
                starts.try_for_each(|start| self.name(start).and_then(|()| self.ty(start + 4)))
            }
            Kind::Enum | Kind::Enum64 => starts.try_for_each(|start| self.name(start)),
            Kind::DataSec => starts.try_for_each(|start| self.ty(start)),
            Kind::Array => self.ty(elements).and_then(|()| self.ty(elements + 4)),
            _ => Ok(()),
        }
    }

    #[inline]
    fn name(&self, at: usize) -> Result<(), BtfError> {
        let value = self.word(at);
        if value < self.end_string && (self.is_ascii || self.begins_character(value)) {
            return Ok(());
        }
        Err(BtfError::BadStringOffset { value, offset_bytes: at as u64 })
    }

    #[inline]
    fn ty(&self, at: usize) -> Result<(), BtfError> {
        let value = self.word(at);
        if value < self.end_id {
            return Ok(());
        }
        Err(BtfError::BadReference { value, offset_bytes: at as u64 })
    }

    #[inline]
    fn word(&self, at: usize) -> u32 {
        self.btf.endian().u32_at(self.blob, at)
    }

    #[cold]
    fn begins_character(&self, offset: u32) -> bool {
        match offset.checked_sub(self.btf.first_string()) {
            // Any byte but a continuation byte begins a character.
            Some(local) => {
                let byte = self.btf.own_strings().get(local as usize);
                byte.is_some_and(|byte| byte & 0xc0 != 0x80)
            }
            None => self.btf.string(StrOff(offset)).is_some(),
        }
    }
}
