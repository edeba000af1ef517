//! Address constants (C11 6.6p9): what the linker can fill in.

use crate::checker::Checker;
use crate::hir::{BinaryOp, ExprId, ExprKind, InitTarget, PlaceId, PlaceKind};

/// An integer, or an object's or function's address plus one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub base: Option<InitTarget>,
    pub offset: i128,
}

impl Checker<'_> {
    /// The address constant that `expr` is.
    pub fn const_address(&self, expr: ExprId) -> Option<Address> {
        let node = &self.body.exprs[expr];
        match node.kind {
            ExprKind::Int(offset) => Some(Address { base: None, offset }),
            ExprKind::AddrOf(place) => self.place_address(place),
            ExprKind::FuncAddr(func) => {
                Some(Address { base: Some(InitTarget::Func(func)), offset: 0 })
            }
            ExprKind::Cast(inner) => {
                let is_kept = |ty| {
                    self.is_pointer(ty) || self.int_shape(ty).is_some_and(|(bits, _)| bits == 64)
                };
                if is_kept(node.ty) && is_kept(self.type_of(inner)) {
                    self.const_address(inner)
                } else {
                    None
                }
            }
            ExprKind::PtrAdd { ptr, index, scale } => {
                let address = self.const_address(ptr)?;
                let steps = self.const_int(index)?.checked_mul(i128::from(scale))?;
                Some(Address { offset: address.offset.checked_add(steps)?, ..address })
            }
            ExprKind::Binary(op @ (BinaryOp::Add | BinaryOp::Sub), a, b) => {
                let (a, b) = (self.const_address(a)?, self.const_address(b)?);
                match (op, a.base, b.base) {
                    (BinaryOp::Add, _, None) => Some(Address { offset: a.offset + b.offset, ..a }),
                    (BinaryOp::Add, None, _) => Some(Address { offset: a.offset + b.offset, ..b }),
                    (_, _, None) => Some(Address { offset: a.offset - b.offset, ..a }),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The constant address of `place`. Offsets that the kernel decides are not constant.
    pub fn place_address(&self, place: PlaceId) -> Option<Address> {
        let node = &self.body.places[place];
        match node.kind {
            PlaceKind::Global(global) => {
                Some(Address { base: Some(InitTarget::Global(global)), offset: 0 })
            }
            PlaceKind::Deref(ptr) => self.const_address(ptr),
            PlaceKind::Member { base, member, is_relocatable: false } => {
                let record = self.record_of(self.body.places[base].ty.ty)?;
                let body = self.module.types.records[record].body.as_ref()?;
                let member = &body.members[member as usize];
                let address = self.place_address(base)?;
                let bytes = i128::from(member.offset_bits / 8);
                Some(Address { offset: address.offset + bytes, ..address })
            }
            PlaceKind::Index { base, index } => {
                let address = self.place_address(base)?;
                let size = i128::from(self.module.types.size_of(node.ty.ty)?);
                let steps = self.const_int(index)?.checked_mul(size)?;
                Some(Address { offset: address.offset.checked_add(steps)?, ..address })
            }
            _ => None,
        }
    }

    /// The integer that `expr` is, if it is one after all: `(long)&((struct s *)0)->m`.
    pub fn const_address_int(&self, expr: ExprId) -> Option<i128> {
        let address = self.const_address(expr)?;
        address.base.is_none().then_some(address.offset)
    }
}
