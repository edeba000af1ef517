//! The numbers of the encoding (RFC 9669 §3) and the slot they are packed into.
//!
//! Each table is written once, as a function from a name to its number; `find` inverts it.

use crate::{AluOp, AtomicOp, Endian, JmpOp, Size, Wide, Width};

/// Instruction classes: the low three bits of the opcode.
pub mod class {
    pub const LD: u8 = 0;
    pub const LDX: u8 = 1;
    pub const ST: u8 = 2;
    pub const STX: u8 = 3;
    pub const ALU: u8 = 4;
    pub const JMP: u8 = 5;
    pub const JMP32: u8 = 6;
    pub const ALU64: u8 = 7;
}

/// Modes of load and store instructions: the high three bits of the opcode.
pub mod mode {
    pub const IMM: u8 = 0x00;
    pub const ABS: u8 = 0x20;
    pub const IND: u8 = 0x40;
    pub const MEM: u8 = 0x60;
    pub const MEMSX: u8 = 0x80;
    pub const ATOMIC: u8 = 0xc0;
}

/// Codes of arithmetic and jump instructions that are not in a table below.
pub mod code {
    pub const NEG: u8 = 0x80;
    pub const END: u8 = 0xd0;
    pub const JA: u8 = 0x00;
    pub const CALL: u8 = 0x80;
    pub const EXIT: u8 = 0x90;
    /// `BPF_JCOND` of Linux 6.9 `include/uapi/linux/bpf.h`.
    pub const JCOND: u8 = 0xe0;
}

/// The `src` field of a call (RFC 9669 §4.3.1).
pub mod call {
    pub const HELPER: u8 = 0;
    pub const LOCAL: u8 = 1;
    pub const KFUNC: u8 = 2;
}

/// The `src` field of a 64-bit immediate load (RFC 9669 §5.4).
pub mod wide {
    pub const VALUE: u8 = 0;
    pub const MAP_FD: u8 = 1;
    pub const MAP_VALUE: u8 = 2;
    pub const BTF_ID: u8 = 3;
    pub const FUNC: u8 = 4;
    pub const MAP_IDX: u8 = 5;
    pub const MAP_IDX_VALUE: u8 = 6;
}

/// The opcode bit of arithmetic and jump instructions that makes the second operand a register.
pub const SOURCE_X: u8 = 0x08;
/// The `imm` of a load-acquire, `BPF_LOAD_ACQ` of Linux 6.15 `include/uapi/linux/bpf.h`.
pub const LOAD_ACQUIRE: i32 = 0x100;
/// The `imm` of a store-release, `BPF_STORE_REL` of Linux 6.15 `include/uapi/linux/bpf.h`.
pub const STORE_RELEASE: i32 = 0x110;

/// The code and the `off` field of an arithmetic operation.
pub fn alu(op: AluOp) -> (u8, i16) {
    match op {
        AluOp::Add => (0x00, 0),
        AluOp::Sub => (0x10, 0),
        AluOp::Mul => (0x20, 0),
        AluOp::Div => (0x30, 0),
        AluOp::SDiv => (0x30, 1),
        AluOp::Or => (0x40, 0),
        AluOp::And => (0x50, 0),
        AluOp::Lsh => (0x60, 0),
        AluOp::Rsh => (0x70, 0),
        AluOp::Mod => (0x90, 0),
        AluOp::SMod => (0x90, 1),
        AluOp::Xor => (0xa0, 0),
        AluOp::Mov => (0xb0, 0),
        AluOp::Arsh => (0xc0, 0),
    }
}

/// The code of a condition.
pub fn jmp(op: JmpOp) -> u8 {
    match op {
        JmpOp::Eq => 0x10,
        JmpOp::Gt => 0x20,
        JmpOp::Ge => 0x30,
        JmpOp::Set => 0x40,
        JmpOp::Ne => 0x50,
        JmpOp::SGt => 0x60,
        JmpOp::SGe => 0x70,
        JmpOp::Lt => 0xa0,
        JmpOp::Le => 0xb0,
        JmpOp::SLt => 0xc0,
        JmpOp::SLe => 0xd0,
    }
}

