//! Initialisers (C11 6.7.9): designators, brace elision, ranges, strings. The result is a
//! list of leaves, which [`local`] makes statements of and [`global`] bytes.

mod global;
mod list;
mod local;

use crate::checker::Checker;
use crate::convert::Why;
use crate::hir::{ExprId, QualType, RecordId};
use bpfc_base::Span;
use bpfc_base::codes::types::E0310;
use bpfc_parser::ast::{self, ExprKind, InitList, Initializer, StrLit};
use list::Cursor;
use std::collections::BTreeMap;
use std::ops::Range;

/// A part of an object and its content.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    pub offset_bits: u64,
    /// Width of a bit-field.
    pub bits: Option<u32>,
    pub value: LeafValue,
}

#[derive(Clone, Debug)]
pub(crate) enum LeafValue {
    /// A value of scalar or record type, already converted.
    Expr(ExprId),
    /// The content of an array of characters.
    Bytes(Vec<u8>),
}

impl Leaf {
    /// A later item has overridden it, or it never said anything.
    fn is_nothing(&self) -> bool {
        matches!(&self.value, LeafValue::Bytes(bytes) if bytes.is_empty())
    }
}

/// Leaves of one initialiser. Ranges multiply them: past this, memory is at stake.
const MAX_LEAVES: usize = 1 << 20;

/// What an initialiser says of an object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Content {
    pub leaves: Vec<Leaf>,
    /// Something was wrong, and reported.
    pub is_bad: bool,
    /// Elements of a flexible array beyond the object's own size, in bytes from its start.
    pub flexible_end: u64,
    /// No leaf reaches beyond this.
    end_bits: u64,
    /// The member of each union that was filled last: by place and type of the union.
    active: BTreeMap<(u64, RecordId), u32>,
}

/// Where in the object the walk is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot {
    pub ty: QualType,
    pub offset_bits: u64,
    pub bits: Option<u32>,
}

