//! The text of inline assembly to pieces, with the rules of GCC and clang: `%0`, `%[name]`, `%l[label]`,
//! `%=`, `%%`, and `{one|two}`, of which the first is taken.

use crate::ir::{AsmPiece, AsmPieceKind, Modifier};
use std::ops::Range;

/// A mistake in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// Where.
    pub range: Range<u32>,
    /// What.
    pub message: String,
}

/// What the text can refer to.
pub struct Names<'a> {
    /// Names of operands.
    pub operands: Vec<Option<&'a str>>,
    /// How many operands count twice, as they are read and written: labels come after them.
    pub n_both: usize,
    /// Names of labels.
    pub labels: Vec<&'a str>,
}

struct Parser<'a> {
    text: &'a str,
    names: &'a Names<'a>,
    at: usize,
    pieces: Vec<AsmPiece>,
}

/// Takes a text apart.
///
/// # Errors
/// The first reference to something that does not exist.
pub fn parse_template(text: &str, names: &Names<'_>) -> Result<Vec<AsmPiece>, TemplateError> {
    let mut parser = Parser { text, names, at: 0, pieces: Vec::new() };
    // In `{a|b|c}`: whether this is `a`.
    let mut alternative: Option<bool> = None;
    while let Some(next) = text[parser.at..].chars().next() {
        let start = parser.at;
        match (next, alternative) {
            ('{', None) => alternative = Some(true),
            ('|', Some(_)) => alternative = Some(false),
            ('}', Some(_)) => alternative = None,
            ('%', _) => {
                let n = parser.pieces.len();
                parser.reference()?;
                if alternative == Some(false) {
                    parser.pieces.truncate(n);
                }
                continue;
            }
            (_, Some(false)) => {}
            _ => {
                let rest = &text[start..];
                let len = rest.find(['%', '{', '|', '}']).filter(|&len| len > 0);
                let len =
                    len.unwrap_or(if rest.starts_with(['{', '|', '}']) { 1 } else { rest.len() });
                parser.at += len;
                parser.push(AsmPieceKind::Text, start);
                continue;
            }
        }
        parser.at += next.len_utf8();
    }
    Ok(parser.pieces)
}

impl Parser<'_> {
    fn push(&mut self, kind: AsmPieceKind, start: usize) {
        self.pieces.push(AsmPiece { kind, range: start as u32..self.at as u32 });
    }

    fn error(&self, start: usize, message: impl Into<String>) -> TemplateError {
        TemplateError { range: start as u32..self.at as u32, message: message.into() }
    }

    /// What starts with `%`.
    fn reference(&mut self) -> Result<(), TemplateError> {
        let start = self.at;
        let rest = &self.text[start + 1..];
        let Some(next) = rest.chars().next() else {
            self.at += 1;
            return Err(self.error(start, "`%` at the end of the text"));
        };
        self.at += 1 + next.len_utf8();
        match next {
            '%' | '{' | '|' | '}' => self.push(AsmPieceKind::Char(next), start),
            '=' => self.push(AsmPieceKind::Unique, start),
            '[' | '0'..='9' => {
                self.at = start + 1;
                self.operand(start, None)?;
            }
            letter if letter.is_ascii_alphabetic() => self.operand(start, Some(letter))?,
            _ => return Err(self.error(start, format!("`%{next}` means nothing"))),
        }
        Ok(())
    }

    /// `%0`, `%[name]`, `%l[name]`: behind the letter.
    fn operand(&mut self, start: usize, letter: Option<char>) -> Result<(), TemplateError> {
        let rest = &self.text[self.at..];
        let n_operands = self.names.operands.len();
        let (operand, label) = if let Some(rest) = rest.strip_prefix('[') {
            let Some(len) = rest.find(']') else {
                self.at = self.text.len();
                return Err(self.error(start, "`]` is missing behind the name of an operand"));
            };
            let name = &rest[..len];
            self.at += len + 2;
            let operand = self.names.operands.iter().position(|other| *other == Some(name));
            (operand, self.names.labels.iter().position(|other| *other == name))
        } else {
            let len = rest.bytes().take_while(u8::is_ascii_digit).count();
            self.at += len;
            if len == 0 {
                return Err(self.error(start, "no operand behind this letter"));
            }
            let number: Option<usize> = rest[..len].parse().ok();
            let label = number.and_then(|n| n.checked_sub(n_operands + self.names.n_both));
            let label = label.filter(|&label| label < self.names.labels.len());
            (number.filter(|&number| number < n_operands), label)
        };
        let modifier = match letter {
            None | Some('c') => Modifier::None,
            Some('w') => Modifier::Half,
            Some('n') => Modifier::Negated,
            Some('l') => {
                let Some(label) = label else {
                    return Err(self.error(start, "there is no such label in this `asm goto`"));
                };
                self.push(AsmPieceKind::Label(label as u32), start);
                return Ok(());
            }
            Some(letter) => {
                let message = format!("the modifier `{letter}` is unknown");
                return Err(self.error(start, message));
            }
        };
        let Some(operand) = operand else {
            return Err(self.error(start, "there is no such operand"));
        };
        self.push(AsmPieceKind::Operand(operand as u32, modifier), start);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AsmPieceKind::*;

    fn parse(text: &str) -> Result<Vec<AsmPiece>, TemplateError> {
        let names =
            Names { operands: vec![Some("a"), None, Some("b")], n_both: 1, labels: vec!["out"] };
        parse_template(text, &names)
    }

    fn kinds(text: &str) -> Vec<AsmPieceKind> {
        parse(text).unwrap().into_iter().map(|piece| piece.kind).collect()
    }

    #[test]
    fn references_are_found() {
        let none = Modifier::None;
        assert_eq!(kinds("%0%[b]"), [Operand(0, none), Operand(2, none)]);
        assert_eq!(
            kinds("r1 = %w1; %%%= %l[out]%l4"),
            [Text, Operand(1, Modifier::Half), Text, Char('%'), Unique, Text, Label(0), Label(0)]
        );
        let pieces = parse("x %n[a] y").unwrap();
        assert_eq!(pieces[1].range, 2..7);
        assert_eq!(pieces[1].kind, Operand(0, Modifier::Negated));
    }

    #[test]
    fn the_first_alternative_counts() {
        let pieces = parse("a{b%0|c%9|d}e|f}").unwrap_err();
        assert_eq!(pieces.message, "there is no such operand");
        let text = "a{b%0|c%1|d}e|f}{|x}";
        let shown: Vec<&str> = parse(text)
            .unwrap()
            .iter()
            .map(|piece| &text[piece.range.start as usize..piece.range.end as usize])
            .collect();
        assert_eq!(shown, ["a", "b", "%0", "e", "|", "f", "}"]);
    }

    #[test]
    fn mistakes_have_their_place() {
        for (text, wrong, message) in [
            ("r1 = %3", "%3", "there is no such operand"),
            ("r1 = %[c] ", "%[c]", "there is no such operand"),
            ("%l[in]", "%l[in]", "there is no such label in this `asm goto`"),
            ("%l3", "%l3", "there is no such label in this `asm goto`"),
            ("a %", "%", "`%` at the end of the text"),
            ("%é", "%é", "`%é` means nothing"),
            ("%w", "%w", "no operand behind this letter"),
            ("%z0", "%z0", "the modifier `z` is unknown"),
            ("%[a", "%[a", "`]` is missing behind the name of an operand"),
            ("%99999999999999999999", "%99999999999999999999", "there is no such operand"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.message, message, "{text}");
            assert_eq!(&text[error.range.start as usize..error.range.end as usize], wrong);
        }
    }
}
