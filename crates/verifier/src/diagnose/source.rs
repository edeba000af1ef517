//! Where an instruction is in the source, and what the text there calls things.

use super::Writer;
use super::text::{split_list, split_parentheses, substituted};
use crate::fault::{FaultKind, Use};
use crate::obligation::AccessKind;
use crate::program::Program;
use bpfc_base::{SourceMap, Span};
use bpfc_kabi::ArgKind;

/// The source of an instruction.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// The expression; none in objects that were read.
    pub span: Span,
    /// The text of the expression; empty if it is long or unknown.
    pub text: String,
    /// The line it is on, without indentation.
    pub line_text: String,
    /// `file.c:7`, if there is a line but no span.
    place: Option<String>,
    /// The instruction, where nothing else is known.
    insn: String,
}

/// Longer expressions are not repeated in messages.
const MAX_EXPR: usize = 60;

impl Site {
    /// The source of instruction `insn_idx`.
    pub fn of(program: &Program<'_>, sources: &SourceMap, insn_idx: u32) -> Site {
        let Some(insn) = program.linked.insns.get(insn_idx as usize) else {
            return Site::default();
        };
        let root = sources.root(insn.span);
        let own_line = sources.line_col(root).map(|(file, at)| {
            let text = sources.file(file).line_text(at.line);
            text.trim().to_owned()
        });
        let line = insn.line.as_ref();
        let text = expression(sources, insn.span);
        let is_short = text.len() <= MAX_EXPR && !text.contains('\n');
        Site {
            span: insn.span,
            text: if is_short { text } else { String::new() },
            line_text: own_line
                .or_else(|| line.map(|line| line.text.trim().to_owned()))
                .unwrap_or_default(),
            place: line.map(|line| format!("{}:{}", line.file, line.line)),
            insn: format!("instruction {insn_idx} of `{}`: `{}`", program.linked.name, insn.insn),
        }
    }

    /// What to append to a message that has no span.
    pub fn suffix(&self) -> String {
        match &self.place {
            Some(place) => format!(", at {place}"),
            None => format!(", at {}", self.insn),
        }
    }
}

/// The span as it is spelled in a file of the user: macros of built-in headers are looked through.
fn user_span(sources: &SourceMap, mut span: Span) -> Option<Span> {
    loop {
        let file = sources.file_at(span.lo)?;
        if sources.file(file).is_user {
            return Some(span);
        }
        span = sources.expansion(span.expn)?.call_site;
    }
}

/// The text of an expression, with the arguments in place of the parameters of macros.
fn expression(sources: &SourceMap, span: Span) -> String {
    let Some(mut span) = user_span(sources, span) else {
        return sources.text(sources.root(span)).trim().to_owned();
    };
    let mut text = sources.text(span).trim().to_owned();
    while let Some(expansion) = sources.expansion(span.expn) {
        let call = sources.text(expansion.call_site);
        if let (Some(names), Some(args)) =
            (parameters_of(sources, expansion.def_site), list_in(call))
            && names.len() == args.len()
        {
            let args = args.into_iter().map(str::to_owned);
            let pairs: Vec<_> = names.into_iter().zip(args).collect();
            text = substituted(&text, &pairs);
        }
        span = expansion.call_site;
    }
    text
}

/// The parameters of the macro that is defined at `def_site`.
fn parameters_of(sources: &SourceMap, def_site: Span) -> Option<Vec<String>> {
    let (file, range) = sources.locate(def_site)?;
    let rest = sources.file(file).text.get(range.end..)?;
    let list = rest.get(..split_parentheses(rest)?)?;
    list_in(list).map(|names| names.into_iter().map(str::to_owned).collect())
}

/// What stands in the first brackets of `text`.
fn list_in(text: &str) -> Option<Vec<&str>> {
    let open = text.find('(')?;
    let len = split_parentheses(&text[open..])?;
    Some(split_list(&text[open + 1..open + len - 1]))
}

