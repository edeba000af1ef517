//! Words of C: names, numbers, texts, and what is between them.

use std::ops::Range;

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Name,
    Number,
    /// A string or a character.
    Text,
    /// `@name`
    Map,
    /// An operator or a bracket.
    Other,
}

/// A word, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    pub kind: Kind,
    pub at: Range<usize>,
}

/// Operators of more than one character that must not be taken apart.
const OPERATORS: [&str; 10] = ["->", "==", "!=", "<=", ">=", "&&", "||", "<<", ">>", "++"];

/// The words of a part of `text`, without the blanks between them.
pub fn words(text: &str, at: Range<usize>) -> impl Iterator<Item = Word> {
    let mut from = at.start;
    std::iter::from_fn(move || {
        let rest = &text[from..at.end];
        from += rest.len() - rest.trim_start().len();
        let rest = rest.trim_start();
        let (kind, len) = first_word(rest)?;
        from += len;
        Some(Word { kind, at: from - len..from })
    })
}

/// What a text begins with, and how long that is.
fn first_word(rest: &str) -> Option<(Kind, usize)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    let while_part = |rest: &str| rest.find(|c| !is_part(c)).unwrap_or(rest.len());
    Some(match rest.chars().next()? {
        quote @ ('"' | '\'') => (Kind::Text, text_len(rest, quote)),
        '@' => (Kind::Map, 1 + while_part(&rest[1..])),
        '0'..='9' => (Kind::Number, while_part(rest)),
        first if is_part(first) => (Kind::Name, while_part(rest)),
        first => {
            let operator = OPERATORS.iter().find(|operator| rest.starts_with(**operator));
            (Kind::Other, operator.map_or(first.len_utf8(), |operator| operator.len()))
        }
    })
}

/// How long the text is that begins here; without its end, everything.
fn text_len(rest: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_operators_are_whole() {
        let text = r#"a->b == "x\"/y" && @m[0x1f]++ ü"#;
        let found: Vec<&str> =
            words(text, 0..text.len()).map(|word| &text[word.at.clone()]).collect();
        assert_eq!(
            found,
            ["a", "->", "b", "==", r#""x\"/y""#, "&&", "@m", "[", "0x1f", "]", "++", "ü"]
        );
        assert!(words("\"open", 0..5).eq([Word { kind: Kind::Text, at: 0..5 }]));
    }
}
