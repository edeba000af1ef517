//! Warnings about BPF programs that the kernel takes and that do something else than what was meant: over the HIR
//! of a whole module, before what nothing refers to is removed.
//!
//! - `endian`: network byte order against the machine's;
//! - `counters`: updates of shared map values that lose counts;
//! - `results`: results of helpers that nobody looks at;
//! - `padding`: holes of records that leave the kernel with old contents;
//! - `usage`: maps that nothing uses, prints in hot paths.

mod counters;
mod endian;
mod padding;
mod results;
mod usage;

use crate::hir::{
    Body, Callee, ExprId, ExprKind, FuncId, GlobalId, InitValue, LocalId, Module, PlaceId,
    PlaceKind, StmtKind,
};
use crate::prune::Used;
use crate::walk::{Node, walk};
use bpfc_base::{Session, Span};
use rustc_hash::{FxHashMap, FxHashSet};

/// `bpf_map_lookup_elem` (Linux 3.19).
const LOOKUP: u32 = 1;
/// `bpf_map_update_elem` (Linux 3.19).
const UPDATE: u32 = 2;

/// Reports what is found in the functions of `module` that are used. `hot` are those that run for every packet.
pub(crate) fn check(session: &mut Session, module: &Module, used: &Used, hot: &FxHashSet<FuncId>) {
    for (id, func) in module.funcs.iter_enumerated() {
        let Some(body) = func.body.as_ref().filter(|_| used.has_func(id)) else { continue };
        let mut lint = Lint { session, module, body };
        endian::check(&mut lint);
        counters::check(&mut lint);
        results::check(&mut lint);
        padding::check(&mut lint);
        if hot.contains(&id) {
            usage::check_prints(&mut lint);
        }
    }
    usage::check_maps(session, module);
}

/// One function at work.
struct Lint<'a> {
    session: &'a mut Session,
    module: &'a Module,
    body: &'a Body,
}

impl Lint<'_> {
    /// Whether a header of the system wrote it: the program cannot change it.
    fn is_of_system(&self, span: Span) -> bool {
        let sources = &self.session.sources;
        sources.is_from_system(span) || sources.is_in_system(span)
    }

    /// The text of `span` as the user wrote it, where no macro had a part in it.
    fn text(&self, span: Span) -> Option<&str> {
        let is_plain = span.expn == bpfc_base::ExpnId::ROOT && !span.is_none();
        is_plain.then(|| self.session.sources.text(span)).filter(|text| !text.is_empty())
    }

    /// The expression without conversions around it.
    fn stripped(&self, mut id: ExprId) -> ExprId {
        while let ExprKind::Cast(inner) = self.body.exprs[id].kind {
            id = inner;
        }
        id
    }

    /// The helper that an expression calls, conversions aside, and its arguments.
    fn helper_call(&self, id: ExprId) -> Option<(u32, &[ExprId])> {
        match &self.body.exprs[self.stripped(id)].kind {
            ExprKind::Call { callee: Callee::Helper(helper), args } => Some((*helper, args)),
            _ => None,
        }
    }

    /// The global whose address an expression is.
    fn global(&self, id: ExprId) -> Option<GlobalId> {
        match self.body.exprs[self.stripped(id)].kind {
            ExprKind::AddrOf(place) => match self.body.places[place].kind {
                PlaceKind::Global(global) => Some(global),
                _ => None,
            },
            _ => None,
        }
    }

    /// The local variable that an expression reads.
    fn local(&self, id: ExprId) -> Option<LocalId> {
        match self.body.exprs[self.stripped(id)].kind {
            ExprKind::Load(place) => self.local_of_place(place),
            _ => None,
        }
    }

    /// The local variable that a place is.
    fn local_of_place(&self, place: PlaceId) -> Option<LocalId> {
        match self.body.places[place].kind {
            PlaceKind::Local(local) => Some(local),
            _ => None,
        }
    }

    /// The local variable, or a part of it, whose address an expression is.
    fn address_of_local(&self, id: ExprId) -> Option<LocalId> {
        match self.body.exprs[self.stripped(id)].kind {
            ExprKind::AddrOf(place) => self.local_of_place(place),
            _ => None,
        }
    }

    /// Locals that hold the result of a helper, with the call's arguments.
    fn results_of(&self, helper: u32) -> FxHashMap<LocalId, Vec<ExprId>> {
        let mut found = FxHashMap::default();
        let mut note = |local: Option<LocalId>, value: ExprId| {
            if let (Some(local), Some((called, args))) = (local, self.helper_call(value))
                && called == helper
            {
                found.insert(local, args.to_vec());
            }
        };
        walk(self.body, |node| match node {
            Node::Stmt(id) => {
                if let StmtKind::Init(local, init) = &self.body.stmts[id].kind
                    && let [item] = &init.items[..]
                    && let InitValue::Expr(value) = item.value
                {
                    note(Some(*local), value);
                }
            }
            Node::Expr(id) => {
                if let ExprKind::Assign { place, value } = self.body.exprs[id].kind {
                    note(self.local_of_place(place), value);
                }
            }
            Node::Place(_) => {}
        });
        found
    }

    /// The calls of helpers in this function.
    fn helpers(&self) -> FxHashSet<u32> {
        let mut found = FxHashSet::default();
        walk(self.body, |node| {
            if let Node::Expr(id) = node
                && let ExprKind::Call { callee: Callee::Helper(helper), .. } =
                    self.body.exprs[id].kind
            {
                found.insert(helper);
            }
        });
        found
    }
}
