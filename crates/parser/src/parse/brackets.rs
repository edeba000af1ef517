//! Brackets, checked before the parse: nesting, `}` too many, `}` too few.
//!
//! A missing `}` turns the rest of the file into nonsense, so it is found by indentation
//! and put in before the parser sees the tokens.

use super::source::Repair;
use super::state::Inner;
use super::type_names::{is_specifier, is_type_keyword};
use crate::token::{TokenFlags, TokenKind};
use bpfc_base::{Diagnostic, codes};

/// Brackets that may stand in one another.
const MAX_NESTING: usize = 256;

/// Checks all brackets of the file; the repairs that the parser needs.
pub(super) fn check_brackets(inner: &mut Inner<'_>) -> Vec<Repair> {
    let mut check = Check::default();
    for at in 0..inner.tokens.len() as u32 {
        check.token(inner, at);
    }
    if check.n_braces > 0 && !inner.stream.hides_end && inner.stream.is_complete {
        return close_braces(inner);
    }
    if check.n_braces > 0 {
        // Why the end is missing has been reported.
        inner.is_end_reported = true;
        let n = inner.tokens.len() as u32;
        let close = insertion(n, TokenKind::RBrace);
        check.repairs.extend(std::iter::repeat_n(close, check.n_braces));
    }
    check.repairs
}

#[derive(Default)]
struct Check {
    open: Vec<TokenKind>,
    n_braces: usize,
    /// First token of the declaration at file level.
    item_start: u32,
    /// The declaration is nested too deeply: reported.
    is_too_deep: bool,
    repairs: Vec<Repair>,
}

impl Check {
    fn token(&mut self, inner: &mut Inner<'_>, at: u32) {
        let token = inner.tokens[at as usize];
        match token.kind {
            TokenKind::LBrace | TokenKind::LParen | TokenKind::LBracket => {
                self.n_braces += usize::from(token.kind == TokenKind::LBrace);
                self.open.push(token.kind);
                if self.open.len() > MAX_NESTING && !self.is_too_deep {
                    self.is_too_deep = true;
                    let message = format!("brackets are nested more than {MAX_NESTING} deep");
                    let report = Diagnostic::new(codes::parse::E0202, token.span, message);
                    inner.session.report(report);
                }
            }
            TokenKind::RBrace if self.n_braces == 0 => {
                let report = Diagnostic::new(codes::parse::E0201, token.span, "`}` without `{`")
                    .with_help("remove it, or look for a `}` too many above");
                inner.session.report(report);
                self.repairs.push(Repair { at, insert: [None; 2], n_dropped: 1 });
            }
            TokenKind::RBrace => {
                self.n_braces -= 1;
                while self.open.pop().is_some_and(|kind| kind != TokenKind::LBrace) {}
            }
            TokenKind::RParen if self.open.last() == Some(&TokenKind::LParen) => {
                self.open.pop();
            }
            TokenKind::RBracket if self.open.last() == Some(&TokenKind::LBracket) => {
                self.open.pop();
            }
            _ => {}
        }
        let is_last = at as usize + 1 == inner.tokens.len();
        let is_end = match token.kind {
            TokenKind::Semi => self.open.is_empty() || self.n_braces == 0 && self.is_too_deep,
            TokenKind::RBrace | TokenKind::Deferred => self.open.is_empty(),
            _ => false,
        };
        if is_end || is_last {
            if self.is_too_deep {
                self.repairs.retain(|repair| repair.at < self.item_start);
                self.repairs.push(Repair {
                    at: self.item_start,
                    insert: [Some(TokenKind::ErrorItem), None],
                    n_dropped: at + 1 - self.item_start,
                });
                self.open.clear();
                self.n_braces = 0;
            }
            self.is_too_deep = false;
            self.item_start = at + 1;
        }
    }
}

fn insertion(at: u32, kind: TokenKind) -> Repair {
    Repair { at, insert: [Some(kind), None], n_dropped: 0 }
}

/// Finds the `{` that have no `}`, reports the first, and closes all.
fn close_braces(inner: &mut Inner<'_>) -> Vec<Repair> {
    let mut repairs = Vec::new();
    let mut open: Vec<u32> = Vec::new();
    let mut n_reported = 0;
    let n = inner.tokens.len() as u32;
    for at in 0..n {
        let token = inner.tokens[at as usize];
        let is_line_start = token.flags.contains(TokenFlags::LINE_START);
        match token.kind {
            TokenKind::LBrace => open.push(at),
            TokenKind::RBrace if open.is_empty() => {
                repairs.push(Repair { at, insert: [None; 2], n_dropped: 1 })
            }
            TokenKind::RBrace => {
                // `}` left of the line of its `{` belongs to an outer block.
                let is_outer = |inner: &Inner<'_>, brace: u32| {
                    is_line_start && column(inner, at) < indentation(inner, brace)
                };
                if let Some(&brace) = open.last()
                    && open.len() > 1
                    && is_outer(inner, brace)
                {
                    open.pop();
                    report_unclosed(inner, brace, at, &mut n_reported);
                    repairs.push(insertion(at, TokenKind::RBrace));
                }
                open.pop();
            }
            kind if is_line_start
                && !open.is_empty()
                && (is_specifier(kind) || is_type_keyword(kind))
                && column(inner, at) == 1
                && begins_after_end(inner, at) =>
            {
                // A declaration in the first column begins at file level.
                report_unclosed(inner, open[0], at, &mut n_reported);
                let close = insertion(at, TokenKind::RBrace);
                repairs.extend(std::iter::repeat_n(close, open.len()));
                open.clear();
            }
            _ => {}
        }
    }
    if let Some(&brace) = open.last() {
        report_unclosed(inner, brace, n, &mut n_reported);
        inner.is_end_reported = true;
        let close = insertion(n, TokenKind::RBrace);
        repairs.extend(std::iter::repeat_n(close, open.len()));
    }
    repairs
}

fn begins_after_end(inner: &Inner<'_>, at: u32) -> bool {
    let previous = inner.tokens[at as usize - 1].kind;
    matches!(previous, TokenKind::Semi | TokenKind::RBrace | TokenKind::Deferred)
}

/// E0204 for token `brace`, whose `}` is missed in front of token `at`. One is enough.
fn report_unclosed(inner: &mut Inner<'_>, brace: u32, at: u32, n_reported: &mut usize) {
    *n_reported += 1;
    if *n_reported > 1 {
        return;
    }
    let missed = inner.span(at, at);
    let report = Diagnostic::new(
        codes::parse::E0204,
        inner.tokens[brace as usize].span,
        "this `{` is never closed",
    )
    .with_secondary(missed, "expected `}` here at the latest");
    inner.session.report(report);
}

/// Column of token `at`.
fn column(inner: &Inner<'_>, at: u32) -> u32 {
    let sources = &inner.session.sources;
    let span = sources.root(inner.tokens[at as usize].span);
    sources.line_col(span).map_or(0, |(_, place)| place.col)
}

/// Column of the first token in the line of token `at`.
fn indentation(inner: &Inner<'_>, at: u32) -> u32 {
    let mut first = at;
    while first > 0 && !inner.tokens[first as usize].flags.contains(TokenFlags::LINE_START) {
        first -= 1;
    }
    column(inner, first)
}
