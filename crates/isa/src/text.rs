//! One instruction as text, in the pseudo-C of LLVM and of the kernel's verifier log.

use std::fmt::{self, Display, Formatter};

use crate::{AtomicOp, Callee, Insn, Reg, Size, Src, Wide, Width, opcode};

/// Whose text to produce.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Syntax {
    /// LLVM's, except where that does not tell instructions apart: local functions are called as
    /// `call pc+0x5`, kernel functions as `call kfunc#12`, symbolic 64-bit immediates use the words of
    /// RFC 9669 §5.4 such as `map_by_fd(3)`, and an indirect packet load shows its offset. It
    /// determines the instruction; [`crate::assemble`] reads it back.
    #[default]
    Plain,
    /// Exactly that of `llvm-objdump -d --mcpu=v4` of LLVM 19.
    Llvm,
    /// That of the kernel's log (`kernel/bpf/disasm.c`), without the opcode in parentheses.
    Kernel,
}

/// An instruction that knows how to print itself. Made by [`Insn::text`].
#[derive(Clone, Copy, Debug)]
pub struct InsnText<'a> {
    insn: Insn,
    syntax: Syntax,
    symbol: Option<&'a str>,
}

impl Insn {
    /// The text of the instruction.
    pub fn text(&self, syntax: Syntax) -> InsnText<'static> {
        InsnText { insn: *self, syntax, symbol: None }
    }
}

impl InsnText<'_> {
    /// Names the one symbolic operand an instruction can have: the target of a jump, the callee of a
    /// call, what a 64-bit immediate load points to. Others ignore it.
    pub fn with_symbol(self, symbol: Option<&str>) -> InsnText<'_> {
        InsnText { insn: self.insn, syntax: self.syntax, symbol }
    }
}

/// The text in [`Syntax::Plain`].
impl Display for Insn {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.text(Syntax::Plain).fmt(f)
    }
}

impl Display for InsnText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.insn {
            Insn::Alu { width, op, dst, src } => {
                write!(f, "{} {} {}", view(width, dst), op.symbol(), self.src(width, src))
            }
            Insn::Neg { width, dst } => write!(f, "{0} = -{0}", view(width, dst)),
            Insn::SignExtend { extension, dst, src } => {
                let width = extension.width();
                write!(f, "{} = (s{}){}", view(width, dst), extension.bits(), view(width, src))
            }
            Insn::CastAddrSpace { to_arena, dst, src } => {
                let (to, from) = if to_arena { (1, 0) } else { (0, 1) };
                write!(f, "{dst} = addr_space_cast({src}, {to:#x}, {from:#x})")
            }
            Insn::ByteSwap { op, bits, dst } => {
                write!(f, "{dst} = {}{} {dst}", op.symbol(), bits.bits())
            }
            Insn::LoadImm64 { dst, value } => self.load_imm64(f, dst, value),
            Insn::Load { ty, dst, base, off } => {
                let seen = if ty.is_signed() { Size::DW } else { ty.size() };
                write!(f, "{} = *({ty} *){}", self.part(seen, dst), self.address(base, off))
            }
            Insn::Store { size, base, off, src } => {
                write!(f, "*({size} *){} = ", self.address(base, off))?;
                match src {
                    Src::Reg(src) => self.part(size, src).fmt(f),
                    Src::Imm(imm) => self.imm(imm).fmt(f),
                }
            }
            Insn::Atomic { op, width, base, off, src } => {
                self.atomic(f, op, width, (base, off), src)
            }
            Insn::LoadAcquire { size, dst, base, off } => {
                let (dst, address) = (self.part(size, dst), self.address(base, off));
                write!(f, "{dst} = load_acquire(({size} *){address})")
            }
            Insn::StoreRelease { size, base, off, src } => {
                let (src, address) = (self.part(size, src), self.address(base, off));
                write!(f, "store_release(({size} *){address}, {src})")
            }
            Insn::LoadPacket { size, index, off } => {
                write!(f, "r0 = *({} *)skb[{}]", size.size(), self.packet_place(index, off))
            }
            Insn::Jump { off } => self.jump(f, "goto", i32::from(off)),
            Insn::JumpLong { off } => self.jump(f, "gotol", off),
            Insn::MayGoto { off } => self.jump(f, "may_goto", i32::from(off)),
            Insn::JumpIf { width, op, dst, src, off } => {
                write!(f, "if {} {} ", view(width, dst), op.symbol())?;
                match (self.syntax, src) {
                    (Syntax::Kernel, Src::Imm(imm)) => write!(f, "{imm:#x} ")?,
                    _ => write!(f, "{} ", self.src(width, src))?,
                }
                self.jump(f, "goto", i32::from(off))
            }
            Insn::Call(callee) => self.call(f, callee),
            Insn::Exit => f.write_str("exit"),
        }
    }
}

