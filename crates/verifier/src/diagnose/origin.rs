//! Where a value came from: the backward slice of a fault.

use super::Writer;
use super::fix::bounds::variable_subscript;
use super::slice::range_of;
use super::source::argument_of;
use crate::discharge::proto_of;
use crate::domain::Scalar;
use crate::fault::{ArgFault, Argument, Arithmetic, FaultKind, LockFault};
use crate::program::Operand;
use crate::state::{Kind, Value};
use bpfc_isa::{AluOp, Callee, Insn, JmpOp, Reg, Src};
use bpfc_kabi::{ArgKind, helper_by_id};

impl Writer<'_, '_> {
    /// Notes at the instructions that made the value at fault.
    pub fn origin_notes(&self) -> Vec<(u32, String)> {
        let fault = &self.found.fault;
        let mut notes = self.hot_notes();
        match &fault.kind {
            FaultKind::Unreleased(held, _) => {
                let what = self.called(held.insn_idx).unwrap_or("this call");
                notes.push((held.insn_idx, format!("acquired here by `{what}`")));
            }
            FaultKind::Lock(
                LockFault::Call { taken }
                | LockFault::Open { taken, .. }
                | LockFault::Second { taken }
                | LockFault::Other { taken },
            ) => {
                let what = self.called(*taken).unwrap_or("this call");
                notes.push((*taken, format!("the lock is taken here by `{what}`")));
            }
            FaultKind::MaybeNull(_) => {
                notes.extend(self.result_note(&fault.value));
                notes.extend(self.other_check_note());
            }
            FaultKind::OutOfBounds { .. }
            | FaultKind::Arithmetic(Arithmetic::Unbounded | Arithmetic::TooFar)
            | FaultKind::Argument(
                _,
                ArgFault::NegativeSize | ArgFault::ZeroSize | ArgFault::UnboundedSize,
            ) => notes.extend(self.number_notes()),
            FaultKind::Return { .. } => notes.extend(self.result_origin_note()),
            FaultKind::Packet { .. } => {
                notes.extend(self.packet_note());
            }
            FaultKind::NotAPointer
            | FaultKind::Argument(_, ArgFault::Kind(_) | ArgFault::NotHeld) => {
                notes.extend(self.lost_note(&fault.value));
            }
            FaultKind::Uninit => notes.extend(self.clobber_note()),
            _ => {}
        }
        if let Some((origin, what)) = self.variable_part() {
            notes.push((origin, what));
        }
        notes
    }

    /// The helper or function that an instruction calls.
    pub fn called(&self, insn_idx: u32) -> Option<&str> {
        let op = self.program.code.get(insn_idx as usize)?;
        match (op.insn, op.operand) {
            (Insn::Call(Callee::Helper(id)), _) => Some(helper_by_id(id)?.name),
            (Insn::Call(_), Operand::Func(func)) => Some(&self.program.funcs[func as usize].name),
            (Insn::Call(_), _) => self.program.kfunc_name(insn_idx),
            _ => None,
        }
    }

    /// What a pointer that may be null is the result of.
    fn result_note(&self, value: &Value) -> Option<(u32, String)> {
        let insn_idx = value.origin;
        let subject = match self.pointer_name() {
            Some(name) => format!("`{name}`"),
            None => "the pointer".to_owned(),
        };
        let op = self.program.code.get(insn_idx as usize)?;
        let Some(called) = self.called(insn_idx) else {
            return matches!(op.insn, Insn::Load { .. })
                .then(|| (insn_idx, format!("{subject} is loaded here; it may be null")));
        };
        let of_map = match value.kind {
            Kind::MapValue(map) | Kind::Map(map) => {
                let name = &self.program.maps[map].name;
                format!(" on map `{name}`")
            }
            _ => String::new(),
        };
        let when = match called {
            "bpf_map_lookup_elem" | "bpf_map_lookup_percpu_elem" => "when the key is absent",
            "bpf_ringbuf_reserve" => "when the buffer is full",
            "bpf_sk_lookup_tcp" | "bpf_sk_lookup_udp" | "bpf_skc_lookup_tcp" => {
                "when there is no such socket"
            }
            _ => "when it fails",
        };
        let text = format!("{subject} is the result of `{called}`{of_map}; it is null {when}");
        Some((insn_idx, text))
    }

