//! C11 6.10.3.1 to 6.10.3.3: a macro's body with its arguments put in, `#` and `##` done.

use super::Preprocessor;
use super::define::{BodyItem, BodyKind, FunctionMacro};
use super::expand::Arguments;
use crate::lex::lex_fragment;
use crate::token::{Token, TokenFlags, TokenKind};
use bpfc_base::{Diagnostic, ExpnId, Span, codes};

/// Where the tokens of an expansion come to stand.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub expn: ExpnId,
    /// The macro's name in the call: the expansion's first token takes its spacing.
    pub name: Token,
}

impl Preprocessor<'_> {
    /// The tokens of an object-like macro.
    pub(super) fn substitute_object(&mut self, body: &[BodyItem], place: Place) -> Vec<Token> {
        let mut out = self.buffer();
        let mut is_pasted = false;
        for item in body {
            let token = body_token(item.token, place.expn);
            match out.pop() {
                Some(left) if is_pasted => self.paste(left, token, place.expn, &mut out),
                left => {
                    out.extend(left);
                    out.push(token);
                }
            }
            is_pasted = item.is_pasted;
        }
        take_spacing(&mut out, place.name);
        out
    }

    /// The tokens of a function-like macro.
    pub(super) fn substitute_function(
        &mut self,
        function: &FunctionMacro,
        args: &mut Arguments,
        place: Place,
    ) -> Vec<Token> {
        let mut out = self.buffer();
        // `##` stands in front of the current item; what its left operand left behind.
        let mut is_pasted = false;
        let mut has_left = false;
        // In `__VA_OPT__(…)`: its result is the operand of a `##` behind the `)`.
        let mut at = 0;
        let variadic = function.is_variadic.then(|| function.params.len() - 1);
        while let Some(item) = function.body.get(at) {
            let start = out.len();
            match item.kind {
                BodyKind::Token => out.push(body_token(item.token, place.expn)),
                BodyKind::Stringize(param) => {
                    let text = self.stringize(args.raw(param));
                    out.push(Token {
                        kind: TokenKind::Str,
                        symbol: self.session.intern(&text),
                        ..body_token(item.token, place.expn)
                    });
                }
                BodyKind::Param(param) if is_pasted || item.is_pasted => {
                    let is_rest = variadic == Some(param);
                    if is_rest && is_pasted && is_comma(out.last()) {
                        // GNU: `, ## __VA_ARGS__` drops the comma if there are no arguments.
                        if args.is_omitted(param) {
                            out.pop();
                            has_left = !out.is_empty();
                        }
                        is_pasted = false;
                        let tokens = match item.is_pasted {
                            true => args.raw(param),
                            false => self.expanded(args, param),
                        };
                        push_argument(&mut out, tokens, item.token);
                    } else {
                        push_argument(&mut out, args.raw(param), item.token);
                    }
                }
                BodyKind::Param(param) => {
                    let tokens = self.expanded(args, param);
                    push_argument(&mut out, tokens, item.token);
                }
                BodyKind::VaOpt(end) => {
                    let rest = function.params.len() - 1;
                    if self.expanded(args, rest).is_empty() {
                        // A placemarker: what is left of it stays as it is.
                        has_left &= is_pasted;
                        is_pasted = function.body[end].is_pasted;
                        at = end + 1;
                        continue;
                    }
                    at += 1;
                    continue;
                }
                BodyKind::VaOptEnd => {
                    is_pasted = item.is_pasted;
                    has_left = !out.is_empty();
                    at += 1;
                    continue;
                }
            }
            let is_new = out.len() > start;
            if is_pasted && has_left && is_new && start > 0 {
                let right = out.remove(start);
                let left = out.remove(start - 1);
                let tail = out.split_off(start - 1);
                self.paste(left, right, place.expn, &mut out);
                out.extend(tail);
            }
            has_left = is_new || (is_pasted && has_left);
            is_pasted = item.is_pasted;
            at += 1;
        }
        take_spacing(&mut out, place.name);
        out
    }

    /// Argument `param`, fully macro-expanded (C11 6.10.3.1p1), computed once.
    fn expanded<'t>(&mut self, args: &'t mut Arguments, param: usize) -> &'t [Token] {
        if args.expanded[param].is_none() {
            let expanded = self.expand_argument(args.raw(param));
            args.expanded[param] = Some(expanded);
        }
        args.expanded[param].as_deref().unwrap_or(&[])
    }

    /// C11 6.10.3.2: the string literal that spells `tokens`.
    fn stringize(&self, tokens: &[Token]) -> String {
        let mut text = String::from("\"");
        for (at, token) in tokens.iter().enumerate() {
            if at > 0 && token.has_space() {
                text.push(' ');
            }
            let spelling = token.spelling(&self.session.names);
            if token.kind == TokenKind::HeaderName {
                text.extend(["<", spelling, ">"]);
                continue;
            }
            let is_literal = matches!(token.kind, TokenKind::Str | TokenKind::Char);
            for c in spelling.chars() {
                if is_literal && matches!(c, '"' | '\\') {
                    text.push('\\');
                }
                text.push(c);
            }
        }
        text.push('"');
        text
    }

    /// C11 6.10.3.3: appends `left ## right`.
    fn paste(&mut self, left: Token, right: Token, expn: ExpnId, out: &mut Vec<Token>) {
        let names = &self.session.names;
        let text = [left.spelling(names), right.spelling(names)].concat();
        let span = match left.span.expn == expn && right.span.expn == expn {
            true => self.session.sources.join(left.span, right.span),
            false => left.span,
        };
        let tokens = lex_fragment(&text, span, &mut self.session.names);
        match tokens.as_slice() {
            [token]
                if !matches!(
                    token.kind,
                    TokenKind::Unknown
                        | TokenKind::UnterminatedChar
                        | TokenKind::UnterminatedStr
                        | TokenKind::LineComment
                        | TokenKind::BlockComment
                ) =>
            {
                out.push(Token { flags: left.flags.without(TokenFlags::NO_EXPAND), ..*token });
            }
            _ => {
                let names = &self.session.names;
                let (a, b) = (left.spelling(names), right.spelling(names));
                let message = format!("pasting `{a}` and `{b}` does not give a token");
                self.session.report(Diagnostic::new(codes::lex::E0109, span, message));
                out.extend([left, right]);
            }
        }
    }
}

fn body_token(token: Token, expn: ExpnId) -> Token {
    Token {
        flags: token.flags.without(TokenFlags::LINE_START),
        span: Span { expn, ..token.span },
        ..token
    }
}

fn is_comma(token: Option<&Token>) -> bool {
    token.is_some_and(|token| token.kind == TokenKind::Comma)
}

/// Appends an argument; its first token is spaced as the parameter is.
fn push_argument(out: &mut Vec<Token>, tokens: &[Token], param: Token) {
    let start = out.len();
    out.extend_from_slice(tokens);
    if let Some(first) = out.get_mut(start) {
        first.flags = first.flags.without(TokenFlags::LINE_START);
        first.flags = match param.has_space() {
            true => first.flags.with(TokenFlags::SPACE),
            false => first.flags.without(TokenFlags::SPACE),
        };
    }
}

/// The first token of an expansion stands as the macro's name did.
fn take_spacing(out: &mut [Token], name: Token) {
    if let Some(first) = out.first_mut() {
        let painted = first.flags.contains(TokenFlags::NO_EXPAND);
        first.flags = name.flags.without(TokenFlags::NO_EXPAND);
        if painted {
            first.flags = first.flags.with(TokenFlags::NO_EXPAND);
        }
    }
}
