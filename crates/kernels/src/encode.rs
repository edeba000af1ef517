//! Packs kernels.

use crate::columns::{Column, ColumnWriter};
use crate::container::{self, PackError};
use crate::model::{ElementTypes, NameWriter, has_vlen, n_words};
use bpfc_btf::{Btf, Kind};
use bpfc_kabi::KernelVersion;
use std::collections::HashMap;

/// A kernel to be packed.
#[derive(Clone, Copy, Debug)]
pub struct PackInput<'a> {
    /// Its version.
    pub version: KernelVersion,
    /// Its full name, `uname -r`.
    pub release: &'a str,
    /// Its BTF, little-endian, by itself.
    pub btf: &'a Btf,
}

/// Packs kernels, which are sorted by version; `compress` makes LZ4 blocks.
///
/// # Errors
/// [`PackError::Unsupported`] for records that the coding does not know.
pub fn pack(
    kernels: &[PackInput<'_>],
    mut compress: impl FnMut(&[u8]) -> Vec<u8>,
) -> Result<Vec<u8>, PackError> {
    let mut newest_first: Vec<&PackInput<'_>> = kernels.iter().collect();
    newest_first.sort_by_key(|kernel| std::cmp::Reverse(kernel.version));
    let mut strings = Strings::default();
    let mut string_blocks = Vec::new();
    // A kernel needs its own strings and those of newer kernels.
    for kernel in &newest_first {
        let start = strings.bytes.len();
        let words = Words::of(kernel.btf)?;
        mentioned_names(&words, |offset| strings.add(kernel.btf, offset))?;
        string_blocks.push(container::block(&strings.bytes[start..], &mut compress));
    }
    let mut packed = Vec::new();
    for (idx, kernel) in newest_first.iter().enumerate() {
        let words = Words::of(kernel.btf)?;
        let n_names = strings.n_until[idx];
        let (lengths, columns) = columns(kernel.btf, &words, &strings, n_names)?;
        packed.push(container::KernelRecord {
            version: kernel.version,
            release: kernel.release.to_owned(),
            n_string_blocks: idx as u32 + 1,
            n_names,
            types_bytes: words.0.len() as u32 * 4,
            lengths,
            block: container::block(&columns, &mut compress),
        });
    }
    packed.reverse();
    Ok(container::write(&string_blocks, &packed))
}

/// The words of a type section.
struct Words(Vec<u32>);

impl Words {
    fn of(btf: &Btf) -> Result<Words, PackError> {
        let bytes = btf.bytes();
        let word = |at: usize| {
            let word = bytes.get(at..at + 4)?;
            Some(u32::from_le_bytes(word.try_into().ok()?))
        };
        let section = || -> Option<Vec<u32>> {
            let is_plain = btf.base().is_none() && btf.endian() == bpfc_btf::Endian::Little;
            let start = word(4).filter(|_| is_plain)? as usize + word(8)? as usize;
            let n_words = word(12)? as usize / 4;
            (0..n_words).map(|idx| word(start + idx * 4)).collect()
        };
        let what = "BTF of the other byte order, or on top of a base";
        section().map(Words).ok_or(PackError::Unsupported { id: 0, what })
    }
}

/// All strings in the order in which they were first mentioned.
#[derive(Default)]
struct Strings {
    /// With a NUL behind each, the empty string first.
    bytes: Vec<u8>,
    numbers: HashMap<String, u32>,
    /// How many there are with the first kernel, with the second, ….
    n_until: Vec<u32>,
    seen: HashMap<u32, u32>,
}

impl Strings {
    fn add(&mut self, btf: &Btf, offset: Option<u32>) {
        let Some(offset) = offset else {
            self.n_until.push(self.numbers.len() as u32);
            self.seen.clear();
            return;
        };
        if self.bytes.is_empty() {
            self.bytes.push(0);
        }
        let text = btf.string(bpfc_btf::StrOff(offset)).unwrap_or_default();
        if !text.is_empty() && !self.numbers.contains_key(text) {
            let number = self.numbers.len() as u32 + 1;
            self.numbers.insert(text.to_owned(), number);
            self.bytes.extend_from_slice(text.as_bytes());
            self.bytes.push(0);
        }
    }

    fn number(&self, btf: &Btf, offset: u32) -> u32 {
        let text = btf.string(bpfc_btf::StrOff(offset)).unwrap_or_default();
        self.numbers.get(text).copied().unwrap_or(0)
    }
}

/// Calls `name` with the offset of each name in the order of the columns, then with `None`.
fn mentioned_names(words: &Words, mut name: impl FnMut(Option<u32>)) -> Result<(), PackError> {
    walk(words, |record| {
        name(Some(record.name));
        let has_names = !matches!(record.kind, Kind::DataSec | Kind::Array);
        for element in record.elements.chunks(record.element_words).filter(|_| has_names) {
            name(Some(element[0]));
        }
    })?;
    name(None);
    Ok(())
}

/// A type record.
struct Record<'a> {
    id: u32,
    kind: Kind,
    flag: bool,
    name: u32,
    vlen: u32,
    third: u32,
    /// The words behind the first three that belong to no element.
    fixed: &'a [u32],
    elements: &'a [u32],
    element_words: usize,
}

