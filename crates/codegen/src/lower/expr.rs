//! Values (C11 6.5).

use super::Ctx;
use super::convert::Scalar;
use super::helper::ignores_upper_half;
use super::record::{Passing, passing};
use crate::ir::*;
use bpfc_typeck::hir::{self, ExprId, ExprKind};

impl Ctx<'_> {
    /// Evaluates an expression for its effects.
    pub(super) fn lower_effect(&mut self, id: ExprId) {
        let expr = &self.hir.exprs[id];
        self.span = expr.span;
        match &expr.kind {
            ExprKind::Cast(inner) => self.lower_effect(*inner),
            ExprKind::Comma(first, second) => {
                self.lower_effect(*first);
                self.lower_effect(*second);
            }
            ExprKind::StmtExpr { stmts, value } => {
                self.lower_stmts(stmts);
                if let Some(value) = value {
                    self.lower_effect(*value);
                }
            }
            ExprKind::Conditional { cond, then, otherwise } => {
                let (yes, no, join) = (self.new_block(), self.new_block(), self.new_block());
                self.lower_cond(*cond, yes, no);
                for (block, arm) in [(yes, *then), (no, *otherwise)] {
                    self.start_block(block);
                    self.lower_effect(arm);
                    self.jump(join);
                }
                self.start_block(join);
            }
            ExprKind::LogAnd(..) | ExprKind::LogOr(..) => {
                let join = self.new_block();
                self.lower_cond(id, join, join);
                self.start_block(join);
            }
            ExprKind::Atomic { op, ptr, operands, .. } => {
                self.lower_atomic(*op, *ptr, operands, false);
            }
            _ if self.types.record_of(expr.ty).is_some() => {
                self.lower_record(id);
            }
            _ => {
                self.lower_expr(id);
            }
        }
    }

    /// The scalar type of an expression.
    fn scalar_of(&mut self, id: ExprId) -> Scalar {
        let expr = &self.hir.exprs[id];
        self.scalar(expr.ty, expr.span)
    }

    /// Evaluates a scalar; of a `void` expression the value is undefined.
    pub(super) fn lower_expr(&mut self, id: ExprId) -> Value {
        let hir = self.hir;
        let expr = &hir.exprs[id];
        self.span = expr.span;
        if matches!(self.types.resolve(expr.ty), hir::Type::Void | hir::Type::Error)
            && !matches!(expr.kind, ExprKind::Call { .. } | ExprKind::Builtin(..))
        {
            if !matches!(expr.kind, ExprKind::Error | ExprKind::Load(_)) {
                self.lower_effect(id);
            }
            return self.undef(Type::I64);
        }
        if self.is_wide(id) {
            return self.lower_wide(id).low;
        }
        match &expr.kind {
            ExprKind::Error => self.undef(Type::I64),
            ExprKind::Int(n) => {
                let ty = self.scalar(expr.ty, expr.span).ty();
                self.int(ty, *n as i64)
            }
            ExprKind::Load(place) => {
                let place_ref = self.lower_place(*place);
                self.span = expr.span;
                self.read(&place_ref, hir.places[*place].ty, false)
            }
            ExprKind::AddrOf(place) => self.address_of(*place),
            ExprKind::FuncAddr(func) => {
                let address = self.out.leaf(Op::FuncAddr(*func), Type::Ptr);
                let is_weak = self.module.funcs[*func].linkage == hir::Linkage::ExternWeak;
                // A function that the kernel does not have is null.
                if is_weak { self.opaque(address) } else { address }
            }
            ExprKind::Cast(inner) => self.lower_cast(*inner, expr.ty),
            ExprKind::Neg(inner) => {
                let value = self.lower_expr(*inner);
                let zero = self.zero(self.out.ty(value));
                let value = self.arithmetic(hir::BinaryOp::Sub, zero, value, expr.ty);
                self.normalized(value, expr.ty)
            }
            ExprKind::BitNot(inner) => {
                let value = self.lower_expr(*inner);
                let value = self.binary_const(BinaryOp::Xor, value, -1);
                self.normalized(value, expr.ty)
            }
            ExprKind::Not(inner) if self.is_wide(*inner) => self.lower_logical(id),
            ExprKind::Not(inner) => {
                let value = self.lower_expr(*inner);
                let zero = self.zero(self.out.ty(value));
                self.compare(Cond::Eq, value, zero)
            }
            ExprKind::Binary(op, left, right) => {
                let left = self.lower_expr(*left);
                let right = self.lower_expr(*right);
                self.span = expr.span;
                let value = self.arithmetic(*op, left, right, expr.ty);
                self.normalized(value, expr.ty)
            }
            ExprKind::Compare(_, left, _) if self.is_wide(*left) => self.lower_logical(id),
            ExprKind::Compare(op, left, right) => {
                let (cond, left, right) = self.lower_compare(*op, *left, *right);
                self.span = expr.span;
                self.compare(cond, left, right)
            }
            ExprKind::PtrAdd { ptr, index, scale } => {
                let ptr = self.lower_expr(*ptr);
                let index = self.lower_expr(*index);
                self.span = expr.span;
                let bytes = self.scale(index, *scale);
                self.ptr_add(ptr, bytes)
            }
            ExprKind::PtrDiff { left, right, scale } => {
                let left = self.lower_expr(*left);
                let right = self.lower_expr(*right);
                self.span = expr.span;
                self.pointer_difference(left, right, *scale)
            }
            ExprKind::LogAnd(..) | ExprKind::LogOr(..) => self.lower_logical(id),
            ExprKind::Conditional { cond, then, otherwise } => {
                self.lower_conditional(*cond, *then, *otherwise, expr.ty)
            }
            ExprKind::Assign { place, value } => {
                let place_ref = self.lower_place(*place);
                let value = self.lower_expr(*value);
                self.span = expr.span;
                self.write(&place_ref, hir.places[*place].ty, value)
            }
            ExprKind::AssignOp { place, op, value, compute } => {
                self.lower_assign_op(*place, *op, *value, *compute)
            }
            ExprKind::AssignPtrAdd { place, index, scale } => {
                let place_ref = self.lower_place(*place);
                let index = self.lower_expr(*index);
                self.span = expr.span;
                let ty = hir.places[*place].ty;
                let old = self.read(&place_ref, ty, false);
                let bytes = self.scale(index, *scale);
                let new = self.ptr_add(old, bytes);
                self.write(&place_ref, ty, new)
            }
            ExprKind::IncDec { place, delta, is_postfix } => {
                self.lower_inc_dec(*place, *delta, *is_postfix)
            }
            ExprKind::Call { callee, args } => match passing(self.types, expr.ty) {
                Passing::Void => {
                    self.lower_call(*callee, args, None, Type::Void);
                    self.undef(Type::I64)
                }
                _ => self.lower_scalar_call(id, *callee, args),
            },
            ExprKind::Builtin(builtin, args) => self.lower_builtin(*builtin, args, expr.ty),
            ExprKind::Atomic { op, ptr, operands, is_value_after } => {
                self.lower_atomic_value(id, *op, *ptr, operands, *is_value_after)
            }
            ExprKind::Comma(first, second) => {
                self.lower_effect(*first);
                self.lower_expr(*second)
            }
            ExprKind::StmtExpr { stmts, value } => {
                self.lower_stmts(stmts);
                match value {
                    Some(value) => self.lower_expr(*value),
                    None => self.undef(Type::I64),
                }
            }
            ExprKind::Core(query) => {
                let core = self.core(query.clone());
                let value = self.out.leaf(Op::Core(core), Type::I64);
                let to = self.scalar(expr.ty, expr.span);
                self.convert(value, Scalar::Int(Width::W64, false), to)
            }
        }
    }

    /// Brings the result of 32-bit arithmetic into a type narrower than `int`, in which C
    /// never computes but rewrites may.
    fn normalized(&mut self, value: Value, ty: hir::TypeId) -> Value {
        let scalar = self.scalar(ty, self.span);
        self.normalize(value, scalar)
    }

    /// `op` in the type `ty`.
    pub(super) fn arithmetic(
        &mut self,
        op: hir::BinaryOp,
        left: Value,
        mut right: Value,
        ty: hir::TypeId,
    ) -> Value {
        let is_signed = self.scalar(ty, self.span).is_signed();
        let op = match (op, is_signed) {
            (hir::BinaryOp::Add, _) => BinaryOp::Add,
            (hir::BinaryOp::Sub, _) => BinaryOp::Sub,
            (hir::BinaryOp::Mul, _) => BinaryOp::Mul,
            (hir::BinaryOp::Div, false) => BinaryOp::UDiv,
            (hir::BinaryOp::Div, true) => BinaryOp::SDiv,
            (hir::BinaryOp::Rem, false) => BinaryOp::URem,
            (hir::BinaryOp::Rem, true) => BinaryOp::SRem,
            (hir::BinaryOp::And, _) => BinaryOp::And,
            (hir::BinaryOp::Or, _) => BinaryOp::Or,
            (hir::BinaryOp::Xor, _) => BinaryOp::Xor,
            (hir::BinaryOp::Shl, _) => BinaryOp::Shl,
            (hir::BinaryOp::Shr, false) => BinaryOp::LShr,
            (hir::BinaryOp::Shr, true) => BinaryOp::AShr,
        };
        // Shift counts have a type of their own.
        right = match (self.out.ty(left), self.out.ty(right)) {
            (Type::I64, Type::I32) => self.zext(right),
            (Type::I32, Type::I64) => self.trunc(right),
            _ => right,
        };
        self.binary(op, left, right)
    }

    fn lower_cast(&mut self, inner: ExprId, ty: hir::TypeId) -> Value {
        let hir = self.hir;
        let span = self.span;
        let to = self.scalar(ty, span);
        if self.is_wide(inner) {
            let value = self.lower_wide(inner);
            self.span = span;
            return self.narrow(value, to);
        }
        let from = self.scalar_of(inner);
        // An unsigned object read into 64 bits takes one instruction.
        let is_narrow = matches!(from, Scalar::Int(width, false) if width != Width::W64);
        if let (ExprKind::Load(place), true) = (&hir.exprs[inner].kind, is_narrow)
            && to.width() == Width::W64
        {
            let place_ref = self.lower_place(*place);
            self.span = hir.exprs[inner].span;
            let value = self.read(&place_ref, hir.places[*place].ty, true);
            self.span = span;
            return self.convert(value, Scalar::Int(Width::W64, false), to);
        }
        let value = self.lower_expr(inner);
        self.span = span;
        self.convert(value, from, to)
    }

    fn lower_compare(
        &mut self,
        op: hir::CompareOp,
        left: ExprId,
        right: ExprId,
    ) -> (Cond, Value, Value) {
        let is_signed = self.scalar_of(left).is_signed();
        let left = self.lower_expr(left);
        let right = self.lower_expr(right);
        let cond = match (op, is_signed) {
            (hir::CompareOp::Eq, _) => Cond::Eq,
            (hir::CompareOp::Ne, _) => Cond::Ne,
            (hir::CompareOp::Lt, false) => Cond::ULt,
            (hir::CompareOp::Le, false) => Cond::ULe,
            (hir::CompareOp::Gt, false) => Cond::UGt,
            (hir::CompareOp::Ge, false) => Cond::UGe,
            (hir::CompareOp::Lt, true) => Cond::SLt,
            (hir::CompareOp::Le, true) => Cond::SLe,
            (hir::CompareOp::Gt, true) => Cond::SGt,
            (hir::CompareOp::Ge, true) => Cond::SGe,
        };
        match self.out.as_const(left) {
            Some(_) => (cond.swap(), right, left),
            None => (cond, left, right),
        }
    }

    /// C11 6.5.6p9. The distance is a multiple of the size, so dividing by its odd part is
    /// multiplying with that part's inverse.
    fn pointer_difference(&mut self, left: Value, right: Value, scale: u64) -> Value {
        let left = self.ptr_to_int(left);
        let right = self.ptr_to_int(right);
        let bytes = self.binary(BinaryOp::Sub, left, right);
        let scale = scale.max(1);
        let shift = scale.trailing_zeros();
        let odd = scale >> shift;
        // Newton: each step doubles the number of correct low bits, of which odd * odd has 3.
        let mut inverse = odd;
        for _ in 0..5 {
            inverse = inverse.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(inverse)));
        }
        let shifted = self.binary_const(BinaryOp::AShr, bytes, i64::from(shift));
        self.binary_const(BinaryOp::Mul, shifted, inverse as i64)
    }

    /// Goes to `then` if the scalar is not zero.
    pub(super) fn lower_cond(&mut self, id: ExprId, then: BlockId, otherwise: BlockId) {
        let hir = self.hir;
        let expr = &hir.exprs[id];
        self.span = expr.span;
        match &expr.kind {
            ExprKind::Not(inner) => self.lower_cond(*inner, otherwise, then),
            ExprKind::LogAnd(left, right) => {
                let next = self.new_block();
                self.lower_cond(*left, next, otherwise);
                self.start_block(next);
                self.lower_cond(*right, then, otherwise);
            }
            ExprKind::LogOr(left, right) => {
                let next = self.new_block();
                self.lower_cond(*left, then, next);
                self.start_block(next);
                self.lower_cond(*right, then, otherwise);
            }
            ExprKind::Compare(op, left, right) if self.is_wide(*left) => {
                self.lower_wide_cond(*op, (*left, *right), then, otherwise);
            }
            ExprKind::Compare(op, left, right) => {
                let condition = self.lower_compare(*op, *left, *right);
                self.span = expr.span;
                self.branch(condition, then, otherwise);
            }
            ExprKind::Comma(first, second) => {
                self.lower_effect(*first);
                self.lower_cond(*second, then, otherwise);
            }
            ExprKind::Builtin(hir::Builtin::Expect, args) if self.keeps_zero(id, args[0]) => {
                self.lower_cond(args[0], then, otherwise);
            }
            ExprKind::Cast(inner) if self.keeps_zero(id, *inner) => {
                self.lower_cond(*inner, then, otherwise);
            }
            _ if self.is_wide(id) => {
                let value = self.lower_wide(id);
                self.span = expr.span;
                let any = self.binary(BinaryOp::Or, value.low, value.high);
                let zero = self.zero(Type::I64);
                self.branch((Cond::Ne, any, zero), then, otherwise);
            }
            _ => {
                let value = self.lower_expr(id);
                self.span = expr.span;
                let zero = self.zero(self.out.ty(value));
                self.branch((Cond::Ne, value, zero), then, otherwise);
            }
        }
    }

    /// True if a cast of `inner` to the type of `outer` is zero only where `inner` is.
    fn keeps_zero(&mut self, outer: ExprId, inner: ExprId) -> bool {
        let types = self.types;
        let scalar = |id: ExprId| super::convert::scalar(types, self.hir.exprs[id].ty);
        match (scalar(outer), scalar(inner)) {
            (Some(Scalar::Bool), Some(_)) | (Some(_), Some(Scalar::Bool)) => true,
            (Some(outer), Some(inner)) => outer.width() >= inner.width(),
            _ => false,
        }
    }

    fn lower_logical(&mut self, id: ExprId) -> Value {
        let (join, result) = self.new_join(Type::I32);
        let (yes, no) = (self.new_block(), self.new_block());
        self.lower_cond(id, yes, no);
        for (block, n) in [(yes, 1), (no, 0)] {
            self.start_block(block);
            let n = self.int(Type::I32, n);
            self.jump_with(join, n);
        }
        self.start_block(join);
        result
    }

    fn lower_conditional(
        &mut self,
        cond: ExprId,
        then: ExprId,
        otherwise: ExprId,
        ty: hir::TypeId,
    ) -> Value {
        let span = self.span;
        let ty = self.scalar(ty, span).ty();
        let (join, result) = self.new_join(ty);
        let (yes, no) = (self.new_block(), self.new_block());
        self.lower_cond(cond, yes, no);
        for (block, arm) in [(yes, then), (no, otherwise)] {
            self.start_block(block);
            let value = self.lower_expr(arm);
            self.jump_with(join, value);
        }
        self.start_block(join);
        self.span = span;
        result
    }

    fn lower_assign_op(
        &mut self,
        place: hir::PlaceId,
        op: hir::BinaryOp,
        value: ExprId,
        compute: hir::TypeId,
    ) -> Value {
        let span = self.span;
        if super::wide::is_wide(self.types, compute) {
            let new = self.lower_wide_assign_op(place, op, value, compute);
            let stored = self.scalar(self.hir.places[place].ty.ty, span);
            return self.narrow(new, stored);
        }
        let place_ref = self.lower_place(place);
        let right = self.lower_expr(value);
        self.span = span;
        let ty = self.hir.places[place].ty;
        let stored = self.scalar(ty.ty, span);
        let computed = self.scalar(compute, span);
        let old = self.read(&place_ref, ty, false);
        let old = self.convert(old, stored, computed);
        let new = self.arithmetic(op, old, right, compute);
        let new = self.convert(new, computed, stored);
        self.write(&place_ref, ty, new)
    }

    fn lower_inc_dec(&mut self, place: hir::PlaceId, delta: i64, is_postfix: bool) -> Value {
        let span = self.span;
        let place_ref = self.lower_place(place);
        self.span = span;
        let ty = self.hir.places[place].ty;
        let scalar = self.scalar(ty.ty, span);
        let old = self.read(&place_ref, ty, false);
        let new = match scalar {
            Scalar::Ptr => self.ptr_add_const(old, delta),
            Scalar::Bool => {
                // C11 6.5.3.1p2: computed in `int`, converted back.
                let sum = self.binary_const(BinaryOp::Add, old, delta);
                self.convert(sum, Scalar::Int(Width::W32, true), Scalar::Bool)
            }
            Scalar::Int(..) => {
                let sum = self.binary_const(BinaryOp::Add, old, delta);
                self.normalize(sum, scalar)
            }
        };
        let written = self.write(&place_ref, ty, new);
        if is_postfix { old } else { written }
    }

    /// A call whose result is a scalar.
    fn lower_scalar_call(&mut self, id: ExprId, callee: hir::Callee, args: &[ExprId]) -> Value {
        let scalar = self.scalar_of(id);
        let value = self.lower_call(callee, args, None, scalar.ty());
        let is_ours = match callee {
            hir::Callee::Func(func) => self.module.funcs[func].body.is_some(),
            _ => false,
        };
        // Our functions return values of narrow types extended; a kernel function leaves
        // anything in the bits above (x86-64 ABI).
        match is_ours {
            true => value,
            false => self.normalize(value, scalar),
        }
    }

    /// A call. `hidden` is the address for a result in memory.
    pub(super) fn lower_call(
        &mut self,
        callee: hir::Callee,
        args: &[ExprId],
        hidden: Option<Value>,
        ty: Type,
    ) -> Value {
        let span = self.span;
        let pointer = match callee {
            hir::Callee::Pointer(pointer) => Some(self.lower_expr(pointer)),
            _ => None,
        };
        let mut values = Vec::from_iter(hidden);
        for &arg in args {
            if self.is_passed_as_record(self.hir.exprs[arg].ty) {
                self.lower_record_arg(arg, &mut values);
            } else {
                let value = self.lower_expr(arg);
                self.span = self.hir.exprs[arg].span;
                values.push(match callee {
                    hir::Callee::Helper(number) if ignores_upper_half(number, values.len()) => {
                        value
                    }
                    _ => self.register_value(value),
                });
            }
        }
        self.span = span;
        self.pass_rest(&mut values);
        values.splice(0..0, pointer);
        let callee = match callee {
            hir::Callee::Func(func) => Callee::Func(func),
            hir::Callee::Helper(number) => Callee::Helper(number),
            hir::Callee::Pointer(_) => Callee::Indirect,
        };
        match ArgList::new(&values) {
            Some(args) => {
                let result = self.emit(Op::Call(callee, args), ty);
                if let Callee::Helper(number) = callee {
                    self.count_lost(number, result);
                }
                result
            }
            None => {
                let n = ArgList::MAX;
                self.report(span, format!("this call has more than {n} arguments"));
                self.undef(ty)
            }
        }
    }
}
