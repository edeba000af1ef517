//! C11 6.10.3.4: rescanning. A macro is disabled while tokens of its expansion are being
//! read, and its name, met meanwhile, is never expanded again.

use super::define::{FunctionMacro, MacroId, MacroKind};
use super::substitute::Place;
use super::{MAX_EXPANSION_DEPTH, MAX_EXPANSIONS, MAX_MACRO_TOKENS, Preprocessor};
use crate::token::{Token, TokenFlags, TokenKind};
use bpfc_base::{Diagnostic, Expansion, ExpnId, Idx, Span, codes};
use std::ops::Range;

/// The arguments of a macro call.
#[derive(Default)]
pub(super) struct Arguments {
    tokens: Vec<Token>,
    ranges: Vec<Range<usize>>,
    /// The variadic argument is not there at all.
    is_rest_omitted: bool,
    /// By parameter: fully expanded, once needed.
    pub expanded: Vec<Option<Vec<Token>>>,
}

impl Arguments {
    /// Argument `param` as written.
    pub(super) fn raw(&self, param: usize) -> &[Token] {
        &self.tokens[self.ranges[param].clone()]
    }

    /// True if `, ## param` drops the comma.
    pub(super) fn is_omitted(&self, param: usize) -> bool {
        self.is_rest_omitted && self.ranges[param].is_empty()
    }
}

