//! The driver: parses, and repairs what cannot be parsed.
//!
//! The generated parser stops at the first syntax error. The driver then tries small
//! changes of the tokens (put in a `;`, drop a token, …), each by parsing the item once
//! more a little way past the error, and keeps the one that gets furthest; where none
//! helps, it leaves out the statement, or the item. So independent mistakes are reported
//! one by one, and a repaired one has no consequences.

use super::attributes;
use super::brackets::check_brackets;
use super::grammar::TranslationUnitParser;
use super::names::TypeNames;
use super::repair;
use super::scopes::Scopes;
use super::source::{Repair, TokenSource};
use super::state::ParseState;
use crate::ast::TranslationUnit;
use crate::deferred::Deferred;
use crate::pp::TokenStream;
use crate::token::{KEYWORDS, Token, TokenKind};
use bpfc_base::{Idx, Session};
use lalrpop_util::ParseError;

/// Syntax errors in one file: past it the rest is not parsed.
const MAX_ERRORS: usize = 100;
/// Syntax errors in one item: past it the rest of the item is left out.
const MAX_ITEM_ERRORS: usize = 20;

/// Where and why the parser stopped.
pub(super) struct Failure {
    /// Index of the token; the number of tokens at the end of the file.
    pub at: u32,
    /// The terminals that could stand there, as the grammar spells them.
    pub expected: Vec<String>,
}

impl Failure {
    pub(super) fn expects(&self, terminal: &str) -> bool {
        self.expected.iter().any(|expected| {
            let bare = expected.trim_matches('"');
            bare == terminal
        })
    }
}

/// Parses `stream`, repairing it as needed.
pub(super) fn parse_with_repairs(
    session: &mut Session,
    mut stream: TokenStream,
    types: &mut dyn TypeNames,
) -> TranslationUnit {
    let keywords = keywords(session);
    let tokens = classify(std::mem::take(&mut stream.tokens), &keywords);
    let (mut tree, mut scopes) = parse_items(session, &stream, tokens, types, Scopes::default());
    // Whatever a program does to a name of its headers, they mean their own.
    scopes.declare_deferred(stream.deferred.names());
    tree.deferred = stream.deferred;
    tree.deferred.keywords = keywords.into();
    tree.deferred.scopes = scopes.into();
    tree
}

/// Parses one of `deferred`: in the scope of the file's end, since every name means the
/// same in all of file scope.
pub(crate) fn parse_deferred(
    session: &mut Session,
    mut stream: TokenStream,
    types: &mut dyn TypeNames,
    deferred: &Deferred,
) -> TranslationUnit {
    let tokens = classify(std::mem::take(&mut stream.tokens), &deferred.keywords);
    let scopes = deferred.scopes.take();
    let mark = scopes.mark();
    let (tree, mut scopes) = parse_items(session, &stream, tokens, types, scopes);
    scopes.undo(mark);
    deferred.scopes.replace(scopes);
    tree
}

fn parse_items(
    session: &mut Session,
    stream: &TokenStream,
    tokens: Vec<Token>,
    types: &mut dyn TypeNames,
    scopes: Scopes,
) -> (TranslationUnit, Scopes) {
    let state = ParseState::new(session, stream, tokens, types, scopes);
    let mut repairs = check_brackets(&mut state.inner());
    let is_closing = |repair: &&Repair| repair.insert[0] == Some(TokenKind::RBrace);
    let unclosed = repairs.iter().filter(is_closing).map(|repair| repair.at);
    state.inner().unclosed = unclosed.collect();
    let mut n_errors = 0;
    let mut item = u32::MAX;
    let mut n_item_errors = 0;
    loop {
        let start = state.inner().finished;
        let Err(failure) = run(&state, start, &repairs, u32::MAX) else {
            break;
        };
        n_errors += 1;
        let failed_item = state.inner().finished;
        if failed_item != item {
            item = failed_item;
            n_item_errors = 0;
        }
        n_item_errors += 1;
        if n_errors > MAX_ERRORS {
            state.inner().roll_back_item();
            break;
        }
        let is_hopeless = n_item_errors > MAX_ITEM_ERRORS;
        let repair = repair::choose(&state, &failure, &repairs, is_hopeless);
        insert_repair(&mut repairs, repair);
    }
    let mut inner = state.into_inner();
    inner.flush_reports();
    (inner.tree, inner.scopes)
}

/// Parses from token `start` on, at most to token `limit`.
pub(super) fn run(
    state: &ParseState<'_>,
    start: u32,
    repairs: &[Repair],
    limit: u32,
) -> Result<(), Failure> {
    let source = TokenSource::new(state, start, repairs, limit);
    let error = match TranslationUnitParser::new().parse(state, source) {
        Ok(()) => return Ok(()),
        Err(error) => error,
    };
    let n = state.inner().tokens.len() as u32;
    let (at, expected) = match error {
        ParseError::UnrecognizedToken { token: (at, kind, _), expected } => match kind {
            // The mark stands behind its name.
            TokenKind::TypeMark | TokenKind::VarMark => (at - 1, expected),
            _ => (at, expected),
        },
        ParseError::UnrecognizedEof { expected, .. } => (n.min(limit), expected),
        ParseError::ExtraToken { .. } | ParseError::InvalidToken { .. } => (n, Vec::new()),
        ParseError::User { error: () } => unreachable!("the token source has no errors"),
    };
    Err(Failure { at, expected })
}

/// Puts `new` in order; repairs inside of what it drops are gone.
pub(super) fn insert_repair(repairs: &mut Vec<Repair>, new: Repair) {
    repairs.retain(|old| old.at < new.at || old.at >= new.end());
    let at = repairs.partition_point(|old| old.at < new.at);
    repairs.insert(at, new);
}

/// The kinds of keywords, by symbol.
fn keywords(session: &mut Session) -> Vec<TokenKind> {
    let mut keywords: Vec<TokenKind> = Vec::new();
    for &(text, kind) in KEYWORDS {
        let symbol = session.intern(text).index();
        if keywords.len() <= symbol {
            keywords.resize(symbol + 1, TokenKind::Ident);
        }
        keywords[symbol] = kind;
    }
    keywords
}

/// Tells keywords from other identifiers. Indices stay the same.
fn classify(mut tokens: Vec<Token>, keywords: &[TokenKind]) -> Vec<Token> {
    let mut has_attributes = false;
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
        has_attributes |=
            kind == TokenKind::LBracket && at > 0 && tokens[at - 1].kind == TokenKind::LBracket;
        tokens[at].kind = kind;
    }
    if has_attributes {
        attributes::mark(&mut tokens);
    }
    tokens
}
