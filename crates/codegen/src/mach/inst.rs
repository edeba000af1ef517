//! Machine instructions.

use super::{AsmRegs, AsmUseId};
use crate::ir::{Callee, CoreId, FuncId, GlobalId, SlotId};
use bpfc_base::Span;
use bpfc_isa::{
    AluOp, AtomicOp, Extension, LoadType, Narrow, Reg, RegSet, Size, SwapBits, SwapOp, Width,
};

/// An instruction and what hangs on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inst<R> {
    /// What it does.
    pub op: Op<R>,
    /// The loader computes its immediate, or the offset of its address (CO-RE).
    pub core: Option<CoreId>,
    /// The source that it stands for.
    pub span: Span,
}

/// The second operand of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source<R> {
    /// A register.
    Reg(R),
    /// A constant, sign-extended for 64-bit operations.
    Imm(i32),
}

/// What an address counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Base<R> {
    /// The content of a register.
    Reg(R),
    /// A piece of the stack frame.
    Slot(SlotId),
}

/// An address in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Address<R> {
    /// Where to start.
    pub base: Base<R>,
    /// Bytes from there; within 16 bits if the base is a register.
    pub offset: i32,
}

/// Something that has an address which linker or loader know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Symbol {
    /// An object with static storage, and bytes from its start.
    Global(GlobalId, i32),
    /// A function.
    Func(FuncId),
}

/// What an instruction does. Names and operands are those of [`bpfc_isa::Insn`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the fields have the same meaning everywhere")]
pub enum Op<R> {
    /// `dst = dst op src`, or `dst = src` for [`AluOp::Mov`].
    Alu { width: Width, op: AluOp, dst: R, src: Source<R> },
    /// `dst = -dst`.
    Neg { width: Width, dst: R },
    /// Move with sign extension.
    SignExtend { extension: Extension, dst: R, src: R },
    /// Bytes of `dst` in another order, zero-extended.
    ByteSwap { op: SwapOp, bits: SwapBits, dst: R },
    /// `dst = value ll`.
    LoadImm { dst: R, value: u64 },
    /// `dst = symbol ll`.
    LoadSymbol { dst: R, symbol: Symbol },
    /// `dst =` an address in the stack frame: two instructions.
    SlotAddr { dst: R, slot: SlotId, offset: i32 },
    /// `dst = *(ty *)address`. A volatile one is done even if nobody reads `dst`.
    Load { ty: LoadType, dst: R, address: Address<R>, is_volatile: bool },
    /// `*(size *)address = src`.
    Store { size: Size, address: Address<R>, src: Source<R> },
    /// `dst = *(size *)address`, zero-extended, before what is read later.
    LoadAcquire { size: Size, dst: R, address: Address<R> },
    /// `*(size *)address = src`, after what was written before.
    StoreRelease { size: Size, address: Address<R>, src: R },
    /// An atomic update of `*address` by `src`. Those that fetch put the old value into
    /// `src`, `CmpXchg` into `r0`.
    Atomic { op: AtomicOp, width: Width, address: Address<R>, src: R },
    /// `r0 = *(size *)skb[index + off]` with the context in `r6`.
    LoadPacket { size: Narrow, index: Option<R>, off: i32 },
    /// A call with `n_args` arguments in `r1` to `r5`; the result is in `r0`.
    Call { callee: Callee, n_args: u8 },
    /// Inline assembly, with the registers of its operands. Besides, it reads the machine registers
    /// `uses` and overwrites `defs`, none of which is among the former.
    Asm { asm: AsmUseId, regs: AsmRegs<R>, uses: RegSet, defs: RegSet },
}

/// How an instruction uses a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Reads it.
    Use,
    /// Overwrites it.
    Def,
    /// Reads and overwrites it.
    UseDef,
}

impl Role {
    /// True if it reads.
    pub fn is_use(self) -> bool {
        self != Role::Def
    }

    /// True if it writes.
    pub fn is_def(self) -> bool {
        self != Role::Use
    }
}

impl<R: Copy> Inst<R> {
    /// An instruction without a relocation.
    pub fn new(op: Op<R>, span: Span) -> Self {
        let core = None;
        Self { op, core, span }
    }

