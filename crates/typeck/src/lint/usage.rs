//! Maps that nothing uses, and prints where every packet passes.

use super::Lint;
use crate::hir::{
    Callee, ExprKind, GlobalId, GlobalInit, GlobalKind, InitTarget, MapSpec, Module, PlaceKind,
    StmtKind,
};
use crate::walk::{Node, walk};
use bpfc_base::codes::verifier::{W0705, W0706};
use bpfc_base::{Diagnostic, Session, Symbol};
use rustc_hash::FxHashSet;

/// `bpf_trace_printk` (Linux 4.1), `bpf_trace_vprintk` (5.16).
const PRINTS: [u32; 2] = [6, 177];

/// Reports prints of a function that runs for every packet.
pub(super) fn check_prints(lint: &mut Lint<'_>) {
    let mut found = Vec::new();
    walk(lint.body, |node| {
        if let Node::Expr(id) = node
            && let ExprKind::Call { callee: Callee::Helper(helper), .. } = lint.body.exprs[id].kind
            && PRINTS.contains(&helper)
        {
            let span = lint.session.sources.root(lint.body.exprs[id].span);
            found.push(
                Diagnostic::new(W0706, span, "this prints for every packet")
                    .with_note("printing takes a lock that all CPUs share, and a microsecond or more")
                    .with_help("send an event, count in a map, or print with a condition that debugging sets"),
            );
        }
    });
    found.into_iter().for_each(|diagnostic| lint.session.report(diagnostic));
}

/// Reports maps of the program's own files that no function and no other map mentions.
pub(super) fn check_maps(session: &mut Session, module: &Module) {
    let mut used: FxHashSet<GlobalId> = FxHashSet::default();
    let mut named: FxHashSet<Symbol> = FxHashSet::default();
    for body in module.funcs.iter().filter_map(|func| func.body.as_ref()) {
        walk(body, |node| match node {
            Node::Place(id) => {
                if let PlaceKind::Global(global) = body.places[id].kind {
                    used.insert(global);
                }
            }
            Node::Stmt(id) => {
                if let StmtKind::Asm(asm) = &body.stmts[id].kind {
                    named.extend(&asm.mentions);
                }
            }
            Node::Expr(_) => {}
        });
    }
    let mut note = |target: InitTarget| {
        if let InitTarget::Global(global) = target {
            used.insert(global);
        }
    };
    for global in module.globals.iter() {
        if let GlobalInit::Data { relocs, .. } = &global.init {
            relocs.iter().for_each(|reloc| note(reloc.target));
        }
        let mut spec: Option<&MapSpec> = match &global.kind {
            GlobalKind::Map(spec) => Some(spec),
            _ => None,
        };
        while let Some(map) = spec {
            map.values.iter().for_each(|(_, target)| note(*target));
            spec = map.inner.as_deref();
        }
    }
    let mut found = Vec::new();
    for (id, global) in module.globals.iter_enumerated() {
        let GlobalKind::Map(spec) = &global.kind else { continue };
        // What a header declares, or is found in the file system, is for others, too.
        let root = session.sources.root(global.span);
        let is_in_header = session
            .sources
            .file_at(root.lo)
            .is_none_or(|file| session.sources.file(file).name.ends_with(".h"));
        let is_shared = spec.is_pinned_by_name
            || spec.pin_path.is_some()
            || spec.role != crate::hir::MapRole::Own
            || is_in_header;
        let is_extern =
            matches!(global.linkage, crate::hir::Linkage::Extern | crate::hir::Linkage::ExternWeak);
        if used.contains(&id) || named.contains(&global.name) || is_shared || is_extern {
            continue;
        }
        let name = session.name(global.name);
        let message = format!("no program uses map `{name}`");
        found.push(Diagnostic::new(W0705, global.span, message).with_help("remove it"));
    }
    found.into_iter().for_each(|diagnostic| session.report(diagnostic));
}
