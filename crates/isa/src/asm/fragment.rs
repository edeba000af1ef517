//! The text of inline assembly: a few instructions, whose names the surrounding program explains.
//!
//! Other than in a listing, statements also end at `;`, comments may stand between `/*` and `*/`,
//! labels may be numbers (`1:`, referred to by `1b` and `1f`), and `.8byte` and its like hold
//! instructions as numbers.

use std::collections::BTreeMap;
use std::ops::Range;

use super::error::{AsmError, AsmProblem};
use super::lex::{self, Kind, Token};
use super::parse::{self, Parser, Statement};
use crate::{Endian, Insn, SlotMap, decode};

/// Assembled text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fragment {
    /// The instructions.
    pub insns: Vec<FragmentInsn>,
}

/// An instruction of a fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FragmentInsn {
    /// The instruction; what it refers to is a filler.
    pub insn: Insn,
    /// Its bytes in the text.
    pub range: Range<u32>,
    /// What it refers to.
    pub target: Option<FragmentTarget>,
}

/// What an instruction of a fragment refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FragmentTarget {
    /// A jump to the instruction with this index, or to the end.
    Insn(u32),
    /// Something outside.
    Name {
        /// Its name.
        name: String,
        /// What is added to its address.
        addend: u32,
        /// The bytes of the name in the text.
        range: Range<u32>,
    },
}

/// A mistake in a fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FragmentError {
    /// The bytes of the text that are wrong.
    pub range: Range<u32>,
    /// What is wrong.
    pub problem: AsmProblem,
}

/// Assembles the text of inline assembly. Names that are not labels of the text are left to the
/// caller. Each statement with a mistake is reported once, in the order of the text.
pub fn assemble_fragment(text: &str, endian: Endian) -> Result<Fragment, Vec<FragmentError>> {
    let mut assembler = Assembler {
        endian,
        insns: Vec::new(),
        labels: BTreeMap::new(),
        numbered: Vec::new(),
        bytes: Vec::new(),
        bytes_range: 0..0,
        errors: Vec::new(),
    };
    for range in statements(text) {
        let start = range.start;
        let piece = &text[range];
        if let Err(error) = assembler.statement(start, piece) {
            assembler.report(start, piece, error);
        }
    }
    assembler.flush_bytes();
    assembler.resolve();
    if assembler.errors.is_empty() {
        return Ok(Fragment { insns: assembler.insns });
    }
    assembler.errors.sort_by_key(|error| error.range.start);
    Err(assembler.errors)
}

/// The statements of a text, without what separates them.
fn statements(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while let Some(next) = text[at..].chars().next() {
        let rest = &text[at..];
        let after_blank = text[..at].ends_with(|c: char| c.is_whitespace() || c == ';') || at == 0;
        let (ends, skipped) = if matches!(next, ';' | '\n') {
            (true, 1)
        } else if after_blank && next == '#' || rest.starts_with("//") {
            (true, rest.find('\n').unwrap_or(rest.len()))
        } else if let Some(comment) = rest.strip_prefix("/*") {
            (true, 2 + comment.find("*/").map_or(comment.len(), |end| end + 2))
        } else {
            (false, next.len_utf8())
        };
        if ends {
            found.push(start..at);
            start = at + skipped;
        }
        at += skipped;
    }
    found.push(start..text.len());
    found
}

/// Size of what a directive holds.
fn data_bytes(directive: &str) -> Option<usize> {
    match directive {
        ".byte" => Some(1),
        ".2byte" | ".short" | ".half" | ".hword" => Some(2),
        ".4byte" | ".long" | ".int" | ".word" => Some(4),
        ".8byte" | ".quad" => Some(8),
        _ => None,
    }
}

struct Assembler {
    endian: Endian,
    insns: Vec<FragmentInsn>,
    labels: BTreeMap<String, u32>,
    /// Labels that are numbers, in the order of the text.
    numbered: Vec<(String, u32)>,
    /// Instructions as numbers, not decoded yet.
    bytes: Vec<u8>,
    bytes_range: Range<u32>,
    errors: Vec<FragmentError>,
}

impl Assembler {
    /// The text `piece`, which starts at the byte `start`.
    fn statement(&mut self, start: usize, piece: &str) -> Result<(), AsmError> {
        let tokens = lex::tokens(1, piece)?;
        let mut rest = tokens.as_slice();
        while let [label, colon, after @ ..] = rest
            && colon.text == ":"
            && (label.is_word() || matches!(label.kind, Kind::Number(_)))
        {
            self.flush_bytes();
            self.label(*label)?;
            rest = after;
        }
        let first = rest[0];
        if first.is_end() {
            return Ok(());
        }
        let end = rest.last().map_or(0, |end| byte_of(piece, end.column));
        let from = byte_of(piece, first.column);
        let end = from + piece[from..end].trim_end().len();
        let range = (start + from) as u32..(start + end) as u32;
        if first.text.starts_with('.') && first.is_word() {
            return self.directive(rest, range);
        }
        self.flush_bytes();
        let Statement { insn, reference } = parse::statement(1, rest, true)?;
        let target = reference.map(|reference| {
            let from = start + byte_of(piece, reference.column);
            let range = from as u32..(from + reference.name.len()) as u32;
            FragmentTarget::Name { name: reference.name.into(), addend: reference.addend, range }
        });
        self.insns.push(FragmentInsn { insn, range, target });
        Ok(())
    }

