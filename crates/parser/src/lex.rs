//! C11 5.1.1.2 phases 2 and 3: text to preprocessing tokens, a logical line at a time.
//!
//! The lexer reports nothing: what is wrong becomes a token kind, since the same
//! characters are an error in the program and none in `#error` or a skipped group.

use crate::token::{Token, TokenFlags, TokenKind};
use bpfc_base::{Interner, Span, Symbol};
use logos::Logos;
use std::ops::Range;
use std::sync::Arc;

/// Reads one file.
pub(crate) struct Lexer {
    /// The text without line splices.
    text: Arc<str>,
    splices: Vec<Splice>,
    next_splice: usize,
    /// Bytes of the splices passed so far.
    removed: u32,
    /// Session position of the file's first byte.
    base: u32,
    /// Next byte of `text` to read; between calls the start of a line.
    pos: usize,
    /// The symbol of the empty string.
    no_symbol: Symbol,
    /// The `/*` of a comment that the file ends in.
    pub(crate) unterminated_comment: Option<Span>,
}

/// A backslash and line break that were taken out of the text.
struct Splice {
    /// Where it was, as an offset into the text without splices.
    at: u32,
    n_bytes: u32,
}

impl Lexer {
    /// A lexer over `text`, whose first byte is at session position `base`.
    pub(crate) fn new(text: &Arc<str>, base: u32, names: &mut Interner) -> Self {
        let (text, splices) = remove_splices(text);
        let byte_order_mark = if text.starts_with('\u{feff}') { 3 } else { 0 };
        Self {
            text,
            splices,
            next_splice: 0,
            removed: 0,
            base,
            pos: byte_order_mark,
            no_symbol: names.intern(""),
            unterminated_comment: None,
        }
    }

    /// Appends the tokens of the next line that has any; false at the end of the file.
    pub(crate) fn line(&mut self, names: &mut Interner, out: &mut Vec<Token>) -> bool {
        let text = Arc::clone(&self.text);
        let mut lexer = TokenKind::lexer(&text);
        lexer.bump(self.pos);
        let first = out.len();
        let mut previous_end = self.pos;
        while let Some(kind) = lexer.next() {
            let range = lexer.span();
            let kind = kind.unwrap_or(TokenKind::Unknown);
            match kind {
                TokenKind::Newline if out.len() > first => {
                    self.pos = range.end;
                    return true;
                }
                TokenKind::Newline => previous_end = range.end,
                TokenKind::LineComment => {
                    let rest = lexer.remainder();
                    lexer.bump(rest.find('\n').unwrap_or(rest.len()));
                }
                TokenKind::BlockComment => {
                    let rest = lexer.remainder();
                    let end = rest.find("*/").map(|at| at + 2);
                    if end.is_none() {
                        let (lo, hi) = self.positions(range.start, range.end);
                        self.unterminated_comment = Some(Span::new(lo, hi));
                    }
                    lexer.bump(end.unwrap_or(rest.len()));
                }
                _ => {
                    let (kind, symbol) = spelling(kind, lexer.slice(), self.no_symbol, names);
                    let has_space = range.start > previous_end;
                    let token = self.token(kind, symbol, has_space, range.clone(), out, first);
                    out.push(token);
                    previous_end = range.end;
                    if let Some(end) = self.header_name(&text, names, range.end, out, first) {
                        lexer.bump(end - range.end);
                        previous_end = end;
                    }
                }
            }
        }
        self.pos = text.len();
        out.len() > first
    }

    fn token(
        &mut self,
        kind: TokenKind,
        symbol: Symbol,
        has_space: bool,
        range: std::ops::Range<usize>,
        out: &[Token],
        first: usize,
    ) -> Token {
        let mut flags = TokenFlags::default();
        if has_space {
            flags = flags.with(TokenFlags::SPACE);
        }
        if out.len() == first {
            flags = flags.with(TokenFlags::LINE_START);
        }
        let (lo, hi) = self.positions(range.start, range.end);
        let span = Span::new(lo, hi);
        Token { kind, flags, symbol, span }
    }

    /// C11 6.4.7: after `# include`, text in `<…>` is one token. Returns its end.
    fn header_name(
        &mut self,
        text: &str,
        names: &mut Interner,
        at: usize,
        out: &mut Vec<Token>,
        first: usize,
    ) -> Option<usize> {
        let [hash, word] = out.get(first..)? else {
            return None;
        };
        let is_include = hash.kind == TokenKind::Hash
            && matches!(names.resolve(word.symbol), "include" | "include_next" | "import");
        if !is_include {
            return None;
        }
        let rest = &text[at..];
        let name = rest.trim_start_matches([' ', '\t']).strip_prefix('<')?;
        let len = name.find(['>', '\n']).filter(|&at| name[at..].starts_with('>'))?;
        let start = text.len() - name.len();
        let symbol = names.intern(&name[..len]);
        let range = start - 1..start + len + 1;
        let end = range.end;
        let token = self.token(TokenKind::HeaderName, symbol, start - 1 > at, range, out, first);
        out.push(token);
        Some(end)
    }

