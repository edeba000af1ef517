//! Just enough reading of C source: comments away, braces matched, identifiers found.

/// The text without comments; strings are respected, line breaks inside comments are lost.
pub fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['/', '"']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with("/*") {
            rest = rest.find("*/").map_or("", |end| &rest[end + 2..]);
            out.push(' ');
        } else if rest.starts_with("//") {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else if rest.starts_with('"') {
            let end = string_end(rest);
            out.push_str(&rest[..end]);
            rest = &rest[end..];
        } else {
            out.push('/');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

fn string_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut idx = 1;
    while idx < bytes.len() && bytes[idx] != b'"' && bytes[idx] != b'\n' {
        idx += if bytes[idx] == b'\\' { 2 } else { 1 };
    }
    (idx + 1).min(text.len())
}

/// What stands between the first `{` after byte `from` and its partner.
pub fn braced(text: &str, from: usize) -> Option<&str> {
    let open = from + text.get(from..)?.find('{')?;
    let mut depth = 0_usize;
    for (idx, byte) in text.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return text.get(open + 1..idx),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The identifiers and numbers of the text with their byte offsets.
pub fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(is_word)?;
        let end = text[start..].find(|c| !is_word(c)).map_or(text.len(), |len| start + len);
        at = end;
        Some((start, &text[start..end]))
    })
}

/// The members of `enum name`: their names and values.
pub fn enum_members(text: &str, name: &str) -> Option<Vec<(String, i64)>> {
    let text = without_comments(text);
    let at = text.find(&format!("enum {name} {{"))?;
    let mut members: Vec<(String, i64)> = Vec::new();
    let mut next = 0;
    for member in braced(&text, at)?.split(',').map(str::trim).filter(|member| !member.is_empty()) {
        let (name, value) = match member.split_once('=') {
            Some((name, value)) => (name.trim(), number(value.trim(), &members)?),
            None => (member, next),
        };
        members.push((name.to_owned(), value));
        next = value + 1;
    }
    Some(members)
}

fn number(text: &str, members: &[(String, i64)]) -> Option<i64> {
    let text = text.trim_start_matches('(').trim_end_matches(')').trim();
    if let Some((left, right)) = text.split_once("<<") {
        return Some(number(left.trim(), members)? << number(right.trim(), members)?);
    }
    if let Some((_, value)) = members.iter().find(|(name, _)| name == text) {
        return Some(*value);
    }
    let digits = text.trim_end_matches(['U', 'L', 'u', 'l']);
    match digits.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16).ok(),
        None => digits.parse().ok(),
    }
}

/// `SOCKET_FILTER` as a Rust variant name: `SocketFilter`.
pub fn camel_case(name: &str) -> String {
    let mut out = String::new();
    for word in name.split('_').filter(|word| !word.is_empty()) {
        out.push_str(&word[..1].to_ascii_uppercase());
        out.push_str(&word[1..].to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_enums() {
        let text = "enum e { A, /* , */ B = 1 << 3, C, // x\n D = A, };";
        let members = enum_members(text, "e").unwrap();
        let expected = [("A", 0), ("B", 8), ("C", 9), ("D", 0)];
        assert_eq!(members, expected.map(|(name, value)| (name.to_owned(), value)));
    }

    #[test]
    fn leaves_strings_alone() {
        assert_eq!(without_comments(r#"a "/*\"" /* b */ c"#), r#"a "/*\""   c"#);
    }
}
