//! A variable in which programs count the records that their ring buffers have no room for.

use bpfc_base::{Session, Span};
use bpfc_codegen::lower::LOST;
use bpfc_kabi::MapType;
use bpfc_typeck::hir::{Global, GlobalInit, GlobalKind, IntKind, Linkage, Module, QualType, Type};

/// Defines it, if there is a ring buffer and no such variable.
pub(crate) fn add_counter(session: &mut Session, module: &mut Module) {
    let is_ring = |global: &Global| match &global.kind {
        GlobalKind::Map(map) => map.map_type == MapType::Ringbuf.number(),
        _ => false,
    };
    let name = session.names.intern(LOST);
    let is_defined = module.globals.iter().any(|global| global.name == name);
    let Some(ring) = module.globals.iter().find(|global| is_ring(global)).filter(|_| !is_defined)
    else {
        return;
    };
    let span: Span = ring.span;
    let ty = QualType::plain(module.types.intern(Type::Int(IntKind::ULongLong)));
    module.globals.push(Global {
        name,
        ty,
        kind: GlobalKind::Data,
        linkage: Linkage::Static,
        init: GlobalInit::Zero,
        section: None,
        align: 8,
        decl_tags: Vec::new(),
        span,
    });
}