fn walk(words: &Words, mut visit: impl FnMut(&Record<'_>)) -> Result<(), PackError> {
    let mut rest = &words.0[..];
    let mut id = 0;
    while !rest.is_empty() {
        id += 1;
        let unsupported = |what| PackError::Unsupported { id, what };
        let [name, info, third, tail @ ..] = rest else {
            return Err(unsupported("a record that is cut off"));
        };
        let (number, vlen) = (info >> 24 & 0x7f, info & 0x00ff_ffff);
        let kind = Kind::from_number(number as u8).filter(|kind| *kind != Kind::Unknown);
        let kind = kind.ok_or(unsupported("a kind that is not known"))?;
        if vlen != 0 && !has_vlen(kind) {
            return Err(unsupported("a number of elements where there are none"));
        }
        let (n_fixed, element_words) = n_words(kind);
        let n_elements = if element_words == 0 { 0 } else { vlen as usize };
        let split = tail.split_at_checked(n_fixed).and_then(|(fixed, tail)| {
            let (elements, tail) = tail.split_at_checked(n_elements * element_words)?;
            Some((fixed, elements, tail))
        });
        let (fixed, elements, tail) = split.ok_or(unsupported("a record that is cut off"))?;
        rest = tail;
        visit(&Record {
            id,
            kind,
            flag: info >> 31 != 0,
            name: *name,
            vlen,
            third: *third,
            fixed,
            elements,
            element_words: element_words.max(1),
        });
    }
    Ok(())
}

fn columns(
    btf: &Btf,
    words: &Words,
    strings: &Strings,
    n_names: u32,
) -> Result<([u32; crate::columns::N_COLUMNS], Vec<u8>), PackError> {
    let mut out = ColumnWriter::default();
    let mut names = NameWriter::new(n_names);
    let mut types = ElementTypes::new(n_names);
    walk(words, |record| {
        let flag = if record.flag { 0x80 } else { 0 };
        out.byte(Column::Kind, record.kind as u8 | flag);
        out.number(Column::Name, names.encode(strings.number(btf, record.name)));
        if has_vlen(record.kind) {
            out.number(Column::Vlen, record.vlen.into());
        }
        if record.kind.has_target() {
            let distance = i64::from(record.id) - i64::from(record.third);
            out.signed(Column::Target, distance);
        } else {
            out.number(Column::Size, record.third.into());
        }
        if record.kind == Kind::Array {
            out.signed(Column::ElementType, i64::from(record.id) - i64::from(record.fixed[0]));
            out.number(Column::Extra, record.fixed[1].into());
            out.number(Column::Extra, record.fixed[2].into());
        } else {
            record.fixed.iter().for_each(|word| out.number(Column::Extra, (*word).into()));
        }
        let mut before = 0;
        for element in record.elements.chunks(record.element_words) {
            let mut name = |out: &mut ColumnWriter| {
                let name = strings.number(btf, element[0]);
                out.number(Column::ElementName, names.encode(name));
                name
            };
            match record.kind {
                Kind::Struct | Kind::Union => {
                    let name = name(&mut out);
                    let ty = types.encode(record.id, name, element[1]);
                    out.number(Column::ElementType, ty);
                    out.signed(Column::Offset, i64::from(element[2]) - before);
                    before = element[2].into();
                }
                Kind::FuncProto => {
                    let name = name(&mut out);
                    let ty = types.encode(record.id, name, element[1]);
                    out.number(Column::ElementType, ty);
                }
                Kind::Enum => {
                    name(&mut out);
                    let value = i64::from(element[1] as i32);
                    out.signed(Column::Value, value - before);
                    before = value;
                }
                Kind::Enum64 => {
                    name(&mut out);
                    let value = (u64::from(element[2]) << 32 | u64::from(element[1])) as i64;
                    out.signed(Column::Value, value.wrapping_sub(before));
                    before = value;
                }
                _ => {
                    out.signed(Column::ElementType, i64::from(record.id) - i64::from(element[0]));
                    out.number(Column::Extra, element[1].into());
                    out.number(Column::Extra, element[2].into());
                }
            }
        }
    })?;
    Ok(out.finish())
}
