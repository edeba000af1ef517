//! Comparisons with the packet's end.

use super::super::Writer;
use super::super::source::{argument_of, base_name, has_word, is_identifier};
use super::super::text::{split_list, word_start, words};
use super::{Fix, Spot, is_repeatable};
use crate::fault::{Argument, FaultKind};
use crate::state::Kind;
use bpfc_isa::{Callee, Insn, Reg};
use bpfc_kabi::helper_by_id;

/// Larger packets are not followed, so that no comparison covers more.
const MAX_OFFSET: u64 = 0xffff;

impl Writer<'_, '_> {
    /// Leaves the function where the packet ends too early.
    pub(super) fn check_packet(&self) -> Option<Fix> {
        let FaultKind::Packet { off, n_bytes, by_helper, .. } = &self.found.fault.kind else {
            return None;
        };
        let reach = u64::try_from(*off).ok()?.checked_add(*n_bytes)?;
        if self.found.fault.value.number.umax.checked_add(reach)? > MAX_OFFSET {
            return None;
        }
        let spot = self.here()?;
        let end = packet_end(&spot)?;
        let past = match by_helper {
            Some(argument) => {
                let helper = helper_by_id(argument.helper)?;
                let text = argument_of(&self.site.text, helper.name, argument.idx)?;
                is_repeatable(text).then(|| format!("(void *){text} + {n_bytes}"))?
            }
            None => self.past_access()?,
        };
        let name = self.pointer_name().or_else(|| self.passed_name())?;
        let statement = spot.statement()?;
        let before = spot.code.slice(spot.function.header.start..statement.range.start);
        if !has_word(before, base_name(&name)?) {
            return None;
        }
        let edits = spot.insert(&spot.leave_if(&format!("{past} > {end}")))?;
        Some(Fix { text: "leave the function if the packet is too short".to_owned(), edits })
    }

    /// The address behind what is accessed, in C.
    fn past_access(&self) -> Option<String> {
        let expr = self.site.text.trim();
        let expr = match expr.split_once(" = ") {
            Some((left, right)) if base_name(left) != base_name(expr) => right.trim(),
            Some((left, _)) => left.trim(),
            None => expr,
        };
        if let Some(name) = self.passed_name() {
            return Some(format!("(void *)({name} + 1)"));
        }
        if let Some((name, _)) = expr.split_once("->").filter(|(name, _)| is_identifier(name)) {
            return Some(format!("(void *)({name} + 1)"));
        }
        if let Some(address) = expr.strip_prefix('*') {
            return Some(format!("(void *)({address} + 1)"));
        }
        let (name, rest) = expr.split_once('[')?;
        let idx = rest.strip_suffix(']')?;
        let is_plain = is_identifier(name) && (is_repeatable(idx) || idx.parse::<u32>().is_ok());
        is_plain.then(|| format!("(void *)(&{name}[{idx}] + 1)"))
    }

    /// The argument at fault of a call of a function that is verified by itself.
    fn passed_name(&self) -> Option<String> {
        let op = self.program.code.get(self.found.insn_idx as usize)?;
        let (Insn::Call(Callee::Local { .. }), crate::program::Operand::Func(func)) =
            (op.insn, op.operand)
        else {
            return None;
        };
        let reg = self.found.fault.reg?;
        let idx = Reg::ARGS.iter().position(|&arg| arg == reg)?;
        let name = &self.program.funcs[func as usize].name;
        let text = argument_of(&self.site.text, name, idx)?;
        is_identifier(text).then(|| text.to_owned())
    }

    /// After a call that may move the packet, its pointers are read and compared again.
    pub(super) fn read_again(&self) -> Option<Fix> {
        let origin = self.found.fault.value.origin;
        if !self.moves_packet(origin) {
            return None;
        }
        let name = self.pointer_name()?;
        let spot = self.here()?;
        let end = packet_end(&spot).filter(|end| is_identifier(end))?;
        let ctx = context_name(&spot)?;
        // Where it pointed before the call.
        let moment = self.replay.moments.iter().rev().find(|m| m.step.insn_idx == origin)?;
        let old = moment.state.reg(self.found.fault.reg?);
        let off = old.fixed_offset().filter(|_| old.kind == Kind::Packet)?;
        let off = if off == 0 { String::new() } else { format!(" + {off}") };
        if !is_identifier(&name) || off.starts_with(" + -") {
            return None;
        }
        let mut lines = vec![
            format!("{end} = (void *)(long){ctx}->data_end;"),
            format!("{name} = (void *)(long){ctx}->data{off};"),
        ];
        lines.extend(spot.leave_if(&format!("(void *)({name} + 1) > {end}")));
        let edits = spot.insert(&lines)?;
        let called = self.called(origin).unwrap_or("the call");
        Some(Fix { text: format!("read and check the pointers again after `{called}`"), edits })
    }

