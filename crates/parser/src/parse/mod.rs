//! Preprocessed tokens to a syntax tree.
//!
//! The parser that lalrpop generates from `grammar.lalrpop` reads an item at a time from
//! a [`source::TokenSource`], which tells names of types from other names; its actions
//! build the tree in a [`state::ParseState`]. On a syntax error, [`recover`] looks for the
//! smallest repair and the item is parsed once more.

mod attributes;
mod brackets;
mod declarations;
mod heights;
mod known_macros;
mod literals;
mod messages;
mod names;
mod recover;
mod repair;
pub(crate) mod scopes;
mod source;
pub(crate) mod specs;
pub(crate) mod state;
pub(crate) mod statements;
mod type_names;

use crate::ast::TranslationUnit;
use crate::pp::{FileProvider, PpOptions, TokenStream, preprocess};
use bpfc_base::{FileId, Session};

pub(crate) use recover::parse_deferred;
pub use state::MAX_TREE_HEIGHT;

pub use names::{NoTypeNames, TypeNames};

#[allow(
    clippy::all,
    clippy::unwrap_used,
    clippy::pedantic,
    unused,
    missing_docs,
    reason = "generated code"
)]
mod grammar {
    lalrpop_util::lalrpop_mod!(generated, "/grammar.rs");
    pub(super) use generated::TranslationUnitParser;
}

/// Preprocesses and parses `file`. Mistakes are reported to the session; the tree holds
/// `Error` nodes in their places.
pub fn parse(
    session: &mut Session,
    file: FileId,
    options: &PpOptions,
    provider: &mut dyn FileProvider,
    types: &mut dyn TypeNames,
) -> TranslationUnit {
    let stream = preprocess(session, file, options, provider);
    recover::parse_with_repairs(session, stream, types)
}

/// Parses a preprocessed file.
pub fn parse_tokens(
    session: &mut Session,
    stream: &TokenStream,
    types: &mut dyn TypeNames,
) -> TranslationUnit {
    recover::parse_with_repairs(session, stream.clone(), types)
}
