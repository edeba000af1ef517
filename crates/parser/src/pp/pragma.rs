//! C11 6.10.6: `#pragma`.

use super::Preprocessor;
use super::define::MacroId;
use super::stream::Pragma;
use crate::ast::Unroll;
use crate::literal::{self, Number};
use crate::token::{Token, TokenFlags, TokenKind};
use bpfc_base::{Diagnostic, Idx, Span, Symbol, codes};

/// State that pragmas push and pop.
#[derive(Default)]
pub(super) struct PragmaState {
    pack: Option<u32>,
    pack_stack: Vec<Option<u32>>,
    /// What `#pragma push_macro` put aside, by name.
    macros: Vec<(Symbol, Option<MacroId>)>,
    /// Attribute names of `#pragma clang attribute push`, one list per push.
    attributes: Vec<(Vec<Symbol>, Span)>,
}

impl PragmaState {
    /// The packing in force.
    pub(super) fn pack(&self) -> Option<u32> {
        self.pack
    }

    /// The attributes of every record that is defined now, and the last pragma.
    pub(super) fn record_attributes(&self) -> Option<(Vec<Symbol>, Span)> {
        let (_, span) = self.attributes.last()?;
        let names = self.attributes.iter().flat_map(|(names, _)| names.iter().copied());
        Some((names.collect(), *span))
    }
}

