//! Bytes to tokens, tokens to preprocessed tokens, preprocessed tokens to a syntax tree.
//!
//! Nothing here fails: every function returns what it could make of its input and reports
//! the rest to the [`Session`](bpfc_base::Session). It knows no types, no BPF and no BTF.

#![forbid(unsafe_code)]

pub mod ast;
pub mod deferred;
mod dump;
mod identifier;
mod lex;
pub mod literal;
pub mod parse;
pub mod pp;
pub mod token;

pub use dump::dump as dump_ast;
pub use parse::{MAX_TREE_HEIGHT, NoTypeNames, TypeNames, parse, parse_tokens};
pub use pp::{ATTRIBUTES, BUILTINS};
pub use pp::{
    ByteOrder, Deferral, FileProvider, IncludeForm, IncludeRequest, LoadedFile, NoFiles, PpOptions,
    Predefined, TokenStream, dump_tokens, preprocess, preprocess_to_text,
};
