//! What a map's contents mean to whoever shows them: the type of the events that programs
//! send through a ring buffer or perf event array, and maps that are histograms.
//!
//! The kernel sees bytes only. The type is taken from where a program reserves or submits
//! an event; where two places disagree, the first one counts.

use crate::hir::{
    Body, Callee, ExprId, ExprKind, GlobalId, GlobalKind, Module, PlaceKind, Type, TypeId, Types,
};
use crate::walk::{Node, walk};
use bpfc_base::Session;

/// `bpf_perf_event_output(ctx, map, flags, data, size)` (Linux 4.4).
const PERF_EVENT_OUTPUT: u32 = 25;
/// `bpf_ringbuf_output(map, data, size, flags)` (Linux 5.8).
const RINGBUF_OUTPUT: u32 = 130;
/// `bpf_ringbuf_reserve(map, size, flags)` (Linux 5.8).
const RINGBUF_RESERVE: u32 = 131;
/// The `btf_decl_tag` of a map that is to be shown as log2 bars.
const HISTOGRAM_TAG: &str = "bpfc:histogram";

/// Fills in `event` and `is_histogram` of every map of `module`.
pub(crate) fn describe(session: &Session, module: &mut Module) {
    let mut found: Vec<(GlobalId, TypeId)> = Vec::new();
    for body in module.funcs.iter().filter_map(|func| func.body.as_ref()) {
        walk(body, |node| {
            if let Node::Expr(id) = node {
                found.extend(event_at(&module.types, body, id));
            }
        });
    }
    for (map, ty) in found {
        if let GlobalKind::Map(spec) = &mut module.globals[map].kind {
            spec.event.get_or_insert(ty);
        }
    }
    for global in module.globals.iter_mut() {
        let mut tags = global.decl_tags.iter();
        let is_tagged = tags.any(|&tag| session.names.resolve(tag) == HISTOGRAM_TAG);
        if let GlobalKind::Map(spec) = &mut global.kind {
            spec.is_histogram |= is_tagged;
        }
    }
}

/// The map and the type of event that the expression shows, if it does.
fn event_at(types: &Types, body: &Body, id: ExprId) -> Option<(GlobalId, TypeId)> {
    let expr = &body.exprs[id];
    match &expr.kind {
        ExprKind::Call { callee: Callee::Helper(helper), args } => {
            let (map, data) = match *helper {
                PERF_EVENT_OUTPUT => (args.get(1)?, args.get(3)?),
                RINGBUF_OUTPUT => (args.first()?, args.get(1)?),
                _ => return None,
            };
            Some((map_of(body, *map)?, record_behind(types, body, *data)?))
        }
        // `struct event *e = bpf_ringbuf_reserve(…)`
        ExprKind::Cast(inner) => {
            let ExprKind::Call { callee: Callee::Helper(RINGBUF_RESERVE), args } =
                &body.exprs[*inner].kind
            else {
                return None;
            };
            Some((map_of(body, *args.first()?)?, record_pointee(types, expr.ty)?))
        }
        _ => None,
    }
}

fn map_of(body: &Body, mut id: ExprId) -> Option<GlobalId> {
    loop {
        match &body.exprs[id].kind {
            ExprKind::Cast(inner) => id = *inner,
            ExprKind::AddrOf(place) => {
                let PlaceKind::Global(global) = body.places[*place].kind else {
                    return None;
                };
                return Some(global);
            }
            _ => return None,
        }
    }
}

/// The record that a pointer points to, before it was converted to `void *`.
fn record_behind(types: &Types, body: &Body, mut id: ExprId) -> Option<TypeId> {
    loop {
        if let Some(record) = record_pointee(types, body.exprs[id].ty) {
            return Some(record);
        }
        let ExprKind::Cast(inner) = body.exprs[id].kind else {
            return None;
        };
        id = inner;
    }
}

fn record_pointee(types: &Types, ty: TypeId) -> Option<TypeId> {
    let pointee = types.pointee(ty)?.ty;
    matches!(types.resolve(pointee), Type::Record(_)).then_some(pointee)
}
