//! Scopes and name spaces (C11 6.2.1, 6.2.3): what a name means where it stands. Labels
//! are kept with their function, members with their record.

use crate::hir::{EnumId, FuncId, GlobalId, LocalId, RecordId, TypeId, TypedefId};
use bpfc_base::{Interner, Span, Symbol};
use rustc_hash::FxHashMap;

/// What an ordinary identifier means.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Entity {
    /// A name for a type.
    Typedef(TypedefId),
    /// A variable or parameter of the current function.
    Local(LocalId),
    /// An object with static storage.
    Global(GlobalId),
    /// A function.
    Func(FuncId),
    /// An enumeration constant of type `ty`.
    Enumerator { value: i128, ty: TypeId },
    /// Its declaration was wrong, which was reported.
    Error,
}

/// What a tag means.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tag {
    Record(RecordId),
    Enum(EnumId),
}

/// A declared name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decl {
    pub entity: Entity,
    /// The name in its declarator.
    pub span: Span,
}

#[derive(Clone, Debug, Default)]
struct Scope {
    names: FxHashMap<Symbol, Decl>,
    tags: FxHashMap<Symbol, (Tag, Span)>,
}

/// The scopes that are open, file scope first.
#[derive(Clone, Debug)]
pub(crate) struct Scopes {
    open: Vec<Scope>,
}

/// Scopes inside of file scope that are put aside.
pub(crate) struct Suspended(Vec<Scope>);

impl Default for Scopes {
    fn default() -> Self {
        Self { open: vec![Scope::default()] }
    }
}

impl Scopes {
    pub fn enter(&mut self) {
        self.open.push(Scope::default());
    }

    pub fn leave(&mut self) {
        self.open.pop();
        debug_assert!(!self.open.is_empty(), "file scope stays open");
    }

    /// Goes to file scope for a while.
    pub fn suspend(&mut self) -> Suspended {
        Suspended(self.open.split_off(1))
    }

    /// Goes back.
    pub fn resume(&mut self, suspended: Suspended) {
        self.open.truncate(1);
        self.open.extend(suspended.0);
    }

    pub fn is_file_scope(&self) -> bool {
        self.open.len() == 1
    }

    /// What `name` means here.
    pub fn find(&self, name: Symbol) -> Option<Decl> {
        self.open.iter().rev().find_map(|scope| scope.names.get(&name).copied())
    }

    /// What `name` means by a declaration in the innermost scope.
    pub fn find_innermost(&self, name: Symbol) -> Option<Decl> {
        self.open.last()?.names.get(&name).copied()
    }

    /// What `name` means at file scope.
    pub fn find_at_file_scope(&self, name: Symbol) -> Option<Decl> {
        self.open.first()?.names.get(&name).copied()
    }

    pub fn declare(&mut self, name: Symbol, entity: Entity, span: Span) {
        let scope = self.open.last_mut().expect("file scope stays open");
        scope.names.insert(name, Decl { entity, span });
    }

    pub fn declare_at_file_scope(&mut self, name: Symbol, entity: Entity, span: Span) {
        self.open[0].names.insert(name, Decl { entity, span });
    }

    pub fn find_tag(&self, name: Symbol) -> Option<(Tag, Span)> {
        self.open.iter().rev().find_map(|scope| scope.tags.get(&name).copied())
    }

    pub fn find_tag_at_file_scope(&self, name: Symbol) -> Option<(Tag, Span)> {
        self.open.first()?.tags.get(&name).copied()
    }

    pub fn find_tag_innermost(&self, name: Symbol) -> Option<(Tag, Span)> {
        self.open.last()?.tags.get(&name).copied()
    }

    pub fn declare_tag(&mut self, name: Symbol, tag: Tag, span: Span) {
        let scope = self.open.last_mut().expect("file scope stays open");
        scope.tags.insert(name, (tag, span));
    }

    pub fn declare_tag_at_file_scope(&mut self, name: Symbol, tag: Tag, span: Span) {
        self.open[0].tags.insert(name, (tag, span));
    }

    /// The visible tags of records for which `keep` holds, sorted, for suggestions.
    pub fn visible_tags(&self, names: &Interner, keep: impl Fn(RecordId) -> bool) -> Vec<String> {
        let all = self.open.iter().flat_map(|scope| &scope.tags);
        let kept = all.filter(|(_, (tag, _))| matches!(tag, Tag::Record(id) if keep(*id)));
        let mut found: Vec<String> =
            kept.map(|(name, _)| names.resolve(*name).to_owned()).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The visible names for which `keep` holds, sorted, for suggestions.
    pub fn visible(&self, names: &Interner, keep: impl Fn(&Entity) -> bool) -> Vec<String> {
        let all = self.open.iter().flat_map(|scope| &scope.names);
        let kept = all.filter(|(_, decl)| keep(&decl.entity));
        let mut found: Vec<String> =
            kept.map(|(name, _)| names.resolve(*name).to_owned()).collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}
