//! JSON to bytes, by BTF type: the other way round than [`Decoder`](super::Decoder).

use super::Meaning;
use bpfc_base::similar::most_similar;
use bpfc_btf::{Btf, Composite, Endian, Int, IntEncoding, Member, Type, TypeId};
use serde_json::Value as Json;
use std::ops::Range;

/// Nested types that are followed.
const MAX_DEPTH: u32 = 16;

/// Encodes by the types of one BTF, in its byte order.
#[derive(Clone, Copy, Debug)]
pub struct Encoder<'a> {
    btf: &'a Btf,
}

/// A part of a value: where it is and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The type.
    pub ty: TypeId,
    /// Where it starts, in bits from the start of the whole.
    pub bit_offset: usize,
    /// Of a bit-field, how many bits.
    pub bits: Option<u32>,
    /// What it stands for, beyond its type.
    pub meaning: Option<Meaning>,
}

/// What an element of JSON cannot be.
type Outcome<T> = Result<T, String>;

impl<'a> Encoder<'a> {
    /// Encodes by the types of `btf`.
    pub fn new(btf: &'a Btf) -> Self {
        Self { btf }
    }

    /// Writes `value` as `ty` over `bytes`. Members that are not mentioned, and what follows a text, keep what they were or
    /// become zero.
    ///
    /// # Errors
    /// What does not fit, in words; `bytes` are then in an unknown state.
    pub fn encode(&self, ty: TypeId, value: &Json, bytes: &mut [u8]) -> Outcome<()> {
        self.put(self.whole("", ty), value, bytes, 0)
    }

    fn whole(&self, name: &str, ty: TypeId) -> Part {
        Part { ty, bit_offset: 0, bits: None, meaning: Meaning::of(self.btf, name, ty) }
    }

    /// The part that `path` leads to of a `ty` called `name`, which may be empty: `.member`, `[2]`, and so on. The empty path is
    /// the whole.
    ///
    /// # Errors
    /// Which step leads nowhere.
    pub fn part(&self, name: &str, ty: TypeId, path: &str) -> Outcome<Part> {
        let mut part = self.whole(name, ty);
        let mut rest = path;
        while !rest.is_empty() {
            let (step, next) = if let Some(behind) = rest.strip_prefix('[') {
                let (idx, next) = behind.split_once(']').ok_or("`[` without `]`")?;
                (self.element(part, idx.trim())?, next)
            } else if let Some(behind) = rest.strip_prefix('.') {
                let end = behind.find(['.', '[']).unwrap_or(behind.len());
                (self.member(part, &behind[..end])?, &behind[end..])
            } else {
                return Err(format!("`{rest}` is neither `.member` nor `[index]`"));
            };
            (part, rest) = (step, next);
        }
        Ok(part)
    }

    /// The bytes of the whole that a part is in.
    ///
    /// # Errors
    /// Its type has no size.
    pub fn range(&self, part: Part) -> Outcome<Range<usize>> {
        let start = part.bit_offset / 8;
        let end = match part.bits {
            Some(bits) => (part.bit_offset + bits as usize).div_ceil(8),
            None => start + self.btf.size_of(part.ty).map_err(|error| error.to_string())? as usize,
        };
        Ok(start..end)
    }

    /// Writes `value` to a part of the whole that is in `bytes`.
    ///
    /// # Errors
    /// As [`Encoder::encode`].
    pub fn encode_part(&self, part: Part, value: &Json, bytes: &mut [u8]) -> Outcome<()> {
        self.put(part, value, bytes, 0)
    }

    fn element(&self, part: Part, idx: &str) -> Outcome<Part> {
        let Type::Array { element, n_elements, .. } = self.resolved(part.ty)? else {
            return Err(format!("`[{idx}]` of what is no array"));
        };
        let number: u32 = idx.parse().map_err(|_| format!("`{idx}` is no index"))?;
        if number >= n_elements {
            return Err(format!("there are {n_elements} elements, and none with index {number}"));
        }
        let size = self.btf.size_of(element).map_err(|error| error.to_string())? as usize;
        let bit_offset = part.bit_offset + number as usize * size * 8;
        Ok(Part {
            ty: element,
            bit_offset,
            bits: None,
            meaning: Meaning::of(self.btf, "", element),
        })
    }

    fn member(&self, part: Part, name: &str) -> Outcome<Part> {
        let (Type::Struct(of) | Type::Union(of)) = self.resolved(part.ty)? else {
            return Err(format!("`.{name}` of what has no members"));
        };
        let mut names = Vec::new();
        let found = self.find(&of, name, 0, &mut names);
        let (member, outer_bits) = found.ok_or_else(|| {
            let similar = most_similar(name, names.iter().map(String::as_str));
            match similar {
                Some(similar) => format!("no member `{name}`; did you mean `{similar}`?"),
                None => format!("no member `{name}`"),
            }
        })?;
        Ok(Part {
            ty: member.ty,
            bit_offset: part.bit_offset + outer_bits + member.bit_offset as usize,
            bits: member.bitfield_bits.map(u32::from),
            meaning: Meaning::of(self.btf, name, member.ty)
                .filter(|_| member.bitfield_bits.is_none()),
        })
    }

