//! Bytes to instructions. Strict: an unused field that is not zero is an error, so that decoding and
//! encoding again gives the same bytes.

use thiserror::Error;

use crate::opcode::{self, LOAD_ACQUIRE, SOURCE_X, STORE_RELEASE, Slot, call, class, code, mode};
use crate::{
    AluOp, AtomicOp, Callee, Endian, Extension, Insn, JmpOp, LoadType, Narrow, Reg, Size, Src,
    SwapBits, SwapOp, Wide, Width,
};

/// Why some bytes are not an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Malformed {
    /// Fewer than 8 bytes, or fewer than 16 where the opcode asks for them.
    #[error("instruction is cut off after {bytes} bytes")]
    Truncated {
        /// The number of bytes that are there, 0 to 15.
        bytes: u8,
    },
    /// The opcode means nothing.
    #[error("unknown opcode {opcode:#04x}")]
    Opcode {
        /// The first byte.
        opcode: u8,
    },
    /// A register field holds a number above 10.
    #[error("{field} register r{number} does not exist")]
    Register {
        /// `dst` or `src`.
        field: &'static str,
        /// The number found.
        number: u8,
    },
    /// A field has a value without a meaning for this opcode, often one that has to be zero.
    #[error("{field} = {value:#x} has no meaning for opcode {opcode:#04x}")]
    Field {
        /// The first byte.
        opcode: u8,
        /// `dst`, `src`, `off`, `imm`, or `opcode` and so on `of the second slot`.
        field: &'static str,
        /// The value found.
        value: i32,
    },
}

/// Where a program stops being one, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("at byte {offset}: {reason}")]
pub struct DecodeError {
    /// The offset in bytes of the instruction from the start of the program.
    pub offset: u64,
    /// What is wrong with it.
    pub reason: Malformed,
}

/// Decodes a whole program.
pub fn decode_program(bytes: &[u8], endian: Endian) -> Result<Vec<Insn>, DecodeError> {
    let mut insns = Vec::with_capacity(bytes.len() / Slot::BYTES);
    let mut rest = bytes;
    while !rest.is_empty() {
        let offset = (bytes.len() - rest.len()) as u64;
        let insn = decode(rest, endian).map_err(|reason| DecodeError { offset, reason })?;
        insns.push(insn);
        rest = &rest[insn.slots() as usize * Slot::BYTES..];
    }
    Ok(insns)
}

/// Decodes the instruction at the start of `bytes`; [`Insn::slots`] says how long it was.
pub fn decode(bytes: &[u8], endian: Endian) -> Result<Insn, Malformed> {
    let (first, rest) = split_slot(bytes, endian).ok_or_else(|| truncated(bytes))?;
    let fields = Fields(first);
    match first.opcode & 7 {
        class::LD if first.opcode == LOAD_IMM64 => {
            let (second, _) = split_slot(rest, endian).ok_or_else(|| truncated(bytes))?;
            fields.load_imm64(second)
        }
        class::LD => fields.load_packet(),
        class::LDX => fields.load(),
        class::ST => fields.store_imm(),
        class::STX => fields.store(),
        class::ALU => fields.alu(Width::W32),
        class::ALU64 => fields.alu(Width::W64),
        class::JMP => fields.jump(Width::W64),
        _ => fields.jump(Width::W32),
    }
}

const LOAD_IMM64: u8 = 0x18;

fn split_slot(bytes: &[u8], endian: Endian) -> Option<(Slot, &[u8])> {
    let (slot, rest) = bytes.split_first_chunk::<{ Slot::BYTES }>()?;
    Some((Slot::from_bytes(*slot, endian), rest))
}

fn truncated(bytes: &[u8]) -> Malformed {
    Malformed::Truncated { bytes: bytes.len() as u8 }
}

/// A slot being given its meaning. Each method below handles the opcodes of one class.
#[derive(Clone, Copy)]
struct Fields(Slot);

type Decoded = Result<Insn, Malformed>;

impl Fields {
    fn alu(self, width: Width) -> Decoded {
        match self.0.opcode & 0xf0 {
            code::NEG if !self.source_is_reg() => {
                self.zero_src()?.zero_off()?.zero_imm()?;
                Ok(Insn::Neg { width, dst: self.dst()? })
            }
            code::END => self.byte_swap(width),
            MOV if self.source_is_reg()
                && width == Width::W64
                && self.0.off == opcode::ADDR_SPACE_CAST =>
            {
                let to_arena = match self.0.imm {
                    opcode::TO_ARENA => true,
                    opcode::FROM_ARENA => false,
                    _ => return self.zero_imm().and(Err(self.bad_off())),
                };
                Ok(Insn::CastAddrSpace { to_arena, dst: self.dst()?, src: self.src()? })
            }
            MOV if self.source_is_reg() && self.0.off != 0 => self.sign_extend(width),
            code => {
                if opcode::find(&AluOp::ALL, |op| opcode::alu(op).0, code).is_none() {
                    return self.unknown_opcode();
                }
                let op = opcode::find(&AluOp::ALL, opcode::alu, (code, self.0.off))
                    .ok_or(self.bad_off())?;
                Ok(Insn::Alu { width, op, dst: self.dst()?, src: self.operand()? })
            }
        }
    }

