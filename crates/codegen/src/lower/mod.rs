//! HIR to IR. Every local lives in a slot of the stack frame; the optimiser moves what it
//! can into values. Input: valid HIR. Output: a valid module with the ids of the HIR. What
//! BPF cannot express and the checker let through is reported as `E0413`.

pub(crate) mod asm;
mod builder;
mod builtin;
mod convert;
mod core;
mod expr;
mod helper;
mod lost;
mod place;
mod record;
mod stmt;
mod wide;

use crate::ir;
use bpfc_base::codes::bpf::E0413;
use bpfc_base::{Diagnostic, Idx, IndexVec, Interner, Session, Span, Symbol};
use bpfc_isa::Endian;
use bpfc_typeck::hir;
pub use lost::LOST;
use record::Passing;
use std::sync::Arc;

/// Lowers a module.
///
/// Ensures: [`ir::validate`] finds nothing, if no error was reported.
pub fn lower(session: &mut Session, module: &hir::Valid) -> ir::Module {
    let module = module.module();
    let names = &session.names;
    let mut out = ir::Module {
        funcs: module.funcs.iter().map(|f| declare_func(names, module, f)).collect(),
        globals: module.globals.iter().map(|g| lower_global(names, module, g)).collect(),
        asms: IndexVec::new(),
        cpu: bpfc_isa::Cpu::default(),
    };
    for id in module.funcs.ids() {
        let Lowered { body, asms, mut reports } = match &module.funcs[id].body {
            Some(body) => lower_body(names, module, id, body, out.asms.len()),
            None => continue,
        };
        out.funcs[id].body = Some(body);
        for asm in asms {
            out.asms.push(Arc::new(asm));
        }
        // One report per place and function is enough.
        reports.dedup();
        reports.into_iter().for_each(|report| session.diagnostics.push(report));
    }
    debug_assert!(
        session.diagnostics.has_errors() || ir::validate::validate(&out).is_empty(),
        "{:#?}\n{out}",
        ir::validate::validate(&out)
    );
    out
}

fn declare_func(names: &Interner, module: &hir::Module, func: &hir::Func) -> ir::Func {
    let (params, ret) = record::signature(&module.types, func.ty);
    ir::Func {
        name: names.resolve(func.name).to_owned(),
        section: func.section.map(|section| names.resolve(section).to_owned()),
        linkage: func.linkage,
        inline: if func.is_naked { hir::Inline::Never } else { func.inline },
        is_naked: func.is_naked,
        is_kfunc: func.is_kfunc,
        params,
        ret,
        span: func.span,
        body: None,
    }
}

fn lower_global(names: &Interner, module: &hir::Module, global: &hir::Global) -> ir::Global {
    let quals = global.ty.quals;
    let mut elem = global.ty;
    while let hir::Type::Array { elem: inner, .. } = module.types.resolve(elem.ty) {
        elem = *inner;
    }
    let is_const = quals.is_const || elem.quals.is_const;
    let is_volatile = quals.is_volatile || elem.quals.is_volatile;
    let kind = match &global.kind {
        hir::GlobalKind::StringLiteral => ir::GlobalKind::Constant,
        hir::GlobalKind::Data if global.init == hir::GlobalInit::None => ir::GlobalKind::Extern,
        hir::GlobalKind::Data if is_const && !is_volatile => ir::GlobalKind::Constant,
        hir::GlobalKind::Data => ir::GlobalKind::Data,
        hir::GlobalKind::Map(_) => ir::GlobalKind::Map,
        hir::GlobalKind::Kconfig | hir::GlobalKind::Ksym => ir::GlobalKind::Extern,
    };
    ir::Global {
        name: names.resolve(global.name).to_owned(),
        kind,
        size: module.types.size_of(global.ty.ty).unwrap_or(0),
        align: global.align,
        init: global.init.clone(),
        span: global.span,
    }
}

