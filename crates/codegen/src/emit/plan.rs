//! Which members of which records the object's BTF describes. Fewer types make a smaller
//! object that depends on less of the kernel's BTF:
//!
//! - records that the program defines are complete, with all they mention;
//! - kernel records are complete where the program has one as a value, or a program or
//!   global function takes a pointer to one (the kernel checks those);
//! - where CO-RE alone asks about kernel records, they have the members it asks about;
//! - all others are forward declarations.

use bpfc_typeck::hir::{
    CoreKind, CoreQuery, Member, Module, Origin, QualType, RecordId, Type, TypeId,
};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;

/// What is described of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// All members.
    All,
    /// These members, by index.
    Some(BTreeSet<u32>),
}

/// What is described of each record; the others are declared only.
pub struct Plan<'a> {
    module: &'a Module,
    kept: FxHashMap<RecordId, Kept>,
    todo: Vec<TypeId>,
}

impl<'a> Plan<'a> {
    /// Nothing yet.
    pub fn new(module: &'a Module) -> Self {
        Self { module, kept: FxHashMap::default(), todo: Vec::new() }
    }

    /// What is described of `record`.
    pub fn kept(&self, record: RecordId) -> Option<&Kept> {
        self.kept.get(&record)
    }

    /// The position of a member among those described.
    pub fn position(&self, record: RecordId, member: u32) -> u32 {
        match self.kept.get(&record) {
            Some(Kept::Some(members)) => members.range(..member).count() as u32,
            Some(Kept::All) | None => member,
        }
    }

    /// The program has a value of this type.
    pub fn value(&mut self, ty: TypeId) {
        self.todo.push(ty);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(ty) = self.todo.pop() {
            self.visit(ty);
        }
    }

    /// All members of a record, whose types go to `todo`.
    fn keep_all(&mut self, record: RecordId) {
        if let Some(body) = &self.module.types.records[record].body
            && self.kept.insert(record, Kept::All) != Some(Kept::All)
        {
            self.todo.extend(body.members.iter().map(|member| member.ty.ty));
        }
    }

    /// The program has a function of this type; the kernel looks at what pointers point to
    /// if `is_checked`.
    pub fn function(&mut self, ty: TypeId, is_checked: bool) {
        let Type::Func(func) = self.module.types.resolve(ty) else {
            return;
        };
        for ty in func.params.iter().chain([&func.ret]) {
            self.value(ty.ty);
            if let Some(pointee) = self.module.types.pointee(ty.ty)
                && is_checked
            {
                self.value(pointee.ty);
            }
        }
    }

    /// The program calls a function of the kernel of this type. To libbpf, a declaration is
    /// not the structure that the kernel has (`__bpf_core_types_are_compat` in 1.4
    /// `src/relo_core.c`), but it looks at no members.
    pub fn kfunc(&mut self, ty: TypeId) {
        let Type::Func(func) = self.module.types.resolve(ty) else {
            return;
        };
        for ty in func.params.iter().chain([&func.ret]) {
            let mut ty = ty.ty;
            while let Some(pointee) = self.module.types.pointee(ty) {
                ty = pointee.ty;
            }
            if let Type::Record(record) = self.module.types.resolve(ty) {
                self.keep_member(*record, None);
            }
        }
    }

    /// The program asks about this.
    pub fn query(&mut self, query: &CoreQuery) {
        if query.kind == CoreKind::TypeMatches {
            return self.value(query.ty);
        }
        let module = self.module;
        let types = &module.types;
        let mut ty = query.ty;
        // The first step chooses among the root's neighbours, not among its members.
        let mut path = query.path.iter().copied().skip(1);
        loop {
            match types.resolve(ty) {
                Type::Record(record) => {
                    let step = path.next();
                    self.keep_member(*record, step);
                    match step.and_then(|step| self.member(*record, step)) {
                        Some(member) => ty = member.ty.ty,
                        None => return,
                    }
                }
                Type::Array { elem, .. } => {
                    path.next();
                    ty = elem.ty;
                }
                _ => return self.value(ty),
            }
        }
    }

    fn member(&self, record: RecordId, member: u32) -> Option<&'a Member> {
        let body = self.module.types.records[record].body.as_ref()?;
        body.members.get(member as usize)
    }

    /// One more member of a kernel record; all members of others.
    fn keep_member(&mut self, record: RecordId, member: Option<u32>) {
        if self.module.types.records[record].body.is_none() {
            return;
        }
        if !self.is_kernel(record) {
            self.keep_all(record);
            return self.drain();
        }
        let some = || Kept::Some(BTreeSet::new());
        if let Kept::Some(members) = self.kept.entry(record).or_insert_with(some) {
            members.extend(member);
        }
    }

    /// One type that a value has; what it is made of goes to `todo`.
    fn visit(&mut self, ty: TypeId) {
        let types = &self.module.types;
        match types.resolve(ty) {
            Type::Record(record) => self.keep_all(*record),
            Type::Array { elem, .. } => self.todo.push(elem.ty),
            Type::Ptr(pointee) => self.visit_pointee(*pointee),
            _ => {}
        }
    }

    fn visit_pointee(&mut self, pointee: QualType) {
        let types = &self.module.types;
        let mut ty = pointee.ty;
        while let Type::Ptr(inner) | Type::Array { elem: inner, .. } = types.resolve(ty) {
            ty = inner.ty;
        }
        if let Type::Record(record) = types.resolve(ty)
            && !self.is_kernel(*record)
        {
            self.todo.push(ty);
        }
    }

    fn is_kernel(&self, record: RecordId) -> bool {
        matches!(self.module.types.records[record].origin, Origin::Kernel(_))
    }
}
