//! Versions of the instruction set.

use crate::{AluOp, AtomicOp, Insn, JmpOp, SwapOp, Width};

/// A version of the instruction set, as selected by `-mcpu` of LLVM. Each contains the ones before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cpu {
    /// Linux 3.18: the base.
    V1,
    /// Linux 4.14: the conditions `<`, `<=`, `s<` and `s<=`.
    V2,
    /// Linux 5.1: conditions on 32-bit registers. Linux 5.12: atomics other than addition.
    #[default]
    V3,
    /// Linux 6.6: signed division, sign extension, `bswap`, `gotol`. Linux 6.9: `may_goto`.
    /// Linux 6.15: `load_acquire`, `store_release`.
    V4,
}

impl Cpu {
    /// All versions, oldest first.
    pub const ALL: [Cpu; 4] = [Cpu::V1, Cpu::V2, Cpu::V3, Cpu::V4];
}

impl Insn {
    /// The first version of the instruction set that has this instruction.
    ///
    /// Calls of local functions (Linux 4.16), of kernel functions (Linux 5.13) and the symbolic forms
    /// of 64-bit immediate loads are features of the loader, not of the instruction set: `V1`.
    pub fn min_cpu(&self) -> Cpu {
        match *self {
            Insn::Alu { op: AluOp::SDiv | AluOp::SMod, .. }
            | Insn::SignExtend { .. }
            | Insn::CastAddrSpace { .. }
            | Insn::ByteSwap { op: SwapOp::Swap, .. }
            | Insn::LoadAcquire { .. }
            | Insn::StoreRelease { .. }
            | Insn::JumpLong { .. }
            | Insn::MayGoto { .. } => Cpu::V4,
            Insn::Load { ty, .. } if ty.is_signed() => Cpu::V4,
            Insn::JumpIf { width: Width::W32, .. } => Cpu::V3,
            Insn::Atomic { op, .. } if op != AtomicOp::Add => Cpu::V3,
            Insn::JumpIf { op: JmpOp::Lt | JmpOp::Le | JmpOp::SLt | JmpOp::SLe, .. } => Cpu::V2,
            _ => Cpu::V1,
        }
    }
}
