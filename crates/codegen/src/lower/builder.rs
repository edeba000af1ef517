//! Emitting instructions at the current place, with constants folded on the way.

use super::Ctx;
use crate::ir::*;

impl Ctx<'_> {
    pub(super) fn new_block(&mut self) -> BlockId {
        self.out.blocks.push(Block::default())
    }

    /// Goes on in `block`.
    pub(super) fn start_block(&mut self, block: BlockId) {
        self.block = block;
    }

    /// Ends the current block; what follows is dead until a block is started.
    pub(super) fn end_block(&mut self, term: Term) {
        let block = &mut self.out.blocks[self.block];
        block.term = term;
        block.term_span = self.span;
        self.block = self.new_block();
    }

    pub(super) fn jump(&mut self, block: BlockId) {
        self.end_block(Term::Jump(Target::new(block)));
    }

    pub(super) fn jump_with(&mut self, block: BlockId, arg: Value) {
        let args = vec![arg];
        self.end_block(Term::Jump(Target { block, args }));
    }

    pub(super) fn branch(
        &mut self,
        (cond, lhs, rhs): (Cond, Value, Value),
        then: BlockId,
        otherwise: BlockId,
    ) {
        let (then, otherwise) = (Target::new(then), Target::new(otherwise));
        match (self.out.as_const(lhs), self.out.as_const(rhs)) {
            (Some(a), Some(b)) if cond.eval(a, b) => self.end_block(Term::Jump(then)),
            (Some(_), Some(_)) => self.end_block(Term::Jump(otherwise)),
            _ => self.end_block(Term::Branch { cond, lhs, rhs, then, otherwise }),
        }
    }

    pub(super) fn emit(&mut self, op: Op, ty: Type) -> Value {
        self.out.push(self.block, op, ty, self.span)
    }

    pub(super) fn int(&mut self, ty: Type, n: i64) -> Value {
        self.out.constant(ty, n)
    }

    pub(super) fn zero(&mut self, ty: Type) -> Value {
        self.out.constant(ty, 0)
    }

    pub(super) fn undef(&mut self, ty: Type) -> Value {
        self.out.leaf(Op::Undef, ty)
    }

    pub(super) fn binary(&mut self, op: BinaryOp, a: Value, b: Value) -> Value {
        let ty = self.out.ty(a);
        match (self.out.as_const(a), self.out.as_const(b)) {
            (Some(a), Some(b)) => self.int(ty, op.eval(ty, a, b)),
            (Some(_), None) if op.is_commutative() => self.binary(op, b, a),
            (_, Some(n)) => match (op, n) {
                (BinaryOp::Add | BinaryOp::Sub | BinaryOp::Or | BinaryOp::Xor, 0)
                | (BinaryOp::Shl | BinaryOp::LShr | BinaryOp::AShr, 0)
                | (BinaryOp::Mul | BinaryOp::UDiv | BinaryOp::SDiv, 1)
                | (BinaryOp::And, -1) => a,
                (BinaryOp::Mul | BinaryOp::And, 0) => b,
                _ => self.emit(Op::Binary(op, a, b), ty),
            },
            _ => self.emit(Op::Binary(op, a, b), ty),
        }
    }

    pub(super) fn binary_const(&mut self, op: BinaryOp, a: Value, n: i64) -> Value {
        let ty = self.out.ty(a);
        let n = self.int(ty, n);
        self.binary(op, a, n)
    }

    pub(super) fn compare(&mut self, cond: Cond, a: Value, b: Value) -> Value {
        match (self.out.as_const(a), self.out.as_const(b)) {
            (Some(a), Some(b)) => self.int(Type::I32, i64::from(cond.eval(a, b))),
            _ => self.emit(Op::Compare(cond, a, b), Type::I32),
        }
    }

    pub(super) fn zext(&mut self, a: Value) -> Value {
        match self.out.as_const(a) {
            Some(n) => self.int(Type::I64, i64::from(n as u32)),
            None => self.emit(Op::Zext(a), Type::I64),
        }
    }

    /// Sign-extends the low bits within the value's type, or from `i32` to `i64`.
    pub(super) fn sext(&mut self, a: Value, width: Width) -> Value {
        let ty = match width {
            Width::W32 => Type::I64,
            _ => self.out.ty(a),
        };
        match (self.out.as_const(a), width) {
            (Some(n), Width::W8) => self.int(ty, i64::from(n as i8)),
            (Some(n), Width::W16) => self.int(ty, i64::from(n as i16)),
            (Some(n), _) => self.int(ty, i64::from(n as i32)),
            (None, _) => self.emit(Op::Sext(a, width), ty),
        }
    }

    pub(super) fn trunc(&mut self, a: Value) -> Value {
        match self.out.as_const(a) {
            Some(n) => self.int(Type::I32, n),
            None => self.emit(Op::Trunc(a), Type::I32),
        }
    }

    pub(super) fn ptr_add(&mut self, ptr: Value, bytes: Value) -> Value {
        match self.out.as_const(bytes) {
            Some(n) => self.ptr_add_const(ptr, n),
            None => self.emit(Op::PtrAdd(ptr, bytes), Type::Ptr),
        }
    }

    pub(super) fn ptr_add_const(&mut self, ptr: Value, bytes: i64) -> Value {
        let plus = |old: i32| i32::try_from(i64::from(old) + bytes).ok();
        match self.out.op(ptr) {
            _ if bytes == 0 => ptr,
            Op::Const(n) => self.int(Type::Ptr, n.wrapping_add(bytes)),
            Op::SlotAddr(slot, old) if plus(old).is_some() => {
                let offset = plus(old).unwrap_or(0);
                self.out.leaf(Op::SlotAddr(slot, offset), Type::Ptr)
            }
            Op::GlobalAddr(global, old) if plus(old).is_some() => {
                let offset = plus(old).unwrap_or(0);
                self.out.leaf(Op::GlobalAddr(global, offset), Type::Ptr)
            }
            _ => {
                let bytes = self.int(Type::I64, bytes);
                self.emit(Op::PtrAdd(ptr, bytes), Type::Ptr)
            }
        }
    }

    pub(super) fn ptr_to_int(&mut self, a: Value) -> Value {
        match self.out.op(a) {
            Op::Const(n) => self.int(Type::I64, n),
            Op::IntToPtr(inner) => inner,
            _ => self.emit(Op::PtrToInt(a), Type::I64),
        }
    }

    pub(super) fn int_to_ptr(&mut self, a: Value) -> Value {
        match self.out.op(a) {
            Op::Const(n) => self.int(Type::Ptr, n),
            Op::PtrToInt(inner) => inner,
            _ => self.emit(Op::IntToPtr(a), Type::Ptr),
        }
    }

    /// The address as a pointer.
    pub(super) fn address_value(&mut self, address: Address) -> Value {
        match address.core {
            Some(core) => {
                let core = self.out.leaf(Op::Core(core), Type::I64);
                self.emit(Op::PtrAdd(address.base, core), Type::Ptr)
            }
            None => self.ptr_add_const(address.base, i64::from(address.offset)),
        }
    }

    /// An address whose offset an instruction can hold.
    pub(super) fn fit(&mut self, address: Address) -> Address {
        match i16::try_from(address.offset) {
            Ok(_) => address,
            Err(_) => Address::new(self.address_value(address), 0),
        }
    }

    /// A temporary's value after two branches joined: a block with one parameter.
    pub(super) fn new_join(&mut self, ty: Type) -> (BlockId, Value) {
        let block = self.new_block();
        let param = self.out.push_param(block, ty, self.span);
        (block, param)
    }
}