impl InsnText<'_> {
    fn load_imm64(&self, f: &mut Formatter<'_>, dst: Reg, value: Wide) -> fmt::Result {
        let (pseudo, low, high) = opcode::wide_fields(value);
        match (self.syntax, self.symbol) {
            (Syntax::Plain, symbol) => {
                match symbol {
                    Some(symbol) => write!(f, "{dst} = {symbol}")?,
                    None => write!(f, "{dst} = {}", wide_base(value))?,
                }
                match wide_off(value) {
                    Some(off) if off != 0 || symbol.is_none() => write!(f, " + {off:#x} ll"),
                    _ => f.write_str(" ll"),
                }
            }
            (Syntax::Llvm, _) => {
                match value {
                    Wide::Value(value) => write!(f, "{dst} = {} ll", hex(value as i64))?,
                    _ => write!(f, "ld_pseudo\t{dst}, {pseudo:#x}, {low:#x}")?,
                }
                self.trailing_symbol(f)
            }
            (Syntax::Kernel, Some(symbol)) => write!(f, "{dst} = {symbol}"),
            (Syntax::Kernel, None) => {
                write!(f, "{dst} = {:#x}", u64::from(high as u32) << 32 | u64::from(low as u32))
            }
        }
    }

    fn packet_place(&self, index: Option<Reg>, off: i32) -> impl Display {
        fmt::from_fn(move |f| match (index, self.syntax) {
            (None, _) => self.imm(off).fmt(f),
            (Some(index), Syntax::Kernel) => write!(f, "{index} + {off}"),
            (Some(index), Syntax::Plain) if off != 0 => {
                write!(f, "{index} {}", displacement(off))
            }
            (Some(index), Syntax::Plain | Syntax::Llvm) => index.fmt(f),
        })
    }

    fn atomic(
        &self,
        f: &mut Formatter<'_>,
        op: AtomicOp,
        width: Width,
        (base, off): (Reg, i16),
        src: Reg,
    ) -> fmt::Result {
        let (size, word) = (width.size(), op.symbol());
        let (r0, src) = (self.part(size, Reg::R0), self.part(size, src));
        let pointer = fmt::from_fn(|f| write!(f, "({size} *){}", self.address(base, off)));
        if !op.fetches() {
            return write!(f, "lock *{pointer} {word} {src}");
        }
        if self.syntax == Syntax::Kernel {
            let atomic = if width == Width::W64 { "atomic64" } else { "atomic" };
            return match op {
                AtomicOp::CmpXchg => write!(f, "{r0} = {atomic}_{word}({pointer}, {r0}, {src})"),
                AtomicOp::Xchg => write!(f, "{src} = {atomic}_{word}({pointer}, {src})"),
                _ => write!(f, "{src} = {atomic}_fetch_{word}({pointer}, {src})"),
            };
        }
        let bits = if width == Width::W64 { "_64" } else { "32_32" };
        let off = displacement(off.into());
        match op {
            AtomicOp::CmpXchg => write!(f, "{r0} = {word}{bits}({base} {off}, {r0}, {src})"),
            AtomicOp::Xchg => write!(f, "{src} = {word}{bits}({base} {off}, {src})"),
            _ => write!(f, "{src} = atomic_fetch_{word}({pointer}, {src})"),
        }
    }

    fn jump(&self, f: &mut Formatter<'_>, verb: &str, off: i32) -> fmt::Result {
        match (self.syntax, self.symbol) {
            (Syntax::Plain | Syntax::Kernel, Some(symbol)) => write!(f, "{verb} {symbol}"),
            (Syntax::Kernel, None) => write!(f, "{verb} pc{off:+}"),
            (Syntax::Plain | Syntax::Llvm, _) => {
                write!(f, "{verb} {}", distance(off))?;
                self.trailing_symbol(f)
            }
        }
    }

    fn call(&self, f: &mut Formatter<'_>, callee: Callee) -> fmt::Result {
        f.write_str("call ")?;
        match (self.syntax, callee, self.symbol) {
            (Syntax::Plain, _, Some(symbol)) => f.write_str(symbol),
            (Syntax::Plain, Callee::Helper(number), None) => self.imm(number as i32).fmt(f),
            (Syntax::Plain, Callee::Local { off }, None) => write!(f, "pc{}", distance(off)),
            (Syntax::Plain, Callee::Kfunc { id, off: 0 }, None) => write!(f, "kfunc#{id}"),
            (Syntax::Plain, Callee::Kfunc { id, off }, None) => write!(f, "kfunc#{id}:{off}"),
            (Syntax::Llvm, _, _) => {
                let imm = match callee {
                    Callee::Helper(number) => number as i32,
                    Callee::Local { off } => off,
                    Callee::Kfunc { id, .. } => id as i32,
                };
                self.imm(imm).fmt(f)?;
                self.trailing_symbol(f)
            }
            (Syntax::Kernel, Callee::Helper(number), symbol) => {
                write!(f, "{}#{}", symbol.unwrap_or("unknown"), number as i32)
            }
            (Syntax::Kernel, Callee::Kfunc { id, .. }, symbol) => {
                write!(f, "{}#{}", symbol.unwrap_or("kernel-function"), id as i32)
            }
            (Syntax::Kernel, Callee::Local { off }, None) => write!(f, "pc{off:+}"),
            (Syntax::Kernel, Callee::Local { off }, Some(symbol)) => {
                write!(f, "pc{off:+}#{symbol}")
            }
        }
    }

    /// The way `llvm-objdump` shows what a number refers to.
    fn trailing_symbol(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match (self.syntax, self.symbol) {
            (Syntax::Llvm, Some(symbol)) => write!(f, " <{symbol}>"),
            _ => Ok(()),
        }
    }
}

