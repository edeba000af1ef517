//! The token source: what the generated parser reads.
//!
//! Behind every name it yields a mark that says whether the name is a type. The parser
//! asks for the mark after it has carried out all actions for what stands in front of
//! the name, so the scope table is right at that moment.

use super::state::{Inner, ParseState};
use super::type_names::{Bracket, NamePlace, is_specifier, is_type_keyword};
use crate::token::TokenKind;
use bpfc_base::Symbol;

/// A change to the tokens that a syntax error calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Repair {
    /// Index of the token in front of which `insert` goes and from which tokens are dropped.
    pub at: u32,
    /// Tokens to put there.
    pub insert: [Option<TokenKind>; 2],
    /// Tokens to drop.
    pub n_dropped: u32,
}

impl Repair {
    pub(crate) fn end(&self) -> u32 {
        self.at + self.n_dropped
    }
}

/// Reads tokens from an index on, repaired.
pub(crate) struct TokenSource<'a, 's> {
    state: &'a ParseState<'s>,
    at: u32,
    /// The name that was yielded last, whose mark is next.
    pending: Option<Symbol>,
    /// Repairs that were not reached yet, by position, and how many tokens of the first
    /// were inserted.
    repairs: &'a [Repair],
    n_inserted: usize,
    /// Kind of the token before the last.
    previous: Option<TokenKind>,
    /// Brackets that are open.
    brackets: Vec<Bracket>,
    /// How many of them are blocks.
    n_blocks: usize,
    /// The bracket that the last token closed.
    closed: Option<Bracket>,
    /// Kind of the token in front of the last name.
    before_name: Option<TokenKind>,
    /// Where to stop, for a parse on trial.
    limit: u32,
}

impl<'a, 's> TokenSource<'a, 's> {
    pub(crate) fn new(
        state: &'a ParseState<'s>,
        at: u32,
        repairs: &'a [Repair],
        limit: u32,
    ) -> Self {
        let mut from = repairs.partition_point(|repair| repair.at < at);
        // What ends an item belongs to the item in front of `at`.
        while repairs.get(from).is_some_and(|repair| {
            repair.at == at && repair.n_dropped == 0 && ends_item(repair.insert)
        }) {
            from += 1;
        }
        Self {
            state,
            at,
            pending: None,
            repairs: &repairs[from..],
            n_inserted: 0,
            previous: None,
            brackets: Vec::new(),
            n_blocks: 0,
            closed: None,
            before_name: None,
            limit,
        }
    }

    fn place(&self, at: u32) -> NamePlace {
        NamePlace {
            at,
            previous: self.previous,
            bracket: self.brackets.last().copied(),
            is_file_scope: self.n_blocks == 0,
            is_behind_tag: matches!(self.previous, Some(TokenKind::RBrace))
                && matches!(self.closed, Some(Bracket::Record | Bracket::Values)),
        }
    }

    /// Keeps track of the brackets; token `at` is of kind `kind`.
    fn track(&mut self, inner: &Inner<'_>, kind: TokenKind, at: u32) {
        match kind {
            TokenKind::LBrace => {
                let outer = self.brackets.last().copied();
                let introducer = match self.previous {
                    // `struct name {`
                    Some(TokenKind::Ident) => self.before_name,
                    previous => previous,
                };
                let bracket = match introducer {
                    Some(TokenKind::Assign | TokenKind::KwEnum) => Bracket::Values,
                    Some(TokenKind::KwStruct | TokenKind::KwUnion) => Bracket::Record,
                    Some(TokenKind::LBrace | TokenKind::Comma)
                        if outer == Some(Bracket::Values) =>
                    {
                        Bracket::Values
                    }
                    _ => Bracket::Block,
                };
                self.n_blocks += usize::from(bracket == Bracket::Block);
                self.brackets.push(bracket);
            }
            TokenKind::LParen => {
                let outer = self.brackets.last().copied();
                self.brackets.push(match self.previous {
                    Some(TokenKind::KwAttribute) => Bracket::Attribute,
                    Some(TokenKind::LParen) if outer == Some(Bracket::Attribute) => {
                        Bracket::Attribute
                    }
                    Some(TokenKind::Ident) if outer == Some(Bracket::Attribute) => Bracket::Values,
                    Some(TokenKind::Ident) if self.is_call(inner, at) => Bracket::Values,
                    Some(TokenKind::KwOffsetof) => Bracket::Offsetof,
                    _ => Bracket::Other,
                });
            }
            TokenKind::LBracket => self.brackets.push(Bracket::Other),
            TokenKind::AttributeOpen => self.brackets.push(Bracket::Attribute),
            TokenKind::RBrace
            | TokenKind::RParen
            | TokenKind::RBracket
            | TokenKind::AttributeClose => {
                self.closed = self.brackets.pop();
                self.n_blocks -= usize::from(self.closed == Some(Bracket::Block));
            }
            _ => {}
        }
    }

