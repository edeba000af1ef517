//! C11 6.2.1: which names are types now. Only that: everything else about names is the
//! type checker's.

use crate::deferred::DeferredKind;
use bpfc_base::{Idx, Symbol};

/// What a name is where the parser stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameKind {
    /// Not declared so far, and nobody was asked.
    Undeclared,
    /// Not declared here, and no type of the outside world either.
    Foreign,
    /// A type of the outside world.
    ForeignType,
    /// A variable, function, parameter or enumerator.
    Variable,
    /// A typedef's name.
    Type,
    /// Used as a type but none: reported.
    UnknownType,
}

impl NameKind {
    pub(crate) fn is_type(self) -> bool {
        matches!(self, NameKind::Type | NameKind::ForeignType | NameKind::UnknownType)
    }
}

/// The kinds of all names, with a log to undo what inner scopes declared.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scopes {
    kinds: Vec<NameKind>,
    log: Vec<(Symbol, NameKind)>,
}

/// A point of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ScopeMark(usize);

impl Scopes {
    pub(crate) fn get(&self, name: Symbol) -> NameKind {
        let kind = self.kinds.get(name.index()).copied();
        kind.unwrap_or(NameKind::Undeclared)
    }

    /// True if the text declares `name`.
    pub(crate) fn is_declared(&self, name: Symbol) -> bool {
        matches!(self.get(name), NameKind::Variable | NameKind::Type)
    }

    /// Remembers for the rest of the file what an undeclared name is.
    pub(crate) fn resolve(&mut self, name: Symbol, kind: NameKind) {
        self.put(name, kind);
    }

    pub(crate) fn declare(&mut self, name: Symbol, kind: NameKind) {
        let old = self.get(name);
        if old != kind {
            self.log.push((name, old));
            self.put(name, kind);
        }
    }

    /// Declares what deferred declarations declare.
    pub(crate) fn declare_deferred(&mut self, names: impl Iterator<Item = (Symbol, DeferredKind)>) {
        for (name, kind) in names {
            match kind {
                DeferredKind::Typedef => self.declare(name, NameKind::Type),
                DeferredKind::Enumerator => self.declare(name, NameKind::Variable),
                DeferredKind::Tag(_) => {}
            }
        }
    }

    fn put(&mut self, name: Symbol, kind: NameKind) {
        if self.kinds.len() <= name.index() {
            self.kinds.resize(name.index() + 1, NameKind::Undeclared);
        }
        self.kinds[name.index()] = kind;
    }

    pub(crate) fn mark(&self) -> ScopeMark {
        ScopeMark(self.log.len())
    }

    /// Forgets what was declared since `mark`.
    pub(crate) fn undo(&mut self, mark: ScopeMark) {
        while self.log.len() > mark.0 {
            if let Some((name, kind)) = self.log.pop() {
                self.kinds[name.index()] = kind;
            }
        }
    }

    /// Every symbol that is a declared type now.
    pub(crate) fn types(&self) -> impl Iterator<Item = Symbol> {
        let types = self.kinds.iter().enumerate();
        types.filter(|(_, kind)| **kind == NameKind::Type).map(|(at, _)| Symbol::new(at))
    }
}
