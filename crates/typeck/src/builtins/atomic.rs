//! `__sync_*` and `__atomic_*`.

use super::BuiltinCall;
use crate::checker::Checker;
use crate::convert::Why;
use crate::hir::{
    AtomicOp, Builtin, CompareOp, ExprId, ExprKind, PlaceId, PlaceKind, QualType, StmtKind, TypeId,
};
use bpfc_base::Span;
use bpfc_base::codes::bpf::E0413;
use bpfc_base::codes::types::{E0304, E0318, E0320};

/// Memory orders, as `__ATOMIC_RELAXED` and `__ATOMIC_RELEASE` number them. Those that make no sense for an operation,
/// and what is no constant, are taken for the strongest.
const RELAXED: i128 = 0;
const RELEASE: i128 = 3;

/// The operation in a name such as `fetch_and_add`.
fn operation(word: &str) -> Option<AtomicOp> {
    Some(match word {
        "add" => AtomicOp::Add,
        "sub" => AtomicOp::Sub,
        "and" => AtomicOp::And,
        "or" => AtomicOp::Or,
        "xor" => AtomicOp::Xor,
        "nand" => AtomicOp::Nand,
        _ => return None,
    })
}

impl Checker<'_> {
    /// `__sync_NAME(…)`
    pub fn sync_builtin(&mut self, name: &str, call: &BuiltinCall<'_>) -> ExprId {
        // A width may be part of the name: `__sync_fetch_and_add_8`.
        let name =
            ["_1", "_2", "_4", "_8"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        let span = call.span;
        if let Some(op) = name.strip_prefix("fetch_and_").and_then(operation) {
            return self.read_modify_write(op, call, false);
        }
        if let Some(op) = name.strip_suffix("_and_fetch").and_then(operation) {
            return self.read_modify_write(op, call, true);
        }
        match name {
            "lock_test_and_set" => self.read_modify_write(AtomicOp::Exchange, call, false),
            "val_compare_and_swap" => match self.compare_exchange(call) {
                Some((value, _)) => value,
                None => self.poison(span),
            },
            "bool_compare_and_swap" => self.bool_compare_and_swap(call),
            "lock_release" => self.lock_release(call),
            "synchronize" => {
                let void = self.common.void;
                self.value(ExprKind::Builtin(Builtin::Barrier, Vec::new()), void, span)
            }
            _ => self.unknown_atomic(call),
        }
    }

    /// `__atomic_NAME(…)`. BPF's atomics are all sequentially consistent, which is allowed
    /// for every memory order.
    pub fn atomic_builtin(&mut self, name: &str, call: &BuiltinCall<'_>) -> ExprId {
        let span = call.span;
        if let Some(op) = name.strip_prefix("fetch_").and_then(operation) {
            return self.read_modify_write(op, call, false);
        }
        if let Some(op) = name.strip_suffix("_fetch").and_then(operation) {
            return self.read_modify_write(op, call, true);
        }
        match name {
            "exchange_n" => self.read_modify_write(AtomicOp::Exchange, call, false),
            "exchange" => self.exchange_in_memory(call),
            "load_n" => self.atomic_load(call),
            "load" => self.load_into_memory(call),
            "store_n" => self.atomic_store(call, None),
            "store" => self.store_from_memory(call),
            "compare_exchange_n" => self.atomic_compare_exchange(call, false),
            "compare_exchange" => self.atomic_compare_exchange(call, true),
            "clear" => self.lock_release(call),
            "always_lock_free" | "is_lock_free" => self.lock_free(call),
            "thread_fence" | "signal_fence" => {
                let void = self.common.void;
                self.value(ExprKind::Builtin(Builtin::Barrier, Vec::new()), void, span)
            }
            _ => self.unknown_atomic(call),
        }
    }

    /// `__c11_atomic_NAME(…)`: values, where `__atomic_NAME` has pointers to them.
    pub fn c11_atomic_builtin(&mut self, name: &str, call: &BuiltinCall<'_>) -> ExprId {
        match name {
            "exchange" => self.read_modify_write(AtomicOp::Exchange, call, false),
            "load" => self.atomic_load(call),
            "store" => self.atomic_store(call, None),
            "init" => self.atomic_store(call, Some(AtomicOp::Store)),
            "compare_exchange_strong" | "compare_exchange_weak" => {
                self.atomic_compare_exchange(call, false)
            }
            "is_lock_free" => self.lock_free(call),
            "thread_fence" | "signal_fence" => self.atomic_builtin(name, call),
            _ if name.starts_with("fetch_") => self.atomic_builtin(name, call),
            _ => self.unknown_atomic(call),
        }
    }

    /// `(size, ptr)`: whether objects of so many bytes need no lock.
    fn lock_free(&mut self, call: &BuiltinCall<'_>) -> ExprId {
        let Some(values) = self.unevaluated(|this| this.args_at_least(call, 1)) else {
            return self.poison(call.span);
        };
        let is_free = matches!(self.const_int(values[0]), Some(1 | 2 | 4 | 8));
        self.int(i128::from(is_free), self.common.bool, call.span)
    }

    /// What argument `index`, a pointer to `ty`, points to.
    fn atomic_target(
        &mut self,
        value: ExprId,
        ty: TypeId,
        call: &BuiltinCall<'_>,
        index: usize,
    ) -> Option<PlaceId> {
        let span = self.span_of(value);
        let ptr = self.ptr_to(QualType::plain(ty), span);
        let ptr = self.atomic_operand(value, ptr, call, index);
        (!self.is_poison(ptr)).then(|| self.deref(ptr, span))
    }

    fn assign_void(&mut self, place: PlaceId, value: ExprId, ty: TypeId, span: Span) -> ExprId {
        let assign = self.value(ExprKind::Assign { place, value }, ty, span);
        self.value(ExprKind::Cast(assign), self.common.void, span)
    }

    /// `(ptr, &result, order)`
    fn load_into_memory(&mut self, call: &BuiltinCall<'_>) -> ExprId {
        let span = call.span;
        let Some(values) = self.args_at_least(call, 2) else {
            return self.poison(span);
        };
        let Some(ty) = self.atomic_type(values[0], &[1, 2, 4, 8], call) else {
            return self.poison(span);
        };
        let Some(result) = self.atomic_target(values[1], ty, call, 1) else {
            return self.poison(span);
        };
        let (op, ptr) = (self.load_op(values.get(2)), values[0]);
        let kind = ExprKind::Atomic { op, ptr, operands: Vec::new(), is_value_after: false };
        let value = self.value(kind, ty, span);
        self.assign_void(result, value, ty, span)
    }

    /// `(ptr, &value, order)`
    fn store_from_memory(&mut self, call: &BuiltinCall<'_>) -> ExprId {
        let span = call.span;
        let Some(values) = self.args_at_least(call, 2) else {
            return self.poison(span);
        };
        let Some(ty) = self.atomic_type(values[0], &[1, 2, 4, 8], call) else {
            return self.poison(span);
        };
        match self.atomic_target(values[1], ty, call, 1) {
            Some(from) => {
                let value = self.load(from);
                let op = self.store_op(values.get(2));
                self.store_value(op, values[0], value, span)
            }
            None => self.poison(span),
        }
    }

    /// `(ptr, &value, &result, order)`
    fn exchange_in_memory(&mut self, call: &BuiltinCall<'_>) -> ExprId {
        let span = call.span;
        let Some(values) = self.args_at_least(call, 3) else {
            return self.poison(span);
        };
        let Some(ty) = self.atomic_type(values[0], &[4, 8], call) else {
            return self.poison(span);
        };
        let from = self.atomic_target(values[1], ty, call, 1);
        let result = self.atomic_target(values[2], ty, call, 2);
        let (Some(from), Some(result)) = (from, result) else {
            return self.poison(span);
        };
        let value = self.load(from);
        let (op, ptr) = (AtomicOp::Exchange, values[0]);
        let kind = ExprKind::Atomic { op, ptr, operands: vec![value], is_value_after: false };
        let old = self.value(kind, ty, span);
        self.assign_void(result, old, ty, span)
    }

    fn unknown_atomic(&mut self, call: &BuiltinCall<'_>) -> ExprId {
        for &arg in call.args {
            self.rvalue(arg);
        }
        self.error(E0320, call.name_span, format!("the builtin `{}` is not supported", call.name));
        self.poison(call.span)
    }

    /// The type behind the pointer that an atomic works on; reports unsuitable ones.
    fn atomic_type(
        &mut self,
        ptr: ExprId,
        widths: &[u64],
        call: &BuiltinCall<'_>,
    ) -> Option<TypeId> {
        let ty = self.type_of(ptr);
        let span = self.span_of(ptr);
        let to = self.pointee(ty).filter(|to| self.is_integer(to.ty) || self.is_pointer(to.ty));
        let Some(to) = to else {
            let shown = self.show(ty);
            let message = format!("`{}` needs a pointer to an integer, found `{shown}`", call.name);
            self.error(E0304, span, message);
            return None;
        };
        if self.all_quals(to).is_const && !matches!(widths, [1, ..]) {
            let shown = self.show(ty);
            self.error(E0318, span, format!("what `{shown}` points to cannot be changed"));
            return None;
        }
        let size = self.module.types.size_of(to.ty)?;
        if !widths.contains(&size) {
            let shown = self.show_qual(to);
            let message =
                format!("BPF has atomic operations on 4 and 8 bytes only, `{shown}` has {size}");
            self.error(E0413, span, message);
            return None;
        }
        Some(to.ty)
    }

    fn atomic_operand(
        &mut self,
        value: ExprId,
        ty: TypeId,
        call: &BuiltinCall<'_>,
        index: usize,
    ) -> ExprId {
        let why = Why::Argument { callee: call.name.to_owned(), index, declared: Span::NONE };
        self.convert(value, ty, &why)
    }

    fn read_modify_write(
        &mut self,
        op: AtomicOp,
        call: &BuiltinCall<'_>,
        is_value_after: bool,
    ) -> ExprId {
        let span = call.span;
        let Some(values) = self.args_at_least(call, 2) else {
            return self.poison(span);
        };
        let Some(ty) = self.atomic_type(values[0], &[4, 8], call) else {
            return self.poison(span);
        };
        let operand = self.atomic_operand(values[1], ty, call, 1);
        if self.is_poison(operand) {
            return operand;
        }
        let kind = ExprKind::Atomic { op, ptr: values[0], operands: vec![operand], is_value_after };
        self.value(kind, ty, span)
    }

    /// `(ptr, expected, desired)`: the value that memory had, and what was expected.
    fn compare_exchange(&mut self, call: &BuiltinCall<'_>) -> Option<(ExprId, ExprId)> {
        let values = self.args_at_least(call, 3)?;
        let ty = self.atomic_type(values[0], &[4, 8], call)?;
        let expected = self.atomic_operand(values[1], ty, call, 1);
        let desired = self.atomic_operand(values[2], ty, call, 2);
        if self.is_poison(expected) || self.is_poison(desired) {
            return None;
        }
        let kind = ExprKind::Atomic {
            op: AtomicOp::CompareExchange,
            ptr: values[0],
            operands: vec![expected, desired],
            is_value_after: false,
        };
        Some((self.value(kind, ty, call.span), expected))
    }

    fn bool_compare_and_swap(&mut self, call: &BuiltinCall<'_>) -> ExprId {
        let span = call.span;
        let Some((old, expected)) = self.compare_exchange(call) else {
            return self.poison(span);
        };
        let bool_ty = self.common.bool;
        if self.const_int(expected).is_some() {
            let same = self.compare(CompareOp::Eq, old, expected, span);
            return self.cast(same, bool_ty, span);
        }
        // The expected value is needed twice, and computed once.
        let ty = self.type_of(expected);
        let (local, init) = self.fill_temporary(expected);
        let place = self.place(PlaceKind::Local(local), QualType::plain(ty), span);
        let (first, second) = (self.load(place), self.load(place));
        if let ExprKind::Atomic { operands, .. } = &mut self.body.exprs[old].kind {
            operands[0] = first;
        }
        let same = self.compare(CompareOp::Eq, old, second, span);
        let result = self.cast(same, bool_ty, span);
        self.value(ExprKind::StmtExpr { stmts: vec![init], value: Some(result) }, bool_ty, span)
    }

    fn lock_release(&mut self, call: &BuiltinCall<'_>) -> ExprId {
        let span = call.span;
        let Some(values) = self.args_at_least(call, 1) else {
            return self.poison(span);
        };
        let Some(ty) = self.atomic_type(values[0], &[1, 2, 4, 8], call) else {
            return self.poison(span);
        };
        let zero = self.int(0, ty, span);
        // `__sync_lock_release` has no order: it is a release.
        let release = AtomicOp::StoreRelease;
        let op = values.get(1).map_or(release, |order| self.store_op(Some(order)));
        self.store_value(op, values[0], zero, span)
    }

    /// What the constant `order` of a load means. GCC and clang take the strongest for one that is no constant.
    fn load_op(&self, order: Option<&ExprId>) -> AtomicOp {
        match order.map(|&order| self.const_int(order)) {
            Some(Some(RELAXED)) => AtomicOp::Load,
            _ => AtomicOp::LoadAcquire,
        }
    }

    fn store_op(&self, order: Option<&ExprId>) -> AtomicOp {
        match order.map(|&order| self.const_int(order)) {
            Some(Some(RELAXED)) => AtomicOp::Store,
            Some(Some(RELEASE)) => AtomicOp::StoreRelease,
            _ => AtomicOp::StoreTotal,
        }
    }

    fn store_value(&mut self, op: AtomicOp, ptr: ExprId, value: ExprId, span: Span) -> ExprId {
        let (operands, is_value_after) = (vec![value], false);
        let kind = ExprKind::Atomic { op, ptr, operands, is_value_after };
        self.value(kind, self.common.void, span)
    }

    fn atomic_load(&mut self, call: &BuiltinCall<'_>) -> ExprId {
        let span = call.span;
        let Some(values) = self.args_at_least(call, 1) else {
            return self.poison(span);
        };
        let Some(ty) = self.atomic_type(values[0], &[1, 2, 4, 8], call) else {
            return self.poison(span);
        };
        let kind = ExprKind::Atomic {
            op: self.load_op(values.get(1)),
            ptr: values[0],
            operands: Vec::new(),
            is_value_after: false,
        };
        self.value(kind, ty, span)
    }

    fn atomic_store(&mut self, call: &BuiltinCall<'_>, op: Option<AtomicOp>) -> ExprId {
        let span = call.span;
        let Some(values) = self.args_at_least(call, 2) else {
            return self.poison(span);
        };
        let Some(ty) = self.atomic_type(values[0], &[1, 2, 4, 8], call) else {
            return self.poison(span);
        };
        let value = self.atomic_operand(values[1], ty, call, 1);
        if self.is_poison(value) {
            return value;
        }
        let op = op.unwrap_or_else(|| self.store_op(values.get(2)));
        self.store_value(op, values[0], value, span)
    }

    /// `(ptr, &expected, desired, …)`: on failure, `expected` gets what memory had. With
    /// `is_in_memory`, the third argument points to what is desired.
    fn atomic_compare_exchange(&mut self, call: &BuiltinCall<'_>, is_in_memory: bool) -> ExprId {
        let span = call.span;
        let Some(values) = self.args_at_least(call, 3) else {
            return self.poison(span);
        };
        let Some(ty) = self.atomic_type(values[0], &[4, 8], call) else {
            return self.poison(span);
        };
        let ptr_ty = self.ptr_to(QualType::plain(ty), span);
        let expected_ptr = self.atomic_operand(values[1], ptr_ty, call, 1);
        let desired = match is_in_memory {
            true => match self.atomic_target(values[2], ty, call, 2) {
                Some(place) => self.load(place),
                None => return self.poison(span),
            },
            false => self.atomic_operand(values[2], ty, call, 2),
        };
        if self.is_poison(expected_ptr) || self.is_poison(desired) || self.func.is_none() {
            return self.poison(span);
        }
        let (ptr_local, ptr_init) = self.fill_temporary(expected_ptr);
        let ptr_place = self.place(PlaceKind::Local(ptr_local), QualType::plain(ptr_ty), span);
        let ptr = self.load(ptr_place);
        let target = self.deref(ptr, span);
        let expected = self.load(target);
        let (want_local, want_init) = self.fill_temporary(expected);
        let want = self.place(PlaceKind::Local(want_local), QualType::plain(ty), span);
        let first = self.load(want);
        let exchange = ExprKind::Atomic {
            op: AtomicOp::CompareExchange,
            ptr: values[0],
            operands: vec![first, desired],
            is_value_after: false,
        };
        let old = self.value(exchange, ty, span);
        let (old_local, old_init) = self.fill_temporary(old);
        let old = self.place(PlaceKind::Local(old_local), QualType::plain(ty), span);
        // Stored always: if they were equal, nothing changes.
        let ptr = self.load(ptr_place);
        let target = self.deref(ptr, span);
        let value = self.load(old);
        let store = self.value(ExprKind::Assign { place: target, value }, ty, span);
        let store = self.statement(StmtKind::Expr(store), span);
        let (a, b) = (self.load(old), self.load(want));
        let same = self.compare(CompareOp::Eq, a, b, span);
        let bool_ty = self.common.bool;
        let result = self.cast(same, bool_ty, span);
        let stmts = vec![ptr_init, want_init, old_init, store];
        self.value(ExprKind::StmtExpr { stmts, value: Some(result) }, bool_ty, span)
    }
}
