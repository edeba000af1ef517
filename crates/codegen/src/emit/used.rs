//! Which functions and globals the object has: what others may see, and what that needs.

use crate::ir::{AsmSymbol, FuncId, GlobalId};
use crate::mach::{Func, Op, Symbol};
use bpfc_base::IndexVec;
use bpfc_isa::Reg;
use bpfc_typeck::hir::{GlobalInit, GlobalKind, InitReloc, InitTarget, Linkage, Module};

/// Membership of functions and globals.
pub struct Used {
    /// Functions that are emitted, or called if they have no body.
    pub funcs: IndexVec<FuncId, bool>,
    /// Globals that are emitted.
    pub globals: IndexVec<GlobalId, bool>,
}

/// Finds what is used, from programs, maps, and what has external linkage on.
pub fn used(module: &Module, funcs: &IndexVec<FuncId, Option<Func<Reg>>>) -> Used {
    let mut ctx = Ctx {
        module,
        funcs,
        used: Used {
            funcs: IndexVec::from_elem(false, module.funcs.len()),
            globals: IndexVec::from_elem(false, module.globals.len()),
        },
        todo: Vec::new(),
    };
    let is_visible = |linkage: Linkage| matches!(linkage, Linkage::Global | Linkage::Weak);
    for (id, func) in module.funcs.iter_enumerated() {
        if funcs[id].is_some() && (func.section.is_some() || is_visible(func.linkage)) {
            ctx.mark(InitTarget::Func(id));
        }
    }
    for (id, global) in module.globals.iter_enumerated() {
        let is_map = matches!(global.kind, GlobalKind::Map(_));
        let is_data = matches!(global.kind, GlobalKind::Data);
        let is_declared = matches!(global.linkage, Linkage::Extern | Linkage::ExternWeak);
        if is_map && !is_declared || is_data && is_visible(global.linkage) {
            ctx.mark(InitTarget::Global(id));
        }
    }
    ctx.run();
    ctx.used
}

struct Ctx<'a> {
    module: &'a Module,
    funcs: &'a IndexVec<FuncId, Option<Func<Reg>>>,
    used: Used,
    todo: Vec<InitTarget>,
}

impl Ctx<'_> {
    fn mark(&mut self, target: InitTarget) {
        let mark = match target {
            InitTarget::Func(id) => &mut self.used.funcs[id],
            InitTarget::Global(id) => &mut self.used.globals[id],
        };
        if !std::mem::replace(mark, true) {
            self.todo.push(target);
        }
    }

    fn run(&mut self) {
        while let Some(target) = self.todo.pop() {
            match target {
                InitTarget::Func(id) => self.visit_func(id),
                InitTarget::Global(id) => self.visit_global(id),
            }
        }
    }

    fn visit_func(&mut self, id: FuncId) {
        let Some(func) = &self.funcs[id] else { return };
        for &block in &func.layout {
            for inst in &func.blocks[block].insts {
                match inst.op {
                    Op::LoadSymbol { symbol, .. } => self.mark(match symbol {
                        Symbol::Func(id) => InitTarget::Func(id),
                        Symbol::Global(id, _) => InitTarget::Global(id),
                    }),
                    Op::Call { callee: crate::ir::Callee::Func(id), .. } => {
                        self.mark(InitTarget::Func(id))
                    }
                    Op::Asm { asm, .. } => {
                        for symbol in super::asm::referred(&func.asms[asm]) {
                            self.mark(match symbol {
                                AsmSymbol::Func(id) => InitTarget::Func(id),
                                AsmSymbol::Global(id) => InitTarget::Global(id),
                            });
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    fn visit_global(&mut self, id: GlobalId) {
        let global = &self.module.globals[id];
        if let GlobalKind::Map(spec) = &global.kind {
            for &(_, target) in &spec.values {
                self.mark(target);
            }
        }
        if let GlobalInit::Data { relocs, .. } = &global.init {
            for InitReloc { target, .. } in relocs {
                self.mark(*target);
            }
        }
    }
}
