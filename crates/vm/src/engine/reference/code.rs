//! Steps as fixed-size operations that the interpreter dispatches on once.

use crate::program::{Program, Step};
use bpfc_isa::{
    AluOp, AtomicOp, Extension, Insn, JmpOp, LoadType, Size, Src, SwapBits, SwapOp, Width,
};

/// What an operation does. A number in a name is the width or size in bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[rustfmt::skip]
pub(super) enum Code {
    Add64, Sub64, Mul64, Div64, SDiv64, Mod64, SMod64, Or64, And64, Xor64, Lsh64, Rsh64, Arsh64, Mov64,
    Add32, Sub32, Mul32, Div32, SDiv32, Mod32, SMod32, Or32, And32, Xor32, Lsh32, Rsh32, Arsh32, Mov32,
    Neg64, Neg32,
    SignExtend32From8, SignExtend32From16, SignExtend64From8, SignExtend64From16, SignExtend64From32,
    Truncate16, Truncate32, Swap16, Swap32, Swap64, Nothing,
    LoadU8, LoadU16, LoadU32, LoadU64, LoadS8, LoadS16, LoadS32,
    Store8, Store16, Store32, Store64,
    Atomic32, Atomic64, LoadPacket,
    Jump, MayGoto,
    Eq64, Ne64, Set64, Gt64, Ge64, Lt64, Le64, SGt64, SGe64, SLt64, SLe64,
    Eq32, Ne32, Set32, Gt32, Ge32, Lt32, Le32, SGt32, SGe32, SLt32, SLe32,
    CallLocal, CallHelper, Exit, Fail,
}

/// One operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Op {
    pub code: Code,
    /// Number of the destination or base register.
    pub dst: u8,
    /// Number of the source register, or [`IMM`].
    pub src: u8,
    /// An [`AtomicOp`] as its index, or a [`Size`] as its index.
    pub detail: u8,
    /// Displacement in memory, or index of the target.
    pub off: i32,
    /// The second operand if `src` is [`IMM`], and other numbers.
    pub imm: u64,
}

/// `src` of operations whose second operand is `imm`.
pub(super) const IMM: u8 = 0x10;

/// Translates a program: one operation per step.
pub(super) fn translate(program: &Program) -> Vec<Op> {
    program.steps.iter().map(op).collect()
}

fn plain(code: Code) -> Op {
    Op { code, dst: 0, src: IMM, detail: 0, off: 0, imm: 0 }
}

fn with_src(op: Op, src: Src) -> Op {
    match src {
        Src::Reg(reg) => Op { src: reg.number(), ..op },
        Src::Imm(imm) => Op { src: IMM, imm: i64::from(imm) as u64, ..op },
    }
}

fn op(step: &Step) -> Op {
    match *step {
        Step::Compute(insn) => compute(insn),
        Step::LoadImm64 { dst, value } => {
            Op { dst: dst.number(), imm: value, ..plain(Code::Mov64) }
        }
        Step::Load { ty, dst, base, off } => Op {
            dst: dst.number(),
            src: base.number(),
            off: i32::from(off),
            ..plain(load_code(ty))
        },
        Step::Store { size, base, off, src } => {
            let op = Op { dst: base.number(), off: i32::from(off), ..plain(store_code(size)) };
            with_src(op, src)
        }
        Step::Atomic { op, width, base, off, src } => Op {
            dst: base.number(),
            src: src.number(),
            detail: atomic_index(op),
            off: i32::from(off),
            ..plain(match width {
                Width::W32 => Code::Atomic32,
                Width::W64 => Code::Atomic64,
            })
        },
        Step::LoadPacket { size, index, off } => Op {
            src: index.map_or(IMM, |reg| reg.number()),
            detail: size as u8,
            off,
            ..plain(Code::LoadPacket)
        },
        Step::Jump { target } => to(plain(Code::Jump), target),
        Step::MayGoto { target } => to(plain(Code::MayGoto), target),
        Step::JumpIf { width, op, dst, src, target } => {
            let op = Op { dst: dst.number(), ..plain(jump_code(width, op)) };
            to(with_src(op, src), target)
        }
        Step::CallLocal { target } => to(plain(Code::CallLocal), target),
        Step::CallHelper { id } => Op { imm: u64::from(id), ..plain(Code::CallHelper) },
        Step::Exit => plain(Code::Exit),
        Step::Fail(_) => plain(Code::Fail),
    }
}

