//! How the parts of instructions are spelled, for the disassembler and the assembler alike.

use std::fmt;

use crate::{AluOp, AtomicOp, Cpu, JmpOp, LoadType, Size, SwapOp};

impl AluOp {
    /// The assignment operator: `+=`, `s/=`, and `=` for [`AluOp::Mov`].
    pub fn symbol(self) -> &'static str {
        match self {
            AluOp::Add => "+=",
            AluOp::Sub => "-=",
            AluOp::Mul => "*=",
            AluOp::Div => "/=",
            AluOp::SDiv => "s/=",
            AluOp::Mod => "%=",
            AluOp::SMod => "s%=",
            AluOp::Or => "|=",
            AluOp::And => "&=",
            AluOp::Xor => "^=",
            AluOp::Lsh => "<<=",
            AluOp::Rsh => ">>=",
            AluOp::Arsh => "s>>=",
            AluOp::Mov => "=",
        }
    }
}

impl JmpOp {
    /// The comparison operator: `==`, `s>`, `&`.
    pub fn symbol(self) -> &'static str {
        match self {
            JmpOp::Eq => "==",
            JmpOp::Ne => "!=",
            JmpOp::Set => "&",
            JmpOp::Gt => ">",
            JmpOp::Ge => ">=",
            JmpOp::Lt => "<",
            JmpOp::Le => "<=",
            JmpOp::SGt => "s>",
            JmpOp::SGe => "s>=",
            JmpOp::SLt => "s<",
            JmpOp::SLe => "s<=",
        }
    }
}

impl SwapOp {
    /// The operation without its size: `le`, `be`, `bswap`.
    pub fn symbol(self) -> &'static str {
        match self {
            SwapOp::Le => "le",
            SwapOp::Be => "be",
            SwapOp::Swap => "bswap",
        }
    }
}

impl AtomicOp {
    /// The assignment operator of an operation that does not fetch: `+=`, `|=`, `&=`, `^=`; otherwise
    /// the word in its name: `add`, `xchg`.
    pub fn symbol(self) -> &'static str {
        match self {
            AtomicOp::Add => "+=",
            AtomicOp::Or => "|=",
            AtomicOp::And => "&=",
            AtomicOp::Xor => "^=",
            AtomicOp::FetchAdd => "add",
            AtomicOp::FetchOr => "or",
            AtomicOp::FetchAnd => "and",
            AtomicOp::FetchXor => "xor",
            AtomicOp::Xchg => "xchg",
            AtomicOp::CmpXchg => "cmpxchg",
        }
    }
}

impl LoadType {
    /// The C type: `u8` to `u64`, `s8` to `s32`.
    pub fn symbol(self) -> &'static str {
        match self {
            LoadType::U8 => "u8",
            LoadType::U16 => "u16",
            LoadType::U32 => "u32",
            LoadType::U64 => "u64",
            LoadType::S8 => "s8",
            LoadType::S16 => "s16",
            LoadType::S32 => "s32",
        }
    }
}

impl fmt::Display for LoadType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol())
    }
}

/// The unsigned C type: `u8` to `u64`.
impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        LoadType::unsigned(*self).fmt(f)
    }
}

/// The name in `-mcpu`: `v1` to `v4`.
impl fmt::Display for Cpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cpu::V1 => "v1",
            Cpu::V2 => "v2",
            Cpu::V3 => "v3",
            Cpu::V4 => "v4",
        })
    }
}
