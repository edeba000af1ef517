//! Values as JSON and back, also those of which no type is known.

use super::{Decoder, Encoder, Value};
use bpfc_btf::{Btf, TypeId};
use serde_json::Value as Json;

/// What a value of so many bytes looks like: by its BTF type if there is one; otherwise 4 and 8 bytes are unsigned numbers,
/// and others hexadecimal digits.
#[derive(Clone, Copy, Debug)]
pub struct Codec<'a> {
    /// Where the type is.
    pub btf: Option<&'a Btf>,
    /// The type.
    pub ty: Option<TypeId>,
    /// Bytes of a value.
    pub n_bytes: usize,
}

impl Codec<'_> {
    fn typed(&self) -> Option<(&Btf, TypeId)> {
        self.btf.zip(self.ty)
    }

    /// What the bytes mean.
    pub fn decode(&self, bytes: &[u8]) -> Value {
        if let Some((btf, ty)) = self.typed() {
            return Decoder::new(btf).decode(ty, bytes);
        }
        let number = match bytes.len() {
            4 => bytes.try_into().ok().map(u32::from_ne_bytes).map(i128::from),
            8 => bytes.try_into().ok().map(u64::from_ne_bytes).map(i128::from),
            _ => None,
        };
        number.map_or_else(|| Value::Bytes(bytes.to_vec()), Value::Int)
    }

    /// The bytes of a value. What it does not mention is as in `old`, or zero.
    ///
    /// # Errors
    /// What does not fit, in words.
    pub fn encode(&self, value: &Json, old: Option<&[u8]>) -> Result<Vec<u8>, String> {
        let mut bytes = match old {
            Some(old) if old.len() == self.n_bytes => old.to_vec(),
            _ => vec![0; self.n_bytes],
        };
        if let Some((btf, ty)) = self.typed() {
            return Encoder::new(btf).encode(ty, value, &mut bytes).map(|()| bytes);
        }
        let untyped = || format!("it has no type: write a text of {} bytes in hex", self.n_bytes);
        match (value, self.n_bytes) {
            (Json::Null, 0) => Ok(Vec::new()),
            (Json::Number(number), 4 | 8) => {
                let signed = || number.as_i64().map(|number| number as u64);
                let number = number.as_u64().or_else(signed).ok_or_else(untyped)?;
                let fits = self.n_bytes == 8
                    || u32::try_from(number).is_ok()
                    || i32::try_from(number as i64).is_ok();
                match fits {
                    true => Ok(native(number.to_le_bytes()[..self.n_bytes].to_vec())),
                    false => Err(format!("{number} does not fit into {} bytes", self.n_bytes)),
                }
            }
            (Json::String(digits), _) => {
                from_hex(digits).filter(|given| given.len() == self.n_bytes).ok_or_else(untyped)
            }
            _ => Err(untyped()),
        }
    }
}

/// Little-endian bytes in the order of this machine.
fn native(mut bytes: Vec<u8>) -> Vec<u8> {
    if cfg!(target_endian = "big") {
        bytes.reverse();
    }
    bytes
}

/// Pairs of digits; blanks and colons may separate bytes.
pub(crate) fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.strip_prefix("hex:").unwrap_or(digits);
    let digits: Vec<u8> =
        digits.bytes().filter(|byte| !matches!(byte, b' ' | b':' | b'_')).collect();
    let digit = |byte: u8| (byte as char).to_digit(16).map(|digit| digit as u8);
    digits.chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(*pair.get(1)?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::Codec;
    use serde_json::json;

    #[test]
    fn values_without_types() {
        let codec = |n_bytes| Codec { btf: None, ty: None, n_bytes };
        assert_eq!(codec(4).encode(&json!(-1), None).unwrap(), [255; 4]);
        assert_eq!(
            codec(8).decode(&codec(8).encode(&json!(70_000), None).unwrap()).as_int(),
            Some(70_000)
        );
        assert!(codec(4).encode(&json!(1_u64 << 32), None).is_err());
        assert_eq!(codec(3).encode(&json!("hex:01 02:03"), None).unwrap(), [1, 2, 3]);
        assert!(codec(3).encode(&json!("0102"), None).is_err());
        assert!(codec(2).encode(&json!(5), None).is_err());
        assert!(codec(0).encode(&json!(null), None).unwrap().is_empty());
        assert_eq!(codec(3).decode(&[1, 2, 3]).to_json(), json!("01 02 03"));
    }
}
