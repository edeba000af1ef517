//! Syntax errors.

use super::grammar::TranslationUnitParser;
use super::names::TypeNames;
use super::source::{Repair, TokenSource};
use super::state::ParseState;
use crate::ast::TranslationUnit;
use crate::pp::TokenStream;
use crate::token::{KEYWORDS, Token, TokenKind};
use bpfc_base::{Idx, Session};

/// Parses `stream`, repairing it as needed.
pub(super) fn parse_with_repairs(
    session: &mut Session,
    stream: &TokenStream,
    types: &mut dyn TypeNames,
) -> TranslationUnit {
    let tokens = classify(session, stream);
    let state = ParseState::new(session, stream, tokens, types);
    let repairs: Vec<Repair> = Vec::new();
    let source = TokenSource::new(&state, 0, &repairs, u32::MAX);
    if let Err(error) = TranslationUnitParser::new().parse(&state, source) {
        let mut inner = state.inner();
        let at = match &error {
            lalrpop_util::ParseError::UnrecognizedToken { token, .. } => token.0,
            _ => stream.tokens.len() as u32,
        };
        let span = inner.span(at, at + 1);
        inner.syntax_error(span, format!("{error:?}"));
    }
    let mut inner = state.into_inner();
    inner.flush_reports();
    inner.tree
}

/// The stream's tokens with keywords told from other identifiers. Indices stay the same.
fn classify(session: &mut Session, stream: &TokenStream) -> Vec<Token> {
    let mut keywords: Vec<TokenKind> = Vec::new();
    for &(text, kind) in KEYWORDS {
        let symbol = session.intern(text).index();
        if keywords.len() <= symbol {
            keywords.resize(symbol + 1, TokenKind::Ident);
        }
        keywords[symbol] = kind;
    }
    let mut tokens = stream.tokens.clone();
    for at in 0..tokens.len() {
        let token = tokens[at];
        let kind = match token.kind {
            TokenKind::Ident => match keywords.get(token.symbol.index()).copied() {
                // C11 6.7.2.4p4: `_Atomic` and `(` make a type specifier.
                Some(TokenKind::KwAtomic)
                    if tokens.get(at + 1).map(|t| t.kind) == Some(TokenKind::LParen) =>
                {
                    TokenKind::AtomicType
                }
                Some(kind) => kind,
                None => TokenKind::Ident,
            },
            TokenKind::UnterminatedStr => TokenKind::Str,
            TokenKind::UnterminatedChar => TokenKind::Char,
            kind => kind,
        };
        tokens[at].kind = kind;
    }
    tokens
}
