//! Identifiers beyond ASCII (C11 6.4.2.1, annex D): characters in UTF-8, and universal character
//! names (C11 6.4.3), which mean the same.

use std::borrow::Cow;
use std::ops::RangeInclusive;

/// The identifier that `text` spells, in UTF-8; `None` if it is none.
pub(crate) fn extended(text: &str) -> Option<Cow<'_, str>> {
    let name = match text.contains('\\') {
        true => Cow::Owned(decode(text)?),
        false => Cow::Borrowed(text),
    };
    let is_first = |c: char| !c.is_ascii_digit() && !is_in(NOT_FIRST, c);
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_$".contains(c) || is_in(ALLOWED, c);
    (name.chars().next().is_some_and(is_first) && name.chars().all(is_allowed)).then_some(name)
}

/// `text` with its universal character names replaced. Those of basic characters are none.
fn decode(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let n_digits = if rest[at..].starts_with("\\u") { 4 } else { 8 };
        let digits = rest.get(at + 2..at + 2 + n_digits)?;
        let decoded = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
        if decoded.is_ascii() {
            return None;
        }
        out.push(decoded);
        rest = &rest[at + 2 + n_digits..];
    }
    out.push_str(rest);
    Some(out)
}

fn is_in(ranges: &[RangeInclusive<u32>], c: char) -> bool {
    ranges.iter().any(|range| range.contains(&u32::from(c)))
}

/// C11 D.1.
const ALLOWED: &[RangeInclusive<u32>] = &[
    0xa8..=0xa8,
    0xaa..=0xaa,
    0xad..=0xad,
    0xaf..=0xaf,
    0xb2..=0xb5,
    0xb7..=0xba,
    0xbc..=0xbe,
    0xc0..=0xd6,
    0xd8..=0xf6,
    0xf8..=0xff,
    0x100..=0x167f,
    0x1681..=0x180d,
    0x180f..=0x1fff,
    0x200b..=0x200d,
    0x202a..=0x202e,
    0x203f..=0x2040,
    0x2054..=0x2054,
    0x2060..=0x206f,
    0x2070..=0x218f,
    0x2460..=0x24ff,
    0x2776..=0x2793,
    0x2c00..=0x2dff,
    0x2e80..=0x2fff,
    0x3004..=0x3007,
    0x3021..=0x302f,
    0x3031..=0xd7ff,
    0xf900..=0xfd3d,
    0xfd40..=0xfdcf,
    0xfdf0..=0xfe44,
    0xfe47..=0xfffd,
    0x10000..=0x1fffd,
    0x20000..=0x2fffd,
    0x30000..=0x3fffd,
    0x40000..=0x4fffd,
    0x50000..=0x5fffd,
    0x60000..=0x6fffd,
    0x70000..=0x7fffd,
    0x80000..=0x8fffd,
    0x90000..=0x9fffd,
    0xa0000..=0xafffd,
    0xb0000..=0xbfffd,
    0xc0000..=0xcfffd,
    0xd0000..=0xdfffd,
    0xe0000..=0xefffd,
];

/// C11 D.2.
const NOT_FIRST: &[RangeInclusive<u32>] =
    &[0x300..=0x36f, 0x1dc0..=0x1dff, 0x20d0..=0x20ff, 0xfe20..=0xfe2f];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(extended("caf\u{e9}").as_deref(), Some("caf\u{e9}"));
        assert_eq!(extended("\\u00e9t\\U000000e9").as_deref(), Some("\u{e9}t\u{e9}"));
        for wrong in ["1\u{e9}", "\u{300}a", "a\u{d7}", "\\u0041", "\\ud800", "\u{2028}", "3"] {
            assert_eq!(extended(wrong), None, "{wrong}");
        }
        assert_eq!(extended("a\u{300}").as_deref(), Some("a\u{300}"));
    }
}
