//! Where a value came from: the backward slice of a fault.

use super::Writer;
use crate::discharge::proto_of;
use crate::fault::{ArgFault, FaultKind, LockFault};
use crate::program::Operand;
use crate::state::{Kind, Value};
use bpfc_isa::{AluOp, Callee, Insn, Reg, Src};
use bpfc_kabi::{ArgKind, helper_by_id};

impl Writer<'_, '_> {
    /// Notes at the instructions that made the value at fault.
    pub fn origin_notes(&self) -> Vec<(u32, String)> {
        let fault = &self.found.fault;
        let mut notes = Vec::new();
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
            }
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
    fn called(&self, insn_idx: u32) -> Option<&str> {
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

    /// Why a packet pointer has no known length: never compared, or compared too early.
    fn packet_note(&self) -> Option<(u32, String)> {
        let is_end = |insn: &Insn| matches!(insn, Insn::JumpIf { src: Src::Reg(_), .. });
        let step = self.found.trace.iter().rev().find(|step| {
            let op = &self.program.code[step.insn_idx as usize];
            is_end(&op.insn)
        });
        match self.found.fault.kind {
            FaultKind::Packet { known, .. } if known > 0 => step.map(|step| {
                let text = format!("the comparison before it covers {known} bytes only");
                (step.insn_idx, text)
            }),
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
