//! Inline assembly: its text, and where its operands are.

use super::{FuncId, GlobalId};
use bpfc_base::{Span, index_type};
use bpfc_isa::{Endian, Reg, RegSet};
use bpfc_typeck::hir::TextRun;
use std::collections::BTreeMap;
use std::ops::Range;

index_type! {
    /// Inline assembly, of [`Module::asms`](super::Module::asms).
    pub struct AsmId, "asm"
}

/// Inline assembly.
#[derive(Clone, Debug)]
pub struct Asm {
    /// The text in the source.
    pub text: String,
    /// Where it stands there.
    pub runs: Vec<TextRun>,
    /// The text, taken apart.
    pub pieces: Vec<AsmPiece>,
    /// Outputs, then inputs.
    pub operands: Vec<AsmOperand>,
    /// Registers that it overwrites.
    pub clobbers: RegSet,
    /// Labels that it may go to.
    pub n_labels: u32,
    /// The byte order of instructions that are given as bytes.
    pub endian: Endian,
    /// What names in the text mean.
    pub symbols: BTreeMap<String, AsmSymbol>,
    /// The statement.
    pub span: Span,
}

/// A piece of the text of inline assembly, and its bytes there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsmPiece {
    /// What it is.
    pub kind: AsmPieceKind,
    /// Its bytes in the text.
    pub range: Range<u32>,
}

/// What a piece of the text of inline assembly is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsmPieceKind {
    /// Assembly.
    Text,
    /// A character that stands for itself: of `%%` the second one.
    Char(char),
    /// An operand, by position.
    Operand(u32, Modifier),
    /// A label, by position.
    Label(u32),
    /// A number that no other instance has: `%=`.
    Unique,
}

/// How an operand is to be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Modifier {
    /// As it is.
    #[default]
    None,
    /// The lower half of a register (GCC).
    Half,
    /// A constant, negated.
    Negated,
}

/// An operand of inline assembly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsmOperand {
    /// Where it is.
    pub home: AsmHome,
    /// Its register is called `w1`.
    pub is_half: bool,
    /// In this register.
    pub fixed: Option<Reg>,
    /// The argument that it starts with.
    pub input: Option<u32>,
    /// The result that it becomes.
    pub output: Option<u32>,
    /// It is written before the inputs have been read.
    pub is_early: bool,
    /// Written as a constant, it is sign-extended from so many bits; 0 for none.
    pub n_bits: u32,
    /// Its expression in the source.
    pub span: Span,
}

/// Where an operand of inline assembly is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsmHome {
    /// In a register.
    Register,
    /// In the text, if it is constant, or else in a register.
    RegisterOrText,
    /// In the text: a constant.
    Text,
    /// In memory; the argument is its address.
    Memory,
    /// Where this operand is.
    Same(u32),
}

/// What a name in assembly means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AsmSymbol {
    /// A function.
    Func(FuncId),
    /// An object with static storage.
    Global(GlobalId),
}
