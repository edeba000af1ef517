//! The columns of a type, found once, so that records can be written as fast as they come.

use super::{Decoder, Meaning, Value};
use bpfc_btf::{Btf, Composite, Endian, IntEncoding, Type, TypeId};
use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Nested structs that are followed; deeper ones are one column.
const MAX_DEPTH: usize = 8;
/// Most columns of a type; what is behind them is not shown.
const MAX_COLUMNS: usize = 512;

/// The scalar members of a type, in order. Members of members are called `outer.inner`.
#[derive(Clone, Debug)]
pub struct Columns {
    columns: Vec<Column>,
    endian: Endian,
}

#[derive(Clone, Debug)]
struct Column {
    name: String,
    from: usize,
    n_bytes: usize,
    content: Content,
}

/// How a column's bytes are written.
#[derive(Clone, Debug)]
enum Content {
    Unsigned,
    Signed,
    Bool,
    /// An array of `char`.
    Text,
    /// Names by value, ascending.
    Enum(Vec<(i128, String)>, bool),
    Pointer,
    Meant(Meaning),
    /// What only the decoder shows: arrays, characters.
    Other(TypeId),
    /// A bit-field of the struct whose bytes they are.
    Bits {
        of: TypeId,
        name: String,
    },
}

/// For whom a cell is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cells {
    /// For people: control characters escaped, times with units.
    Shown,
    /// For machines: text as it is, times in nanoseconds.
    Plain,
}

impl Columns {
    /// The columns of a `ty` that is called `name` where it is a scalar. Without a type, the bytes are one column.
    pub fn of(btf: &Btf, name: &str, ty: Option<TypeId>) -> Columns {
        let mut columns = Vec::new();
        if let Some(ty) = ty {
            let mut found = Found { btf, columns: &mut columns };
            found.add(Place { name: name.to_owned(), from: 0, ty, is_top: true }, 0);
        }
        Columns { columns, endian: btf.endian() }
    }

    /// True if nothing is known of the type.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// The bytes that a record has at least.
    pub fn n_bytes(&self) -> usize {
        self.columns.iter().map(|column| column.from + column.n_bytes).max().unwrap_or(0)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// Whether a column holds numbers, which people read from their right side.
    pub fn is_number(&self, column: usize) -> bool {
        self.columns.get(column).is_some_and(|column| match column.content {
            Content::Unsigned | Content::Signed | Content::Pointer | Content::Bits { .. } => true,
            Content::Meant(meaning) => {
                matches!(meaning, Meaning::NetworkOrder | Meaning::Duration | Meaning::Timestamp)
            }
            _ => false,
        })
    }

    /// How wide a column usually is, in characters; its name may be wider.
    pub fn usual_width(&self, column: usize) -> usize {
        let Some(column) = self.columns.get(column) else { return 0 };
        match &column.content {
            Content::Meant(Meaning::Ipv4) => 15,
            Content::Meant(Meaning::Ipv6) => 39,
            Content::Meant(Meaning::Mac) => 17,
            Content::Meant(Meaning::Duration) => 10,
            Content::Meant(Meaning::Timestamp) => 14,
            Content::Text => column.n_bytes.saturating_sub(1).clamp(8, 32),
            Content::Enum(names, _) => {
                names.iter().map(|(_, name)| name.len()).max().unwrap_or(8).clamp(4, 32)
            }
            Content::Bool => 5,
            Content::Pointer => 18,
            _ => 8,
        }
    }

    /// Appends a cell of a record. A record that is too short has no such cell.
    pub fn write(&self, btf: &Btf, column: usize, record: &[u8], cells: Cells, out: &mut Vec<u8>) {
        let Some(column) = self.columns.get(column) else { return };
        let Some(bytes) = record.get(column.from..).and_then(|rest| rest.get(..column.n_bytes))
        else {
            return;
        };
        // Writing to a vector cannot fail.
        let _ = match &column.content {
            Content::Unsigned => write_number(out, i128::from(self.unsigned(bytes))),
            Content::Signed => write_number(out, self.signed(bytes)),
            Content::Bool => write!(out, "{}", bytes.iter().any(|byte| *byte != 0)),
            Content::Pointer => write!(out, "{:#x}", self.unsigned(bytes)),
            Content::Text => {
                let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
                write_text(out, &bytes[..end], cells);
                Ok(())
            }
            Content::Enum(names, is_signed) => {
                let number =
                    if *is_signed { self.signed(bytes) } else { i128::from(self.unsigned(bytes)) };
                match names.binary_search_by_key(&number, |(value, _)| *value) {
                    Ok(at) => {
                        out.extend_from_slice(names[at].1.as_bytes());
                        Ok(())
                    }
                    Err(_) => write_number(out, number),
                }
            }
            Content::Meant(meaning) => self.write_meant(*meaning, bytes, cells, out),
            Content::Other(ty) => write!(out, "{}", Decoder::new(btf).decode(*ty, bytes)),
            Content::Bits { of, name } => {
                let members = match Decoder::new(btf).decode(*of, bytes) {
                    Value::Struct(members) => members,
                    _ => Vec::new(),
                };
                let found = members.iter().find(|(other, _)| other == name);
                found.map_or(Ok(()), |(_, value)| write!(out, "{value}"))
            }
        };
    }

    fn write_meant(
        &self,
        meaning: Meaning,
        bytes: &[u8],
        cells: Cells,
        out: &mut Vec<u8>,
    ) -> std::io::Result<()> {
        match (meaning, cells) {
            (Meaning::Ipv4, _) => {
                let octets: [u8; 4] = bytes.try_into().unwrap_or_default();
                write!(out, "{}", Ipv4Addr::from(octets))
            }
            (Meaning::Ipv6, _) => {
                let octets: [u8; 16] = bytes.try_into().unwrap_or_default();
                write!(out, "{}", Ipv6Addr::from(octets))
            }
            (Meaning::Duration | Meaning::Timestamp, Cells::Plain) => {
                write_number(out, i128::from(self.unsigned(bytes)))
            }
            (Meaning::NetworkOrder, _) => {
                let number =
                    bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
                write_number(out, i128::from(number))
            }
            (meaning, _) => match meaning.value(bytes, self.endian) {
                Some(value) => write!(out, "{value}"),
                None => Ok(()),
            },
        }
    }

    /// Up to eight bytes.
    fn unsigned(&self, bytes: &[u8]) -> u64 {
        let mut all = [0; 8];
        let n = bytes.len().min(8);
        match self.endian {
            Endian::Little => {
                all[..n].copy_from_slice(&bytes[..n]);
                u64::from_le_bytes(all)
            }
            Endian::Big => {
                all[8 - n..].copy_from_slice(&bytes[..n]);
                u64::from_be_bytes(all)
            }
        }
    }

    fn signed(&self, bytes: &[u8]) -> i128 {
        let shift = 64 - 8 * bytes.len().clamp(1, 8) as u32;
        i128::from(((self.unsigned(bytes) << shift) as i64) >> shift)
    }
}

/// Decimal digits, without the machinery of formatting: most cells are numbers.
fn write_number(out: &mut Vec<u8>, number: i128) -> std::io::Result<()> {
    let Ok(mut rest) = u64::try_from(number.unsigned_abs()) else {
        return write!(out, "{number}");
    };
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
    Ok(())
}

fn write_text(out: &mut Vec<u8>, bytes: &[u8], cells: Cells) {
    let is_plain = bytes.iter().all(|byte| matches!(byte, b' '..=b'~'));
    if is_plain {
        return out.extend_from_slice(bytes);
    }
    let text = String::from_utf8_lossy(bytes);
    match cells {
        Cells::Plain => out.extend_from_slice(text.as_bytes()),
        Cells::Shown => {
            let shown = Value::Text(bytes.to_vec()).to_string();
            out.extend_from_slice(shown.as_bytes());
        }
    }
}

/// Where a type stands.
struct Place {
    name: String,
    from: usize,
    ty: TypeId,
    /// Its members are not called after it.
    is_top: bool,
}

struct Found<'a> {
    btf: &'a Btf,
    columns: &'a mut Vec<Column>,
}

