//! Opens a `.BTF` blob and hands out views of its types and strings.

use std::ffi::CStr;
use std::sync::{Arc, OnceLock};

use crate::bytes::Bytes;
use crate::check::check;
use crate::error::BtfError;
use crate::format::{
    Endian, HEADER_BYTES, HEADER_WITH_LAYOUT_BYTES, Kind, MAX_NAME_OFFSET, StrOff, TypeId, VERSION,
};
use crate::index::{Index, Row, Sections};
use crate::types::Type;

/// A parsed `.BTF` blob, alone or on top of a base.
///
/// Records are found by walking, as far as they are asked for; strings stay in the blob. Cheap
/// questions (`ty`, `string`) cost a bounds check each.
#[derive(Debug, Clone)]
pub struct Btf {
    bytes: Bytes,
    sections: Sections,
    index: Index,
    base: Option<Arc<Btf>>,
    first_id: u32,
    first_string: u32,
    /// Whether all strings, the base's too, are ASCII.
    is_ascii: OnceLock<bool>,
    pub(crate) pointer_bytes: OnceLock<u32>,
}

impl Btf {
    /// Opens a self-contained blob, such as the `.BTF` section of an object, and checks all of it.
    ///
    /// # Errors
    /// Any rule of the format that the blob breaks.
    pub fn parse(bytes: impl Into<Bytes>) -> Result<Btf, BtfError> {
        let btf = Btf::open(bytes.into(), None)?;
        check(&btf)?;
        Ok(btf)
    }

    /// Opens a split blob, such as `/sys/kernel/btf/MODULE`, on top of the BTF it extends.
    ///
    /// # Errors
    /// As [`Btf::parse`]; also a reference beyond base and split together.
    pub fn parse_split(bytes: impl Into<Bytes>, base: Arc<Btf>) -> Result<Btf, BtfError> {
        let btf = Btf::open(bytes.into(), Some(base))?;
        check(&btf)?;
        Ok(btf)
    }

    /// Opens a self-contained blob that need not be checked, such as `/sys/kernel/btf/vmlinux`,
    /// without a look at its types. If it is damaged nevertheless, then the types from there on are
    /// missing, names are empty, and references lead to [`BtfError::NoSuchType`].
    ///
    /// # Errors
    /// What is wrong with the header, or with the ends of the sections.
    pub fn trust(bytes: impl Into<Bytes>) -> Result<Btf, BtfError> {
        Btf::open(bytes.into(), None)
    }

    fn open(bytes: Bytes, base: Option<Arc<Btf>>) -> Result<Btf, BtfError> {
        let blob = bytes.as_slice();
        let sections = parse_header(blob)?;
        let strings = &blob[sections.strings_start as usize..sections.strings_end as usize];
        check_string_ends(strings, &sections, base.is_some())?;
        let index = Index::new(&sections);
        let first_id = base.as_ref().map_or(1, |base| base.end_id());
        let first_string = base.as_ref().map_or(0, |base| base.end_string());
        let (is_ascii, pointer_bytes) = (OnceLock::new(), OnceLock::new());
        Ok(Btf { bytes, sections, index, base, first_id, first_string, is_ascii, pointer_bytes })
    }

