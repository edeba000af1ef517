//! Makes HIR nodes. Constants fold as they are made: an expression whose value is known is
//! an `Int`, so "is this an integer constant expression" is one look.

use crate::checker::Checker;
use crate::fold;
use crate::hir::{
    BinaryOp, CompareOp, Expr, ExprId, ExprKind, FloatKind, GlobalInit, Init, InitItem, InitValue,
    IntKind, Local, LocalId, Place, PlaceId, PlaceKind, QualType, Stmt, StmtId, StmtKind, Type,
    TypeId,
};
use bpfc_base::Span;

impl Checker<'_> {
    /// Adds a value.
    pub fn value(&mut self, kind: ExprKind, ty: TypeId, span: Span) -> ExprId {
        self.body.exprs.push(Expr { kind, ty, span })
    }

    /// The value of what was reported.
    pub fn poison(&mut self, span: Span) -> ExprId {
        self.value(ExprKind::Error, self.common.error, span)
    }

    /// Adds a place.
    pub fn place(&mut self, kind: PlaceKind, ty: QualType, span: Span) -> PlaceId {
        self.body.places.push(Place { kind, ty, span })
    }

    /// The place of what was reported.
    pub fn poison_place(&mut self, span: Span) -> PlaceId {
        self.place(PlaceKind::Error, QualType::plain(self.common.error), span)
    }

    /// Adds a statement.
    pub fn statement(&mut self, kind: StmtKind, span: Span) -> StmtId {
        self.body.stmts.push(Stmt { kind, span })
    }

    /// Adds a temporary of type `ty`.
    pub fn temporary(&mut self, ty: QualType, span: Span) -> LocalId {
        let align = self.module.types.align_of(ty.ty).unwrap_or(1);
        self.body.locals.push(Local { name: None, ty, align, span })
    }

    /// A temporary that holds `value`, and the statement that fills it.
    pub fn fill_temporary(&mut self, value: ExprId) -> (LocalId, StmtId) {
        let Expr { ty, span, .. } = self.body.exprs[value];
        let local = self.temporary(QualType::plain(ty), span);
        let item = InitItem { offset_bits: 0, bits: None, value: InitValue::Expr(value) };
        let init = Init { zero_rest: false, items: vec![item] };
        (local, self.statement(StmtKind::Init(local, init), span))
    }

    pub fn type_of(&self, expr: ExprId) -> TypeId {
        self.body.exprs[expr].ty
    }

    pub fn span_of(&self, expr: ExprId) -> Span {
        self.body.exprs[expr].span
    }

    pub fn is_poison(&self, expr: ExprId) -> bool {
        matches!(self.body.exprs[expr].kind, ExprKind::Error) && !self.floats.contains_key(&expr)
    }

    /// The value of an integer or pointer constant.
    pub fn const_int(&self, expr: ExprId) -> Option<i128> {
        match self.body.exprs[expr].kind {
            ExprKind::Int(value) => Some(value),
            _ => None,
        }
    }

    /// The value of a floating constant.
    pub fn const_float(&self, expr: ExprId) -> Option<f64> {
        self.floats.get(&expr).copied()
    }

    /// The truth of a constant scalar.
    pub fn const_truth(&self, expr: ExprId) -> Option<bool> {
        match self.body.exprs[expr].kind {
            ExprKind::Int(value) => Some(value != 0),
            // The address of an object or function is never null, weak ones excepted.
            ExprKind::FuncAddr(func) => {
                use crate::hir::Linkage::{ExternWeak, Weak};
                (!matches!(self.module.funcs[func].linkage, ExternWeak | Weak)).then_some(true)
            }
            _ => self.const_float(expr).map(|value| value != 0.0),
        }
    }

    /// The integer constant `value`, reduced to `ty`.
    pub fn int(&mut self, value: i128, ty: TypeId, span: Span) -> ExprId {
        let value = match self.int_shape(ty) {
            Some((bits, is_signed)) => fold::wrap(value, bits, is_signed),
            None => fold::wrap(value, 64, false),
        };
        self.value(ExprKind::Int(value), ty, span)
    }

    /// The floating constant `value`.
    pub fn float(&mut self, value: f64, ty: TypeId, span: Span) -> ExprId {
        let is_single = *self.resolved(ty) == Type::Float(FloatKind::Float);
        let value = if is_single { f64::from(value as f32) } else { value };
        let expr = self.value(ExprKind::Error, ty, span);
        self.floats.insert(expr, value);
        expr
    }

    /// C11 6.3: `expr` as a value of type `ty`, both scalar (or `ty` is `void`); folded if
    /// constant.
    pub fn cast(&mut self, expr: ExprId, ty: TypeId, span: Span) -> ExprId {
        let from = self.type_of(expr);
        if self.is_poison(expr) || self.is_error(ty) {
            return self.poison(span);
        }
        if from == ty {
            return expr;
        }
        if let Some(value) = self.const_float(expr) {
            return self.cast_float(value, ty, span);
        }
        if let Some(value) = self.const_int(expr).filter(|_| !self.is_void(ty)) {
            if self.is_float(ty) {
                return self.float(value as f64, ty, span);
            }
            let value = if self.is_bool(ty) { i128::from(value != 0) } else { value };
            return self.int(value, ty, span);
        }
        self.value(ExprKind::Cast(expr), ty, span)
    }

    fn cast_float(&mut self, value: f64, ty: TypeId, span: Span) -> ExprId {
        if self.is_float(ty) {
            return self.float(value, ty, span);
        }
        if self.is_void(ty) {
            return self.int(0, self.common.int, span);
        }
        let value = if self.is_bool(ty) { i128::from(value != 0.0) } else { value as i128 };
        self.int(value, ty, span)
    }

    /// Arithmetic on two values that have type `ty` already (for shifts, the left one has).
    pub fn arith(&mut self, op: BinaryOp, a: ExprId, b: ExprId, ty: TypeId, span: Span) -> ExprId {
        if self.is_poison(a) || self.is_poison(b) {
            return self.poison(span);
        }
        if let (Some(x), Some(y)) = (self.const_int(a), self.const_int(b)) {
            let kind = self.module.types.int_kind(ty).unwrap_or(IntKind::Int);
            if let Some(value) = fold::binary(op, x, y, kind) {
                return self.int(value, ty, span);
            }
        }
        self.value(ExprKind::Binary(op, a, b), ty, span)
    }

    /// Comparison of two values of one type; type `int`.
    pub fn compare(&mut self, op: CompareOp, a: ExprId, b: ExprId, span: Span) -> ExprId {
        if self.is_poison(a) || self.is_poison(b) {
            return self.poison(span);
        }
        let int = self.common.int;
        if let (Some(x), Some(y)) = (self.const_int(a), self.const_int(b)) {
            let is_signed = self.int_shape(self.type_of(a)).is_some_and(|(_, signed)| signed);
            let value = fold::compare(op, x, y, is_signed);
            return self.int(i128::from(value), int, span);
        }
        if let (Some(x), Some(y)) = (self.const_float(a), self.const_float(b)) {
            let value = fold::float_compare(op, x, y);
            return self.int(i128::from(value), int, span);
        }
        self.value(ExprKind::Compare(op, a, b), int, span)
    }

    /// The content of `place`.
    pub fn load(&mut self, place: PlaceId) -> ExprId {
        let crate::hir::Place { ref kind, ty, span } = self.body.places[place];
        if matches!(kind, PlaceKind::Error) || self.is_error(ty.ty) {
            return self.poison(span);
        }
        if self.func.is_none()
            && let Some(value) = self.constant_object(place)
        {
            return self.int(value, ty.ty, span);
        }
        self.value(ExprKind::Load(place), ty.ty, span)
    }

    /// Outside functions, the value of a `const` integer counts as constant (GNU).
    fn constant_object(&self, place: PlaceId) -> Option<i128> {
        let PlaceKind::Global(global) = self.body.places[place].kind else {
            return None;
        };
        let global = &self.module.globals[global];
        let quals = self.all_quals(global.ty);
        let (bits, is_signed) = self.int_shape(global.ty.ty)?;
        if !quals.is_const || quals.is_volatile {
            return None;
        }
        match &global.init {
            GlobalInit::Zero => Some(0),
            GlobalInit::Data { bytes, relocs } if relocs.is_empty() && bytes.len() <= 8 => {
                let number = crate::bytes::number(self.module.endian, bytes);
                Some(fold::wrap(number, bits.max(8), is_signed))
            }
            _ => None,
        }
    }

    /// The address of `place`, as a pointer to its type.
    pub fn address(&mut self, place: PlaceId, span: Span) -> ExprId {
        let ty = self.body.places[place].ty;
        let ptr = self.ptr_to(ty, span);
        self.address_as(place, ptr, span)
    }

    /// The address of `place` with pointer type `ptr`: arrays decay this way.
    pub fn address_as(&mut self, place: PlaceId, ptr: TypeId, span: Span) -> ExprId {
        match self.body.places[place].kind {
            PlaceKind::Error => self.poison(span),
            // C11 6.5.3.2p3: `&*p` is `p`.
            PlaceKind::Deref(inner) => self.cast(inner, ptr, span),
            _ => self.value(ExprKind::AddrOf(place), ptr, span),
        }
    }

    /// What the pointer `ptr` points to.
    pub fn deref(&mut self, ptr: ExprId, span: Span) -> PlaceId {
        if self.is_poison(ptr) {
            return self.poison_place(span);
        }
        let Some(to) = self.pointee(self.type_of(ptr)) else {
            return self.poison_place(span);
        };
        if self.n_unevaluated == 0 && self.is_in_other_space(to, span) {
            return self.poison_place(span);
        }
        // `*&x` is `x`, if nothing but the address changed hands.
        if let ExprKind::AddrOf(place) = self.body.exprs[ptr].kind
            && self.body.places[place].ty == to
        {
            return place;
        }
        self.place(PlaceKind::Deref(ptr), to, span)
    }
}
