//! Finds declarations of types in headers whose parse can wait ([`Deferred`]): where they
//! end and which names they declare, without making tokens.
//!
//! Only a declaration that means the same at any later time qualifies: it defines nothing
//! but types, no name in it is a macro, and no directive stands in it. What does not fit
//! the patterns below takes the usual way.

use super::Preprocessor;
use super::stream::{Pragma, PragmaAt};
use crate::ast::TagKind;
use crate::deferred::DeferredKind;
use crate::token::{Token, TokenFlags, TokenKind};
use bpfc_base::Span;
use std::ops::Range;

/// Text in files from this size on is deferred although the user wrote the file: 64 KiB.
const LARGE_HEADER: usize = 1 << 16;
/// Likewise for a header that is itself the file to compile: 256 KiB.
const LARGE_MAIN_HEADER: usize = 1 << 18;

/// A quick test for names of macros.
#[derive(Default)]
pub(super) struct MacroFilter {
    /// Bits for the hashes of names: a name without its bit is no macro.
    bits: Vec<u64>,
    /// How many macros went in.
    n_macros: usize,
}

/// What the scanner remembers from one declaration to the next.
#[derive(Default)]
pub(super) struct DeferState {
    /// The names that the current declaration declares.
    names: Vec<(Range<usize>, DeferredKind)>,
    /// Open braces: which belong to enumerations.
    braces: Vec<bool>,
    /// Significant tokens of a typedef outside of braces.
    outline: Vec<Word>,
    /// Open braces, parentheses and brackets of the tokens that were emitted.
    pub(super) depth: u32,
    /// The last emitted token ended a declaration.
    pub(super) is_behind_item: bool,
    /// The last token stands for deferred declarations and takes more.
    pub(super) is_group_open: bool,
}

const FILTER_BITS: u32 = 15;

impl DeferState {
    /// Takes note of an emitted token.
    pub(super) fn emitted(&mut self, kind: TokenKind) {
        self.is_group_open = false;
        match kind {
            TokenKind::LBrace | TokenKind::LParen | TokenKind::LBracket => self.depth += 1,
            TokenKind::RBrace | TokenKind::RParen | TokenKind::RBracket => {
                self.depth = self.depth.saturating_sub(1);
            }
            _ => {}
        }
        self.is_behind_item = matches!(kind, TokenKind::Semi | TokenKind::RBrace);
    }
}

/// Whether declarations of a file may be deferred.
pub(super) fn may_defer(
    is_main: bool,
    is_user: bool,
    is_angled: bool,
    name: &str,
    n: usize,
) -> bool {
    match is_main {
        true => n >= LARGE_MAIN_HEADER && name.ends_with(".h"),
        false => !is_user || is_angled || n >= LARGE_HEADER,
    }
}

