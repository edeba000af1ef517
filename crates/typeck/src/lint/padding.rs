//! Holes between the members of a record that leaves the kernel: what was there before leaves with it.

use super::{Lint, UPDATE};
use crate::hir::{
    Builtin, Callee, ExprKind, LocalId, PlaceKind, RecordKind, StmtKind, Type, TypeId,
};
use crate::types::show;
use crate::walk::{Node, walk};
use bpfc_base::Diagnostic;
use bpfc_base::codes::verifier::W0701;
use rustc_hash::{FxHashMap, FxHashSet};

/// `bpf_perf_event_output` (Linux 4.4), and `bpf_ringbuf_output`, `_reserve`, `_submit`, `_discard` (5.8).
const PERF_EVENT_OUTPUT: u32 = 25;
const RINGBUF_OUTPUT: u32 = 130;
const RINGBUF_RESERVE: u32 = 131;
const RINGBUF_SUBMIT: u32 = 132;
const RINGBUF_DISCARD: u32 = 133;

/// Reports records with holes that are filled member by member and then sent or stored.
pub(super) fn check(lint: &mut Lint<'_>) {
    let reserved = lint.results_of(RINGBUF_RESERVE);
    let mut records: FxHashMap<LocalId, TypeId> = FxHashMap::default();
    let types = &lint.module.types;
    for local in reserved.keys() {
        let pointee = types.pointee(lint.body.locals[*local].ty.ty);
        records.extend(pointee.map(|pointee| (*local, pointee.ty)));
    }
    walk(lint.body, |node| {
        if let Node::Stmt(id) = node
            && let StmtKind::Declare(local) = lint.body.stmts[id].kind
            && types.record_of(lint.body.locals[local].ty.ty).is_some()
        {
            records.insert(local, lint.body.locals[local].ty.ty);
        }
    });
    records.retain(|_, ty| hole(lint, *ty).is_some());
    if records.is_empty() {
        return;
    }
    let (sent, filled) = uses(lint, &records);
    let mut found = Vec::new();
    for (local, ty) in records {
        let (true, false) = (sent.contains(&local), filled.contains(&local)) else { continue };
        let Some((behind, n_bytes)) = hole(lint, ty) else { continue };
        let variable = &lint.body.locals[local];
        let name = variable.name.map_or("the record", |name| lint.session.name(name));
        let shown = show(types, &lint.session.names, crate::hir::QualType::plain(ty));
        let message = format!(
            "the padding of `{name}` is not initialised: {n_bytes} byte{} of `{shown}` behind `{behind}`",
            if n_bytes == 1 { "" } else { "s" }
        );
        let whole = match reserved.contains_key(&local) {
            true => format!("`__builtin_memset({name}, 0, sizeof(*{name}))`"),
            false => format!("`__builtin_memset(&{name}, 0, sizeof({name}))`"),
        };
        let diagnostic = Diagnostic::new(W0701, variable.span, message)
            .with_note("whoever reads it sees what was in memory before")
            .with_help(format!(
                "fill it first: {whole}; or declare the padding as a member, and set it"
            ));
        found.push((variable.span.lo, diagnostic));
    }
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().for_each(|(_, diagnostic)| lint.session.report(diagnostic));
}

/// Which of the records leave the kernel, and which are filled as a whole, or by somebody else.
fn uses(
    lint: &Lint<'_>,
    records: &FxHashMap<LocalId, TypeId>,
) -> (FxHashSet<LocalId>, FxHashSet<LocalId>) {
    let (mut sent, mut filled) = (FxHashSet::default(), FxHashSet::default());
    walk(lint.body, |node| {
        let Node::Expr(id) = node else { return };
        let (args, places): (&[_], &[usize]) = match &lint.body.exprs[id].kind {
            ExprKind::Call { callee: Callee::Helper(helper), args } => match *helper {
                PERF_EVENT_OUTPUT => (args, &[3]),
                RINGBUF_OUTPUT => (args, &[1]),
                UPDATE => (args, &[1, 2]),
                RINGBUF_SUBMIT => (args, &[0]),
                RINGBUF_DISCARD => return,
                _ => (args, &[]),
            },
            ExprKind::Call { args, .. }
            | ExprKind::Builtin(Builtin::Memset | Builtin::Memcpy | Builtin::Memmove, args) => {
                (args, &[])
            }
            ExprKind::Assign { place, .. } => {
                filled.extend(whole(lint, *place));
                return;
            }
            _ => return,
        };
        for (at, arg) in args.iter().enumerate() {
            let local = lint.address_of_local(*arg).or_else(|| lint.local(*arg));
            if let Some(local) = local.filter(|local| records.contains_key(local)) {
                let set = if places.contains(&at) { &mut sent } else { &mut filled };
                set.insert(local);
            }
        }
    });
    (sent, filled)
}

/// The record that an assignment writes as a whole.
fn whole(lint: &Lint<'_>, place: crate::hir::PlaceId) -> Option<LocalId> {
    match lint.body.places[place].kind {
        PlaceKind::Local(local) => {
            lint.module.types.record_of(lint.body.locals[local].ty.ty).map(|_| local)
        }
        PlaceKind::Deref(pointer) => lint.local(pointer),
        _ => None,
    }
}

/// The first hole in a record: behind which member, and how many bytes.
fn hole(lint: &Lint<'_>, ty: TypeId) -> Option<(String, u64)> {
    let types = &lint.module.types;
    let Type::Record(id) = types.resolve(ty) else { return None };
    let record = &types.records[*id];
    let body = record.body.as_ref().filter(|_| record.kind == RecordKind::Struct)?;
    let mut end = 0;
    let mut last = None;
    for member in &body.members {
        let name = member.name.map_or("…", |name| lint.session.name(name));
        if let Some(last) = last.filter(|_| member.offset_bits / 8 > end) {
            return Some((last, member.offset_bits / 8 - end));
        }
        if let Some((inner, n_bytes)) = hole(lint, member.ty.ty) {
            return Some((format!("{name}.{inner}"), n_bytes));
        }
        let bits = match member.bits {
            Some(bits) => u64::from(bits),
            // A flexible array has no size.
            None => types.size_of(member.ty.ty).unwrap_or(0) * 8,
        };
        end = (member.offset_bits + bits).div_ceil(8);
        last = Some(name.to_owned());
    }
    last.filter(|_| body.size > end).map(|last| (last, body.size - end))
}