/// Operands.
impl InsnText<'_> {
    /// A register that a memory access of `size` reads or fills; the kernel always prints the whole.
    fn part(&self, size: Size, reg: Reg) -> impl Display + use<> {
        let whole = size == Size::DW || self.syntax == Syntax::Kernel;
        view(if whole { Width::W64 } else { Width::W32 }, reg)
    }

    fn src(&self, width: Width, src: Src) -> impl Display {
        fmt::from_fn(move |f| match src {
            Src::Reg(reg) => view(width, reg).fmt(f),
            Src::Imm(imm) => self.imm(imm).fmt(f),
        })
    }

    fn imm(&self, imm: i32) -> impl Display {
        fmt::from_fn(move |f| match self.syntax {
            Syntax::Kernel => imm.fmt(f),
            Syntax::Plain | Syntax::Llvm => hex(i64::from(imm)).fmt(f),
        })
    }

    /// `(r1 + 0x8)`
    fn address(&self, base: Reg, off: i16) -> impl Display {
        fmt::from_fn(move |f| match self.syntax {
            Syntax::Kernel => write!(f, "({base} {off:+})"),
            Syntax::Plain | Syntax::Llvm => write!(f, "({base} {})", displacement(off.into())),
        })
    }
}

/// `r1` or `w1`.
fn view(width: Width, reg: Reg) -> impl Display {
    fmt::from_fn(move |f| match width {
        Width::W32 => write!(f, "w{}", reg.number()),
        Width::W64 => reg.fmt(f),
    })
}

/// `0x5` or `-0x5`.
fn hex(number: i64) -> impl Display {
    let sign = if number < 0 { "-" } else { "" };
    fmt::from_fn(move |f| write!(f, "{sign}{:#x}", number.unsigned_abs()))
}

/// `+0x5` or `-0x5`.
fn distance(off: i32) -> impl Display {
    let sign = if off < 0 { "" } else { "+" };
    fmt::from_fn(move |f| write!(f, "{sign}{}", hex(off.into())))
}

/// `+ 0x5` or `- 0x5`.
fn displacement(off: i32) -> impl Display {
    let sign = if off < 0 { '-' } else { '+' };
    fmt::from_fn(move |f| write!(f, "{sign} {:#x}", off.unsigned_abs()))
}

/// A 64-bit immediate without the displacement, in the words of RFC 9669 §5.4.
fn wide_base(value: Wide) -> impl Display {
    fmt::from_fn(move |f| match value {
        Wide::Value(value) => hex(value as i64).fmt(f),
        Wide::MapFd(fd) => write!(f, "map_by_fd({fd})"),
        Wide::MapValue { fd, .. } => write!(f, "map_val(map_by_fd({fd}))"),
        Wide::BtfId { id, fd: 0 } => write!(f, "var_addr({id})"),
        Wide::BtfId { id, fd } => write!(f, "var_addr({id}, {fd})"),
        Wide::Func { off } => write!(f, "code_addr(pc{})", distance(off)),
        Wide::MapIdx(idx) => write!(f, "map_by_idx({idx})"),
        Wide::MapIdxValue { idx, .. } => write!(f, "map_val(map_by_idx({idx}))"),
    })
}

/// The displacement of an address inside a map's value.
fn wide_off(value: Wide) -> Option<u32> {
    match value {
        Wide::MapValue { off, .. } | Wide::MapIdxValue { off, .. } => Some(off),
        _ => None,
    }
}