/// The `imm` field of an atomic operation.
pub fn atomic(op: AtomicOp) -> i32 {
    match op {
        AtomicOp::Add => 0x00,
        AtomicOp::Or => 0x40,
        AtomicOp::And => 0x50,
        AtomicOp::Xor => 0xa0,
        AtomicOp::FetchAdd => 0x01,
        AtomicOp::FetchOr => 0x41,
        AtomicOp::FetchAnd => 0x51,
        AtomicOp::FetchXor => 0xa1,
        AtomicOp::Xchg => 0xe1,
        AtomicOp::CmpXchg => 0xf1,
    }
}

/// The `src` field of a 64-bit immediate load, and the `imm` fields of its two slots.
pub fn wide_fields(value: Wide) -> (u8, i32, i32) {
    match value {
        Wide::Value(value) => (wide::VALUE, value as i32, (value >> 32) as i32),
        Wide::MapFd(fd) => (wide::MAP_FD, fd, 0),
        Wide::MapValue { fd, off } => (wide::MAP_VALUE, fd, off as i32),
        Wide::BtfId { id, fd } => (wide::BTF_ID, id as i32, fd as i32),
        Wide::Func { off } => (wide::FUNC, off, 0),
        Wide::MapIdx(idx) => (wide::MAP_IDX, idx as i32, 0),
        Wide::MapIdxValue { idx, off } => (wide::MAP_IDX_VALUE, idx as i32, off as i32),
    }
}

/// The size bits of load and store instructions.
pub fn size(size: Size) -> u8 {
    match size {
        Size::W => 0x00,
        Size::H => 0x08,
        Size::B => 0x10,
        Size::DW => 0x18,
    }
}

/// The class of arithmetic instructions of this width.
pub fn alu_class(width: Width) -> u8 {
    match width {
        Width::W32 => class::ALU,
        Width::W64 => class::ALU64,
    }
}

/// The class of conditional jumps of this width.
pub fn jmp_class(width: Width) -> u8 {
    match width {
        Width::W32 => class::JMP32,
        Width::W64 => class::JMP,
    }
}

/// The name whose number is `wanted`, for inverting the tables above.
pub fn find<T: Copy, N: PartialEq>(all: &[T], number: impl Fn(T) -> N, wanted: N) -> Option<T> {
    all.iter().copied().find(|&name| number(name) == wanted)
}

/// The fields of 8 encoded bytes (RFC 9669 §3.1), not yet given a meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slot {
    pub opcode: u8,
    pub dst: u8,
    pub src: u8,
    pub off: i16,
    pub imm: i32,
}

impl Slot {
    pub const BYTES: usize = 8;

    pub fn to_bytes(self, endian: Endian) -> [u8; Slot::BYTES] {
        let (regs, [o0, o1], [i0, i1, i2, i3]) = match endian {
            Endian::Little => {
                (self.src << 4 | self.dst, self.off.to_le_bytes(), self.imm.to_le_bytes())
            }
            Endian::Big => {
                (self.dst << 4 | self.src, self.off.to_be_bytes(), self.imm.to_be_bytes())
            }
        };
        [self.opcode, regs, o0, o1, i0, i1, i2, i3]
    }

    pub fn from_bytes(bytes: [u8; Slot::BYTES], endian: Endian) -> Slot {
        let [opcode, regs, o0, o1, i0, i1, i2, i3] = bytes;
        let (low, high) = (regs & 0xf, regs >> 4);
        let (off, imm) = ([o0, o1], [i0, i1, i2, i3]);
        match endian {
            Endian::Little => Slot {
                opcode,
                dst: low,
                src: high,
                off: i16::from_le_bytes(off),
                imm: i32::from_le_bytes(imm),
            },
            Endian::Big => Slot {
                opcode,
                dst: high,
                src: low,
                off: i16::from_be_bytes(off),
                imm: i32::from_be_bytes(imm),
            },
        }
    }
}

/// The offset of a move that is a cast between address spaces (`BPF_ADDR_SPACE_CAST`).
pub const ADDR_SPACE_CAST: i16 = 1;
/// Its immediate, the destination above the source: from 1 to 0.
pub const FROM_ARENA: i32 = 1;
/// From 0 to 1.
pub const TO_ARENA: i32 = 1 << 16;
