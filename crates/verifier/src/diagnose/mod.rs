//! From a [`Fault`] to a [`Diagnostic`]: in words about the C program, with where the value came
//! from, what was known of it, and what to do.

mod origin;
mod scopes;
mod source;
mod wording;

use crate::explore::Found;
use crate::fault::FaultKind;
use crate::program::Program;
use bpfc_base::{Diagnostic, Edit, SourceMap, Span};
use source::Site;

/// Explains `found`.
pub fn diagnose(program: &Program<'_>, sources: &SourceMap, found: &Found) -> Diagnostic {
    let writer =
        Writer { program, sources, found, site: Site::of(program, sources, found.insn_idx) };
    writer.write()
}

/// What all the parts of an explanation need.
struct Writer<'w, 'a> {
    program: &'w Program<'a>,
    sources: &'w SourceMap,
    found: &'w Found,
    site: Site,
}

impl Writer<'_, '_> {
    fn write(&self) -> Diagnostic {
        let kind = &self.found.fault.kind;
        let words = self.words();
        let message = match self.site.span.is_none() {
            true => format!("{}{}", words.message, self.site.suffix()),
            false => words.message,
        };
        let mut diagnostic = Diagnostic::new(kind.code(), self.site.span, message);
        if let Some(label) = words.label {
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
        match (words.help, self.edit()) {
            (Some(help), Some(edit)) => diagnostic.with_edit(help, vec![edit]),
            (Some(help), None) => diagnostic.with_help(help),
            (None, _) => diagnostic,
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

    /// The same as the help, as an edit.
    fn edit(&self) -> Option<Edit> {
        match &self.found.fault.kind {
            FaultKind::MaybeNull(_) => {
                let name = self.pointer_name()?;
                let is_void = self.program.funcs[self.function()].is_void;
                let check = match is_void {
                    true => format!("if (!{name})\n{{indent}}\treturn;\n"),
                    false => format!("if (!{name})\n{{indent}}\treturn 0;\n"),
                };
                self.insert_statement(&check)
            }
            FaultKind::UninitStack { by_helper: Some(argument), .. } => self.initialise(argument),
            _ => None,
        }
    }

    /// Inserts a statement in front of the one with the fault. `{indent}` stands for its
    /// indentation.
    fn insert_statement(&self, text: &str) -> Option<Edit> {
        let span = self.sources.root(self.site.span);
        let (file, range) = self.sources.locate(span)?;
        let file = self.sources.file(file);
        if !file.is_user {
            return None;
        }
        let line = file.line_index(range.start as u32);
        let start = *file.line_starts().get(line)?;
        let line_text = file.line_text(line as u32 + 1);
        let indent: String = line_text.chars().take_while(|c| c.is_whitespace()).collect();
        // Between the statement and the line's start there is nothing else, and the line before
        // ends something: the statement is no branch of an `if` without braces.
        let before = file.text.get(..start as usize)?.trim_end();
        if !before.ends_with([';', '{', '}', '/']) {
            return None;
        }
        let text = format!("{indent}{}", text.replace("{indent}", &indent));
        let at = file.start + start;
        Some(Edit { span: Span::new(at, at), replacement: text })
    }

    /// Gives the variable whose address is the argument an initialiser.
    fn initialise(&self, argument: &crate::fault::Argument) -> Option<Edit> {
        let name = self.argument_text(argument)?;
        let name = name.trim().strip_prefix('&')?.trim();
        if !source::is_identifier(name) {
            return None;
        }
        let span = self.sources.root(self.site.span);
        let (file, range) = self.sources.locate(span)?;
        let file = self.sources.file(file);
        if !file.is_user {
            return None;
        }
        let before = file.text.get(..range.start)?;
        let declaration = format!("{name};");
        let at = before.rfind(&declaration)?;
        let line_start = before[..at].rfind('\n').map_or(0, |at| at + 1);
        let ty = before[line_start..at].trim();
        let is_declaration = !ty.is_empty()
            && ty.ends_with(|c: char| c.is_whitespace() || c.is_alphanumeric() || c == '_')
            && ty.chars().all(|c| c.is_alphanumeric() || c == '_' || c.is_whitespace())
            && !matches!(ty, "return" | "goto");
        if !is_declaration {
            return None;
        }
        let value =
            if ty.starts_with("struct") || ty.starts_with("union") { " = {}" } else { " = 0" };
        let at = file.start + (at + name.len()) as u32;
        Some(Edit { span: Span::new(at, at), replacement: value.to_owned() })
    }
}
