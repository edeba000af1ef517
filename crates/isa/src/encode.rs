//! Instructions to bytes. Total: every [`Insn`] has exactly one encoding.

use std::ops::Deref;

use crate::opcode::{self, SOURCE_X, Slot, call, class, code, mode};
use crate::{AluOp, Callee, Insn, Reg, Size, Src, SwapBits, SwapOp, Wide, Width};

/// The byte order of an encoded program, which is that of the machine that runs it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Endian {
    /// `bpfel`.
    #[default]
    Little,
    /// `bpfeb`.
    Big,
}

impl Endian {
    /// The byte order of the machine that bpfc itself runs on.
    pub const NATIVE: Endian =
        if cfg!(target_endian = "big") { Endian::Big } else { Endian::Little };

    /// The bytes of a number.
    #[inline]
    pub const fn u16_bytes(self, number: u16) -> [u8; 2] {
        match self {
            Endian::Little => number.to_le_bytes(),
            Endian::Big => number.to_be_bytes(),
        }
    }

    /// The number that bytes are.
    #[inline]
    pub const fn u16_of(self, bytes: [u8; 2]) -> u16 {
        match self {
            Endian::Little => u16::from_le_bytes(bytes),
            Endian::Big => u16::from_be_bytes(bytes),
        }
    }

    /// The bytes of a number.
    #[inline]
    pub const fn u32_bytes(self, number: u32) -> [u8; 4] {
        match self {
            Endian::Little => number.to_le_bytes(),
            Endian::Big => number.to_be_bytes(),
        }
    }

    /// The number that bytes are.
    #[inline]
    pub const fn u32_of(self, bytes: [u8; 4]) -> u32 {
        match self {
            Endian::Little => u32::from_le_bytes(bytes),
            Endian::Big => u32::from_be_bytes(bytes),
        }
    }

    /// The bytes of a number.
    #[inline]
    pub const fn u64_bytes(self, number: u64) -> [u8; 8] {
        match self {
            Endian::Little => number.to_le_bytes(),
            Endian::Big => number.to_be_bytes(),
        }
    }

    /// The number that bytes are.
    #[inline]
    pub const fn u64_of(self, bytes: [u8; 8]) -> u64 {
        match self {
            Endian::Little => u64::from_le_bytes(bytes),
            Endian::Big => u64::from_be_bytes(bytes),
        }
    }
}

/// The 8 or 16 bytes of one instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoded {
    bytes: [u8; 2 * Slot::BYTES],
    len: usize,
}

impl Deref for Encoded {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// Encodes one instruction.
pub fn encode(insn: &Insn, endian: Endian) -> Encoded {
    let (first, second) = to_slots(insn);
    let mut encoded = Encoded { bytes: [0; 2 * Slot::BYTES], len: Slot::BYTES };
    encoded.bytes[..Slot::BYTES].copy_from_slice(&first.to_bytes(endian));
    if let Some(second) = second {
        encoded.bytes[Slot::BYTES..].copy_from_slice(&second.to_bytes(endian));
        encoded.len = 2 * Slot::BYTES;
    }
    encoded
}

/// Encodes instructions one after the other.
pub fn encode_program(insns: &[Insn], endian: Endian) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(insns.len() * Slot::BYTES);
    for insn in insns {
        bytes.extend_from_slice(&encode(insn, endian));
    }
    bytes
}

