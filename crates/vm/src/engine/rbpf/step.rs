//! The translation of single steps.

use super::emit::{Label, Slot};
use super::legalise::Legaliser;
use super::runtime::call;
use crate::engine::POISON;
use crate::helpers;
use crate::program::Step;
use bpfc_isa::{
    AluOp, AtomicOp, Callee, Extension, Insn, JmpOp, LoadType, Reg, RegSet, Src, SwapBits, SwapOp,
    Wide, Width,
};

impl Legaliser<'_> {
    pub(super) fn runtime(&mut self, number: u32) {
        self.out.push(Insn::Call(Callee::Helper(number)));
    }

    fn label(&self, idx: u32) -> Label {
        *self.labels.get(&idx).expect("a leader")
    }

    /// Calls the runtime with `args`; the result is in `r0`. The registers that this takes, `r0` and one
    /// more per argument, can be fetched from their slots.
    fn runtime_with(&mut self, number: u32, args: &[Operand]) {
        let taken = taken(args);
        for &reg in taken {
            self.out.keep(Slot::Saved(reg), reg);
        }
        for (target, arg) in Reg::ARGS.into_iter().zip(args) {
            match *arg {
                Operand::Reg(Reg::R10) => self.out.fetch(target, Slot::FramePointer),
                Operand::Reg(reg) if taken.contains(&reg) => {
                    self.out.fetch(target, Slot::Saved(reg));
                }
                Operand::Reg(reg) => self.out.mov(target, reg),
                Operand::Imm(imm) => self.out.mov(target, imm),
            }
        }
        self.runtime(number);
    }

    /// Gives the registers that a call with `args` took their values back, but for `result`.
    fn restore(&mut self, args: &[Operand], result: Option<Reg>) {
        for &reg in taken(args) {
            if result != Some(reg) {
                self.out.fetch(reg, Slot::Saved(reg));
            }
        }
    }

    /// As [`Self::runtime_with`], putting the result into `dst`.
    fn runtime_into(&mut self, number: u32, args: &[Operand], dst: Reg) {
        self.runtime_with(number, args);
        if dst != Reg::R0 {
            self.out.mov(dst, Reg::R0);
        }
        self.restore(args, Some(dst));
    }

    fn poison(&mut self, regs: RegSet) {
        for reg in regs.iter() {
            self.out.mov(reg, POISON);
        }
    }

    pub(super) fn step(&mut self, idx: u32) {
        let site = Operand::Imm(idx as i32);
        match &self.program.steps[idx as usize] {
            Step::Compute(insn) => self.compute(*insn),
            &Step::LoadImm64 { dst, value } => {
                let value = Wide::Value(value);
                self.out.push(Insn::LoadImm64 { dst, value });
            }
            &Step::Load { ty, dst, base, .. } => {
                self.runtime_into(call::LOAD, &[site, base.into()], dst);
                self.extend_loaded(ty, dst);
            }
            &Step::Store { base, src, .. } => {
                let args = [site, base.into(), src.into()];
                self.runtime_with(call::STORE, &args);
                self.restore(&args, None);
            }
            &Step::Atomic { op, base, src, .. } => {
                let args = [site, base.into(), src.into(), Reg::R0.into()];
                self.runtime_with(call::ATOMIC, &args);
                let result = match op {
                    AtomicOp::CmpXchg => Some(Reg::R0),
                    op => op.fetches().then_some(src),
                };
                if let Some(dst) = result.filter(|&dst| dst != Reg::R0) {
                    self.out.mov(dst, Reg::R0);
                }
                self.restore(&args, result);
            }
            &Step::LoadPacket { index, .. } => self.load_packet(idx, index),
            &Step::Jump { target } => self.out.goto(self.label(target)),
            &Step::JumpIf { width, op, dst, src, target } => {
                self.jump_if(width, op, dst, src, target)
            }
            &Step::MayGoto { target } => self.may_goto(idx, target),
            &Step::CallLocal { target } => self.call_local(idx, target),
            &Step::CallHelper { id } => self.call_helper(idx, id),
            Step::Exit => self.exit(idx),
            Step::Fail(_) => self.fail(idx),
        }
    }

    /// Sign extension of what the runtime loaded with zeros.
    fn extend_loaded(&mut self, ty: LoadType, dst: Reg) {
        let shift = match ty {
            LoadType::S8 => 56,
            LoadType::S16 => 48,
            LoadType::S32 => 32,
            _ => return,
        };
        self.out.alu(Width::W64, AluOp::Lsh, dst, shift);
        self.out.alu(Width::W64, AluOp::Arsh, dst, shift);
    }

    fn compute(&mut self, insn: Insn) {
        match insn {
            Insn::Alu { width, op: op @ (AluOp::SDiv | AluOp::SMod), dst, src } => {
                let kind = i32::from(op == AluOp::SMod) << 1 | i32::from(width == Width::W32);
                let args = [dst.into(), src.into(), Operand::Imm(kind)];
                self.runtime_into(call::SIGNED_DIVISION, &args, dst);
            }
            Insn::Alu { width, op, dst, src } => self.alu(width, op, dst, src),
            Insn::Neg { width: Width::W64, dst } => {
                self.out.alu(Width::W64, AluOp::Xor, dst, -1);
                self.out.alu(Width::W64, AluOp::Add, dst, 1);
            }
            Insn::SignExtend { extension, dst, src } => self.sign_extend(extension, dst, src),
            Insn::ByteSwap { op, bits, dst } => self.byte_swap(op, bits, dst),
            other => self.out.push(other),
        }
    }

    fn alu(&mut self, width: Width, op: AluOp, dst: Reg, src: Src) {
        match src {
            Src::Reg(Reg::R10) if op == AluOp::Mov => {
                self.out.fetch(dst, Slot::FramePointer);
                if width == Width::W32 {
                    self.out.alu(width, op, dst, dst);
                }
            }
            Src::Reg(Reg::R10) => {
                let temporary = other_than(&[dst]);
                self.out.keep(Slot::Operand, temporary);
                self.out.fetch(temporary, Slot::FramePointer);
                self.out.alu(width, op, dst, temporary);
                self.out.fetch(temporary, Slot::Operand);
            }
            src => self.out.alu(width, op, dst, src),
        }
        if (width, op) == (Width::W32, AluOp::Mod) {
            self.out.alu(Width::W32, AluOp::Mov, dst, dst);
        }
    }

    fn sign_extend(&mut self, extension: Extension, dst: Reg, src: Reg) {
        let width = extension.width();
        let shift = (width.bits() - extension.bits()) as i32;
        self.alu(width, AluOp::Mov, dst, Src::Reg(src));
        self.out.alu(width, AluOp::Lsh, dst, shift);
        self.out.alu(width, AluOp::Arsh, dst, shift);
    }

    fn byte_swap(&mut self, op: SwapOp, bits: SwapBits, dst: Reg) {
        let is_big_host = cfg!(target_endian = "big");
        // The machine is little-endian; rbpf swaps according to its host.
        match (op, bits) {
            (SwapOp::Le, SwapBits::B16) => {
                self.out.alu(Width::W64, AluOp::And, dst, 0xffff);
            }
            (SwapOp::Le, SwapBits::B32) => self.out.alu(Width::W32, AluOp::Mov, dst, dst),
            (SwapOp::Le, SwapBits::B64) => {}
            (SwapOp::Be | SwapOp::Swap, bits) => {
                let op = if is_big_host { SwapOp::Le } else { SwapOp::Be };
                self.out.push(Insn::ByteSwap { op, bits, dst });
            }
        }
    }

    fn jump_if(&mut self, width: Width, op: JmpOp, dst: Reg, src: Src, target: u32) {
        let target = self.label(target);
        let is_unsigned =
            !matches!(op, JmpOp::Set | JmpOp::SGt | JmpOp::SGe | JmpOp::SLt | JmpOp::SLe);
        let needs_register = match src {
            Src::Imm(imm) => width == Width::W64 && is_unsigned && imm < 0,
            Src::Reg(reg) => reg == Reg::R10,
        };
        let off = 0;
        if !needs_register && dst != Reg::R10 {
            let insn = Insn::JumpIf { width, op, dst, src, off };
            self.out.push_to(insn, target);
            return;
        }
        // Up to two operands move into registers that get their values back on both ways.
        let mut borrowed = Vec::new();
        let mut used = vec![dst];
        used.extend(match src {
            Src::Reg(reg) => Some(reg),
            Src::Imm(_) => None,
        });
        let mut left = dst;
        if dst == Reg::R10 {
            left = other_than(&used);
            used.push(left);
            borrowed.push(left);
            self.out.keep(Slot::Saved(left), left);
            self.out.fetch(left, Slot::FramePointer);
        }
        let mut right = src;
        if needs_register {
            let reg = other_than(&used);
            borrowed.push(reg);
            self.out.keep(Slot::Saved(reg), reg);
            match src {
                Src::Imm(imm) => self.out.mov(reg, imm),
                Src::Reg(_) => self.out.fetch(reg, Slot::FramePointer),
            }
            right = Src::Reg(reg);
        }
        let (taken, past) = (self.out.label(), self.out.label());
        let insn = Insn::JumpIf { width, op, dst: left, src: right, off };
        self.out.push_to(insn, taken);
        self.give_back(&borrowed);
        self.out.goto(past);
        self.out.place(taken);
        self.give_back(&borrowed);
        self.out.goto(target);
        self.out.place(past);
    }

    fn give_back(&mut self, borrowed: &[Reg]) {
        for &reg in borrowed {
            self.out.fetch(reg, Slot::Saved(reg));
        }
    }

    fn may_goto(&mut self, idx: u32, target: u32) {
        let target = self.label(target);
        let (stay, r0) = (self.out.label(), Reg::R0);
        let args = [Operand::Imm(idx as i32)];
        self.runtime_with(call::MAY_GOTO, &args);
        self.restore(&args, Some(r0));
        self.out.jump_if(JmpOp::Eq, r0, 0, stay);
        self.out.fetch(r0, Slot::Saved(r0));
        self.out.goto(target);
        self.out.place(stay);
        self.out.fetch(r0, Slot::Saved(r0));
    }

    /// The callee finds its frame pointer in `r0`.
    fn call_local(&mut self, idx: u32, target: u32) {
        let args = [Operand::Imm(idx as i32)];
        self.runtime_with(call::ENTER, &args);
        self.restore(&args, Some(Reg::R0));
        let entry = self.entry_label(target);
        self.out.call_local(entry);
        self.poison(RegSet::ARGS);
    }

    fn call_helper(&mut self, idx: u32, id: u32) {
        let r1 = Reg::R1;
        self.out.keep(Slot::Saved(r1), r1);
        self.out.mov(r1, idx as i32);
        self.runtime(call::SITE);
        self.out.fetch(r1, Slot::Saved(r1));
        if id != helpers::TAIL_CALL {
            self.runtime(call::HELPER);
            self.poison(RegSet::ARGS);
            return;
        }
        let stay = self.out.label();
        self.runtime(call::TAIL_CALL);
        self.out.jump_if(JmpOp::Eq, Reg::R0, 0, stay);
        self.runtime(call::RESULT);
        self.out.push(Insn::Exit);
        self.out.place(stay);
        self.poison(RegSet::CALLER_SAVED);
    }

    /// Outside the packet the runtime answers with a negative number, and the function returns 0.
    fn load_packet(&mut self, idx: u32, index: Option<Reg>) {
        let index = index.map_or(Operand::Imm(0), Operand::Reg);
        let inside = self.out.label();
        self.runtime_with(call::LOAD_PACKET, &[Operand::Imm(idx as i32), index]);
        self.out.jump_if(JmpOp::SGe, Reg::R0, 0, inside);
        self.out.mov(Reg::R0, 0);
        self.leave(idx);
        self.out.place(inside);
        self.poison(RegSet::ARGS);
    }

    fn exit(&mut self, idx: u32) {
        self.leave(idx);
    }

    /// Returns `r0` to the caller.
    fn leave(&mut self, idx: u32) {
        let r0 = Reg::R0;
        self.out.keep(Slot::Saved(r0), r0);
        self.out.mov(Reg::R1, idx as i32);
        self.runtime(call::LEAVE);
        self.out.fetch(r0, Slot::Saved(r0));
        self.out.push(Insn::Exit);
    }

    pub(super) fn fail(&mut self, idx: u32) {
        self.out.mov(Reg::R1, idx as i32);
        self.runtime(call::FAIL);
        self.out.push(Insn::Exit);
    }
}

/// The registers that a runtime call with `args` takes.
fn taken(args: &[Operand]) -> &'static [Reg] {
    const TAKEN: [Reg; 5] = [Reg::R0, Reg::R1, Reg::R2, Reg::R3, Reg::R4];
    &TAKEN[..=args.len()]
}

/// An argument of a runtime call.
#[derive(Clone, Copy)]
enum Operand {
    Reg(Reg),
    Imm(i32),
}

impl From<Reg> for Operand {
    fn from(reg: Reg) -> Operand {
        Operand::Reg(reg)
    }
}

impl From<Src> for Operand {
    fn from(src: Src) -> Operand {
        match src {
            Src::Reg(reg) => Operand::Reg(reg),
            Src::Imm(imm) => Operand::Imm(imm),
        }
    }
}

/// A register with a slot of its own that is not among `used`.
fn other_than(used: &[Reg]) -> Reg {
    let candidates = [Reg::R0, Reg::R1, Reg::R2];
    let free = candidates.into_iter().find(|reg| !used.contains(reg));
    free.expect("at most two registers are used")
}
