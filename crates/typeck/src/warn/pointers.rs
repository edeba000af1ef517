//! Pointers: to members of packed structs, to locals that die, `void *` as a number.

use crate::checker::Checker;
use crate::hir::{ExprId, ExprKind, PlaceId, PlaceKind, TypeId};
use bpfc_base::codes::types::{W0333, W0334, W0345};
use bpfc_base::{Diagnostic, Span};

impl Checker<'_> {
    /// `&packed.member` as a pointer that promises more alignment than the member has.
    pub(crate) fn warn_packed_address(&mut self, value: ExprId, to: TypeId) {
        let ExprKind::AddrOf(place) = self.body.exprs[value].kind else {
            return;
        };
        let Some(pointee) = self.pointee(to).filter(|pointee| !self.is_void(pointee.ty)) else {
            return;
        };
        let Some(wanted) = self.module.types.align_of(pointee.ty) else {
            return;
        };
        let Some((actual, record)) = self.packed_align(place) else {
            return;
        };
        let is_natural = |this: &Self| {
            this.module
                .types
                .align_of(this.body.places[place].ty.ty)
                .is_some_and(|own| own <= actual)
        };
        if wanted <= actual || is_natural(self) {
            return;
        }
        let (span, shown) = (self.span_of(value), self.show(record));
        let message =
            format!("this member of the packed `{shown}` may not be aligned for the pointer");
        self.report(
            Diagnostic::new(W0333, span, message)
                .with_note(format!("it is aligned to {actual}, the pointer expects {wanted}")),
        );
    }

    /// The alignment that the members around `place` leave it, if one is of a packed struct;
    /// and that struct.
    fn packed_align(&self, place: PlaceId) -> Option<(u32, TypeId)> {
        let mut place = place;
        let mut found: Option<(u32, TypeId)> = None;
        while let PlaceKind::Member { base, .. } | PlaceKind::Index { base, .. } =
            self.body.places[place].kind
        {
            let ty = self.body.places[base].ty.ty;
            if let Some(record) = self.record_of(ty)
                && let Some(body) = &self.module.types.records[record].body
            {
                let is_packed = body.members.iter().any(|member| {
                    self.module.types.align_of(member.ty.ty).is_some_and(|own| own > body.align)
                });
                if is_packed && found.is_none_or(|(align, _)| body.align < align) {
                    found = Some((body.align, ty));
                }
            }
            place = base;
        }
        found
    }

    /// `-Wpointer-arith`: a step over `void` or a function.
    pub(crate) fn warn_pointer_arithmetic(&mut self, what: &str, span: Span) {
        if !self.is_from_system(span) {
            let message = format!("arithmetic on a pointer to {what} counts bytes (GNU)");
            self.report(Diagnostic::new(W0334, span, message));
        }
    }

    /// `return &local;`
    pub(crate) fn warn_returned_address(&mut self, value: ExprId) {
        let mut value = value;
        let place = loop {
            match self.body.exprs[value].kind {
                ExprKind::AddrOf(place) => break place,
                ExprKind::Cast(inner) if self.is_pointer(self.type_of(inner)) => value = inner,
                ExprKind::PtrAdd { ptr, .. } => value = ptr,
                _ => return,
            }
        };
        if !self.is_pointer(self.type_of(value)) {
            return;
        }
        let mut root = place;
        while let PlaceKind::Member { base, .. } | PlaceKind::Index { base, .. } =
            self.body.places[root].kind
        {
            root = base;
        }
        let PlaceKind::Local(local) = self.body.places[root].kind else {
            return;
        };
        let local = &self.body.locals[local];
        let (Some(name), declared) = (local.name, local.span) else {
            return;
        };
        let message = format!(
            "the address of `{}` is returned, which is gone by then",
            self.session.name(name)
        );
        self.report(
            Diagnostic::new(W0345, self.span_of(value), message)
                .with_note_at(declared, "the variable is declared here"),
        );
    }
}