impl Preprocessor<'_> {
    /// Reads over declarations at the beginning of the innermost file's next line.
    pub(super) fn defer_declarations(&mut self) {
        let can_begin = self.defer.depth == 0
            && (self.defer.is_behind_item
                || self.out.tokens.is_empty()
                || self.defer.is_group_open)
            && self.contexts.is_empty()
            && self.n_open_calls == 0;
        if !can_begin {
            return;
        }
        self.update_filter();
        while let Some(file) = self.files.last() {
            let text = std::sync::Arc::clone(file.lexer.text());
            let from = file.lexer.offset();
            let scan = Scan { bytes: text.as_bytes(), at: from };
            let Some((start, end)) = self.scan_declaration(scan) else {
                return;
            };
            let Some(file) = self.files.last_mut() else {
                return;
            };
            let Some((lo, hi)) = file.lexer.skip(start, end) else {
                return;
            };
            file.guard.text();
            if !self.defer.is_group_open {
                self.open_group(lo);
            }
            let mut names = std::mem::take(&mut self.defer.names);
            for (range, kind) in names.drain(..) {
                let symbol = self.session.names.intern(&text[range]);
                self.out.deferred.push_name(symbol, kind);
            }
            self.defer.names = names;
            self.out.deferred.push_item(lo, hi);
        }
    }

    /// Puts a token into the stream that stands for declarations.
    fn open_group(&mut self, lo: u32) {
        let span = Span::new(lo, lo);
        let mut pragmas = Vec::new();
        if let Some(pack) = self.pragma_state.pack() {
            pragmas.push(PragmaAt { index: 0, pragma: Pragma::Pack(Some(pack)), span });
        }
        if let Some((names, span)) = self.pragma_state.record_attributes() {
            pragmas.push(PragmaAt { index: 0, pragma: Pragma::RecordAttributes(names), span });
        }
        self.out.deferred.open_group(self.out.tokens.len() as u32, pragmas);
        let flags = TokenFlags::LINE_START;
        let symbol = self.syms.none;
        self.out.tokens.push(Token { kind: TokenKind::Deferred, flags, symbol, span });
        self.defer.is_group_open = true;
        self.defer.is_behind_item = true;
    }

    /// Adds new macros to the filter.
    fn update_filter(&mut self) {
        let filter = &mut self.macro_filter;
        filter.bits.resize(1 << (FILTER_BITS - 6), 0);
        for definition in &self.macros[filter.n_macros..] {
            let name = self.session.names.resolve(definition.name).as_bytes();
            let hash = hash(name, 0..name.len());
            filter.bits[hash >> 6] |= 1 << (hash & 63);
        }
        filter.n_macros = self.macros.len();
    }

    /// True if the name in `range` of `bytes` is that of a macro.
    fn is_macro(&self, bytes: &[u8], range: Range<usize>) -> bool {
        let hash = hash(bytes, range.clone());
        if self.macro_filter.bits[hash >> 6] & (1 << (hash & 63)) == 0 {
            return false;
        }
        let name = std::str::from_utf8(&bytes[range]).ok();
        let symbol = name.and_then(|name| self.session.names.get(name));
        symbol.is_some_and(|symbol| self.lookup(symbol).is_some())
    }

    /// Reads over one declaration, and collects its names. Its bounds; `None` if what comes
    /// next cannot be deferred.
    fn scan_declaration(&mut self, mut scan: Scan<'_>) -> Option<(usize, usize)> {
        let start = scan.next_significant()?;
        let is_typedef = match scan.peek_word(start) {
            b"typedef" => true,
            b"struct" | b"union" | b"enum" => false,
            _ => return None,
        };
        let mut state = std::mem::take(&mut self.defer);
        state.names.clear();
        state.braces.clear();
        state.outline.clear();
        let end = self.scan_tokens(&mut scan, &mut state);
        let name = match is_typedef {
            true => typedef_name(scan.bytes, &state.outline)
                .map(|name| state.names.push((name, DeferredKind::Typedef))),
            false => is_only_tag(scan.bytes, &state.outline).then_some(()),
        };
        self.defer = state;
        name.and(end).filter(|_| scan.is_fit_for_line()).map(|end| (start, end))
    }

    /// Reads to the `;` of a declaration. Its end.
    fn scan_tokens(&self, scan: &mut Scan<'_>, state: &mut DeferState) -> Option<usize> {
        let bytes = scan.bytes;
        let mut place = Place::default();
        loop {
            let at = scan.next_significant()?;
            match CLASS[bytes[at] as usize] {
                Class::Word => {
                    let range = scan.word(at);
                    if self.is_macro(bytes, range.clone()) {
                        return None;
                    }
                    place.word(scan, state, range);
                }
                Class::Digit => scan.number(at),
                Class::Quote => scan.quote(at)?,
                Class::Bad => return None,
                Class::Other => {
                    scan.at = at + 1;
                    if bytes[at] == b';' && state.braces.is_empty() && place.depth == 0 {
                        return Some(scan.at);
                    }
                    place.punctuation(bytes[at], bytes.get(scan.at).copied(), state)?;
                }
            }
        }
    }
}