    fn label(&mut self, label: Token<'_>) -> Result<(), AsmError> {
        let at = self.insns.len() as u32;
        let name = label.text.to_owned();
        if !label.is_word() {
            self.numbered.push((name, at));
        } else if self.labels.insert(name.clone(), at).is_some() {
            let problem = AsmProblem::DuplicateLabel { name };
            return Err(AsmError { line: 1, column: label.column, problem });
        }
        Ok(())
    }

    /// `.8byte 5, 6`
    fn directive(&mut self, tokens: &[Token<'_>], range: Range<u32>) -> Result<(), AsmError> {
        let Some(n_bytes) = data_bytes(tokens[0].text) else {
            let problem = AsmProblem::Directive { name: tokens[0].text.to_owned() };
            return Err(AsmError { line: 1, column: tokens[0].column, problem });
        };
        if self.bytes.is_empty() {
            self.bytes_range = range.clone();
        }
        self.bytes_range.end = range.end;
        let rest = &tokens[1..];
        let mut parser =
            Parser { line: 1, all: tokens, tokens: rest, reference: None, is_lenient: true };
        loop {
            let number = parser.number()?;
            let number = parser.data(number, n_bytes)?;
            let (little, big) = (number.to_le_bytes(), number.to_be_bytes());
            self.bytes.extend(match self.endian {
                Endian::Little => &little[..n_bytes],
                Endian::Big => &big[8 - n_bytes..],
            });
            if !parser.eat(",") {
                break;
            }
        }
        if parser.peek().is_end() { Ok(()) } else { Err(parser.expected("end of line")) }
    }

    /// Decodes the numbers in front of the next statement.
    fn flush_bytes(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            match decode(rest, self.endian) {
                Ok(insn) => {
                    rest = &rest[insn.slots() as usize * 8..];
                    let range = self.bytes_range.clone();
                    self.insns.push(FragmentInsn { insn, range, target: None });
                }
                Err(reason) => {
                    let range = self.bytes_range.clone();
                    let problem = AsmProblem::Bytes { reason };
                    return self.errors.push(FragmentError { range, problem });
                }
            }
        }
    }

    fn report(&mut self, start: usize, piece: &str, error: AsmError) {
        let from = byte_of(piece, error.column);
        let len = lex::token_len(&piece[from..]);
        let range = (start + from) as u32..(start + from + len) as u32;
        self.errors.push(FragmentError { range, problem: error.problem });
    }

    /// Turns names of labels, and distances that stay inside, into targets.
    fn resolve(&mut self) {
        let insns: Vec<Insn> = self.insns.iter().map(|insn| insn.insn).collect();
        let slots = SlotMap::new(&insns);
        for at in 0..self.insns.len() {
            let FragmentInsn { insn, target, .. } = &self.insns[at];
            let Some(FragmentTarget::Name { name, range, .. }) = target else {
                if let Some(off) = insn.jump_offset() {
                    self.insns[at].target = distance_target(&slots, at as u32, off);
                }
                continue;
            };
            match self.find_label(name, at as u32) {
                Some(_) if insn.jump_offset().is_none() => {
                    let problem = AsmProblem::OnlyJumps { name: name.clone() };
                    self.errors.push(FragmentError { range: range.clone(), problem });
                }
                Some(target) => self.insns[at].target = Some(FragmentTarget::Insn(target)),
                None if is_numbered(name) => {
                    let problem = AsmProblem::UnknownLabel { name: name.clone() };
                    self.errors.push(FragmentError { range: range.clone(), problem });
                }
                None => {}
            }
        }
    }

    fn find_label(&self, name: &str, from: u32) -> Option<u32> {
        let (digits, direction) = name.split_at(name.len().saturating_sub(1));
        let mut same = self.numbered.iter().filter(|(label, _)| label == digits);
        match direction {
            _ if !is_numbered(name) => self.labels.get(name).copied(),
            "f" => same.find(|(_, at)| *at > from).map(|(_, at)| *at),
            _ => same.rfind(|(_, at)| *at <= from).map(|(_, at)| *at),
        }
    }
}

fn is_numbered(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_digit())
}

/// Where a jump over a distance goes, if that is inside the fragment or its end.
fn distance_target(slots: &SlotMap, at: u32, off: i32) -> Option<FragmentTarget> {
    let slot = i64::from(slots.slot(at)?) + 1 + i64::from(off);
    let slot = u32::try_from(slot).ok()?;
    if slot == slots.n_slots() {
        return slots.end().map(FragmentTarget::Insn);
    }
    slots.insn_idx(slot).map(FragmentTarget::Insn)
}

/// The byte at which the character in `column`, counted from 1, starts.
fn byte_of(text: &str, column: u32) -> usize {
    let mut chars = text.char_indices();
    chars.nth(column.saturating_sub(1) as usize).map_or(text.len(), |(at, _)| at)
}