impl Writer<'_, '_> {
    /// The smallest expression that shows the fault: the argument of a call, the left side of an assignment.
    pub fn primary(&self) -> Span {
        self.smallest().unwrap_or(self.site.span)
    }

    /// The text of what is accessed, without what is done to it.
    pub fn shown(&self) -> &str {
        match self.found.fault.kind.access() {
            Some(kind) => accessed(&self.site.text, kind),
            None => &self.site.text,
        }
    }

    fn smallest(&self) -> Option<Span> {
        if let FaultKind::Unreleased(held, ..) = &self.found.fault.kind {
            let (spot, _) = self.place_of_release(held.insn_idx)?;
            return Some(Span::new(spot.start + spot.at as u32, spot.start + spot.end as u32));
        }
        let span = user_span(self.sources, self.site.span)?;
        let text = self.sources.text(span);
        let part = match self.argument_at_fault() {
            Some((callee, idx)) => argument_of(text, callee, idx)?,
            None => accessed(text, self.found.fault.kind.access()?),
        };
        let lo = span.lo + (part.as_ptr() as usize - text.as_ptr() as usize) as u32;
        (!part.is_empty()).then_some(Span { lo, hi: lo + part.len() as u32, expn: span.expn })
    }

    /// The function that is called, and its argument that is at fault.
    fn argument_at_fault(&self) -> Option<(&str, usize)> {
        let (argument, idx) = match &self.found.fault.kind {
            FaultKind::Contract { func, idx, .. } => {
                return Some((&self.program.funcs.get(*func as usize)?.name, *idx));
            }
            FaultKind::Argument(argument, _)
            | FaultKind::MaybeNull(Use::Argument(argument))
            | FaultKind::UninitStack { by_helper: Some(argument), .. }
            | FaultKind::Packet { by_helper: Some(argument), .. } => (argument, argument.idx),
            // With a size of its own, it is the size that is wrong.
            FaultKind::OutOfBounds { by_helper: Some(argument), .. } => {
                let helper = bpfc_kabi::helper_by_id(argument.helper)?;
                let has_size = matches!(helper.proto.args[argument.idx].kind, ArgKind::Mem);
                (argument, argument.idx + usize::from(has_size))
            }
            _ => return None,
        };
        Some((bpfc_kabi::helper_by_id(argument.helper)?.name, idx))
    }

    /// The span as it is spelled in a file of the user.
    pub fn user_span(&self, span: Span) -> Option<Span> {
        user_span(self.sources, span)
    }

    /// What the source calls the pointer that is at fault.
    pub fn pointer_name(&self) -> Option<String> {
        let origin = Site::of(self.program, self.sources, self.found.fault.value.origin);
        if let Some(name) = assigned(&origin.line_text)
            && (has_word(&self.site.text, name) || has_word(&self.site.line_text, name))
        {
            return Some(name.to_owned());
        }
        base_name(&self.site.text).map(str::to_owned)
    }

    /// The text of an argument of the call at fault.
    pub fn argument_text(&self, argument: &crate::fault::Argument) -> Option<String> {
        let helper = bpfc_kabi::helper_by_id(argument.helper)?;
        let text = match self.site.text.contains(helper.name) {
            true => &self.site.text,
            false => &self.site.line_text,
        };
        argument_of(text, helper.name, argument.idx).map(str::to_owned)
    }
}

/// What an expression accesses: the left side of an assignment that writes, the operand of `++`.
fn accessed(expr: &str, kind: AccessKind) -> &str {
    let expr = expr.trim_end_matches(';').trim();
    if kind == AccessKind::Read {
        return expr;
    }
    let mut depth = 0;
    for (at, c) in expr.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '=' if depth == 0 && !expr[at + 1..].starts_with('=') => {
                let left =
                    expr[..at].trim_end_matches(['+', '-', '*', '/', '%', '&', '|', '^', '<', '>']);
                return if left.ends_with(['=', '!']) { expr } else { left.trim_end() };
            }
            _ => {}
        }
    }
    expr.trim_end_matches("++").trim_end_matches("--")
}