    /// Whether an instruction is a call that may move the packet.
    pub fn moves_packet(&self, insn_idx: u32) -> bool {
        let op = self.program.code.get(insn_idx as usize);
        matches!(op.map(|op| op.insn), Some(Insn::Call(Callee::Helper(id)))
            if helper_by_id(id).is_some_and(|helper| helper.effects.changes_packet))
    }

    /// Passes a copy of packet data to a helper that takes none.
    pub(super) fn copy_argument(&self, argument: &Argument) -> Option<Fix> {
        let helper = helper_by_id(argument.helper)?;
        let name = argument_of(&self.site.text, helper.name, argument.idx)?.to_owned();
        let spot = self.here()?;
        let raw = &spot.text[spot.at..spot.end];
        let callee = if spot.is_macro { raw.split('(').next()?.trim() } else { helper.name };
        let list = &raw[raw.find(callee)? + callee.len()..];
        let list = list.trim_start().strip_prefix('(')?;
        let passed = split_list(&list[..list.rfind(')')?]).into_iter().find(|arg| *arg == name)?;
        if !is_identifier(&name) {
            return None;
        }
        let at = spot.at + (passed.as_ptr() as usize - raw.as_ptr() as usize);
        let copy = spot.fresh_name("copy");
        let mut edits = spot.insert(&[format!("__typeof__(*{name}) {copy} = *{name};")])?;
        edits.push(spot.edit(at, at + name.len(), format!("&{copy}")));
        Some(Fix { text: "copy the data to the stack first".to_owned(), edits })
    }

    /// `data > data_end - n` becomes `data + n > data_end`.
    pub(super) fn turn_comparison(&self) -> Option<Fix> {
        if self.found.fault.value.kind != Kind::PacketEnd {
            return None;
        }
        let spot = self.here().filter(|spot| !spot.is_macro)?;
        let (end, n) = self.site.text.split_once(" - ")?;
        let before = spot.code.slice(spot.function.body.start..spot.at).trim_end();
        let left = before.trim_end_matches('=').strip_suffix(['<', '>'])?.trim_end();
        let at = spot.function.body.start + left.len();
        if !is_identifier(end) || n.contains(' ') && !n.starts_with("sizeof") {
            return None;
        }
        Some(Fix {
            text: format!("add to the other side: `… + {n}` is compared with `{end}`"),
            edits: vec![spot.edit(at, at, format!(" + {n}")), spot.edit(spot.at, spot.end, end)],
        })
    }
}

/// What the function calls the packet's end.
fn packet_end(spot: &Spot) -> Option<String> {
    let body = spot.code.slice(spot.function.body.start..spot.at);
    for at in words(body, "data_end") {
        if let Some(object) = body[..at].strip_suffix("->") {
            let start = word_start(object);
            if let Some(name) = spot.code.assigned_to(spot.function.body.start + start) {
                return Some(name.to_owned());
            }
        }
    }
    let parameters = spot.code.parameters(&spot.function);
    let named = ["data_end", "end"].into_iter().find(|name| has_word(parameters, name));
    if let Some(name) = named {
        return Some(name.to_owned());
    }
    context_name(spot).map(|ctx| format!("(void *)(long){ctx}->data_end"))
}

/// What the function calls the context.
fn context_name(spot: &Spot) -> Option<String> {
    let parameters = spot.code.parameters(&spot.function);
    let list = parameters.strip_prefix('(')?.strip_suffix(')')?;
    split_list(list).into_iter().find_map(|param| {
        let (ty, name) = param.rsplit_once('*')?;
        matches!(ty.trim(), "struct xdp_md" | "struct __sk_buff").then(|| name.trim().to_owned())
    })
}