impl Found<'_> {
    fn add(&mut self, place: Place, depth: usize) {
        let Ok(n_bytes) = self.btf.size_of(place.ty) else { return };
        let n_bytes = n_bytes as usize;
        let name = place.name.rsplit('.').next().unwrap_or_default();
        if let Some(meaning) = Meaning::of(self.btf, if place.is_top { "" } else { name }, place.ty)
        {
            return self.push(place, n_bytes, Content::Meant(meaning));
        }
        let Ok((_, resolved)) = self.btf.resolved(place.ty) else { return };
        let content = match resolved {
            Type::Struct(of) | Type::Union(of)
                if of.members().next().is_some() && depth < MAX_DEPTH =>
            {
                return self.add_members(&of, &place, depth + 1);
            }
            Type::Int(int) if int.size_bytes > 8 || int.name == "char" => Content::Other(place.ty),
            Type::Int(int) => match int.encoding {
                IntEncoding::Bool => Content::Bool,
                IntEncoding::Unsigned => Content::Unsigned,
                _ => Content::Signed,
            },
            Type::Ptr { .. } => Content::Pointer,
            Type::Enum(of) | Type::Enum64(of) => {
                let mut names: Vec<(i128, String)> =
                    of.enumerators().map(|one| (one.value, one.name.to_owned())).collect();
                // Of several names for a value the first is shown, as everywhere.
                names.sort_by_key(|(value, _)| *value);
                names.dedup_by_key(|(value, _)| *value);
                Content::Enum(names, of.is_signed())
            }
            Type::Array { element, .. } => {
                let element = self.btf.resolved(element);
                match element {
                    Ok((_, Type::Int(int))) if int.name == "char" => Content::Text,
                    _ => Content::Other(place.ty),
                }
            }
            _ => Content::Other(place.ty),
        };
        self.push(place, n_bytes, content);
    }

    fn add_members(&mut self, of: &Composite<'_>, place: &Place, depth: usize) {
        let prefix = if place.is_top { String::new() } else { format!("{}.", place.name) };
        for member in of.members() {
            let from = place.from + (member.bit_offset / 8) as usize;
            if member.bitfield_bits.is_some() {
                let content = Content::Bits { of: place.ty, name: member.name.to_owned() };
                let name = format!("{prefix}{}", member.name);
                let around = Place { name, from: place.from, ty: place.ty, is_top: false };
                // One without a name is padding.
                if !member.name.is_empty() {
                    self.push(around, of.size_bytes() as usize, content);
                }
            } else if member.name.is_empty() {
                // Its members are accessed as if they were the outer one's.
                let inner =
                    Place { name: place.name.clone(), from, ty: member.ty, is_top: place.is_top };
                self.add(inner, depth);
            } else {
                let name = format!("{prefix}{}", member.name);
                self.add(Place { name, from, ty: member.ty, is_top: false }, depth);
            }
        }
    }

    fn push(&mut self, place: Place, n_bytes: usize, content: Content) {
        if self.columns.len() < MAX_COLUMNS {
            self.columns.push(Column { name: place.name, from: place.from, n_bytes, content });
        }
    }
}
