//! What the preprocessor hands to the parser.

use crate::ast::Unroll;
use crate::deferred::Deferred;
use crate::token::Token;
use bpfc_base::{Span, Symbol};

/// A preprocessed file.
#[derive(Clone, Debug, Default)]
pub struct TokenStream {
    /// In order; keywords are still identifiers, adjacent strings still apart.
    pub tokens: Vec<Token>,
    /// Pragmas that mean something to the parser, by the token that follows them.
    pub pragmas: Vec<PragmaAt>,
    /// Declarations that single tokens stand for.
    pub deferred: Deferred,
    /// Indices of tokens at which a lexical error was reported: a syntax error there is
    /// a consequence.
    pub lexical_errors: Vec<u32>,
    /// The end of the main file.
    pub end: Span,
    /// False if a limit stopped the preprocessor: what follows is unknown.
    pub is_complete: bool,
    /// An unterminated comment hid the end of a file.
    pub hides_end: bool,
    /// An included file was not found: names it declares will be missing.
    pub has_missing_files: bool,
}

/// A pragma in front of token `index`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PragmaAt {
    /// The token that follows.
    pub index: u32,
    /// What it says.
    pub pragma: Pragma,
    /// The directive.
    pub span: Span,
}

/// Pragmas that mean something to the parser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pragma {
    /// `#pragma unroll` and its relatives: about the loop that follows.
    Unroll(Unroll),
    /// `#pragma pack`: the packing from here on, in bytes; `None` for natural.
    Pack(Option<u32>),
    /// `#pragma clang attribute push`: attributes of every record defined from here on.
    RecordAttributes(Vec<Symbol>),
}
