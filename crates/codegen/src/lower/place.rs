//! Objects: where they are, reading and writing them.

use super::Ctx;
use super::convert::Scalar;
use super::core;
use crate::ir::*;
use bpfc_isa::Endian;
use bpfc_typeck::hir::{self, CoreKind, CoreQuery, ExprKind, PlaceKind};

/// Where an object is.
#[derive(Clone, Debug)]
pub(super) struct PlaceRef {
    pub(super) address: Address,
    /// Known alignment of the address.
    pub(super) align: u32,
    bits: Option<BitField>,
}

impl PlaceRef {
    pub(super) fn is_bit_field(&self) -> bool {
        self.bits.is_some()
    }
}

/// A bit-field: its bits in its storage unit, which the address is of.
#[derive(Clone, Debug)]
struct BitField {
    /// `None` if no single aligned access contains it.
    unit: Option<Width>,
    first_bit: u32,
    n_bits: u32,
    /// Where it is on the running kernel.
    relocated: Option<CoreQuery>,
}

/// An address under construction: `base + offset`, or `base + query`.
struct Draft {
    base: Value,
    offset: i64,
    align: u32,
    /// The root and the path so far; then `offset` is the local answer.
    query: Option<CoreQuery>,
    bits: Option<BitField>,
    /// Which of its neighbours the object is, counted from `base`, if `offset` says nothing else: `p[2]`.
    neighbour: u32,
}