impl Preprocessor<'_> {
    /// The next token after macro expansion.
    pub(super) fn next_expanded(&mut self) -> Option<Token> {
        loop {
            let mut token = self.next_raw()?;
            if token.kind != TokenKind::Ident || token.flags.contains(TokenFlags::NO_EXPAND) {
                return Some(token);
            }
            if let Some(id) = self.lookup(token.symbol) {
                if self.macros[id.index()].is_disabled {
                    token.flags = token.flags.with(TokenFlags::NO_EXPAND);
                } else if self.expand(token, id) {
                    continue;
                }
            } else if self.is_in_condition && token.symbol == self.syms.defined {
                return self.defined_operator(token);
            }
            return Some(token);
        }
    }

    /// Begins the expansion of `name`; false if this is no call of a function-like macro.
    fn expand(&mut self, name: Token, id: MacroId) -> bool {
        if self.n_expansions >= MAX_EXPANSIONS {
            let message = format!("more than {MAX_EXPANSIONS} macro expansions");
            self.stop(name.span, message);
            return true;
        }
        match self.macro_kind(id) {
            MacroKind::Object(body) => {
                if body.is_empty() {
                    return true;
                }
                let expn = self.begin_expansion(id, name.span);
                let tokens = self.substitute_object(&body, Place { expn, name });
                self.finish_expansion(tokens, id, name.span);
                true
            }
            MacroKind::Function(function) => {
                if !self.is_paren_next() {
                    return false;
                }
                let Some((mut args, end)) = self.arguments(name, id, &function) else {
                    self.push_token(Token {
                        kind: TokenKind::ErrorExpr,
                        symbol: self.syms.none,
                        ..name
                    });
                    return true;
                };
                let call = self.session.sources.join(name.span, end);
                if self.depth >= MAX_EXPANSION_DEPTH {
                    let message =
                        format!("macro calls are nested more than {MAX_EXPANSION_DEPTH} deep");
                    self.stop(name.span, message);
                    return true;
                }
                let expn = self.begin_expansion(id, call);
                let place = Place { expn, name };
                let tokens = self.substitute_function(&function, &mut args, place);
                self.keep_buffer(args.tokens);
                self.finish_expansion(tokens, id, name.span);
                true
            }
            MacroKind::Builtin(builtin) => self.expand_builtin(name, builtin),
            MacroKind::Unread(_) => unreachable!("it was read when it was asked for"),
        }
    }

    fn begin_expansion(&mut self, id: MacroId, call_site: Span) -> ExpnId {
        self.n_expansions += 1;
        let definition = &self.macros[id.index()];
        self.session.sources.add_expansion(Expansion {
            name: definition.name,
            call_site,
            def_site: definition.def_site,
        })
    }

    /// Stops when macro calls take and make too many tokens.
    fn count_tokens(&mut self, n_tokens: usize, span: Span) {
        self.n_macro_tokens += n_tokens;
        if self.n_macro_tokens > MAX_MACRO_TOKENS {
            let message = format!("macro calls make more than {MAX_MACRO_TOKENS} tokens");
            self.stop(span, message);
        }
    }

    fn finish_expansion(&mut self, tokens: Vec<Token>, id: MacroId, span: Span) {
        self.count_tokens(tokens.len(), span);
        self.push_context(tokens, Some(id), false);
    }

    /// Reads `( … )` behind the name of a macro. Returns the arguments and the span of
    /// the closing parenthesis; `None` if the call is wrong, which is reported.
    fn arguments(
        &mut self,
        name: Token,
        id: MacroId,
        function: &FunctionMacro,
    ) -> Option<(Arguments, Span)> {
        let open = self.next_raw()?;
        let n_params = function.params.len();
        let mut args = Arguments { tokens: self.buffer(), ..Arguments::default() };
        let mut start = 0;
        let mut depth = 0_usize;
        self.n_open_calls += 1;
        let end = loop {
            let Some(token) = self.next_argument_token() else {
                break None;
            };
            match token.kind {
                TokenKind::RParen if depth == 0 => break Some(token.span),
                TokenKind::RParen => depth -= 1,
                TokenKind::LParen => depth += 1,
                TokenKind::Comma
                    if depth == 0
                        && !(function.is_variadic && args.ranges.len() + 1 == n_params) =>
                {
                    args.ranges.push(start..args.tokens.len());
                    start = args.tokens.len();
                    continue;
                }
                _ => {}
            }
            args.tokens.push(token);
        };
        self.n_open_calls -= 1;
        let Some(end) = end else {
            let is_open = |token: &&Token| {
                matches!(token.kind, TokenKind::UnterminatedStr | TokenKind::UnterminatedChar)
            };
            // A literal without an end took the parenthesis: that one is the mistake.
            match args.tokens.iter().find(is_open) {
                Some(&literal) => self.report_open_literal(literal),
                None => self.report_unterminated_call(name, open.span),
            }
            return None;
        };
        args.ranges.push(start..args.tokens.len());
        self.count_tokens(args.tokens.len(), name.span);
        self.check_arguments(name, id, function, &mut args, end).then_some((args, end))
    }

    fn next_argument_token(&mut self) -> Option<Token> {
        let mut token = self.next_raw()?;
        if token.flags.contains(TokenFlags::LINE_START) {
            let flags = token.flags.without(TokenFlags::LINE_START);
            token.flags = flags.with(TokenFlags::SPACE);
        }
        if token.kind == TokenKind::Ident
            && let Some(id) = self.lookup(token.symbol)
            && self.macros[id.index()].is_disabled
        {
            token.flags = token.flags.with(TokenFlags::NO_EXPAND);
        }
        Some(token)
    }

    fn report_open_literal(&mut self, literal: Token) {
        self.out.hides_end |= self.contexts.is_empty();
        self.report_bad_token(literal);
    }

    fn report_unterminated_call(&mut self, name: Token, open: Span) {
        if self.is_stopped {
            return;
        }
        if self.contexts.is_empty() {
            // The call took the rest of the file.
            self.out.hides_end = true;
        }
        let text = self.session.name(name.symbol).to_owned();
        let diagnostic = Diagnostic::new(
            codes::lex::E0109,
            name.span,
            format!("unterminated call of macro `{text}`"),
        )
        .with_secondary(open, "this `(` is never closed");
        self.session.report(diagnostic);
    }

    /// C11 6.10.3p4: as many arguments as parameters.
    fn check_arguments(
        &mut self,
        name: Token,
        id: MacroId,
        function: &FunctionMacro,
        args: &mut Arguments,
        end: Span,
    ) -> bool {
        let n_params = function.params.len();
        if n_params == 0 && args.ranges.len() == 1 && args.tokens.is_empty() {
            args.ranges.clear();
        }
        if function.is_variadic && args.ranges.len() + 1 == n_params {
            // GNU and C23: the variadic argument may be left out altogether.
            let at = args.tokens.len();
            args.ranges.push(at..at);
            args.is_rest_omitted = true;
        } else if function.is_variadic && n_params == 1 && args.tokens.is_empty() {
            args.is_rest_omitted = true;
        }
        args.expanded = vec![None; n_params];
        let n_args = args.ranges.len();
        if n_args == n_params {
            return true;
        }
        let text = self.session.name(name.symbol).to_owned();
        let plural = if n_params == 1 { "" } else { "s" };
        let at_least = if function.is_variadic { "at least " } else { "" };
        let n_needed = n_params - usize::from(function.is_variadic);
        let call = self.session.sources.join(name.span, end);
        let diagnostic = Diagnostic::new(
            codes::lex::E0109,
            call,
            format!("macro `{text}` takes {at_least}{n_needed} argument{plural}, not {n_args}"),
        )
        .with_note_at(self.macros[id.index()].def_site, "defined here");
        self.session.report(diagnostic);
        false
    }

    /// Expands the tokens of an argument as if they were all there is.
    pub(super) fn expand_argument(&mut self, tokens: &[Token]) -> Vec<Token> {
        let is_plain = |token: &Token| {
            token.kind != TokenKind::Ident
                || (self.lookup(token.symbol).is_none() && token.symbol != self.syms.defined)
        };
        if tokens.iter().all(is_plain) {
            return tokens.to_vec();
        }
        self.expand_list(tokens)
    }

    /// Expands `tokens`, reading nothing behind them.
    pub(super) fn expand_list(&mut self, tokens: &[Token]) -> Vec<Token> {
        let mark = self.contexts.len();
        let mut list = self.buffer();
        list.extend_from_slice(tokens);
        self.push_context(list, None, true);
        self.depth += 1;
        let mut out = Vec::new();
        while let Some(token) = self.next_expanded() {
            out.push(token);
        }
        self.depth -= 1;
        while self.contexts.len() > mark {
            self.pop_context();
        }
        out
    }
}
