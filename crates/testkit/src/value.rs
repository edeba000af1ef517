//! Values in assertions: integers, strings, bytes, arrays, structs, names.

use crate::cursor::Cursor;

/// A value as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `7`, `-1`, `0xff`, `1_000`, `'a'`, with or without a type: `7u32`.
    Int(i128, Option<IntType>),
    /// `hex"0102 03"`, `ip"192.0.2.1"`, `mac"02:00:00:00:00:01"`, and numbers in the order of networks: `80be16`.
    Bytes(Vec<u8>),
    /// `"text"`: its bytes, without a terminating zero.
    Text(Vec<u8>),
    /// `[1u32, 2u32]`.
    Array(Vec<Value>),
    /// `{pid = 7, comm = "sh"}`.
    Struct(Vec<(String, Value)>),
    /// `XDP_PASS`: a constant that the caller knows.
    Name(String),
}

/// The type behind an integer: `u8` to `u64`, `i8` to `i64` (also written `s8` to `s64`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntType {
    /// 8, 16, 32 or 64.
    pub bits: u32,
    /// Signed or not.
    pub is_signed: bool,
}

/// Deeper values are refused.
const MAX_DEPTH: usize = 32;

impl Value {
    /// Parses a whole text as one value.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut cursor = Cursor::new(text);
        let value = Self::read(&mut cursor)?;
        match cursor.is_done() {
            true => Ok(value),
            false => Err(format!("unexpected `{}`", cursor.rest())),
        }
    }

    /// Reads one value at the cursor.
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self, String> {
        read(cursor, 0)
    }

    /// The bytes in memory of a little-endian machine: integers in the size of their type,
    /// or in `size_bytes` if they have none; strings filled up to `size_bytes` with zeros;
    /// arrays and structs without padding.
    pub fn to_bytes(&self, size_bytes: Option<usize>) -> Result<Vec<u8>, String> {
        let mut bytes = match self {
            Value::Int(value, ty) => {
                let size = match (ty, size_bytes) {
                    (Some(ty), _) => ty.bits as usize / 8,
                    (None, Some(size)) if size <= 16 => size,
                    (None, Some(size)) => {
                        return Err(format!("an integer of {size} bytes"));
                    }
                    (None, None) => return Err(format!("`{value}` needs a type: `{value}u32`")),
                };
                value.to_le_bytes()[..size].to_vec()
            }
            Value::Bytes(bytes) | Value::Text(bytes) => bytes.clone(),
            Value::Array(items) => {
                let each = size_bytes.map(|size| size / items.len().max(1));
                let parts: Result<Vec<_>, _> = items.iter().map(|i| i.to_bytes(each)).collect();
                parts?.concat()
            }
            Value::Struct(fields) => {
                let parts: Result<Vec<_>, _> =
                    fields.iter().map(|(_, v)| v.to_bytes(None)).collect();
                parts?.concat()
            }
            Value::Name(name) => return Err(format!("`{name}` is not known here")),
        };
        match size_bytes {
            Some(size) if bytes.len() > size => {
                Err(format!("{} bytes do not fit in {size}", bytes.len()))
            }
            Some(size) => {
                bytes.resize(size, 0);
                Ok(bytes)
            }
            None => Ok(bytes),
        }
    }
}

fn read(cursor: &mut Cursor<'_>, depth: usize) -> Result<Value, String> {
    if depth > MAX_DEPTH {
        return Err("value nested too deep".to_owned());
    }
    if cursor.eat("hex\"") {
        return hex(&cursor.string_tail()?).map(Value::Bytes);
    }
    if cursor.eat("ip\"") {
        return ip(&cursor.string_tail()?).map(Value::Bytes);
    }
    if cursor.eat("mac\"") {
        return mac(&cursor.string_tail()?).map(Value::Bytes);
    }
    if cursor.eat("\"") {
        return cursor.string_tail().map(Value::Text);
    }
    if cursor.eat("[") {
        return list(cursor, "]", |cursor| read(cursor, depth + 1)).map(Value::Array);
    }
    if cursor.eat("{") {
        let field = |cursor: &mut Cursor<'_>| {
            let name = cursor.name()?.to_owned();
            cursor.expect("=")?;
            Ok((name, read(cursor, depth + 1)?))
        };
        return list(cursor, "}", field).map(Value::Struct);
    }
    match cursor.rest().chars().next() {
        Some('0'..='9' | '-' | '\'') => integer(cursor),
        _ => cursor.name().map(|name| Value::Name(name.to_owned())),
    }
}

