//! Unpacks the types of one kernel.

use crate::columns::{Column, ColumnReader};
use crate::model::{ElementTypes, Name, NameReader, has_vlen, n_words};
use bpfc_btf::Kind;

/// Writes the type section to `out`, all of it. `offsets` has where each name is, 0 first. `None` if the columns make
/// no sense.
pub(crate) fn types(columns: &mut ColumnReader<'_>, offsets: &[u32], out: &mut [u8]) -> Option<()> {
    let mut out = Words { rest: out };
    let mut elements = Elements {
        names: NameReader::new(offsets),
        types: ElementTypes::new(offsets.len() as u32),
    };
    let mut id = 0_u32;
    while !out.rest.is_empty() {
        id += 1;
        let head = columns.byte(Column::Kind);
        let kind = Kind::from_number(head & 0x7f)?;
        let name = elements.names.decode(columns.number(Column::Name))?;
        let vlen = if has_vlen(kind) { columns.number(Column::Vlen) as u32 } else { 0 };
        let third = if kind.has_target() {
            before(id, columns.signed(Column::Target))
        } else {
            columns.number(Column::Size) as u32
        };
        let flag = u32::from(head >> 7) << 31;
        let info = flag | (kind as u32) << 24 | vlen & 0x00ff_ffff;
        out.put([name.offset, info, third])?;
        match kind {
            Kind::Array => out.put(ty_and_two(id, columns))?,
            _ => {
                for _ in 0..n_words(kind).0 {
                    out.put([columns.number(Column::Extra) as u32])?;
                }
            }
        }
        if n_words(kind).1 != 0 {
            elements.decode(id, kind, vlen, columns, &mut out)?;
        }
    }
    columns.is_sound().then_some(())
}

fn before(id: u32, distance: i64) -> u32 {
    i64::from(id).wrapping_sub(distance) as u32
}

/// An array's record, or a variable of a section: a type and two numbers.
fn ty_and_two(id: u32, columns: &mut ColumnReader<'_>) -> [u32; 3] {
    let ty = before(id, columns.signed(Column::ElementType));
    let mut extra = || columns.number(Column::Extra) as u32;
    [ty, extra(), extra()]
}

struct Elements<'a> {
    names: NameReader<'a>,
    types: ElementTypes,
}

impl Elements<'_> {
    fn decode(
        &mut self,
        id: u32,
        kind: Kind,
        n_elements: u32,
        columns: &mut ColumnReader<'_>,
        out: &mut Words<'_>,
    ) -> Option<()> {
        let mut last = 0_i64;
        match kind {
            Kind::Struct | Kind::Union => {
                for _ in 0..n_elements {
                    let (name, ty) = self.typed(id, columns)?;
                    last = last.wrapping_add(columns.signed(Column::Offset));
                    out.put([name.offset, ty, last as u32])?;
                }
            }
            Kind::FuncProto => {
                for _ in 0..n_elements {
                    let (name, ty) = self.typed(id, columns)?;
                    out.put([name.offset, ty])?;
                }
            }
            Kind::Enum => {
                for _ in 0..n_elements {
                    let name = self.names.decode(columns.number(Column::ElementName))?;
                    last = last.wrapping_add(columns.signed(Column::Value));
                    out.put([name.offset, last as u32])?;
                }
            }
            Kind::Enum64 => {
                for _ in 0..n_elements {
                    let name = self.names.decode(columns.number(Column::ElementName))?;
                    last = last.wrapping_add(columns.signed(Column::Value));
                    out.put([name.offset, last as u32, (last as u64 >> 32) as u32])?;
                }
            }
            _ => {
                for _ in 0..n_elements {
                    out.put(ty_and_two(id, columns))?;
                }
            }
        }
        Some(())
    }

    /// A member's or parameter's name and type.
    #[inline(always)]
    fn typed(&mut self, id: u32, columns: &mut ColumnReader<'_>) -> Option<(Name, u32)> {
        let name = self.names.decode(columns.number(Column::ElementName))?;
        let ty = self.types.decode(id, name.number, columns.number(Column::ElementType));
        Some((name, ty))
    }
}

struct Words<'a> {
    rest: &'a mut [u8],
}

impl Words<'_> {
    #[inline(always)]
    fn put<const N: usize>(&mut self, words: [u32; N]) -> Option<()> {
        let rest = std::mem::take(&mut self.rest);
        let (place, rest) = rest.split_at_mut_checked(N * 4)?;
        for (place, word) in place.chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        self.rest = rest;
        Some(())
    }
}
