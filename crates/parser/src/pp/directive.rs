//! C11 6.10: directives, and 6.10.1: conditional inclusion.

use super::include::IncludeForm;
use super::{OpenFile, Preprocessor};
use crate::literal;
use crate::token::{Token, TokenKind};
use bpfc_base::{Diagnostic, Idx, Span, Symbol, codes, similar};

/// An `#if` whose `#endif` was not reached yet.
pub(super) struct Conditional {
    /// The `#if`.
    pub span: Span,
    /// One of its groups was or is being read.
    is_taken: bool,
    /// Where its `#else` was.
    else_span: Option<Span>,
}

const DIRECTIVES: [&str; 17] = [
    "if",
    "ifdef",
    "ifndef",
    "elif",
    "elifdef",
    "elifndef",
    "else",
    "endif",
    "include",
    "include_next",
    "define",
    "undef",
    "line",
    "error",
    "warning",
    "pragma",
    "ident",
];

impl Preprocessor<'_> {
    /// Carries out the directive that the innermost file's line is.
    pub(super) fn directive(&mut self) {
        let file_idx = self.files.len() - 1;
        let file = &mut self.files[file_idx];
        let mut line = std::mem::take(&mut file.line);
        file.at = 0;
        let follow_up = self.carry_out(&line);
        line.clear();
        line.extend(follow_up);
        if let Some(file) = self.files.get_mut(file_idx) {
            file.line = line;
        }
    }

    /// Carries out the directive in `line`; the pragma token to read in its place.
    fn carry_out(&mut self, line: &[Token]) -> Option<Token> {
        let (hash, rest) = line.split_first()?;
        let hash = hash.span;
        let (name, rest) = rest.split_first()?;
        if name.kind == TokenKind::Number {
            // `# 1 "file"`: what preprocessors leave behind.
            self.line_directive(hash, &line[1..]);
            return None;
        }
        let span = self.session.sources.join(hash, name.span);
        let text = self.session.names.resolve_shared(name.symbol);
        if !matches!(&*text, "ifndef" | "if" | "endif") {
            self.innermost().guard.other_directive(&text);
        }
        match &*text {
            "if" => {
                let is_true = self.condition(span, rest);
                self.innermost_guard_if(rest);
                self.open_conditional(span, is_true);
            }
            "ifdef" | "ifndef" => {
                let is_defined = self.is_name_defined(span, rest, &text);
                if let (Some(symbol), "ifndef") = (is_defined.map(|d| d.0), &*text) {
                    self.innermost_guard(symbol);
                } else {
                    self.innermost().guard.text();
                }
                let wanted = &*text == "ifdef";
                let is_true = is_defined.is_none_or(|(_, is_defined)| is_defined == wanted);
                self.open_conditional(span, is_true);
            }
            "elif" | "elifdef" | "elifndef" | "else" => {
                self.enter_alternative(span, &text, rest);
            }
            "endif" => self.end_conditional(span, rest),
            "define" => self.define(span, rest),
            "undef" => self.undef(span, rest),
            "include" => self.include(span, rest, IncludeForm::Quoted, &text),
            "include_next" => self.include(span, rest, IncludeForm::Next, &text),
            "import" => self.include(span, rest, IncludeForm::Import, &text),
            "line" => self.line_directive(span, rest),
            "error" => self.error_directive(span, rest, "error"),
            "warning" => self.error_directive(span, rest, "warning"),
            "pragma" => return self.pragma(span, rest),
            "ident" | "sccs" | "assert" | "unassert" => {}
            _ => self.unknown_directive(name.span, &text),
        }
        None
    }

    fn innermost(&mut self) -> &mut OpenFile {
        self.files.last_mut().expect("directives are carried out in files")
    }

    fn innermost_guard(&mut self, symbol: Symbol) {
        let file = self.innermost();
        let depth = file.conditionals.len();
        file.guard.ifndef(symbol, depth);
    }

    /// `#if !defined NAME` guards a file as `#ifndef NAME` does.
    fn innermost_guard_if(&mut self, tokens: &[Token]) {
        let is_operator = |t: &Token| t.is_ident(self.syms.defined);
        let guard = match tokens {
            [not, defined, name] if not.kind == TokenKind::Bang && is_operator(defined) => {
                Some(name.symbol)
            }
            [not, defined, open, name, _]
                if not.kind == TokenKind::Bang
                    && is_operator(defined)
                    && open.kind == TokenKind::LParen =>
            {
                Some(name.symbol)
            }
            _ => None,
        };
        match guard {
            Some(symbol) => self.innermost_guard(symbol),
            None => self.innermost().guard.text(),
        }
    }

    /// The operand of `#ifdef`, and whether it is defined.
    fn is_name_defined(
        &mut self,
        span: Span,
        tokens: &[Token],
        directive: &str,
    ) -> Option<(Symbol, bool)> {
        match tokens {
            [name, rest @ ..] if name.kind == TokenKind::Ident => {
                self.check_line_end(rest, &format!("#{directive}"));
                Some((name.symbol, self.lookup(name.symbol).is_some()))
            }
            _ => {
                let at = tokens.first().map_or(span, |token| token.span);
                let message = format!("expected the name of a macro after `#{directive}`");
                self.session.report(Diagnostic::new(codes::lex::E0106, at, message));
                None
            }
        }
    }

    fn open_conditional(&mut self, span: Span, is_true: bool) {
        self.innermost().conditionals.push(Conditional {
            span,
            is_taken: is_true,
            else_span: None,
        });
        if !is_true {
            self.skip_group();
        }
    }

    /// Reads on behind the next `#elif`, `#else` or `#endif` whose group counts.
    fn skip_group(&mut self) {
        let mut depth = 0_usize;
        let mut line = self.buffer();
        loop {
            line.clear();
            let Some(file) = self.files.last_mut() else {
                return;
            };
            if !file.lexer.skip_to_directive() {
                return;
            }
            file.lexer.line(&mut self.session.names, &mut line);
            let [hash, name, rest @ ..] = line.as_slice() else {
                continue;
            };
            let text = self.session.names.resolve_shared(name.symbol);
            let span = Span::new(hash.span.lo, name.span.hi);
            match &*text {
                "if" | "ifdef" | "ifndef" => depth += 1,
                "endif" if depth > 0 => depth -= 1,
                "endif" => {
                    self.end_conditional(span, rest);
                    break;
                }
                "else" | "elif" | "elifdef" | "elifndef" if depth == 0 => {
                    self.innermost().guard.other_directive(&text);
                    if self.alternative(span, &text, rest) {
                        break;
                    }
                }
                _ => {}
            }
        }
        self.keep_buffer(line);
    }

    /// An `#else` or `#elif` behind a group that was read.
    fn enter_alternative(&mut self, span: Span, directive: &str, tokens: &[Token]) {
        if self.innermost().conditionals.is_empty() {
            self.unbalanced(span, format!("`#{directive}` without `#if`"));
        } else if !self.alternative(span, directive, tokens) {
            self.skip_group();
        }
    }

    /// True if the group behind this `#else` or `#elif` is the one to read.
    fn alternative(&mut self, span: Span, directive: &str, tokens: &[Token]) -> bool {
        let Some(conditional) = self.innermost().conditionals.last_mut() else {
            return true;
        };
        let (opened, is_taken) = (conditional.span, conditional.is_taken);
        if let Some(else_span) = conditional.else_span {
            let diagnostic =
                Diagnostic::new(codes::lex::E0107, span, format!("`#{directive}` after `#else`"))
                    .with_secondary(opened, "the conditional begins here")
                    .with_secondary(else_span, "its `#else` is here");
            self.session.report(diagnostic);
            return false;
        }
        let is_true = match directive {
            "else" => {
                conditional.else_span = Some(span);
                self.check_line_end(tokens, "#else");
                true
            }
            // C11 6.10.1p6: conditions behind the group that was read are not looked at.
            _ if is_taken => false,
            "elif" => self.condition(span, tokens),
            _ => {
                let wanted = directive == "elifdef";
                self.is_name_defined(span, tokens, directive)
                    .is_none_or(|(_, is_defined)| is_defined == wanted)
            }
        };
        let is_read = is_true && !is_taken;
        if let Some(conditional) = self.innermost().conditionals.last_mut() {
            conditional.is_taken |= is_read;
        }
        is_read
    }

    fn end_conditional(&mut self, span: Span, rest: &[Token]) {
        let file = self.innermost();
        let is_open = file.conditionals.pop().is_some();
        let depth = file.conditionals.len();
        file.guard.endif(depth);
        if !is_open {
            self.unbalanced(span, "`#endif` without `#if`".to_owned());
        }
        self.check_line_end(rest, "#endif");
    }

    pub(super) fn unbalanced(&mut self, span: Span, message: String) {
        self.session.report(Diagnostic::new(codes::lex::E0107, span, message));
    }

    /// Reports tokens behind the end of a directive.
    pub(super) fn check_line_end(&mut self, rest: &[Token], directive: &str) {
        if let Some(token) = rest.first() {
            let message = format!("extra text after `{directive}`");
            let mut diagnostic = Diagnostic::new(codes::lex::E0106, token.span, message);
            diagnostic.severity = bpfc_base::Severity::Warning;
            self.session.report(diagnostic);
        }
    }

    /// `#error` and `#warning`: C11 6.10.5.
    fn error_directive(&mut self, span: Span, rest: &[Token], directive: &str) {
        let text = match (rest.first(), rest.last()) {
            (Some(first), Some(last)) => {
                let span = self.session.sources.join(first.span, last.span);
                self.session.sources.text(span).trim().to_owned()
            }
            _ => format!("`#{directive}`"),
        };
        let code = match directive {
            "error" => codes::lex::E0110,
            _ => codes::lex::W0103,
        };
        self.session.report(Diagnostic::new(code, span, text));
    }

    fn unknown_directive(&mut self, span: Span, text: &str) {
        let message = format!("unknown directive `#{text}`");
        let mut diagnostic = Diagnostic::new(codes::lex::W0102, span, message);
        // An unknown directive in a group that is read has an effect that is missing.
        diagnostic.severity = bpfc_base::Severity::Error;
        if let Some(name) = similar::most_similar(text, DIRECTIVES) {
            diagnostic = diagnostic.with_help(format!("did you mean `#{name}`?"));
        }
        self.session.report(diagnostic);
    }

    /// `#line number ["file"]`: C11 6.10.4.
    fn line_directive(&mut self, span: Span, tokens: &[Token]) {
        let tokens = self.expand_list(tokens);
        let names = &self.session.names;
        let number = tokens.first().and_then(|token| {
            let digits = token.spelling(names);
            let is_number = token.kind == TokenKind::Number;
            is_number.then(|| digits.parse::<u32>().ok()).flatten()
        });
        let name = tokens.get(1).filter(|token| token.kind == TokenKind::Str);
        let Some(number) = number else {
            let at = tokens.first().map_or(span, |token| token.span);
            let message = "expected a line number after `#line`";
            self.session.report(Diagnostic::new(codes::lex::E0106, at, message));
            return;
        };
        let name = name.map(|token| {
            let (_, text) = literal::split_prefix(names.resolve(token.symbol));
            text.to_owned()
        });
        let line = self.session.sources.line_col(span).map_or(0, |(_, at)| at.line);
        let name = name.map(|name| self.session.intern(&name));
        let file = self.innermost();
        file.line_delta = i64::from(number) - i64::from(line) - 1;
        if name.is_some() {
            file.presumed_name = name;
        }
    }

    /// The `defined` operator in a condition: a number token.
    pub(super) fn defined_operator(&mut self, operator: Token) -> Option<Token> {
        let mut token = self.next_raw();
        let has_paren = token.is_some_and(|token| token.kind == TokenKind::LParen);
        if has_paren {
            token = self.next_raw();
        }
        let name = token.filter(|token| token.kind == TokenKind::Ident);
        let is_closed =
            !has_paren || self.next_raw().is_some_and(|token| token.kind == TokenKind::RParen);
        let Some(name) = name.filter(|_| is_closed) else {
            let message = "`defined` needs the name of a macro";
            self.session.report(Diagnostic::new(codes::lex::E0108, operator.span, message));
            return Some(Token { kind: TokenKind::Number, symbol: self.syms.zero, ..operator });
        };
        let is_defined = self.by_symbol.get(name.symbol.index()).is_some_and(Option::is_some);
        Some(Token {
            kind: TokenKind::Number,
            symbol: match is_defined {
                true => self.syms.one,
                false => self.syms.zero,
            },
            ..operator
        })
    }
}