/// State while one function is lowered.
struct Ctx<'a> {
    names: &'a Interner,
    module: &'a hir::Module,
    types: &'a hir::Types,
    hir: &'a hir::Body,
    func: hir::FuncId,
    out: ir::Body,
    /// Where instructions go.
    block: ir::BlockId,
    /// What instructions stand for.
    span: Span,
    slots: IndexVec<hir::LocalId, ir::SlotId>,
    labels: IndexVec<hir::LabelId, ir::BlockId>,
    /// Where `break` and `continue` go, innermost last.
    breaks: Vec<ir::BlockId>,
    continues: Vec<ir::BlockId>,
    /// How the function returns, and where to if through memory.
    ret: Passing,
    ret_ptr: Option<ir::Value>,
    /// Inline assembly; the number of the first.
    asms: Vec<ir::Asm>,
    first_asm: usize,
    /// Where records are counted that a ring buffer has no room for.
    lost: Option<hir::GlobalId>,
    reports: Vec<Diagnostic>,
}

/// A function's code, and what comes with it.
struct Lowered {
    body: ir::Body,
    asms: Vec<ir::Asm>,
    reports: Vec<Diagnostic>,
}

fn lower_body(
    names: &Interner,
    module: &hir::Module,
    func: hir::FuncId,
    body: &hir::Body,
    first_asm: usize,
) -> Lowered {
    let mut out = ir::Body::new();
    out.endian = match module.endian {
        bpfc_btf::Endian::Little => Endian::Little,
        bpfc_btf::Endian::Big => Endian::Big,
    };
    let block = out.entry;
    let mut ctx = Ctx {
        names,
        module,
        types: &module.types,
        hir: body,
        func,
        out,
        block,
        span: module.funcs[func].span,
        slots: IndexVec::new(),
        labels: IndexVec::new(),
        breaks: Vec::new(),
        continues: Vec::new(),
        ret: Passing::Void,
        ret_ptr: None,
        asms: Vec::new(),
        first_asm,
        lost: lost::counter(names, module),
        reports: Vec::new(),
    };
    for local in &body.locals {
        let slot = ctx.new_slot(local.ty.ty, local.align, local.name);
        ctx.slots.push(slot);
    }
    for _ in &body.labels {
        let label = ctx.new_block();
        ctx.labels.push(label);
    }
    ctx.lower_params();
    ctx.lower_stmts(&body.root);
    ctx.span = body.end_span;
    match module.funcs[func].is_naked {
        true => ctx.end_block(ir::Term::Unreachable),
        false => ctx.return_nothing(),
    }
    Lowered { body: ctx.out, asms: ctx.asms, reports: ctx.reports }
}

impl Ctx<'_> {
    fn new_slot(&mut self, ty: hir::TypeId, align: u32, name: Option<Symbol>) -> ir::SlotId {
        let size = self.types.size_of(ty).unwrap_or(0);
        let name = name.map(|name| self.names.resolve(name).to_owned());
        // Far over any stack frame, which is 512 bytes; the back end reports those.
        let size = u32::try_from(size).unwrap_or(u32::MAX >> 1).min(u32::MAX >> 1);
        self.out.slots.push(ir::Slot { size, align: align.max(1), name })
    }

    fn new_temp(&mut self, ty: hir::TypeId) -> ir::SlotId {
        let align = self.types.align_of(ty).unwrap_or(1);
        self.new_slot(ty, align, None)
    }

    fn report(&mut self, span: Span, message: impl Into<String>) {
        self.reports.push(Diagnostic::new(E0413, span, message));
    }

    /// C11 6.9.1p12: the end of the function. Its value, if any, may be anything; zero is
    /// what the kernel's verifier accepts.
    fn return_nothing(&mut self) {
        let value = match self.ret {
            Passing::Void | Passing::Pair(_) | Passing::Memory => None,
            Passing::Scalar(ir::Type::Ptr) => Some(self.out.constant(ir::Type::Ptr, 0)),
            Passing::Scalar(_) | Passing::Packed(_) => Some(self.int(ir::Type::I64, 0)),
        };
        self.end_block(ir::Term::Return(value));
    }
}

/// Position of the program among the functions, for messages and tests.
pub fn find_func(module: &ir::Module, name: &str) -> Option<hir::FuncId> {
    let position = module.funcs.iter().position(|func| func.name == name)?;
    Some(hir::FuncId::new(position))
}
