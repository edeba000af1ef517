//! Members and elements (C11 6.5.2.1, 6.5.2.3).

use super::{Operand, OperandKind};
use crate::checker::Checker;
use crate::hir::{Origin, PlaceId, PlaceKind, QualType, RecordId, TypeId};
use crate::types_union;
use bpfc_base::codes::types::{E0302, E0304};
use bpfc_base::similar::most_similar;
use bpfc_base::{Diagnostic, Edit, Span, Symbol};
use bpfc_parser::ast;

impl Checker<'_> {
    /// `base.member`
    pub fn member_expr(
        &mut self,
        base: ast::ExprId,
        member: Symbol,
        member_span: Span,
        span: Span,
    ) -> Operand {
        let base = self.expr(base);
        let base_ty = self.operand_type(base).ty;
        if self.is_error(base_ty) {
            return Operand::value(self.poison(span), span);
        }
        if let Some(to) = self.pointee(base_ty)
            && self.is_record(to.ty)
        {
            return self.dot_on_pointer(base, member_span, span);
        }
        let place = match base.kind {
            OperandKind::Place(place) => place,
            OperandKind::Value(value) => {
                let (local, init) = self.fill_temporary(value);
                let ty = QualType::plain(base_ty);
                self.place(PlaceKind::Temp { local, init }, ty, base.span)
            }
            OperandKind::Func(_) | OperandKind::Helper(_) => self.poison_place(base.span),
        };
        Operand::place(self.member_place(place, member, member_span, span), span)
    }

    fn dot_on_pointer(&mut self, base: Operand, member_span: Span, span: Span) -> Operand {
        let ty = self.operand_type(base).ty;
        let shown = self.show(ty);
        let mut diagnostic = Diagnostic::new(
            E0304,
            member_span,
            format!("`{shown}` is a pointer: its members are reached with `->`"),
        );
        if base.span.expn == member_span.expn && base.span.hi <= member_span.lo {
            let dot = Span { lo: base.span.hi, hi: member_span.lo, expn: base.span.expn };
            let is_plain = self.session.sources.text(dot).trim() == ".";
            if is_plain && dot.expn == bpfc_base::ExpnId::ROOT {
                let edit = Edit { span: dot, replacement: "->".to_owned() };
                diagnostic = diagnostic.with_edit("write `->`", vec![edit]);
            }
        }
        self.report(diagnostic);
        Operand::value(self.poison(span), span)
    }

    /// `base->member`
    pub fn arrow_expr(
        &mut self,
        base: ast::ExprId,
        member: Symbol,
        member_span: Span,
        span: Span,
    ) -> Operand {
        let operand = self.expr(base);
        let base_span = operand.span;
        let base = self.operand_value(operand);
        if self.is_poison(base) {
            return Operand::value(self.poison(span), span);
        }
        let ty = self.type_of(base);
        if self.pointee(ty).is_none() {
            let shown = self.show(ty);
            let mut diagnostic = Diagnostic::new(
                E0304,
                base_span,
                format!("`->` needs a pointer to a struct or union, found `{shown}`"),
            );
            if self.is_record(ty) {
                let help = "this is no pointer: write `.`";
                diagnostic = match self.arrow_span(base_span, member_span) {
                    Some(span) => {
                        let edit = Edit { span, replacement: ".".to_owned() };
                        diagnostic.with_edit(help, vec![edit])
                    }
                    None => diagnostic.with_help(help),
                };
            }
            self.report(diagnostic);
            return Operand::value(self.poison(span), span);
        }
        let place = self.deref(base, base_span);
        Operand::place(self.member_place(place, member, member_span, span), span)
    }

    /// The `->` between two spans; `None` if a macro wrote it.
    fn arrow_span(&self, base: Span, member: Span) -> Option<Span> {
        if base.expn != bpfc_base::ExpnId::ROOT || member.expn != base.expn || base.hi > member.lo {
            return None;
        }
        let arrow = Span { lo: base.hi, hi: member.lo, expn: base.expn };
        (self.session.sources.text(arrow).trim() == "->").then_some(arrow)
    }

    /// The member `member` of the record at `base`, through anonymous members if need be.
    pub fn member_place(
        &mut self,
        base: PlaceId,
        member: Symbol,
        member_span: Span,
        span: Span,
    ) -> PlaceId {
        let ty = self.body.places[base].ty;
        if self.is_error(ty.ty) {
            return self.poison_place(span);
        }
        let Some(record) = self.record_of(ty.ty) else {
            self.report_no_record(ty.ty, member, member_span);
            return self.poison_place(span);
        };
        if !self.require_complete(ty.ty, member_span) {
            return self.poison_place(span);
        }
        let Some(path) = self.find_member(record, member) else {
            self.report_no_member(record, ty.ty, member, member_span);
            return self.poison_place(span);
        };
        path.into_iter().fold(base, |base, idx| self.step_into(base, idx, span))
    }

    fn report_no_record(&mut self, ty: TypeId, member: Symbol, span: Span) {
        let (shown, member) = (self.show(ty), self.name(member));
        let message = format!("`{shown}` has no member `{member}`: it is no struct or union");
        self.error(E0302, span, message);
    }

    /// The member with index `idx` of the record at `base`.
    pub fn step_into(&mut self, base: PlaceId, idx: u32, span: Span) -> PlaceId {
        let base_ty = self.body.places[base].ty;
        let Some(record) = self.record_of(base_ty.ty) else {
            return self.poison_place(span);
        };
        // A constant is one here already.
        let is_relocatable = !self.wants_constant
            && self.module.types.records[record].is_relocatable
            && !self.is_context_array(record, idx)
            || self.n_preserved > 0;
        let Some(body) = &self.module.types.records[record].body else {
            return self.poison_place(span);
        };
        let member_ty = body.members[idx as usize].ty;
        let quals = types_union(self.all_quals(base_ty), member_ty.quals);
        let ty = QualType { ty: member_ty.ty, quals };
        if self.record_of(ty.ty).is_some() {
            self.complete(ty.ty);
        }
        self.place(PlaceKind::Member { base, member: idx, is_relocatable }, ty, span)
    }

    /// Indices from a complete record to its member `name` (C11 6.7.2.1p13: members of
    /// anonymous members are members too).
    pub fn find_member(&mut self, record: RecordId, name: Symbol) -> Option<Vec<u32>> {
        let name = self.context_member_name(record, name);
        self.find_member_within(record, name, 0)
    }

    fn find_member_within(&mut self, id: RecordId, name: Symbol, depth: u32) -> Option<Vec<u32>> {
        if depth > crate::checker::MAX_DEPTH {
            return None;
        }
        let body = self.module.types.records[id].body.as_ref()?;
        if let Some(idx) = body.members.iter().position(|member| member.name == Some(name)) {
            return Some(vec![idx as u32]);
        }
        let anonymous = body.members.iter().enumerate().filter(|(_, member)| member.name.is_none());
        let anonymous: Vec<(usize, TypeId)> = anonymous.map(|(idx, m)| (idx, m.ty.ty)).collect();
        for (idx, ty) in anonymous {
            let Some(inner) = self.record_of(ty).filter(|_| self.complete(ty)) else {
                continue;
            };
            if let Some(mut path) = self.find_member_within(inner, name, depth + 1) {
                path.insert(0, idx as u32);
                return Some(path);
            }
        }
        None
    }

    pub fn report_no_member(&mut self, record: RecordId, ty: TypeId, member: Symbol, span: Span) {
        let text = self.name(member);
        let shown = self.show(ty);
        let mut diagnostic =
            Diagnostic::new(E0302, span, format!("`{shown}` has no member `{text}`"));
        let mut names = Vec::new();
        self.member_names(record, &mut names, 0);
        if let Some(similar) = most_similar(&text, names.iter().map(String::as_str)) {
            diagnostic = crate::suggest(diagnostic, span, similar);
        }
        if let Origin::Source(at) = self.module.types.records[record].origin {
            diagnostic = diagnostic.with_note_at(at, format!("`{shown}` is defined here"));
        }
        self.report(diagnostic);
    }

    fn member_names(&mut self, record: RecordId, out: &mut Vec<String>, depth: u32) {
        let Some(body) = &self.module.types.records[record].body else {
            return;
        };
        if depth > crate::checker::MAX_DEPTH {
            return;
        }
        let members: Vec<_> = body.members.iter().map(|m| (m.name, m.ty.ty)).collect();
        for (name, ty) in members {
            match (name, self.record_of(ty)) {
                (Some(name), _) => out.push(self.session.name(name).to_owned()),
                (None, Some(inner)) => {
                    self.complete(ty);
                    self.member_names(inner, out, depth + 1);
                }
                (None, None) => {}
            }
        }
    }

    /// `base[index]`: C11 6.5.2.1, either operand may be the pointer.
    pub fn index_expr(&mut self, base: ast::ExprId, index: ast::ExprId, span: Span) -> Operand {
        let is_address = std::mem::take(&mut self.warn.is_address_taken);
        let base = self.expr(base);
        let index = self.expr(index);
        self.warn.is_address_taken = is_address;
        let base_ty = self.operand_type(base).ty;
        let index_ty = self.operand_type(index).ty;
        if self.is_error(base_ty) || self.is_error(index_ty) {
            return Operand::value(self.poison(span), span);
        }
        let is_sequence = |this: &Self, ty| this.is_array(ty) || this.is_pointer(ty);
        let (base, index) = match is_sequence(self, base_ty) {
            false if is_sequence(self, index_ty) => (index, base),
            _ => (base, index),
        };
        let base_ty = self.operand_type(base).ty;
        if !is_sequence(self, base_ty) {
            let shown = self.show(base_ty);
            let message = format!("`[]` needs an array or pointer, found `{shown}`");
            self.error(E0304, base.span, message);
            return Operand::value(self.poison(span), span);
        }
        let index_span = index.span;
        let index = self.operand_value(index);
        let Some(index) = self.index_value(index, index_span) else {
            return Operand::value(self.poison(span), span);
        };
        let place = match base.kind {
            OperandKind::Place(place) if self.is_array(base_ty) => {
                self.element_place(place, index, span)
            }
            _ => {
                let ptr = self.operand_value(base);
                let sum = self.pointer_add(ptr, index, 1, span);
                self.deref(sum, span)
            }
        };
        Operand::place(place, span)
    }

    /// `index` as a 64-bit integer; reports what is no integer.
    pub fn index_value(
        &mut self,
        index: crate::hir::ExprId,
        span: Span,
    ) -> Option<crate::hir::ExprId> {
        if self.is_poison(index) {
            return None;
        }
        let ty = self.type_of(index);
        if !self.is_integer(ty) {
            let shown = self.show(ty);
            self.error(E0304, span, format!("an index is an integer, found `{shown}`"));
            return None;
        }
        let is_signed = self.int_shape(ty).is_none_or(|(_, is_signed)| is_signed);
        let wide = if is_signed { self.common.long } else { self.common.ulong };
        let already = self.int_shape(ty).is_some_and(|(bits, _)| bits == 64);
        Some(if already { index } else { self.cast(index, wide, span) })
    }

    /// Element `index` (a 64-bit integer) of the array at `base`.
    fn element_place(&mut self, base: PlaceId, index: crate::hir::ExprId, span: Span) -> PlaceId {
        let base_ty = self.body.places[base].ty;
        let Some((elem, len)) = self.as_array(base_ty.ty) else {
            return self.poison_place(span);
        };
        self.warn_bounds(base, index, len);
        if !self.require_complete(elem.ty, span) {
            return self.poison_place(span);
        }
        let quals = types_union(self.all_quals(base_ty), elem.quals);
        self.place(PlaceKind::Index { base, index }, QualType { ty: elem.ty, quals }, span)
    }
}
