//! Initialisers, results, context fields, references, functions and loops.

use super::super::Writer;
use super::super::source::{argument_of, has_word, is_identifier};
use super::super::text::{Code, words};
use super::bounds::{loop_header, without_casts};
use super::{Fix, Spot};
use crate::fault::Argument;
use crate::program::Operand;
use bpfc_base::{Edit, Span};
use bpfc_isa::{AluOp, Insn, Src};
use bpfc_kabi::helper_by_id;

impl Writer<'_, '_> {
    /// Gives the variable whose address is passed a value.
    pub(super) fn initialise(&self, argument: &Argument) -> Option<Fix> {
        let helper = helper_by_id(argument.helper)?;
        let text = argument_of(&self.site.text, helper.name, argument.idx)?;
        let mut name = without_casts(without_casts(text).trim_start_matches('&')).to_owned();
        let mut spot = self.here()?;
        let (at, is_number) = loop {
            if !is_identifier(&name) {
                return None;
            }
            if let Some(place) = spot.code.declaration_of(&spot.function, &name, spot.at) {
                break place;
            }
            // A parameter: what the only caller passes.
            let (at, passed) = spot.code.passed_for(&spot.function, &name)?;
            name = without_casts(without_casts(passed).trim_start_matches('&')).to_owned();
            let function = spot.code.function_at(at)?;
            if function == spot.function {
                return None;
            }
            spot = Spot { at, end: at, function, ..spot };
        };
        let value = if is_number { " = 0" } else { " = {}" };
        Some(Fix {
            text: format!("initialise all of `{name}` where it is declared"),
            edits: vec![spot.edit(at, at, value)],
        })
    }

    /// Returns 0 or 1, or the only value that is allowed.
    pub(super) fn result_in_range(&self, min: i64, max: i64) -> Option<Fix> {
        let spelled = self.spelled()?;
        let (file, range) = self.sources.locate(spelled)?;
        let file = self.sources.file(file);
        let text = file.text.get(range.clone())?;
        let rest = text.strip_prefix("return")?;
        let expr = rest.trim().trim_end_matches(';').trim();
        if expr.is_empty() || expr.contains([';', '{']) {
            return None;
        }
        let value = &self.found.fault.value;
        let constant = value.number.as_constant().filter(|_| value.is_scalar());
        let has_both = min <= 0 && max >= 1;
        let replacement = match constant {
            _ if min == max => min.to_string(),
            Some(number) if has_both => i64::from((number as i32) > 0).to_string(),
            None if has_both && expr.bytes().any(|c| b"?=,".contains(&c)) => {
                format!("({expr}) ? 1 : 0")
            }
            None if has_both => format!("{expr} ? 1 : 0"),
            _ => return None,
        };
        let at = range.start + (expr.as_ptr() as usize - text.as_ptr() as usize);
        let span = Span::new(file.start + at as u32, file.start + (at + expr.len()) as u32);
        Some(Fix {
            text: format!("return `{replacement}`"),
            edits: vec![Edit { span, replacement }],
        })
    }

    /// `*(T *)&ctx->field` becomes `ctx->field`.
    pub(super) fn plain_field(&self) -> Option<Fix> {
        let spelled = self.spelled()?;
        let text = self.sources.text(spelled);
        let cast = text.strip_prefix('*')?.trim_start();
        let field = cast.get(super::super::text::split_parentheses(cast)?..)?.trim_start();
        let field = field.strip_prefix('&')?;
        super::is_repeatable(field).then(|| Fix {
            text: format!("read the field with its own type: `{field}`"),
            edits: vec![Edit { span: spelled, replacement: field.to_owned() }],
        })
    }

    /// Gives back what is held in front of the `return` that keeps it.
    pub(super) fn release(&self, acquired: u32) -> Option<Fix> {
        let call = match self.called(acquired)? {
            "bpf_ringbuf_reserve" => "bpf_ringbuf_discard(NAME, 0);",
            "bpf_sk_lookup_tcp" | "bpf_sk_lookup_udp" | "bpf_skc_lookup_tcp" => {
                "bpf_sk_release(NAME);"
            }
            _ => return None,
        };
        let (spot, name) = self.place_of_release(acquired)?;
        let statement = spot.statement()?;
        if has_word(&spot.text[statement.range], &name) {
            return None;
        }
        let call = call.replace("NAME", &name);
        let edits = spot.insert(std::slice::from_ref(&call))?;
        Some(Fix { text: format!("give it back on this path too: `{call}`"), edits })
    }

    /// The `return` that keeps what `acquired` gave, and the variable that has it.
    pub fn place_of_release(&self, acquired: u32) -> Option<(Spot, String)> {
        if self.exit_is_shared() && !self.leaves_through_if() {
            return None;
        }
        let span = self.program.linked.insns.get(acquired as usize)?.span;
        let from = self.spot(span)?;
        let name = from.code.assigned_to(from.at).filter(|name| is_identifier(name))?.to_owned();
        let at = self.return_on_path(&from, &name)?;
        let statement = from.code.statement_at(&from.function, at)?;
        let is_return = from.text[statement.range.clone()].starts_with("return");
        is_return.then_some((Spot { at, end: statement.range.end, ..from }, name))
    }