/// The slot of the instruction, and the second one of a 64-bit immediate load.
fn to_slots(insn: &Insn) -> (Slot, Option<Slot>) {
    let slot = match *insn {
        Insn::Alu { width, op, dst, src } => alu(width, op, dst, src),
        Insn::Neg { width, dst } => {
            Slot { opcode: code::NEG | opcode::alu_class(width), dst: dst.number(), ..zero() }
        }
        Insn::SignExtend { extension, dst, src } => Slot {
            off: extension.bits() as i16,
            ..alu(extension.width(), AluOp::Mov, dst, Src::Reg(src))
        },
        Insn::CastAddrSpace { to_arena, dst, src } => Slot {
            off: opcode::ADDR_SPACE_CAST,
            imm: if to_arena { opcode::TO_ARENA } else { opcode::FROM_ARENA },
            ..alu(Width::W64, AluOp::Mov, dst, Src::Reg(src))
        },
        Insn::ByteSwap { op, bits, dst } => byte_swap(op, bits, dst),
        Insn::LoadImm64 { dst, value } => return load_imm64(dst, value),
        Insn::Load { ty, dst, base, off } => {
            let mode = if ty.is_signed() { mode::MEMSX } else { mode::MEM };
            memory(mode, ty.size(), class::LDX, dst, base, off)
        }
        Insn::Store { size, base, off, src: Src::Reg(src) } => {
            memory(mode::MEM, size, class::STX, base, src, off)
        }
        Insn::Store { size, base, off, src: Src::Imm(imm) } => {
            Slot { imm, ..memory(mode::MEM, size, class::ST, base, Reg::R0, off) }
        }
        Insn::Atomic { op, width, base, off, src } => {
            let slot = memory(mode::ATOMIC, width.size(), class::STX, base, src, off);
            Slot { imm: opcode::atomic(op), ..slot }
        }
        Insn::LoadAcquire { size, dst, base, off } => {
            let slot = memory(mode::ATOMIC, size, class::STX, dst, base, off);
            Slot { imm: opcode::LOAD_ACQUIRE, ..slot }
        }
        Insn::StoreRelease { size, base, off, src } => {
            let slot = memory(mode::ATOMIC, size, class::STX, base, src, off);
            Slot { imm: opcode::STORE_RELEASE, ..slot }
        }
        Insn::LoadPacket { size, index, off } => {
            let (mode, index) = match index {
                None => (mode::ABS, Reg::R0),
                Some(index) => (mode::IND, index),
            };
            Slot { imm: off, ..memory(mode, size.size(), class::LD, Reg::R0, index, 0) }
        }
        Insn::Jump { off } => Slot { opcode: code::JA | class::JMP, off, ..zero() },
        Insn::JumpLong { off } => Slot { opcode: code::JA | class::JMP32, imm: off, ..zero() },
        Insn::JumpIf { width, op, dst, src, off } => {
            let opcode = opcode::jmp(op) | opcode::jmp_class(width);
            Slot { off, ..operands(opcode, dst, src) }
        }
        Insn::MayGoto { off } => Slot { opcode: code::JCOND | class::JMP, off, ..zero() },
        Insn::Call(callee) => call(callee),
        Insn::Exit => Slot { opcode: code::EXIT | class::JMP, ..zero() },
    };
    (slot, None)
}

fn zero() -> Slot {
    Slot::default()
}

/// An arithmetic or jump slot with its second operand.
fn operands(opcode: u8, dst: Reg, src: Src) -> Slot {
    let slot = Slot { opcode, dst: dst.number(), ..zero() };
    match src {
        Src::Reg(src) => Slot { opcode: opcode | SOURCE_X, src: src.number(), ..slot },
        Src::Imm(imm) => Slot { imm, ..slot },
    }
}

fn alu(width: Width, op: AluOp, dst: Reg, src: Src) -> Slot {
    let (code, off) = opcode::alu(op);
    Slot { off, ..operands(code | opcode::alu_class(width), dst, src) }
}

fn byte_swap(op: SwapOp, bits: SwapBits, dst: Reg) -> Slot {
    let class = match op {
        SwapOp::Le => class::ALU,
        SwapOp::Be => class::ALU | SOURCE_X,
        SwapOp::Swap => class::ALU64,
    };
    let imm = bits.bits() as i32;
    Slot { opcode: code::END | class, dst: dst.number(), imm, ..zero() }
}

fn memory(mode: u8, size: Size, class: u8, dst: Reg, src: Reg, off: i16) -> Slot {
    let opcode = mode | opcode::size(size) | class;
    Slot { opcode, dst: dst.number(), src: src.number(), off, imm: 0 }
}

fn load_imm64(dst: Reg, value: Wide) -> (Slot, Option<Slot>) {
    let (src, low, high) = opcode::wide_fields(value);
    let opcode = mode::IMM | opcode::size(Size::DW) | class::LD;
    let first = Slot { opcode, dst: dst.number(), src, off: 0, imm: low };
    (first, Some(Slot { imm: high, ..zero() }))
}

fn call(callee: Callee) -> Slot {
    let (src, off, imm) = match callee {
        Callee::Helper(number) => (call::HELPER, 0, number as i32),
        Callee::Local { off } => (call::LOCAL, 0, off),
        Callee::Kfunc { id, off } => (call::KFUNC, off, id as i32),
    };
    Slot { opcode: code::CALL | class::JMP, dst: 0, src, off, imm }
}
