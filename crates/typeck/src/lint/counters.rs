//! `*value += 1` of a value that all CPUs share: two of them at once count one.

use super::{LOOKUP, Lint};
use crate::hir::{BinaryOp, ExprId, ExprKind, GlobalKind, LocalId, PlaceId, PlaceKind};
use crate::walk::{Node, walk};
use bpfc_base::codes::verifier::W0704;
use bpfc_base::{Diagnostic, Edit, Symbol};
use rustc_hash::FxHashMap;

/// Map types whose values are shared: hash, array, LRU hash, trie. In programs that name the task, a hash is taken to be
/// keyed by it.
const HASHES: [u32; 2] = [1, 9];
const OTHERS: [u32; 2] = [2, 11];
/// `bpf_get_current_pid_tgid` (Linux 4.2) and `bpf_spin_lock` (5.1).
const CURRENT_TASK: u32 = 14;
const SPIN_LOCK: u32 = 93;

/// Reports counting that is not atomic.
pub(super) fn check(lint: &mut Lint<'_>) {
    let lookups = lint.results_of(LOOKUP);
    if lookups.is_empty() {
        return;
    }
    let helpers = lint.helpers();
    if helpers.contains(&SPIN_LOCK) {
        return;
    }
    let mut shared: FxHashMap<LocalId, Symbol> = FxHashMap::default();
    for (local, args) in &lookups {
        let Some(map) = args.first().and_then(|map| lint.global(*map)) else { continue };
        let global = &lint.module.globals[map];
        let GlobalKind::Map(spec) = &global.kind else { continue };
        let is_hash = HASHES.contains(&spec.map_type) && !helpers.contains(&CURRENT_TASK);
        if is_hash || OTHERS.contains(&spec.map_type) {
            shared.insert(*local, global.name);
        }
    }
    let mut found = Vec::new();
    walk(lint.body, |node| {
        let Node::Expr(id) = node else { return };
        let (place, added) = match lint.body.exprs[id].kind {
            ExprKind::IncDec { place, delta: 1, .. } => (place, Some(None)),
            ExprKind::AssignOp { place, op: BinaryOp::Add, value, .. } => {
                (place, Some(Some(value)))
            }
            ExprKind::IncDec { place, .. } | ExprKind::AssignOp { place, .. } => (place, None),
            _ => return,
        };
        if let Some(map) = base(lint, place).and_then(|local| shared.get(&local)) {
            found.push(report(lint, id, place, added, *map));
        }
    });
    found.into_iter().for_each(|diagnostic| lint.session.report(diagnostic));
}

/// The pointer behind which a place is.
fn base(lint: &Lint<'_>, mut place: PlaceId) -> Option<LocalId> {
    loop {
        match lint.body.places[place].kind {
            PlaceKind::Member { base, .. } | PlaceKind::Index { base, .. } => place = base,
            PlaceKind::Deref(mut pointer) => {
                while let ExprKind::PtrAdd { ptr, .. } =
                    lint.body.exprs[lint.stripped(pointer)].kind
                {
                    pointer = ptr;
                }
                return lint.local(pointer);
            }
            _ => return None,
        }
    }
}

/// `added` is what is added, if that can be made atomic: nothing stands for 1.
fn report(
    lint: &Lint<'_>,
    id: ExprId,
    place: PlaceId,
    added: Option<Option<ExprId>>,
    map: Symbol,
) -> Diagnostic {
    let expr = &lint.body.exprs[id];
    let map = lint.session.name(map);
    let message = format!("this update of map `{map}` is not atomic: CPUs at once lose counts");
    let diagnostic = Diagnostic::new(W0704, expr.span, message);
    let target = &lint.body.places[place];
    let size = lint.module.types.size_of(target.ty.ty);
    let added = added.and_then(|value| match value {
        None => Some("1"),
        Some(value) => lint.text(lint.body.exprs[lint.stripped(value)].span),
    });
    let help = "use `__sync_fetch_and_add`, or a map per CPU";
    match (added, lint.text(target.span), lint.text(expr.span)) {
        (Some(added), Some(target), Some(_)) if matches!(size, Some(4 | 8)) => {
            let replacement = format!("__sync_fetch_and_add(&{target}, {added})");
            diagnostic.with_edit(help, vec![Edit { span: expr.span, replacement }])
        }
        _ => diagnostic.with_help(help),
    }
}
