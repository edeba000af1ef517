//! What an instruction reads, writes, and where it goes next.

use crate::{AluOp, AtomicOp, Callee, Insn, Reg, RegSet, Src, Wide};

impl Insn {
    /// How many 8-byte slots the instruction takes: 2 for [`Insn::LoadImm64`], otherwise 1.
    pub fn slots(&self) -> u32 {
        match self {
            Insn::LoadImm64 { .. } => 2,
            _ => 1,
        }
    }

    /// The registers read. A call is said to read all of `r1` to `r5`, as its signature is not known
    /// here.
    pub fn uses(&self) -> RegSet {
        match *self {
            Insn::Alu { op: AluOp::Mov, src, .. } => of_src(src),
            Insn::Alu { dst, src, .. } | Insn::JumpIf { dst, src, .. } => {
                of_src(src).union(RegSet::of(dst))
            }
            Insn::Neg { dst, .. } | Insn::ByteSwap { dst, .. } => RegSet::of(dst),
            Insn::SignExtend { src, .. } | Insn::CastAddrSpace { src, .. } => RegSet::of(src),
            Insn::Load { base, .. } | Insn::LoadAcquire { base, .. } => RegSet::of(base),
            Insn::Store { base, src, .. } => of_src(src).union(RegSet::of(base)),
            Insn::Atomic { op: AtomicOp::CmpXchg, base, src, .. } => {
                RegSet::from_iter([base, src, Reg::R0])
            }
            Insn::Atomic { base, src, .. } | Insn::StoreRelease { base, src, .. } => {
                RegSet::from_iter([base, src])
            }
            Insn::LoadPacket { index, .. } => index.into_iter().chain([Reg::R6]).collect(),
            Insn::Call(_) => RegSet::ARGS,
            Insn::Exit => RegSet::of(Reg::R0),
            Insn::LoadImm64 { .. }
            | Insn::Jump { .. }
            | Insn::JumpLong { .. }
            | Insn::MayGoto { .. } => RegSet::EMPTY,
        }
    }

    /// The registers written. For a call and for [`Insn::LoadPacket`] that is the result in `r0`
    /// and `r1` to `r5`, which hold nothing readable afterwards (RFC 9669 §5.5 for the latter).
    pub fn defs(&self) -> RegSet {
        match *self {
            Insn::Alu { dst, .. }
            | Insn::Neg { dst, .. }
            | Insn::SignExtend { dst, .. }
            | Insn::CastAddrSpace { dst, .. }
            | Insn::ByteSwap { dst, .. }
            | Insn::LoadImm64 { dst, .. }
            | Insn::Load { dst, .. }
            | Insn::LoadAcquire { dst, .. } => RegSet::of(dst),
            Insn::Atomic { op: AtomicOp::CmpXchg, .. } => RegSet::of(Reg::R0),
            Insn::Atomic { op, src, .. } if op.fetches() => RegSet::of(src),
            Insn::LoadPacket { .. } | Insn::Call(_) => RegSet::CALLER_SAVED,
            Insn::Atomic { .. }
            | Insn::Store { .. }
            | Insn::StoreRelease { .. }
            | Insn::Jump { .. }
            | Insn::JumpLong { .. }
            | Insn::JumpIf { .. }
            | Insn::MayGoto { .. }
            | Insn::Exit => RegSet::EMPTY,
        }
    }

    /// Whether control never continues with the next instruction.
    pub fn is_terminator(&self) -> bool {
        matches!(self, Insn::Jump { .. } | Insn::JumpLong { .. } | Insn::Exit)
    }

    /// The distance of a jump inside its function, in slots from the next instruction.
    pub fn jump_offset(&self) -> Option<i32> {
        match *self {
            Insn::Jump { off } | Insn::JumpIf { off, .. } | Insn::MayGoto { off } => {
                Some(i32::from(off))
            }
            Insn::JumpLong { off } => Some(off),
            _ => None,
        }
    }

    /// The same jump with another distance. `None` if this is no jump or the distance does not fit;
    /// [`Insn::Jump`] does not become [`Insn::JumpLong`] by itself.
    #[must_use]
    pub fn with_jump_offset(self, off: i32) -> Option<Insn> {
        let short = i16::try_from(off).ok();
        match self {
            Insn::Jump { .. } => Some(Insn::Jump { off: short? }),
            Insn::JumpLong { .. } => Some(Insn::JumpLong { off }),
            Insn::JumpIf { width, op, dst, src, .. } => {
                Some(Insn::JumpIf { width, op, dst, src, off: short? })
            }
            Insn::MayGoto { .. } => Some(Insn::MayGoto { off: short? }),
            _ => None,
        }
    }

    /// The distance to the function called, or whose address is loaded, in slots from the slot after
    /// the first one of this instruction.
    pub fn function_offset(&self) -> Option<i32> {
        match *self {
            Insn::Call(Callee::Local { off }) => Some(off),
            Insn::LoadImm64 { value: Wide::Func { off }, .. } => Some(off),
            _ => None,
        }
    }

    /// The same reference to a function with another distance; `None` if this is none.
    #[must_use]
    pub fn with_function_offset(self, off: i32) -> Option<Insn> {
        match self {
            Insn::Call(Callee::Local { .. }) => Some(Insn::Call(Callee::Local { off })),
            Insn::LoadImm64 { dst, value: Wide::Func { .. } } => {
                Some(Insn::LoadImm64 { dst, value: Wide::Func { off } })
            }
            _ => None,
        }
    }
}

fn of_src(src: Src) -> RegSet {
    match src {
        Src::Reg(reg) => RegSet::of(reg),
        Src::Imm(_) => RegSet::EMPTY,
    }
}
