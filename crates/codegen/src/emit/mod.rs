//! Machine functions and HIR globals to an [`Object`].
//!
//! Input: the HIR module for its types and globals, and the code of the functions that
//! still have some. Output: an object; what it uses and does not define is an extern, of the
//! kernel or of another object. What nothing needs is left out.

mod asm;
mod code;
mod data;
pub(crate) mod frame;
mod lines;
mod plan;
mod types;
mod used;

pub use frame::MAX_FRAME_BYTES;

use crate::compile::Options;
use crate::ir::{Core, CoreId, FuncId};
use crate::mach::{Func, Symbol};
use bpfc_base::{Diagnostic, IndexVec, Interner, Session, Span, Symbol as Name};
use bpfc_btf::Linkage as BtfLinkage;
use bpfc_isa::{Endian, Insn, Reg, Wide};
use bpfc_object::{self as object, CoreReloc, Line, ObjInsn, Object, Reloc};
use bpfc_typeck::hir::{self, CoreKind, Linkage, Module};
use code::Surroundings;
use data::{Placed, Places, object_linkage};
use lines::Lines;
use plan::Plan;
use std::sync::Arc;
use types::TypeWriter;
use used::{Used, used};

/// Emits a module; `None` if it does not fit what BPF allows, which is reported.
///
/// Requires: `funcs` are valid for `options.cpu`, allocated and improved, with ids of `module`.
pub fn emit(
    session: &mut Session,
    module: &Module,
    funcs: &IndexVec<FuncId, Option<Func<Reg>>>,
    options: &Options,
) -> Option<Object> {
    let used = used(module, funcs);
    let names = &session.names;
    let plan = plan_types(module, funcs, &used);
    let mut emitter = Emitter {
        module,
        names,
        funcs,
        types: TypeWriter::new(module, names, plan),
        object: Object {
            license: module.license(names).map(|(license, _)| license),
            endian: match module.endian {
                bpfc_btf::Endian::Little => Endian::Little,
                bpfc_btf::Endian::Big => Endian::Big,
            },
            ..Object::default()
        },
        places: Places {
            funcs: IndexVec::from_elem(None, module.funcs.len()),
            externs: IndexVec::from_elem(None, module.funcs.len()),
            globals: IndexVec::from_elem(None, module.globals.len()),
        },
        reports: Vec::new(),
    };
    emitter.declare_funcs(&used);
    data::Ctx {
        module,
        names,
        types: &mut emitter.types,
        object: &mut emitter.object,
        places: &mut emitter.places,
        reports: &mut emitter.reports,
    }
    .place_globals(&used);
    emitter.emit_code(session, options);
    let Emitter { types, mut object, reports, .. } = emitter;
    object.btf = types.into_btf();
    let is_right = reports.is_empty();
    reports.into_iter().for_each(|report| session.report(report));
    is_right.then_some(object)
}

/// Everything whose type the object's BTF describes.
fn plan_types<'a>(
    module: &'a Module,
    funcs: &IndexVec<FuncId, Option<Func<Reg>>>,
    used: &Used,
) -> Plan<'a> {
    let mut plan = Plan::new(module);
    for (id, func) in module.funcs.iter_enumerated() {
        if used.funcs[id] {
            let is_checked = func.section.is_some() || func.linkage != Linkage::Static;
            plan.function(func.ty, is_checked && !func.is_kfunc);
            if func.is_kfunc {
                plan.kfunc(func.ty);
            }
        }
        for core in funcs[id].iter().flat_map(used_cores) {
            plan.query(&core.query);
        }
    }
    for (id, global) in module.globals.iter_enumerated() {
        if !used.globals[id] {
            continue;
        }
        match &global.kind {
            hir::GlobalKind::Map(spec) => plan_map(&mut plan, spec),
            _ => plan.value(global.ty.ty),
        }
    }
    plan
}

fn plan_map(plan: &mut Plan<'_>, spec: &hir::MapSpec) {
    for ty in [spec.key, spec.value, spec.event].into_iter().flatten() {
        plan.value(ty);
    }
    if let Some(inner) = &spec.inner {
        plan_map(plan, inner);
    }
}

/// The questions that the code of a function asks.
fn used_cores(func: &Func<Reg>) -> impl Iterator<Item = &Core> {
    let blocks = func.layout.iter().map(|&id| &func.blocks[id]);
    let insts = blocks.flat_map(|block| &block.insts);
    insts.filter_map(|inst| inst.core).map(|core| &func.cores[core])
}

struct Emitter<'a> {
    module: &'a Module,
    names: &'a Interner,
    funcs: &'a IndexVec<FuncId, Option<Func<Reg>>>,
    types: TypeWriter<'a>,
    object: Object,
    places: Places,
    reports: Vec<Diagnostic>,
}

