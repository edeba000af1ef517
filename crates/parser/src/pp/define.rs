//! C11 6.10.3: `#define` and `#undef`.

use super::Preprocessor;
use super::builtin::Builtin;
use crate::token::{Token, TokenFlags, TokenKind};
use bpfc_base::{Diagnostic, Idx, Span, Symbol, codes, index_type};
use std::rc::Rc;

index_type! {
    /// A macro definition.
    pub struct MacroId, "macro"
}

/// A macro.
pub(super) struct Macro {
    pub name: Symbol,
    /// The name in the `#define`; `NONE` for built-in macros.
    pub def_site: Span,
    pub kind: MacroKind,
    /// Its expansion is in progress: C11 6.10.3.4p2.
    pub is_disabled: bool,
}

#[derive(Clone)]
pub(super) enum MacroKind {
    Object(Rc<[BodyItem]>),
    Function(Rc<FunctionMacro>),
    Builtin(Builtin),
    /// The line of a `#define` that was not read yet.
    Unread(Span),
}

/// A function-like macro.
#[derive(PartialEq)]
pub(super) struct FunctionMacro {
    /// Names of the parameters; the last takes the rest if `is_variadic`.
    pub params: Vec<Symbol>,
    pub is_variadic: bool,
    pub body: Vec<BodyItem>,
}

/// An element of a replacement list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct BodyItem {
    pub kind: BodyKind,
    /// The token; for `#` that of the parameter behind it.
    pub token: Token,
    /// `##` follows.
    pub is_pasted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum BodyKind {
    Token,
    /// A parameter by number.
    Param(usize),
    /// `#` and a parameter.
    Stringize(usize),
    /// `__VA_OPT__(`; the item with this index is the matching `)`.
    VaOpt(usize),
    /// The `)` of `__VA_OPT__(…)`.
    VaOptEnd,
}

