//! Address spaces (clang: `address_space(n)`). Types carry theirs as a tag, as sugar; pointers
//! into another space can be declared and passed on. BPF's arenas, which are one, need an
//! instruction between a pointer and its use that bpfc does not make: such uses are reported.

use crate::checker::Checker;
use crate::hir::{QualType, Type, TypeId};
use bpfc_base::codes::types::E0326;
use bpfc_base::{Diagnostic, Span, Symbol};

/// How the tags begin.
const PREFIX: &str = "address_space(";

impl Checker<'_> {
    /// `ty` in address space `number`.
    pub fn in_address_space(&mut self, ty: TypeId, number: i128, span: Span) -> TypeId {
        let tag = self.session.intern(&format!("{PREFIX}{number})"));
        self.derive(Type::Tagged { inner: ty, tag }, span)
    }

    fn address_space(&self, mut ty: TypeId) -> Option<Symbol> {
        loop {
            match self.module.types.get(ty) {
                Type::Typedef(id) => ty = self.module.types.typedefs[*id].ty.ty,
                Type::Array { elem, .. } => ty = elem.ty,
                Type::Tagged { tag, .. } if self.session.name(*tag).starts_with(PREFIX) => {
                    return Some(*tag);
                }
                Type::Tagged { inner, .. } => ty = *inner,
                _ => return None,
            }
        }
    }

    /// Reports an object of type `ty` that is in another address space; false if it is not.
    pub fn is_in_other_space(&mut self, ty: QualType, span: Span) -> bool {
        let Some(space) = self.address_space(ty.ty) else {
            return false;
        };
        let space = self.name(space);
        let message = format!("an object in `{space}` cannot be accessed: bpfc has no arenas");
        self.report(Diagnostic::new(E0326, span, message));
        true
    }

    /// Reports a conversion between pointers into different address spaces; false if `from`
    /// and `to` are none.
    pub fn changes_address_space(&mut self, from: TypeId, to: TypeId, span: Span) -> bool {
        let (Some(from), Some(to)) = (self.pointee(from), self.pointee(to)) else {
            return false;
        };
        let (a, b) = (self.address_space(from.ty), self.address_space(to.ty));
        if a == b {
            return false;
        }
        let shown = |this: &Self, space: Option<Symbol>| match space {
            Some(space) => format!("`{}`", this.name(space)),
            None => "the ordinary address space".to_owned(),
        };
        let (a, b) = (shown(self, a), shown(self, b));
        let message = format!("a pointer from {a} cannot be converted to {b}: bpfc has no arenas");
        self.report(Diagnostic::new(E0326, span, message));
        true
    }
}