    /// The `return` through which the path left the function of `from`.
    fn return_on_path(&self, from: &Spot, name: &str) -> Option<usize> {
        let mut visited: Vec<usize> = Vec::new();
        let steps = self.replay.moments.iter().map(|moment| moment.step.insn_idx);
        let end = match self.exit_is_shared() {
            true => None,
            false => Some(self.found.insn_idx),
        };
        for insn_idx in steps.chain(end) {
            let insn = self.program.linked.insns.get(insn_idx as usize)?;
            // Constants are set ahead of the branches that choose between them.
            if matches!(insn.insn, Insn::Alu { op: AluOp::Mov, src: Src::Imm(_), .. }) {
                continue;
            }
            let span = insn.span;
            let root = self.sources.root(span);
            let at = root.lo.checked_sub(from.start).map(|at| at as usize);
            let Some(at) = at.filter(|at| from.function.body.contains(at) && *at >= from.at) else {
                continue;
            };
            // A `return` that a macro makes is not to be changed here.
            let in_macro = span.expn != bpfc_base::ExpnId::ROOT
                && self.sources.text(root).contains('(')
                && self.leaves_in_macro(span);
            if in_macro {
                return None;
            }
            visited.push(at);
        }
        let returns: Vec<_> = words(spot_body(from), "return")
            .map(|at| from.function.body.start + at)
            .filter(|&at| at > from.at)
            .filter_map(|at| from.code.statement_at(&from.function, at))
            // Where there is nothing, nothing is held.
            .filter(|statement| {
                let condition = from.code.slice(statement.outer..statement.range.start);
                !condition.contains(&format!("!{name}"))
            })
            .collect();
        let is_visited =
            |range: &std::ops::Range<usize>| visited.iter().any(|at| range.contains(at));
        if let Some(found) = returns.iter().rev().find(|statement| is_visited(&statement.range)) {
            return Some(found.range.start);
        }
        let last = *visited.iter().max()?;
        let mut rest = returns.iter().filter(|statement| statement.range.start > last);
        rest.find(|statement| !statement.is_branch || statement.outer > last)
            .map(|statement| statement.range.start)
    }

    /// Whether the macro that made `span` has a `return` in it.
    fn leaves_in_macro(&self, span: Span) -> bool {
        self.sources.expansion_chain(span).any(|expansion| {
            let Some((file, range)) = self.sources.locate(expansion.def_site) else {
                return false;
            };
            let text = &self.sources.file(file).text[range.end..];
            let end = text.match_indices('\n').find(|(at, _)| !text[..*at].ends_with('\\'));
            has_word(&text[..end.map_or(text.len(), |(at, _)| at)], "return")
        })
    }

    /// Whether the `return` at the fault cannot be the one that ran, but one that was merged with it: the text in
    /// between gives back what is held.
    pub fn exit_is_shared(&self) -> bool {
        let Some((branch, here)) = self.last_branch().and_then(|branch| {
            let span = self.program.linked.insns.get(branch as usize)?.span;
            let end = self.program.linked.insns.get(self.found.insn_idx as usize)?.span;
            Some((self.spot(span)?, self.spot(end)?))
        }) else {
            return false;
        };
        if branch.start != here.start || branch.function != here.function || branch.at >= here.at {
            return false;
        }
        let between = here.code.slice(branch.end..here.at);
        ["bpf_ringbuf_submit", "bpf_ringbuf_discard", "bpf_sk_release"]
            .iter()
            .any(|name| has_word(between, name))
    }

    /// Whether the last branch is the condition of an `if` in plain sight, not in a macro.
    fn leaves_through_if(&self) -> bool {
        let spot = self
            .last_branch()
            .and_then(|branch| self.spot(self.program.linked.insns.get(branch as usize)?.span));
        let Some(spot) = spot else {
            return false;
        };
        let statement = spot.statement();
        statement.is_some_and(|statement| spot.text[statement.range].starts_with("if"))
    }

    /// The last conditional branch of the path.
    pub fn last_branch(&self) -> Option<u32> {
        let is_branch = |insn_idx: &u32| {
            matches!(self.program.code[*insn_idx as usize].insn, Insn::JumpIf { .. })
        };
        self.replay.moments.iter().rev().map(|moment| moment.step.insn_idx).find(is_branch)
    }

    /// The function that is called back becomes static.
    pub(super) fn callback_static(&self) -> Option<Fix> {
        match self.program.code.get(self.found.insn_idx as usize)?.operand {
            Operand::Func(func) => self.static_edit(func),
            _ => None,
        }
    }

    /// A function that is given what global ones cannot take becomes static.
    pub(super) fn make_static(&self, func: u32) -> Option<Fix> {
        self.found.fault.value.is_pointer().then(|| self.static_edit(func))?
    }

    fn static_edit(&self, func: u32) -> Option<Fix> {
        let name = &self.program.funcs.get(func as usize)?.name;
        let (file, _) = self.sources.locate(self.sources.root(self.site.span))?;
        let file = self.sources.file(file);
        let code = Code::new(&file.text);
        let function = code.function_named(name).filter(|_| file.is_user)?;
        let header = code.slice(function.header.clone());
        if has_word(header, "static") {
            return None;
        }
        let at = file.start + function.header.start as u32;
        Some(Fix {
            text: "declare the function `static`".to_owned(),
            edits: vec![Edit { span: Span::new(at, at), replacement: "static ".to_owned() }],
        })
    }

    /// A `for` that does not count gets what counts.
    pub(super) fn count_on(&self) -> Option<Fix> {
        let spot = self.here()?;
        let header = loop_header(&spot)?;
        let text = spot.code.slice(header.clone());
        let mut clauses = text.split(';');
        let (_, condition, step) = (clauses.next()?, clauses.next()?, clauses.next()?);
        let (name, _) = condition.split_once('<')?;
        if !is_identifier(name.trim()) || !step.trim().is_empty() {
            return None;
        }
        let step = format!("{}++", name.trim());
        let behind = header.start + text.rfind(';')? + 1;
        Some(Fix {
            text: format!("let the loop count: `{step}`"),
            edits: vec![spot.edit(behind, header.end, format!(" {step}"))],
        })
    }
}

fn spot_body(spot: &Spot) -> &str {
    spot.code.slice(spot.function.body.clone())
}
