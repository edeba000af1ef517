//! Helper calls and small pieces of HIR that the dialect's constructs become.

use crate::checker::Checker;
use crate::hir::{
    BinaryOp, Callee, CompareOp, ExprId, ExprKind, GlobalId, LocalId, PlaceId, PlaceKind, QualType,
    StmtId, StmtKind, TypeId,
};
use bpfc_base::Span;

impl Checker<'_> {
    /// A call of the helper `name`, its arguments converted to what it takes.
    pub(super) fn call_helper(&mut self, name: &str, args: Vec<ExprId>, span: Span) -> ExprId {
        let Some(id) = self.find_helper(name) else {
            return self.poison(span);
        };
        let Some(target) = self.helper_target(id, span) else {
            return self.poison(span);
        };
        let mut values = Vec::with_capacity(args.len());
        for (arg, param) in args.into_iter().zip(&target.ty.params) {
            let at = self.span_of(arg);
            values.push(self.cast(arg, param.ty, at));
        }
        if values.iter().any(|&value| self.is_poison(value)) {
            return self.poison(span);
        }
        let call = ExprKind::Call {
            callee: Callee::Helper(id),
            args: values,
        };
        self.value(call, target.ty.ret.ty, span)
    }

    /// The address of the map `global`.
    pub(super) fn map_address(&mut self, global: GlobalId, span: Span) -> ExprId {
        let ty = self.module.globals[global].ty;
        let place = self.place(PlaceKind::Global(global), ty, span);
        let ptr = self.common.void_ptr;
        self.address_as(place, ptr, span)
    }

    /// A local of type `ty` that holds `value`; the statement that makes it goes to `out`.
    pub(super) fn keep(&mut self, value: ExprId, out: &mut Vec<StmtId>) -> LocalId {
        let (local, init) = self.fill_temporary(value);
        out.push(init);
        local
    }

    /// The content of a local.
    pub(super) fn local_value(&mut self, local: LocalId, span: Span) -> ExprId {
        let place = self.local_place(local, span);
        let ty = self.body.locals[local].ty.ty;
        self.value(ExprKind::Load(place), ty, span)
    }

    pub(super) fn local_place(&mut self, local: LocalId, span: Span) -> PlaceId {
        let ty = self.body.locals[local].ty;
        self.place(PlaceKind::Local(local), ty, span)
    }

    /// The address of a local.
    pub(super) fn local_address(&mut self, local: LocalId, span: Span) -> ExprId {
        let place = self.local_place(local, span);
        self.address(place, span)
    }

    /// `if (!pointer) { … }`
    pub(super) fn if_null(&mut self, pointer: ExprId, then: Vec<StmtId>, span: Span) -> StmtId {
        let cond = self.not(pointer, span);
        let then = self.one_statement(then, span);
        self.statement(
            StmtKind::If {
                cond,
                then,
                otherwise: None,
            },
            span,
        )
    }

    /// `place = value;`
    pub(super) fn assign_statement(&mut self, place: PlaceId, value: ExprId, span: Span) -> StmtId {
        let ty = self.body.places[place].ty.ty;
        let assign = self.value(ExprKind::Assign { place, value }, ty, span);
        self.statement(StmtKind::Expr(assign), span)
    }

    /// `({ stmts value; })`
    pub(super) fn block_value(&mut self, stmts: Vec<StmtId>, value: ExprId, span: Span) -> ExprId {
        let ty = self.type_of(value);
        self.value(
            ExprKind::StmtExpr {
                stmts,
                value: Some(value),
            },
            ty,
            span,
        )
    }

    /// `value` shifted by `amount`, in type `ty`.
    pub(super) fn shift(
        &mut self,
        op: BinaryOp,
        value: ExprId,
        amount: ExprId,
        ty: TypeId,
        span: Span,
    ) -> ExprId {
        let value = self.cast(value, ty, span);
        self.arith(op, value, amount, ty, span)
    }

    /// `value != 0`
    pub(super) fn is_not_null(&mut self, value: ExprId, span: Span) -> ExprId {
        let ty = self.type_of(value);
        let zero = self.int(0, ty, span);
        self.compare(CompareOp::Ne, value, zero, span)
    }

    /// A pointer to `ty`.
    pub(super) fn pointer_type(&mut self, ty: QualType, span: Span) -> TypeId {
        self.ptr_to(QualType::plain(ty.ty), span)
    }
}
