//! 128-bit integers, as two halves of 64 bits. They live in memory and in pairs of values;
//! functions pass them as they pass records.

use super::Ctx;
use super::convert::Scalar;
use super::place::PlaceRef;
use crate::ir::*;
use bpfc_base::codes::bpf::E0417;
use bpfc_base::{Diagnostic, Span};
use bpfc_isa::Endian;
use bpfc_typeck::hir::{self, CompareOp, ExprId, ExprKind};

/// The halves of a 128-bit integer, both `i64`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wide {
    pub(super) low: Value,
    pub(super) high: Value,
}

/// True for 128-bit integers.
pub(super) fn is_wide(types: &hir::Types, ty: hir::TypeId) -> bool {
    types.int_kind(ty).is_some_and(|kind| kind.bits() == 128)
}

impl Ctx<'_> {
    pub(super) fn is_wide(&self, id: ExprId) -> bool {
        is_wide(self.types, self.hir.exprs[id].ty)
    }

    fn is_signed(&self, id: ExprId) -> bool {
        self.types.int_kind(self.hir.exprs[id].ty).is_some_and(|kind| kind.is_signed())
    }

    fn report_wide(&mut self, span: Span, message: &str) -> Wide {
        self.reports.push(Diagnostic::new(E0417, span, message));
        let undef = self.undef(Type::I64);
        Wide { low: undef, high: undef }
    }

    /// Evaluates a 128-bit integer.
    pub(super) fn lower_wide(&mut self, id: ExprId) -> Wide {
        let hir = self.hir;
        let expr = &hir.exprs[id];
        self.span = expr.span;
        match &expr.kind {
            ExprKind::Int(n) => self.wide_int(*n),
            ExprKind::Load(place) => {
                let place_ref = self.lower_place(*place);
                self.span = expr.span;
                self.read_wide(&place_ref, hir.places[*place].ty)
            }
            ExprKind::Cast(inner) => {
                let value = self.lower_any(*inner);
                self.span = expr.span;
                value
            }
            ExprKind::Neg(inner) => {
                let value = self.lower_wide(*inner);
                let zero = self.wide_int(0);
                self.wide_sub(zero, value)
            }
            ExprKind::BitNot(inner) => {
                let value = self.lower_wide(*inner);
                let flip = |this: &mut Self, half| this.binary_const(BinaryOp::Xor, half, -1);
                Wide { low: flip(self, value.low), high: flip(self, value.high) }
            }
            ExprKind::Binary(op, left, right) => {
                let left = self.lower_wide(*left);
                let right = self.lower_any(*right);
                self.span = expr.span;
                self.wide_arithmetic(*op, left, right, expr.ty)
            }
            ExprKind::Conditional { cond, then, otherwise } => {
                let (yes, no) = (self.new_block(), self.new_block());
                self.lower_cond(*cond, yes, no);
                let (join, result) = self.new_wide_join();
                for (block, arm) in [(yes, *then), (no, *otherwise)] {
                    self.start_block(block);
                    let value = self.lower_wide(arm);
                    self.jump_with_wide(join, value);
                }
                self.start_block(join);
                result
            }
            ExprKind::Assign { place, value } => {
                let place_ref = self.lower_place(*place);
                let value = self.lower_wide(*value);
                self.span = expr.span;
                self.write_wide(&place_ref, hir.places[*place].ty, value);
                value
            }
            ExprKind::AssignOp { place, op, value, compute } => {
                self.lower_wide_assign_op(*place, *op, *value, *compute)
            }
            ExprKind::IncDec { place, delta, is_postfix } => {
                let place_ref = self.lower_place(*place);
                self.span = expr.span;
                let ty = hir.places[*place].ty;
                let old = self.read_wide(&place_ref, ty);
                let delta = self.wide_int(i128::from(*delta));
                let new = self.wide_add(old, delta);
                self.write_wide(&place_ref, ty, new);
                if *is_postfix { old } else { new }
            }
            ExprKind::Comma(first, second) => {
                self.lower_effect(*first);
                self.lower_wide(*second)
            }
            ExprKind::StmtExpr { stmts, value: Some(value) } => {
                self.lower_stmts(stmts);
                self.lower_wide(*value)
            }
            ExprKind::Call { .. } => {
                let address = self.lower_record(id);
                self.load_wide(address, 8, false)
            }
            _ => self.report_wide(expr.span, "this 128-bit integer cannot be computed in BPF"),
        }
    }

    /// Evaluates any scalar; narrower ones are extended as their type says.
    pub(super) fn lower_any(&mut self, id: ExprId) -> Wide {
        if self.is_wide(id) {
            return self.lower_wide(id);
        }
        let from = self.hir.exprs[id].ty;
        let value = self.lower_expr(id);
        self.widen(value, from)
    }

    /// A value of type `from` as 128 bits.
    fn widen(&mut self, value: Value, from: hir::TypeId) -> Wide {
        let from = self.scalar(from, self.span);
        let low = self.convert(value, from, Scalar::Int(Width::W64, from.is_signed()));
        let high = match from.is_signed() {
            true => self.binary_const(BinaryOp::AShr, low, 63),
            false => self.zero(Type::I64),
        };
        Wide { low, high }
    }

    /// 128 bits as a value of the narrower type `to`.
    pub(super) fn narrow(&mut self, value: Wide, to: Scalar) -> Value {
        match to {
            Scalar::Bool => {
                let any = self.binary(BinaryOp::Or, value.low, value.high);
                let zero = self.zero(Type::I64);
                self.compare(Cond::Ne, any, zero)
            }
            _ => self.convert(value.low, Scalar::Int(Width::W64, false), to),
        }
    }

    fn wide_int(&mut self, n: i128) -> Wide {
        let high = self.int(Type::I64, (n >> 64) as i64);
        Wide { low: self.int(Type::I64, n as i64), high }
    }

    /// Reads a 128-bit object.
    fn read_wide(&mut self, place: &PlaceRef, ty: hir::QualType) -> Wide {
        if place.is_bit_field() {
            let span = self.span;
            return self.report_wide(span, "bit-fields of 128-bit types are not supported");
        }
        self.load_wide(place.address, place.align, ty.quals.is_volatile)
    }

    fn load_wide(&mut self, address: Address, align: u32, is_volatile: bool) -> Wide {
        let [low, high] = self.wide_halves(address, align, is_volatile);
        let low = self.emit(Op::Load(low), Type::I64);
        Wide { low, high: self.emit(Op::Load(high), Type::I64) }
    }

    /// Writes a 128-bit object.
    pub(super) fn write_wide(&mut self, place: &PlaceRef, ty: hir::QualType, value: Wide) {
        if place.is_bit_field() {
            let span = self.span;
            self.report_wide(span, "bit-fields of 128-bit types are not supported");
            return;
        }
        let halves = self.wide_halves(place.address, place.align, ty.quals.is_volatile);
        for (access, half) in halves.into_iter().zip([value.low, value.high]) {
            self.emit(Op::Store(access, half), Type::Void);
        }
    }

    fn wide_halves(&mut self, address: Address, align: u32, is_volatile: bool) -> [Access; 2] {
        let address = match address.core {
            Some(_) => Address::new(self.address_value(address), 0),
            None => address,
        };
        let halves = match self.out.endian {
            Endian::Little => [0, 8],
            Endian::Big => [8, 0],
        };
        halves.map(|offset| {
            let half = Address { offset: address.offset + offset, ..address };
            let address = self.fit(half);
            Access { align: align.min(8), is_volatile, ..Access::new(address, Width::W64) }
        })
    }

    /// Puts a 128-bit argument into memory.
    pub(super) fn wide_in_memory(&mut self, id: ExprId) -> Address {
        let value = self.lower_wide(id);
        let slot = self.new_temp(self.hir.exprs[id].ty);
        let base = Address::new(self.out.slot_addr(slot, 0), 0);
        for (access, half) in
            self.wide_halves(base, 8, false).into_iter().zip([value.low, value.high])
        {
            self.emit(Op::Store(access, half), Type::Void);
        }
        base
    }

    fn wide_add(&mut self, a: Wide, b: Wide) -> Wide {
        let low = self.binary(BinaryOp::Add, a.low, b.low);
        let carry = self.compare(Cond::ULt, low, a.low);
        let carry = self.zext(carry);
        let high = self.binary(BinaryOp::Add, a.high, b.high);
        Wide { low, high: self.binary(BinaryOp::Add, high, carry) }
    }

    fn wide_sub(&mut self, a: Wide, b: Wide) -> Wide {
        let borrow = self.compare(Cond::ULt, a.low, b.low);
        let borrow = self.zext(borrow);
        let low = self.binary(BinaryOp::Sub, a.low, b.low);
        let high = self.binary(BinaryOp::Sub, a.high, b.high);
        Wide { low, high: self.binary(BinaryOp::Sub, high, borrow) }
    }

    /// All 128 bits of the product of two 64-bit integers, from products of 32 bits.
    fn wide_product(&mut self, a: Value, b: Value) -> Wide {
        let low_half = 0xffff_ffff;
        let [a0, b0] = [a, b].map(|x| self.binary_const(BinaryOp::And, x, low_half));
        let [a1, b1] = [a, b].map(|x| self.binary_const(BinaryOp::LShr, x, 32));
        let low = self.binary(BinaryOp::Mul, a0, b0);
        let carry = self.binary_const(BinaryOp::LShr, low, 32);
        let middle = self.binary(BinaryOp::Mul, a1, b0);
        let middle = self.binary(BinaryOp::Add, middle, carry);
        let middle_low = self.binary_const(BinaryOp::And, middle, low_half);
        let middle_high = self.binary_const(BinaryOp::LShr, middle, 32);
        let other = self.binary(BinaryOp::Mul, a0, b1);
        let other = self.binary(BinaryOp::Add, other, middle_low);
        let other_high = self.binary_const(BinaryOp::LShr, other, 32);
        let high = self.binary(BinaryOp::Mul, a1, b1);
        let high = self.binary(BinaryOp::Add, high, middle_high);
        let high = self.binary(BinaryOp::Add, high, other_high);
        Wide { low: self.binary(BinaryOp::Mul, a, b), high }
    }

    fn wide_mul(&mut self, a: Wide, b: Wide) -> Wide {
        let product = self.wide_product(a.low, b.low);
        let cross = self.binary(BinaryOp::Mul, a.low, b.high);
        let high = self.binary(BinaryOp::Add, product.high, cross);
        let cross = self.binary(BinaryOp::Mul, a.high, b.low);
        Wide { low: product.low, high: self.binary(BinaryOp::Add, high, cross) }
    }

    fn wide_arithmetic(&mut self, op: hir::BinaryOp, a: Wide, b: Wide, ty: hir::TypeId) -> Wide {
        let is_signed = self.types.int_kind(ty).is_some_and(|kind| kind.is_signed());
        let halves = |this: &mut Self, op| Wide {
            low: this.binary(op, a.low, b.low),
            high: this.binary(op, a.high, b.high),
        };
        match op {
            hir::BinaryOp::Add => self.wide_add(a, b),
            hir::BinaryOp::Sub => self.wide_sub(a, b),
            hir::BinaryOp::Mul => self.wide_mul(a, b),
            hir::BinaryOp::And => halves(self, BinaryOp::And),
            hir::BinaryOp::Or => halves(self, BinaryOp::Or),
            hir::BinaryOp::Xor => halves(self, BinaryOp::Xor),
            hir::BinaryOp::Shl => self.wide_shift_left(a, b.low),
            hir::BinaryOp::Shr => self.wide_shift_right(a, b.low, is_signed),
            hir::BinaryOp::Div | hir::BinaryOp::Rem => self.wide_divide(op, a, b, is_signed),
        }
    }

    /// Division by a power of two; there are no instructions for any other.
    fn wide_divide(&mut self, op: hir::BinaryOp, a: Wide, b: Wide, is_signed: bool) -> Wide {
        let divisor = match (self.out.as_const(b.low), self.out.as_const(b.high)) {
            (Some(low), Some(high)) if !is_signed => {
                u128::from(high as u64) << 64 | u128::from(low as u64)
            }
            _ => 0,
        };
        if !divisor.is_power_of_two() {
            let span = self.span;
            let message = "128-bit integers can be divided by constant powers of two only";
            return self.report_wide(span, message);
        }
        if op == hir::BinaryOp::Div {
            let shift = self.int(Type::I64, i64::from(divisor.trailing_zeros()));
            return self.wide_shift_right(a, shift, false);
        }
        let mask = self.wide_int((divisor - 1) as i128);
        let low = self.binary(BinaryOp::And, a.low, mask.low);
        Wide { low, high: self.binary(BinaryOp::And, a.high, mask.high) }
    }

    /// `n & 63`, and the bits that move from one half to the other: `half` moved by one and
    /// by `63 - n` more, so that no shift is by 64.
    fn crossing(&mut self, op: BinaryOp, half: Value, n: Value) -> (Value, Value) {
        let n = self.binary_const(BinaryOp::And, n, 63);
        let rest = self.binary_const(BinaryOp::Xor, n, 63);
        let half = self.binary_const(op, half, 1);
        (n, self.binary(op, half, rest))
    }

    fn wide_shift_left(&mut self, a: Wide, n: Value) -> Wide {
        let (small, large, join, result) = self.split_shift(n);
        self.start_block(small);
        let (by, crossing) = self.crossing(BinaryOp::LShr, a.low, n);
        let high = self.binary(BinaryOp::Shl, a.high, by);
        let high = self.binary(BinaryOp::Or, high, crossing);
        let low = self.binary(BinaryOp::Shl, a.low, by);
        self.jump_with_wide(join, Wide { low, high });
        self.start_block(large);
        let by = self.binary_const(BinaryOp::And, n, 63);
        let high = self.binary(BinaryOp::Shl, a.low, by);
        let low = self.zero(Type::I64);
        self.jump_with_wide(join, Wide { low, high });
        self.start_block(join);
        result
    }

    fn wide_shift_right(&mut self, a: Wide, n: Value, is_signed: bool) -> Wide {
        let shift = if is_signed { BinaryOp::AShr } else { BinaryOp::LShr };
        let (small, large, join, result) = self.split_shift(n);
        self.start_block(small);
        let (by, crossing) = self.crossing(BinaryOp::Shl, a.high, n);
        let low = self.binary(BinaryOp::LShr, a.low, by);
        let low = self.binary(BinaryOp::Or, low, crossing);
        let high = self.binary(shift, a.high, by);
        self.jump_with_wide(join, Wide { low, high });
        self.start_block(large);
        let by = self.binary_const(BinaryOp::And, n, 63);
        let low = self.binary(shift, a.high, by);
        let high = match is_signed {
            true => self.binary_const(BinaryOp::AShr, a.high, 63),
            false => self.zero(Type::I64),
        };
        self.jump_with_wide(join, Wide { low, high });
        self.start_block(join);
        result
    }

    /// Blocks for shifts by less than 64, and by 64 and more.
    fn split_shift(&mut self, n: Value) -> (BlockId, BlockId, BlockId, Wide) {
        let (small, large) = (self.new_block(), self.new_block());
        let limit = self.int(Type::I64, 64);
        self.branch((Cond::ULt, n, limit), small, large);
        let (join, result) = self.new_wide_join();
        (small, large, join, result)
    }

    fn new_wide_join(&mut self) -> (BlockId, Wide) {
        let block = self.new_block();
        let low = self.out.push_param(block, Type::I64, self.span);
        (block, Wide { low, high: self.out.push_param(block, Type::I64, self.span) })
    }

    fn jump_with_wide(&mut self, block: BlockId, value: Wide) {
        let args = vec![value.low, value.high];
        self.end_block(Term::Jump(Target { block, args }));
    }

    /// Goes to `then` if a comparison of 128-bit integers holds.
    pub(super) fn branch_wide(
        &mut self,
        op: CompareOp,
        (a, b): (Wide, Wide),
        is_signed: bool,
        then: BlockId,
        otherwise: BlockId,
    ) {
        let (strict, low) = match op {
            CompareOp::Eq | CompareOp::Ne => {
                let low = self.binary(BinaryOp::Xor, a.low, b.low);
                let high = self.binary(BinaryOp::Xor, a.high, b.high);
                let any = self.binary(BinaryOp::Or, low, high);
                let zero = self.zero(Type::I64);
                let cond = if op == CompareOp::Eq { Cond::Eq } else { Cond::Ne };
                return self.branch((cond, any, zero), then, otherwise);
            }
            CompareOp::Lt if is_signed => (Cond::SLt, Cond::ULt),
            CompareOp::Le if is_signed => (Cond::SLt, Cond::ULe),
            CompareOp::Gt if is_signed => (Cond::SGt, Cond::UGt),
            CompareOp::Ge if is_signed => (Cond::SGt, Cond::UGe),
            CompareOp::Lt => (Cond::ULt, Cond::ULt),
            CompareOp::Le => (Cond::ULt, Cond::ULe),
            CompareOp::Gt => (Cond::UGt, Cond::UGt),
            CompareOp::Ge => (Cond::UGt, Cond::UGe),
        };
        let (same, differ) = (self.new_block(), self.new_block());
        self.branch((Cond::Eq, a.high, b.high), same, differ);
        self.start_block(same);
        self.branch((low, a.low, b.low), then, otherwise);
        self.start_block(differ);
        self.branch((strict, a.high, b.high), then, otherwise);
    }

    /// A comparison, one operand of which has 128 bits.
    pub(super) fn lower_wide_cond(
        &mut self,
        op: CompareOp,
        (left, right): (ExprId, ExprId),
        then: BlockId,
        otherwise: BlockId,
    ) {
        let span = self.span;
        let is_signed = self.is_signed(left);
        let operands = (self.lower_wide(left), self.lower_wide(right));
        self.span = span;
        self.branch_wide(op, operands, is_signed, then, otherwise);
    }

    /// `op=` where the object or the computation has 128 bits.
    pub(super) fn lower_wide_assign_op(
        &mut self,
        place: hir::PlaceId,
        op: hir::BinaryOp,
        value: ExprId,
        compute: hir::TypeId,
    ) -> Wide {
        let span = self.span;
        let place_ref = self.lower_place(place);
        let right = self.lower_any(value);
        self.span = span;
        let ty = self.hir.places[place].ty;
        if is_wide(self.types, ty.ty) {
            let old = self.read_wide(&place_ref, ty);
            let new = self.wide_arithmetic(op, old, right, compute);
            self.write_wide(&place_ref, ty, new);
            return new;
        }
        let old = self.read(&place_ref, ty, false);
        let old = self.widen(old, ty.ty);
        let new = self.wide_arithmetic(op, old, right, compute);
        let stored = self.scalar(ty.ty, span);
        let new = self.narrow(new, stored);
        let written = self.write(&place_ref, ty, new);
        self.widen(written, ty.ty)
    }

    /// `switch` on 128 bits: one case after the other.
    pub(super) fn lower_wide_cases(
        &mut self,
        value: ExprId,
        cases: &[hir::Case],
        default: BlockId,
    ) {
        let span = self.span;
        let is_signed = self.is_signed(value);
        let value = self.lower_wide(value);
        self.span = span;
        for case in cases {
            let target = self.labels[case.label];
            let next = self.new_block();
            let low = self.wide_int(case.low);
            if case.low == case.high {
                self.branch_wide(CompareOp::Eq, (value, low), is_signed, target, next);
            } else {
                let inside = self.new_block();
                self.branch_wide(CompareOp::Ge, (value, low), is_signed, inside, next);
                self.start_block(inside);
                let high = self.wide_int(case.high);
                self.branch_wide(CompareOp::Le, (value, high), is_signed, target, next);
            }
            self.start_block(next);
        }
        self.jump(default);
    }

    /// Whether values of this type are passed as records are.
    pub(super) fn is_passed_as_record(&self, ty: hir::TypeId) -> bool {
        self.types.record_of(ty).is_some() || is_wide(self.types, ty)
    }
}
