//! Bytes to tokens, tokens to preprocessed tokens, preprocessed tokens to a syntax tree.
//!
//! Nothing here fails: every function returns what it could make of its input and reports
//! the rest to the [`Session`](bpfc_base::Session). It knows no types, no BPF and no BTF.

#![forbid(unsafe_code)]

pub mod ast;
