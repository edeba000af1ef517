//! Casts (C11 6.5.4).

use crate::checker::Checker;
use crate::hir::{
    ExprId, ExprKind, Init, InitItem, InitValue, Member, PlaceKind, QualType, RecordKind, StmtKind,
};
use bpfc_base::Span;
use bpfc_base::codes::types::E0304;
use bpfc_parser::ast;

impl Checker<'_> {
    pub fn cast_expr(&mut self, ty: ast::TypeNameId, inner: ast::ExprId, span: Span) -> ExprId {
        let to = self.type_name(ty);
        let value = self.rvalue(inner);
        if self.is_poison(value) || self.is_error(to.ty) {
            return self.poison(span);
        }
        if self.is_void(to.ty) {
            return self.value(ExprKind::Cast(value), self.common.void, span);
        }
        let from = self.type_of(value);
        if self.is_record(to.ty) && self.compatible(from, to.ty) {
            return value;
        }
        if self.is_record(to.ty)
            && let Some(value) = self.union_cast(to, value, span)
        {
            return value;
        }
        let type_span = self.unit.type_names[ty].span;
        if !self.is_castable(to, from) {
            return self.bad_cast(to, value, span, type_span);
        }
        if self.is_float(to.ty) || self.is_float(from) {
            let is_const = self.const_float(value).is_some() || self.const_int(value).is_some();
            if !is_const {
                let culprit = if self.is_float(from) { self.span_of(value) } else { type_span };
                return self.float_error(culprit, span);
            }
        }
        if self.const_int(value) != Some(0) && self.changes_address_space(from, to.ty, span) {
            return self.poison(span);
        }
        // An integer after all: `(size_t)&((struct s *)0)->m`.
        if self.is_integer(to.ty)
            && self.is_pointer(from)
            && let Some(number) = self.const_address_int(value)
        {
            return self.int(number, to.ty, span);
        }
        if self.const_int(value).is_none() && from == to.ty {
            // The value of a bit-field forgets that it is one, and is not promoted as such.
            return match self.bits_of_value(value) {
                Some(_) => self.value(ExprKind::Cast(value), to.ty, span),
                None => value,
            };
        }
        self.cast(value, to.ty, span)
    }

    /// `(union u)value` (GNU): a union whose member of the value's type holds it.
    fn union_cast(&mut self, to: QualType, value: ExprId, span: Span) -> Option<ExprId> {
        let record = &self.module.types.records[self.record_of(to.ty)?];
        if record.kind != RecordKind::Union || self.func.is_none() {
            return None;
        }
        let from = self.type_of(value);
        let members = &record.body.as_ref()?.members;
        let is_same = |member: &&Member| {
            member.bits.is_none() && member.name.is_some() && self.compatible(member.ty.ty, from)
        };
        let member = members.iter().find(is_same)?.ty.ty;
        let value = self.cast(value, member, span);
        let local = self.temporary(to, span);
        let item = InitItem { offset_bits: 0, bits: None, value: InitValue::Expr(value) };
        let init = StmtKind::Init(local, Init { zero_rest: true, items: vec![item] });
        let init = self.statement(init, span);
        let place = self.place(PlaceKind::Temp { local, init }, to, span);
        Some(self.load(place))
    }

    fn is_castable(&self, to: QualType, from: crate::hir::TypeId) -> bool {
        if !self.is_scalar(to.ty) || !self.is_scalar(from) {
            return false;
        }
        let crosses = (self.is_pointer(to.ty) && self.is_float(from))
            || (self.is_float(to.ty) && self.is_pointer(from));
        !crosses
    }

    fn bad_cast(&mut self, to: QualType, value: ExprId, span: Span, type_span: Span) -> ExprId {
        let from = self.show(self.type_of(value));
        let shown = self.show_qual(to);
        let (at, message) = if self.is_scalar(to.ty) {
            (self.span_of(value), format!("`{from}` cannot be converted to `{shown}`"))
        } else {
            (type_span, format!("a cast converts to a number or pointer, not to `{shown}`"))
        };
        self.error(E0304, at, message);
        self.poison(span)
    }
}
