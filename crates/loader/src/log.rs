//! The kernel's "no": its log, read and tied to the source.

use crate::Errno;
use bpfc_base::codes::{Code, btf, load};
use bpfc_base::{Diagnostic, Span};
use bpfc_isa::{Callee, Insn, SlotMap, Syntax};
use bpfc_kernel_log::{explain, read_whole, registers_in, restate};
use bpfc_object::{Line, Linked};
use std::sync::Arc;

/// Why the kernel's verifier rejects a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The program.
    pub program: String,
    /// What the system call returned.
    pub errno: Errno,
    /// The code of the mistake, if the kernel's message is a known one.
    pub code: Option<Code>,
    /// What is wrong: explained where the kernel's message is a known one, otherwise its own.
    pub message: String,
    /// The kernel's words.
    pub kernel_says: Vec<String>,
    /// The kernel's own explanation (7.3).
    pub kernel_reason: Option<String>,
    /// What to do, if known.
    pub help: Option<String>,
    /// Where: the instruction that the verifier looked at last.
    pub place: Option<Place>,
    /// What the verifier knew of the registers that its message names, such as `("r0", "scalar()")`.
    pub registers: Vec<(String, String)>,
    /// Where the message says that the problem began, such as where a reference was taken.
    pub origin: Option<Place>,
    /// What the kernel does not have and would be used here: "`struct x.y` does not exist".
    pub missing: Option<String>,
    /// The program's name in the source.
    pub program_span: Span,
    /// The kernel's whole log.
    pub log: String,
}

/// An instruction in a loaded program and its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Index of the instruction in the linked program.
    pub insn_idx: u32,
    /// The instruction.
    pub text: String,
    /// The function it is in.
    pub function: String,
    /// Its source; [`Span::NONE`] for objects read from ELF.
    pub span: Span,
    /// Its source line.
    pub line: Option<Arc<Line>>,
}

/// What a failed load leaves behind.
pub(crate) struct Failure<'a> {
    pub linked: &'a Linked,
    pub errno: Errno,
    pub log: String,
    pub program_span: Span,
    /// What each poisoned instruction stands for.
    pub poisoned: &'a [(u32, String)],
}

/// Reads the log of a failed load.
pub(crate) fn rejection(failure: Failure<'_>) -> Rejection {
    let parsed = read_whole(&failure.log);
    let linked = failure.linked;
    let slots = SlotMap::new(&linked.plain_insns());
    let place = |slot: u32| slots.insn_idx(slot).map(|insn_idx| place(linked, insn_idx));
    let failing = parsed.slot.and_then(place);
    let missing = failing.as_ref().and_then(|place| {
        let mut poisoned = failure.poisoned.iter();
        let found = poisoned.find(|(insn_idx, _)| *insn_idx == place.insn_idx);
        found.map(|(_, what)| what.clone())
    });
    let explanation = explain(&parsed);
    let code = explanation.as_ref().map(|explained| explained.code);
    let (message, help) = match (&missing, explanation) {
        (Some(what), _) => (format!("{what} on this kernel"), None),
        (None, Some(explained)) => (explained.message, explained.help),
        (None, None) => match parsed.messages.last() {
            Some(message) => (restate(message), None),
            None => (failure.errno.to_string(), None),
        },
    };
    let report = parsed.report.unwrap_or_default();
    let suggestion = report.suggestion.filter(|_| missing.is_none());
    let help = help.or_else(|| suggestion.as_deref().map(as_advice));
    let named = registers_in(&parsed.messages.join(" "));
    let registers = named.into_iter().filter_map(|number| {
        let state = parsed.registers.get(&number)?;
        Some((format!("r{number}"), state.clone()))
    });
    Rejection {
        program: linked.name.clone(),
        errno: failure.errno,
        code,
        message,
        help,
        registers: registers.collect(),
        origin: parsed.origin.and_then(place),
        place: failing,
        missing,
        kernel_says: parsed.messages,
        kernel_reason: report.reason,
        program_span: failure.program_span,
        log: failure.log,
    }
}

/// A suggestion of the kernel as a help of ours: lower case, no full stop.
fn as_advice(suggestion: &str) -> String {
    let mut chars = suggestion.trim_end_matches('.').chars();
    let first = chars.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(chars).collect()
}

/// The instruction and the nearest source line before it in its function.
fn place(linked: &Linked, insn_idx: u32) -> Place {
    let insn = &linked.insns[insn_idx as usize];
    let subprog = linked.subprog_at(insn_idx);
    let start = subprog.map_or(0, |subprog| subprog.start as usize);
    let before = linked.insns[start..=insn_idx as usize].iter().rev();
    let line = before.clone().find_map(|insn| insn.line.clone());
    let span = before.map(|insn| insn.span).find(|span| !span.is_none());
    Place {
        insn_idx,
        text: text(&insn.insn),
        function: subprog.map_or_else(String::new, |subprog| subprog.name.clone()),
        span: span.unwrap_or(Span::NONE),
        line,
    }
}

/// An instruction with the name of the helper that it calls.
fn text(insn: &Insn) -> String {
    let helper = match insn {
        Insn::Call(Callee::Helper(id)) => bpfc_kabi::helper_by_id(*id),
        _ => None,
    };
    let text = insn.text(Syntax::Plain);
    text.with_symbol(helper.map(|helper| helper.name)).to_string()
}

impl Rejection {
    /// The code of its diagnostic.
    pub fn code(&self) -> Code {
        match self.missing {
            Some(_) => btf::E0603,
            None => self.code.unwrap_or(load::E0904),
        }
    }

    /// The diagnostic, at the source of the failing instruction where it is known.
    pub fn to_diagnostic(&self) -> Diagnostic {
        let place_span = self.place.as_ref().map_or(Span::NONE, |place| place.span);
        let span = if place_span.is_none() { self.program_span } else { place_span };
        let message = format!("the kernel rejects `{}`: {}", self.program, self.message);
        let mut diagnostic = Diagnostic::new(self.code(), span, message);
        if let Some(place) = &self.place {
            if place_span.is_none()
                && let Some(line) = &place.line
            {
                let text = line.text.trim();
                diagnostic =
                    diagnostic.with_note(format!("at {}:{}: `{text}`", line.file, line.line));
            }
            // What cannot be on this kernel was replaced by a call of nothing.
            if self.missing.is_none() {
                let (idx, text) = (place.insn_idx, &place.text);
                let function = &place.function;
                diagnostic =
                    diagnostic.with_note(format!("instruction {idx} in `{function}`: `{text}`"));
            }
        }
        for (register, state) in &self.registers {
            diagnostic = diagnostic.with_note(format!("`{register}` is `{state}`"));
        }
        if let Some(origin) = &self.origin {
            let text = format!("it begins at instruction {}", origin.insn_idx);
            diagnostic = diagnostic.with_note_at(origin.span, text);
        }
        if self.missing.is_none() && !self.kernel_says.is_empty() {
            let says = self.kernel_says.join("; ");
            diagnostic = diagnostic.with_note(format!("the kernel says: {says}"));
            if let Some(reason) = &self.kernel_reason {
                let reason = reason.trim_end_matches('.');
                diagnostic = diagnostic.with_note(format!("the kernel explains: {reason}"));
            }
        }
        match &self.help {
            Some(help) => diagnostic.with_help(help.clone()),
            None => diagnostic,
        }
    }
}