    /// The blob.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.as_slice()
    }

    /// The blob's byte order.
    pub fn endian(&self) -> Endian {
        self.sections.endian
    }

    /// The BTF that this one extends.
    pub fn base(&self) -> Option<&Arc<Btf>> {
        self.base.as_ref()
    }

    /// One more than the highest type id: `void`, the base's types and this blob's.
    pub fn end_id(&self) -> u32 {
        self.first_id + self.index.end(self.bytes(), &self.sections).0
    }

    /// The ids of this blob's own types, without `void` and without the base's.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = TypeId> + Clone + use<> {
        (self.first_id..self.end_id()).map(TypeId)
    }

    /// The ids of the base's types and this blob's, without `void`.
    pub fn all_ids(&self) -> impl ExactSizeIterator<Item = TypeId> + Clone + use<> {
        (1..self.end_id()).map(TypeId)
    }

    /// The type with this id.
    ///
    /// # Errors
    /// [`BtfError::NoSuchType`]; never for an id that came out of a BTF that was checked.
    #[inline]
    pub fn ty(&self, id: TypeId) -> Result<Type<'_>, BtfError> {
        match self.owner(id) {
            _ if id.is_void() => Ok(Type::Void),
            Some((owner, row)) => Ok(Type::decode(owner, row)),
            None => Err(BtfError::NoSuchType { id }),
        }
    }

    /// The kind of this type; `None` if there is no such type.
    #[inline]
    pub fn kind(&self, id: TypeId) -> Option<Kind> {
        if id.is_void() {
            return Some(Kind::Void);
        }
        let (_, row) = self.owner(id)?;
        Some(Kind::from_number(row.kind).unwrap_or(Kind::Unknown))
    }

    /// The name of a type; empty if it has none or does not exist.
    pub fn name(&self, id: TypeId) -> &str {
        match self.owner(id) {
            Some((owner, row)) => owner.name_at(row.name),
            None => "",
        }
    }

    /// The string at this offset; `None` if the offset is not inside the strings.
    pub fn string(&self, offset: StrOff) -> Option<&str> {
        std::str::from_utf8(self.string_bytes(offset.0)?).ok()
    }

    /// The bytes of the string at this offset, without the NUL.
    pub(crate) fn string_bytes(&self, offset: u32) -> Option<&[u8]> {
        Some(CStr::from_bytes_until_nul(self.string_tail(offset)?).ok()?.to_bytes())
    }

    /// All string bytes from this offset on.
    #[inline]
    pub(crate) fn string_tail(&self, offset: u32) -> Option<&[u8]> {
        match (offset.checked_sub(self.first_string), &self.base) {
            (Some(local), _) => self.own_strings().get(local as usize..),
            (None, Some(base)) => base.string_tail(offset),
            (None, None) => None,
        }
    }

    /// The name at this offset; empty if there is none.
    pub(crate) fn name_at(&self, offset: u32) -> &str {
        self.string(StrOff(offset)).unwrap_or_default()
    }

    /// This blob's string section.
    #[inline]
    pub(crate) fn own_strings(&self) -> &[u8] {
        let (start, end) = (self.sections.strings_start, self.sections.strings_end);
        &self.bytes.as_slice()[start as usize..end as usize]
    }

    /// The offset of the first string of this blob itself.
    pub(crate) fn first_string(&self) -> u32 {
        self.first_string
    }

    /// The first id of this blob itself.
    pub(crate) fn first_id(&self) -> u32 {
        self.first_id
    }

    pub(crate) fn index(&self) -> &Index {
        &self.index
    }

    pub(crate) fn sections(&self) -> &Sections {
        &self.sections
    }

    /// The rows of this blob's own types, in order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (TypeId, Row)> {
        let blocks = self.index.blocks(self.bytes(), &self.sections);
        blocks.flat_map(|(first, block)| {
            let ids = (self.first_id + first..).map(TypeId);
            ids.zip(block.rows.iter().copied())
        })
    }

    /// The rows of [`TAGS_AND_TYPEDEFS`](crate::index::TAGS_AND_TYPEDEFS).
    pub(crate) fn tags_and_typedefs(&self) -> impl Iterator<Item = (TypeId, Row)> {
        let blocks = self.index.blocks(self.bytes(), &self.sections);
        blocks.flat_map(move |(first, block)| {
            let row = move |&at: &u16| {
                (TypeId(self.first_id + first + u32::from(at)), block.rows[usize::from(at)])
            };
            block.tags_and_typedefs.iter().map(row)
        })
    }

    /// Whether all strings, the base's too, are ASCII.
    pub(crate) fn is_ascii(&self) -> bool {
        let base = || self.base.as_ref().is_none_or(|base| base.is_ascii());
        *self.is_ascii.get_or_init(|| base() && self.own_strings().is_ascii())
    }

    /// The word at an offset inside a record.
    #[inline]
    pub(crate) fn word(&self, at: u32) -> u32 {
        self.sections.endian.u32_at(self.bytes.as_slice(), at as usize)
    }

    /// The blob in which a type lies, and its row there.
    #[inline]
    fn owner(&self, id: TypeId) -> Option<(&Btf, Row)> {
        match (id.0.checked_sub(self.first_id), &self.base) {
            (Some(record), _) => {
                Some((self, self.index.row(self.bytes(), &self.sections, record)?))
            }
            (None, Some(base)) => base.owner(id),
            (None, None) => None,
        }
    }

    /// One more than the highest offset of a string.
    pub(crate) fn end_string(&self) -> u32 {
        self.first_string + (self.sections.strings_end - self.sections.strings_start)
    }
}