impl Emitter<'_> {
    fn declare_funcs(&mut self, used: &Used) {
        for (id, func) in self.module.funcs.iter_enumerated() {
            if !used.funcs[id] {
                continue;
            }
            let name = self.names.resolve(func.name).to_owned();
            let is_defined = self.funcs[id].is_some();
            let linkage = match (is_defined, func.linkage) {
                (false, _) => BtfLinkage::Extern,
                (true, Linkage::Static) => BtfLinkage::Static,
                (true, _) => BtfLinkage::Global,
            };
            let params = param_names(func);
            let btf = self.types.func(func, &params, linkage);
            if is_defined {
                let section = func.section.map(|section| self.names.resolve(section));
                let section = section.unwrap_or(object::Function::SUBPROGRAM_SECTION);
                self.places.funcs[id] = Some(self.object.functions.push(object::Function {
                    name,
                    section: section.to_owned(),
                    linkage: object_linkage(func.linkage),
                    is_hidden: func.is_hidden,
                    btf: Some(btf),
                    insns: Vec::new(),
                    span: func.span,
                }));
            } else {
                let kind = match func.is_kfunc {
                    true => object::ExternKind::Kfunc,
                    false => object::ExternKind::Func,
                };
                self.places.externs[id] = Some(self.object.externs.push(object::Extern {
                    is_weak: func.linkage == Linkage::ExternWeak,
                    is_hidden: func.is_hidden,
                    btf: Some(btf),
                    ..object::Extern::new(name, kind)
                }));
            }
        }
    }

    fn emit_code(&mut self, session: &Session, options: &Options) {
        if !self.reports.is_empty() {
            return;
        }
        let mut lines = Lines::new(session);
        for id in self.module.funcs.ids() {
            let (Some(func), Some(place)) = (&self.funcs[id], self.places.funcs[id]) else {
                continue;
            };
            lines.start(func.span);
            let mut around = FuncSurroundings {
                func,
                places: &self.places,
                types: &mut self.types,
                lines: &mut lines,
            };
            let insns = frame::lay_out(func, options.frame_bytes)
                .and_then(|frame| code::emit(func, &frame, options.cpu, &mut around));
            match insns {
                Ok(insns) => self.object.functions[place].insns = insns,
                Err(report) => self.reports.push(*report),
            }
        }
    }
}

/// The names of a function's parameters, where it has a body.
fn param_names(func: &hir::Func) -> Vec<Option<Name>> {
    let body = func.body.iter();
    body.flat_map(|body| body.locals.iter().take(body.n_params)).map(|local| local.name).collect()
}

/// The rest of the object as the code of one function sees it.
struct FuncSurroundings<'a, 'b, 'c> {
    func: &'b Func<Reg>,
    places: &'b Places,
    types: &'b mut TypeWriter<'a>,
    lines: &'b mut Lines<'c>,
}

impl Surroundings for FuncSurroundings<'_, '_, '_> {
    fn load_address(&mut self, dst: Reg, symbol: Symbol) -> ObjInsn {
        let (placed, offset) = match symbol {
            Symbol::Func(id) => return ObjInsn::load_address(dst, self.callee_address(id)),
            Symbol::Global(id, offset) => (self.places.globals[id], offset),
        };
        let reloc = match placed {
            Some(Placed::Data(section, start)) => {
                Reloc::Data { section, offset: start.wrapping_add_signed(offset) }
            }
            Some(Placed::Map(map)) => Reloc::Map(map),
            Some(Placed::Extern(id)) => {
                let value = Wide::Value(i64::from(offset) as u64);
                let insn = Insn::LoadImm64 { dst, value };
                return ObjInsn { insn, ..ObjInsn::load_address(dst, Reloc::Extern(id)) };
            }
            None => unreachable!("used globals are placed"),
        };
        ObjInsn::load_address(dst, reloc)
    }

    fn callee(&mut self, func: FuncId) -> Reloc {
        match (self.places.funcs[func], self.places.externs[func]) {
            (Some(func), _) => Reloc::Call(func),
            (None, Some(item)) => Reloc::Extern(item),
            (None, None) => unreachable!("used functions are placed"),
        }
    }

    fn core(&mut self, core: CoreId) -> CoreReloc {
        let query = &self.func.cores[core].query;
        let (root, access) = self.types.query(query);
        CoreReloc { kind: core_number(query.kind), root, access: access.into() }
    }

    fn line(&mut self, span: Span) -> Option<Arc<Line>> {
        self.lines.line(span)
    }
}

impl FuncSurroundings<'_, '_, '_> {
    fn callee_address(&self, func: FuncId) -> Reloc {
        match (self.places.funcs[func], self.places.externs[func]) {
            (Some(func), _) => Reloc::FuncAddr(func),
            (None, Some(item)) => Reloc::Extern(item),
            (None, None) => unreachable!("used functions are placed"),
        }
    }
}

/// `enum bpf_core_relo_kind` (Linux 5.17 `include/uapi/linux/bpf.h`); the order is the same.
fn core_number(kind: CoreKind) -> u32 {
    kind as u32
}

#[cfg(test)]
mod tests;