    /// A member by name, also of anonymous members; with the bits in front of the struct that it is in.
    fn find(
        &self,
        of: &Composite<'a>,
        name: &str,
        depth: u32,
        names: &mut Vec<String>,
    ) -> Option<(Member<'a>, usize)> {
        for member in of.members() {
            if member.name == name {
                return Some((member, 0));
            }
            if !member.name.is_empty() {
                names.push(member.name.to_owned());
            } else if depth < MAX_DEPTH
                && let Ok(Type::Struct(inner) | Type::Union(inner)) = self.resolved(member.ty)
                && let Some((found, bits)) = self.find(&inner, name, depth + 1, names)
            {
                return Some((found, bits + member.bit_offset as usize));
            }
        }
        None
    }

    fn resolved(&self, ty: TypeId) -> Outcome<Type<'a>> {
        self.btf.resolved(ty).map(|(_, ty)| ty).map_err(|error| error.to_string())
    }

    fn put(&self, part: Part, value: &Json, bytes: &mut [u8], depth: u32) -> Outcome<()> {
        if depth > MAX_DEPTH {
            return Err("the type is nested too deeply".into());
        }
        if let Some(encoded) = part.meaning.and_then(|meaning| meaning.encode(value)) {
            let encoded = encoded?;
            let from = part.bit_offset / 8;
            let place = bytes.get_mut(from..from + encoded.len()).ok_or("too few bytes")?;
            place.copy_from_slice(&encoded);
            return Ok(());
        }
        match self.resolved(part.ty)? {
            Type::Int(int) => {
                let bits = part.bits.unwrap_or(int.size_bytes * 8);
                let number = integer(&int, value, bits)?;
                let is_swapped = part.meaning == Some(Meaning::NetworkOrder)
                    && self.btf.endian() == Endian::Little;
                let number = match is_swapped && bits.is_multiple_of(8) && bits <= 64 {
                    true => i128::from((number as u64).swap_bytes() >> (64 - bits)),
                    false => number,
                };
                self.store(part, bits, number, bytes)
            }
            Type::Enum(of) | Type::Enum64(of) => {
                let bits = part.bits.unwrap_or(of.size_bytes() * 8);
                let number = match value {
                    Json::String(name) => {
                        let found = of.enumerators().find(|other| other.name == name);
                        match found {
                            Some(found) => found.value,
                            None => in_range(
                                number_of(value, || {
                                    let names = of.enumerators().map(|other| other.name);
                                    match most_similar(name, names) {
                                        Some(similar) => format!(
                                            "`{name}` is no value of the enumeration; did you mean `{similar}`?"
                                        ),
                                        None => format!("`{name}` is no value of the enumeration"),
                                    }
                                })?,
                                bits,
                                of.is_signed(),
                            )?,
                        }
                    }
                    value => in_range(
                        number_of(value, || expects("a name or number", value))?,
                        bits,
                        of.is_signed(),
                    )?,
                };
                self.store(part, bits, number, bytes)
            }
            Type::Ptr { .. } => {
                let number = match value {
                    Json::Null => 0,
                    value => {
                        in_range(number_of(value, || expects("an address", value))?, 64, false)?
                    }
                };
                self.store(part, 64, number, bytes)
            }
            Type::Array { element, n_elements, .. } => {
                self.put_array(part, (element, n_elements as usize), value, bytes, depth)
            }
            Type::Struct(_) | Type::Union(_) => {
                let Json::Object(members) = value else {
                    return Err(expects("an object with members", value));
                };
                for (name, value) in members {
                    let member = self.member(part, name)?;
                    let inner = self.put(member, value, bytes, depth + 1);
                    inner.map_err(|problem| format!("`{name}`: {problem}"))?;
                }
                Ok(())
            }
            _ => Err("the type has no value".into()),
        }
    }

    fn put_array(
        &self,
        part: Part,
        (element, n_elements): (TypeId, usize),
        value: &Json,
        bytes: &mut [u8],
        depth: u32,
    ) -> Outcome<()> {
        let size = self.btf.size_of(element).map_err(|error| error.to_string())? as usize;
        let is_bytes = matches!(self.resolved(element)?, Type::Int(int) if int.size_bytes == 1);
        match value {
            Json::String(text) if is_bytes => {
                let from = part.bit_offset / 8;
                let place = bytes.get_mut(from..from + n_elements).ok_or("too few bytes")?;
                if text.len() >= n_elements {
                    let most = n_elements.saturating_sub(1);
                    return Err(format!(
                        "the text has {} bytes, there is room for {most}",
                        text.len()
                    ));
                }
                place.fill(0);
                place[..text.len()].copy_from_slice(text.as_bytes());
                Ok(())
            }
            Json::Array(values) if values.len() == n_elements => {
                for (idx, value) in values.iter().enumerate() {
                    let bit_offset = part.bit_offset + idx * size * 8;
                    let meaning = Meaning::of(self.btf, "", element);
                    let part = Part { ty: element, bit_offset, bits: None, meaning };
                    let inner = self.put(part, value, bytes, depth + 1);
                    inner.map_err(|problem| format!("`[{idx}]`: {problem}"))?;
                }
                Ok(())
            }
            Json::Array(values) => {
                Err(format!("{} elements for an array of {n_elements}", values.len()))
            }
            value => Err(expects(if is_bytes { "a text or an array" } else { "an array" }, value)),
        }
    }

    /// Stores the low `bits` of a number.
    fn store(&self, part: Part, bits: u32, number: i128, bytes: &mut [u8]) -> Outcome<()> {
        let (first, skipped) = (part.bit_offset / 8, (part.bit_offset % 8) as u32);
        let n_bytes = (skipped + bits).div_ceil(8) as usize;
        let place = bytes.get_mut(first..first + n_bytes).ok_or("too few bytes")?;
        if n_bytes > 16 {
            return Err("the bit-field is too wide".into());
        }
        let ones = if bits >= 128 { u128::MAX } else { (1 << bits) - 1 };
        let shift = match self.btf.endian() {
            Endian::Little => skipped,
            Endian::Big => n_bytes as u32 * 8 - skipped - bits,
        };
        let mut all = [0; 16];
        let old = match self.btf.endian() {
            Endian::Little => {
                all[..n_bytes].copy_from_slice(place);
                u128::from_le_bytes(all)
            }
            Endian::Big => {
                all[16 - n_bytes..].copy_from_slice(place);
                u128::from_be_bytes(all)
            }
        };
        let new = old & !(ones << shift) | (number as u128 & ones) << shift;
        match self.btf.endian() {
            Endian::Little => place.copy_from_slice(&new.to_le_bytes()[..n_bytes]),
            Endian::Big => place.copy_from_slice(&new.to_be_bytes()[16 - n_bytes..]),
        }
        Ok(())
    }
}

