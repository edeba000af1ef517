//! Literal tokens to tree nodes.

use super::state::Inner;
use crate::ast::{ExprKind, StrLit, StrPrefix};
use crate::literal::{self, LiteralError, Number};
use bpfc_base::{Diagnostic, Span, codes};

impl Inner<'_> {
    fn literal_error(&mut self, span: Span, error: LiteralError) {
        let report = Diagnostic::new(error.code, span, error.message);
        self.reports.push(report);
    }

    pub(super) fn number(&mut self, at: u32) -> ExprKind {
        let token = self.tokens[at as usize];
        match literal::number(self.session.name(token.symbol)) {
            Ok(Number::Int(int)) => ExprKind::Int(int),
            Ok(Number::Float(value)) => ExprKind::Float(value),
            Err(error) => {
                self.literal_error(token.span, error);
                ExprKind::Error
            }
        }
    }

    pub(super) fn char_constant(&mut self, at: u32) -> ExprKind {
        let token = self.tokens[at as usize];
        match literal::char_constant(self.session.name(token.symbol)) {
            Ok((value, prefix)) => ExprKind::Char { value, prefix },
            Err(_) if self.is_reported(at) => ExprKind::Error,
            Err(error) => {
                self.literal_error(token.span, error);
                ExprKind::Error
            }
        }
    }

    fn is_reported(&self, at: u32) -> bool {
        self.stream.lexical_errors.binary_search(&at).is_ok()
    }

    /// The string literals `l..r` as one (C11 6.4.5p5).
    pub(super) fn string(&mut self, l: u32, r: u32) -> StrLit {
        let span = self.span(l, r);
        let mut prefix = StrPrefix::None;
        let mut mismatch = None;
        for at in l..r {
            let token = self.tokens[at as usize];
            let (own, _) = literal::split_prefix(self.session.name(token.symbol));
            match (prefix, own) {
                (_, StrPrefix::None) => {}
                (StrPrefix::None, _) => prefix = own,
                _ if prefix != own => mismatch = Some(token.span),
                _ => {}
            }
        }
        if let Some(span) = mismatch {
            self.literal_error(
                span,
                LiteralError {
                    code: codes::lex::E0112,
                    message: "string literals with different prefixes cannot be joined".into(),
                },
            );
        }
        let mut units = Vec::new();
        for at in l..r {
            let token = self.tokens[at as usize];
            let text = self.session.names.resolve_shared(token.symbol);
            let (_, inside) = literal::split_prefix(&text);
            if inside.contains('\u{fffd}') {
                let report = Diagnostic::new(
                    codes::lex::E0113,
                    token.span,
                    "the string holds bytes that are not UTF-8",
                )
                .with_help("write them as escape sequences, such as `\\xe9`");
                self.reports.push(report);
            }
            if let Err(error) = literal::decode(inside, prefix, &mut units)
                && !self.is_reported(at)
            {
                self.literal_error(token.span, error);
            }
        }
        StrLit { units, prefix, span }
    }
}