/// Reads `struct btf_header` and places the sections.
fn parse_header(blob: &[u8]) -> Result<Sections, BtfError> {
    let header = |needed: u32| BtfError::Truncated {
        what: "BTF header",
        offset_bytes: 0,
        needed_bytes: u64::from(needed),
        available_bytes: blob.len() as u64,
    };
    if blob.len() < HEADER_BYTES as usize {
        return Err(header(HEADER_BYTES));
    }
    let Some(endian) = Endian::from_magic([blob[0], blob[1]]) else {
        return Err(BtfError::BadMagic { magic: u16::from_le_bytes([blob[0], blob[1]]) });
    };
    if blob[2] != VERSION {
        return Err(BtfError::BadVersion { version: blob[2] });
    }
    let bad = |what, at: usize| BtfError::BadHeader {
        what,
        value: endian.u32_at(blob, at),
        offset_bytes: at as u64,
    };
    let header_bytes = endian.u32_at(blob, 4);
    if header_bytes < HEADER_BYTES || header_bytes % 4 != 0 {
        return Err(bad("hdr_len", 4));
    }
    if blob.len() < header_bytes as usize {
        return Err(header(header_bytes));
    }
    if blob.len() > i32::MAX as usize {
        let what = "length of the blob";
        return Err(BtfError::BadHeader { what, value: u32::MAX, offset_bytes: 0 });
    }
    let section = |what, at| place_section(blob, endian, header_bytes, what, at);
    let (types_start, types_end) = section("type section", 8)?;
    let (strings_start, strings_end) = section("string section", 16)?;
    if types_start % 4 != 0 {
        return Err(bad("type_off", 8));
    }
    if types_end > strings_start {
        return Err(bad("str_off", 16));
    }
    let has_layout = header_bytes >= HEADER_WITH_LAYOUT_BYTES && endian.u32_at(blob, 28) != 0;
    let layout = if has_layout { Some(section("layout section", 24)?) } else { None };
    Ok(Sections { endian, types_start, types_end, strings_start, strings_end, layout })
}

/// Start and end of the section whose offset and length are at `field` in the header.
fn place_section(
    blob: &[u8],
    endian: Endian,
    header_bytes: u32,
    what: &'static str,
    field: usize,
) -> Result<(u32, u32), BtfError> {
    let start = u64::from(header_bytes) + u64::from(endian.u32_at(blob, field));
    let length = u64::from(endian.u32_at(blob, field + 4));
    if start + length > blob.len() as u64 {
        return Err(BtfError::Truncated {
            what,
            offset_bytes: start,
            needed_bytes: length,
            available_bytes: (blob.len() as u64).saturating_sub(start),
        });
    }
    Ok((start as u32, (start + length) as u32))
}

/// Strings begin with the empty string (unless they continue a base's) and end with a NUL.
fn check_string_ends(strings: &[u8], sections: &Sections, is_split: bool) -> Result<(), BtfError> {
    let bad = |what, at: usize| BtfError::BadStrings {
        what,
        offset_bytes: u64::from(sections.strings_start) + at as u64,
    };
    if strings.len() > MAX_NAME_OFFSET as usize + 1 {
        return Err(bad("it is longer than 16 MiB", MAX_NAME_OFFSET as usize));
    }
    match (strings.first(), strings.last()) {
        (None, _) | (_, None) if is_split => Ok(()),
        (None, _) | (_, None) => Err(bad("it is empty", 0)),
        (_, Some(last)) if *last != 0 => Err(bad("there is no NUL at its end", strings.len() - 1)),
        (Some(first), _) if *first != 0 && !is_split => {
            Err(bad("it does not begin with the empty string", 0))
        }
        _ => Ok(()),
    }
}
