//! Macros whose value depends on where they stand: C11 6.10.8, `__COUNTER__`, and the
//! feature tests of GCC and clang.

use super::Preprocessor;
use super::define::MacroKind;
use super::features::{ATTRIBUTES, BUILTINS};
use super::include::IncludeForm;
use crate::lex::lex_fragment;
use crate::literal;
use crate::token::{Token, TokenKind};
use bpfc_base::{Diagnostic, Span, codes};

/// A macro without a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::enum_variant_names, reason = "named as the macros are")]
pub(super) enum Builtin {
    Line,
    File,
    BaseFile,
    FileName,
    Counter,
    IncludeLevel,
    PragmaOperator,
    HasInclude,
    HasIncludeNext,
    HasBuiltin,
    HasAttribute,
    HasFeature,
    /// A test that nothing passes.
    HasNothing,
    IsIdentifier,
}

const MACROS: [(&str, Builtin); 18] = [
    ("__LINE__", Builtin::Line),
    ("__FILE__", Builtin::File),
    ("__BASE_FILE__", Builtin::BaseFile),
    ("__FILE_NAME__", Builtin::FileName),
    ("__COUNTER__", Builtin::Counter),
    ("__INCLUDE_LEVEL__", Builtin::IncludeLevel),
    ("_Pragma", Builtin::PragmaOperator),
    ("__has_include", Builtin::HasInclude),
    ("__has_include_next", Builtin::HasIncludeNext),
    ("__has_builtin", Builtin::HasBuiltin),
    ("__has_attribute", Builtin::HasAttribute),
    ("__has_feature", Builtin::HasFeature),
    ("__has_extension", Builtin::HasFeature),
    ("__has_warning", Builtin::HasNothing),
    ("__has_cpp_attribute", Builtin::HasNothing),
    ("__has_c_attribute", Builtin::HasNothing),
    ("__has_declspec_attribute", Builtin::HasNothing),
    ("__is_identifier", Builtin::IsIdentifier),
];