    /// Why a packet pointer has no known length: compared too early, or another one was.
    fn packet_note(&self) -> Option<(u32, String)> {
        let FaultKind::Packet { known, .. } = self.found.fault.kind else {
            return None;
        };
        let id = self.found.fault.value.id;
        let mut comparisons = self.replay.moments.iter().rev().filter_map(|moment| {
            let insn = self.program.code[moment.step.insn_idx as usize].insn;
            let Insn::JumpIf { dst, src: Src::Reg(src), .. } = insn else {
                return None;
            };
            let (left, right) = (moment.state.reg(dst), moment.state.reg(src));
            let pointer = match (left.is_packet(), right.is_packet()) {
                (true, false) => left,
                (false, true) => right,
                _ => return None,
            };
            Some((moment.step.insn_idx, pointer.id == id))
        });
        let (insn_idx, is_same) = comparisons.next()?;
        let text = match (is_same, known) {
            (true, 0) => return None,
            (true, known) => format!("the comparison before it covers {known} bytes only"),
            (false, _) => {
                "the comparison here is of a pointer at another variable offset: it says nothing about this one"
                    .to_owned()
            }
        };
        Some((insn_idx, text))
    }

    /// The check that is there, but of another pointer.
    fn other_check_note(&self) -> Option<(u32, String)> {
        let value = &self.found.fault.value;
        let (insn_idx, other) = self.replay.moments.iter().rev().find_map(|moment| {
            let insn = self.program.code[moment.step.insn_idx as usize].insn;
            let Insn::JumpIf { dst, src: Src::Imm(0), .. } = insn else {
                return None;
            };
            let other = moment.state.reg(dst);
            let is_alike = other.is_nullable && other.kind == value.kind;
            (is_alike && other.origin != value.origin)
                .then_some((moment.step.insn_idx, other.origin))
        })?;
        let checked = self.name_of(other)?;
        let name = self.pointer_name()?;
        (checked != name)
            .then(|| (insn_idx, format!("the check here is of `{checked}`, not of `{name}`")))
    }

    /// The number at fault: an index, an offset or a size. What the source calls it, the instruction that made it, and
    /// what is known of it.
    fn number_at_fault(&self) -> Option<(String, u32, Scalar)> {
        let fault = &self.found.fault;
        let state = self.replay.last.as_ref()?;
        let size_of = |argument: &Argument, idx: usize| {
            let value = state.reg(*Reg::ARGS.get(idx)?);
            let helper = helper_by_id(argument.helper)?;
            let text = argument_of(&self.site.text, helper.name, idx).map(str::to_owned);
            let is_variable = value.is_scalar() && value.number.as_constant().is_none();
            is_variable.then(|| {
                Some((text.or_else(|| self.name_of(value.origin))?, value.origin, value.number))
            })?
        };
        match &fault.kind {
            FaultKind::Argument(argument, _) => size_of(argument, argument.idx),
            FaultKind::OutOfBounds { by_helper: Some(argument), .. } => {
                size_of(argument, argument.idx + 1)
            }
            FaultKind::OutOfBounds { min, max, .. } if min == max => None,
            FaultKind::OutOfBounds { .. } => {
                let (origin, number) = self.added_number(fault.reg?)?;
                let subscript = variable_subscript(&self.site.text);
                let name = subscript.map(|subscript| subscript.idx.to_owned());
                Some((name.or_else(|| self.name_of(origin))?, origin, number))
            }
            FaultKind::Arithmetic(_) => {
                let Insn::Alu { dst, src: Src::Reg(src), .. } =
                    self.program.code.get(self.found.insn_idx as usize)?.insn
                else {
                    return None;
                };
                let value =
                    [dst, src].into_iter().map(|reg| state.reg(reg)).find(|v| v.is_scalar())?;
                Some((self.name_of(value.origin)?, value.origin, value.number))
            }
            _ => None,
        }
    }

    /// What is known of the number at fault, beside the primary place.
    pub fn known_label(&self) -> Option<String> {
        let (name, _, number) = self.number_at_fault()?;
        Some(format!("`{name}` is {} here", range_of(&number)))
    }

    /// Where the number at fault came from, and which check there was.
    fn number_notes(&self) -> Vec<(u32, String)> {
        let Some((name, origin, number)) = self.number_at_fault() else {
            return Vec::new();
        };
        let mut notes = Vec::new();
        if !self.is_within_primary(origin) {
            notes.push((origin, format!("`{name}` comes from here")));
        }
        let reg = match self.found.fault.kind {
            FaultKind::Argument(argument, _) => Reg::ARGS.get(argument.idx).copied(),
            FaultKind::OutOfBounds { by_helper: Some(argument), .. } => {
                Reg::ARGS.get(argument.idx + 1).copied()
            }
            _ => self.found.fault.reg,
        };
        let is_compared = |value: &Value| value.is_scalar() && value.number.as_constant().is_none();
        if let Some(check) = self.comparison_of(&[origin], is_compared) {
            let insn = self.program.code[check.insn_idx as usize].insn;
            let is_signed = matches!(
                insn,
                Insn::JumpIf { op: JmpOp::SGt | JmpOp::SGe | JmpOp::SLt | JmpOp::SLe, .. }
            );
            let text = match number.smin < 0 || is_signed && number.umax > 0x7fff_ffff {
                true => "the check here is signed: negative numbers pass".to_owned(),
                false => format!("the check here lets {} through", range_of(&number)),
            };
            notes.push((check.insn_idx, text));
            return notes;
        }
        let ancestors = reg.map(|reg| self.ancestors(reg)).unwrap_or_default();
        if let Some(check) = self.comparison_of(&ancestors, is_compared)
            && check.value.origin != origin
        {
            notes.push((
                check.insn_idx,
                format!("the check here is of what `{name}` was before it was changed"),
            ));
        }
        notes
    }

