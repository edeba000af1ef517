//! A line of assembly text to tokens.

use super::{AsmError, AsmProblem};

/// A token and its place.
#[derive(Clone, Copy, Debug)]
pub struct Token<'a> {
    pub kind: Kind,
    /// The text; empty for the end of the line.
    pub text: &'a str,
    /// The column, from 1.
    pub column: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A name or a keyword.
    Word,
    Number(u64),
    Punctuation,
    End,
}

impl Token<'_> {
    pub fn is_word(self) -> bool {
        self.kind == Kind::Word
    }

    pub fn is_end(self) -> bool {
        self.kind == Kind::End
    }
}

/// All operators and separators; one that starts with another comes first.
const PUNCTUATION: [&str; 41] = [
    "s>>=", "<<=", ">>=", "s/=", "s%=", "s>=", "s<=", "+=", "-=", "*=", "/=", "%=", "|=", "&=",
    "^=", "==", "!=", "<<", ">>", ">=", "<=", "s>", "s<", "=", ">", "<", "&", "(", ")", "[", "]",
    "*", "+", "-", ",", ":", "#", "/", "|", "^", "~",
];

/// The tokens of a line without its comment, with one of [`Kind::End`] at the end.
pub fn tokens(line: u32, text: &str) -> Result<Vec<Token<'_>>, AsmError> {
    let mut tokens = Vec::new();
    let mut column = 1;
    let mut rest = text;
    let mut after_blank = true;
    while let Some(character) = rest.chars().next() {
        if starts_comment(rest, after_blank) {
            break;
        }
        after_blank = character.is_whitespace();
        let len = if after_blank {
            character.len_utf8()
        } else {
            let (kind, len) = token(rest).map_err(|problem| AsmError { line, column, problem })?;
            tokens.push(Token { kind, text: &rest[..len], column });
            len
        };
        column += rest[..len].chars().count() as u32;
        rest = &rest[len..];
    }
    tokens.push(Token { kind: Kind::End, text: "", column });
    Ok(tokens)
}

/// A `#` also stands before the number in `call name#1`, so that for a comment it needs a blank.
fn starts_comment(rest: &str, after_blank: bool) -> bool {
    rest.starts_with(';') || rest.starts_with("//") || (after_blank && rest.starts_with('#'))
}

/// The length of what starts `text`: a token, or one character if it is none.
pub fn token_len(text: &str) -> usize {
    let first = text.chars().next().map_or(0, char::len_utf8);
    if first == 0 { 0 } else { token(text).map_or_else(|_| bad_len(text, first), |(_, len)| len) }
}

/// The length of a malformed number, or of one character.
fn bad_len(text: &str, first: usize) -> usize {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '$');
    text.find(|c| !is_word(c)).unwrap_or(text.len()).max(first)
}

/// The kind and the length of the token at the start of `rest`, which is not empty.
fn token(rest: &str) -> Result<(Kind, usize), AsmProblem> {
    if let Some(operator) = PUNCTUATION.iter().find(|operator| rest.starts_with(**operator)) {
        return Ok((Kind::Punctuation, operator.len()));
    }
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '$');
    let word = &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())];
    match word.chars().next() {
        None => Err(AsmProblem::Character { character: rest.chars().next().unwrap_or_default() }),
        Some('0'..='9') if is_local_label(word) => Ok((Kind::Word, word.len())),
        Some('0'..='9') => Ok((Kind::Number(number(word)?), word.len())),
        Some(_) => Ok((Kind::Word, word.len())),
    }
}

/// `1f` and `1b`: the next and the last label `1:`.
fn is_local_label(word: &str) -> bool {
    let digits = word.strip_suffix(['f', 'b']).unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number as in C: decimal, hexadecimal, octal, or binary.
fn number(text: &str) -> Result<u64, AsmProblem> {
    let (digits, radix) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&text[2..], 16),
        [b'0', b'b' | b'B', ..] => (&text[2..], 2),
        [b'0', _, ..] => (&text[1..], 8),
        _ => (text, 10),
    };
    u64::from_str_radix(digits, radix).map_err(|_| AsmProblem::Number { text: text.to_owned() })
}
