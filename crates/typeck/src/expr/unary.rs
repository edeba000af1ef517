//! Prefix operators, increments and decrements (C11 6.5.2.4, 6.5.3).

use super::{Operand, OperandKind};
use crate::checker::Checker;
use crate::hir::{
    BinaryOp, ExprId, ExprKind, Init, InitItem, InitValue, PlaceId, PlaceKind, QualType, StmtKind,
    TypeId,
};
use bpfc_base::codes::types::{E0304, E0305, E0318};
use bpfc_base::{Diagnostic, Span, Symbol};
use bpfc_parser::ast::{self, UnaryOp};

impl Checker<'_> {
    pub fn unary_expr(&mut self, op: UnaryOp, inner: ast::ExprId, span: Span) -> ExprId {
        match op {
            UnaryOp::AddrOf => self.address_expr(inner, span),
            UnaryOp::PreInc => self.inc_dec(inner, 1, false, span),
            UnaryOp::PreDec => self.inc_dec(inner, -1, false, span),
            UnaryOp::Not => {
                let value = self.condition(inner);
                self.not(value, span)
            }
            UnaryOp::Plus | UnaryOp::Neg | UnaryOp::BitNot => self.arith_unary(op, inner, span),
            UnaryOp::Deref => unreachable!("`expr_kind` handles what is an lvalue"),
        }
    }

    /// `!value` of a scalar.
    pub fn not(&mut self, value: ExprId, span: Span) -> ExprId {
        if self.is_poison(value) {
            return self.poison(span);
        }
        match self.const_truth(value) {
            Some(truth) => self.int(i128::from(!truth), self.common.int, span),
            None => self.value(ExprKind::Not(value), self.common.int, span),
        }
    }

    fn arith_unary(&mut self, op: UnaryOp, inner: ast::ExprId, span: Span) -> ExprId {
        let operand = self.expr(inner);
        let value = self.promote(operand);
        if self.is_poison(value) {
            return self.poison(span);
        }
        let ty = self.type_of(value);
        if let Some(number) = self.const_float(value) {
            return match op {
                UnaryOp::Neg => self.float(-number, ty, span),
                UnaryOp::Plus => value,
                _ => self.bad_operand(op, ty, operand.span, span),
            };
        }
        if self.is_float(ty) {
            return self.float_operation(value, span);
        }
        if !self.is_integer(ty) {
            return self.bad_operand(op, ty, operand.span, span);
        }
        match (op, self.const_int(value)) {
            (UnaryOp::Plus, _) => value,
            (UnaryOp::Neg, Some(number)) => self.int(number.wrapping_neg(), ty, span),
            (UnaryOp::BitNot, Some(number)) => self.int(!number, ty, span),
            (UnaryOp::Neg, None) => self.value(ExprKind::Neg(value), ty, span),
            _ => self.value(ExprKind::BitNot(value), ty, span),
        }
    }

    fn bad_operand(
        &mut self,
        op: UnaryOp,
        ty: crate::hir::TypeId,
        operand_span: Span,
        span: Span,
    ) -> ExprId {
        let spelled = match op {
            UnaryOp::Neg => "-",
            UnaryOp::BitNot => "~",
            _ => "+",
        };
        let shown = self.show(ty);
        self.error(E0304, operand_span, format!("`{spelled}` needs a number, found `{shown}`"));
        self.poison(span)
    }

    /// `*inner`
    pub fn deref_expr(&mut self, inner: ast::ExprId, span: Span) -> Operand {
        let operand = self.expr(inner);
        // `*f` of a function is `f` again.
        if matches!(operand.kind, OperandKind::Func(_) | OperandKind::Helper(_)) {
            return operand;
        }
        let value = self.operand_value(operand);
        if self.is_poison(value) {
            return Operand::value(value, span);
        }
        let ty = self.type_of(value);
        match self.pointee(ty) {
            None => {
                let shown = self.show(ty);
                let message = format!("`*` needs a pointer, found `{shown}`");
                self.error(E0304, operand.span, message);
                Operand::value(self.poison(span), span)
            }
            Some(_) => {
                if let ExprKind::FuncAddr(func) = self.body.exprs[value].kind {
                    return Operand { kind: OperandKind::Func(func), span };
                }
                let place = self.deref(value, span);
                Operand::place(place, span)
            }
        }
    }

    /// `&inner`
    fn address_expr(&mut self, inner: ast::ExprId, span: Span) -> ExprId {
        let is_element =
            matches!(self.unit.exprs[self.unparenthesised(inner)].kind, ast::ExprKind::Index(..));
        self.warn.is_address_taken = is_element;
        let operand = self.expr(inner);
        self.warn.is_address_taken = false;
        match operand.kind {
            OperandKind::Func(_) | OperandKind::Helper(_) => self.operand_value(operand),
            OperandKind::Place(place) => {
                if let PlaceKind::Local(local) = self.body.places[place].kind
                    && self.func.as_ref().is_some_and(|func| func.without_address.contains(&local))
                {
                    let message = "a `register` variable has no address";
                    self.error(E0304, operand.span, message);
                    return self.poison(span);
                }
                if self.bit_field(place).is_some() {
                    let message = "the address of a bit-field does not exist";
                    self.error(E0304, operand.span, message);
                    return self.poison(span);
                }
                self.address(place, span)
            }
            OperandKind::Value(value) => {
                if !self.is_poison(value) {
                    let message = "`&` needs an object, this is only a value";
                    self.report(
                        Diagnostic::new(E0305, operand.span, message)
                            .with_help("store it in a variable, and take that one's address"),
                    );
                }
                self.poison(span)
            }
        }
    }

    /// The width of the bit-field that `place` is.
    pub fn bit_field(&self, place: PlaceId) -> Option<u32> {
        let PlaceKind::Member { base, member, .. } = self.body.places[place].kind else {
            return None;
        };
        let record = self.record_of(self.body.places[base].ty.ty)?;
        let body = self.module.types.records[record].body.as_ref()?;
        body.members[member as usize].bits
    }

    /// The object that an operand on the left of an assignment designates; reports what
    /// cannot be assigned to.
    pub fn modifiable(&mut self, operand: Operand, span: Span) -> Option<PlaceId> {
        let place = match operand.kind {
            OperandKind::Place(place) => place,
            OperandKind::Value(value) if self.is_poison(value) => return None,
            _ => {
                let message = "only an object can be assigned to, this is a value";
                self.error(E0305, span, message);
                return None;
            }
        };
        let ty = self.body.places[place].ty;
        if self.is_error(ty.ty) {
            return None;
        }
        if self.is_array(ty.ty) || self.is_func(ty.ty) {
            let shown = self.show_qual(ty);
            self.error(E0305, span, format!("an array cannot be assigned to: this is a `{shown}`"));
            return None;
        }
        if self.is_const_object(ty) {
            self.report_const(place, span);
            return None;
        }
        if let Some(member) = self.const_member(ty.ty) {
            let member = self.name(member);
            let message = format!("this cannot be assigned to: its member `{member}` is `const`");
            self.error(E0318, span, message);
            return None;
        }
        if self.is_returned_record(place) {
            let message = "only an object can be assigned to, this is part of a value";
            self.error(E0305, span, message);
            return None;
        }
        self.require_complete(ty.ty, span).then_some(place)
    }

    /// C11 6.3.2.1p1: a `const` member of a record, however deep.
    fn const_member(&self, ty: TypeId) -> Option<Symbol> {
        let body = self.module.types.records[self.record_of(ty)?].body.as_ref()?;
        body.members.iter().find_map(|member| {
            let mut inner = member.ty;
            while let Some((elem, _)) = self.as_array(inner.ty) {
                inner = elem;
            }
            let is_const = self.is_const_object(member.ty);
            is_const.then_some(member.name).flatten().or_else(|| self.const_member(inner.ty))
        })
    }

    /// Whether `place` is a part of a record that an expression has as its value.
    fn is_returned_record(&self, place: PlaceId) -> bool {
        let mut place = &self.body.places[place];
        while let PlaceKind::Member { base, .. } = place.kind {
            place = &self.body.places[base];
        }
        let PlaceKind::Temp { init, .. } = place.kind else {
            return false;
        };
        let StmtKind::Init(_, Init { items, .. }) = &self.body.stmts[init].kind else {
            return false;
        };
        let [InitItem { value: InitValue::Expr(value), .. }] = items[..] else {
            return false;
        };
        self.is_record(self.type_of(value)) && self.compatible(self.type_of(value), place.ty.ty)
    }

    fn report_const(&mut self, place: PlaceId, span: Span) {
        let text = self.session.sources.text(span).to_owned();
        let what = match text.is_empty() || text.contains('\n') || text.len() > 60 {
            true => "this object".to_owned(),
            false => format!("`{text}`"),
        };
        let mut diagnostic =
            Diagnostic::new(E0318, span, format!("{what} is `const` and cannot be changed"));
        let declared = match self.body.places[place].kind {
            PlaceKind::Local(local) => Some(self.body.locals[local].span),
            PlaceKind::Global(global) => Some(self.module.globals[global].span),
            _ => None,
        };
        if let Some(at) = declared {
            diagnostic = diagnostic.with_note_at(at, "it is declared here");
        }
        self.report(diagnostic);
    }

    /// `++` and `--`.
    pub fn inc_dec(
        &mut self,
        inner: ast::ExprId,
        step: i64,
        is_postfix: bool,
        span: Span,
    ) -> ExprId {
        let operand = self.expr(inner);
        let Some(place) = self.modifiable(operand, operand.span) else {
            return self.poison(span);
        };
        let ty = self.body.places[place].ty.ty;
        if self.is_float(ty) {
            let value = self.load(place);
            return self.float_operation(value, span);
        }
        let delta = if let Some(to) = self.pointee(ty) {
            match self.step_bytes(to, operand.span) {
                Some(bytes) => step * bytes,
                None => return self.poison(span),
            }
        } else if self.is_integer(ty) {
            step
        } else {
            let shown = self.show(ty);
            let sign = if step > 0 { "++" } else { "--" };
            let message = format!("`{sign}` needs a number or pointer, found `{shown}`");
            self.error(E0304, operand.span, message);
            return self.poison(span);
        };
        if self.all_quals(self.body.places[place].ty).is_atomic {
            let delta = self.int(i128::from(delta), ty, span);
            return self.atomic_assign(BinaryOp::Add, place, delta, !is_postfix, span);
        }
        self.value(ExprKind::IncDec { place, delta, is_postfix }, ty, span)
    }

    /// Bytes from one `to` to the next, for pointer arithmetic. GNU C counts `void` and
    /// functions as one byte.
    pub fn step_bytes(&mut self, to: QualType, span: Span) -> Option<i64> {
        if self.is_void(to.ty) || self.is_func(to.ty) {
            let what = if self.is_void(to.ty) { "`void`" } else { "a function" };
            self.warn_pointer_arithmetic(what, span);
            return Some(1);
        }
        if !self.require_complete(to.ty, span) {
            return None;
        }
        let bytes = self.module.types.size_of(to.ty)?;
        i64::try_from(bytes).ok()
    }
}