/// Whether `text` is a C identifier.
pub fn is_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The variable that a line assigns to: `v` in `u64 *v = f(x), w;`.
fn assigned(line: &str) -> Option<&str> {
    let at = line.find('=')?;
    let is_comparison = line[at + 1..].starts_with('=')
        || line[..at].ends_with(['=', '!', '<', '>', '+', '-', '|', '&', '*', '/', '%', '^']);
    if is_comparison {
        return None;
    }
    let before = line[..at].trim_end();
    let start = super::text::word_start(before);
    let name = &before[start..];
    // `x->y = …` and `x.y = …` name a member.
    let is_member = before[..start].ends_with("->") || before[..start].ends_with('.');
    (is_identifier(name) && !is_member).then_some(name)
}

/// The pointer in `*p`, `p->x`, `(*p)++`, `p[3]`.
pub fn base_name(expr: &str) -> Option<&str> {
    let mut expr = match assigned(expr) {
        Some(_) => expr.split_once('=').map_or(expr, |(_, right)| right),
        None => expr,
    };
    loop {
        expr = expr.trim_start_matches(['(', '*', '&', ' ', '+', '-', '!']);
        match without_cast(expr) {
            Some(rest) => expr = rest,
            None => break,
        }
    }
    let end = expr.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(expr.len());
    let name = &expr[..end];
    let is_call = expr[end..].trim_start().starts_with('(');
    (is_identifier(name) && !is_call && name != "return").then_some(name)
}

/// What follows a cast whose bracket was taken off: `p` of `struct x *)p`.
fn without_cast(expr: &str) -> Option<&str> {
    let (ty, rest) = expr.split_once(')')?;
    let name = ty.trim_end().strip_suffix('*')?.trim_end_matches(['*', ' ']);
    let is_type =
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ' ');
    is_type.then_some(rest)
}

pub fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].ends_with(is_part) && !text[at + word.len()..].starts_with(is_part)
    })
}

/// Argument `idx` of the call of `name` in `text`.
pub fn argument_of<'t>(text: &'t str, name: &str, idx: usize) -> Option<&'t str> {
    let call = text.find(name)? + name.len();
    let list = text[call..].trim_start().strip_prefix('(')?;
    let (mut depth, mut start, mut n_seen) = (0, 0, 0);
    for (at, c) in list.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth > 0 => depth -= 1,
            ',' | ')' if depth == 0 => {
                if n_seen == idx {
                    return Some(list[start..at].trim());
                }
                n_seen += 1;
                start = at + 1;
                if c == ')' {
                    return None;
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_lines() {
        assert_eq!(assigned("__u64 *v = bpf_map_lookup_elem(&m, &k);"), Some("v"));
        assert_eq!(assigned("if (a == b)"), None);
        assert_eq!(assigned("x->y = z;"), None);
        assert_eq!(assigned("n += 1;"), None);
        assert_eq!(base_name("(*v)++"), Some("v"));
        assert_eq!(base_name("v->a.b"), Some("v"));
        assert_eq!(base_name("f(x)"), None);
        assert_eq!(base_name("*(struct x *)p"), Some("p"));
        assert_eq!(base_name("n = *(__u32 *)(p + 4)"), Some("p"));
        assert_eq!(accessed("v->a[i == 1] += 2", AccessKind::Write), "v->a[i == 1]");
        assert_eq!(accessed("v->n++", AccessKind::Read), "v->n++");
        assert!(has_word("*v = 1", "v") && !has_word("value", "v"));
        let call = "bpf_map_update_elem(&m, &key, f(a, b), 0)";
        assert_eq!(argument_of(call, "bpf_map_update_elem", 2), Some("f(a, b)"));
        assert_eq!(argument_of(call, "bpf_map_update_elem", 3), Some("0"));
        assert_eq!(argument_of(call, "bpf_map_update_elem", 4), None);
    }
}