impl Ctx<'_> {
    /// Evaluates what designates an object.
    pub(super) fn lower_place(&mut self, id: hir::PlaceId) -> PlaceRef {
        let draft = self.draft(id);
        self.finish(draft)
    }

    fn finish(&mut self, draft: Draft) -> PlaceRef {
        let mut address = self.plus(draft.base, draft.offset);
        if let (Some(query), None) = (draft.query, &draft.bits) {
            let core = self.core(query);
            let offset = draft.offset as i32;
            address = Address { base: draft.base, offset, core: Some(core) };
        }
        PlaceRef { address: self.fit(address), align: draft.align, bits: draft.bits }
    }

    /// `base + offset`, with what `base` already has of it.
    fn plus(&mut self, base: Value, offset: i64) -> Address {
        match i32::try_from(offset) {
            Ok(offset) => Address::new(base, offset),
            Err(_) => Address::new(self.ptr_add_const(base, offset), 0),
        }
    }

    fn draft(&mut self, id: hir::PlaceId) -> Draft {
        let place = &self.hir.places[id];
        let start = |base: Value, align: u32| Draft {
            base,
            offset: 0,
            align,
            query: None,
            bits: None,
            neighbour: 0,
        };
        match &place.kind {
            PlaceKind::Error => start(self.undef(Type::Ptr), 1),
            PlaceKind::Local(local) => {
                let slot = self.slots[*local];
                start(self.out.slot_addr(slot, 0), self.out.slots[slot].align)
            }
            PlaceKind::Global(global) => {
                let align = self.module.globals[*global].align.max(1);
                start(self.out.leaf(Op::GlobalAddr(*global, 0), Type::Ptr), align)
            }
            PlaceKind::Deref(pointer) => {
                let align = self.types.align_of(place.ty.ty).unwrap_or(1);
                if let Some((first, neighbour, offset)) = self.neighbour(*pointer, place.ty.ty) {
                    let base = self.lower_expr(first);
                    self.span = place.span;
                    return Draft { offset, neighbour, ..start(base, align) };
                }
                let base = self.lower_expr(*pointer);
                self.span = place.span;
                start(base, align)
            }
            PlaceKind::Temp { local, init } => {
                self.lower_stmt(*init);
                self.span = place.span;
                let slot = self.slots[*local];
                start(self.out.slot_addr(slot, 0), self.out.slots[slot].align)
            }
            PlaceKind::Member { base, member, is_relocatable } => {
                let record = self.hir.places[*base].ty.ty;
                let draft = self.draft(*base);
                self.span = place.span;
                self.draft_member(draft, record, *member, *is_relocatable)
            }
            PlaceKind::Index { base, index } => {
                let draft = self.draft(*base);
                let size = self.types.size_of(place.ty.ty).unwrap_or(0);
                let index = self.lower_expr(*index);
                self.span = place.span;
                self.draft_index(draft, index, size)
            }
        }
    }

    /// A constant number of records after another pointer: that pointer, the number, and the bytes between.
    fn neighbour(&self, pointer: hir::ExprId, ty: hir::TypeId) -> Option<(hir::ExprId, u32, i64)> {
        let ExprKind::PtrAdd { ptr, index, scale } = self.hir.exprs[pointer].kind else {
            return None;
        };
        let ExprKind::Int(n) = self.hir.exprs[index].kind else { return None };
        let n = u32::try_from(n).ok()?;
        let size = i64::try_from(self.types.size_of(ty)?).ok()?;
        let is_record = self.types.record_of(ty).is_some() && scale == size;
        is_record.then(|| Some((ptr, n, size.checked_mul(n.into())?))).flatten()
    }

    /// Puts what is relocated into the base.
    fn flush(&mut self, mut draft: Draft) -> Draft {
        if let Some(query) = draft.query.take() {
            let core = self.core(query);
            let core = self.out.leaf(Op::Core(core), Type::I64);
            draft.base = self.ptr_add(draft.base, core);
            draft.offset = 0;
        }
        draft
    }

    fn draft_member(
        &mut self,
        mut draft: Draft,
        record_ty: hir::TypeId,
        member: u32,
        is_relocatable: bool,
    ) -> Draft {
        let body = self.types.record_of(record_ty).map(|id| &self.types.records[id].body);
        let Some(Some(body)) = body else {
            return draft;
        };
        let member_info = &body.members[member as usize];
        let neighbour = std::mem::take(&mut draft.neighbour);
        if !is_relocatable {
            draft = self.flush(draft);
        } else if let Some(query) = &mut draft.query {
            query.path.push(member);
        } else {
            if neighbour == 0 {
                draft.base = self.ptr_add_const(draft.base, draft.offset);
                draft.offset = 0;
            }
            // How far neighbours are from each other is the kernel's matter, too.
            draft.query = Some(CoreQuery {
                kind: CoreKind::FieldByteOffset,
                ty: record_ty,
                path: vec![neighbour, member],
            });
        }
        let offset = member_info.offset_bits;
        let Some(n_bits) = member_info.bits else {
            draft.offset += (offset / 8) as i64;
            draft.align = align_after(draft.align, offset / 8);
            return draft;
        };
        self.draft_bits(draft, offset, n_bits)
    }

    fn draft_bits(&mut self, mut draft: Draft, offset: u64, n_bits: u32) -> Draft {
        if let Some(query) = draft.query.take() {
            // The unit follows from the whole path, as the loader computes it.
            let field = core::field(self.types, &query).unwrap_or_default();
            draft.offset = field.byte_offset as i64;
            draft.bits = Some(BitField {
                unit: Width::from_bytes(field.byte_size),
                first_bit: 0,
                n_bits,
                relocated: Some(query),
            });
            return draft;
        }
        let unit = Width::ALL.into_iter().find(|width| {
            let bits = u64::from(width.bits());
            width.bytes() <= draft.align && offset % bits + u64::from(n_bits) <= bits
        });
        let start = unit
            .map_or(offset / 8, |unit| offset / u64::from(unit.bits()) * u64::from(unit.bytes()));
        draft.offset += start as i64;
        draft.align = align_after(draft.align, start);
        let first_bit = (offset - start * 8) as u32;
        draft.bits = Some(BitField {
            unit,
            first_bit: match (self.out.endian, unit) {
                // From the highest bit of the unit on.
                (Endian::Big, Some(unit)) => unit.bits() - first_bit - n_bits,
                _ => first_bit,
            },
            n_bits,
            relocated: None,
        });
        draft
    }

    fn draft_index(&mut self, mut draft: Draft, index: Value, size: u64) -> Draft {
        draft.neighbour = 0;
        if let Some(n) = self.out.as_const(index) {
            let bytes = n.wrapping_mul(size as i64);
            if let (Some(query), Ok(n)) = (&mut draft.query, u32::try_from(n)) {
                query.path.push(n);
            } else {
                draft = self.flush(draft);
            }
            draft.offset = draft.offset.wrapping_add(bytes);
            draft.align = align_after(draft.align, bytes.unsigned_abs());
            return draft;
        }
        let mut draft = self.flush(draft);
        let bytes = self.scale(index, size as i64);
        // The constant part stays behind the variable one, where an access has room for it.
        draft.base = self.ptr_add(draft.base, bytes);
        draft.align = align_after(draft.align, size);
        draft
    }

    /// `index * scale`.
    pub(super) fn scale(&mut self, index: Value, scale: i64) -> Value {
        match scale {
            n if n > 0 && n.count_ones() == 1 => {
                self.binary_const(BinaryOp::Shl, index, i64::from(n.trailing_zeros()))
            }
            n => self.binary_const(BinaryOp::Mul, index, n),
        }
    }

    /// The object's address.
    pub(super) fn address_of(&mut self, id: hir::PlaceId) -> Value {
        let place = self.lower_place(id);
        self.address_value(place.address)
    }

    /// What a pointer points to, and the alignment known of it: that of the type that it
    /// had before it became `void *`.
    pub(super) fn pointer(&mut self, id: hir::ExprId) -> (Address, u32) {
        let expr = &self.hir.exprs[id];
        match expr.kind {
            ExprKind::Cast(inner) if self.types.pointee(self.hir.exprs[inner].ty).is_some() => {
                self.pointer(inner)
            }
            ExprKind::AddrOf(place) => {
                let place = self.lower_place(place);
                (place.address, place.align)
            }
            _ => {
                let pointee = self.types.pointee(expr.ty);
                let align = pointee.and_then(|pointee| self.types.align_of(pointee.ty));
                (Address::new(self.lower_expr(id), 0), align.unwrap_or(1))
            }
        }
    }

    /// Where an item of an initialiser goes.
    pub(super) fn init_place(&mut self, base: Value, align: u32, item: &hir::InitItem) -> PlaceRef {
        let draft = Draft { base, offset: 0, align, query: None, bits: None, neighbour: 0 };
        let draft = match item.bits {
            Some(n_bits) => self.draft_bits(draft, item.offset_bits, n_bits),
            None => Draft {
                offset: (item.offset_bits / 8) as i64,
                align: align_after(align, item.offset_bits / 8),
                ..draft
            },
        };
        self.finish(draft)
    }

    fn access(&self, place: &PlaceRef, width: Width, is_volatile: bool) -> Access {
        let align = place.align.min(width.bytes());
        Access { align, is_volatile, ..Access::new(place.address, width) }
    }

    /// Reads a scalar object. `wide` asks for an `i64` where the object is an unsigned
    /// 32-bit integer: the context's packet pointers are read so, and lose what the
    /// verifier knows of them in 32-bit arithmetic.
    pub(super) fn read(&mut self, place: &PlaceRef, ty: hir::QualType, wide: bool) -> Value {
        let scalar = self.scalar(ty.ty, self.span);
        let is_volatile = ty.quals.is_volatile;
        if let Some(bits) = &place.bits {
            let value = match (&bits.relocated, bits.unit) {
                (Some(_), _) => self.read_relocated(place, scalar, is_volatile),
                (None, Some(unit)) => self.read_unit(place, unit, scalar, is_volatile),
                (None, None) => self.read_pieces(place, scalar, is_volatile),
            };
            return match wide && self.out.ty(value) == Type::I32 {
                true => self.zext(value),
                false => value,
            };
        }
        let access = self.access(place, scalar.width(), is_volatile);
        let ty = if wide { Type::I64 } else { scalar.ty() };
        let value = self.emit(Op::Load(access), ty);
        match scalar {
            Scalar::Int(width @ (Width::W8 | Width::W16), true) => self.sext(value, width),
            _ => value,
        }
    }

    fn read_unit(&mut self, p: &PlaceRef, unit: Width, scalar: Scalar, volatile: bool) -> Value {
        let ty = unit_type(unit);
        let access = self.access(p, unit, volatile);
        let value = self.emit(Op::Load(access), ty);
        let value = self.extract(value, p, scalar.is_signed());
        match (self.out.ty(value), scalar.ty()) {
            (Type::I32, Type::I64) if scalar.is_signed() => self.sext(value, Width::W32),
            (_, ty) => self.resize(value, ty),
        }
    }

    /// The bit-field's bits out of the unit's.
    fn extract(&mut self, value: Value, place: &PlaceRef, is_signed: bool) -> Value {
        let Some(BitField { first_bit, n_bits, .. }) = place.bits else {
            return value;
        };
        let width = self.out.ty(value).bits();
        if is_signed {
            let left = i64::from(width - first_bit - n_bits);
            let value = self.binary_const(BinaryOp::Shl, value, left);
            return self.binary_const(BinaryOp::AShr, value, i64::from(width - n_bits));
        }
        let value = self.binary_const(BinaryOp::LShr, value, i64::from(first_bit));
        self.binary_const(BinaryOp::And, value, low_bits(n_bits))
    }

    /// `value`, which fits, as another type.
    fn resize(&mut self, value: Value, ty: Type) -> Value {
        match (self.out.ty(value), ty) {
            (Type::I64, Type::I32) => self.trunc(value),
            (Type::I32, Type::I64) => self.zext(value),
            _ => value,
        }
    }

    fn read_pieces(&mut self, place: &PlaceRef, scalar: Scalar, is_volatile: bool) -> Value {
        let Some(BitField { first_bit, n_bits, .. }) = place.bits else {
            unreachable!("pieces are those of a bit-field");
        };
        // Packed, 64 bits can span nine bytes: each goes where it is in the value.
        let mut all = self.zero(Type::I64);
        for idx in 0..(first_bit + n_bits).div_ceil(8) {
            let access = self.byte(place, idx, is_volatile);
            let byte = self.emit(Op::Load(access), Type::I64);
            // The lowest bit of the byte, counted from the lowest of the field.
            let at = match self.out.endian {
                Endian::Little => i64::from(idx * 8) - i64::from(first_bit),
                Endian::Big => i64::from(first_bit + n_bits) - i64::from(idx * 8 + 8),
            };
            let piece = match at {
                0.. => self.binary_const(BinaryOp::Shl, byte, at),
                _ => self.binary_const(BinaryOp::LShr, byte, -at),
            };
            all = self.binary(BinaryOp::Or, piece, all);
        }
        let above = i64::from(64 - n_bits);
        let value = match scalar.is_signed() {
            true => {
                let value = self.binary_const(BinaryOp::Shl, all, above);
                self.binary_const(BinaryOp::AShr, value, above)
            }
            false => self.binary_const(BinaryOp::And, all, low_bits(n_bits)),
        };
        self.resize(value, scalar.ty())
    }

    fn byte(&self, place: &PlaceRef, idx: u32, is_volatile: bool) -> Access {
        let mut access = self.access(place, Width::W8, is_volatile);
        access.address.offset += idx as i32;
        access
    }

    /// A bit-field wherever the running kernel has it: `__CORE_BITFIELD_PROBE_READ`'s
    /// shifts on a load whose offset and width the loader adapts.
    fn read_relocated(&mut self, place: &PlaceRef, scalar: Scalar, is_volatile: bool) -> Value {
        let Some(BitField { unit: Some(unit), relocated: Some(query), .. }) = &place.bits else {
            let span = self.span;
            self.report(span, "this bit-field cannot be relocated");
            return self.undef(scalar.ty());
        };
        let mut ask = |kind: CoreKind| self.core(CoreQuery { kind, ..query.clone() });
        let offset = ask(CoreKind::FieldByteOffset);
        let left = ask(CoreKind::FieldLshiftU64);
        let right = ask(CoreKind::FieldRshiftU64);
        let mut access = self.access(place, *unit, is_volatile);
        access.address.core = Some(offset);
        let value = self.emit(Op::Load(access), Type::I64);
        let left = self.out.leaf(Op::Core(left), Type::I64);
        let right = self.out.leaf(Op::Core(right), Type::I64);
        let value = self.emit(Op::Binary(BinaryOp::Shl, value, left), Type::I64);
        let shift = if scalar.is_signed() { BinaryOp::AShr } else { BinaryOp::LShr };
        let value = self.emit(Op::Binary(shift, value, right), Type::I64);
        self.resize(value, scalar.ty())
    }

    /// Writes a scalar object; what it holds afterwards.
    pub(super) fn write(&mut self, place: &PlaceRef, ty: hir::QualType, value: Value) -> Value {
        let scalar = self.scalar(ty.ty, self.span);
        let is_volatile = ty.quals.is_volatile;
        let Some(bits) = &place.bits else {
            let access = self.access(place, scalar.width(), is_volatile);
            self.emit(Op::Store(access, value), Type::Void);
            return value;
        };
        match (bits.unit, &bits.relocated) {
            (Some(unit), Some(query)) => {
                let access = self.access(place, unit, is_volatile);
                self.write_relocated(access, query, value);
            }
            (None, Some(_)) => {
                let span = self.span;
                self.report(span, "this bit-field cannot be relocated");
            }
            (Some(unit), None) => {
                let access = self.access(place, unit, is_volatile);
                self.write_unit(access, bits.first_bit, bits.n_bits, value);
            }
            (None, None) => {
                self.write_pieces(place, bits.first_bit, bits.n_bits, value, is_volatile)
            }
        }
        let width = self.out.ty(value).bits();
        if bits.n_bits >= width {
            return value;
        }
        match scalar.is_signed() {
            true => {
                let shift = i64::from(width - bits.n_bits);
                let value = self.binary_const(BinaryOp::Shl, value, shift);
                self.binary_const(BinaryOp::AShr, value, shift)
            }
            false => self.binary_const(BinaryOp::And, value, low_bits(bits.n_bits)),
        }
    }

    /// The inverse of [`Self::read_relocated`]: the bits that the loader's shifts select are replaced.
    fn write_relocated(&mut self, mut access: Access, query: &CoreQuery, value: Value) {
        let mut ask = |kind: CoreKind| self.core(CoreQuery { kind, ..query.clone() });
        let offset = ask(CoreKind::FieldByteOffset);
        let left = ask(CoreKind::FieldLshiftU64);
        let right = ask(CoreKind::FieldRshiftU64);
        access.address.core = Some(offset);
        let left = self.out.leaf(Op::Core(left), Type::I64);
        let right = self.out.leaf(Op::Core(right), Type::I64);
        let place_bits = |lower: &mut Self, bits: Value| {
            let high = lower.emit(Op::Binary(BinaryOp::Shl, bits, right), Type::I64);
            lower.emit(Op::Binary(BinaryOp::LShr, high, left), Type::I64)
        };
        let new = self.resize(value, Type::I64);
        let new = place_bits(self, new);
        let ones = self.int(Type::I64, -1);
        let mask = place_bits(self, ones);
        let old = self.emit(Op::Load(access), Type::I64);
        let kept = self.binary_const(BinaryOp::Xor, mask, -1);
        let kept = self.binary(BinaryOp::And, old, kept);
        let all = self.binary(BinaryOp::Or, kept, new);
        self.emit(Op::Store(access, all), Type::Void);
    }

    fn write_unit(&mut self, access: Access, first_bit: u32, n_bits: u32, value: Value) {
        let ty = unit_type(access.width);
        let mut new = self.resize(value, ty);
        if n_bits != access.width.bits() {
            let mask = low_bits(n_bits);
            let old = self.emit(Op::Load(access), ty);
            let old = self.binary_const(BinaryOp::And, old, ty.wrap(!(mask << first_bit)));
            new = self.binary_const(BinaryOp::And, new, mask);
            new = self.binary_const(BinaryOp::Shl, new, i64::from(first_bit));
            new = self.binary(BinaryOp::Or, old, new);
        }
        self.emit(Op::Store(access, new), Type::Void);
    }

    fn write_pieces(
        &mut self,
        place: &PlaceRef,
        first_bit: u32,
        n_bits: u32,
        value: Value,
        is_volatile: bool,
    ) {
        let value = self.resize(value, Type::I64);
        let end = first_bit + n_bits;
        for idx in 0..end.div_ceil(8) {
            // Bits of this byte that belong to the field, and where they are in the value.
            let low = first_bit.max(idx * 8);
            let high = end.min(idx * 8 + 8);
            let (at, first) = match self.out.endian {
                Endian::Little => (low - first_bit, low - idx * 8),
                Endian::Big => (end - high, idx * 8 + 8 - high),
            };
            let piece = self.binary_const(BinaryOp::LShr, value, i64::from(at));
            let access = self.byte(place, idx, is_volatile);
            self.write_unit(access, first, high - low, piece);
        }
    }
}

/// The alignment of what is `offset` bytes behind something of this alignment.
fn align_after(align: u32, offset: u64) -> u32 {
    match offset {
        0 => align,
        n => align.min(1 << n.trailing_zeros().min(12)),
    }
}

fn low_bits(n_bits: u32) -> i64 {
    (u64::MAX >> (64 - n_bits.clamp(1, 64))) as i64
}

fn unit_type(unit: Width) -> Type {
    match unit {
        Width::W64 => Type::I64,
        _ => Type::I32,
    }
}
