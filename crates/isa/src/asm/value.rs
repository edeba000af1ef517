//! What can stand after `r1 =`.

use super::lex::{Kind, Token};
use super::operand::View;
use super::parse::{Parsed, Parser, Reference};
use crate::{
    AluOp, AtomicOp, Extension, Insn, LoadType, Narrow, Reg, Size, Src, SwapBits, SwapOp, Wide,
    Width,
};

const WIDE: &str = "a 64-bit immediate";

impl Parser<'_, '_> {
    /// What can be assigned with `=`.
    pub fn value(&mut self, dst: View) -> Parsed<Insn> {
        let View { width, reg, .. } = dst;
        let mov = |src| Insn::Alu { width, op: AluOp::Mov, dst: reg, src };
        match self.peek() {
            Token { text: "*", .. } => self.load(dst),
            Token { text: "(", .. } if self.peek_second().is_word() => self.sign_extend(dst),
            Token { text: "-", .. } if self.peek_second().is_word() => {
                self.bump();
                self.again(dst)?;
                Ok(Insn::Neg { width, dst: reg })
            }
            Token { kind: Kind::Word, text, .. } => {
                if let Some(src) = self.eat_register_in(width)? {
                    return Ok(mov(Src::Reg(src)));
                }
                self.named_value(dst, text)
            }
            _ => {
                let literal = self.number()?;
                if self.peek().text != "ll" {
                    return Ok(mov(Src::Imm(self.fit_immediate(literal, width)?)));
                }
                let value = self
                    .fit::<u64>(literal, WIDE)
                    .or_else(|_| self.fit::<i64>(literal, WIDE).map(|number| number as u64))?;
                self.load_imm64(dst, Wide::Value(value))
            }
        }
    }

    /// `(s8)r2`
    fn sign_extend(&mut self, dst: View) -> Parsed<Insn> {
        let View { width, reg, .. } = dst;
        self.bump();
        let bits = self.peek().text.strip_prefix('s').and_then(|bits| bits.parse().ok());
        let Some(extension) = bits.and_then(|bits| Extension::new(width, bits)) else {
            let narrower = if width == Width::W64 { ", `s16` or `s32`" } else { " or `s16`" };
            return Err(self.expected(format_args!("`s8`{narrower}")));
        };
        self.bump();
        self.expect(")")?;
        let src = self.register()?;
        Ok(Insn::SignExtend { extension, dst: reg, src: self.in_width(src, width)? })
    }

    /// `addr_space_cast(r2, 0, 1)`
    fn cast_addr_space(&mut self, dst: View) -> Parsed<Insn> {
        self.bump();
        self.expect("(")?;
        let src = self.register()?;
        let src = self.in_width(src, Width::W64)?;
        let mut space = || {
            self.expect(",")?;
            let literal = self.number()?;
            self.fit::<u16>(literal, "an address space")
        };
        let spaces = (space()?, space()?);
        let to_arena = match spaces {
            (1, 0) => true,
            (0, 1) => false,
            _ => return Err(self.expected("the address spaces 0 and 1")),
        };
        self.expect(")")?;
        let dst = self.in_width(dst, Width::W64)?;
        Ok(Insn::CastAddrSpace { to_arena, dst, src })
    }

    /// `*(u32 *)(r2 + 4)`, `*(u32 *)skb[4]`, `*(u32 *)skb[r2 + 4]`
    fn load(&mut self, dst: View) -> Parsed<Insn> {
        self.bump();
        let type_column = self.peek_second().column;
        let ty = self.load_type()?;
        if self.eat("skb") {
            let size = Narrow::ALL.into_iter().find(|size| LoadType::unsigned(size.size()) == ty);
            let size = size.ok_or_else(|| self.expected_at(type_column, "`u8`, `u16` or `u32`"))?;
            self.in_width(dst, Width::W64)?;
            self.require(dst, Reg::R0)?;
            return self.load_packet(size);
        }
        let dst = self.part(dst, if ty.is_signed() { Size::DW } else { ty.size() })?;
        let (base, off) = self.address()?;
        Ok(Insn::Load { ty, dst, base, off })
    }

    fn load_packet(&mut self, size: Narrow) -> Parsed<Insn> {
        self.expect("[")?;
        let index = self.eat_register_in(Width::W64)?;
        let off = if index.is_some() && !self.at_sign() { 0 } else { self.immediate(Width::W64)? };
        self.expect("]")?;
        Ok(Insn::LoadPacket { size, index, off })
    }

    /// What starts with a word that is not a register.
    fn named_value(&mut self, dst: View, word: &str) -> Parsed<Insn> {
        if let Some((op, bits)) = byte_swap(word) {
            self.bump();
            self.in_width(dst, Width::W64)?;
            return Ok(Insn::ByteSwap { op, bits, dst: self.again(dst)? });
        }
        if self.peek_second().text != "(" {
            self.symbol()?;
            return self.load_imm64(dst, Wide::Func { off: 0 });
        }
        match (word, atomic(word)) {
            ("addr_space_cast", _) => self.cast_addr_space(dst),
            ("load_acquire", _) => {
                self.bump();
                self.expect("(")?;
                let size = self.size()?;
                let (base, off) = self.address()?;
                self.expect(")")?;
                Ok(Insn::LoadAcquire { size, dst: self.part(dst, size)?, base, off })
            }
            (_, Some((op, width))) => {
                self.bump();
                self.fetch(dst, op, width)
            }
            (_, None) => {
                let value = self.wide()?;
                self.load_imm64(dst, value)
            }
        }
    }

