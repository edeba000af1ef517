//! Initialisers of local variables.

use super::{Content, Leaf, LeafValue};
use crate::checker::Checker;
use crate::hir::{Init, InitItem, InitValue, QualType, Type};
use bpfc_base::Span;
use bpfc_base::codes::types::E0310;
use bpfc_parser::ast::{InitList, Initializer};

impl Checker<'_> {
    /// The content of a local of type `ty`; `None` if something was wrong. The type comes
    /// back with the length that an array takes from its initialiser.
    pub fn local_init(
        &mut self,
        ty: QualType,
        init: &Initializer,
        span: Span,
    ) -> (QualType, Option<Init>) {
        let (ty, mut content) = self.content(ty, init, span);
        let size = self.module.types.size_of(ty.ty);
        if !content.is_bad && size.is_some_and(|size| content.flexible_end > size) {
            let message = "the flexible array of a local object has no room for elements";
            self.error(E0310, span, message);
            content.is_bad = true;
        }
        (ty, self.content_init(ty, init, content))
    }

    fn content_init(&mut self, ty: QualType, init: &Initializer, content: Content) -> Option<Init> {
        if content.is_bad {
            return None;
        }
        let is_whole = !matches!(init, Initializer::List(_)) || self.is_scalar(ty.ty);
        let to_item = |leaf: Leaf| InitItem {
            offset_bits: leaf.offset_bits,
            bits: leaf.bits,
            value: match leaf.value {
                LeafValue::Expr(value) => InitValue::Expr(value),
                LeafValue::Bytes(bytes) => InitValue::Bytes(bytes),
            },
        };
        let items: Vec<InitItem> = content.leaves.into_iter().map(to_item).collect();
        let float = items.iter().find_map(|item| match item.value {
            InitValue::Expr(value) => {
                let ty = self.type_of(value);
                matches!(self.resolved(ty), Type::Float(_)).then_some(value)
            }
            _ => None,
        });
        if let Some(value) = float {
            // A member: objects that are floating themselves were reported.
            let span = self.span_of(value);
            self.float_operation(value, span);
            return None;
        }
        // `int x = {}` is zero too.
        let zero_rest = !is_whole || items.is_empty() || self.is_array(ty.ty);
        Some(Init { zero_rest, items })
    }

    /// The content of a compound literal, and its type.
    pub fn local_init_list(
        &mut self,
        ty: QualType,
        list: &InitList,
        span: Span,
    ) -> Option<(QualType, Init)> {
        if self.is_error(ty.ty) {
            return None;
        }
        let init = Initializer::List(list.clone());
        let (ty, init) = self.local_init(ty, &init, span);
        let init = init?;
        (self.complete_deeply(ty.ty) || self.require_complete(ty.ty, span)).then_some((ty, init))
    }
}
