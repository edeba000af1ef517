//! C11 6.3: how C types are held in values, and conversions between them. An integer
//! narrower than `i32` is held in an `i32`, extended as its type says.

use super::Ctx;
use crate::ir::{Cond, Op, Type, Value, Width};
use bpfc_base::Span;
use bpfc_typeck::hir;

/// A scalar's type as code generation sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scalar {
    /// `_Bool`: 0 or 1 in an `i32`.
    Bool,
    /// Integer of a width, signed or not.
    Int(Width, bool),
    /// Pointer.
    Ptr,
}

impl Scalar {
    /// Type of the value.
    pub(super) fn ty(self) -> Type {
        match self {
            Scalar::Int(Width::W64, _) => Type::I64,
            Scalar::Bool | Scalar::Int(..) => Type::I32,
            Scalar::Ptr => Type::Ptr,
        }
    }

    /// Width in memory.
    pub(super) fn width(self) -> Width {
        match self {
            Scalar::Bool => Width::W8,
            Scalar::Int(width, _) => width,
            Scalar::Ptr => Width::W64,
        }
    }

    pub(super) fn is_signed(self) -> bool {
        matches!(self, Scalar::Int(_, true))
    }
}

/// What kind of scalar `ty` is; `None` for records, `void` and what BPF has not.
pub(super) fn scalar(types: &hir::Types, ty: hir::TypeId) -> Option<Scalar> {
    match types.resolve(ty) {
        hir::Type::Bool => Some(Scalar::Bool),
        hir::Type::Ptr(_) | hir::Type::Array { .. } | hir::Type::Func(_) => Some(Scalar::Ptr),
        _ => {
            let kind = types.int_kind(ty)?;
            let width = Width::from_bytes(u64::from(kind.bits() / 8))?;
            Some(Scalar::Int(width, kind.is_signed()))
        }
    }
}

impl Ctx<'_> {
    /// The scalar that `ty` is; reports what BPF has not.
    pub(super) fn scalar(&mut self, ty: hir::TypeId, span: Span) -> Scalar {
        scalar(self.types, ty).unwrap_or_else(|| {
            self.report(span, "BPF has no values of this type");
            Scalar::Int(Width::W64, false)
        })
    }

    /// Converts a value of one scalar type to another.
    pub(super) fn convert(&mut self, value: Value, from: Scalar, to: Scalar) -> Value {
        match (from, to) {
            _ if from == to => value,
            (_, Scalar::Bool) => {
                let zero = self.zero(from.ty());
                self.compare(Cond::Ne, value, zero)
            }
            (Scalar::Ptr, Scalar::Int(..)) => {
                let int = self.ptr_to_int(value);
                self.convert(int, Scalar::Int(Width::W64, false), to)
            }
            (_, Scalar::Ptr) => {
                let int = self.convert(value, from, Scalar::Int(Width::W64, false));
                self.int_to_ptr(int)
            }
            (_, Scalar::Int(Width::W64, _)) => match from {
                Scalar::Int(Width::W64, _) => value,
                _ if from.is_signed() && from.width() == Width::W32 => self.sext(value, Width::W32),
                _ if from.is_signed() => self.sext(value, Width::W32),
                _ => self.zext(value),
            },
            (_, Scalar::Int(width, _)) => {
                let value = match from.ty() {
                    Type::I64 => self.trunc(value),
                    _ => value,
                };
                // A narrower type whose values this one has, needs nothing.
                let is_wider = width > from.width() && (to.is_signed() || !from.is_signed());
                match is_wider {
                    true => value,
                    false => self.normalize(value, to),
                }
            }
        }
    }

    /// Extends the low bits of an `i32` as the type says.
    pub(super) fn normalize(&mut self, value: Value, to: Scalar) -> Value {
        match to {
            Scalar::Int(width @ (Width::W8 | Width::W16), true) => self.sext(value, width),
            Scalar::Int(width @ (Width::W8 | Width::W16), false) => {
                self.binary_const(crate::ir::BinaryOp::And, value, width.mask() as i64)
            }
            Scalar::Bool => self.binary_const(crate::ir::BinaryOp::And, value, 0xff),
            Scalar::Int(..) | Scalar::Ptr => value,
        }
    }

    /// A value as it is passed or returned: 64 bits, zero-extended.
    pub(super) fn register_value(&mut self, value: Value) -> Value {
        match self.out.ty(value) {
            Type::I32 => self.zext(value),
            _ => value,
        }
    }

    /// A parameter as a value of its type.
    pub(super) fn scalar_from_register(&mut self, value: Value, to: Scalar) -> Value {
        match to.ty() {
            Type::I32 => {
                let low = self.trunc(value);
                self.normalize(low, to)
            }
            _ => value,
        }
    }

    /// An instruction that leaves the value alone, for the sake of its place.
    pub(super) fn opaque(&mut self, value: Value) -> Value {
        let ty = self.out.ty(value);
        self.emit(Op::Opaque(value), ty)
    }
}
