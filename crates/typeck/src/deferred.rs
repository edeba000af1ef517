//! Declarations of headers that are parsed and checked when something first needs them:
//! names when they are looked up, structs and unions when their members matter.

use crate::checker::Checker;
use crate::func::Scratch;
use crate::hir::{Origin, RecordId, TypeId};
use crate::kernel::KernelTypes;
use crate::scope::{Suspended, Tag};
use crate::stmt::FuncState;
use bpfc_base::{Idx, Span, Symbol};
use bpfc_parser::TypeNames;
use bpfc_parser::ast::{TagKind, TagSpecId, TranslationUnit};
use bpfc_parser::deferred::{DeferredId, DeferredKind};
use rustc_hash::FxHashMap;

/// Deferred declarations that may wait for each other on the stack. Past it they are
/// checked in order.
const MAX_NESTED: u32 = 64;

/// How far the deferred declarations are.
pub(crate) struct Demands<'a> {
    /// The tree that they belong to.
    unit: &'a TranslationUnit,
    /// Which were checked, or are being checked.
    is_taken: Vec<bool>,
    /// Those from here on stand behind what is being checked, and are not seen by it.
    n_visible: usize,
    /// As `n_visible`, for what of the rest of the file is being checked.
    n_shown: usize,
    depth: u32,
}

impl<'a> Demands<'a> {
    pub fn new(unit: &'a TranslationUnit) -> Self {
        Self {
            unit,
            is_taken: vec![false; unit.deferred.len()],
            n_visible: 0,
            n_shown: 0,
            depth: 0,
        }
    }

    /// What the headers up to here declare can be seen.
    pub fn show(&mut self, end: u32) {
        self.n_visible = end as usize;
        self.n_shown = end as usize;
    }
}

/// What belongs to the place that asks, put aside while a declaration at file scope is
/// checked.
struct Asker<'a> {
    unit: &'a TranslationUnit,
    scopes: Suspended,
    func: Option<FuncState>,
    scratch: Scratch,
    tag_types: FxHashMap<TagSpecId, TypeId>,
    n_unevaluated: u32,
    n_preserved: u32,
    n_visible: usize,
}

impl Checker<'_> {
    /// Checks the headers' declarations of the ordinary identifier `name`.
    pub fn demand_name(&mut self, name: Symbol) {
        if self.demands.unit.deferred.declares(name) {
            self.demand(name, |kind| !matches!(kind, DeferredKind::Tag(_)));
        }
    }

    /// Checks the headers' definitions of the tag `name`.
    pub fn demand_tag(&mut self, name: Symbol) {
        if self.demands.unit.deferred.declares(name) {
            self.demand(name, |kind| matches!(kind, DeferredKind::Tag(_)));
        }
    }

    /// The tag `name` at file scope, if a header defines it: without a body so far, unless
    /// it is an enumeration. Headers may mention what they define further down.
    pub fn deferred_tag(&mut self, name: Symbol, span: Span) -> Option<(Tag, Span)> {
        let unit = self.demands.unit;
        if !unit.deferred.declares(name) {
            return None;
        }
        let mut declaring = unit.deferred.declaring(name);
        let kind = declaring.find_map(|(id, kind)| match kind {
            DeferredKind::Tag(kind) if id.index() < self.demands.n_shown => Some(kind),
            _ => None,
        })?;
        if kind == TagKind::Enum {
            self.demand_tag(name);
        }
        if let Some(found) = self.scopes.find_tag_at_file_scope(name) {
            return Some(found);
        }
        let tag = self.new_tag(kind, Some(name), Origin::Source(span));
        self.scopes.declare_tag_at_file_scope(name, tag, span);
        Some((tag, span))
    }

    /// Defines `record` if a header does; whether it has a body now.
    pub fn complete_deferred(&mut self, record: RecordId) -> bool {
        let Some(name) = self.module.types.records[record].name else {
            return false;
        };
        let declared = self.scopes.find_tag_at_file_scope(name);
        if matches!(declared, Some((Tag::Record(known), _)) if known == record) {
            self.demand_tag(name);
        }
        self.module.types.records[record].body.is_some()
    }

    fn demand(&mut self, name: Symbol, is_wanted: impl Fn(DeferredKind) -> bool) {
        let unit = self.demands.unit;
        let mut wanted: Vec<usize> = unit
            .deferred
            .declaring(name)
            .filter(|(id, kind)| is_wanted(*kind) && self.is_open(id.index()))
            .map(|(id, _)| id.index())
            .collect();
        wanted.reverse();
        wanted.dedup();
        // A declaration looks up what it declares itself.
        wanted.iter().for_each(|&idx| self.demands.is_taken[idx] = true);
        for idx in wanted {
            if self.demands.depth >= MAX_NESTED {
                // What a declaration needs stands in front of it.
                for earlier in 0..idx {
                    if self.is_open(earlier) {
                        self.demands.is_taken[earlier] = true;
                        self.check_deferred(earlier);
                    }
                }
            }
            self.check_deferred(idx);
        }
    }

    fn is_open(&self, idx: usize) -> bool {
        idx < self.demands.n_visible && !self.demands.is_taken[idx]
    }

    /// Checks one declaration at file scope.
    fn check_deferred(&mut self, idx: usize) {
        let asker = self.enter_file_scope(idx);
        for item in &self.unit.items {
            self.item(item);
        }
        self.leave_file_scope(asker);
    }
}

impl<'a> Checker<'a> {
    fn enter_file_scope(&mut self, idx: usize) -> Asker<'a> {
        let unit = self.demands.unit;
        let mut types = KernelNames { kernel: self.kernel.as_deref_mut() };
        let parsed = unit.deferred.parse(self.session, DeferredId::new(idx), &mut types);
        self.demands.depth += 1;
        Asker {
            unit: std::mem::replace(&mut self.unit, parsed),
            scopes: self.scopes.suspend(),
            func: self.func.take(),
            scratch: self.take_scratch(),
            tag_types: std::mem::take(&mut self.tag_types),
            n_unevaluated: std::mem::take(&mut self.n_unevaluated),
            n_preserved: std::mem::take(&mut self.n_preserved),
            n_visible: std::mem::replace(&mut self.demands.n_visible, idx),
        }
    }

    fn leave_file_scope(&mut self, asker: Asker<'a>) {
        self.unit = asker.unit;
        self.scopes.resume(asker.scopes);
        self.func = asker.func;
        self.put_scratch(asker.scratch);
        self.tag_types = asker.tag_types;
        self.n_unevaluated = asker.n_unevaluated;
        self.n_preserved = asker.n_preserved;
        self.demands.n_visible = asker.n_visible;
        self.demands.depth -= 1;
    }

    /// Names of deferred declarations for which `keep` holds, for suggestions.
    pub fn deferred_names(&self, keep: impl Fn(DeferredKind) -> bool) -> Vec<String> {
        let names = self.demands.unit.deferred.names();
        let kept = names.filter(|(_, kind)| keep(*kind));
        kept.map(|(name, _)| self.session.name(name).to_owned()).collect()
    }
}

/// The kernel's typedefs, for the parser.
struct KernelNames<'k, 'a> {
    kernel: Option<&'k mut (dyn KernelTypes + 'a)>,
}

impl TypeNames for KernelNames<'_, '_> {
    fn is_type(&mut self, name: &str) -> bool {
        let kernel = self.kernel.as_mut();
        kernel.is_some_and(|kernel| kernel.find_typedef(name).is_some())
    }
}