    /// The same over other registers.
    pub fn map<S>(&self, reg: impl FnMut(R) -> S) -> Inst<S> {
        Inst { op: self.op.map(reg), core: self.core, span: self.span }
    }
}

impl<R: Copy> Source<R> {
    /// The register that it is.
    pub fn reg(self) -> Option<R> {
        match self {
            Source::Reg(reg) => Some(reg),
            Source::Imm(_) => None,
        }
    }

    /// The same over other registers.
    pub fn map<S>(self, mut reg: impl FnMut(R) -> S) -> Source<S> {
        match self {
            Source::Reg(r) => Source::Reg(reg(r)),
            Source::Imm(imm) => Source::Imm(imm),
        }
    }
}

impl<R: Copy> Address<R> {
    /// The register that it counts from.
    pub fn reg(self) -> Option<R> {
        match self.base {
            Base::Reg(reg) => Some(reg),
            Base::Slot(_) => None,
        }
    }

    fn map<S>(self, mut reg: impl FnMut(R) -> S) -> Address<S> {
        let base = match self.base {
            Base::Reg(r) => Base::Reg(reg(r)),
            Base::Slot(slot) => Base::Slot(slot),
        };
        Address { base, offset: self.offset }
    }
}

impl<R: Copy> Op<R> {
    /// `dst = src`, all 64 bits.
    pub fn copy(dst: R, src: R) -> Self {
        Op::Alu { width: Width::W64, op: AluOp::Mov, dst, src: Source::Reg(src) }
    }

    /// Destination and source if it copies all 64 bits of a register.
    pub fn as_copy(&self) -> Option<(R, R)> {
        match *self {
            Op::Alu { width: Width::W64, op: AluOp::Mov, dst, src: Source::Reg(src) } => {
                Some((dst, src))
            }
            _ => None,
        }
    }

    /// Calls `visit` with every register that the instruction names.
    pub fn for_each_reg(&self, mut visit: impl FnMut(R, Role)) {
        let mut copy = *self;
        copy.for_each_reg_mut(|reg, role| visit(*reg, role));
    }

    /// Calls `visit` with every register that the instruction names, sources first.
    pub fn for_each_reg_mut(&mut self, mut visit: impl FnMut(&mut R, Role)) {
        match self {
            Op::Alu { op, dst, src, .. } => {
                if let Source::Reg(src) = src {
                    visit(src, Role::Use);
                }
                let is_move = *op == AluOp::Mov;
                visit(dst, if is_move { Role::Def } else { Role::UseDef });
            }
            Op::Neg { dst, .. } | Op::ByteSwap { dst, .. } => visit(dst, Role::UseDef),
            Op::SignExtend { dst, src, .. } => {
                visit(src, Role::Use);
                visit(dst, Role::Def);
            }
            Op::LoadImm { dst, .. } | Op::LoadSymbol { dst, .. } | Op::SlotAddr { dst, .. } => {
                visit(dst, Role::Def);
            }
            Op::Load { dst, address, .. } => {
                address.visit(&mut visit);
                visit(dst, Role::Def);
            }
            Op::LoadAcquire { dst, address, .. } => {
                address.visit(&mut visit);
                visit(dst, Role::Def);
            }
            Op::StoreRelease { address, src, .. } => {
                address.visit(&mut visit);
                visit(src, Role::Use);
            }
            Op::Store { address, src, .. } => {
                address.visit(&mut visit);
                if let Source::Reg(src) = src {
                    visit(src, Role::Use);
                }
            }
            Op::Atomic { op, address, src, .. } => {
                address.visit(&mut visit);
                let is_result = op.fetches() && *op != AtomicOp::CmpXchg;
                visit(src, if is_result { Role::UseDef } else { Role::Use });
            }
            Op::LoadPacket { index, .. } => {
                if let Some(index) = index {
                    visit(index, Role::Use);
                }
            }
            Op::Asm { regs, .. } => regs.visit(visit),
            Op::Call { .. } => {}
        }
    }

