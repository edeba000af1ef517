//! `__builtin_add_overflow` and its relatives.

use super::BuiltinCall;
use crate::checker::Checker;
use crate::hir::{BinaryOp, CompareOp, ExprId, ExprKind, IntKind, PlaceKind, QualType, TypeId};
use bpfc_base::codes::bpf::E0417;
use bpfc_base::codes::types::E0304;

/// The operation and, for a name such as `uaddl_overflow`, the type.
fn overflow_builtin(name: &str) -> Option<(BinaryOp, Option<IntKind>)> {
    let name = name.strip_suffix("_overflow")?;
    let operation = |word: &str| match word {
        "add" => Some(BinaryOp::Add),
        "sub" => Some(BinaryOp::Sub),
        "mul" => Some(BinaryOp::Mul),
        _ => None,
    };
    if let Some(op) = operation(name) {
        return Some((op, None));
    }
    let (is_signed, name) = match name.split_at_checked(1)? {
        ("s", rest) => (true, rest),
        ("u", rest) => (false, rest),
        _ => return None,
    };
    let (op, kind) = match name.split_at_checked(3)? {
        (op, "") => (op, IntKind::Int),
        (op, "l") => (op, IntKind::Long),
        (op, "ll") => (op, IntKind::LongLong),
        _ => return None,
    };
    let kind = if is_signed { kind } else { kind.to_unsigned() };
    Some((operation(op)?, Some(kind)))
}

impl Checker<'_> {
    /// `__builtin_add_overflow(a, b, &result)` and its relatives: the exact result, in a type
    /// that holds it, is compared with what the object holds of it. `None` for other names.
    pub fn overflow(&mut self, name: &str, call: &BuiltinCall<'_>) -> Option<ExprId> {
        let (op, kind) = overflow_builtin(name)?;
        Some(self.overflow_of(op, kind, call))
    }

    fn overflow_of(
        &mut self,
        op: BinaryOp,
        kind: Option<IntKind>,
        call: &BuiltinCall<'_>,
    ) -> ExprId {
        let span = call.span;
        let Some(values) = self.args_exactly(call, 3) else {
            return self.poison(span);
        };
        let (mut a, mut b, out) = (values[0], values[1], values[2]);
        let target = self.pointee(self.type_of(out));
        let Some(target) = target.filter(|target| self.is_integer(target.ty)) else {
            let shown = self.show(self.type_of(out));
            let message = format!("`{}` needs a pointer to an integer, found `{shown}`", call.name);
            self.error(E0304, self.span_of(out), message);
            return self.poison(span);
        };
        for operand in [&mut a, &mut b] {
            let Some(value) = self.overflow_operand(*operand, kind, call) else {
                return self.poison(span);
            };
            *operand = value;
        }
        let Some(exact_ty) = self.exact_type(op, a, b, target) else {
            let message = format!("`{}` is not supported for 128-bit integers", call.name);
            self.error(E0417, call.name_span, message);
            return self.poison(span);
        };
        if self.func.is_none() {
            return self.poison(span);
        }
        let (sa, sb) = (self.span_of(a), self.span_of(b));
        let (a, b) = (self.cast(a, exact_ty, sa), self.cast(b, exact_ty, sb));
        let exact = self.value(ExprKind::Binary(op, a, b), exact_ty, span);
        let (local, init) = self.fill_temporary(exact);
        let exact = self.place(PlaceKind::Local(local), QualType::plain(exact_ty), span);
        let place = self.deref(out, span);
        let loaded = self.load(exact);
        let narrow = self.truncate(loaded, target.ty, span);
        let store = self.value(ExprKind::Assign { place, value: narrow }, target.ty, span);
        let stored = self.cast(store, exact_ty, span);
        let again = self.load(exact);
        let differs = self.compare(CompareOp::Ne, stored, again, span);
        let bool_ty = self.common.bool;
        let result = self.cast(differs, bool_ty, span);
        self.value(ExprKind::StmtExpr { stmts: vec![init], value: Some(result) }, bool_ty, span)
    }

    fn overflow_operand(
        &mut self,
        value: ExprId,
        kind: Option<IntKind>,
        call: &BuiltinCall<'_>,
    ) -> Option<ExprId> {
        let (ty, span) = (self.type_of(value), self.span_of(value));
        if !self.is_integer(ty) {
            let shown = self.show(ty);
            self.error(E0304, span, format!("`{}` takes an integer, found `{shown}`", call.name));
            return None;
        }
        Some(match kind {
            Some(kind) => {
                let ty = self.int_type(kind);
                self.cast(value, ty, span)
            }
            None => value,
        })
    }

    /// A type in which the result is exact, and in which differences to what `target` holds
    /// show. `None` if there is none.
    fn exact_type(
        &mut self,
        op: BinaryOp,
        a: ExprId,
        b: ExprId,
        target: QualType,
    ) -> Option<TypeId> {
        let shape = |this: &Self, ty| this.int_shape(ty);
        let (bits_a, signed_a) = shape(self, self.type_of(a))?;
        let (bits_b, signed_b) = shape(self, self.type_of(b))?;
        let (bits, _) = shape(self, target.ty)?;
        let widest = bits_a.max(bits_b).max(bits);
        let kind = match widest {
            ..=32 => IntKind::Long,
            33..=64 if op == BinaryOp::Mul && !signed_a && !signed_b => IntKind::UInt128,
            33..=64 => IntKind::Int128,
            _ => return None,
        };
        Some(self.int_type(kind))
    }

    /// The low bits of `value`, to `_Bool` as well.
    fn truncate(&mut self, value: ExprId, ty: TypeId, span: bpfc_base::Span) -> ExprId {
        if !self.is_bool(ty) {
            return self.cast(value, ty, span);
        }
        let (int, one) = (self.common.int, self.int(1, self.common.int, span));
        let low = self.cast(value, int, span);
        let bit = self.arith(BinaryOp::And, low, one, int, span);
        self.cast(bit, ty, span)
    }
}