impl Preprocessor<'_> {
    pub(super) fn add_builtins(&mut self) {
        for (name, builtin) in MACROS {
            let name = self.session.intern(name);
            self.add_macro(name, Span::NONE, MacroKind::Builtin(builtin));
        }
    }

    /// Puts the value of `builtin` in place of `name`; false if `name` stays.
    pub(super) fn expand_builtin(&mut self, name: Token, builtin: Builtin) -> bool {
        let token = match builtin {
            Builtin::Line => {
                let line = self.presumed_line(name.span).to_string();
                self.number_token(&line, name)
            }
            Builtin::File => {
                let file = self.presumed_file();
                self.string_token(&file, name)
            }
            Builtin::FileName => {
                let file = self.presumed_file();
                let file = file.rsplit('/').next().unwrap_or_default();
                self.string_token(file, name)
            }
            Builtin::BaseFile => {
                let file = self.session.sources.file(self.main_file).name.clone();
                self.string_token(&file, name)
            }
            Builtin::Counter => {
                let value = self.counter.to_string();
                self.counter += 1;
                self.number_token(&value, name)
            }
            Builtin::IncludeLevel => {
                let level = self.files.len().saturating_sub(1).to_string();
                self.number_token(&level, name)
            }
            _ => {
                if !self.is_paren_next() {
                    return false;
                }
                return self.expand_call(name, builtin);
            }
        };
        self.push_token(token);
        true
    }

    pub(super) fn push_token(&mut self, token: Token) {
        let mut tokens = self.buffer();
        tokens.push(token);
        self.push_context(tokens, None, false);
    }

    fn expand_call(&mut self, name: Token, builtin: Builtin) -> bool {
        let Some(args) = self.parenthesized(name) else {
            return true;
        };
        let is_true = match builtin {
            Builtin::PragmaOperator => {
                self.pragma_operator(name, &args);
                return true;
            }
            Builtin::HasInclude => self.has_include_operator(name, &args, None),
            Builtin::HasIncludeNext => {
                self.has_include_operator(name, &args, Some(IncludeForm::Next))
            }
            Builtin::HasNothing => false,
            Builtin::IsIdentifier => args.first().is_some_and(|t| t.kind == TokenKind::Ident),
            Builtin::HasBuiltin => self.is_listed(&args, BUILTINS),
            Builtin::HasAttribute => self.is_listed(&args, ATTRIBUTES),
            _ => self.is_listed(&args, &["c_static_assert", "c_generic_selections", "c_alignas"]),
        };
        let token = self.number_token(if is_true { "1" } else { "0" }, name);
        self.push_token(token);
        true
    }

    /// Reads `( … )`; `None`, and a report, if it has no end.
    fn parenthesized(&mut self, name: Token) -> Option<Vec<Token>> {
        let open = self.next_raw()?;
        let mut tokens = Vec::new();
        let mut depth = 0_usize;
        while let Some(token) = self.next_raw() {
            match token.kind {
                TokenKind::LParen => depth += 1,
                TokenKind::RParen if depth == 0 => return Some(tokens),
                TokenKind::RParen => depth -= 1,
                _ => {}
            }
            tokens.push(token);
        }
        let text = self.session.name(name.symbol).to_owned();
        let message = format!("`{text}(` without `)`");
        let diagnostic = Diagnostic::new(codes::lex::E0109, name.span, message)
            .with_secondary(open.span, "this `(` is never closed");
        self.session.report(diagnostic);
        None
    }

    /// True if the one name in `args`, with or without `__` around it, is in `list`.
    fn is_listed(&self, args: &[Token], list: &[&str]) -> bool {
        let [token] = args else {
            return false;
        };
        let name = self.session.name(token.symbol);
        let bare = name.strip_prefix("__").and_then(|name| name.strip_suffix("__"));
        list.contains(&bare.unwrap_or(name))
    }

    fn has_include_operator(
        &mut self,
        name: Token,
        args: &[Token],
        form: Option<IncludeForm>,
    ) -> bool {
        let expanded;
        let args = match self.header_name(args) {
            Some(_) => args,
            None => {
                expanded = self.expand_list(args);
                &expanded
            }
        };
        let Some((header, is_angled, _)) = self.header_name(args) else {
            let message = "expected `\"file\"` or `<file>` in `__has_include`";
            self.session.report(Diagnostic::new(codes::lex::E0108, name.span, message));
            return false;
        };
        let form = form.unwrap_or(match is_angled {
            true => IncludeForm::Angled,
            false => IncludeForm::Quoted,
        });
        self.has_include(&header, form)
    }

    /// `_Pragma("…")`: C11 6.10.9.
    fn pragma_operator(&mut self, name: Token, args: &[Token]) {
        let [string] = args else {
            let message = "`_Pragma` takes one string";
            self.session.report(Diagnostic::new(codes::lex::E0109, name.span, message));
            return;
        };
        let (_, text) = literal::split_prefix(self.session.name(string.symbol));
        let text = text.replace("\\\"", "\"").replace("\\\\", "\\");
        let tokens = lex_fragment(&text, name.span, &mut self.session.names);
        if let Some(token) = self.pragma(name.span, &tokens) {
            self.push_token(token);
        }
    }

    /// C11 6.10.8.1: the line of the outermost macro call, corrected by `#line`.
    fn presumed_line(&self, span: Span) -> u32 {
        let span = self.session.sources.root(span);
        let line = self.session.sources.line_col(span).map_or(0, |(_, at)| at.line);
        let delta = self.files.last().map_or(0, |file| file.line_delta);
        u32::try_from(i64::from(line) + delta).unwrap_or(0)
    }

    fn presumed_file(&self) -> std::sync::Arc<str> {
        match self.files.last() {
            Some(file) => match file.presumed_name {
                Some(name) => self.session.names.resolve_shared(name),
                None => self.session.sources.file(file.id).name.clone(),
            },
            None => "".into(),
        }
    }

    fn string_token(&mut self, text: &str, like: Token) -> Token {
        let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
        Token {
            kind: TokenKind::Str,
            symbol: self.session.intern(&format!("\"{escaped}\"")),
            ..like
        }
    }
}
