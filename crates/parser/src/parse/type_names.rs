//! Whether a name is a type: the scope table's answer, for undeclared names that of the
//! outside world, and for names that are no types where only a type can stand, a report.

use super::known_macros;
use super::scopes::NameKind;
use super::state::Inner;
use crate::token::{Token, TokenFlags, TokenKind};
use bpfc_base::{Diagnostic, Edit, ExpnId, Symbol, codes, similar};

/// What an open bracket encloses, as far as its neighbours tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bracket {
    /// `{` of a block, or one that its neighbours do not tell.
    Block,
    /// `{` of a struct or union.
    Record,
    /// `{`, `(` or `[` in which no name that follows `{`, `(` or `,` is a type:
    /// enumerators, initializers, arguments.
    Values,
    /// `((` of an attribute.
    Attribute,
    /// `(` behind `__builtin_offsetof`: a type, then members.
    Offsetof,
    /// Any other `(` or `[`.
    Other,
}

/// Where a name stands.
#[derive(Clone, Copy)]
pub(super) struct NamePlace {
    pub at: u32,
    /// Kind of the token in front.
    pub previous: Option<TokenKind>,
    /// The innermost open bracket.
    pub bracket: Option<Bracket>,
    /// In no block.
    pub is_file_scope: bool,
    /// Behind the `}` of a struct, union or enum: what follows is declared by it.
    pub is_behind_tag: bool,
}

/// Keywords that may stand in front of a type in a declaration or type name.
pub(super) fn is_specifier(kind: TokenKind) -> bool {
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
pub(super) fn is_type_keyword(kind: TokenKind) -> bool {
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
            | TokenKind::KwTypeofUnqual
    )
}

/// True if a declaration or type name can begin at `place`.
fn can_precede_type(place: NamePlace) -> bool {
    let is_behind_separator =
        matches!(place.previous, Some(TokenKind::LBrace | TokenKind::LParen | TokenKind::Comma));
    if place.is_behind_tag {
        return false;
    }
    // Outside parentheses, a comma goes on with the declarators or the expression before it.
    let is_behind_comma = place.previous == Some(TokenKind::Comma);
    if is_behind_comma && place.bracket != Some(Bracket::Other) {
        return false;
    }
    let holds_values = matches!(place.bracket, Some(Bracket::Values | Bracket::Attribute));
    if is_behind_separator && holds_values {
        return false;
    }
    match place.previous {
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
                        | TokenKind::Deferred
                )
        }
    }
}

/// True if what follows `previous` is a declaration or statement of its own.
fn begins_statement(previous: Option<TokenKind>) -> bool {
    previous.is_none_or(|kind| {
        matches!(
            kind,
            TokenKind::Semi
                | TokenKind::LBrace
                | TokenKind::RBrace
                | TokenKind::ErrorItem
                | TokenKind::Deferred
        )
    })
}

/// What a misspelt type may be, besides declared names.
const TYPE_KEYWORDS: &[&str] = &[
    "int", "unsigned", "signed", "char", "short", "long", "void", "struct", "union", "enum",
    "static", "const", "volatile", "extern", "inline", "typedef",
];

/// What a misspelt name in front of another one may be.
const STATEMENT_KEYWORDS: &[&str] = &["return", "goto", "else", "sizeof"];

