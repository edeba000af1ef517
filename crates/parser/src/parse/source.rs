//! The token source: what the generated parser reads.
//!
//! Behind every name it yields a mark that says whether the name is a type. The parser
//! asks for the mark after it has carried out all actions for what stands in front of
//! the name, so the scope table is right at that moment.

use super::scopes::NameKind;
use super::state::{Inner, ParseState};
use crate::token::{Token, TokenFlags, TokenKind};
use bpfc_base::{Diagnostic, Edit, ExpnId, Symbol, codes, similar};

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
    /// Braces that are open.
    n_braces: u32,
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
        let from = repairs.partition_point(|repair| repair.at < at);
        Self {
            state,
            at,
            pending: None,
            repairs: &repairs[from..],
            n_inserted: 0,
            previous: None,
            n_braces: 0,
            limit,
        }
    }

    /// The next token with its index, before marks and repairs.
    fn repaired(&mut self) -> Option<TokenKind> {
        while let Some(repair) = self.repairs.first()
            && repair.at <= self.at
        {
            if let Some(kind) = repair.insert.get(self.n_inserted).copied().flatten() {
                self.n_inserted += 1;
                return Some(kind);
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
                let at = self.at - 1;
                let previous = self.previous;
                self.previous = Some(TokenKind::Ident);
                let is_type = inner.is_type(name, at, previous, self.n_braces);
                let mark = match is_type {
                    true => TokenKind::TypeMark,
                    false => TokenKind::VarMark,
                };
                return Some(Ok((self.at, mark, self.at)));
            }
            if let Some(kind) = self.repaired() {
                self.previous = Some(kind);
                return Some(Ok((self.at, kind, self.at)));
            }
            if self.at >= self.limit {
                return None;
            }
            let token = *inner.tokens.get(self.at as usize)?;
            let at = self.at;
            self.at += 1;
            match token.kind {
                TokenKind::KwExtension => continue,
                TokenKind::Ident => {
                    if inner.is_unknown_specifier(at, self.previous) {
                        continue;
                    }
                    self.pending = Some(token.symbol);
                    return Some(Ok((at, TokenKind::Ident, at + 1)));
                }
                TokenKind::LBrace => self.n_braces += 1,
                TokenKind::RBrace => self.n_braces = self.n_braces.saturating_sub(1),
                _ => {}
            }
            self.previous = Some(token.kind);
            return Some(Ok((at, token.kind, at + 1)));
        }
    }
}

/// Keywords that may stand in front of a type in a declaration or type name.
fn is_specifier(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::KwConst
            | TokenKind::KwVolatile
            | TokenKind::KwRestrict
            | TokenKind::KwAtomic
            | TokenKind::KwStatic
            | TokenKind::KwExtern
            | TokenKind::KwTypedef
            | TokenKind::KwInline
            | TokenKind::KwNoreturn
            | TokenKind::KwRegister
            | TokenKind::KwAuto
            | TokenKind::KwThreadLocal
    )
}

/// Keywords that are or begin a type.
fn is_type_keyword(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::KwChar
            | TokenKind::KwShort
            | TokenKind::KwInt
            | TokenKind::KwLong
            | TokenKind::KwSigned
            | TokenKind::KwUnsigned
            | TokenKind::KwFloat
            | TokenKind::KwDouble
            | TokenKind::KwVoid
            | TokenKind::KwBool
            | TokenKind::KwStruct
            | TokenKind::KwUnion
            | TokenKind::KwEnum
            | TokenKind::KwInt128
            | TokenKind::KwTypeof
    )
}

/// True if a declaration or type name can begin behind `previous`.
fn can_precede_type(previous: Option<TokenKind>) -> bool {
    match previous {
        None => true,
        Some(kind) => {
            is_specifier(kind)
                || matches!(
                    kind,
                    TokenKind::Semi
                        | TokenKind::LBrace
                        | TokenKind::RBrace
                        | TokenKind::LParen
                        | TokenKind::RParen
                        | TokenKind::Comma
                        | TokenKind::Colon
                        | TokenKind::ErrorItem
                )
        }
    }
}