/// Items up to `close`, a comma between them and perhaps behind them.
fn list<T>(
    cursor: &mut Cursor<'_>,
    close: &str,
    mut item: impl FnMut(&mut Cursor<'_>) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    let mut items = Vec::new();
    while !cursor.eat(close) {
        items.push(item(cursor)?);
        if !cursor.eat(",") {
            cursor.expect(close)?;
            break;
        }
    }
    Ok(items)
}

fn hex(digits: &[u8]) -> Result<Vec<u8>, String> {
    let digits: Vec<u8> = digits.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    let nibble = |b: u8| {
        let digit = (b as char).to_digit(16);
        digit.ok_or_else(|| format!("`{}` is not a hexadecimal digit", b as char))
    };
    if digits.len() % 2 == 1 {
        return Err("odd number of hexadecimal digits".to_owned());
    }
    let pairs = digits.chunks_exact(2);
    pairs.map(|pair| Ok((nibble(pair[0])? << 4 | nibble(pair[1])?) as u8)).collect()
}

/// An address of IPv4 or IPv6 as packets have it.
fn ip(text: &[u8]) -> Result<Vec<u8>, String> {
    let text = String::from_utf8_lossy(text);
    match text.parse() {
        Ok(std::net::IpAddr::V4(address)) => Ok(address.octets().to_vec()),
        Ok(std::net::IpAddr::V6(address)) => Ok(address.octets().to_vec()),
        Err(_) => Err(format!("`{text}` is no IP address")),
    }
}

fn mac(text: &[u8]) -> Result<Vec<u8>, String> {
    let text = String::from_utf8_lossy(text);
    let parts = text.split(':').map(|part| match part.len() {
        2 => u8::from_str_radix(part, 16).ok(),
        _ => None,
    });
    let bytes: Option<Vec<u8>> = parts.collect();
    bytes.filter(|bytes| bytes.len() == 6).ok_or_else(|| format!("`{text}` is no MAC address"))
}

fn integer(cursor: &mut Cursor<'_>) -> Result<Value, String> {
    if cursor.eat("'") {
        let c = cursor.peek().filter(char::is_ascii);
        let c = c.ok_or("expected an ASCII character after `'`")?;
        cursor.eat_joined(c.encode_utf8(&mut [0; 4]));
        cursor.expect("'")?;
        return Ok(Value::Int(c as i128, None));
    }
    let is_negative = cursor.eat("-");
    let word = cursor.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
    if let Some((number, n_bytes)) = network_order(word) {
        let number = if is_negative { format!("-{number}") } else { number.to_owned() };
        let Value::Int(number, _) = Value::parse(&number)? else {
            return Err(format!("`{word}` is not an integer"));
        };
        let bytes = number.to_be_bytes();
        let (rest, kept) = bytes.split_at(bytes.len() - n_bytes);
        let is_whole = number >= 0 && rest.iter().all(|&byte| byte == 0);
        let out_of_range = || format!("`{word}` is out of range");
        return is_whole.then(|| Value::Bytes(kept.to_vec())).ok_or_else(out_of_range);
    }
    let (number, ty) = split_type(word);
    let plain: String = number.chars().filter(|&c| c != '_').collect();
    let parsed = match plain.strip_prefix("0x") {
        Some(digits) => i128::from_str_radix(digits, 16),
        None => plain.parse(),
    };
    let magnitude = parsed.map_err(|_| format!("`{word}` is not an integer"))?;
    let value = if is_negative { -magnitude } else { magnitude };
    let (least, most) = match ty {
        Some(ty) if ty.is_signed => (-(1i128 << (ty.bits - 1)), (1i128 << (ty.bits - 1)) - 1),
        Some(ty) => (0, (1i128 << ty.bits) - 1),
        None => (i64::MIN.into(), u64::MAX.into()),
    };
    match (least..=most).contains(&value) {
        true => Ok(Value::Int(value, ty)),
        false => Err(format!("`{value}` is out of range")),
    }
}

/// Splits `80be16` into `80` and the number of its bytes.
fn network_order(word: &str) -> Option<(&str, usize)> {
    let sizes = [("be16", 2), ("be32", 4), ("be64", 8)];
    sizes.iter().find_map(|&(suffix, n_bytes)| {
        let number = word.strip_suffix(suffix)?;
        // Digits of a hexadecimal number are no suffix.
        let is_number = number.ends_with('_') || !number.starts_with("0x");
        is_number.then(|| (number.trim_end_matches('_'), n_bytes))
    })
}

/// Splits `7u32` into `7` and its type.
fn split_type(word: &str) -> (&str, Option<IntType>) {
    let suffixes = [('u', false), ('i', true), ('s', true)];
    for (letter, is_signed) in suffixes {
        for bits in [8, 16, 32, 64] {
            if let Some(number) = word.strip_suffix(&format!("{letter}{bits}")) {
                return (number, Some(IntType { bits, is_signed }));
            }
        }
    }
    (word, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_values() {
        let u32_type = IntType { bits: 32, is_signed: false };
        assert_eq!(Value::parse("7u32"), Ok(Value::Int(7, Some(u32_type))));
        assert_eq!(Value::parse(" -0x10 "), Ok(Value::Int(-16, None)));
        assert_eq!(Value::parse("1_000"), Ok(Value::Int(1000, None)));
        assert_eq!(Value::parse("'a'"), Ok(Value::Int(97, None)));
        assert_eq!(Value::parse("hex\"01 ff\""), Ok(Value::Bytes(vec![1, 255])));
        assert_eq!(Value::parse(r#""a\n\x00\"""#), Ok(Value::Text(b"a\n\0\"".to_vec())));
        assert_eq!(Value::parse("ip\"192.0.2.1\""), Ok(Value::Bytes(vec![192, 0, 2, 1])));
        let mac = Value::parse("mac\"02:00:00:00:00:0a\"");
        assert_eq!(mac, Ok(Value::Bytes(vec![2, 0, 0, 0, 0, 10])));
        assert_eq!(Value::parse("80be16"), Ok(Value::Bytes(vec![0, 80])));
        assert_eq!(Value::parse("0x1be1"), Ok(Value::Int(0x1be1, None)));
        assert_eq!(Value::parse("0x1be16"), Ok(Value::Int(0x1be16, None)));
        assert_eq!(Value::parse("0x1_be16"), Ok(Value::Bytes(vec![0, 1])));
        let nested = Value::parse("{ a = [1, 2,], b = XDP_PASS }").unwrap();
        let ones = Value::Array(vec![Value::Int(1, None), Value::Int(2, None)]);
        let expected =
            vec![("a".to_owned(), ones), ("b".to_owned(), Value::Name("XDP_PASS".to_owned()))];
        assert_eq!(nested, Value::Struct(expected));
        let deep = "[".repeat(10_000);
        for bad in [
            "",
            "hex\"0\"",
            "hex\"0g\"",
            "256u8",
            "-1u64",
            "\"a",
            "[1",
            "1 2",
            "0x",
            "{a 1}",
            "ip\"1.2.3\"",
            "mac\"02:00\"",
            "65536be16",
            "-1be16",
            "99999999999999999999",
            &deep,
        ] {
            assert!(Value::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn bytes_of_values() {
        let bytes = |text: &str, size| Value::parse(text).unwrap().to_bytes(size);
        assert_eq!(bytes("258u32", None), Ok(vec![2, 1, 0, 0]));
        assert_eq!(bytes("-2", Some(2)), Ok(vec![0xfe, 0xff]));
        assert_eq!(bytes("\"ab\"", Some(4)), Ok(vec![97, 98, 0, 0]));
        assert_eq!(bytes("[1, 2]", Some(4)), Ok(vec![1, 0, 2, 0]));
        assert_eq!(bytes("{a = 1u8, b = 2u16}", None), Ok(vec![1, 2, 0]));
        assert!(bytes("7", None).is_err());
        assert!(bytes("\"abc\"", Some(2)).is_err());
    }
}