impl Checker<'_> {
    /// The content that `init` gives an object of type `ty`, and `ty` with the length that
    /// an array takes from its initialiser.
    pub fn content(&mut self, ty: QualType, init: &Initializer, span: Span) -> (QualType, Content) {
        let mut content = Content::default();
        let spot = Spot { ty, offset_bits: 0, bits: None };
        let ty = self.fill(spot, init, span, &mut content);
        content.leaves.retain(|leaf| !leaf.is_nothing());
        (ty, content)
    }

    /// Takes back what earlier items said of a part that is initialised again as a whole
    /// (C11 6.7.9p19): what the new list leaves out is zero.
    fn override_part(&self, bits: Range<u64>, out: &mut Content) {
        if bits.start >= out.end_bits {
            return;
        }
        for leaf in &mut out.leaves {
            if bits.start <= leaf.offset_bits && self.end_bits(leaf) <= bits.end {
                leaf.value = LeafValue::Bytes(Vec::new());
            }
        }
    }

    /// One past the last bit of a leaf.
    fn end_bits(&self, leaf: &Leaf) -> u64 {
        let bytes = match &leaf.value {
            LeafValue::Expr(value) => self.module.types.size_of(self.type_of(*value)).unwrap_or(0),
            LeafValue::Bytes(bytes) => bytes.len() as u64,
        };
        let bits = leaf.bits.map_or(bytes.saturating_mul(8), u64::from);
        leaf.offset_bits.saturating_add(bits)
    }

    /// Fills the object at `spot`; its type, completed.
    fn fill(&mut self, spot: Spot, init: &Initializer, span: Span, out: &mut Content) -> QualType {
        let filled = self.deeper(span, |this| match init {
            Initializer::Expr(expr) => this.fill_from_expr(spot, *expr, out),
            Initializer::List(list) => this.fill_from_list(spot, list, out),
        });
        filled.unwrap_or_else(|| {
            out.is_bad = true;
            spot.ty
        })
    }

    fn fill_from_expr(&mut self, spot: Spot, expr: ast::ExprId, out: &mut Content) -> QualType {
        if self.is_array(spot.ty.ty) {
            let unit = self.unit;
            if let ExprKind::Str(literal) = &unit.exprs[self.strip_parens(expr)].kind
                && self.holds_string(spot.ty, literal)
            {
                return self.fill_string(spot, literal, out);
            }
            return self.fill_array_from_expr(spot, expr, out);
        }
        let value = self.rvalue(expr);
        self.put_value(spot, value, out);
        spot.ty
    }

    /// `= (T[]){ … }` (GNU), or what is no initialiser for an array.
    fn fill_array_from_expr(
        &mut self,
        spot: Spot,
        expr: ast::ExprId,
        out: &mut Content,
    ) -> QualType {
        let unit = self.unit;
        let ast::Expr { ref kind, span } = unit.exprs[self.strip_parens(expr)];
        if let ExprKind::CompoundLiteral(ty, list) = kind {
            let literal = self.type_name(*ty);
            if self.compatible(literal.ty, spot.ty.ty) {
                return self.fill_from_list(spot, list, out);
            }
        }
        let value = self.rvalue(expr);
        out.is_bad = true;
        if !self.is_poison(value) && !self.is_error(spot.ty.ty) {
            let shown = self.show_qual(spot.ty);
            let message = format!("`{shown}` is initialised with a list in braces or a string");
            self.error(E0310, span, message);
        }
        spot.ty
    }

    fn strip_parens(&self, mut expr: ast::ExprId) -> ast::ExprId {
        while let ExprKind::Paren(inner) = self.unit.exprs[expr].kind {
            expr = inner;
        }
        expr
    }

    /// Whether an array of type `ty` can hold `literal` (C11 6.7.9p14-p15).
    fn holds_string(&self, ty: QualType, literal: &StrLit) -> bool {
        let Some((elem, _)) = self.as_array(ty.ty) else {
            return false;
        };
        let unit_bytes = match literal.prefix {
            ast::StrPrefix::None | ast::StrPrefix::Utf8 => 1,
            ast::StrPrefix::Char16 => 2,
            ast::StrPrefix::Char32 | ast::StrPrefix::Wide => 4,
        };
        self.module.types.int_kind(elem.ty).is_some_and(|kind| kind.bits() == unit_bytes * 8)
    }

    fn fill_string(&mut self, spot: Spot, literal: &StrLit, out: &mut Content) -> QualType {
        let Some((elem, len)) = self.as_array(spot.ty.ty) else {
            return spot.ty;
        };
        let unit = self.module.types.size_of(elem.ty).unwrap_or(1);
        let mut bytes = self.string_bytes(literal);
        let n_units = literal.units.len() as u64;
        let ty = match len {
            None => {
                out.flexible_end = out.flexible_end.max(spot.offset_bits / 8 + bytes.len() as u64);
                let ty = self.array_of(elem, Some(n_units + 1), literal.span);
                QualType { ty, quals: spot.ty.quals }
            }
            Some(len) => {
                // C11 6.7.9p14: the terminator is left out if there is no room.
                if n_units > len {
                    let message =
                        format!("this string needs {n_units} characters, the array has {len}");
                    self.error(E0310, literal.span, message);
                    out.is_bad = true;
                }
                let size = usize::try_from(len.saturating_mul(unit)).unwrap_or(usize::MAX);
                bytes.truncate(size);
                // The rest of the array is zero: said in bytes as long as they are few.
                if size <= 1 << 16 {
                    bytes.resize(size, 0);
                }
                spot.ty
            }
        };
        let leaf =
            Leaf { offset_bits: spot.offset_bits, bits: None, value: LeafValue::Bytes(bytes) };
        self.put(leaf, literal.span, out);
        ty
    }

    /// Puts `value`, converted, at `spot`: a scalar, or a record as a whole.
    fn put_value(&mut self, spot: Spot, value: ExprId, out: &mut Content) {
        let span = self.span_of(value);
        let value = self.convert(value, spot.ty.ty, &Why::Init);
        if self.is_poison(value) {
            out.is_bad = true;
            return;
        }
        if let (Some(bits), Some(number)) = (spot.bits, self.const_int(value)) {
            self.check_width(number, bits, value);
        }
        let value = LeafValue::Expr(value);
        self.put(Leaf { offset_bits: spot.offset_bits, bits: spot.bits, value }, span, out);
    }

    fn put(&mut self, leaf: Leaf, span: Span, out: &mut Content) {
        if out.leaves.len() >= MAX_LEAVES {
            if !out.is_bad {
                self.error(E0310, span, format!("this initialises more than {MAX_LEAVES} parts"));
            }
            out.is_bad = true;
            return;
        }
        out.end_bits = out.end_bits.max(self.end_bits(&leaf));
        out.leaves.push(leaf);
    }

    fn fill_from_list(&mut self, spot: Spot, list: &InitList, out: &mut Content) -> QualType {
        if self.is_error(spot.ty.ty) {
            out.is_bad = true;
            return spot.ty;
        }
        if self.is_array(spot.ty.ty) {
            // `char s[] = { "abc" }`
            if let [item] = &list.items[..]
                && item.designators.is_empty()
                && let Initializer::Expr(expr) = item.init
                && let ExprKind::Str(literal) = &self.unit.exprs[self.strip_parens(expr)].kind
                && self.holds_string(spot.ty, literal)
            {
                return self.fill_string(spot, literal, out);
            }
            return self.fill_braced(spot, list, out);
        }
        if self.is_record(spot.ty.ty) {
            if !self.require_complete(spot.ty.ty, list.span) {
                out.is_bad = true;
                return spot.ty;
            }
            return self.fill_braced(spot, list, out);
        }
        self.fill_scalar_from_list(spot, list, out);
        spot.ty
    }

    /// C11 6.7.9p11: a scalar may stand in braces.
    fn fill_scalar_from_list(&mut self, spot: Spot, list: &InitList, out: &mut Content) {
        let Some((first, rest)) = list.items.split_first() else {
            return;
        };
        if let Some(extra) = rest.first() {
            self.error(E0310, extra.span, "a number or pointer has one value only");
            out.is_bad = true;
        }
        if !first.designators.is_empty() {
            let shown = self.show_qual(spot.ty);
            let message = format!("`{shown}` has no members or elements to designate");
            self.error(E0310, first.span, message);
            out.is_bad = true;
            return;
        }
        self.fill(spot, &first.init, first.span, out);
    }

    /// Fills an array or record from a list in braces.
    fn fill_braced(&mut self, spot: Spot, list: &InitList, out: &mut Content) -> QualType {
        self.warn_overridden(&list.items);
        let mut cursor = Cursor::new(&list.items);
        let len = self.fill_aggregate(spot, &mut cursor, &[], list::Level::Braced, out);
        match self.as_array(spot.ty.ty) {
            Some((elem, None)) => {
                let ty = self.array_of(elem, Some(len), list.span);
                let bytes = self.module.types.size_of(ty).unwrap_or(0);
                out.flexible_end = out.flexible_end.max(spot.offset_bits / 8 + bytes);
                QualType { ty, quals: spot.ty.quals }
            }
            _ => spot.ty,
        }
    }
}