/// Where in a declaration its reading stands.
#[derive(Debug, Default)]
struct Place {
    /// Open parentheses and brackets.
    depth: u32,
    /// The keyword of a tag whose name or brace is next, and how deep it stands.
    tag: Option<(TagKind, u32)>,
    /// The name behind it.
    tag_name: Option<Range<usize>>,
    is_enumerator_next: bool,
}

impl Place {
    /// Takes a name or keyword.
    fn word(&mut self, scan: &mut Scan<'_>, state: &mut DeferState, range: Range<usize>) {
        let word = &scan.bytes[range.clone()];
        let is_outside = state.braces.is_empty();
        if self.is_enumerator_next && self.depth == 0 {
            state.names.push((range, DeferredKind::Enumerator));
            self.is_enumerator_next = false;
            return;
        }
        if self.tag.is_some_and(|(_, at)| at == self.depth) && !is_attribute(word) {
            if !scan.is_brace_next() {
                self.tag = None;
                if is_outside {
                    state.outline.push(Word::TagName);
                }
                return;
            }
            self.tag_name = Some(range.clone());
        } else if self.tag.is_none() {
            self.tag = tag_kind(word).map(|kind| (kind, self.depth));
            if self.tag.is_some() {
                if is_outside && self.depth == 0 {
                    state.outline.push(Word::Tag);
                }
                return;
            }
        }
        if is_outside {
            state.outline.push(Word::Name(range, self.depth));
        }
    }

    /// Takes a punctuator that does not end the declaration. `None` where it has no place in a
    /// declaration that can wait.
    fn punctuation(&mut self, byte: u8, next: Option<u8>, state: &mut DeferState) -> Option<()> {
        let is_outside = state.braces.is_empty();
        match byte {
            b'{' | b'}' if self.depth > 0 => return None,
            b'{' => {
                let (kind, _) = self.tag.take()?;
                if let Some(name) = self.tag_name.take() {
                    state.names.push((name, DeferredKind::Tag(kind)));
                }
                if is_outside {
                    state.outline.push(Word::Body);
                }
                state.braces.push(kind == TagKind::Enum);
                self.is_enumerator_next = kind == TagKind::Enum;
            }
            b'}' => {
                state.braces.pop()?;
                self.is_enumerator_next = false;
            }
            open @ (b'(' | b'[') => {
                if is_outside {
                    state.outline.push(Word::Open(open, self.depth));
                }
                self.depth += 1;
            }
            b')' | b']' => {
                self.depth = self.depth.checked_sub(1)?;
                if is_outside {
                    state.outline.push(Word::Close(self.depth));
                }
            }
            b',' if self.depth == 0 => self.is_enumerator_next = *state.braces.last()?,
            b'*' if is_outside => state.outline.push(Word::Star),
            b'=' if is_outside => return None,
            // Digraphs.
            b'<' if matches!(next, Some(b'%' | b':')) => return None,
            b'%' | b':' if matches!(next, Some(b'>' | b':')) => return None,
            _ => {}
        }
        Some(())
    }
}

/// A token of a declaration outside of braces.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    /// `struct`, `union` or `enum`.
    Tag,
    /// A tag without a body.
    TagName,
    /// A body in braces.
    Body,
    /// A keyword or name, and in how many parentheses it stands.
    Name(Range<usize>, u32),
    Star,
    /// `(` or `[`, and in how many others it stands.
    Open(u8, u32),
    /// The matching one.
    Close(u32),
}

fn tag_kind(word: &[u8]) -> Option<TagKind> {
    match word {
        b"struct" => Some(TagKind::Struct),
        b"union" => Some(TagKind::Union),
        b"enum" => Some(TagKind::Enum),
        _ => None,
    }
}

