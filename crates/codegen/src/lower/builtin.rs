//! Compiler builtins and atomic operations.

use super::Ctx;
use super::convert::{Scalar, scalar};
use crate::ir::*;
use bpfc_typeck::hir::{self, Builtin, ExprId};

impl Ctx<'_> {
    pub(super) fn lower_builtin(
        &mut self,
        builtin: Builtin,
        args: &[ExprId],
        ty: hir::TypeId,
    ) -> Value {
        let span = self.span;
        match builtin {
            Builtin::Memcpy | Builtin::Memmove => {
                let (dst, dst_align) = self.pointer(args[0]);
                let (src, src_align) = self.pointer(args[1]);
                let n_bytes = self.lower_expr(args[2]);
                let align = dst_align.min(src_align);
                if self.out.as_const(n_bytes).is_none() {
                    let op = match builtin {
                        Builtin::Memmove => MemoryOp::Move,
                        _ => MemoryOp::Copy,
                    };
                    self.span = self.hir.exprs[args[2]].span;
                    let (dst, src) = (self.address_value(dst), self.address_value(src));
                    return self.memory_of_unknown_size(op, dst, src, n_bytes, align);
                }
                let n_bytes = self.known_size(n_bytes, args[2]);
                self.span = span;
                if builtin == Builtin::Memmove {
                    self.move_memory(dst, src, n_bytes, align);
                } else {
                    self.mem_copy(dst, src, n_bytes, align);
                }
                self.address_value(dst)
            }
            Builtin::Memset => {
                let (dst, align) = self.pointer(args[0]);
                let byte = self.lower_expr(args[1]);
                let byte = match self.out.ty(byte) {
                    Type::I64 => self.trunc(byte),
                    _ => byte,
                };
                let n_bytes = self.lower_expr(args[2]);
                if self.out.as_const(n_bytes).is_none() {
                    self.span = self.hir.exprs[args[2]].span;
                    let (dst, byte) = (self.address_value(dst), self.zext(byte));
                    return self.memory_of_unknown_size(MemoryOp::Set, dst, byte, n_bytes, align);
                }
                let n_bytes = self.known_size(n_bytes, args[2]) as u32;
                self.span = span;
                if n_bytes != 0 {
                    self.emit(Op::MemSet { dst, byte, n_bytes, align }, Type::Void);
                }
                self.address_value(dst)
            }
            Builtin::Memcmp => self.lower_memcmp(args),
            Builtin::Bswap => {
                let value = self.lower_expr(args[0]);
                let width = self.scalar(ty, span).width();
                match width {
                    Width::W8 => value,
                    _ => self.emit(Op::Bswap(value, width), self.out.ty(value)),
                }
            }
            Builtin::Clz | Builtin::Ctz | Builtin::Popcount | Builtin::Ffs => {
                self.lower_bit_count(builtin, args[0], ty)
            }
            Builtin::Unreachable => {
                self.end_block(Term::Unreachable);
                self.undef(Type::I64)
            }
            Builtin::Trap => {
                self.return_nothing();
                self.undef(Type::I64)
            }
            Builtin::Expect => {
                let value = self.lower_expr(args[0]);
                let from = &self.hir.exprs[args[0]];
                let from = self.scalar(from.ty, from.span);
                let to = self.scalar(ty, span);
                self.convert(value, from, to)
            }
            Builtin::LoadPacket => {
                let ctx = self.lower_expr(args[0]);
                let offset = self.lower_expr(args[1]);
                self.span = span;
                let offset = self.register_value(offset);
                // The type is the kernel's `u64`-returning intrinsic or the width itself.
                let to = self.scalar(ty, span);
                let width = to.width().min(Width::W32);
                let value = self.emit(Op::LoadPacket(ctx, offset, width), Type::I64);
                self.convert(value, Scalar::Int(Width::W64, false), to)
            }
            Builtin::Opaque => {
                let value = self.lower_expr(args[0]);
                self.opaque(value)
            }
            Builtin::IsConstant => {
                let value = self.lower_expr(args[0]);
                self.emit(Op::IsConstant(value), Type::I32)
            }
            Builtin::Barrier => {
                self.emit(Op::Barrier, Type::Void);
                self.undef(Type::I64)
            }
        }
    }

    /// `memcpy` and the like, whose size may be known after inlining; its value.
    fn memory_of_unknown_size(
        &mut self,
        op: MemoryOp,
        dst: Value,
        src: Value,
        n_bytes: Value,
        align: u32,
    ) -> Value {
        let align = self.int(Type::I64, i64::from(align));
        let args = ArgList::new(&[dst, src, n_bytes, align]).expect("four arguments fit");
        self.emit(Op::Call(Callee::Memory(op), args), Type::Void);
        dst
    }

    fn known_size(&mut self, value: Value, id: ExprId) -> u64 {
        match self.out.as_const(value).and_then(|n| u64::try_from(n).ok()) {
            Some(n) if n <= 1 << 16 => n,
            _ => {
                let span = self.hir.exprs[id].span;
                self.report(span, "the size must be a constant of at most 65536 bytes");
                0
            }
        }
    }

    /// Through a temporary, since the objects may overlap.
    fn move_memory(&mut self, dst: Address, src: Address, n_bytes: u64, align: u32) {
        let size = n_bytes as u32;
        let temp = self.out.slots.push(Slot { size, align: align.max(8), name: None });
        let temp = Address::new(self.out.slot_addr(temp, 0), 0);
        self.mem_copy(temp, src, n_bytes, align);
        self.mem_copy(dst, temp, n_bytes, align);
    }

    /// Expanded later, when more sizes are known.
    fn lower_memcmp(&mut self, args: &[ExprId]) -> Value {
        let (left, left_align) = self.pointer(args[0]);
        let (right, right_align) = self.pointer(args[1]);
        let n_bytes = self.lower_expr(args[2]);
        self.span = self.hir.exprs[args[2]].span;
        let (left, right) = (self.address_value(left), self.address_value(right));
        let align = self.int(Type::I64, i64::from(left_align.min(right_align)));
        let args = ArgList::new(&[left, right, n_bytes, align]).expect("four arguments fit");
        self.emit(Op::Call(Callee::Memory(MemoryOp::Compare), args), Type::I32)
    }

    /// Bit counts without instructions for them: H. S. Warren, "Hacker's Delight", 5-1.
    fn lower_bit_count(&mut self, builtin: Builtin, arg: ExprId, ty: hir::TypeId) -> Value {
        let span = self.span;
        let from = &self.hir.exprs[arg];
        let from = self.scalar(from.ty, from.span);
        let value = self.lower_expr(arg);
        self.span = span;
        let width = self.out.ty(value);
        let counted = match builtin {
            Builtin::Popcount => self.population(value),
            Builtin::Ctz | Builtin::Ffs => {
                // The ones below the lowest set bit: !x & (x - 1).
                let minus = self.binary_const(BinaryOp::Sub, value, 1);
                let not = self.binary_const(BinaryOp::Xor, value, -1);
                let below = self.binary(BinaryOp::And, not, minus);
                self.population(below)
            }
            _ => {
                // All bits below the highest set one, then count those that are left.
                let mut smeared = value;
                let mut shift = 1;
                while shift < width.bits() {
                    let shifted = self.binary_const(BinaryOp::LShr, smeared, i64::from(shift));
                    smeared = self.binary(BinaryOp::Or, smeared, shifted);
                    shift *= 2;
                }
                let above = self.binary_const(BinaryOp::Xor, smeared, -1);
                self.population(above)
            }
        };
        let int = Scalar::Int(
            Width::from_bytes(u64::from(width.bits() / 8)).unwrap_or(from.width()),
            false,
        );
        let to = self.scalar(ty, span);
        if builtin != Builtin::Ffs {
            return self.convert(counted, int, to);
        }
        let (join, result) = self.new_join(to.ty());
        let (zero_block, other) = (self.new_block(), self.new_block());
        let zero = self.zero(width);
        self.branch((Cond::Eq, value, zero), zero_block, other);
        self.start_block(zero_block);
        let none = self.zero(to.ty());
        self.jump_with(join, none);
        self.start_block(other);
        let from_one = self.binary_const(BinaryOp::Add, counted, 1);
        let from_one = self.convert(from_one, int, to);
        self.jump_with(join, from_one);
        self.start_block(join);
        result
    }

    /// Number of set bits, in the value's type.
    fn population(&mut self, value: Value) -> Value {
        let ty = self.out.ty(value);
        let mask = |byte: u8| i64::from_ne_bytes([byte; 8]);
        let halves = self.binary_const(BinaryOp::LShr, value, 1);
        let halves = self.binary_const(BinaryOp::And, halves, mask(0x55));
        let pairs = self.binary(BinaryOp::Sub, value, halves);
        let low = self.binary_const(BinaryOp::And, pairs, mask(0x33));
        let high = self.binary_const(BinaryOp::LShr, pairs, 2);
        let high = self.binary_const(BinaryOp::And, high, mask(0x33));
        let nibbles = self.binary(BinaryOp::Add, low, high);
        let high = self.binary_const(BinaryOp::LShr, nibbles, 4);
        let bytes = self.binary(BinaryOp::Add, nibbles, high);
        let bytes = self.binary_const(BinaryOp::And, bytes, mask(0x0f));
        let sum = self.binary_const(BinaryOp::Mul, bytes, mask(0x01));
        self.binary_const(BinaryOp::LShr, sum, i64::from(ty.bits() - 8))
    }

    /// An atomic operation's value.
    pub(super) fn lower_atomic_value(
        &mut self,
        id: ExprId,
        op: hir::AtomicOp,
        ptr: ExprId,
        operands: &[ExprId],
        is_value_after: bool,
    ) -> Value {
        let span = self.span;
        let (old, operand) = self.lower_atomic(op, ptr, operands, true);
        self.span = span;
        let combine = match op {
            hir::AtomicOp::Add => Some(BinaryOp::Add),
            hir::AtomicOp::Sub => Some(BinaryOp::Sub),
            hir::AtomicOp::And => Some(BinaryOp::And),
            hir::AtomicOp::Or => Some(BinaryOp::Or),
            hir::AtomicOp::Xor => Some(BinaryOp::Xor),
            _ => None,
        };
        let value = match (combine, operand) {
            (Some(combine), Some(operand)) if is_value_after => self.binary(combine, old, operand),
            _ => old,
        };
        let Some(to) = scalar(self.types, self.hir.exprs[id].ty) else {
            return value;
        };
        match (self.out.ty(value), to) {
            (Type::I32, Scalar::Int(Width::W64, _)) => self.zext(value),
            (Type::I64, Scalar::Ptr) => self.int_to_ptr(value),
            (Type::I64, _) if to.ty() == Type::I32 => {
                let low = self.trunc(value);
                self.normalize(low, to)
            }
            _ => self.normalize(value, to),
        }
    }

    /// An atomic operation: the old value, and the operand.
    pub(super) fn lower_atomic(
        &mut self,
        op: hir::AtomicOp,
        ptr: ExprId,
        operands: &[ExprId],
        wants_value: bool,
    ) -> (Value, Option<Value>) {
        let span = self.span;
        let pointee = self.types.pointee(self.hir.exprs[ptr].ty);
        let width = pointee.and_then(|pointee| scalar(self.types, pointee.ty)).map(Scalar::width);
        let Some(width) = width else {
            self.report(span, "atomic operation on something that is no scalar");
            return (self.undef(Type::I64), None);
        };
        let base = self.lower_expr(ptr);
        let int = if width == Width::W64 { Type::I64 } else { Type::I32 };
        let mut values = Vec::new();
        for &operand in operands {
            let value = self.lower_expr(operand);
            values.push(self.as_int(value, int));
        }
        self.span = span;
        let access = Access { is_volatile: true, ..Access::new(Address::new(base, 0), width) };
        let first = values.first().copied().unwrap_or_else(|| self.undef(int));
        let ir_op = match op {
            // An aligned access is a single one.
            hir::AtomicOp::Load => return (self.emit(Op::Load(access), int), None),
            hir::AtomicOp::LoadAcquire => {
                let access = Access { is_ordered: true, ..access };
                let value = self.emit(Op::Load(access), int);
                self.emit(Op::Barrier, Type::Void);
                return (value, None);
            }
            hir::AtomicOp::Store => {
                self.emit(Op::Store(access, first), Type::Void);
                return (first, None);
            }
            hir::AtomicOp::StoreRelease => {
                let access = Access { is_ordered: true, ..access };
                self.emit(Op::Barrier, Type::Void);
                self.emit(Op::Store(access, first), Type::Void);
                return (first, None);
            }
            hir::AtomicOp::StoreTotal if width < Width::W32 => {
                let access = Access { is_ordered: true, ..access };
                self.emit(Op::Barrier, Type::Void);
                self.emit(Op::Store(access, first), Type::Void);
                self.full_barrier();
                return (first, None);
            }
            // Which is a full barrier, too.
            hir::AtomicOp::StoreTotal => AtomicOp::Exchange,
            hir::AtomicOp::Add | hir::AtomicOp::Sub => AtomicOp::Add,
            hir::AtomicOp::And => AtomicOp::And,
            hir::AtomicOp::Or => AtomicOp::Or,
            hir::AtomicOp::Xor => AtomicOp::Xor,
            hir::AtomicOp::Exchange => AtomicOp::Exchange,
            hir::AtomicOp::CompareExchange => AtomicOp::CompareExchange,
            hir::AtomicOp::Nand => {
                self.report(span, "BPF has no atomic `nand`");
                return (first, None);
            }
        };
        if !matches!(width, Width::W32 | Width::W64) {
            self.report(span, "BPF has atomic operations on 4 and 8 bytes only");
            return (first, None);
        }
        let (expected, value) = match (op, values.as_slice()) {
            (hir::AtomicOp::CompareExchange, &[expected, new]) => (Some(expected), new),
            (hir::AtomicOp::Sub, _) => {
                let zero = self.zero(int);
                (None, self.binary(BinaryOp::Sub, zero, first))
            }
            _ => (None, first),
        };
        let needs_value =
            wants_value || matches!(ir_op, AtomicOp::Exchange | AtomicOp::CompareExchange);
        let ty = if needs_value { int } else { Type::Void };
        let old = self.emit(Op::Atomic { op: ir_op, access, value, expected }, ty);
        (old, Some(first))
    }

    /// Orders all accesses before it and all after it, as operations that fetch do, wherever they are (Linux 6.12
    /// `Documentation/bpf/standardization/instruction-set.rst`, "Atomic operations", and the kernel's memory model).
    fn full_barrier(&mut self) {
        let slot = self.out.slots.push(Slot { size: 8, align: 8, name: None });
        let base = self.out.slot_addr(slot, 0);
        let access = Access { is_volatile: true, ..Access::new(Address::new(base, 0), Width::W64) };
        let value = self.zero(Type::I64);
        self.emit(Op::Store(access, value), Type::Void);
        let (op, expected) = (AtomicOp::Exchange, None);
        self.emit(Op::Atomic { op, access, value, expected }, Type::I64);
    }

    /// A scalar as an integer of the width of `int`.
    fn as_int(&mut self, value: Value, int: Type) -> Value {
        match (self.out.ty(value), int) {
            (Type::Ptr, _) => {
                let wide = self.ptr_to_int(value);
                self.as_int(wide, int)
            }
            (Type::I64, Type::I32) => self.trunc(value),
            (Type::I32, Type::I64) => self.zext(value),
            _ => value,
        }
    }
}
