//! Who calls whom.

use crate::hir::{Callee, ExprKind, FuncId, InitTarget, Module};
use crate::walk::{Node, walk};
use bpfc_base::{IndexVec, Span};
use rustc_hash::FxHashSet;

/// A call in a function.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub callee: Callee,
    pub span: Span,
}

/// The calls of a module, in source order.
#[derive(Debug)]
pub(super) struct CallGraph {
    pub calls: IndexVec<FuncId, Vec<Call>>,
    /// Functions that each function mentions without calling them: callbacks.
    pub mentions: IndexVec<FuncId, Vec<FuncId>>,
    /// Functions whose address is taken.
    pub address_taken: FxHashSet<FuncId>,
}

impl CallGraph {
    pub fn of(module: &Module) -> Self {
        let mut graph = Self {
            calls: IndexVec::new(),
            mentions: IndexVec::new(),
            address_taken: FxHashSet::default(),
        };
        for func in module.funcs.iter() {
            let mut calls = Vec::new();
            let mut mentions = Vec::new();
            if let Some(body) = &func.body {
                walk(body, |node| {
                    let Node::Expr(id) = node else { return };
                    let expr = &body.exprs[id];
                    match expr.kind {
                        ExprKind::Call { callee, .. } => {
                            calls.push(Call { callee, span: expr.span });
                        }
                        ExprKind::FuncAddr(func) => mentions.push(func),
                        _ => {}
                    }
                });
            }
            graph.address_taken.extend(&mentions);
            graph.calls.push(calls);
            graph.mentions.push(mentions);
        }
        for global in module.globals.iter() {
            if let crate::hir::GlobalInit::Data { relocs, .. } = &global.init {
                let funcs = relocs.iter().filter_map(|reloc| match reloc.target {
                    InitTarget::Func(func) => Some(func),
                    InitTarget::Global(_) => None,
                });
                graph.address_taken.extend(funcs);
            }
        }
        graph
    }

    /// Functions that those functions call for which `is_caller` is true.
    pub fn called_by(&self, is_caller: impl Fn(FuncId) -> bool) -> FxHashSet<FuncId> {
        let callers = self.calls.iter_enumerated().filter(|(func, _)| is_caller(*func));
        let calls = callers.flat_map(|(_, calls)| calls);
        let callees = calls.filter_map(|call| match call.callee {
            Callee::Func(callee) => Some(callee),
            _ => None,
        });
        callees.collect()
    }

    /// Functions that run when `func` does, itself first.
    pub fn reachable(&self, func: FuncId) -> Vec<FuncId> {
        let mut seen = FxHashSet::default();
        let mut order = Vec::new();
        let mut work = vec![func];
        while let Some(func) = work.pop() {
            if !seen.insert(func) {
                continue;
            }
            order.push(func);
            let called = self.calls[func].iter().filter_map(|call| match call.callee {
                Callee::Func(callee) => Some(callee),
                _ => None,
            });
            work.extend(called.chain(self.mentions[func].iter().copied()));
        }
        order
    }
}