fn to(op: Op, target: u32) -> Op {
    // Programs have at most a million instructions.
    Op { off: target as i32, ..op }
}

fn compute(insn: Insn) -> Op {
    match insn {
        Insn::Alu { width, op, dst, src } => {
            let op = Op { dst: dst.number(), ..plain(alu_code(width, op)) };
            with_src(op, src)
        }
        Insn::Neg { width, dst } => Op {
            dst: dst.number(),
            ..plain(match width {
                Width::W32 => Code::Neg32,
                Width::W64 => Code::Neg64,
            })
        },
        Insn::SignExtend { extension, dst, src } => Op {
            dst: dst.number(),
            src: src.number(),
            ..plain(match extension {
                Extension::W32From8 => Code::SignExtend32From8,
                Extension::W32From16 => Code::SignExtend32From16,
                Extension::W64From8 => Code::SignExtend64From8,
                Extension::W64From16 => Code::SignExtend64From16,
                Extension::W64From32 => Code::SignExtend64From32,
            })
        },
        Insn::ByteSwap { op, bits, dst } => Op { dst: dst.number(), ..plain(swap_code(op, bits)) },
        _ => plain(Code::Fail),
    }
}

/// The machine is little-endian whatever the host is.
fn swap_code(op: SwapOp, bits: SwapBits) -> Code {
    match (op, bits) {
        (SwapOp::Le, SwapBits::B16) => Code::Truncate16,
        (SwapOp::Le, SwapBits::B32) => Code::Truncate32,
        (SwapOp::Le, SwapBits::B64) => Code::Nothing,
        (SwapOp::Be | SwapOp::Swap, SwapBits::B16) => Code::Swap16,
        (SwapOp::Be | SwapOp::Swap, SwapBits::B32) => Code::Swap32,
        (SwapOp::Be | SwapOp::Swap, SwapBits::B64) => Code::Swap64,
    }
}

fn load_code(ty: LoadType) -> Code {
    match ty {
        LoadType::U8 => Code::LoadU8,
        LoadType::U16 => Code::LoadU16,
        LoadType::U32 => Code::LoadU32,
        LoadType::U64 => Code::LoadU64,
        LoadType::S8 => Code::LoadS8,
        LoadType::S16 => Code::LoadS16,
        LoadType::S32 => Code::LoadS32,
    }
}

fn store_code(size: Size) -> Code {
    match size {
        Size::B => Code::Store8,
        Size::H => Code::Store16,
        Size::W => Code::Store32,
        Size::DW => Code::Store64,
    }
}

fn atomic_index(op: AtomicOp) -> u8 {
    let position = AtomicOp::ALL.iter().position(|&other| other == op);
    position.expect("every operation is in ALL") as u8
}

/// Two codes in parallel for the two widths.
macro_rules! by_width {
    ($width:expr, $op:expr, $kind:ident, $($name:ident => $wide:ident $narrow:ident),*) => {
        match ($width, $op) {
            $(
                (Width::W64, $kind::$name) => Code::$wide,
                (Width::W32, $kind::$name) => Code::$narrow,
            )*
        }
    };
}

fn alu_code(width: Width, op: AluOp) -> Code {
    by_width!(width, op, AluOp,
        Add => Add64 Add32, Sub => Sub64 Sub32, Mul => Mul64 Mul32, Div => Div64 Div32,
        SDiv => SDiv64 SDiv32, Mod => Mod64 Mod32, SMod => SMod64 SMod32, Or => Or64 Or32,
        And => And64 And32, Xor => Xor64 Xor32, Lsh => Lsh64 Lsh32, Rsh => Rsh64 Rsh32,
        Arsh => Arsh64 Arsh32, Mov => Mov64 Mov32)
}

fn jump_code(width: Width, op: JmpOp) -> Code {
    by_width!(width, op, JmpOp,
        Eq => Eq64 Eq32, Ne => Ne64 Ne32, Set => Set64 Set32, Gt => Gt64 Gt32, Ge => Ge64 Ge32,
        Lt => Lt64 Lt32, Le => Le64 Le32, SGt => SGt64 SGt32, SGe => SGe64 SGe32,
        SLt => SLt64 SLt32, SLe => SLe64 SLe32)
}