/// True if what follows `previous` is a declaration or statement of its own.
fn begins_statement(previous: Option<TokenKind>) -> bool {
    previous.is_none_or(|kind| {
        matches!(
            kind,
            TokenKind::Semi | TokenKind::LBrace | TokenKind::RBrace | TokenKind::ErrorItem
        )
    })
}

impl Inner<'_> {
    fn kind_at(&self, at: u32) -> Option<TokenKind> {
        self.tokens.get(at as usize).map(|token| token.kind)
    }

    /// True if `name`, which is token `at`, is a type here.
    fn is_type(
        &mut self,
        name: Symbol,
        at: u32,
        previous: Option<TokenKind>,
        n_braces: u32,
    ) -> bool {
        let mut kind = self.scopes.get(name);
        if kind == NameKind::Undeclared && self.may_be_type(at, previous) {
            let text = self.session.names.resolve_shared(name);
            kind = match self.types.is_type(&text) {
                true => NameKind::ForeignType,
                false => NameKind::Foreign,
            };
            self.scopes.resolve(name, kind);
        }
        if kind == NameKind::Foreign && self.must_be_type(at, previous, n_braces) {
            self.report_unknown_type(name, at);
            self.scopes.resolve(name, NameKind::UnknownType);
            kind = NameKind::UnknownType;
        }
        kind.is_type()
    }

    /// Whether an undeclared name may be a type, judged by its neighbours alone: asking
    /// the outside world takes a while. Only places where a type is no mistake count.
    fn may_be_type(&self, at: u32, previous: Option<TokenKind>) -> bool {
        if !can_precede_type(previous) {
            return false;
        }
        let Some(next) = self.kind_at(at + 1) else {
            return false;
        };
        let in_list = matches!(previous, Some(TokenKind::LParen | TokenKind::Comma))
            || previous.is_some_and(is_specifier);
        match next {
            TokenKind::Ident | TokenKind::Star | TokenKind::KwAttribute => true,
            // `(type)`, `(type, …`, `(type[…]`.
            TokenKind::RParen | TokenKind::Comma | TokenKind::LBracket => in_list,
            // `type (*name)` or `type (name)`, but hardly a call with more in it.
            TokenKind::LParen => match self.kind_at(at + 2) {
                Some(TokenKind::Star | TokenKind::KwAttribute) => true,
                Some(TokenKind::Ident) => {
                    matches!(
                        self.kind_at(at + 3),
                        Some(TokenKind::RParen | TokenKind::LBracket | TokenKind::LParen)
                    )
                }
                _ => in_list,
            },
            // `_Generic(x, type: …)` or an unnamed bit-field.
            TokenKind::Colon => in_list || self.kind_at(at + 2) == Some(TokenKind::Number),
            TokenKind::Semi => previous.is_some_and(is_specifier),
            kind => is_specifier(kind),
        }
    }

    /// True if a name that is no type stands where only a type can: the user means one.
    fn must_be_type(&self, at: u32, previous: Option<TokenKind>, n_braces: u32) -> bool {
        if !can_precede_type(previous) {
            return false;
        }
        let mut end = at + 1;
        while matches!(
            self.kind_at(end),
            Some(TokenKind::Star | TokenKind::KwConst | TokenKind::KwVolatile)
        ) {
            end += 1;
        }
        let n_stars = end - at - 1;
        let after = self.kind_at(end + 1);
        match self.kind_at(end) {
            Some(TokenKind::Ident) if n_stars == 0 => true,
            // `unknown *name`: a product of two names is no statement.
            Some(TokenKind::Ident) if begins_statement(previous) => {
                matches!(
                    after,
                    Some(TokenKind::Semi | TokenKind::Assign | TokenKind::Comma)
                ) || n_braces == 0
            }
            Some(TokenKind::Ident) if previous.is_some_and(is_specifier) => true,
            Some(TokenKind::Ident) => {
                n_braces == 0
                    && matches!(previous, Some(TokenKind::LParen | TokenKind::Comma))
                    && matches!(after, Some(TokenKind::RParen | TokenKind::Comma))
            }
            // `(unknown *)` and `(unknown)name`.
            Some(TokenKind::RParen) if previous == Some(TokenKind::LParen) => {
                n_stars > 0
                    || matches!(
                        after,
                        Some(
                            TokenKind::Ident | TokenKind::Number | TokenKind::Char | TokenKind::Str
                        )
                    )
            }
            _ => false,
        }
    }

    fn report_unknown_type(&mut self, name: Symbol, at: u32) {
        if self.stream.has_missing_files {
            // The missing file may declare it; that was reported.
            return;
        }
        let text = self.session.names.resolve_shared(name);
        let span = self.tokens[at as usize].span;
        let mut report = Diagnostic::new(
            codes::parse::E0201,
            span,
            format!("unknown type name `{text}`"),
        );
        let names = &self.session.names;
        let known = self.scopes.types().map(|symbol| names.resolve(symbol));
        let similar = similar::most_similar(&text, known).map(str::to_owned);
        if let Some(similar) = similar.or_else(|| self.types.similar(&text)) {
            let edits = match span.expn == ExpnId::ROOT {
                true => vec![Edit {
                    span,
                    replacement: similar.clone(),
                }],
                false => Vec::new(),
            };
            report = report.with_edit(format!("did you mean `{similar}`?"), edits);
        }
        self.session.report(report);
    }

    /// True, and reported, if the name at `at` stands in front of a declaration where
    /// only a macro makes sense, such as `__always_inline` without its header.
    fn is_unknown_specifier(&mut self, at: u32, previous: Option<TokenKind>) -> bool {
        let Some(next) = self.tokens.get(at as usize + 1).copied() else {
            return false;
        };
        let name = self.tokens[at as usize];
        let is_candidate = match next.kind {
            TokenKind::Ident => true,
            kind => is_type_keyword(kind) || is_specifier(kind),
        };
        if !is_candidate || self.scopes.get(name.symbol) != NameKind::Undeclared {
            let is_known_foreign =
                is_candidate && self.scopes.get(name.symbol) == NameKind::Foreign;
            if !is_known_foreign {
                return false;
            }
        }
        self.check_specifier(name, next, at, previous)
    }

    fn check_specifier(
        &mut self,
        name: Token,
        next: Token,
        at: u32,
        previous: Option<TokenKind>,
    ) -> bool {
        let is_start = begins_statement(previous)
            || previous.is_some_and(|kind| is_specifier(kind) || is_type_keyword(kind));
        // `struct s { … } __unknown name;`
        let is_behind_brace =
            previous == Some(TokenKind::RBrace) && !name.flags.contains(TokenFlags::LINE_START);
        let is_before_type = match next.kind {
            TokenKind::Ident => is_behind_brace || self.is_known_type(next.symbol, at + 1),
            kind => is_type_keyword(kind) || (is_specifier(kind) && begins_statement(previous)),
        };
        if !(is_start && is_before_type) || self.is_asked_type(name.symbol) {
            return false;
        }
        if !self.stream.has_missing_files {
            let text = self.session.name(name.symbol).to_owned();
            let message = format!("unknown name `{text}` in front of a declaration");
            let report = Diagnostic::new(codes::parse::E0201, name.span, message)
                .with_note("only a type, a keyword or an attribute can stand here")
                .with_help(format!(
                    "include the header that defines the macro `{text}`"
                ));
            self.session.report(report);
        }
        true
    }

    fn is_known_type(&mut self, name: Symbol, at: u32) -> bool {
        match self.scopes.get(name) {
            NameKind::Undeclared => {
                // `unknown u32 name`: the second is a type if the outside world says so.
                self.kind_at(at + 1) == Some(TokenKind::Ident)
                    || self.kind_at(at + 1) == Some(TokenKind::Star)
            }
            kind => kind.is_type(),
        }
        .then(|| self.is_asked_type(name))
        .unwrap_or(false)
    }

    /// Asks what an undeclared name is; true for types.
    fn is_asked_type(&mut self, name: Symbol) -> bool {
        if self.scopes.get(name) == NameKind::Undeclared {
            let text = self.session.names.resolve_shared(name);
            let kind = match self.types.is_type(&text) {
                true => NameKind::ForeignType,
                false => NameKind::Foreign,
            };
            self.scopes.resolve(name, kind);
        }
        self.scopes.get(name).is_type()
    }
}
