//! Memory: addresses, loads and stores, copies and fills, atomics.

use super::Ctx;
use crate::ir::{self, AtomicOp, CoreId, Op as IrOp, Type, Value, Width as MemoryWidth};
use crate::mach::{Address, Base, Op, Source, Symbol, VReg};
use bpfc_isa::{AluOp, AtomicOp as MachAtomic, Cpu, LoadType, Reg, Size, Width};

/// Copies and fills become straight code of at most this many stores.
const MAX_STORES: u32 = 1024;

/// An address that an instruction can have, and what the loader must fill in.
#[derive(Clone, Copy)]
struct Place {
    address: Address<VReg>,
    core: Option<CoreId>,
}

impl Place {
    fn plus(self, bytes: u32) -> Address<VReg> {
        debug_assert!(self.core.is_none());
        Address { base: self.address.base, offset: self.address.offset + bytes as i32 }
    }
}

impl Ctx<'_> {
    /// The address as an operand.
    fn place(&mut self, address: ir::Address) -> Place {
        if address.core.is_none() {
            return self.plain_place(address, 1);
        }
        let Ok(_) = i16::try_from(address.offset) else {
            return self.computed_place(address);
        };
        let base = self.reg(address.base);
        Place {
            address: Address { base: Base::Reg(base), offset: address.offset },
            core: address.core,
        }
    }

    /// The address as an operand to which offsets below `n_bytes` can be added.
    fn plain_place(&mut self, address: ir::Address, n_bytes: u32) -> Place {
        if address.core.is_some() {
            return self.computed_place(address);
        }
        let fits = |from: i64| {
            let last = from + i64::from(n_bytes) - 1;
            i16::try_from(from).is_ok() && i16::try_from(last).is_ok()
        };
        let (base, offset) = match self.body.op(address.base) {
            IrOp::SlotAddr(slot, from) => {
                let offset = i64::from(from) + i64::from(address.offset);
                match i32::try_from(offset) {
                    Ok(_) => (Base::Slot(slot), offset),
                    Err(_) => return self.computed_place(address),
                }
            }
            IrOp::GlobalAddr(global, from) if fits(i64::from(from) + i64::from(address.offset)) => {
                // One register serves all of the object.
                let base = self.global_base(address.base, global);
                (Base::Reg(base), i64::from(from) + i64::from(address.offset))
            }
            _ if fits(i64::from(address.offset)) => {
                (Base::Reg(self.reg(address.base)), i64::from(address.offset))
            }
            _ => return self.computed_place(address),
        };
        let offset = offset as i32;
        Place { address: Address { base, offset }, core: None }
    }

    /// The address in a register of its own.
    fn computed_place(&mut self, address: ir::Address) -> Place {
        let base = self.copy_of(address.base);
        self.emit_core(
            Op::Alu {
                width: Width::W64,
                op: AluOp::Add,
                dst: base,
                src: Source::Imm(address.offset),
            },
            address.core,
        );
        Place { address: Address { base: Base::Reg(base), offset: 0 }, core: None }
    }

    fn global_base(&mut self, leaf: Value, global: ir::GlobalId) -> VReg {
        if let Some(&register) = self.made_globals.get(&global) {
            return register;
        }
        let register = match self.body.op(leaf) {
            IrOp::GlobalAddr(_, 0) => self.reg(leaf),
            _ => {
                let dst = self.new_register();
                let symbol = Symbol::Global(global, 0);
                self.emit(Op::LoadSymbol { dst, symbol });
                dst
            }
        };
        self.made_globals.insert(global, register);
        register
    }

    pub fn select_load(&mut self, value: Value, access: ir::Access) {
        let size = size_of(access.width);
        let piece = access.align.min(size.bytes());
        if piece < size.bytes() {
            return self.load_pieces(value, access, piece);
        }
        let extension = self.extension_of_load(value, access.width);
        let signed = extension.and_then(|_| LoadType::signed(size));
        let ty = signed.unwrap_or(LoadType::unsigned(size));
        let Place { address, core } = self.place(access.address);
        let dst = match (extension, signed) {
            (Some(extension), Some(_)) => self.define(extension),
            _ => self.define(value),
        };
        let op = match access.is_ordered && self.cpu >= Cpu::V4 {
            true => Op::LoadAcquire { size, dst, address },
            false => Op::Load { ty, dst, address, is_volatile: access.is_volatile },
        };
        self.emit_core(op, core);
    }

    /// Loads of under-aligned objects: some machines cannot, nor the kernel's verifier on
    /// stack and context.
    fn load_pieces(&mut self, value: Value, access: ir::Access, piece: u32) {
        let n_bytes = access.width.bytes();
        let place = self.plain_place(access.address, n_bytes);
        let ty = LoadType::unsigned(Size::from_bytes(piece).unwrap_or(Size::B));
        let dst = self.define(value);
        for at in (0..n_bytes).step_by(piece as usize) {
            let part = if at == 0 { dst } else { self.new_register() };
            let address = place.plus(at);
            let is_volatile = access.is_volatile;
            self.emit(Op::Load { ty, dst: part, address, is_volatile });
            let shift = self.body.shift_of_bytes(at, piece, n_bytes);
            if shift > 0 {
                self.emit_imm(AluOp::Lsh, part, shift as i32);
            }
            if at > 0 {
                self.emit_alu(Width::W64, AluOp::Or, dst, Source::Reg(part));
            }
        }
    }

    pub fn select_store(&mut self, access: ir::Access, value: Value) {
        let size = size_of(access.width);
        let piece = access.align.min(size.bytes());
        if piece < size.bytes() {
            return self.store_pieces(access, value, piece);
        }
        if access.is_ordered && self.cpu >= Cpu::V4 {
            let src = self.reg(value);
            let Place { address, core } = self.place(access.address);
            return self.emit_core(Op::StoreRelease { size, address, src }, core);
        }
        let core_imm = self.core_immediate(value).is_some();
        let src = match self.immediate_to_store(access, value) {
            Some(imm) if !core_imm => Source::Imm(imm),
            _ => Source::Reg(self.reg(value)),
        };
        let Place { address, core } = self.place(access.address);
        self.emit_core(Op::Store { size, address, src }, core);
    }

    /// The immediate to store, where the kernel takes it.
    fn immediate_to_store(&self, access: ir::Access, value: Value) -> Option<i32> {
        if self.facts.may_be_ctx[access.address.base] {
            return None;
        }
        let width = match access.width {
            MemoryWidth::W64 => Width::W64,
            _ => Width::W32,
        };
        let imm = self.immediate(width, value)?;
        Some(match access.width {
            MemoryWidth::W8 => imm & 0xff,
            MemoryWidth::W16 => imm & 0xffff,
            _ => imm,
        })
    }

    fn store_pieces(&mut self, access: ir::Access, value: Value, piece: u32) {
        let n_bytes = access.width.bytes();
        let place = self.plain_place(access.address, n_bytes);
        let size = Size::from_bytes(piece).unwrap_or(Size::B);
        let immediate = match self.facts.may_be_ctx[access.address.base] {
            true => None,
            false => self.body.as_const(value),
        };
        for at in (0..n_bytes).step_by(piece as usize) {
            let address = place.plus(at);
            let shift = self.body.shift_of_bytes(at, piece, n_bytes);
            let src = match immediate {
                Some(n) => {
                    let mask = u64::MAX >> (64 - piece * 8);
                    Source::Imm((n as u64 >> shift & mask) as i32)
                }
                None if shift == 0 => Source::Reg(self.reg(value)),
                None => {
                    let part = self.copy_of(value);
                    self.emit_imm(AluOp::Rsh, part, shift as i32);
                    Source::Reg(part)
                }
            };
            self.emit(Op::Store { size, address, src });
        }
    }

    /// Offsets and sizes that cover `n_bytes`, `None` if they are too many.
    fn chunks(&mut self, n_bytes: u32, align: u32) -> Option<Vec<(u32, Size)>> {
        let widest = align.clamp(1, 8);
        if n_bytes / widest > MAX_STORES {
            let what = format!("{n_bytes} bytes are too many to copy or fill with instructions");
            self.report(what);
            return None;
        }
        let mut chunks = Vec::new();
        let mut at = 0;
        while at < n_bytes {
            let bytes = widest.min(1 << (n_bytes - at).ilog2());
            chunks.push((at, Size::from_bytes(bytes)?));
            at += bytes;
        }
        Some(chunks)
    }

    pub fn select_mem_copy(
        &mut self,
        dst: ir::Address,
        src: ir::Address,
        n_bytes: u32,
        align: u32,
    ) {
        let Some(chunks) = self.chunks(n_bytes, align) else {
            return;
        };
        let from = self.plain_place(src, n_bytes.max(1));
        let to = self.plain_place(dst, n_bytes.max(1));
        for (at, size) in chunks {
            let part = self.new_register();
            let (ty, address) = (LoadType::unsigned(size), from.plus(at));
            self.emit(Op::Load { ty, dst: part, address, is_volatile: false });
            self.emit(Op::Store { size, address: to.plus(at), src: Source::Reg(part) });
        }
    }

    pub fn select_mem_set(&mut self, dst: ir::Address, byte: Value, n_bytes: u32, align: u32) {
        let Some(chunks) = self.chunks(n_bytes, align) else {
            return;
        };
        let to = self.plain_place(dst, n_bytes.max(1));
        let is_ctx = self.facts.may_be_ctx[dst.base];
        let widest = chunks.iter().map(|&(_, size)| size).max();
        let pattern = self.body.as_const(byte).map(|n| repeat(n as u8));
        let fits = |pattern: u64| widest != Some(Size::DW) || pattern as i32 as u64 == pattern;
        let src = match pattern {
            Some(pattern) if !is_ctx && fits(pattern) => Source::Imm(pattern as i32),
            Some(pattern) => {
                let filled = self.new_register();
                self.emit(Op::LoadImm { dst: filled, value: pattern });
                Source::Reg(filled)
            }
            None => Source::Reg(self.repeat_byte(byte)),
        };
        for (at, size) in chunks {
            let address = to.plus(at);
            let src = match (src, size) {
                (Source::Imm(imm), Size::B) => Source::Imm(imm & 0xff),
                (Source::Imm(imm), Size::H) => Source::Imm(imm & 0xffff),
                (src, _) => src,
            };
            self.emit(Op::Store { size, address, src });
        }
    }

    /// The lowest byte in all bytes of a register.
    fn repeat_byte(&mut self, byte: Value) -> VReg {
        let filled = self.copy_of(byte);
        let ones = self.new_register();
        self.emit_imm(AluOp::And, filled, 0xff);
        self.emit(Op::LoadImm { dst: ones, value: repeat(1) });
        self.emit_alu(Width::W64, AluOp::Mul, filled, Source::Reg(ones));
        filled
    }

    pub fn select_atomic(
        &mut self,
        value: Value,
        op: AtomicOp,
        access: ir::Access,
        operand: Value,
        expected: Option<Value>,
    ) {
        let is_used = self.facts.n_uses[value] > 0 && self.body.ty(value) != Type::Void;
        let op = mach_atomic(op, is_used);
        if op != MachAtomic::Add && self.cpu < Cpu::V3 {
            let what = "atomic operations other than addition without result need `-mcpu=v3`";
            self.report(what);
        }
        let width = match access.width {
            MemoryWidth::W64 => Width::W64,
            _ => Width::W32,
        };
        let address = self.plain_place(access.address, 1).address;
        let src = if op.fetches() && op != MachAtomic::CmpXchg {
            let result = self.define(value);
            self.put(result, operand);
            result
        } else {
            self.reg(operand)
        };
        let r0 = Self::machine(Reg::R0);
        if let Some(expected) = expected {
            self.put(r0, expected);
        }
        self.emit(Op::Atomic { op, width, address, src });
        if op == MachAtomic::CmpXchg && is_used {
            let result = self.define(value);
            self.emit_copy(result, r0);
        }
    }
}

fn mach_atomic(op: AtomicOp, is_used: bool) -> MachAtomic {
    match (op, is_used) {
        (AtomicOp::Add, false) => MachAtomic::Add,
        (AtomicOp::And, false) => MachAtomic::And,
        (AtomicOp::Or, false) => MachAtomic::Or,
        (AtomicOp::Xor, false) => MachAtomic::Xor,
        (AtomicOp::Add, true) => MachAtomic::FetchAdd,
        (AtomicOp::And, true) => MachAtomic::FetchAnd,
        (AtomicOp::Or, true) => MachAtomic::FetchOr,
        (AtomicOp::Xor, true) => MachAtomic::FetchXor,
        (AtomicOp::Exchange, _) => MachAtomic::Xchg,
        (AtomicOp::CompareExchange, _) => MachAtomic::CmpXchg,
    }
}

fn repeat(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

fn size_of(width: MemoryWidth) -> Size {
    match width {
        MemoryWidth::W8 => Size::B,
        MemoryWidth::W16 => Size::H,
        MemoryWidth::W32 => Size::W,
        MemoryWidth::W64 => Size::DW,
    }
}