    /// Goes to the next line that begins with `#`, without making tokens: in a skipped
    /// group only comments and quotes matter. False at the end of the file.
    pub(crate) fn skip_to_directive(&mut self) -> bool {
        let text = Arc::clone(&self.text);
        let bytes = text.as_bytes();
        let mut at = self.pos;
        let mut at_line_start = true;
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'\n' => at_line_start = true,
                b' ' | b'\t' | b'\r' | 0x0b | 0x0c => {}
                b'#' if at_line_start => break,
                b'%' if at_line_start && bytes.get(at + 1) == Some(&b':') => break,
                b'/' if bytes.get(at + 1) == Some(&b'/') => {
                    at = text[at..].find('\n').map_or(bytes.len(), |n| at + n);
                    continue;
                }
                b'/' if bytes.get(at + 1) == Some(&b'*') => {
                    let end = text[at + 2..].find("*/");
                    if end.is_none() {
                        let (lo, hi) = self.positions(at, at + 2);
                        self.unterminated_comment = Some(Span::new(lo, hi));
                    }
                    at = end.map_or(bytes.len(), |n| at + n + 4);
                    continue;
                }
                b'"' | b'\'' => {
                    at = end_of_quote(bytes, at);
                    at_line_start = false;
                    continue;
                }
                _ => at_line_start = false,
            }
            at += 1;
        }
        self.pos = at.min(bytes.len());
        self.pos < bytes.len()
    }

    /// Session positions of `start..end` of the text without splices. Calls must not go
    /// backwards.
    fn positions(&mut self, start: usize, end: usize) -> (u32, u32) {
        // A splice in front of a token is outside of it; one behind it is as well.
        self.pass_splices(|at| at <= start as u32);
        let lo = self.base + start as u32 + self.removed;
        self.pass_splices(|at| at < end as u32);
        (lo, self.base + end as u32 + self.removed)
    }

    fn pass_splices(&mut self, is_before: impl Fn(u32) -> bool) {
        while let Some(splice) = self.splices.get(self.next_splice)
            && is_before(splice.at)
        {
            self.removed += splice.n_bytes;
            self.next_splice += 1;
        }
    }

    /// The text without line splices.
    pub(crate) fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Where in [`Lexer::text`] the next line begins.
    pub(crate) fn offset(&self) -> usize {
        self.pos
    }

    /// Goes on behind `end`. The session positions of `start..end`; `None`, and nothing
    /// done, if a splice is in between.
    pub(crate) fn skip(&mut self, start: usize, end: usize) -> Option<(u32, u32)> {
        let mut splices = self.splices[self.next_splice..].iter();
        let next = splices.find(|splice| splice.at > start as u32);
        if next.is_some_and(|splice| splice.at < end as u32) {
            return None;
        }
        self.pos = end;
        Some(self.positions(start, end))
    }

    /// Goes on at `next`, behind `line`, which may have splices. The session positions of `name` in the line, and of the line.
    pub(crate) fn skip_line(
        &mut self,
        name: Range<usize>,
        line: Range<usize>,
        next: usize,
    ) -> (Span, Span) {
        let (lo, _) = self.positions(line.start, line.start);
        let (name_lo, name_hi) = self.positions(name.start, name.end);
        let (hi, _) = self.positions(line.end, line.end);
        self.pos = next;
        (Span::new(name_lo, name_hi), Span::new(lo, hi))
    }

    /// The session position behind the last line that was read.
    pub(crate) fn position(&self) -> u32 {
        self.base + self.pos as u32 + self.removed
    }

    /// The session position of the end of the file.
    pub(crate) fn end(&self) -> u32 {
        let removed: u32 = self.splices.iter().map(|splice| splice.n_bytes).sum();
        self.base + self.text.len() as u32 + removed
    }
}

/// The end of the quoted text at `at`: behind the quote, or the end of the line.
fn end_of_quote(bytes: &[u8], at: usize) -> usize {
    let quote = bytes[at];
    let mut at = at + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\n' => return at,
            b'\\' => at += 1,
            _ if byte == quote => return at + 1,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// C11 5.1.1.2p1.2: deletes each backslash before a line break. As in GCC and clang,
/// white space may stand between the two.
fn remove_splices(text: &Arc<str>) -> (Arc<str>, Vec<Splice>) {
    let mut splices = Vec::new();
    let mut clean = String::new();
    let mut copied = 0;
    for (at, _) in text.match_indices('\\') {
        let rest = &text[at + 1..];
        let break_at = rest.bytes().take_while(|b| b" \t\r\x0b\x0c".contains(b)).count();
        if rest.as_bytes().get(break_at) != Some(&b'\n') {
            continue;
        }
        clean.push_str(&text[copied..at]);
        let n_bytes = break_at + 2;
        splices.push(Splice { at: clean.len() as u32, n_bytes: n_bytes as u32 });
        copied = at + n_bytes;
    }
    if splices.is_empty() {
        return (Arc::clone(text), splices);
    }
    clean.push_str(&text[copied..]);
    (clean.into(), splices)
}

/// Lexes text that stands in no file, such as the result of `##` or the operand of
/// `_Pragma`; every token gets `span`.
pub(crate) fn lex_fragment(text: &str, span: Span, names: &mut Interner) -> Vec<Token> {
    let no_symbol = names.intern("");
    let mut tokens = Vec::new();
    let mut lexer = TokenKind::lexer(text);
    let mut previous_end = 0;
    while let Some(kind) = lexer.next() {
        let range = lexer.span();
        let kind = kind.unwrap_or(TokenKind::Unknown);
        let flags = match range.start > previous_end {
            true => TokenFlags::SPACE,
            false => TokenFlags::default(),
        };
        let (kind, symbol) = spelling(kind, lexer.slice(), no_symbol, names);
        tokens.push(Token { kind, flags, symbol, span });
        previous_end = range.end;
    }
    tokens
}

/// The symbol of a token spelled `text`. Names beyond ASCII are identifiers after all.
fn spelling(
    kind: TokenKind,
    text: &str,
    no_symbol: Symbol,
    names: &mut Interner,
) -> (TokenKind, Symbol) {
    match kind.text() {
        Some(known) if known.len() == text.len() => (kind, no_symbol),
        _ if kind == TokenKind::Unknown => match crate::identifier::extended(text) {
            Some(name) => (TokenKind::Ident, names.intern(&name)),
            None => (kind, names.intern(text)),
        },
        _ => (kind, names.intern(text)),
    }
}