    /// The arguments of `atomic_fetch_add((u64 *)(r1 + 8), r2)`, or, where the name tells the width,
    /// of `xchg_64(r1 + 8, r2)` and `cmpxchg_64(r1 + 8, r0, r2)`.
    fn fetch(&mut self, dst: View, op: AtomicOp, width: Option<Width>) -> Parsed<Insn> {
        self.expect("(")?;
        let (width, (base, off)) = match width {
            Some(width) => (width, self.place()?),
            None => (self.atomic_type()?, self.address()?),
        };
        self.expect(",")?;
        let size = width.size();
        self.part(dst, size)?;
        if op == AtomicOp::CmpXchg {
            let old = self.register()?;
            self.part(old, size)?;
            self.require(old, Reg::R0)?;
            self.expect(",")?;
        }
        let src = self.register_part(size)?;
        self.expect(")")?;
        self.require(dst, if op == AtomicOp::CmpXchg { Reg::R0 } else { src })?;
        Ok(Insn::Atomic { op, width, base, off, src })
    }

    /// The end of a 64-bit immediate load.
    fn load_imm64(&mut self, dst: View, value: Wide) -> Parsed<Insn> {
        self.expect("ll")?;
        Ok(Insn::LoadImm64 { dst: self.in_width(dst, Width::W64)?, value })
    }

    /// `name`, `name + 8`
    fn symbol(&mut self) -> Parsed<()> {
        self.name();
        if self.peek().text == "+" {
            let addend = self.u32()?;
            self.reference = self.reference.take().map(|name| Reference { addend, ..name });
        }
        Ok(())
    }

    /// A symbolic 64-bit immediate in the words of RFC 9669 §5.4.
    fn wide(&mut self) -> Parsed<Wide> {
        match self.peek().text {
            "map_val" => {
                self.bump();
                self.expect("(")?;
                let map = self.map()?;
                self.expect(")")?;
                let off = if self.eat("+") { self.u32()? } else { 0 };
                Ok(match map {
                    Map::Fd(fd) => Wide::MapValue { fd, off },
                    Map::Idx(idx) => Wide::MapIdxValue { idx, off },
                })
            }
            "var_addr" => {
                self.bump();
                self.expect("(")?;
                let id = self.u32()?;
                let fd = if self.eat(",") { self.u32()? } else { 0 };
                self.expect(")")?;
                Ok(Wide::BtfId { id, fd })
            }
            "code_addr" => {
                self.bump();
                self.expect("(")?;
                let off = self.far_target()?;
                self.expect(")")?;
                Ok(Wide::Func { off })
            }
            _ => Ok(match self.map()? {
                Map::Fd(fd) => Wide::MapFd(fd),
                Map::Idx(idx) => Wide::MapIdx(idx),
            }),
        }
    }

    /// `map_by_fd(3)`, `map_by_idx(3)`
    fn map(&mut self) -> Parsed<Map> {
        let by_fd = self.eat("map_by_fd");
        if !by_fd && !self.eat("map_by_idx") {
            return Err(self.expected("`map_by_fd` or `map_by_idx`"));
        }
        self.expect("(")?;
        let map = if by_fd { Map::Fd(self.i32()?) } else { Map::Idx(self.u32()?) };
        self.expect(")")?;
        Ok(map)
    }
}

/// How a map is named by number.
enum Map {
    Fd(i32),
    Idx(u32),
}

/// `le16` to `bswap64`.
fn byte_swap(word: &str) -> Option<(SwapOp, SwapBits)> {
    let op = SwapOp::ALL.into_iter().find(|op| word.starts_with(op.symbol()))?;
    let bits = &word[op.symbol().len()..];
    let bits = SwapBits::ALL.into_iter().find(|known| known.bits().to_string() == bits)?;
    Some((op, bits))
}

/// The name of an atomic operation that fetches, and its width if the name alone tells.
fn atomic(word: &str) -> Option<(AtomicOp, Option<Width>)> {
    let typed = word.strip_prefix("atomic64_").or_else(|| word.strip_prefix("atomic_"));
    match (typed, word) {
        (Some("xchg"), _) => Some((AtomicOp::Xchg, None)),
        (Some("cmpxchg"), _) => Some((AtomicOp::CmpXchg, None)),
        (Some(typed), _) => {
            let name = typed.strip_prefix("fetch_")?;
            let op = AtomicOp::ALL.into_iter().find(|op| op.fetches() && op.symbol() == name)?;
            Some((op, None))
        }
        (None, "xchg_64") => Some((AtomicOp::Xchg, Some(Width::W64))),
        (None, "xchg32_32") => Some((AtomicOp::Xchg, Some(Width::W32))),
        (None, "cmpxchg_64") => Some((AtomicOp::CmpXchg, Some(Width::W64))),
        (None, "cmpxchg32_32") => Some((AtomicOp::CmpXchg, Some(Width::W32))),
        (None, _) => None,
    }
}
