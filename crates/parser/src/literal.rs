//! The values of constants and string literals: C11 6.4.4 and 6.4.5.

use crate::ast::{IntLit, StrPrefix};
use bpfc_base::{Code, codes};

/// The value of a preprocessing number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// C11 6.4.4.1.
    Int(IntLit),
    /// C11 6.4.4.2.
    Float(f64),
}

/// What is wrong with a literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiteralError {
    /// E0111 or E0112.
    pub code: Code,
    /// In words.
    pub message: String,
}

fn number_error<T>(message: String) -> Result<T, LiteralError> {
    Err(LiteralError { code: codes::lex::E0111, message })
}

fn escape_error<T>(message: impl Into<String>) -> Result<T, LiteralError> {
    Err(LiteralError { code: codes::lex::E0112, message: message.into() })
}

/// C11 6.4.4.1 and 6.4.4.2: the value of the number spelled `text`.
pub fn number(text: &str) -> Result<Number, LiteralError> {
    let lower = text.to_ascii_lowercase();
    let (radix, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    let is_float = match radix {
        16 => digits.contains(['.', 'p']),
        2 => false,
        _ => lower.contains(['.', 'e']),
    };
    if is_float {
        return float(text, &lower, radix == 16);
    }
    let n_digits = digits.bytes().take_while(u8::is_ascii_hexdigit).count();
    let n_digits = match radix {
        16 => n_digits,
        // In these, letters can only begin a suffix.
        _ => digits.bytes().take_while(u8::is_ascii_digit).count(),
    };
    let (digits, suffix) = digits.split_at(n_digits);
    if digits.is_empty() && radix != 8 {
        return number_error(format!("number `{text}` has no digits"));
    }
    let mut value: u64 = 0;
    for digit in digits.chars() {
        let Some(digit) = digit.to_digit(radix) else {
            let kind = if radix == 2 { "binary" } else { "octal" };
            return number_error(format!("invalid digit `{digit}` in {kind} number `{text}`"));
        };
        let next = value.checked_mul(u64::from(radix));
        let Some(next) = next.and_then(|value| value.checked_add(u64::from(digit))) else {
            return number_error(format!("number `{text}` does not fit in 64 bits"));
        };
        value = next;
    }
    let (is_unsigned, n_long) = match suffix {
        "" => (false, 0),
        "u" => (true, 0),
        "l" => (false, 1),
        "ll" => (false, 2),
        "ul" | "lu" => (true, 1),
        "ull" | "llu" => (true, 2),
        _ => {
            let at = text.len() - suffix.len();
            let suffix = &text[at..];
            return number_error(format!("invalid suffix `{suffix}` on number `{text}`"));
        }
    };
    Ok(Number::Int(IntLit { value, is_decimal: radix == 10, is_unsigned, n_long }))
}

fn float(text: &str, lower: &str, is_hex: bool) -> Result<Number, LiteralError> {
    let digits = match is_hex {
        // `f` is a digit of a hexadecimal significand, but not of its decimal exponent.
        true if !lower.contains('p') => {
            return number_error(format!("hexadecimal number `{text}` has no exponent"));
        }
        _ => lower.strip_suffix(['f', 'l']).unwrap_or(lower),
    };
    let value = match is_hex {
        true => hex_float(&digits[2..]),
        false => digits.parse().ok(),
    };
    match value {
        Some(value) => Ok(Number::Float(value)),
        None => number_error(format!("invalid number `{text}`")),
    }
}

fn hex_float(digits: &str) -> Option<f64> {
    let (significand, exponent) = digits.split_once('p')?;
    let (whole, fraction) = significand.split_once('.').unwrap_or((significand, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0.0_f64;
    for digit in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let exponent: i32 = exponent.parse().ok()?;
    let shift = i32::try_from(fraction.len()).ok()?.checked_mul(4)?;
    Some(value * 2.0_f64.powi(exponent.checked_sub(shift)?))
}

/// The encoding prefix of a literal spelled `text`, and the text inside the quotes.
pub fn split_prefix(text: &str) -> (StrPrefix, &str) {
    let at = text.find(['"', '\'']).unwrap_or(text.len());
    let prefix = match &text[..at] {
        "u8" => StrPrefix::Utf8,
        "u" => StrPrefix::Char16,
        "U" => StrPrefix::Char32,
        "L" => StrPrefix::Wide,
        _ => StrPrefix::None,
    };
    let quoted = &text[at..];
    let quote = &quoted[..quoted.len().min(1)];
    let inside = &quoted[quote.len()..];
    (prefix, inside.strip_suffix(quote).unwrap_or(inside))
}

/// C11 6.4.4.4: value and prefix of the character constant spelled `text`.
pub fn char_constant(text: &str) -> Result<(i64, StrPrefix), LiteralError> {
    let (prefix, inside) = split_prefix(text);
    let mut units = Vec::new();
    decode(inside, prefix, &mut units)?;
    let value = match (prefix, units.as_slice()) {
        (_, []) => return escape_error("empty character constant"),
        // `char` is signed on BPF.
        (StrPrefix::None, [byte]) => i64::from(*byte as u8 as i8),
        // C11 6.4.4.4p10: implementation-defined; as GCC and clang.
        (StrPrefix::None, bytes @ [_, _] | bytes @ [_, _, _] | bytes @ [_, _, _, _]) => {
            let value = bytes.iter().fold(0_u32, |value, byte| value << 8 | byte);
            i64::from(value as i32)
        }
        (StrPrefix::Wide, [unit]) => i64::from(*unit as i32),
        (_, [unit]) => i64::from(*unit),
        _ => return escape_error(format!("character constant {text} is too long")),
    };
    Ok((value, prefix))
}

/// C11 6.4.5p5: appends the code units of the text between a string's quotes.
pub fn decode(inside: &str, prefix: StrPrefix, units: &mut Vec<u32>) -> Result<(), LiteralError> {
    let mut rest = inside;
    while let Some(at) = rest.find('\\') {
        rest[..at].chars().for_each(|c| encode(c, prefix, units));
        rest = escape(&rest[at + 1..], prefix, units)?;
    }
    rest.chars().for_each(|c| encode(c, prefix, units));
    Ok(())
}

/// Decodes the escape sequence behind a backslash; what follows it.
fn escape<'t>(
    text: &'t str,
    prefix: StrPrefix,
    units: &mut Vec<u32>,
) -> Result<&'t str, LiteralError> {
    let Some(letter) = text.chars().next() else {
        return escape_error("`\\` at the end of a literal");
    };
    let rest = &text[letter.len_utf8()..];
    let simple = match letter {
        'n' => 0x0a,
        't' => 0x09,
        'r' => 0x0d,
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0c,
        'v' => 0x0b,
        // GNU.
        'e' | 'E' => 0x1b,
        '\\' | '\'' | '"' | '?' => letter as u32,
        '0'..='7' => return digits(text, 8, 3, prefix, units),
        'x' => return digits(rest, 16, usize::MAX, prefix, units),
        'u' => return universal(rest, 4, prefix, units),
        'U' => return universal(rest, 8, prefix, units),
        _ => {
            let letter = letter.escape_default();
            return escape_error(format!("unknown escape sequence `\\{letter}`"));
        }
    };
    units.push(simple);
    Ok(rest)
}

/// An octal or hexadecimal escape: one code unit.
fn digits<'t>(
    text: &'t str,
    radix: u32,
    limit: usize,
    prefix: StrPrefix,
    units: &mut Vec<u32>,
) -> Result<&'t str, LiteralError> {
    let n_digits = text.chars().take_while(|c| c.is_digit(radix)).take(limit).count();
    if n_digits == 0 {
        return escape_error("`\\x` without hexadecimal digits");
    }
    let max = match prefix {
        StrPrefix::None | StrPrefix::Utf8 => 0xff,
        StrPrefix::Char16 => 0xffff,
        StrPrefix::Char32 | StrPrefix::Wide => u32::MAX,
    };
    match u32::from_str_radix(&text[..n_digits], radix) {
        Ok(unit) if unit <= max => units.push(unit),
        _ => return escape_error("escape sequence out of range"),
    }
    Ok(&text[n_digits..])
}

/// C11 6.4.3: universal character name.
fn universal<'t>(
    text: &'t str,
    n_digits: usize,
    prefix: StrPrefix,
    units: &mut Vec<u32>,
) -> Result<&'t str, LiteralError> {
    let digits = text.get(..n_digits).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
    let Some(digits) = digits else {
        return escape_error(format!("universal character name needs {n_digits} digits"));
    };
    let code_point = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
    let Some(c) = code_point else {
        return escape_error(format!("`{digits}` is not a character of Unicode"));
    };
    encode(c, prefix, units);
    Ok(&text[n_digits..])
}

fn encode(c: char, prefix: StrPrefix, units: &mut Vec<u32>) {
    match prefix {
        StrPrefix::None | StrPrefix::Utf8 => {
            let mut buffer = [0; 4];
            units.extend(c.encode_utf8(&mut buffer).bytes().map(u32::from));
        }
        StrPrefix::Char16 => {
            let mut buffer = [0; 2];
            units.extend(c.encode_utf16(&mut buffer).iter().map(|&unit| u32::from(unit)));
        }
        StrPrefix::Char32 | StrPrefix::Wide => units.push(c as u32),
    }
}
