//! Null checks, kernel memory, misaligned accesses.

use super::super::Writer;
use super::super::source::{argument_of, base_name, has_word, is_identifier};
use super::{Fix, is_repeatable};
use crate::fault::{Argument, Use};
use bpfc_base::{Edit, Span};
use bpfc_isa::{Callee, Insn};
use bpfc_kabi::helper_by_id;

impl Writer<'_, '_> {
    /// Leaves the function where the pointer is null.
    pub(super) fn check_null(&self, usage: &Use) -> Option<Fix> {
        let name = match usage {
            Use::Argument(argument) => {
                let helper = helper_by_id(argument.helper)?;
                let text = argument_of(&self.site.text, helper.name, argument.idx)?;
                base_name(text)?.to_owned()
            }
            _ => self.pointer_name()?,
        };
        if let Some(fix) = self.check_where_made() {
            return Some(fix);
        }
        let spot = self.here()?;
        let statement = spot.statement()?;
        // The pointer must have its value before the statement, in this function.
        let body = spot.code.slice(spot.function.header.start..statement.range.start);
        if !is_repeatable(&name) || !has_word(body, base_name(&name)?) {
            return None;
        }
        let edits = spot.insert(&spot.leave_if(&format!("!{name}")))?;
        Some(Fix { text: format!("guard the access with `if ({name})`"), edits })
    }

    /// Leaves the function that asked for the pointer, if that is another one: the use is in what it calls.
    fn check_where_made(&self) -> Option<Fix> {
        let insn_idx = self.found.fault.value.origin;
        self.called(insn_idx)?;
        let span = self.program.linked.insns.get(insn_idx as usize)?.span;
        let (spot, here) = (self.spot(span)?, self.here()?);
        if spot.start == here.start && spot.function == here.function || spot.is_macro {
            return None;
        }
        let name = spot.code.assigned_to(spot.at)?.to_owned();
        let statement = spot.statement().filter(|statement| !statement.is_branch)?;
        let indent = spot.indent(statement.range.start);
        let lines = spot.leave_if(&format!("!{name}")).join(&format!("\n{indent}"));
        let behind = statement.range.end;
        let edits = vec![spot.edit(behind, behind, format!("\n{indent}{lines}"))];
        Some(Fix { text: format!("leave the function if `{name}` is null"), edits })
    }

    /// `(void *)n` becomes `&n`, where memory is wanted and a number is passed.
    pub(super) fn take_address(&self, argument: &Argument) -> Option<Fix> {
        let helper = helper_by_id(argument.helper)?;
        let text = argument_of(&self.site.text, helper.name, argument.idx)?;
        let name = super::bounds::without_casts(text);
        let spot = self.here()?;
        let raw = &spot.text[spot.at..spot.end];
        let mut places = raw.match_indices(text);
        let (Some((at, _)), None) = (places.next(), places.next()) else {
            return None;
        };
        if name == text || !is_identifier(name) || !self.found.fault.value.is_scalar() {
            return None;
        }
        let at = spot.at + at;
        Some(Fix {
            text: format!("pass the address: `&{name}`"),
            edits: vec![spot.edit(at, at + text.len(), format!("&{name}"))],
        })
    }

    /// `a->b` becomes `BPF_CORE_READ(a, b)`.
    pub(super) fn read_kernel(&self) -> Option<Fix> {
        if !self.is_kernel_pointer() {
            return None;
        }
        let spelled = self.spelled()?;
        let (file, range) = self.sources.locate(spelled)?;
        let file = self.sources.file(file);
        let text = &file.text;
        // The access may go on: `(task)->real_parent` of `(task)->real_parent->tgid`.
        let mut end = range.end;
        while let Some(len) = member_len(&text[end..]) {
            end += len;
        }
        let (base, members) = split_members(&text[range.start..end])?;
        let follows = text[end..].trim_start();
        let is_changed = follows.starts_with("++")
            || follows.starts_with("--")
            || follows.starts_with('[')
            || (follows.starts_with('=') && !follows.starts_with("=="))
            || follows.get(1..2) == Some("=") && !follows.starts_with(['=', '!', '<', '>']);
        let before = text[..range.start].trim_end();
        if is_changed || before.ends_with(['&', '*']) && !before.ends_with("&&") {
            return None;
        }
        let call = format!("BPF_CORE_READ({base}, {})", members.join(", "));
        let at = |offset: usize| file.start + offset as u32;
        let mut edits =
            vec![Edit { span: Span::new(at(range.start), at(end)), replacement: call.clone() }];
        let includes_it =
            |line: &str| line.starts_with("#include") && line.contains("bpf_core_read.h");
        if !text.lines().any(includes_it) {
            let last = text.rfind("\n#include")? + 1;
            let line = last + text[last..].find('\n')? + 1;
            let replacement = "#include <bpf/bpf_core_read.h>\n".to_owned();
            edits.push(Edit { span: Span::new(at(line), at(line)), replacement });
        }
        Some(Fix { text: format!("read the kernel's memory with `{call}`"), edits })
    }

