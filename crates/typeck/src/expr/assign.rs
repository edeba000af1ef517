//! Assignments (C11 6.5.16).

use super::binary::arith_op;
use crate::checker::Checker;
use crate::convert::Why;
use crate::hir::{AtomicOp, BinaryOp, ExprId, ExprKind, PlaceId, Type, TypeId};
use bpfc_base::Span;
use bpfc_base::codes::bpf::E0413;
use bpfc_parser::ast;

impl Checker<'_> {
    pub fn assign_expr(
        &mut self,
        op: Option<ast::BinaryOp>,
        left: ast::ExprId,
        right: ast::ExprId,
        span: Span,
    ) -> ExprId {
        if op.is_none() {
            self.warn_self_assignment(left, right, span);
        }
        let target = self.expr(left);
        let value = self.expr(right);
        let Some(place) = self.modifiable(target, target.span) else {
            return self.poison(span);
        };
        match op {
            None => {
                let ty = self.body.places[place].ty.ty;
                let value = self.operand_value(value);
                let value = self.convert(value, ty, &Why::Assign);
                self.check_bit_field_value(place, value);
                if self.is_poison(value) {
                    return self.poison(span);
                }
                if matches!(self.resolved(ty), Type::Float(_)) {
                    return self.float_operation(value, span);
                }
                self.value(ExprKind::Assign { place, value }, ty, span)
            }
            Some(op) => {
                let value = self.promote(value);
                let value = self.whole_number(op, place, value);
                self.compound_assign(op, place, value, span)
            }
        }
    }

    /// `n += 2.0` with an integer `n` of up to 32 bits, whose values a `double` holds exactly, is
    /// `n += 2L`; where the results would differ, C defines none (C11 6.3.1.4p1).
    fn whole_number(&mut self, op: ast::BinaryOp, place: PlaceId, value: ExprId) -> ExprId {
        use ast::BinaryOp::{Add, Div, Mul, Sub};
        let Some(number) = self.const_float(value) else {
            return value;
        };
        let ty = self.body.places[place].ty.ty;
        let is_exact = self.int_shape(ty).is_some_and(|(bits, _)| bits <= 32)
            && !self.is_bool(ty)
            && number.fract() == 0.0
            && number.abs() <= f64::from(i32::MAX);
        let is_same = matches!(op, Add | Sub | Mul) || op == Div && number != 0.0;
        match is_exact && is_same {
            true => self.int(number as i128, self.common.long, self.span_of(value)),
            false => value,
        }
    }

    /// Warns if a constant does not fit the bit-field at `place`.
    fn check_bit_field_value(&mut self, place: PlaceId, value: ExprId) {
        let (Some(bits), Some(number)) = (self.bit_field(place), self.const_int(value)) else {
            return;
        };
        self.check_width(number, bits, value);
    }

    /// `place op= value`
    fn compound_assign(
        &mut self,
        op: ast::BinaryOp,
        place: PlaceId,
        value: ExprId,
        span: Span,
    ) -> ExprId {
        if self.is_poison(value) {
            return self.poison(span);
        }
        let ty = self.body.places[place].ty.ty;
        let value_ty = self.type_of(value);
        let Some(operation) = arith_op(op) else {
            return self.poison(span);
        };
        if self.is_pointer(ty)
            && self.is_integer(value_ty)
            && matches!(op, ast::BinaryOp::Add | ast::BinaryOp::Sub)
        {
            let sign = if op == ast::BinaryOp::Add { 1 } else { -1 };
            return self.pointer_assign(place, value, sign, span);
        }
        if self.is_float(ty) {
            let loaded = self.load(place);
            return self.float_operation(loaded, span);
        }
        if self.is_float(value_ty) {
            return self.float_operation(value, span);
        }
        if !self.is_integer(ty) || !self.is_integer(value_ty) {
            let loaded = self.load(place);
            return self.bad_operands(op, loaded, value, span);
        }
        if self.all_quals(self.body.places[place].ty).is_atomic {
            return self.atomic_assign(operation, place, value, true, span);
        }
        let compute = self.compute_type(operation, place, ty, value_ty);
        let is_shift = matches!(operation, BinaryOp::Shl | BinaryOp::Shr);
        self.warn_arithmetic(operation, None, value, compute, span);
        let value_span = self.span_of(value);
        let value = if is_shift { value } else { self.cast(value, compute, value_span) };
        self.value(ExprKind::AssignOp { place, op: operation, value, compute }, ty, span)
    }

    /// C11 6.5.16.2p3: `op=` on an `_Atomic` object is one operation.
    pub fn atomic_assign(
        &mut self,
        op: BinaryOp,
        place: PlaceId,
        value: ExprId,
        is_value_after: bool,
        span: Span,
    ) -> ExprId {
        let ty = self.body.places[place].ty.ty;
        let op = match op {
            BinaryOp::Add => Some(AtomicOp::Add),
            BinaryOp::Sub => Some(AtomicOp::Sub),
            BinaryOp::And => Some(AtomicOp::And),
            BinaryOp::Or => Some(AtomicOp::Or),
            BinaryOp::Xor => Some(AtomicOp::Xor),
            _ => None,
        };
        let size = self.module.types.size_of(ty);
        let is_bool = self.is_bool(ty);
        let Some(op) = op.filter(|_| matches!(size, Some(4 | 8)) && !is_bool) else {
            let shown = self.show(ty);
            let message = format!("BPF has no such atomic operation on `{shown}`");
            self.error(E0413, span, message);
            return self.poison(span);
        };
        let ptr = self.address(place, span);
        let value_span = self.span_of(value);
        let operands = vec![self.cast(value, ty, value_span)];
        self.value(ExprKind::Atomic { op, ptr, operands, is_value_after }, ty, span)
    }

    fn compute_type(&mut self, op: BinaryOp, place: PlaceId, ty: TypeId, value: TypeId) -> TypeId {
        let promoted = self.promoted_type(ty, self.bit_field(place));
        match op {
            BinaryOp::Shl | BinaryOp::Shr => promoted,
            _ => self.usual_arithmetic(promoted, value),
        }
    }

    fn pointer_assign(&mut self, place: PlaceId, index: ExprId, sign: i64, span: Span) -> ExprId {
        let ty = self.body.places[place].ty.ty;
        if self.all_quals(self.body.places[place].ty).is_atomic {
            self.error(E0413, span, "BPF has no atomic operation on pointers but exchanges");
            return self.poison(span);
        }
        let Some(to) = self.pointee(ty) else {
            return self.poison(span);
        };
        let Some(bytes) = self.step_bytes(to, span) else {
            return self.poison(span);
        };
        let index_span = self.span_of(index);
        let Some(index) = self.index_value(index, index_span) else {
            return self.poison(span);
        };
        self.value(ExprKind::AssignPtrAdd { place, index, scale: sign * bytes }, ty, span)
    }
}
