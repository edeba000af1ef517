//! The help as edits: code that, put into the source, removes the fault. What is not understood for
//! certain gets no edit.

pub mod bounds;
mod other;
mod packet;
mod pointer;

use super::Writer;
use super::source::is_identifier;
use super::text::{Code, Function, Statement, words};
use crate::fault::{ArgFault, Arithmetic, Denied, FaultKind, Malformed};
use bpfc_base::{Edit, ExpnId, Span};
use bpfc_kabi::CtxFault;
use std::sync::Arc;

/// Longer functions are not looked through.
const MAX_FUNCTION_BYTES: usize = 100_000;

/// What to do, in words and as edits.
pub struct Fix {
    /// The words.
    pub text: String,
    /// The edits.
    pub edits: Vec<Edit>,
}

/// A place in a file of the user, and the function that it is in.
pub struct Spot {
    /// Where the file starts in the session's address space.
    pub start: u32,
    /// The file's text.
    pub text: Arc<str>,
    /// Its code.
    pub code: Code,
    /// Where the place starts in the file.
    pub at: usize,
    /// Where it ends.
    pub end: usize,
    /// The function around it.
    pub function: Function,
    /// Whether a macro produced what is there.
    pub is_macro: bool,
}

impl Spot {
    /// The statement.
    pub fn statement(&self) -> Option<Statement> {
        self.code.statement_at(&self.function, self.at)
    }

    /// `return 0;`, or what functions like this one return.
    pub fn leave(&self) -> String {
        match self.code.usual_result(&self.function) {
            Some(result) => format!("return {result};"),
            None => "return;".to_owned(),
        }
    }

    /// `if (condition) return …;` in two lines.
    pub fn leave_if(&self, condition: &str) -> [String; 2] {
        [format!("if ({condition})"), format!("\t{}", self.leave())]
    }

    /// An edit of the file.
    pub fn edit(&self, from: usize, to: usize, replacement: impl Into<String>) -> Edit {
        let span = Span::new(self.start + from as u32, self.start + to as u32);
        Edit { span, replacement: replacement.into() }
    }

    /// The white space in front of the line of `at`.
    fn indent(&self, at: usize) -> &str {
        let line = self.text[..at].rfind('\n').map_or(0, |end| end + 1);
        let rest = &self.text[line..];
        &rest[..rest.len() - rest.trim_start_matches([' ', '\t']).len()]
    }

    /// Puts lines in front of the statement.
    pub fn insert(&self, lines: &[String]) -> Option<Vec<Edit>> {
        let statement = self.statement()?;
        let indent = self.indent(statement.range.start);
        if !statement.is_branch {
            let mut text = String::new();
            for line in lines {
                text.push_str(&format!("{line}\n{indent}"));
            }
            return Some(vec![self.edit(statement.range.start, statement.range.start, text)]);
        }
        // A branch without braces gets some.
        let is_compound = ["if", "for", "while", "do", "switch"].iter().any(|word| {
            self.text[statement.range.clone()]
                .strip_prefix(word)
                .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        });
        let behind = self.text[statement.range.end..].trim_start();
        if is_compound || behind.starts_with("else") {
            return None;
        }
        let before = self.text[..statement.range.start].trim_end().len();
        let outer = self.indent(statement.outer);
        let mut text = " {\n".to_owned();
        for line in lines {
            text.push_str(&format!("{outer}\t{line}\n"));
        }
        text.push_str(&format!("{outer}\t"));
        Some(vec![
            self.edit(before, statement.range.start, text),
            self.edit(statement.range.end, statement.range.end, format!("\n{outer}}}")),
        ])
    }

    /// A name that the function does not use, `name` if possible.
    pub fn fresh_name(&self, name: &str) -> String {
        let code = self.code.slice(self.function.header.start..self.function.body.end);
        let used = |name: &str| words(code, name).next().is_some();
        let numbered = (2..100).map(|n| format!("{name}{n}"));
        std::iter::once(name.to_owned())
            .chain(numbered)
            .find(|name| !used(name))
            .unwrap_or_default()
    }
}

impl Writer<'_, '_> {
    /// The fix of the fault.
    pub fn fix(&self) -> Option<Fix> {
        match &self.found.fault.kind {
            FaultKind::MaybeNull(usage) => self.check_null(usage),
            FaultKind::Packet { .. } => self.check_packet(),
            FaultKind::NotAPointer => self.read_again().or_else(|| self.read_kernel()),
            FaultKind::OutOfBounds { by_helper: None, .. } => {
                self.bound_loop().or_else(|| self.bound_index())
            }
            FaultKind::OutOfBounds { by_helper: Some(argument), .. } => {
                self.bound_size(argument.helper, argument.idx + 1)
            }
            FaultKind::Argument(
                argument,
                ArgFault::NegativeSize | ArgFault::ZeroSize | ArgFault::UnboundedSize,
            ) => self.bound_size(argument.helper, argument.idx),
            FaultKind::Argument(argument, ArgFault::Kind(_)) => self.take_address(argument),
            FaultKind::Argument(argument, ArgFault::NoPacket) => self.copy_argument(argument),
            FaultKind::Arithmetic(Arithmetic::Unbounded | Arithmetic::TooFar) => {
                self.bound_offset()
            }
            FaultKind::Arithmetic(Arithmetic::Fixed) => self.turn_comparison(),
            FaultKind::Denied(Denied::Misaligned, _) => self.pack(),
            FaultKind::UninitStack { by_helper: Some(argument), .. } => self.initialise(argument),
            FaultKind::Return { min, max } => self.result_in_range(*min, *max),
            FaultKind::Ctx { why: CtxFault::Size(_), .. } => self.plain_field(),
            FaultKind::Unreleased(held, ..) => self.release(held.insn_idx),
            FaultKind::Malformed(Malformed::GlobalCallback) => self.callback_static(),
            FaultKind::Contract { func, .. } => self.make_static(*func),
            FaultKind::EndlessLoop => self.count_on(),
            _ => None,
        }
    }

    /// The place of `span` in the user's text.
    pub fn spot(&self, span: Span) -> Option<Spot> {
        let root = self.sources.root(span);
        let (file, range) = self.sources.locate(root)?;
        let file = self.sources.file(file);
        if !file.is_user {
            return None;
        }
        let code = Code::new(&file.text);
        let function = code.function_at(range.start)?;
        if function.body.len() > MAX_FUNCTION_BYTES {
            return None;
        }
        Some(Spot {
            start: file.start,
            text: file.text.clone(),
            code,
            at: range.start,
            end: range.end,
            function,
            is_macro: span.expn != ExpnId::ROOT,
        })
    }

    /// The place of the fault.
    pub fn here(&self) -> Option<Spot> {
        self.spot(self.site.span)
    }

    /// The span as it is spelled in a file of the user, be it in the body of a macro.
    pub fn spelled(&self) -> Option<Span> {
        let span = self.user_span(self.site.span)?;
        Some(Span::new(span.lo, span.hi))
    }
}

/// Whether an expression can be written twice: a name, or members of one.
pub fn is_repeatable(expr: &str) -> bool {
    !expr.is_empty() && expr.replace("->", ".").split('.').all(is_identifier)
}
