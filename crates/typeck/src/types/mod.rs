//! Types beyond what the HIR defines: the common ones at hand, derivation with a limit on
//! nesting, classification, compatibility, and how C spells them.

mod classify;
mod compat;
mod show;
mod space;

pub(crate) use classify::union as types_union;
pub(crate) use show::{declare, show};

use crate::checker::Checker;
use crate::hir::{
    FloatKind, FuncType, IntKind, QualType, Quals, RecordId, Type, TypeId, TypedefId, Types,
};
use bpfc_base::codes::types::E0320;
use bpfc_base::{Idx, Span};
use rustc_hash::FxHashMap;

/// Derivations within one type: past it, following a type could exhaust the stack.
pub(crate) const MAX_TYPE_DEPTH: u16 = 200;

/// The types that are needed everywhere.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the names are C's")]
pub(crate) struct Common {
    pub error: TypeId,
    pub void: TypeId,
    pub bool: TypeId,
    pub char: TypeId,
    pub int: TypeId,
    pub uint: TypeId,
    pub long: TypeId,
    pub ulong: TypeId,
    pub double: TypeId,
    pub void_ptr: TypeId,
    pub const_void_ptr: TypeId,
}

impl Common {
    pub fn new(types: &mut Types, depths: &mut TypeDepths) -> Self {
        let mut make = |ty: Type| {
            let id = types.intern(ty);
            depths.set(id, 1);
            id
        };
        let void = make(Type::Void);
        let const_void = QualType { ty: void, quals: Quals { is_const: true, ..Quals::default() } };
        Self {
            error: make(Type::Error),
            void,
            bool: make(Type::Bool),
            char: make(Type::Int(IntKind::Char)),
            int: make(Type::Int(IntKind::Int)),
            uint: make(Type::Int(IntKind::UInt)),
            long: make(Type::Int(IntKind::Long)),
            ulong: make(Type::Int(IntKind::ULong)),
            double: make(Type::Float(FloatKind::Double)),
            void_ptr: make(Type::Ptr(QualType::plain(void))),
            const_void_ptr: make(Type::Ptr(const_void)),
        }
    }
}

/// How deep each type nests.
#[derive(Clone, Debug, Default)]
pub(crate) struct TypeDepths {
    types: Vec<u16>,
    records: FxHashMap<RecordId, u16>,
}

impl TypeDepths {
    fn set(&mut self, id: TypeId, depth: u16) {
        if self.types.len() <= id.index() {
            self.types.resize(id.index() + 1, 0);
        }
        self.types[id.index()] = depth;
    }

    pub fn get(&self, id: TypeId) -> u16 {
        self.types.get(id.index()).copied().unwrap_or(1)
    }

    /// A record's own depth; it counts where the record is part of a type by value.
    pub fn set_record(&mut self, id: RecordId, depth: u16) {
        self.records.insert(id, depth);
    }
}

impl Checker<'_> {
    /// The type `ty`. Reports and poisons one that nests too deep.
    pub fn derive(&mut self, ty: Type, span: Span) -> TypeId {
        let depth = self.depth_of(&ty).saturating_add(1);
        if depth > MAX_TYPE_DEPTH {
            self.error(E0320, span, format!("this type nests deeper than {MAX_TYPE_DEPTH} levels"));
            return self.common.error;
        }
        let id = self.module.types.intern(ty);
        self.depths.set(id, depth);
        id
    }

    fn depth_of(&self, ty: &Type) -> u16 {
        let of = |q: &QualType| self.value_depth(q.ty);
        match ty {
            // What a pointer points to is not part of its value, but spelling and comparing
            // the type follow it all the same, up to the next record or typedef.
            Type::Ptr(to) => self.depths.get(to.ty),
            Type::Array { elem, .. } => of(elem),
            Type::Func(func) => {
                let params = func.params.iter().map(|p| self.depths.get(p.ty));
                params.fold(self.depths.get(func.ret.ty), u16::max)
            }
            Type::Typedef(id) => of(&self.module.types.typedefs[*id].ty),
            Type::Tagged { inner, .. } => self.value_depth(*inner),
            _ => 0,
        }
    }

    /// How deep a value of type `ty` nests, records included.
    pub fn value_depth(&self, ty: TypeId) -> u16 {
        let record = self.module.types.record_of(ty);
        let record = record.and_then(|id| self.depths.records.get(&id).copied());
        self.depths.get(ty).max(record.unwrap_or(0))
    }

    /// Pointer to `to`.
    pub fn ptr_to(&mut self, to: QualType, span: Span) -> TypeId {
        self.derive(Type::Ptr(to), span)
    }

    /// Array of `len` elements.
    pub fn array_of(&mut self, elem: QualType, len: Option<u64>, span: Span) -> TypeId {
        self.derive(Type::Array { elem, len }, span)
    }

    /// Function type.
    pub fn func_type(&mut self, func: FuncType, span: Span) -> TypeId {
        self.derive(Type::Func(func), span)
    }

    /// The integer type of `kind`.
    pub fn int_type(&mut self, kind: IntKind) -> TypeId {
        self.module.types.intern(Type::Int(kind))
    }

    /// Adds a typedef; the type that its name stands for.
    pub fn new_typedef(&mut self, typedef: crate::hir::Typedef) -> (TypedefId, TypeId) {
        let span = match typedef.origin {
            crate::hir::Origin::Source(span) => span,
            _ => Span::NONE,
        };
        let id = self.module.types.typedefs.push(typedef);
        (id, self.derive(Type::Typedef(id), span))
    }
}
