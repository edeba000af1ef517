//! Lists in braces (C11 6.7.9p17-p22): which item initialises which part.

use super::{Content, Leaf, LeafValue, Spot};
use crate::checker::Checker;
use crate::hir::{ExprId, ExprKind, PlaceKind, QualType, RecordId, RecordKind};
use crate::types_union;
use bpfc_base::Span;
use bpfc_base::codes::types::{E0302, E0310};
use bpfc_parser::ast::{self, Designator, InitItem, Initializer};

/// The items of a list that are not used yet.
pub(super) struct Cursor<'i> {
    items: &'i [InitItem],
    /// The first item's value, if it was looked at already: an expression is checked once.
    value: Option<ExprId>,
}

impl<'i> Cursor<'i> {
    pub fn new(items: &'i [InitItem]) -> Self {
        Self { items, value: None }
    }

    fn peek(&self) -> Option<&'i InitItem> {
        self.items.first()
    }

    fn advance(&mut self) {
        self.items = &self.items[1..];
        self.value = None;
    }
}

/// Whether an array or record has braces of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Braced,
    /// Its braces were left out: it takes as many items as it has parts.
    Elided,
}

impl Checker<'_> {
    /// Fills the array or record at `spot` with items of `cursor`. The first item goes where
    /// `start` points, or to the first part. The number of elements that an array has now.
    pub(super) fn fill_aggregate(
        &mut self,
        spot: Spot,
        cursor: &mut Cursor<'_>,
        start: &[Designator],
        level: Level,
        out: &mut Content,
    ) -> u64 {
        let span = cursor.peek().map_or(Span::NONE, |item| item.span);
        let n_filled = self.deeper(span, |this| {
            if this.is_array(spot.ty.ty) {
                this.fill_array(spot, cursor, start, level, out)
            } else {
                this.fill_record(spot, cursor, start, level, out);
                0
            }
        });
        n_filled.unwrap_or_else(|| {
            out.is_bad = true;
            cursor.items = &[];
            0
        })
    }

    fn fill_array(
        &mut self,
        spot: Spot,
        cursor: &mut Cursor<'_>,
        mut start: &[Designator],
        level: Level,
        out: &mut Content,
    ) -> u64 {
        let Some((elem, len)) = self.as_array(spot.ty.ty) else {
            return 0;
        };
        let elem_bits = self.module.types.size_of(elem.ty).unwrap_or(0).saturating_mul(8);
        let elem = QualType { quals: types_union(elem.quals, spot.ty.quals), ..elem };
        let (mut next, mut filled) = (0u64, 0u64);
        while let Some(item) = cursor.peek() {
            let designators =
                if start.is_empty() { self.designators_here(item, level) } else { start };
            if start.is_empty() && level == Level::Elided && !item.designators.is_empty() {
                break;
            }
            let rest = designators.get(1..).unwrap_or(&[]);
            let (low, high) = match designators.first() {
                None => (next, next),
                Some(designator) => match self.index_range(*designator, spot.ty, len) {
                    Some(range) => range,
                    None => {
                        out.is_bad = true;
                        cursor.advance();
                        start = &[];
                        continue;
                    }
                },
            };
            start = &[];
            if len.is_some_and(|len| low >= len) {
                if level == Level::Elided {
                    break;
                }
                self.excess(item, spot.ty, out);
                cursor.advance();
                continue;
            }
            let at = |index: u64| Spot {
                ty: elem,
                offset_bits: spot.offset_bits.saturating_add(index.saturating_mul(elem_bits)),
                bits: None,
            };
            if rest.is_empty() && matches!(item.init, Initializer::List(_)) {
                let start = at(low).offset_bits;
                let n_bits = elem_bits.saturating_mul(high - low + 1);
                self.override_part(start..start.saturating_add(n_bits), out);
            }
            let first_leaf = out.leaves.len();
            self.fill_part(at(low), cursor, rest, out);
            self.repeat(first_leaf, elem_bits, high - low, out);
            next = high + 1;
            filled = filled.max(next);
        }
        filled
    }

    fn designators_here<'i>(&self, item: &'i InitItem, level: Level) -> &'i [Designator] {
        match level {
            Level::Braced => &item.designators,
            Level::Elided => &[],
        }
    }

    /// The elements that a designator names.
    fn index_range(
        &mut self,
        designator: Designator,
        ty: QualType,
        len: Option<u64>,
    ) -> Option<(u64, u64)> {
        let (low, high) = match designator {
            Designator::Index(index) => (index, index),
            Designator::Range(low, high) => (low, high),
            Designator::Member(name, span) => {
                let (name, shown) = (self.name(name), self.show_qual(ty));
                self.error(
                    E0302,
                    span,
                    format!("`{shown}` has no member `{name}`: it is an array"),
                );
                return None;
            }
        };
        let low_value = self.array_index(low, len)?;
        let high_value = if high == low { low_value } else { self.array_index(high, len)? };
        if high_value < low_value {
            let span = self.unit.exprs[low].span;
            self.error(E0310, span, "this range is empty");
            return None;
        }
        Some((low_value, high_value))
    }

    fn array_index(&mut self, index: ast::ExprId, len: Option<u64>) -> Option<u64> {
        let span = self.unit.exprs[index].span;
        let value = self.const_expr(index, "an array index here")?;
        match u64::try_from(value) {
            Ok(value) if len.is_none_or(|len| value < len) && value < 1 << 40 => Some(value),
            _ => {
                let shown = len.map_or(String::new(), |len| format!(" of {len} elements"));
                self.error(E0310, span, format!("the index {value} is outside the array{shown}"));
                None
            }
        }
    }

    fn excess(&mut self, item: &InitItem, ty: QualType, out: &mut Content) {
        if !out.is_bad {
            let shown = self.show_qual(ty);
            let message = format!("`{shown}` has no place for this value");
            self.error(E0310, item.span, message);
        }
        out.is_bad = true;
    }

    fn fill_record(
        &mut self,
        spot: Spot,
        cursor: &mut Cursor<'_>,
        mut start: &[Designator],
        level: Level,
        out: &mut Content,
    ) {
        let Some(record) = self.record_of(spot.ty.ty) else {
            return;
        };
        let is_union = self.module.types.records[record].kind == RecordKind::Union;
        let mut next = 0;
        while let Some(item) = cursor.peek() {
            if start.is_empty() && level == Level::Elided && !item.designators.is_empty() {
                break;
            }
            let designators =
                if start.is_empty() { self.designators_here(item, level) } else { start };
            start = &[];
            if let Some(designator) = designators.first() {
                let Some(path) = self.member_path(*designator, record, spot.ty) else {
                    out.is_bad = true;
                    cursor.advance();
                    continue;
                };
                next = path[0] as usize + 1;
                self.activate(spot, &path, out);
                let part = self.walk_path(spot, &path);
                if designators.len() == 1
                    && matches!(item.init, Initializer::List(_))
                    && let Some(bytes) = self.module.types.size_of(part.ty.ty)
                {
                    let end = part.offset_bits.saturating_add(bytes.saturating_mul(8));
                    self.override_part(part.offset_bits..end, out);
                }
                self.fill_part(part, cursor, &designators[1..], out);
                continue;
            }
            let n_members = self.n_members(record);
            if next >= n_members || (is_union && next > 0) {
                if level == Level::Elided {
                    break;
                }
                self.excess(item, spot.ty, out);
                cursor.advance();
                continue;
            }
            self.activate(spot, &[next as u32], out);
            let part = self.walk_path(spot, &[next as u32]);
            next += 1;
            self.fill_part(part, cursor, &[], out);
        }
    }

    fn n_members(&self, record: RecordId) -> usize {
        self.module.types.records[record].body.as_ref().map_or(0, |body| body.members.len())
    }

    fn member_path(
        &mut self,
        designator: Designator,
        record: RecordId,
        ty: QualType,
    ) -> Option<Vec<u32>> {
        match designator {
            Designator::Member(name, span) => {
                let path = self.find_member(record, name);
                if path.is_none() {
                    self.report_no_member(record, ty.ty, name, span);
                }
                path
            }
            Designator::Index(index) | Designator::Range(index, _) => {
                let (span, shown) = (self.unit.exprs[index].span, self.show_qual(ty));
                self.error(E0310, span, format!("`{shown}` is no array: it has no elements"));
                None
            }
        }
    }

    /// The member that `path` leads to from the record at `spot`.
    fn walk_path(&mut self, spot: Spot, path: &[u32]) -> Spot {
        let mut spot = spot;
        for &idx in path {
            self.complete(spot.ty.ty);
            let member = self
                .record_of(spot.ty.ty)
                .and_then(|record| self.module.types.records[record].body.as_ref())
                .and_then(|body| body.members.get(idx as usize));
            let Some(member) = member else { break };
            let quals = types_union(member.ty.quals, spot.ty.quals);
            spot = Spot {
                ty: QualType { ty: member.ty.ty, quals },
                offset_bits: spot.offset_bits + member.offset_bits,
                bits: member.bits,
            };
        }
        spot
    }

    /// Of the unions on the way, only the member that was named last holds anything.
    fn activate(&mut self, spot: Spot, path: &[u32], out: &mut Content) {
        for (depth, &idx) in path.iter().enumerate() {
            let spot = self.walk_path(spot, &path[..depth]);
            let Some(record) = self.record_of(spot.ty.ty) else { continue };
            if self.module.types.records[record].kind != RecordKind::Union {
                continue;
            }
            let before = out.active.insert((spot.offset_bits, record), idx);
            let bytes = self.module.types.size_of(spot.ty.ty).unwrap_or(0);
            if before.is_some_and(|before| before != idx) {
                let end = spot.offset_bits.saturating_add(bytes.saturating_mul(8));
                self.override_part(spot.offset_bits..end, out);
            }
        }
    }

    /// Fills one element or member with the next item, or, where its braces were left out,
    /// with the next items.
    fn fill_part(
        &mut self,
        part: Spot,
        cursor: &mut Cursor<'_>,
        designators: &[Designator],
        out: &mut Content,
    ) {
        let is_aggregate = self.is_array(part.ty.ty) || self.is_record(part.ty.ty);
        if !designators.is_empty() && is_aggregate {
            if self.is_record(part.ty.ty) && !self.complete(part.ty.ty) {
                out.is_bad = true;
                cursor.advance();
                return;
            }
            self.fill_aggregate(part, cursor, designators, Level::Elided, out);
            return;
        }
        let Some(item) = cursor.peek() else { return };
        if !designators.is_empty() {
            let shown = self.show_qual(part.ty);
            let message = format!("`{shown}` has no members or elements to designate");
            self.error(E0310, item.span, message);
            out.is_bad = true;
            cursor.advance();
            return;
        }
        let Initializer::Expr(expr) = item.init else {
            cursor.advance();
            self.fill(part, &item.init, item.span, out);
            return;
        };
        if !is_aggregate {
            let value = match cursor.value {
                Some(value) => value,
                None => self.rvalue(expr),
            };
            cursor.advance();
            self.put_value(part, value, out);
            return;
        }
        self.fill_aggregate_part(part, cursor, expr, out);
    }

    /// An array or record without braces: from a string, from a value of its type, or from
    /// as many items as it has parts.
    fn fill_aggregate_part(
        &mut self,
        part: Spot,
        cursor: &mut Cursor<'_>,
        expr: ast::ExprId,
        out: &mut Content,
    ) {
        let unit = self.unit;
        let stripped = self.strip_parens(expr);
        if let ast::ExprKind::Str(literal) = &unit.exprs[stripped].kind
            && self.holds_string(part.ty, literal)
        {
            cursor.advance();
            self.fill_string(part, literal, out);
            return;
        }
        let is_string = matches!(unit.exprs[stripped].kind, ast::ExprKind::Str(_));
        if cursor.value.is_none() && !is_string {
            cursor.value = Some(self.rvalue(expr));
        }
        if let Some(value) = cursor.value {
            let is_whole =
                self.is_record(part.ty.ty) && self.compatible(self.type_of(value), part.ty.ty);
            if is_whole || self.is_poison(value) {
                cursor.advance();
                self.put_value(part, value, out);
                return;
            }
        }
        let n_before = cursor.items.len();
        self.fill_aggregate(part, cursor, &[], Level::Elided, out);
        if cursor.items.len() == n_before {
            // An empty record takes nothing: the item has nowhere to go.
            if let Some(item) = cursor.peek() {
                self.excess(item, part.ty, out);
                cursor.advance();
            }
        }
    }

    /// Repeats the leaves from `first` on for `times` more elements (GNU ranges). A value
    /// that is not constant is computed once.
    fn repeat(&mut self, first: usize, elem_bits: u64, times: u64, out: &mut Content) {
        if times == 0 {
            return;
        }
        let template: Vec<Leaf> = out.leaves[first..].to_vec();
        let mut again = Vec::with_capacity(template.len());
        for (idx, leaf) in template.into_iter().enumerate() {
            let value = match leaf.value {
                LeafValue::Expr(value)
                    if self.const_int(value).is_none() && self.func.is_some() =>
                {
                    let (once, copy) = self.compute_once(value);
                    out.leaves[first + idx].value = LeafValue::Expr(once);
                    LeafValue::Expr(copy)
                }
                value => value,
            };
            again.push(Leaf { value, ..leaf });
        }
        for step in 1..=times {
            for leaf in &again {
                let offset_bits = leaf.offset_bits + step * elem_bits;
                self.put(Leaf { offset_bits, ..leaf.clone() }, Span::NONE, out);
            }
            if out.is_bad {
                return;
            }
        }
    }

    /// An expression that computes `value` and keeps it, and one that reads it again.
    fn compute_once(&mut self, value: ExprId) -> (ExprId, ExprId) {
        let (ty, span) = (self.type_of(value), self.span_of(value));
        let local = self.temporary(QualType::plain(ty), span);
        let place = self.place(PlaceKind::Local(local), QualType::plain(ty), span);
        let once = self.value(ExprKind::Assign { place, value }, ty, span);
        let copy = self.load(place);
        (once, copy)
    }
}
