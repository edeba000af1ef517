//! `#pragma GCC diagnostic` and `#pragma clang diagnostic`: which warnings a program
//! switches off, on or into errors, and where. The session keeps it.

use super::Preprocessor;
use crate::literal;
use crate::token::{Token, TokenKind};
use bpfc_base::warnings::{PragmaLevel, UnknownFlag};
use bpfc_base::{Diagnostic, Span, codes};

impl Preprocessor<'_> {
    /// `#pragma GCC diagnostic …` and `#pragma clang diagnostic …`; `tokens` is what
    /// follows `diagnostic`.
    pub(super) fn diagnostic_pragma(&mut self, span: Span, tokens: &[Token]) {
        let [word, rest @ ..] = tokens else {
            self.bad_diagnostic_pragma(span);
            return;
        };
        let level = match word.spelling(&self.session.names) {
            "push" => {
                self.session.warnings.push();
                return;
            }
            "pop" => {
                if !self.session.warnings.pop(&self.session.sources, span.end()) {
                    let message = "`diagnostic pop` without `diagnostic push`";
                    self.session.report(Diagnostic::new(codes::lex::W0102, span, message));
                }
                return;
            }
            "ignored" => PragmaLevel::Ignored,
            "warning" => PragmaLevel::Warning,
            "error" | "fatal" => PragmaLevel::Error,
            _ => {
                self.bad_diagnostic_pragma(word.span);
                return;
            }
        };
        let at = rest.first().map_or(span, |token| token.span);
        let option = match rest {
            [string] if string.kind == TokenKind::Str => {
                literal::split_prefix(string.spelling(&self.session.names)).1.to_owned()
            }
            _ => String::new(),
        };
        if !option.starts_with("-W") {
            self.bad_diagnostic_pragma(at);
            return;
        }
        let sources = &self.session.sources;
        if let Err(unknown) = self.session.warnings.pragma(sources, span.end(), level, &option) {
            self.unknown_flag(at, &unknown);
        }
    }

    fn unknown_flag(&mut self, span: Span, unknown: &UnknownFlag) {
        let message = format!("unknown warning `{}`: ignored", unknown.option);
        let mut diagnostic = Diagnostic::new(codes::lex::W0105, span, message);
        if let Some(similar) = &unknown.similar {
            diagnostic = diagnostic.with_help(format!("did you mean `{similar}`?"));
        }
        self.session.report(diagnostic);
    }

    fn bad_diagnostic_pragma(&mut self, span: Span) {
        let message =
            "expected `push`, `pop`, or `ignored`, `warning` or `error` with a string `\"-W…\"`";
        self.session.report(Diagnostic::new(codes::lex::W0102, span, message));
    }
}
