//! Compatible types and composite types (C11 6.2.7).

use crate::checker::Checker;
use crate::hir::{FloatKind, FuncType, QualType, Type, TypeId};
use bpfc_base::Span;

impl Checker<'_> {
    /// C11 6.2.7: whether `a` and `b` are compatible. The type of what is wrong already is
    /// compatible with everything.
    pub fn compatible(&self, a: TypeId, b: TypeId) -> bool {
        let types = &self.module.types;
        let (a, b) = (types.canonical(a), types.canonical(b));
        if a == b {
            return true;
        }
        match (types.get(a), types.get(b)) {
            (Type::Error, _) | (_, Type::Error) => true,
            (Type::Ptr(a), Type::Ptr(b)) => self.compatible_qual(*a, *b),
            (Type::Array { elem: a, len: m }, Type::Array { elem: b, len: n }) => {
                (m.is_none() || n.is_none() || m == n) && self.compatible_qual(*a, *b)
            }
            (Type::Func(a), Type::Func(b)) if a.is_unprototyped || b.is_unprototyped => {
                let is_loose = |ty: &FuncType| {
                    let mut params = ty.params.iter();
                    !ty.is_variadic && params.all(|param| self.is_promoted(param.ty))
                };
                self.compatible_qual(a.ret, b.ret) && is_loose(a) && is_loose(b)
            }
            (Type::Func(a), Type::Func(b)) => {
                a.is_variadic == b.is_variadic
                    && a.params.len() == b.params.len()
                    && self.compatible_qual(a.ret, b.ret)
                    && a.params.iter().zip(&b.params).all(|(a, b)| self.compatible(a.ty, b.ty))
            }
            // C11 6.7.2.2p4: an enumeration is compatible with its integer type.
            (Type::Enum(id), Type::Int(kind)) | (Type::Int(kind), Type::Enum(id)) => {
                types.enums[*id].repr == Some(*kind)
            }
            (Type::Record(a), Type::Record(b)) => self.same_kernel_record(*a, *b),
            _ => false,
        }
    }

    /// Compatible with the same qualifiers.
    pub fn compatible_qual(&self, a: QualType, b: QualType) -> bool {
        self.all_quals(a) == self.all_quals(b) && self.compatible(a.ty, b.ty)
    }

    /// A tag that the source only declares and the kernel's type of that name are one type:
    /// whether the kernel's was met first depends on nothing the user sees.
    fn same_kernel_record(&self, a: crate::hir::RecordId, b: crate::hir::RecordId) -> bool {
        let (a, b) = (&self.module.types.records[a], &self.module.types.records[b]);
        a.name.is_some()
            && a.name == b.name
            && a.kind == b.kind
            && (a.body.is_none() || b.body.is_none())
    }

    /// C11 6.2.7p3: the composite of two compatible types.
    pub fn composite(&mut self, old: TypeId, new: TypeId, span: Span) -> TypeId {
        if old == new {
            return old;
        }
        match (self.resolved(old).clone(), self.resolved(new).clone()) {
            (Type::Array { len: None, .. }, Type::Array { len: Some(_), .. }) => new,
            (Type::Array { len: Some(_), .. }, Type::Array { len: None, .. }) => old,
            (Type::Func(a), Type::Func(b)) if a.params.len() == b.params.len() => {
                let pairs = a.params.iter().zip(&b.params);
                let params = pairs
                    .map(|(a, b)| QualType { ty: self.composite(a.ty, b.ty, span), quals: b.quals })
                    .collect();
                let ret = self.composite(a.ret.ty, b.ret.ty, span);
                let ret = QualType { ty: ret, quals: b.ret.quals };
                let is_unprototyped = a.is_unprototyped && b.is_unprototyped;
                let ty = FuncType { ret, params, is_variadic: b.is_variadic, is_unprototyped };
                self.func_type(ty, span)
            }
            (Type::Func(_), Type::Func(b)) if b.is_unprototyped => old,
            _ => new,
        }
    }

    /// Whether the default argument promotions (C11 6.5.2.2p6) leave `ty` as it is.
    fn is_promoted(&self, ty: TypeId) -> bool {
        match self.resolved(ty) {
            Type::Bool | Type::Float(FloatKind::Float) => false,
            _ => self.int_shape(ty).is_none_or(|(bits, _)| bits >= 32),
        }
    }

    /// Whether two pointees differ only in the sign of an integer of one size: bpfc, as
    /// kernel code, does not care.
    pub fn differ_in_sign_only(&self, a: TypeId, b: TypeId) -> bool {
        match (self.int_shape(a), self.int_shape(b)) {
            (Some((m, _)), Some((n, _))) => {
                let rank = |ty| self.module.types.int_kind(ty).map(|kind| kind.rank());
                m == n && rank(a) == rank(b)
            }
            _ => false,
        }
    }

    /// `quals` without those of `other`: what a conversion would lose.
    pub fn lost_quals(&self, from: QualType, to: QualType) -> Option<&'static str> {
        let (from, to) = (self.all_quals(from), self.all_quals(to));
        match () {
            _ if from.is_const && !to.is_const => Some("const"),
            _ if from.is_volatile && !to.is_volatile => Some("volatile"),
            _ => None,
        }
    }
}