    fn sign_extend(self, width: Width) -> Decoded {
        let extension = Extension::new(width, self.0.off as u16 as u32).ok_or(self.bad_off())?;
        self.zero_imm()?;
        Ok(Insn::SignExtend { extension, dst: self.dst()?, src: self.src()? })
    }

    fn byte_swap(self, width: Width) -> Decoded {
        let op = match (width, self.source_is_reg()) {
            (Width::W32, false) => SwapOp::Le,
            (Width::W32, true) => SwapOp::Be,
            (Width::W64, false) => SwapOp::Swap,
            (Width::W64, true) => return self.unknown_opcode(),
        };
        self.zero_src()?.zero_off()?;
        let bits = opcode::find(&SwapBits::ALL, |bits| bits.bits() as i32, self.0.imm)
            .ok_or(self.bad_imm())?;
        Ok(Insn::ByteSwap { op, bits, dst: self.dst()? })
    }

    fn load_imm64(self, second: Slot) -> Decoded {
        use opcode::wide;
        let dst = self.zero_off()?.dst()?;
        for (field, value) in [
            ("opcode of the second slot", i32::from(second.opcode)),
            ("dst of the second slot", i32::from(second.dst)),
            ("src of the second slot", i32::from(second.src)),
            ("off of the second slot", i32::from(second.off)),
        ] {
            self.zero(field, value)?;
        }
        let (low, high) = (self.0.imm, second.imm);
        let no_high = || self.zero("imm of the second slot", high);
        let value = match self.0.src {
            wide::VALUE => Wide::Value(u64::from(high as u32) << 32 | u64::from(low as u32)),
            wide::MAP_FD => no_high().map(|_| Wide::MapFd(low))?,
            wide::MAP_VALUE => Wide::MapValue { fd: low, off: high as u32 },
            wide::BTF_ID => Wide::BtfId { id: low as u32, fd: high as u32 },
            wide::FUNC => no_high().map(|_| Wide::Func { off: low })?,
            wide::MAP_IDX => no_high().map(|_| Wide::MapIdx(low as u32))?,
            wide::MAP_IDX_VALUE => Wide::MapIdxValue { idx: low as u32, off: high as u32 },
            _ => return Err(self.bad_src()),
        };
        Ok(Insn::LoadImm64 { dst, value })
    }

    fn load_packet(self) -> Decoded {
        let size = opcode::find(&Narrow::ALL, Narrow::size, self.size());
        let (Some(size), mode @ (mode::ABS | mode::IND)) = (size, self.mode()) else {
            return self.unknown_opcode();
        };
        self.zero_dst()?.zero_off()?;
        let index = if mode == mode::IND {
            Some(self.src()?)
        } else {
            self.zero_src()?;
            None
        };
        Ok(Insn::LoadPacket { size, index, off: self.0.imm })
    }

    fn load(self) -> Decoded {
        let ty = match self.mode() {
            mode::MEM => Some(LoadType::unsigned(self.size())),
            mode::MEMSX => LoadType::signed(self.size()),
            _ => None,
        };
        let Some(ty) = ty else {
            return self.unknown_opcode();
        };
        self.zero_imm()?;
        Ok(Insn::Load { ty, dst: self.dst()?, base: self.src()?, off: self.0.off })
    }

    fn store_imm(self) -> Decoded {
        if self.mode() != mode::MEM {
            return self.unknown_opcode();
        }
        self.zero_src()?;
        let src = Src::Imm(self.0.imm);
        Ok(Insn::Store { size: self.size(), base: self.dst()?, off: self.0.off, src })
    }

    fn store(self) -> Decoded {
        let (size, off) = (self.size(), self.0.off);
        match self.mode() {
            mode::MEM => {
                let src = Src::Reg(self.zero_imm()?.src()?);
                Ok(Insn::Store { size, base: self.dst()?, off, src })
            }
            mode::ATOMIC => self.atomic(),
            _ => self.unknown_opcode(),
        }
    }

