//! Methods that are more than one call: `lookup_or_init`, `increment`.

use super::methods::{MethodCall, NOEXIST};
use crate::checker::Checker;
use crate::convert::Why;
use crate::expr::Operand;
use crate::hir::{
    AtomicOp, BinaryOp, ExprId, ExprKind, Init, IntKind, LocalId, MapSpec, PlaceKind, QualType,
    StmtId, StmtKind, TypeId,
};
use bpfc_base::Span;
use bpfc_kabi::MapType;

impl Checker<'_> {
    /// `({ leaf *v = lookup(k); if (!v) { update(k, zero, BPF_NOEXIST); v = lookup(k); } v; })`;
    /// with `is_return`, the function returns 0 where there is no leaf even then.
    pub(super) fn find_or_insert(
        &mut self,
        call: MethodCall,
        spec: &MapSpec,
        key: ExprId,
        leaf: ExprId,
        is_return: bool,
    ) -> ExprId {
        let span = call.span;
        let Some(leaf_ty) = spec.value else {
            return self.poison(span);
        };
        if self.is_poison(key) || self.is_poison(leaf) {
            return self.poison(span);
        }
        let (key_local, key_init) = self.fill_temporary(key);
        let (leaf_local, leaf_init) = self.fill_temporary(leaf);
        let found = self.lookup(call, key_local, leaf_ty);
        let (found_local, found_init) = self.fill_temporary(found);

        let (key, value) = (self.local(key_local, span), self.local(leaf_local, span));
        let insert = self.table_update(call, key, value);
        let insert = self.statement(StmtKind::Expr(insert), span);
        let found = self.lookup(call, key_local, leaf_ty);
        let again = self.set_local(found_local, found, span);
        let mut retry = vec![insert, again];
        if is_return {
            let leave = self.return_zero(span);
            retry.push(self.when_null(found_local, vec![leave], span));
        }
        let retry = self.when_null(found_local, retry, span);
        let value = self.local(found_local, span);
        let stmts = vec![key_init, leaf_init, found_init, retry];
        self.statements_then(stmts, Some(value), span)
    }

    /// Adds `n`, by default 1, to the leaf of a key given by value. Where there is none,
    /// hashes get one.
    pub(super) fn increment(
        &mut self,
        call: MethodCall,
        spec: &MapSpec,
        operands: &[Operand],
        is_atomic: bool,
    ) -> ExprId {
        let span = call.span;
        let (Some(key_ty), Some(leaf_ty)) = (spec.key, spec.value) else {
            return self.poison(span);
        };
        let method = if is_atomic { "atomic_increment" } else { "increment" };
        let given = |this: &mut Self, index: usize, to: TypeId| {
            let value = this.operand_value(operands[index]);
            let why = Why::Argument { callee: method.to_owned(), index, declared: Span::NONE };
            this.convert(value, to, &why)
        };
        let key = given(self, 0, key_ty);
        let step = match operands.len() {
            1 => self.int(1, leaf_ty, span),
            _ => given(self, 1, leaf_ty),
        };
        if self.is_poison(key) || self.is_poison(step) {
            return self.poison(span);
        }
        let (key_local, key_init) = self.fill_temporary(key);
        let (step_local, step_init) = self.fill_temporary(step);
        let key = self.local_address(key_local, span);
        let (key_ptr, key_ptr_init) = self.fill_temporary(key);
        let found = self.lookup(call, key_ptr, leaf_ty);
        let (found_local, found_init) = self.fill_temporary(found);

        let add = self.add_to_leaf(found_local, step_local, leaf_ty, is_atomic, span);
        let insert = self.is_hash(spec).then(|| {
            let (key, value) = (self.local(key_ptr, span), self.local_address(step_local, span));
            let insert = self.table_update(call, key, value);
            self.statement(StmtKind::Expr(insert), span)
        });
        let cond = self.local(found_local, span);
        let choice = StmtKind::If { cond, then: add, otherwise: insert };
        let choice = self.statement(choice, span);
        let stmts = vec![key_init, step_init, key_ptr_init, found_init, choice];
        self.statements_then(stmts, None, span)
    }

    /// Arrays have every key from the start.
    fn is_hash(&self, spec: &MapSpec) -> bool {
        matches!(
            MapType::from_number(spec.map_type),
            Some(
                MapType::Hash
                    | MapType::LruHash
                    | MapType::PercpuHash
                    | MapType::LruPercpuHash
                    | MapType::LpmTrie
            )
        )
    }

    fn add_to_leaf(
        &mut self,
        leaf: LocalId,
        step: LocalId,
        leaf_ty: TypeId,
        is_atomic: bool,
        span: Span,
    ) -> StmtId {
        let ptr = self.local(leaf, span);
        let value = self.local(step, span);
        let add = if is_atomic {
            ExprKind::Atomic {
                op: AtomicOp::Add,
                ptr,
                operands: vec![value],
                is_value_after: false,
            }
        } else {
            ExprKind::AssignOp {
                place: self.deref(ptr, span),
                op: BinaryOp::Add,
                value,
                compute: leaf_ty,
            }
        };
        let add = self.value(add, leaf_ty, span);
        self.statement(StmtKind::Expr(add), span)
    }

    /// The leaf of the key that the pointer in `key` points to.
    fn lookup(&mut self, call: MethodCall, key: LocalId, leaf: TypeId) -> ExprId {
        let Some(helper) = bpfc_kabi::helper("bpf_map_lookup_elem") else {
            return self.poison(call.span);
        };
        let args = vec![self.table_address(call), self.local(key, call.span)];
        let found = self.helper_call(helper, args, call.span);
        self.as_leaf_pointer(found, leaf)
    }

    /// Inserts, but does not replace what another CPU has inserted meanwhile.
    fn table_update(&mut self, call: MethodCall, key: ExprId, value: ExprId) -> ExprId {
        let Some(helper) = bpfc_kabi::helper("bpf_map_update_elem") else {
            return self.poison(call.span);
        };
        let ty = self.int_type(IntKind::ULongLong);
        let flags = self.int(NOEXIST, ty, call.span);
        let args = vec![self.table_address(call), key, value, flags];
        self.helper_call(helper, args, call.span)
    }

    /// `return 0;`, or `return;` from a function without a result.
    fn return_zero(&mut self, span: Span) -> StmtId {
        let ret = self.func.as_ref().map(|func| func.ret.ty);
        let value = ret.filter(|&ret| self.is_scalar(ret)).map(|ret| self.int(0, ret, span));
        self.statement(StmtKind::Return(value), span)
    }

    fn when_null(&mut self, local: LocalId, stmts: Vec<StmtId>, span: Span) -> StmtId {
        let value = self.local(local, span);
        let cond = self.not(value, span);
        let then = self.statement(StmtKind::Block(stmts), span);
        let kind = StmtKind::If { cond, then, otherwise: None };
        self.statement(kind, span)
    }

    fn set_local(&mut self, local: LocalId, value: ExprId, span: Span) -> StmtId {
        let ty = self.body.locals[local].ty;
        let place = self.place(PlaceKind::Local(local), ty, span);
        let set = self.value(ExprKind::Assign { place, value }, ty.ty, span);
        self.statement(StmtKind::Expr(set), span)
    }

    /// The content of `local`.
    pub(super) fn local(&mut self, local: LocalId, span: Span) -> ExprId {
        let ty = self.body.locals[local].ty;
        let place = self.place(PlaceKind::Local(local), ty, span);
        self.load(place)
    }

    /// `&local`
    pub(super) fn local_address(&mut self, local: LocalId, span: Span) -> ExprId {
        let ty = self.body.locals[local].ty;
        let place = self.place(PlaceKind::Local(local), ty, span);
        self.address(place, span)
    }

    /// `({ stmts; value; })`
    pub(super) fn statements_then(
        &mut self,
        stmts: Vec<StmtId>,
        value: Option<ExprId>,
        span: Span,
    ) -> ExprId {
        let ty = value.map_or(self.common.void, |value| self.type_of(value));
        self.value(ExprKind::StmtExpr { stmts, value }, ty, span)
    }

    /// A temporary of type `ty`, all zero, and the statement that makes it so.
    pub(super) fn zeroed_temporary(&mut self, ty: TypeId, span: Span) -> (LocalId, StmtId) {
        let local = self.temporary(QualType::plain(ty), span);
        let init = Init { zero_rest: true, items: Vec::new() };
        (local, self.statement(StmtKind::Init(local, init), span))
    }
}