    /// True if the parenthesis at `at`, behind a name, opens a call's arguments and not
    /// a declarator's parameters.
    fn is_call(&self, inner: &Inner<'_>, at: u32) -> bool {
        let is_declarator = self.before_name.is_some_and(|kind| {
            is_type_keyword(kind)
                || is_specifier(kind)
                || matches!(kind, TokenKind::Ident | TokenKind::Star)
        });
        let callee = inner.symbol(at - 1);
        self.n_blocks > 0 && !is_declarator && !inner.session.name(callee).starts_with("__builtin_")
    }

    /// True for the `:` at `at` of `enum name : type`; a bit-field has a number there.
    fn begins_enum_type(&self, inner: &mut Inner<'_>, at: u32) -> bool {
        let is_behind_enum = match self.previous {
            Some(TokenKind::KwEnum) => true,
            Some(TokenKind::Ident) => self.before_name == Some(TokenKind::KwEnum),
            _ => false,
        };
        let Some(next) = inner.tokens.get(at as usize + 1).copied() else {
            return false;
        };
        is_behind_enum
            && match next.kind {
                TokenKind::Ident => {
                    let place =
                        NamePlace { previous: Some(TokenKind::KwConst), ..self.place(at + 1) };
                    inner.is_type(next.symbol, place)
                }
                kind => is_type_keyword(kind) || is_specifier(kind),
            }
    }

    /// The next token that a repair puts in here, and the index behind it: for the last
    /// one of a repair, that behind the tokens it stands for.
    fn repaired(&mut self) -> Option<(TokenKind, u32)> {
        while let Some(repair) = self.repairs.first()
            && repair.at <= self.at
        {
            if let Some(kind) = repair.insert.get(self.n_inserted).copied().flatten() {
                self.n_inserted += 1;
                let next = repair.insert.get(self.n_inserted).copied().flatten();
                let end = match next {
                    Some(_) => self.at,
                    None => self.at.max(repair.end()),
                };
                return Some((kind, end));
            }
            self.at = self.at.max(repair.end());
            self.repairs = &self.repairs[1..];
            self.n_inserted = 0;
        }
        None
    }
}

impl Iterator for TokenSource<'_, '_> {
    type Item = Result<(u32, TokenKind, u32), ()>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut inner = self.state.inner();
        loop {
            if let Some(name) = self.pending.take() {
                let place = self.place(self.at - 1);
                self.before_name = self.previous.replace(TokenKind::Ident);
                let mark = match inner.is_type(name, place) {
                    true => TokenKind::TypeMark,
                    false => TokenKind::VarMark,
                };
                return Some(Ok((self.at, mark, self.at)));
            }
            if let Some((kind, end)) = self.repaired() {
                self.track(&inner, kind, self.at);
                self.previous = Some(kind);
                return Some(Ok((self.at, kind, end)));
            }
            if self.at >= self.limit {
                return None;
            }
            let token = *inner.tokens.get(self.at as usize)?;
            let at = self.at;
            self.at += 1;
            match token.kind {
                TokenKind::KwExtension | TokenKind::Skipped => continue,
                TokenKind::Colon if self.begins_enum_type(&mut inner, at) => {
                    self.previous = Some(TokenKind::EnumColon);
                    return Some(Ok((at, TokenKind::EnumColon, at + 1)));
                }
                TokenKind::Ident => {
                    if inner.is_unknown_specifier(self.place(at)) {
                        continue;
                    }
                    self.pending = Some(token.symbol);
                    return Some(Ok((at, TokenKind::Ident, at + 1)));
                }
                kind => self.track(&inner, kind, at),
            }
            self.previous = Some(token.kind);
            return Some(Ok((at, token.kind, at + 1)));
        }
    }
}

fn ends_item(insert: [Option<TokenKind>; 2]) -> bool {
    let kinds = [TokenKind::Semi, TokenKind::RBrace, TokenKind::RParen];
    insert[0].is_some_and(|kind| kinds.contains(&kind))
}