impl Preprocessor<'_> {
    /// The macro that `symbol` names.
    pub(super) fn lookup(&self, symbol: Symbol) -> Option<MacroId> {
        *self.by_symbol.get(symbol.index())?
    }

    pub(super) fn add_macro(&mut self, name: Symbol, def_site: Span, kind: MacroKind) {
        let id = MacroId::new(self.macros.len());
        self.macros.push(Macro { name, def_site, kind, is_disabled: false });
        self.set_macro(name, Some(id));
    }

    /// Makes `name` mean `id`.
    pub(super) fn set_macro(&mut self, name: Symbol, id: Option<MacroId>) {
        if self.by_symbol.len() <= name.index() {
            self.by_symbol.resize(name.index() + 1, None);
        }
        self.by_symbol[name.index()] = id;
    }

    /// `#define name …`; `tokens` is what follows the directive's name.
    pub(super) fn define(&mut self, hash: Span, tokens: &[Token]) {
        let Some((name, rest)) = self.macro_name(hash, tokens, "#define") else {
            return;
        };
        if let Some(kind) = self.definition(name, rest) {
            self.check_redefinition(name, &kind);
            self.add_macro(name.symbol, name.span, kind);
        }
    }

    /// What `#define name rest` makes of the name; `None` if it is wrong, which is reported.
    pub(super) fn definition(&mut self, name: Token, rest: &[Token]) -> Option<MacroKind> {
        let is_function = matches!(rest.first(), Some(t)
            if t.kind == TokenKind::LParen && !t.flags.contains(TokenFlags::SPACE));
        if !is_function {
            return Some(MacroKind::Object(self.object_body(rest)?.into()));
        }
        let (params, is_variadic, body) = self.parameters(name, &rest[1..])?;
        let body = self.body(name, body, &params, is_variadic)?;
        Some(MacroKind::Function(Rc::new(FunctionMacro { params, is_variadic, body })))
    }

    /// `#undef name`.
    pub(super) fn undef(&mut self, hash: Span, tokens: &[Token]) {
        if let Some((name, rest)) = self.macro_name(hash, tokens, "#undef") {
            if let Some(slot) = self.by_symbol.get_mut(name.symbol.index()) {
                *slot = None;
            }
            self.check_line_end(rest, "#undef");
        }
    }

    /// The name of a macro at the beginning of `tokens`, and the tokens behind it.
    pub(super) fn macro_name<'t>(
        &mut self,
        hash: Span,
        tokens: &'t [Token],
        directive: &str,
    ) -> Option<(Token, &'t [Token])> {
        match tokens {
            [name, rest @ ..]
                if name.kind == TokenKind::Ident && name.symbol != self.syms.defined =>
            {
                Some((*name, rest))
            }
            _ => {
                let span = tokens.first().map_or(hash, |token| token.span);
                let message = match tokens.first() {
                    Some(t) if t.kind == TokenKind::Ident => {
                        "`defined` cannot be the name of a macro".to_owned()
                    }
                    _ => format!("expected the name of a macro after `{directive}`"),
                };
                let code = match directive {
                    "#define" => codes::lex::E0115,
                    _ => codes::lex::E0106,
                };
                self.session.report(Diagnostic::new(code, span, message));
                None
            }
        }
    }

    fn bad_definition(&mut self, span: Span, message: impl Into<String>) {
        self.session.report(Diagnostic::new(codes::lex::E0115, span, message));
    }

    /// Parameters, whether they are variadic, and the tokens behind the `)`.
    fn parameters<'t>(
        &mut self,
        name: Token,
        tokens: &'t [Token],
    ) -> Option<(Vec<Symbol>, bool, &'t [Token])> {
        let mut params: Vec<Symbol> = Vec::new();
        let mut at = 0;
        let mut last = name.span;
        loop {
            let token = tokens.get(at).copied();
            last = token.map_or(last, |token| token.span);
            match token.map(|token| token.kind) {
                Some(TokenKind::RParen) if params.is_empty() => {
                    return Some((params, false, &tokens[at + 1..]));
                }
                Some(TokenKind::Ellipsis) => {
                    params.push(self.syms.va_args);
                    return self.end_of_variadic(params, &tokens[at + 1..], last);
                }
                Some(TokenKind::Ident) => {
                    let symbol = tokens[at].symbol;
                    if params.contains(&symbol) || symbol == self.syms.va_args {
                        let text = self.session.name(symbol).to_owned();
                        self.bad_definition(last, format!("`{text}` cannot be a parameter here"));
                        return None;
                    }
                    params.push(symbol);
                }
                _ => {
                    self.bad_definition(last, "expected a parameter name in the macro definition");
                    return None;
                }
            }
            let next = tokens.get(at + 1).copied();
            last = next.map_or(last, |token| token.span);
            match next.map(|token| token.kind) {
                Some(TokenKind::RParen) => return Some((params, false, &tokens[at + 2..])),
                Some(TokenKind::Comma) => at += 2,
                // GNU: `args...`.
                Some(TokenKind::Ellipsis) => {
                    return self.end_of_variadic(params, &tokens[at + 2..], last);
                }
                _ => {
                    self.bad_definition(last, "expected `,` or `)` after a macro parameter");
                    return None;
                }
            }
        }
    }

    fn end_of_variadic<'t>(
        &mut self,
        params: Vec<Symbol>,
        rest: &'t [Token],
        last: Span,
    ) -> Option<(Vec<Symbol>, bool, &'t [Token])> {
        match rest {
            [paren, rest @ ..] if paren.kind == TokenKind::RParen => Some((params, true, rest)),
            _ => {
                self.bad_definition(last, "expected `)` after `...` in the macro definition");
                None
            }
        }
    }

    fn object_body(&mut self, tokens: &[Token]) -> Option<Vec<BodyItem>> {
        let items =
            tokens.iter().map(|&token| BodyItem { kind: BodyKind::Token, token, is_pasted: false });
        self.fold_pastes(items.collect())
    }

    /// The replacement list of a function-like macro.
    fn body(
        &mut self,
        name: Token,
        tokens: &[Token],
        params: &[Symbol],
        is_variadic: bool,
    ) -> Option<Vec<BodyItem>> {
        let mut items: Vec<BodyItem> = Vec::with_capacity(tokens.len());
        // Parentheses open inside of `__VA_OPT__(`.
        let mut va_opt: Option<usize> = None;
        let mut at = 0;
        while let Some(&token) = tokens.get(at) {
            let param = |token: &Token| {
                let is_name = token.kind == TokenKind::Ident;
                params.iter().position(|&p| is_name && p == token.symbol)
            };
            let mut item = BodyItem { kind: BodyKind::Token, token, is_pasted: false };
            if let Some(param) = param(&token) {
                item.kind = BodyKind::Param(param);
            } else if token.kind == TokenKind::Hash {
                at += 1;
                let Some(param) = tokens.get(at).and_then(param) else {
                    self.bad_definition(token.span, "`#` is not followed by a macro parameter");
                    return None;
                };
                item.kind = BodyKind::Stringize(param);
            } else if token.is_ident(self.syms.va_args) {
                self.bad_definition(
                    token.span,
                    "`__VA_ARGS__` only means something in a variadic macro",
                );
                return None;
            } else if is_variadic && token.is_ident(self.syms.va_opt) {
                let paren = tokens.get(at + 1).map(|token| token.kind);
                if paren != Some(TokenKind::LParen) || va_opt.is_some() {
                    self.bad_definition(token.span, "`__VA_OPT__` needs `(…)` and does not nest");
                    return None;
                }
                at += 1;
                va_opt = Some(0);
                item.kind = BodyKind::VaOpt(0);
            } else if let Some(depth) = &mut va_opt {
                match token.kind {
                    TokenKind::LParen => *depth += 1,
                    TokenKind::RParen if *depth > 0 => *depth -= 1,
                    TokenKind::RParen => {
                        item.kind = BodyKind::VaOptEnd;
                        va_opt = None;
                    }
                    _ => {}
                }
            }
            items.push(item);
            at += 1;
        }
        if va_opt.is_some() {
            self.bad_definition(name.span, "unterminated `__VA_OPT__(`");
            return None;
        }
        let mut items = self.fold_pastes(items)?;
        let mut start = 0;
        for at in 0..items.len() {
            match items[at].kind {
                BodyKind::VaOpt(_) => start = at,
                BodyKind::VaOptEnd => items[start].kind = BodyKind::VaOpt(at),
                _ => {}
            }
        }
        Some(items)
    }

    /// Turns `a ## b` into `a` with a mark and `b`.
    fn fold_pastes(&mut self, items: Vec<BodyItem>) -> Option<Vec<BodyItem>> {
        let mut folded: Vec<BodyItem> = Vec::with_capacity(items.len());
        let n_items = items.len();
        for (at, item) in items.into_iter().enumerate() {
            if item.token.kind != TokenKind::HashHash || item.kind != BodyKind::Token {
                folded.push(item);
                continue;
            }
            match folded.last_mut() {
                Some(left) if at + 1 < n_items => left.is_pasted = true,
                _ => {
                    self.bad_definition(
                        item.token.span,
                        "`##` cannot be at either end of a macro's body",
                    );
                    return None;
                }
            }
        }
        Some(folded)
    }

    /// C11 6.10.3p1 and p2: a macro may be defined again only in the same way.
    fn check_redefinition(&mut self, name: Token, new: &MacroKind) {
        let Some(id) = self.lookup(name.symbol) else {
            return;
        };
        let is_same = match (self.macro_kind(id), new) {
            (MacroKind::Object(old), MacroKind::Object(new)) => same_body(&old, new),
            (MacroKind::Function(old), MacroKind::Function(new)) => {
                old.params == new.params
                    && old.is_variadic == new.is_variadic
                    && same_body(&old.body, &new.body)
            }
            _ => false,
        };
        if is_same {
            return;
        }
        let text = self.session.name(name.symbol).to_owned();
        let def_site = self.macros[id.index()].def_site;
        let mut diagnostic = Diagnostic::new(
            codes::lex::W0101,
            name.span,
            format!("macro `{text}` is defined again with another body"),
        );
        if !def_site.is_none() {
            diagnostic = diagnostic.with_secondary(def_site, "defined here before");
        }
        self.session
            .report(diagnostic.with_help(format!("put `#undef {text}` in front if this is meant")));
    }
}

fn same_body(a: &[BodyItem], b: &[BodyItem]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).enumerate().all(|(at, (a, b))| {
            a.kind == b.kind
                && a.is_pasted == b.is_pasted
                && a.token.kind == b.token.kind
                && a.token.symbol == b.token.symbol
                && (at == 0 || a.token.has_space() == b.token.has_space())
        })
}