impl Inner<'_> {
    fn kind_at(&self, at: u32) -> Option<TokenKind> {
        self.tokens.get(at as usize).map(|token| token.kind)
    }

    /// True if `name`, which stands at `place`, is a type here.
    pub(super) fn is_type(&mut self, name: Symbol, place: NamePlace) -> bool {
        let mut kind = self.scopes.get(name);
        if kind == NameKind::Undeclared && self.may_be_type(place) {
            kind = self.ask(name);
        }
        if kind == NameKind::Foreign && self.must_be_type(place) {
            if !self.is_trial() {
                self.report_unknown_type(name, place.at);
                self.scopes.resolve(name, NameKind::UnknownType);
            }
            kind = NameKind::UnknownType;
        }
        kind.is_type()
    }

    /// Asks what a name is that the text does not declare.
    fn ask(&mut self, name: Symbol) -> NameKind {
        let text = self.session.names.resolve_shared(name);
        let kind = match self.types.is_type(&text) {
            true => NameKind::ForeignType,
            false => NameKind::Foreign,
        };
        self.scopes.resolve(name, kind);
        kind
    }

    /// Whether an undeclared name may be a type, judged by its neighbours alone: asking
    /// the outside world takes a while. Only places where a type is no mistake count.
    fn may_be_type(&self, place: NamePlace) -> bool {
        let NamePlace { at, previous, .. } = place;
        if !can_precede_type(place) {
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
    fn must_be_type(&self, place: NamePlace) -> bool {
        let NamePlace { at, previous, .. } = place;
        if !can_precede_type(place) {
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
                place.is_file_scope
                    || matches!(after, Some(TokenKind::Semi | TokenKind::Assign | TokenKind::Comma))
            }
            Some(TokenKind::Ident) if previous.is_some_and(is_specifier) => true,
            Some(TokenKind::Ident) => {
                place.is_file_scope
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
        let mut report =
            Diagnostic::new(codes::types::E0315, span, format!("unknown type name `{text}`"));
        let names = &self.session.names;
        let known = self.scopes.types().map(|symbol| names.resolve(symbol));
        // At the start of a statement, another keyword may have been meant.
        let keywords = TYPE_KEYWORDS.iter().copied().chain(STATEMENT_KEYWORDS.iter().copied());
        let similar = similar::most_similar(&text, known.chain(keywords)).map(str::to_owned);
        if let Some(similar) = similar.or_else(|| self.types.similar(&text)) {
            let edits = match span.expn == ExpnId::ROOT {
                true => vec![Edit { span, replacement: similar.clone() }],
                false => Vec::new(),
            };
            report = report.with_edit(format!("did you mean `{similar}`?"), edits);
        }
        self.session.report(report);
    }

    /// True, and reported, if the name at `place` stands in front of a declaration where
    /// only a macro makes sense, such as `__always_inline` without its header.
    pub(super) fn is_unknown_specifier(&mut self, place: NamePlace) -> bool {
        let NamePlace { at, previous, .. } = place;
        let Some(next) = self.tokens.get(at as usize + 1).copied() else {
            return false;
        };
        let is_candidate =
            next.kind == TokenKind::Ident || is_type_keyword(next.kind) || is_specifier(next.kind);
        let name = self.tokens[at as usize];
        let is_foreign = |kind| matches!(kind, NameKind::Undeclared | NameKind::Foreign);
        // `f(int a int b)`: rather a parameter, and no comma behind it.
        let is_param = place.bracket == Some(Bracket::Other)
            && previous.is_some_and(is_type_keyword)
            && is_type_keyword(next.kind);
        if is_param {
            return false;
        }
        if !is_candidate || !is_foreign(self.scopes.get(name.symbol)) {
            return false;
        }
        let is_start = begins_statement(previous)
            || previous.is_some_and(|kind| is_specifier(kind) || is_type_keyword(kind));
        // `struct s { … } __unknown name;`
        let is_behind_tag = place.is_behind_tag && !name.flags.contains(TokenFlags::LINE_START);
        let is_before_type = match next.kind {
            TokenKind::Ident if is_behind_tag => true,
            TokenKind::Ident => is_start && self.is_type_in_front(next.symbol, at + 1),
            kind => is_type_keyword(kind) || (is_specifier(kind) && begins_statement(previous)),
        };
        let is_unknown = is_start
            && is_before_type
            && match self.scopes.get(name.symbol) {
                NameKind::Undeclared => self.ask(name.symbol) == NameKind::Foreign,
                _ => true,
            };
        if is_unknown && !self.stream.has_missing_files && !self.is_trial() {
            self.report_unknown_specifier(name);
        }
        is_unknown
    }

    fn report_unknown_specifier(&mut self, name: Token) {
        let text = self.session.name(name.symbol).to_owned();
        let message = format!("unknown name `{text}` in front of a declaration");
        let report =
            Diagnostic::new(codes::parse::E0201, name.span, message)
                .with_note("only a type, a keyword or an attribute can stand here")
                .with_help(known_macros::advice(&text).unwrap_or_else(|| {
                    format!("include the header that defines the macro `{text}`")
                }));
        self.session.report(report);
    }

    /// True if `name` at `at` is a type and the name of something follows.
    fn is_type_in_front(&mut self, name: Symbol, at: u32) -> bool {
        if !matches!(self.kind_at(at + 1), Some(TokenKind::Ident | TokenKind::Star)) {
            return false;
        }
        match self.scopes.get(name) {
            NameKind::Undeclared => self.ask(name).is_type(),
            kind => kind.is_type(),
        }
    }
}
