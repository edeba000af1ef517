//! The text of inline assembly with its operands in place.

use crate::ir::{Asm, AsmPieceKind, Modifier};
use bpfc_base::codes::bpf::E0414;
use bpfc_base::{Diagnostic, Span};
use bpfc_isa::{AsmProblem, FragmentError, Reg};
use bpfc_typeck::hir::span_of;
use std::ops::Range;

/// How an operand is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spelled {
    /// A register.
    Reg(Reg),
    /// The lower half of a register.
    Half(Reg),
    /// A number.
    Number(i64),
    /// The address of something: a name that [`Expansion`] explains, and what is added.
    Symbol(String, i32),
    /// An object in memory.
    Memory(Reg, i32),
}

/// Text with operands in place, and where it comes from.
#[derive(Clone, Debug, Default)]
pub struct Expansion {
    /// The text.
    pub text: String,
    /// Where pieces start in it, and their bytes in the source's text; those that are as there.
    pieces: Vec<(u32, Range<u32>, bool)>,
}

/// Puts operands in place. Labels become `$l0` and so on; `unique` stands for `%=`.
pub fn expand(asm: &Asm, operands: &[Spelled], unique: u32) -> Expansion {
    let mut out = Expansion::default();
    for piece in &asm.pieces {
        let start = out.text.len() as u32;
        let is_text = piece.kind == AsmPieceKind::Text;
        out.pieces.push((start, piece.range.clone(), is_text));
        match piece.kind {
            AsmPieceKind::Text => {
                out.text += &asm.text[piece.range.start as usize..piece.range.end as usize];
            }
            AsmPieceKind::Char(c) => out.text.push(c),
            AsmPieceKind::Operand(idx, modifier) => {
                out.text += &spell(&operands[idx as usize], modifier);
            }
            AsmPieceKind::Label(idx) => out.text += &format!("$l{idx}"),
            AsmPieceKind::Unique => out.text += &unique.to_string(),
        }
    }
    out
}

fn spell(operand: &Spelled, modifier: Modifier) -> String {
    match operand {
        Spelled::Reg(reg) if modifier == Modifier::Half => format!("w{}", reg.number()),
        Spelled::Reg(reg) => reg.to_string(),
        Spelled::Half(reg) => format!("w{}", reg.number()),
        Spelled::Number(n) if modifier == Modifier::Negated => n.wrapping_neg().to_string(),
        Spelled::Number(n) => n.to_string(),
        Spelled::Symbol(name, 0) => name.clone(),
        Spelled::Symbol(name, offset) => format!("{name} + {offset}"),
        Spelled::Memory(reg, offset) if *offset < 0 => {
            format!("({reg} - {})", offset.unsigned_abs())
        }
        Spelled::Memory(reg, offset) => format!("({reg} + {offset})"),
    }
}

impl Expansion {
    /// The bytes of the source's text that `range` of the expanded text comes from.
    fn source(&self, range: &Range<u32>) -> Range<u32> {
        let piece_at = |at: u32| {
            let after = self.pieces.partition_point(|(start, ..)| *start <= at);
            after.checked_sub(1).and_then(|idx| self.pieces.get(idx))
        };
        let last = range.end.saturating_sub(1).max(range.start);
        let (Some(first), Some(end)) = (piece_at(range.start), piece_at(last)) else {
            return 0..0;
        };
        let from = match first {
            (start, source, true) => (source.start + (range.start - start)).min(source.end),
            (_, source, false) => source.start,
        };
        let to = match end {
            (start, source, true) => {
                (source.start + (range.end.max(*start) - start)).min(source.end)
            }
            (_, source, false) => source.end,
        };
        from..to.max(from)
    }

    /// Where `range` of the expanded text stands in the source.
    pub fn span(&self, asm: &Asm, range: &Range<u32>) -> Span {
        span_of(&asm.runs, self.source(range))
    }

    /// A mistake in the expanded text.
    pub fn report(&self, asm: &Asm, error: &FragmentError) -> Diagnostic {
        let span = self.span(asm, &error.range);
        report(asm, span, error.problem.to_string(), Some(&error.problem))
    }
}

/// A mistake in the text of assembly.
pub fn report(
    asm: &Asm,
    span: Span,
    message: impl Into<String>,
    problem: Option<&AsmProblem>,
) -> Diagnostic {
    let span = if span.is_none() { asm.span } else { span };
    let report = Diagnostic::new(E0414, span, message);
    match problem {
        Some(AsmProblem::Directive { .. }) => {
            report.with_note("assembly of BPF may hold numbers: `.8byte`, `.4byte`, `.byte`")
        }
        _ => report,
    }
}
