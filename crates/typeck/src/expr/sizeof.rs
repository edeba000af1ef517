//! `sizeof`, `_Alignof` and `offsetof` (C11 6.5.3.4, 7.19).

use super::OperandKind;
use crate::checker::Checker;
use crate::hir::{ExprId, ExprKind, PlaceKind, QualType, TypeId};
use bpfc_base::Span;
use bpfc_base::codes::types::{E0302, E0304, E0309};
use bpfc_parser::ast::{self, Designator};

impl Checker<'_> {
    pub fn sizeof_expr(&mut self, inner: ast::ExprId, span: Span) -> ExprId {
        let operand = self.unevaluated(|this| this.expr(inner));
        if let OperandKind::Place(place) = operand.kind
            && self.bit_field(place).is_some()
        {
            self.error(E0304, operand.span, "a bit-field has no size in bytes");
            return self.poison(span);
        }
        let ty = self.operand_type(operand);
        if let OperandKind::Place(place) = operand.kind
            && let Some(size) = self.array_place_size(place)
        {
            return self.int(i128::from(size), self.common.ulong, span);
        }
        self.size_value(ty, operand.span, span)
    }

    /// The size of a variable whose array type was completed by its initialiser.
    fn array_place_size(&self, place: crate::hir::PlaceId) -> Option<u64> {
        let ty = match self.body.places[place].kind {
            PlaceKind::Global(global) => self.module.globals[global].ty,
            PlaceKind::Local(local) => self.body.locals[local].ty,
            _ => return None,
        };
        self.is_array(ty.ty).then(|| self.module.types.size_of(ty.ty)).flatten()
    }

    pub fn sizeof_type(&mut self, ty: ast::TypeNameId, span: Span) -> ExprId {
        let type_span = self.unit.type_names[ty].span;
        let ty = self.type_name(ty);
        self.size_value(ty, type_span, span)
    }

    fn size_value(&mut self, ty: QualType, at: Span, span: Span) -> ExprId {
        let ulong = self.common.ulong;
        if self.is_error(ty.ty) {
            return self.poison(span);
        }
        // GNU C: `void` and functions have size 1.
        if self.is_void(ty.ty) || self.is_func(ty.ty) {
            return self.int(1, ulong, span);
        }
        if !self.require_complete(ty.ty, at) {
            return self.poison(span);
        }
        match self.module.types.size_of(ty.ty) {
            Some(size) => self.int(i128::from(size), ulong, span),
            None => self.poison(span),
        }
    }

    pub fn alignof_expr(&mut self, inner: ast::ExprId, span: Span) -> ExprId {
        let operand = self.unevaluated(|this| this.expr(inner));
        let declared = match operand.kind {
            OperandKind::Place(place) => match self.body.places[place].kind {
                PlaceKind::Global(global) => Some(self.module.globals[global].align),
                PlaceKind::Local(local) => Some(self.body.locals[local].align),
                _ => None,
            },
            _ => None,
        };
        let ty = self.operand_type(operand);
        match declared {
            Some(align) => self.int(i128::from(align), self.common.ulong, span),
            None => self.align_value(ty.ty, operand.span, span),
        }
    }

    pub fn alignof_type(&mut self, ty: ast::TypeNameId, span: Span) -> ExprId {
        let type_span = self.unit.type_names[ty].span;
        let ty = self.type_name(ty);
        self.align_value(ty.ty, type_span, span)
    }

    fn align_value(&mut self, ty: TypeId, at: Span, span: Span) -> ExprId {
        let ulong = self.common.ulong;
        if self.is_error(ty) {
            return self.poison(span);
        }
        if self.is_void(ty) || self.is_func(ty) {
            return self.int(1, ulong, span);
        }
        let innermost = self.as_array(ty).map_or(ty, |(elem, _)| elem.ty);
        if !self.require_complete(innermost, at) {
            return self.poison(span);
        }
        let align = self.declared_align(innermost);
        self.int(i128::from(align), ulong, span)
    }

    /// `__builtin_offsetof(type, designators)`
    pub fn offsetof_expr(
        &mut self,
        ty: ast::TypeNameId,
        path: &[Designator],
        span: Span,
    ) -> ExprId {
        let type_span = self.unit.type_names[ty].span;
        let ty = self.type_name(ty);
        if self.is_error(ty.ty) {
            return self.poison(span);
        }
        if self.record_of(ty.ty).is_none() {
            let shown = self.show_qual(ty);
            let message = format!("`offsetof` needs a struct or union, found `{shown}`");
            self.error(E0302, type_span, message);
            return self.poison(span);
        }
        if !self.require_complete(ty.ty, type_span) {
            return self.poison(span);
        }
        let ptr = self.ptr_to(QualType::plain(ty.ty), span);
        let null = self.int(0, ptr, span);
        let mut place = self.deref(null, span);
        for designator in path {
            place = match *designator {
                Designator::Member(name, at) => self.member_place(place, name, at, span),
                Designator::Index(index) | Designator::Range(index, _) => {
                    self.offsetof_index(place, index, span)
                }
            };
        }
        let ty = self.body.places[place].ty;
        if self.is_error(ty.ty) {
            return self.poison(span);
        }
        self.offset_value(place, span)
    }

    fn offsetof_index(
        &mut self,
        base: crate::hir::PlaceId,
        index: ast::ExprId,
        span: Span,
    ) -> crate::hir::PlaceId {
        let index_span = self.unit.exprs[index].span;
        let index = self.rvalue(index);
        let base_ty = self.body.places[base].ty;
        let (Some((elem, _)), Some(index)) =
            (self.as_array(base_ty.ty), self.index_value(index, index_span))
        else {
            if !self.is_error(base_ty.ty) {
                let shown = self.show_qual(base_ty);
                self.error(E0304, index_span, format!("`[]` needs an array, found `{shown}`"));
            }
            return self.poison_place(span);
        };
        self.place(PlaceKind::Index { base, index }, elem, span)
    }

    /// The offset of `place` from the null pointer it hangs on; not always constant (GNU).
    fn offset_value(&mut self, place: crate::hir::PlaceId, span: Span) -> ExprId {
        if self.bit_field(place).is_some() {
            self.error(E0304, span, "a bit-field has no offset in bytes");
            return self.poison(span);
        }
        if let Some(offset) = self.local_offset(place) {
            return self.int(offset, self.common.ulong, span);
        }
        let address = self.address(place, span);
        if self.func.is_none() {
            self.error(E0309, span, "this offset is not constant");
            return self.poison(span);
        }
        self.value(ExprKind::Cast(address), self.common.ulong, span)
    }

    /// The offset by the layouts that are known here, those of the kernel's types included.
    fn local_offset(&self, place: crate::hir::PlaceId) -> Option<i128> {
        let node = &self.body.places[place];
        match node.kind {
            PlaceKind::Deref(_) => Some(0),
            PlaceKind::Member { base, member, .. } => {
                let record = self.record_of(self.body.places[base].ty.ty)?;
                let body = self.module.types.records[record].body.as_ref()?;
                let bits = body.members[member as usize].offset_bits;
                Some(self.local_offset(base)? + i128::from(bits / 8))
            }
            PlaceKind::Index { base, index } => {
                let size = self.module.types.size_of(node.ty.ty)?;
                let steps = self.const_int(index)?.checked_mul(i128::from(size))?;
                self.local_offset(base)?.checked_add(steps)
            }
            _ => None,
        }
    }
}