fn integer(int: &Int<'_>, value: &Json, bits: u32) -> Outcome<i128> {
    match (int.encoding, value) {
        (_, Json::Bool(is_set)) => Ok(i128::from(*is_set)),
        (IntEncoding::Bool, value) => {
            let number = number_of(value, || expects("true or false", value))?;
            in_range(number, 1, false)
        }
        (_, Json::String(text))
            if int.size_bytes == 1 && text.len() == 1 && number(text).is_none() =>
        {
            Ok(i128::from(text.as_bytes()[0]))
        }
        (encoding, value) => {
            let number = number_of(value, || expects("a number", value))?;
            // A character is shown as its code, which is not negative.
            let is_code = int.name == "char" && (0..256).contains(&number);
            in_range(number, bits, encoding != IntEncoding::Unsigned && !is_code)
        }
    }
}

/// A number that is one in JSON, or a text that reads as one.
fn number_of(value: &Json, otherwise: impl FnOnce() -> String) -> Outcome<i128> {
    let found = match value {
        Json::Number(n) => {
            let whole = n.as_i64().map(i128::from).or(n.as_u64().map(i128::from));
            // 1e6 is a whole number too.
            let float = n.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < 9e15);
            whole.or(float.map(|n| n as i128))
        }
        Json::String(text) => number(text),
        _ => None,
    };
    found.ok_or_else(otherwise)
}

/// Decimal, or hexadecimal, octal and binary as in C, with a sign.
fn number(text: &str) -> Option<i128> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let parsed = match digits.get(..2) {
        Some("0x" | "0X") => i128::from_str_radix(&digits[2..], 16),
        Some("0b" | "0B") => i128::from_str_radix(&digits[2..], 2),
        _ if digits.starts_with(['+', '-']) => return None,
        _ => digits.parse(),
    };
    parsed.ok().map(|number| if is_negative { -number } else { number })
}

/// A negative number is taken by an unsigned type as little as one that is too large.
fn in_range(number: i128, bits: u32, is_signed: bool) -> Outcome<i128> {
    let bits = bits.clamp(1, 64);
    let (min, max) = match is_signed {
        true => (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1),
        false => (0, (1_i128 << bits) - 1),
    };
    match (min..=max).contains(&number) {
        true => Ok(number),
        false => Err(format!("{number} is not in {min}..={max}")),
    }
}

fn expects(what: &str, found: &Json) -> String {
    let text = found.to_string();
    format!("expected {what}, found `{}`", text.chars().take(60).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_in_c() {
        assert_eq!(number("0x1f"), Some(31));
        assert_eq!(number("-0x10"), Some(-16));
        assert_eq!(number("0b101"), Some(5));
        assert_eq!(number("--1"), None);
        assert_eq!(number(""), None);
    }

    #[test]
    fn ranges_are_kept() {
        assert!(in_range(255, 8, false).is_ok() && in_range(256, 8, false).is_err());
        assert!(in_range(-128, 8, true).is_ok() && in_range(-1, 8, false).is_err());
        assert_eq!(in_range(3, 1, false).unwrap_err(), "3 is not in 0..=1");
    }
}