    /// Whether the place of an instruction is a part of what is shown anyway.
    fn is_within_primary(&self, insn_idx: u32) -> bool {
        let span = self.program.linked.insns.get(insn_idx as usize).map(|insn| insn.span);
        let (Some(span), own) = (span, self.sources.root(self.site.span)) else {
            return false;
        };
        let root = self.sources.root(span);
        !own.is_none() && own.lo <= root.lo && root.hi <= own.hi
    }

    /// Where the result came from.
    fn result_origin_note(&self) -> Option<(u32, String)> {
        let value = &self.found.fault.value;
        let is_variable = value.is_scalar() && value.number.as_constant().is_none();
        let is_shown = self.is_within_primary(value.origin);
        (is_variable && !is_shown).then(|| (value.origin, "the value comes from here".to_owned()))
    }

    /// The helper called at `insn_idx`, if it gives back what it gets.
    pub(super) fn released_by(&self, insn_idx: u32) -> Option<&str> {
        match self.program.code.get(insn_idx as usize)?.insn {
            Insn::Call(Callee::Helper(id)) => {
                helper_by_id(id).filter(|helper| helper.released_arg().is_some())?;
                self.called(insn_idx)
            }
            _ => None,
        }
    }

    /// How something became a number.
    fn lost_note(&self, value: &Value) -> Option<(u32, String)> {
        if !value.is_scalar() {
            return None;
        }
        let op = self.program.code.get(value.origin as usize)?;
        let text = match op.insn {
            Insn::Call(_) => {
                let called = self.called(value.origin)?;
                match op.insn {
                    Insn::Call(Callee::Helper(id))
                        if helper_by_id(id).is_some_and(|h| h.released_arg().is_some()) =>
                    {
                        format!("`{called}` gave the memory back")
                    }
                    Insn::Call(Callee::Helper(id))
                        if helper_by_id(id).is_some_and(|h| h.effects.changes_packet) =>
                    {
                        format!("`{called}` may move the packet: pointers into it end here")
                    }
                    _ => format!("it is the number that `{called}` returns"),
                }
            }
            Insn::Load { .. } => "it is a number loaded here".to_owned(),
            Insn::Alu { op: AluOp::Mov, src: Src::Imm(0), .. } => "it is the constant 0".to_owned(),
            Insn::Alu { .. } => "it is a number computed here".to_owned(),
            _ => return None,
        };
        Some((value.origin, text))
    }

    /// Arguments and results do not outlive a call.
    fn clobber_note(&self) -> Option<(u32, String)> {
        let reg = self.found.fault.reg?;
        let frame = self.found.trace.last()?.frame;
        let step = self.found.trace.iter().rev().find(|step| {
            let op = &self.program.code[step.insn_idx as usize];
            step.frame == frame && matches!(op.insn, Insn::Call(_)) && op.insn.defs().contains(reg)
        })?;
        let called = self.called(step.insn_idx)?;
        let text = match reg {
            Reg::R0 => format!("`{called}` returns nothing"),
            _ => format!("`{called}` overwrites registers r1 to r5"),
        };
        Some((step.insn_idx, text))
    }

    /// The range of the variable part of an offset, and of a size.
    fn variable_part(&self) -> Option<(u32, String)> {
        let FaultKind::OutOfBounds { by_helper: Some(argument), .. } = &self.found.fault.kind
        else {
            return None;
        };
        let helper = helper_by_id(argument.helper)?;
        let proto = proto_of(self.program, helper);
        let arg = proto.args.get(argument.idx)?;
        matches!(arg.kind, ArgKind::MapKey | ArgKind::MapValue).then(|| {
            let name = helper.signature.params.get(argument.idx).map_or("", |p| p.name);
            let text = format!("`{}` accesses all of `{name}`", helper.name);
            (self.found.insn_idx, text)
        })
    }
}