    /// The same over other registers.
    pub fn map<S>(&self, mut reg: impl FnMut(R) -> S) -> Op<S> {
        match *self {
            Op::Alu { width, op, dst, src } => {
                Op::Alu { width, op, dst: reg(dst), src: src.map(reg) }
            }
            Op::Neg { width, dst } => Op::Neg { width, dst: reg(dst) },
            Op::SignExtend { extension, dst, src } => {
                Op::SignExtend { extension, dst: reg(dst), src: reg(src) }
            }
            Op::ByteSwap { op, bits, dst } => Op::ByteSwap { op, bits, dst: reg(dst) },
            Op::LoadImm { dst, value } => Op::LoadImm { dst: reg(dst), value },
            Op::LoadSymbol { dst, symbol } => Op::LoadSymbol { dst: reg(dst), symbol },
            Op::SlotAddr { dst, slot, offset } => Op::SlotAddr { dst: reg(dst), slot, offset },
            Op::Load { ty, dst, address, is_volatile } => {
                Op::Load { ty, dst: reg(dst), address: address.map(reg), is_volatile }
            }
            Op::Store { size, address, src } => {
                Op::Store { size, address: address.map(&mut reg), src: src.map(reg) }
            }
            Op::LoadAcquire { size, dst, address } => {
                Op::LoadAcquire { size, dst: reg(dst), address: address.map(reg) }
            }
            Op::StoreRelease { size, address, src } => {
                Op::StoreRelease { size, address: address.map(&mut reg), src: reg(src) }
            }
            Op::Atomic { op, width, address, src } => {
                Op::Atomic { op, width, address: address.map(&mut reg), src: reg(src) }
            }
            Op::LoadPacket { size, index, off } => {
                Op::LoadPacket { size, index: index.map(reg), off }
            }
            Op::Call { callee, n_args } => Op::Call { callee, n_args },
            Op::Asm { asm, regs, uses, defs } => Op::Asm { asm, regs: regs.map(reg), uses, defs },
        }
    }

    /// Machine registers that it reads without naming them.
    pub fn implicit_uses(&self) -> RegSet {
        match self {
            Op::Call { n_args, .. } => Reg::ARGS.into_iter().take(usize::from(*n_args)).collect(),
            Op::LoadPacket { .. } => RegSet::of(Reg::R6),
            Op::Asm { uses, .. } => *uses,
            Op::Atomic { op: AtomicOp::CmpXchg, .. } => RegSet::of(Reg::R0),
            _ => RegSet::EMPTY,
        }
    }

    /// Machine registers that it overwrites without naming them. `r1` to `r5` hold nothing
    /// readable after a call (RFC 9669 §2.2) and a packet load (§5.5).
    pub fn implicit_defs(&self) -> RegSet {
        match self {
            Op::Call { .. } | Op::LoadPacket { .. } => RegSet::CALLER_SAVED,
            Op::Asm { defs, .. } => *defs,
            Op::Atomic { op: AtomicOp::CmpXchg, .. } => RegSet::of(Reg::R0),
            _ => RegSet::EMPTY,
        }
    }

    /// True if it does nothing but compute registers: it may go when nobody reads them.
    pub fn is_pure(&self) -> bool {
        !matches!(
            self,
            Op::Load { is_volatile: true, .. }
                | Op::Store { .. }
                | Op::LoadAcquire { .. }
                | Op::StoreRelease { .. }
                | Op::Atomic { .. }
                | Op::LoadPacket { .. }
                | Op::Call { .. }
                | Op::Asm { .. }
        )
    }

    /// True if it gives the same result wherever it stands: no operand but immediates.
    pub fn is_constant(&self) -> bool {
        matches!(
            self,
            Op::Alu { op: AluOp::Mov, src: Source::Imm(_), .. }
                | Op::LoadImm { .. }
                | Op::LoadSymbol { .. }
                | Op::SlotAddr { .. }
        )
    }
}

impl<R> Address<R> {
    fn visit(&mut self, visit: &mut impl FnMut(&mut R, Role)) {
        if let Base::Reg(reg) = &mut self.base {
            visit(reg, Role::Use);
        }
    }
}
