//! The text form: the disassembler's pseudo-C with virtual registers, blocks and names of
//! slots, globals and functions.

use super::*;
use crate::ir::Callee;
use bpfc_isa::{AluOp, AtomicOp, JmpOp, LoadType, Size, SwapOp, Width};
use std::fmt::{self, Display, Formatter};

impl<R: Copy + Display> Display for Func<R> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "func {} {:?} {{", self.id, self.name)?;
        for (id, slot) in self.slots.iter_enumerated() {
            writeln!(f, "  {id}: size {} align {}", slot.size, slot.align)?;
        }
        for &id in &self.layout {
            let block = &self.blocks[id];
            writeln!(f, "{id}:")?;
            for inst in &block.insts {
                write!(f, "  {}", inst.op)?;
                if let Some(core) = inst.core {
                    write!(f, " ; {core}")?;
                }
                writeln!(f)?;
            }
            writeln!(f, "  {}", block.term)?;
        }
        writeln!(f, "}}")
    }
}

impl<R: Display> Display for Source<R> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Source::Reg(reg) => reg.fmt(f),
            Source::Imm(imm) => imm.fmt(f),
        }
    }
}

impl<R: Display> Display for Address<R> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.base {
            Base::Reg(reg) => write!(f, "({reg} {:+})", self.offset),
            Base::Slot(slot) => write!(f, "({slot} {:+})", self.offset),
        }
    }
}

impl Display for Symbol {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Symbol::Global(id, 0) => write!(f, "{id}"),
            Symbol::Global(id, offset) => write!(f, "{id}{offset:+}"),
            Symbol::Func(id) => write!(f, "{id}"),
        }
    }
}

/// `32` after operators on half registers.
fn suffix(width: Width) -> &'static str {
    match width {
        Width::W32 => ".32",
        Width::W64 => "",
    }
}

fn alu(op: AluOp) -> &'static str {
    match op {
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

fn condition(op: JmpOp) -> &'static str {
    match op {
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

fn size(size: Size) -> &'static str {
    match size {
        Size::B => "u8",
        Size::H => "u16",
        Size::W => "u32",
        Size::DW => "u64",
    }
}

fn load_type(ty: LoadType) -> &'static str {
    match ty {
        LoadType::S8 => "s8",
        LoadType::S16 => "s16",
        LoadType::S32 => "s32",
        ty => size(ty.size()),
    }
}

fn swap(op: SwapOp) -> &'static str {
    match op {
        SwapOp::Le => "le",
        SwapOp::Be => "be",
        SwapOp::Swap => "bswap",
    }
}

fn atomic(op: AtomicOp) -> &'static str {
    match op {
        AtomicOp::Add => "add",
        AtomicOp::Or => "or",
        AtomicOp::And => "and",
        AtomicOp::Xor => "xor",
        AtomicOp::FetchAdd => "fetch_add",
        AtomicOp::FetchOr => "fetch_or",
        AtomicOp::FetchAnd => "fetch_and",
        AtomicOp::FetchXor => "fetch_xor",
        AtomicOp::Xchg => "xchg",
        AtomicOp::CmpXchg => "cmpxchg",
    }
}

impl<R: Copy + Display> Display for Op<R> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Op::Alu { width, op, dst, src } => {
                write!(f, "{dst} {}{} {src}", alu(*op), suffix(*width))
            }
            Op::Neg { width, dst } => write!(f, "{dst} = -{}{dst}", suffix(*width)),
            Op::SignExtend { extension, dst, src } => {
                let (bits, width) = (extension.bits(), suffix(extension.width()));
                write!(f, "{dst} ={width} (s{bits}){src}")
            }
            Op::ByteSwap { op, bits, dst } => {
                write!(f, "{dst} = {}{} {dst}", swap(*op), bits.bits())
            }
            Op::LoadImm { dst, value } => write!(f, "{dst} = {value:#x} ll"),
            Op::LoadSymbol { dst, symbol } => write!(f, "{dst} = {symbol} ll"),
            Op::SlotAddr { dst, slot, offset } => write!(f, "{dst} = &({slot} {offset:+})"),
            Op::Load { ty, dst, address, .. } => {
                write!(f, "{dst} = *({} *){address}", load_type(*ty))
            }
            Op::Store { size: s, address, src } => write!(f, "*({} *){address} = {src}", size(*s)),
            Op::LoadAcquire { size: s, dst, address } => {
                write!(f, "{dst} = load_acquire(({} *){address})", size(*s))
            }
            Op::StoreRelease { size: s, address, src } => {
                write!(f, "store_release(({} *){address}, {src})", size(*s))
            }
            Op::Atomic { op, width, address, src } => {
                write!(f, "{}(({} *){address}, {src})", atomic(*op), size(width.size()))
            }
            Op::LoadPacket { size: s, index, off } => {
                write!(f, "r0 = *({} *)skb[", size(s.size()))?;
                if let Some(index) = index {
                    write!(f, "{index} + ")?;
                }
                write!(f, "{off}]")
            }
            Op::Asm { asm, regs, uses, defs } => {
                write!(f, "asm {asm}(")?;
                for (at, (reg, role, is_early)) in regs.iter().enumerate() {
                    let comma = if at == 0 { "" } else { ", " };
                    let sign = match role {
                        Role::Use => "",
                        Role::Def => "=",
                        Role::UseDef => "+",
                    };
                    let early = if is_early { "&" } else { "" };
                    write!(f, "{comma}{sign}{early}{reg}")?;
                }
                write!(f, ") uses {uses} defs {defs}")
            }
            Op::Call { callee, n_args } => match callee {
                Callee::Func(id) => write!(f, "call {id}/{n_args}"),
                Callee::Helper(n) => write!(f, "call helper {n}/{n_args}"),
                Callee::Indirect => write!(f, "call indirect/{n_args}"),
                Callee::Memory(op) => write!(f, "call {}/{n_args}", op.name()),
            },
        }
    }
}

impl<R: Copy + Display> Display for Term<R> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Term::Jump(target) => write!(f, "goto {target}"),
            Term::Branch { op, width, lhs, rhs, then, otherwise } => {
                let (op, width) = (condition(*op), suffix(*width));
                write!(f, "if {lhs} {op}{width} {rhs} goto {then} else {otherwise}")
            }
            Term::AsmExit { label, then, otherwise } => {
                write!(f, "asm goto {label}: {then} else {otherwise}")
            }
            Term::Nowhere => f.write_str("nowhere"),
            Term::Exit { has_value: true } => f.write_str("exit r0"),
            Term::Exit { has_value: false } => f.write_str("exit"),
        }
    }
}