    fn atomic(self) -> Decoded {
        let (size, dst, src, off) = (self.size(), self.dst()?, self.src()?, self.0.off);
        match self.0.imm {
            LOAD_ACQUIRE => {
                return Ok(Insn::LoadAcquire { size, dst, base: src, off });
            }
            STORE_RELEASE => {
                return Ok(Insn::StoreRelease { size, base: dst, off, src });
            }
            _ => {}
        }
        let width = match size {
            Size::W => Width::W32,
            Size::DW => Width::W64,
            Size::B | Size::H => return Err(self.bad_imm()),
        };
        let op = opcode::find(&AtomicOp::ALL, opcode::atomic, self.0.imm).ok_or(self.bad_imm())?;
        Ok(Insn::Atomic { op, width, base: dst, off, src })
    }

    fn jump(self, width: Width) -> Decoded {
        let off = self.0.off;
        if let Some(op) = opcode::find(&JmpOp::ALL, opcode::jmp, self.0.opcode & 0xf0) {
            let (dst, src) = (self.dst()?, self.operand()?);
            return Ok(Insn::JumpIf { width, op, dst, src, off });
        }
        if self.source_is_reg() {
            return self.unknown_opcode();
        }
        match (self.0.opcode & 0xf0, width) {
            (code::JA, Width::W64) => {
                self.zero_dst()?.zero_src()?.zero_imm()?;
                Ok(Insn::Jump { off })
            }
            (code::JA, Width::W32) => {
                self.zero_dst()?.zero_src()?.zero_off()?;
                Ok(Insn::JumpLong { off: self.0.imm })
            }
            (code::JCOND, Width::W64) => {
                self.zero_dst()?.zero_src()?.zero_imm()?;
                Ok(Insn::MayGoto { off })
            }
            (code::CALL, Width::W64) => self.zero_dst()?.call(),
            (code::EXIT, Width::W64) => {
                self.zero_dst()?.zero_src()?.zero_off()?.zero_imm()?;
                Ok(Insn::Exit)
            }
            _ => self.unknown_opcode(),
        }
    }

    fn call(self) -> Decoded {
        let imm = self.0.imm;
        let callee = match self.0.src {
            call::HELPER => self.zero_off().map(|_| Callee::Helper(imm as u32))?,
            call::LOCAL => self.zero_off().map(|_| Callee::Local { off: imm })?,
            call::KFUNC => Callee::Kfunc { id: imm as u32, off: self.0.off },
            _ => return Err(self.bad_src()),
        };
        Ok(Insn::Call(callee))
    }
}

const MOV: u8 = 0xb0;

/// Reading single fields.
impl Fields {
    fn mode(self) -> u8 {
        self.0.opcode & 0xe0
    }

    fn size(self) -> Size {
        match self.0.opcode & 0x18 {
            0x00 => Size::W,
            0x08 => Size::H,
            0x10 => Size::B,
            _ => Size::DW,
        }
    }

    fn source_is_reg(self) -> bool {
        self.0.opcode & SOURCE_X != 0
    }

    /// The second operand of an arithmetic operation or a condition.
    fn operand(self) -> Result<Src, Malformed> {
        if self.source_is_reg() {
            Ok(Src::Reg(self.zero_imm()?.src()?))
        } else {
            Ok(Src::Imm(self.zero_src()?.0.imm))
        }
    }

    fn dst(self) -> Result<Reg, Malformed> {
        Reg::new(self.0.dst).ok_or(Malformed::Register { field: "dst", number: self.0.dst })
    }

    fn src(self) -> Result<Reg, Malformed> {
        Reg::new(self.0.src).ok_or(Malformed::Register { field: "src", number: self.0.src })
    }

    fn zero_dst(self) -> Result<Fields, Malformed> {
        self.zero("dst", i32::from(self.0.dst))
    }

    fn zero_src(self) -> Result<Fields, Malformed> {
        self.zero("src", i32::from(self.0.src))
    }

    fn zero_off(self) -> Result<Fields, Malformed> {
        self.zero("off", i32::from(self.0.off))
    }

    fn zero_imm(self) -> Result<Fields, Malformed> {
        self.zero("imm", self.0.imm)
    }

    fn zero(self, field: &'static str, value: i32) -> Result<Fields, Malformed> {
        if value == 0 { Ok(self) } else { Err(self.bad(field, value)) }
    }

    fn bad_src(self) -> Malformed {
        self.bad("src", i32::from(self.0.src))
    }

    fn bad_off(self) -> Malformed {
        self.bad("off", i32::from(self.0.off))
    }

    fn bad_imm(self) -> Malformed {
        self.bad("imm", self.0.imm)
    }

    fn bad(self, field: &'static str, value: i32) -> Malformed {
        Malformed::Field { opcode: self.0.opcode, field, value }
    }

    fn unknown_opcode(self) -> Decoded {
        Err(Malformed::Opcode { opcode: self.0.opcode })
    }
}
