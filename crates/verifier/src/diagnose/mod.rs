//! From a [`Fault`] to a [`Diagnostic`]: in words about the C program, with where the value came
//! from, what was known of it, and what to do.

mod fix;
mod hot;
mod origin;
mod scopes;
mod slice;
mod source;
mod text;
mod wording;
mod wording_kfunc;

use crate::explore::{Found, Replay};
use crate::fault::FaultKind;
use crate::program::Program;
use bpfc_base::codes::verifier;
use bpfc_base::{Code, Diagnostic, SourceMap};
use source::Site;

/// Explains `found`.
pub fn diagnose(
    program: &Program<'_>,
    sources: &SourceMap,
    found: &Found,
    replay: &Replay,
) -> Diagnostic {
    let mut writer = Writer {
        program,
        sources,
        found,
        replay,
        site: Site::of(program, sources, found.insn_idx),
    };
    // Returns that were merged have the place of one of them.
    if matches!(found.fault.kind, FaultKind::Unreleased(..))
        && writer.exit_is_shared()
        && let Some(branch) = writer.last_branch()
    {
        writer.site = Site::of(program, sources, branch);
    }
    writer.write()
}

/// What all the parts of an explanation need.
struct Writer<'w, 'a> {
    program: &'w Program<'a>,
    sources: &'w SourceMap,
    found: &'w Found,
    replay: &'w Replay,
    site: Site,
}

impl Writer<'_, '_> {
    fn write(&self) -> Diagnostic {
        let words = self.words();
        let message = match self.site.span.is_none() {
            true => format!("{}{}", words.message, self.site.suffix()),
            false => words.message,
        };
        let mut diagnostic = Diagnostic::new(self.code(), self.primary(), message);
        if let Some(label) = self.known_label().or(words.label) {
            diagnostic = diagnostic.with_label(label);
        }
        if self.site.span.is_none() && !self.site.line_text.is_empty() {
            diagnostic = diagnostic.with_note(format!("the line is `{}`", self.site.line_text));
        }
        for (at, text) in self.origin_notes() {
            diagnostic = self.note(diagnostic, at, &text);
        }
        for note in words.notes {
            diagnostic = diagnostic.with_note(note);
        }
        if self.in_function() {
            let func = &self.program.funcs[self.function()];
            diagnostic = diagnostic.with_note(format!("this is in function `{}`", func.name));
        }
        match (words.help, self.fix()) {
            (_, Some(fix)) => diagnostic.with_edit(fix.text, fix.edits),
            (Some(help), None) => diagnostic.with_help(help),
            (None, None) => diagnostic,
        }
    }

    /// The code: that of the kind of fault, or a finer one where the slice knows more.
    fn code(&self) -> Code {
        match &self.found.fault.kind {
            FaultKind::NotAPointer if self.moves_packet(self.found.fault.value.origin) => {
                verifier::E0745
            }
            FaultKind::NotAPointer if self.is_kernel_pointer() => verifier::E0746,
            kind => kind.code(),
        }
    }

    /// A note at an instruction, wherever that is in the source.
    fn note(&self, diagnostic: Diagnostic, insn_idx: u32, text: &str) -> Diagnostic {
        let site = Site::of(self.program, self.sources, insn_idx);
        // The place is shown already.
        if site.span == self.site.span && !site.span.is_none() {
            return diagnostic;
        }
        match site.span.is_none() {
            false => diagnostic.with_note_at(site.span, text),
            true => diagnostic.with_note(format!("{text}{}", site.suffix())),
        }
    }

    fn function(&self) -> usize {
        let insn_idx = self.found.insn_idx as usize;
        self.program.code.get(insn_idx).map_or(0, |op| op.func as usize)
    }

    /// Whether it helps to name the function: foreign objects show no place in the source.
    fn in_function(&self) -> bool {
        self.site.span.is_none() && self.function() > 0
    }
}
