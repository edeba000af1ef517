//! Inline assembly (GNU).

use super::{ExprId, StrLit};
use bpfc_base::{Span, Symbol};

/// Inline assembly.
#[derive(Clone, Debug)]
pub struct Asm {
    /// The text, concatenated.
    pub template: StrLit,
    /// The string literals that it consists of: where they stand, and how they are spelled.
    pub pieces: Vec<(Span, Symbol)>,
    /// `volatile`
    pub is_volatile: bool,
    /// `goto`
    pub is_goto: bool,
    /// Nothing but a text, in which `%` means nothing.
    pub is_basic: bool,
    /// Outputs.
    pub outputs: Vec<AsmOperand>,
    /// Inputs.
    pub inputs: Vec<AsmOperand>,
    /// Clobbered registers and `memory`.
    pub clobbers: Vec<StrLit>,
    /// Labels of `asm goto`.
    pub labels: Vec<(Symbol, Span)>,
}

/// An operand of inline assembly.
#[derive(Clone, Debug)]
pub struct AsmOperand {
    /// `[name]`
    pub name: Option<Symbol>,
    /// `"=r"`
    pub constraint: StrLit,
    /// What is read or written.
    pub expr: ExprId,
}
