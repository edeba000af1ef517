//! Arithmetic with full-size operations: `i64`, and `i32` where 32-bit instructions exist.

use super::Ctx;
use crate::ir::{BinaryOp, Op as IrOp, Type, Value, Width as MemoryWidth};
use crate::mach::{Op, Source, VReg};
use bpfc_isa::{AluOp, Cpu, Endian, Extension, SwapBits, SwapOp, Width};

impl Ctx<'_> {
    pub fn select_binary(&mut self, value: Value, op: BinaryOp, a: Value, b: Value) {
        let is_narrow = self.body.ty(value) == Type::I32;
        if is_narrow && !self.has_alu32() {
            return self.select_narrow(value, op, a, b);
        }
        let mut width = if is_narrow { Width::W32 } else { Width::W64 };
        let dst = self.define(value);
        if let Some(n) = self.body.as_const(b)
            && op == BinaryOp::And
            && width == Width::W64
            && u32::try_from(n).is_ok()
            && self.has_alu32()
        {
            if n == i64::from(u32::MAX) {
                return self.zero_extend(dst, a);
            }
            if i32::try_from(n).is_err() {
                // The mask clears the upper half, as does the 32-bit operation.
                width = Width::W32;
            }
        }
        self.arith(width, op, dst, a, b);
    }

    /// `dst = a op b` on `width` bits of the operands.
    pub fn arith(&mut self, width: Width, op: BinaryOp, dst: VReg, a: Value, b: Value) {
        let (a, b) = self.order_operands(op, a, b);
        if matches!(op, BinaryOp::SDiv | BinaryOp::SRem) && self.cpu < Cpu::V4 {
            let (a, b) = (self.copy_of(a), self.copy_of(b));
            return self.divide_signed(width, op, dst, a, b);
        }
        if op == BinaryOp::Sub && self.body.as_const(a) == Some(0) {
            self.put(dst, b);
            return self.emit(Op::Neg { width, dst });
        }
        if width == Width::W64
            && let Some((core, imm)) = self.core_immediate(b)
        {
            self.put(dst, a);
            let src = Source::Imm(imm);
            let op = alu_op(op);
            let op = Op::Alu { width, op, dst, src };
            return self.emit_core(op, Some(core));
        }
        let src = self.source(width, b);
        self.put(dst, a);
        self.arith_source(width, op, dst, src);
    }

    /// `dst = dst op src`, with immediates that the kernel accepts.
    pub fn arith_source(&mut self, width: Width, op: BinaryOp, dst: VReg, src: Source<VReg>) {
        let (op, src) = match (op, src) {
            // Linux rejects shifts by the width or more, and divisions by zero
            // (`check_alu_op` in `kernel/bpf/verifier.c`).
            (BinaryOp::Shl | BinaryOp::LShr | BinaryOp::AShr, Source::Imm(imm)) => {
                let imm = imm & (width.bits() as i32 - 1);
                if imm == 0 && width == Width::W64 {
                    return;
                }
                (alu_op(op), Source::Imm(imm))
            }
            (BinaryOp::UDiv | BinaryOp::SDiv, Source::Imm(0)) => (AluOp::Mov, Source::Imm(0)),
            (BinaryOp::URem | BinaryOp::SRem, Source::Imm(0)) => {
                if width == Width::W32 {
                    self.emit_alu(width, AluOp::Mov, dst, Source::Reg(dst));
                }
                return;
            }
            (BinaryOp::Sub, Source::Imm(imm)) if imm != i32::MIN => (AluOp::Add, Source::Imm(-imm)),
            (op, src) => (alu_op(op), src),
        };
        self.emit_alu(width, op, dst, src);
    }

    /// Swaps the operands where that is allowed and saves an instruction: immediates go
    /// right, values that die here left.
    fn order_operands(&self, op: BinaryOp, a: Value, b: Value) -> (Value, Value) {
        if !op.is_commutative() || self.body.op(b).is_leaf() {
            return (a, b);
        }
        let keeps = self.body.op(a).is_leaf() || self.facts.n_uses[a] == 1;
        let may_be_immediate =
            matches!(self.body.op(a), IrOp::Const(_) | IrOp::Undef | IrOp::Core(_));
        if may_be_immediate || !keeps && self.facts.n_uses[b] == 1 { (b, a) } else { (a, b) }
    }

    pub fn select_ptr_add(&mut self, value: Value, a: Value, b: Value) {
        let dst = self.define(value);
        self.arith(Width::W64, BinaryOp::Add, dst, a, b);
    }

    /// Division truncates towards zero: divides the absolute values, then fixes the sign
    /// of the quotient, or gives the remainder that of the dividend. Takes `a` and `b`.
    pub fn divide_signed(&mut self, width: Width, op: BinaryOp, dst: VReg, a: VReg, b: VReg) {
        let last_bit = Source::Imm(width.bits() as i32 - 1);
        let sign_of = |ctx: &mut Self, register: VReg| {
            let sign = ctx.new_register();
            ctx.emit_copy(sign, register);
            ctx.emit_alu(width, AluOp::Arsh, sign, last_bit);
            // x = (x ^ sign) - sign
            ctx.emit_alu(width, AluOp::Xor, register, Source::Reg(sign));
            ctx.emit_alu(width, AluOp::Sub, register, Source::Reg(sign));
            sign
        };
        let sign_a = sign_of(self, a);
        let sign_b = sign_of(self, b);
        let op = if op == BinaryOp::SDiv {
            self.emit_alu(width, AluOp::Xor, sign_a, Source::Reg(sign_b));
            AluOp::Div
        } else {
            AluOp::Mod
        };
        self.emit_alu(width, op, a, Source::Reg(b));
        self.emit_alu(width, AluOp::Xor, a, Source::Reg(sign_a));
        self.emit_alu(width, AluOp::Sub, a, Source::Reg(sign_a));
        self.emit_copy(dst, a);
    }

    pub fn select_zext(&mut self, value: Value, a: Value) {
        if self.facts.is_clean[a] && !self.body.op(a).is_leaf() {
            return self.rename(value, a);
        }
        let dst = self.define(value);
        self.zero_extend(dst, a);
    }

    /// `dst = (u32)a`
    pub fn zero_extend(&mut self, dst: VReg, a: Value) {
        if self.facts.is_clean[a] {
            return self.put(dst, a);
        }
        if self.has_alu32() {
            let src = self.source(Width::W32, a);
            return self.emit_alu(Width::W32, AluOp::Mov, dst, src);
        }
        self.put(dst, a);
        self.emit_imm(AluOp::Lsh, dst, 32);
        self.emit_imm(AluOp::Rsh, dst, 32);
    }

    pub fn select_sext(&mut self, value: Value, a: Value, from: MemoryWidth) {
        if self.registers[value].is_some() {
            // The load did it.
            return;
        }
        let dst = self.define(value);
        let is_narrow = self.body.ty(value) == Type::I32 && self.has_alu32();
        let width = if is_narrow { Width::W32 } else { Width::W64 };
        if self.cpu >= Cpu::V4
            && let Some(extension) = Extension::new(width, from.bits())
        {
            let src = self.reg(a);
            return self.emit(Op::SignExtend { extension, dst, src });
        }
        let bits = width.bits() - from.bits();
        self.put(dst, a);
        self.sign_extend_by_shifts(width, dst, bits);
    }

    /// Copies the bit that is `bits` below the sign into all bits above it.
    pub fn sign_extend_by_shifts(&mut self, width: Width, dst: VReg, bits: u32) {
        let bits = Source::Imm(bits as i32);
        self.emit_alu(width, AluOp::Lsh, dst, bits);
        self.emit_alu(width, AluOp::Arsh, dst, bits);
    }

    pub fn select_bswap(&mut self, value: Value, a: Value, width: MemoryWidth) {
        let dst = self.define(value);
        self.put(dst, a);
        let bits = match width {
            MemoryWidth::W8 | MemoryWidth::W16 => SwapBits::B16,
            MemoryWidth::W32 => SwapBits::B32,
            MemoryWidth::W64 => SwapBits::B64,
        };
        // Conversion to the order that is not the machine's is a swap.
        let op = match self.body.endian {
            _ if self.cpu >= Cpu::V4 => SwapOp::Swap,
            Endian::Little => SwapOp::Be,
            Endian::Big => SwapOp::Le,
        };
        self.emit(Op::ByteSwap { op, bits, dst });
    }

    /// The sign extension to `i64` that is the only user of a load of this width.
    pub fn extension_of_load(&self, load: Value, width: MemoryWidth) -> Option<Value> {
        if matches!(self.body.op(load), IrOp::Load(access) if access.is_ordered) {
            return None;
        }
        let user = self.facts.sole_user[load]?;
        let is_extension = matches!(self.body.op(user), IrOp::Sext(_, from) if from == width);
        let fits = self.cpu >= Cpu::V4 && self.body.ty(user) == Type::I64;
        (is_extension && fits).then_some(user)
    }
}

pub fn alu_op(op: BinaryOp) -> AluOp {
    match op {
        BinaryOp::Add => AluOp::Add,
        BinaryOp::Sub => AluOp::Sub,
        BinaryOp::Mul => AluOp::Mul,
        BinaryOp::UDiv => AluOp::Div,
        BinaryOp::SDiv => AluOp::SDiv,
        BinaryOp::URem => AluOp::Mod,
        BinaryOp::SRem => AluOp::SMod,
        BinaryOp::And => AluOp::And,
        BinaryOp::Or => AluOp::Or,
        BinaryOp::Xor => AluOp::Xor,
        BinaryOp::Shl => AluOp::Lsh,
        BinaryOp::LShr => AluOp::Rsh,
        BinaryOp::AShr => AluOp::Arsh,
    }
}
