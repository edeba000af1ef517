//! Questions about types (C11 6.2.5), asked of their canonical form.

use crate::checker::Checker;
use crate::hir::{FuncType, IntKind, QualType, Quals, RecordId, Type, TypeId};

impl Checker<'_> {
    /// The canonical form of `ty`.
    pub fn resolved(&self, ty: TypeId) -> &Type {
        self.module.types.resolve(ty)
    }

    pub fn is_error(&self, ty: TypeId) -> bool {
        matches!(self.resolved(ty), Type::Error)
    }

    pub fn is_void(&self, ty: TypeId) -> bool {
        matches!(self.resolved(ty), Type::Void)
    }

    pub fn is_bool(&self, ty: TypeId) -> bool {
        matches!(self.resolved(ty), Type::Bool)
    }

    /// C11 6.2.5p17: `_Bool` and enumerations included.
    pub fn is_integer(&self, ty: TypeId) -> bool {
        matches!(self.resolved(ty), Type::Bool | Type::Int(_) | Type::Enum(_))
    }

    pub fn is_float(&self, ty: TypeId) -> bool {
        matches!(self.resolved(ty), Type::Float(_))
    }

    pub fn is_arithmetic(&self, ty: TypeId) -> bool {
        self.is_integer(ty) || self.is_float(ty)
    }

    pub fn is_pointer(&self, ty: TypeId) -> bool {
        matches!(self.resolved(ty), Type::Ptr(_))
    }

    pub fn is_scalar(&self, ty: TypeId) -> bool {
        self.is_arithmetic(ty) || self.is_pointer(ty)
    }

    pub fn is_func(&self, ty: TypeId) -> bool {
        matches!(self.resolved(ty), Type::Func(_))
    }

    pub fn is_array(&self, ty: TypeId) -> bool {
        matches!(self.resolved(ty), Type::Array { .. })
    }

    pub fn is_record(&self, ty: TypeId) -> bool {
        matches!(self.resolved(ty), Type::Record(_))
    }

    /// `void *`, qualified or not.
    pub fn is_void_ptr(&self, ty: TypeId) -> bool {
        self.module.types.pointee(ty).is_some_and(|to| self.is_void(to.ty))
    }

    pub fn as_array(&self, ty: TypeId) -> Option<(QualType, Option<u64>)> {
        match self.resolved(ty) {
            Type::Array { elem, len } => Some((*elem, *len)),
            _ => None,
        }
    }

    pub fn as_func(&self, ty: TypeId) -> Option<&FuncType> {
        match self.resolved(ty) {
            Type::Func(func) => Some(func),
            _ => None,
        }
    }

    pub fn record_of(&self, ty: TypeId) -> Option<RecordId> {
        self.module.types.record_of(ty)
    }

    pub fn pointee(&self, ty: TypeId) -> Option<QualType> {
        self.module.types.pointee(ty)
    }

    /// Width in bits and signedness of an integer type; `_Bool` is one bit.
    pub fn int_shape(&self, ty: TypeId) -> Option<(u32, bool)> {
        if self.is_bool(ty) {
            return Some((1, false));
        }
        let kind = self.module.types.int_kind(ty)?;
        Some((kind.bits(), kind.is_signed()))
    }

    /// C11 6.3.1.1p2: the integer type after the integer promotions; `None` if `ty` is no
    /// integer type.
    pub fn promoted_kind(&self, ty: TypeId) -> Option<IntKind> {
        if self.is_bool(ty) {
            return Some(IntKind::Int);
        }
        let kind = self.module.types.int_kind(ty)?;
        Some(if kind.rank() < IntKind::Int.rank() { IntKind::Int } else { kind })
    }

    /// C23 6.7.3.6: `ty` without qualifiers, nor those of the typedefs that it is named by.
    pub fn unqualified(&self, ty: QualType) -> QualType {
        let mut plain = QualType { ty: ty.ty, quals: Quals::default() };
        while self.all_quals(plain) != Quals::default()
            && let Type::Typedef(typedef) = self.module.types.get(plain.ty)
        {
            plain.ty = self.module.types.typedefs[*typedef].ty.ty;
        }
        plain
    }

    /// The qualifiers of `ty`, with those that typedefs around it carry.
    pub fn all_quals(&self, ty: QualType) -> Quals {
        let mut quals = ty.quals;
        let mut id = ty.ty;
        loop {
            match self.module.types.get(id) {
                Type::Typedef(typedef) => {
                    let inner = self.module.types.typedefs[*typedef].ty;
                    quals = union(quals, inner.quals);
                    id = inner.ty;
                }
                Type::Tagged { inner, .. } => id = *inner,
                _ => return quals,
            }
        }
    }

    /// Whether an object of this type cannot be assigned to: it, its elements or its
    /// members are `const`.
    pub fn is_const_object(&self, ty: QualType) -> bool {
        if self.all_quals(ty).is_const {
            return true;
        }
        match self.resolved(ty.ty) {
            Type::Array { elem, .. } => self.is_const_object(*elem),
            _ => false,
        }
    }
}

/// Both sets of qualifiers.
pub(crate) fn union(a: Quals, b: Quals) -> Quals {
    Quals {
        is_const: a.is_const || b.is_const,
        is_volatile: a.is_volatile || b.is_volatile,
        is_restrict: a.is_restrict || b.is_restrict,
        is_atomic: a.is_atomic || b.is_atomic,
    }
}
