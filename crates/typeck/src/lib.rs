//! Syntax tree to typed HIR: names, C11 types and conversions, layout, constant evaluation,
//! kernel types imported from BTF when first used, and what BPF forbids of C.
//!
//! It reports every mistake once and goes on; it generates no code.

#![forbid(unsafe_code)]

pub mod hir;