    /// Whether the number at fault is an address in the kernel.
    pub fn is_kernel_pointer(&self) -> bool {
        let value = &self.found.fault.value;
        let Some(op) = self.program.code.get(value.origin as usize) else {
            return false;
        };
        match op.insn {
            Insn::Call(Callee::Helper(id)) => helper_by_id(id).is_some_and(|helper| {
                matches!(helper.name, "bpf_get_current_task" | "bpf_probe_read_kernel")
            }),
            // What `BPF_CORE_READ` left on the stack.
            Insn::Load { .. } => self.site.text.contains("->") && self.was_read_by_probe(),
            _ => false,
        }
    }

    fn was_read_by_probe(&self) -> bool {
        self.replay.moments.iter().any(|moment| {
            let op = &self.program.code[moment.step.insn_idx as usize];
            matches!(op.insn, Insn::Call(Callee::Helper(id))
                if helper_by_id(id).is_some_and(|helper| helper.name == "bpf_probe_read_kernel"))
        })
    }

    /// `*(T *)p` becomes a member of a packed structure.
    pub(super) fn pack(&self) -> Option<Fix> {
        let spelled = self.spelled()?;
        let (file, range) = self.sources.locate(spelled)?;
        let file = self.sources.file(file);
        let text = &file.text[range.clone()];
        let expr = text.trim_start_matches('(');
        let skipped = text.len() - expr.len();
        let rest = expr.strip_prefix('*')?.trim_start().strip_prefix('(')?;
        let (ty, rest) = rest.split_once(')')?;
        let ty = ty.trim().strip_suffix('*')?.trim();
        let is_type = ty.split([' ', '*']).all(|word| word.is_empty() || is_identifier(word));
        if !is_type {
            return None;
        }
        // The operand is a name or something in brackets.
        let operand_len = match rest.starts_with('(') {
            true => super::super::text::split_parentheses(rest)?,
            false => {
                rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len())
            }
        };
        let operand = &rest[..operand_len];
        if operand.is_empty() {
            return None;
        }
        let packed =
            format!("((struct {{ {ty} value; }} __attribute__((packed)) *){operand})->value");
        let from = range.start + skipped;
        let to = from + (expr.len() - rest.len()) + operand_len;
        let span = Span::new(file.start + from as u32, file.start + to as u32);
        Some(Fix {
            text: "access it as a member of a packed structure".to_owned(),
            edits: vec![Edit { span, replacement: packed }],
        })
    }
}

/// The length of `->name` or `.name` at the start of `text`.
fn member_len(text: &str) -> Option<usize> {
    let rest = text.strip_prefix("->").or_else(|| text.strip_prefix('.'))?;
    let len = rest.bytes().take_while(|&c| c.is_ascii_alphanumeric() || c == b'_').count();
    (len > 0).then_some(text.len() - rest.len() + len)
}

/// `a->b.c->d` in its base and the arguments that `BPF_CORE_READ` takes for it.
fn split_members(expr: &str) -> Option<(String, Vec<String>)> {
    let arrow = match expr.starts_with('(') {
        true => super::super::text::split_parentheses(expr)?,
        false => expr.find("->")?,
    };
    let base = &expr[..arrow];
    let members: Vec<String> = expr[arrow..]
        .strip_prefix("->")?
        .split("->")
        .map(|member| member.trim().to_owned())
        .collect();
    let are_names = members.iter().all(|member| member.split('.').all(is_identifier));
    let is_call = base.starts_with("BPF_CORE_READ");
    (are_names && (is_identifier(base) || base.starts_with('(') || is_call))
        .then_some((base.to_owned(), members))
}