fn is_attribute(word: &[u8]) -> bool {
    matches!(word, b"__attribute__" | b"__attribute")
}

/// The words outside of attributes.
fn without_attributes(bytes: &[u8], outline: &[Word]) -> Vec<Word> {
    let mut kept = Vec::with_capacity(outline.len());
    let mut words = outline.iter();
    while let Some(word) = words.next() {
        match word {
            Word::Name(range, depth) if is_attribute(&bytes[range.clone()]) => {
                words.find(|word| matches!(word, Word::Close(at) if at == depth));
            }
            word => kept.push(word.clone()),
        }
    }
    kept
}

/// True for `struct s { … };` with attributes, and nothing declared by it.
fn is_only_tag(bytes: &[u8], outline: &[Word]) -> bool {
    match outline {
        [Word::Tag, Word::TagName | Word::Body] | [Word::Tag, Word::Name(..), Word::Body] => true,
        outline => matches!(
            without_attributes(bytes, outline).as_slice(),
            [Word::Tag, Word::Name(..), Word::Body] | [Word::Tag, Word::Body]
        ),
    }
}

/// The name that a typedef declares, if it is one of the usual forms.
fn typedef_name(bytes: &[u8], outline: &[Word]) -> Option<Range<usize>> {
    let words = without_attributes(bytes, outline);
    // The name of a tag that has a body.
    let is_tag_name = |at: usize| at > 0 && words[at - 1] == Word::Tag;
    let mut name: Option<Range<usize>> = None;
    // A word or tag that can be the type stands in front of the name.
    let mut n_words = 0;
    let mut has_tag = false;
    for (at, word) in words.iter().enumerate() {
        match word {
            Word::Name(range, 0) if !is_tag_name(at) => {
                n_words += 1;
                name = Some(range.clone());
            }
            Word::Tag | Word::Body => {
                has_tag = true;
                name = None;
            }
            Word::Open(b'[', 0) => break,
            Word::Open(_, 0) if is_type_operator(bytes, name.as_ref()) => {
                // Skips `typeof(…)`; a name must follow.
                return None;
            }
            // `T (*name)(…)`, or `T name(…)`.
            Word::Open(_, 0) => {
                return match &words[at + 1..] {
                    [Word::Star, Word::Name(inner, 1), Word::Close(0), ..] => {
                        valid_name(bytes, inner.clone())
                    }
                    [Word::Star, ..] => None,
                    [Word::Open(..), ..] => None,
                    // `T (name)` looks like this as well.
                    [Word::Name(inner, _), Word::Close(0)]
                        if valid_name(bytes, inner.clone()).is_some() =>
                    {
                        None
                    }
                    _ if has_tag || n_words >= 3 => valid_name(bytes, name?),
                    _ => None,
                };
            }
            _ => {}
        }
    }
    valid_name(bytes, name?)
}

fn is_type_operator(bytes: &[u8], name: Option<&Range<usize>>) -> bool {
    name.is_some_and(|range| {
        let word = &bytes[range.clone()];
        matches!(word, b"typeof" | b"_Atomic" | b"_Alignas") || word.starts_with(b"__typeof")
    })
}

/// `range` unless a keyword is there.
fn valid_name(bytes: &[u8], range: Range<usize>) -> Option<Range<usize>> {
    let text = std::str::from_utf8(&bytes[range.clone()]).ok()?;
    let is_keyword = crate::token::KEYWORDS.iter().any(|(keyword, _)| *keyword == text);
    (!is_keyword).then_some(range)
}

/// A hash of `FILTER_BITS` bits.
fn hash(bytes: &[u8], range: Range<usize>) -> usize {
    let len = range.len();
    let word = |at: usize| match bytes.get(at..at + 8) {
        Some(eight) => u64::from_le_bytes(eight.try_into().unwrap_or_default()),
        None => {
            let mut eight = [0; 8];
            let rest = &bytes[at.min(bytes.len())..];
            eight[..rest.len().min(8)].copy_from_slice(&rest[..rest.len().min(8)]);
            u64::from_le_bytes(eight)
        }
    };
    let mut bits = word(range.start);
    if len < 8 {
        bits &= (1 << (8 * len)) - 1;
    } else {
        bits ^= word(range.end - 8).rotate_left(29);
    }
    let mixed = (bits ^ (len as u64) << 56).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> (64 - FILTER_BITS)) as usize
}

