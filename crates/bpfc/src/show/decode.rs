//! Bytes to [`Value`]s, by BTF type.

use super::{Meaning, Value};
use bpfc_btf::{Btf, Composite, Endian, Int, IntEncoding, Member, Type, TypeId};

/// Nested types that are followed; deeper ones are shown as bytes.
const MAX_DEPTH: u32 = 16;

/// Decodes by the types of one BTF, in its byte order.
#[derive(Clone, Copy, Debug)]
pub struct Decoder<'a> {
    btf: &'a Btf,
}

/// A column: a name and its value.
pub type Field = (String, Value);

impl<'a> Decoder<'a> {
    /// Decodes by the types of `btf`.
    pub fn new(btf: &'a Btf) -> Self {
        Self { btf }
    }

    /// What `bytes` mean as `ty`. Bytes that are missing or of an unknown type are shown as
    /// they are.
    pub fn decode(&self, ty: TypeId, bytes: &[u8]) -> Value {
        self.value(ty, bytes, 0).unwrap_or_else(|| Value::Bytes(bytes.to_vec()))
    }

    /// The value as columns: a struct's members, or the whole under `name`. Without a type,
    /// 4 and 8 bytes are taken for unsigned integers.
    pub fn columns(&self, name: &str, ty: Option<TypeId>, bytes: &[u8]) -> Vec<Field> {
        let value = match ty {
            Some(ty) => self.decode(ty, bytes),
            None if matches!(bytes.len(), 4 | 8) => Value::Int(self.unsigned(bytes) as i128),
            None => Value::Bytes(bytes.to_vec()),
        };
        match value {
            Value::Struct(members) if !members.is_empty() => members,
            value => vec![(name.to_owned(), value)],
        }
    }

    fn value(&self, ty: TypeId, bytes: &[u8], depth: u32) -> Option<Value> {
        if depth > MAX_DEPTH {
            return None;
        }
        // Without a name: what the type itself says.
        if let Some(meaning) = Meaning::of(self.btf, "", ty) {
            return self.meant(meaning, ty, bytes);
        }
        let (_, resolved) = self.btf.resolved(ty).ok()?;
        Some(match resolved {
            Type::Int(int) => self.integer(&int, bytes.get(..int.size_bytes as usize)?),
            Type::Ptr { .. } => Value::Pointer(self.unsigned(bytes.get(..8)?) as u64),
            Type::Enum(of) | Type::Enum64(of) => {
                let bytes = bytes.get(..of.size_bytes() as usize)?;
                let number = number(self.unsigned(bytes), bytes.len() as u32 * 8, of.is_signed());
                named(&of, number)
            }
            Type::Struct(of) => self.members(&of, bytes, depth)?,
            Type::Union(of) => self.members(&of, bytes, depth)?,
            Type::Array { element, n_elements, .. } => {
                self.array(element, n_elements as usize, bytes, depth)?
            }
            _ => return None,
        })
    }

    fn members(&self, of: &Composite<'_>, bytes: &[u8], depth: u32) -> Option<Value> {
        let bytes = bytes.get(..of.size_bytes() as usize)?;
        let mut members = Vec::new();
        for member in of.members() {
            let value = self.member(&member, bytes, depth)?;
            match value {
                // Members of anonymous structs are accessed as if they were the outer one's.
                Value::Struct(inner) if member.name.is_empty() => members.extend(inner),
                value => members.push((member.name.to_owned(), value)),
            }
        }
        Some(Value::Struct(members))
    }

    fn member(&self, member: &Member<'_>, bytes: &[u8], depth: u32) -> Option<Value> {
        if let Some(bits) = member.bitfield_bits {
            return Some(self.bit_field(member, u32::from(bits), bytes));
        }
        let bytes = bytes.get((member.bit_offset / 8) as usize..)?;
        if let Some(meaning) = Meaning::of(self.btf, member.name, member.ty) {
            return self.meant(meaning, member.ty, bytes);
        }
        self.value(member.ty, bytes, depth + 1)
    }

