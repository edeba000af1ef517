//! The assembler: pseudo-C text to instructions.
//!
//! It reads what [`crate::Syntax::Plain`] prints and the other ways in which LLVM and the kernel write
//! the same instructions, as long as the text determines the instruction. Per line there may be a
//! label `name:`, an instruction, and a comment, which starts with `;`, `//`, or a `#` at the start of
//! a line or after a blank. Numbers are decimal or hexadecimal; `goto`, `call` and 64-bit loads may
//! name a label, the latter two also a symbol that the caller knows.

mod error;
mod fragment;
mod lex;
mod operand;
mod parse;
mod value;

use std::collections::BTreeMap;

pub use error::{AsmError, AsmProblem};
pub use fragment::{Fragment, FragmentError, FragmentInsn, FragmentTarget, assemble_fragment};

use crate::{Callee, Insn, SlotMap, Wide};
use lex::Token;
use parse::{Reference, Statement};

/// What names mean that are not labels. Every method may answer `None`, and does by default.
pub trait Symbols {
    /// What `call name` calls.
    fn callee(&self, name: &str) -> Option<Callee> {
        let _ = name;
        None
    }

    /// What `r1 = name ll` loads.
    fn wide(&self, name: &str) -> Option<Wide> {
        let _ = name;
        None
    }
}

/// No symbols.
impl Symbols for () {}

/// An assembled program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assembly {
    /// The instructions.
    pub insns: Vec<Insn>,
    /// For each instruction the number of its line, from 1.
    pub lines: Vec<u32>,
    /// For each label the index of the instruction it stands before; one past the last for a label at
    /// the end.
    pub labels: BTreeMap<String, u32>,
}

/// Assembles a program. Each line with a mistake is reported once, in the order of the text.
pub fn assemble(text: &str, symbols: &dyn Symbols) -> Result<Assembly, Vec<AsmError>> {
    let mut assembler = Assembler::default();
    for (line, text) in (1..).zip(text.lines()) {
        if let Err(error) = assembler.line(line, text) {
            assembler.errors.push(error);
        }
    }
    assembler.resolve(symbols);
    if assembler.errors.is_empty() {
        Ok(assembler.assembly)
    } else {
        assembler.errors.sort_by_key(|error| (error.line, error.column));
        Err(assembler.errors)
    }
}

#[derive(Default)]
struct Assembler<'a> {
    assembly: Assembly,
    /// Names to resolve, by index of the instruction.
    references: Vec<(u32, Reference<'a>)>,
    errors: Vec<AsmError>,
}

impl<'a> Assembler<'a> {
    fn line(&mut self, line: u32, text: &'a str) -> Result<(), AsmError> {
        let tokens = lex::tokens(line, text)?;
        let mut rest = tokens.as_slice();
        while let [Token { text: name, column, .. }, colon, after @ ..] = rest
            && rest[0].is_word()
            && colon.text == ":"
        {
            self.label(line, *column, name)?;
            rest = after;
        }
        if rest[0].is_end() {
            return Ok(());
        }
        let Statement { insn, reference } = parse::statement(line, rest, false)?;
        let insn_idx = self.n_insns();
        self.references.extend(reference.map(|reference| (insn_idx, reference)));
        self.assembly.insns.push(insn);
        self.assembly.lines.push(line);
        Ok(())
    }

    fn n_insns(&self) -> u32 {
        self.assembly.insns.len() as u32
    }

    fn label(&mut self, line: u32, column: u32, name: &str) -> Result<(), AsmError> {
        let insn_idx = self.n_insns();
        match self.assembly.labels.insert(name.to_owned(), insn_idx) {
            None => Ok(()),
            Some(_) => {
                let problem = AsmProblem::DuplicateLabel { name: name.to_owned() };
                Err(AsmError { line, column, problem })
            }
        }
    }

    /// Gives names their meaning, now that all labels are known.
    fn resolve(&mut self, symbols: &dyn Symbols) {
        let slots = SlotMap::new(&self.assembly.insns);
        for (insn_idx, reference) in std::mem::take(&mut self.references) {
            let insn = self.assembly.insns[insn_idx as usize];
            let target = self.assembly.labels.get(reference.name).copied();
            let resolved = match target {
                Some(target) => to_label(&slots, insn_idx, insn, target, &reference),
                None => to_symbol(insn, &reference, symbols),
            };
            match resolved {
                Ok(insn) => self.assembly.insns[insn_idx as usize] = insn,
                Err(problem) => {
                    let line = self.assembly.lines[insn_idx as usize];
                    self.errors.push(AsmError { line, column: reference.column, problem });
                }
            }
        }
    }
}

/// Lets `insn` lead to the instruction `target`.
fn to_label(
    slots: &SlotMap,
    insn_idx: u32,
    insn: Insn,
    target: u32,
    reference: &Reference<'_>,
) -> Result<Insn, AsmProblem> {
    let name = reference.name.to_owned();
    if reference.addend != 0 {
        return Err(AsmProblem::NoDisplacement { name });
    }
    let slot = |insn_idx| slots.slot(insn_idx).map_or(0, i64::from);
    let distance = slot(target) - (slot(insn_idx) + 1);
    i32::try_from(distance)
        .ok()
        .and_then(|off| insn.with_jump_offset(off).or_else(|| insn.with_function_offset(off)))
        .ok_or(AsmProblem::TooFar { name, distance })
}

/// Lets `insn` call or load what the caller says the name means.
fn to_symbol(
    insn: Insn,
    reference: &Reference<'_>,
    symbols: &dyn Symbols,
) -> Result<Insn, AsmProblem> {
    let name = || reference.name.to_owned();
    match insn {
        Insn::Call(_) => {
            let callee = symbols.callee(reference.name);
            callee.map(Insn::Call).ok_or_else(|| AsmProblem::UnknownCallee { name: name() })
        }
        Insn::LoadImm64 { dst, .. } => {
            let value = symbols.wide(reference.name);
            let value = value.ok_or_else(|| AsmProblem::UnknownSymbol { name: name() })?;
            let value = displaced(value, reference.addend)
                .ok_or_else(|| AsmProblem::NoDisplacement { name: name() })?;
            Ok(Insn::LoadImm64 { dst, value })
        }
        _ => Err(AsmProblem::UnknownLabel { name: name() }),
    }
}

/// `value + addend`, for values that can be displaced.
fn displaced(value: Wide, addend: u32) -> Option<Wide> {
    match value {
        Wide::MapValue { fd, off } => off.checked_add(addend).map(|off| Wide::MapValue { fd, off }),
        Wide::MapIdxValue { idx, off } => {
            off.checked_add(addend).map(|off| Wide::MapIdxValue { idx, off })
        }
        Wide::Value(value) => value.checked_add(addend.into()).map(Wide::Value),
        _ => Some(value).filter(|_| addend == 0),
    }
}