/// Classes of bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Word,
    Digit,
    Quote,
    /// Ends the attempt: directives, splices, characters that C has no use for.
    Bad,
    Other,
}

const CLASS: [Class; 256] = {
    let mut table = [Class::Other; 256];
    let mut at = 0;
    while at < 256 {
        let byte = at as u8;
        table[at] = match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'$' => Class::Word,
            b'0'..=b'9' => Class::Digit,
            b'"' | b'\'' => Class::Quote,
            b'#' | b'\\' | b'@' | b'`' | 0x7f..=0xff => Class::Bad,
            b'\t' | b'\n' | 0x0b | 0x0c | b'\r' => Class::Other,
            0..=0x1f => Class::Bad,
            _ => Class::Other,
        };
        at += 1;
    }
    table
};

/// A position in a text.
struct Scan<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl Scan<'_> {
    /// The next byte that is neither white space nor in a comment; `None` at the end.
    fn next_significant(&mut self) -> Option<usize> {
        loop {
            match *self.bytes.get(self.at)? {
                b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => self.at += 1,
                b'/' => match self.bytes.get(self.at + 1) {
                    Some(b'/') => {
                        let rest = &self.bytes[self.at..];
                        self.at += rest.iter().position(|&byte| byte == b'\n')?;
                    }
                    Some(b'*') => {
                        let rest = &self.bytes[self.at + 2..];
                        self.at += 4 + rest.windows(2).position(|pair| pair == b"*/")?;
                    }
                    _ => return Some(self.at),
                },
                _ => return Some(self.at),
            }
        }
    }

    /// The word at `at`, without reading it.
    fn peek_word(&self, at: usize) -> &[u8] {
        let rest = &self.bytes[at..];
        let n = rest.iter().take(8).take_while(|&&byte| is_word(byte)).count();
        &rest[..n]
    }

    fn word(&mut self, at: usize) -> Range<usize> {
        let mut end = at + 1;
        while self.bytes.get(end).is_some_and(|&byte| is_word(byte)) {
            end += 1;
        }
        self.at = end;
        at..end
    }

    /// C11 6.4.8, but for the signs of exponents, which change nothing here.
    fn number(&mut self, at: usize) {
        self.at = at + 1;
        while self.bytes.get(self.at).is_some_and(|&byte| is_word(byte) || byte == b'.') {
            self.at += 1;
        }
    }

    /// A character constant or string that ends in its line.
    fn quote(&mut self, at: usize) -> Option<()> {
        let quote = self.bytes[at];
        self.at = at + 1;
        loop {
            let byte = *self.bytes.get(self.at)?;
            self.at += 1;
            match byte {
                b'\n' | b'\\' | 0x80.. => return None,
                _ if byte == quote => return Some(()),
                _ => {}
            }
        }
    }

    /// True unless a `#` follows in the same line, which the lexer would take for that of
    /// a directive.
    fn is_fit_for_line(&self) -> bool {
        let rest = &self.bytes[self.at.min(self.bytes.len())..];
        let next = rest.iter().find(|byte| !matches!(byte, b' ' | b'\t'));
        !matches!(next, Some(b'#' | b'%'))
    }

    /// True if `{` comes next.
    fn is_brace_next(&mut self) -> bool {
        self.next_significant().is_some_and(|at| self.bytes[at] == b'{')
    }
}

fn is_word(byte: u8) -> bool {
    matches!(CLASS[byte as usize], Class::Word | Class::Digit)
}
