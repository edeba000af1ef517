//! The instruction type. It admits only combinations that have an encoding.

use crate::{
    AluOp, AtomicOp, Callee, Extension, JmpOp, LoadType, Narrow, Reg, Size, Src, SwapBits, SwapOp,
    Wide, Width,
};

/// One BPF instruction.
///
/// In the comments `dst`, `src` and `base` are registers, `imm` is a 32-bit immediate that 64-bit
/// operations sign-extend, and `off` is a displacement: bytes for memory, 8-byte slots counted from
/// the next instruction for jumps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // The fields have the same meaning everywhere; see above.
pub enum Insn {
    /// `dst = dst op src`, or `dst = src` for [`AluOp::Mov`]. A 32-bit operation clears the upper
    /// half of `dst` (RFC 9669 §4.1).
    Alu { width: Width, op: AluOp, dst: Reg, src: Src },
    /// `dst = -dst`.
    Neg { width: Width, dst: Reg },
    /// `dst = (s8)src` and the like: move with sign extension.
    SignExtend { extension: Extension, dst: Reg, src: Reg },
    /// `dst = addr_space_cast(src, to, from)`: an address in an arena (address space 1) as the kernel's programs use it
    /// (0), or the other way round (`BPF_ADDR_SPACE_CAST`, Linux 6.9).
    CastAddrSpace { to_arena: bool, dst: Reg, src: Reg },
    /// `dst = be16 dst` and the like. The result is zero-extended to 64 bits (RFC 9669 §4.2).
    ByteSwap { op: SwapOp, bits: SwapBits, dst: Reg },
    /// `dst = value ll`: the only instruction that takes two slots (RFC 9669 §5.4).
    LoadImm64 { dst: Reg, value: Wide },
    /// `dst = *(type *)(base + off)`.
    Load { ty: LoadType, dst: Reg, base: Reg, off: i16 },
    /// `*(size *)(base + off) = src`.
    Store { size: Size, base: Reg, off: i16, src: Src },
    /// An atomic update of `*(base + off)` by `src` (RFC 9669 §5.3).
    Atomic { op: AtomicOp, width: Width, base: Reg, off: i16, src: Reg },
    /// `dst = load_acquire((size *)(base + off))`, zero-extending.
    LoadAcquire { size: Size, dst: Reg, base: Reg, off: i16 },
    /// `store_release((size *)(base + off), src)`.
    StoreRelease { size: Size, base: Reg, off: i16, src: Reg },
    /// `r0 = *(size *)skb[index + off]`: a read from the packet whose `struct sk_buff` is in `r6`,
    /// in network byte order; outside the packet it ends the program (RFC 9669 §5.5).
    LoadPacket { size: Narrow, index: Option<Reg>, off: i32 },
    /// `goto off`.
    Jump { off: i16 },
    /// `gotol off`: a jump with a 32-bit offset.
    JumpLong { off: i32 },
    /// `if dst op src goto off`.
    JumpIf { width: Width, op: JmpOp, dst: Reg, src: Src, off: i16 },
    /// `may_goto off`: jumps when the program has used up its loop budget.
    MayGoto { off: i16 },
    /// Calls with arguments in `r1` to `r5` and the result in `r0`.
    Call(Callee),
    /// Returns `r0` to the calling function or ends the program.
    Exit,
}