    /// What a variable's bytes mean, whose name may say more than its type.
    pub fn variable(&self, name: &str, ty: TypeId, bytes: &[u8]) -> Value {
        let meant =
            Meaning::of(self.btf, name, ty).and_then(|meaning| self.meant(meaning, ty, bytes));
        meant.unwrap_or_else(|| self.decode(ty, bytes))
    }

    fn meant(&self, meaning: Meaning, ty: TypeId, bytes: &[u8]) -> Option<Value> {
        let n_bytes = self.btf.size_of(ty).ok()? as usize;
        meaning.value(bytes.get(..n_bytes)?, self.btf.endian())
    }

    fn bit_field(&self, member: &Member<'_>, bits: u32, bytes: &[u8]) -> Value {
        let first = (member.bit_offset / 8) as usize;
        let end = (member.bit_offset + bits).div_ceil(8) as usize;
        let raw = self.unsigned(bytes.get(first..end).unwrap_or(&[]));
        let skipped = member.bit_offset % 8;
        let raw = match self.btf.endian() {
            Endian::Little => raw >> skipped,
            // Bits count from the highest one on.
            Endian::Big => raw >> ((end - first) as u32 * 8 - skipped - bits),
        };
        match self.btf.resolved(member.ty) {
            Ok((_, Type::Int(int))) if int.encoding == IntEncoding::Bool => {
                Value::Bool(raw & 1 == 1)
            }
            Ok((_, Type::Int(int))) => {
                Value::Int(number(raw, bits, int.encoding != IntEncoding::Unsigned))
            }
            Ok((_, Type::Enum(of) | Type::Enum64(of))) => {
                named(&of, number(raw, bits, of.is_signed()))
            }
            _ => Value::Int(number(raw, bits, false)),
        }
    }

    fn array(&self, element: TypeId, n: usize, bytes: &[u8], depth: u32) -> Option<Value> {
        let size = self.btf.size_of(element).ok()? as usize;
        let bytes = bytes.get(..size.checked_mul(n)?)?;
        if self.is_char(element) {
            let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
            return Some(Value::Text(bytes[..end].to_vec()));
        }
        if size == 0 {
            return Some(Value::Array(Vec::new()));
        }
        let each = bytes.chunks_exact(size);
        each.map(|bytes| self.value(element, bytes, depth + 1))
            .collect::<Option<_>>()
            .map(Value::Array)
    }

    fn integer(&self, int: &Int<'_>, bytes: &[u8]) -> Value {
        let n_bits = bytes.len() as u32 * 8;
        match int.encoding {
            IntEncoding::Bool => Value::Bool(bytes.iter().any(|&byte| byte != 0)),
            _ if int.name == "char" => Value::Char(bytes[0]),
            IntEncoding::Unsigned => Value::Int(number(self.unsigned(bytes), n_bits, false)),
            _ => Value::Int(number(self.unsigned(bytes), n_bits, true)),
        }
    }

    fn unsigned(&self, bytes: &[u8]) -> u128 {
        let mut all = [0; 16];
        let n = bytes.len().min(16);
        match self.btf.endian() {
            Endian::Little => {
                all[..n].copy_from_slice(&bytes[..n]);
                u128::from_le_bytes(all)
            }
            Endian::Big => {
                all[16 - n..].copy_from_slice(&bytes[..n]);
                u128::from_be_bytes(all)
            }
        }
    }

    fn is_char(&self, ty: TypeId) -> bool {
        matches!(self.btf.resolved(ty), Ok((_, Type::Int(int))) if int.name == "char")
    }
}

fn named(of: &bpfc_btf::Enumeration<'_>, number: i128) -> Value {
    let name = of.enumerators().find(|enumerator| enumerator.value == number);
    name.map_or(Value::Int(number), |enumerator| Value::Enum(enumerator.name.to_owned()))
}

/// The lowest `bits` of `raw`.
fn number(raw: u128, bits: u32, is_signed: bool) -> i128 {
    let shift = 128 - bits.clamp(1, 128);
    let raw = raw << shift;
    if is_signed { (raw as i128) >> shift } else { (raw >> shift) as i128 }
}