impl Preprocessor<'_> {
    /// Carries out a pragma; the token that takes its place, if the parser must know.
    pub(super) fn pragma(&mut self, span: Span, tokens: &[Token]) -> Option<Token> {
        let words: Vec<&str> =
            tokens.iter().take(3).map(|token| token.spelling(&self.session.names)).collect();
        let pragma = match words.as_slice() {
            ["once", ..] => {
                self.pragma_once();
                return None;
            }
            ["unroll", ..] => self.unroll_count(span, &tokens[1..], Unroll::Full),
            ["GCC", "unroll", ..] => self.unroll_count(span, &tokens[2..], Unroll::Full),
            ["nounroll", ..] => Some(Pragma::Unroll(Unroll::Disable)),
            ["clang", "loop", ..] => self.clang_loop(span, &tokens[2..]),
            ["push_macro" | "pop_macro", ..] => {
                self.push_or_pop_macro(span, tokens);
                return None;
            }
            ["pack", ..] => self.pack(span, &tokens[1..]),
            ["clang", "attribute", ..] => self.clang_attribute(span, &tokens[2..]),
            ["GCC" | "clang", "diagnostic", ..] => {
                self.diagnostic_pragma(span, &tokens[2..]);
                return None;
            }
            ["GCC", kind @ ("error" | "warning"), ..] => {
                let is_error = *kind == "error";
                self.message_pragma(span, &tokens[2..], is_error);
                return None;
            }
            ["GCC" | "clang" | "STDC" | "region" | "endregion" | "mark" | "message", ..] | [] => {
                return None;
            }
            [name, ..] => {
                let message = format!("unknown pragma `{name}`");
                self.session.report(Diagnostic::new(codes::lex::W0102, span, message));
                return None;
            }
        }?;
        self.pragmas.push((pragma, span));
        Some(Token {
            kind: TokenKind::Pragma,
            flags: TokenFlags::default(),
            symbol: Symbol::new(self.pragmas.len() - 1),
            span,
        })
    }

    /// `#pragma GCC error "text"` and `#pragma GCC warning "text"`.
    fn message_pragma(&mut self, span: Span, tokens: &[Token], is_error: bool) {
        let mut text = String::new();
        for token in tokens.iter().filter(|token| token.kind == TokenKind::Str) {
            text.push_str(literal::split_prefix(token.spelling(&self.session.names)).1);
        }
        let code = if is_error { codes::lex::E0110 } else { codes::lex::W0103 };
        self.session.report(Diagnostic::new(code, span, text));
    }

    fn pragma_once(&mut self) {
        let Some(file) = self.files.last() else {
            return;
        };
        let id = file.id;
        if let Some(known) = self.known_files.values_mut().find(|known| known.id == id) {
            known.is_once = true;
        }
    }

    /// `#pragma push_macro("name")` and `pop_macro("name")`.
    fn push_or_pop_macro(&mut self, span: Span, tokens: &[Token]) {
        let [word, _, string, _] = tokens else {
            self.bad_pragma(span, "expected `(\"name\")` behind the pragma");
            return;
        };
        let is_push = self.session.name(word.symbol) == "push_macro";
        let text = self.session.names.resolve_shared(string.symbol);
        let name = self.session.intern(literal::split_prefix(&text).1);
        if is_push {
            let old = self.lookup(name);
            self.pragma_state.macros.push((name, old));
            return;
        }
        let macros = &mut self.pragma_state.macros;
        if let Some(at) = macros.iter().rposition(|(pushed, _)| *pushed == name) {
            let (_, old) = macros.remove(at);
            self.set_macro(name, old);
        }
    }

    fn bad_pragma(&mut self, span: Span, message: &str) {
        self.session.report(Diagnostic::new(codes::lex::E0106, span, message));
    }

    /// The number in `N` or `(N)`, macro-expanded.
    fn pragma_number(&mut self, tokens: &[Token]) -> Option<u32> {
        let tokens = self.expand_list(tokens);
        let number = match tokens.as_slice() {
            [number] => number,
            [open, number, _] if open.kind == TokenKind::LParen => number,
            _ => return None,
        };
        if number.kind != TokenKind::Number {
            return None;
        }
        match literal::number(self.session.name(number.symbol)) {
            Ok(Number::Int(int)) => u32::try_from(int.value).ok(),
            _ => None,
        }
    }

    /// `unroll`, `unroll N` and `unroll(N)`.
    fn unroll_count(&mut self, span: Span, tokens: &[Token], bare: Unroll) -> Option<Pragma> {
        if tokens.is_empty() {
            return Some(Pragma::Unroll(bare));
        }
        match self.pragma_number(tokens) {
            // As in GCC and clang, unrolling by 0 or 1 means not at all.
            Some(0 | 1) => Some(Pragma::Unroll(Unroll::Disable)),
            Some(count) => Some(Pragma::Unroll(Unroll::Count(count))),
            None => {
                self.bad_pragma(span, "expected a number of turns after `unroll`");
                None
            }
        }
    }

    /// `#pragma clang loop unroll(full) …`; other loop hints are about vectors.
    fn clang_loop(&mut self, span: Span, tokens: &[Token]) -> Option<Pragma> {
        let names = &self.session.names;
        let at =
            tokens.iter().position(|t| matches!(t.spelling(names), "unroll" | "unroll_count"))?;
        let word = tokens.get(at + 2).map_or("", |t| t.spelling(names));
        match (tokens[at].spelling(names), word) {
            ("unroll", "full" | "enable") => Some(Pragma::Unroll(Unroll::Full)),
            ("unroll", "disable") => Some(Pragma::Unroll(Unroll::Disable)),
            ("unroll_count", _) if tokens.len() >= at + 4 => {
                self.unroll_count(span, &tokens[at + 1..at + 4], Unroll::Full)
            }
            _ => {
                self.bad_pragma(span, "expected `unroll(full)`, `(enable)` or `(disable)`");
                None
            }
        }
    }

    /// `#pragma pack(push, N)`, `(push)`, `(pop)`, `(N)` and `()`.
    fn pack(&mut self, span: Span, tokens: &[Token]) -> Option<Pragma> {
        let inner = match tokens {
            [open, inner @ .., close]
                if open.kind == TokenKind::LParen && close.kind == TokenKind::RParen =>
            {
                inner
            }
            _ => {
                self.bad_pragma(span, "expected `(…)` after `pack`");
                return None;
            }
        };
        let mut pack = self.pragma_state.pack;
        let mut is_valid = true;
        if inner.is_empty() {
            pack = None;
        }
        for part in inner.split(|token| token.kind == TokenKind::Comma) {
            let word = match part {
                [token] => token.spelling(&self.session.names).to_owned(),
                _ => String::new(),
            };
            match word.as_str() {
                "push" => self.pragma_state.pack_stack.push(pack),
                "pop" => match self.pragma_state.pack_stack.pop() {
                    Some(old) => pack = old,
                    None => self.bad_pragma(span, "`pack(pop)` without `pack(push)`"),
                },
                _ if inner.is_empty() => {}
                _ => match self.pragma_number(part) {
                    Some(0) => pack = None,
                    Some(n @ (1 | 2 | 4 | 8 | 16)) => pack = Some(n),
                    _ => is_valid = false,
                },
            }
        }
        if !is_valid {
            self.bad_pragma(span, "expected `push`, `pop`, 1, 2, 4, 8 or 16 in `pack(…)`");
        }
        self.pragma_state.pack = pack;
        Some(Pragma::Pack(pack))
    }

    /// `#pragma clang attribute push(__attribute__((name)), apply_to = record)`, as in
    /// every dumped `vmlinux.h`.
    fn clang_attribute(&mut self, span: Span, tokens: &[Token]) -> Option<Pragma> {
        let names = &self.session.names;
        let is_word = |word: &str| tokens.iter().any(|token| token.spelling(names) == word);
        let first = tokens.first().map_or("", |token| token.spelling(names));
        match first {
            "push" => {
                let attributes = tokens
                    .windows(3)
                    .filter(|w| {
                        matches!(w[0].kind, TokenKind::LParen | TokenKind::Comma)
                            && w[1].kind == TokenKind::Ident
                            && matches!(w[2].kind, TokenKind::RParen | TokenKind::Comma)
                    })
                    .map(|w| w[1].symbol)
                    .take(if is_word("record") { usize::MAX } else { 0 })
                    .collect();
                self.pragma_state.attributes.push((attributes, span));
            }
            "pop" => {
                if self.pragma_state.attributes.pop().is_none() {
                    self.bad_pragma(span, "`attribute pop` without `attribute push`");
                }
            }
            _ => {
                self.bad_pragma(span, "expected `push(…)` or `pop` after `clang attribute`");
            }
        }
        let all = self.pragma_state.record_attributes().map_or(Vec::new(), |(names, _)| names);
        Some(Pragma::RecordAttributes(all))
    }
}
