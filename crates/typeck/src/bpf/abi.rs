//! What can cross a BPF call: five arguments in registers, one result (RFC 9669 §4.3).

use super::calls::CallGraph;
use crate::hir::{Func, FuncId, Inline, Linkage, Module, Type};
use crate::prune::Used;
use bpfc_base::codes::bpf::{E0402, E0410, E0412};
use bpfc_base::{Diagnostic, Session, Span};
use rustc_hash::FxHashSet;

use crate::helpers::MAX_ARGS;

/// Why a function cannot be called as a BPF function.
enum Obstacle {
    TooManyParams,
    /// A struct or union as parameter number `usize`, or as the result.
    Record(Option<usize>),
    Wide(Option<usize>),
}

/// Reports functions that cannot be called; marks those to be inlined that can be.
pub(super) fn check(
    session: &mut Session,
    module: &mut Module,
    graph: &CallGraph,
    recursive: &FxHashSet<FuncId>,
    used: &Used,
) {
    let called: FxHashSet<FuncId> = graph.called_by(|func| used.has_func(func));
    let ids: Vec<FuncId> = module.funcs.ids().collect();
    for id in ids {
        let func = &module.funcs[id];
        let Type::Func(ty) = module.types.resolve(func.ty) else {
            continue;
        };
        if ty.is_variadic && func.body.is_some() {
            let name = session.name(func.name).to_owned();
            let message = format!("`{name}` takes variable arguments: BPF has no such calls");
            session.report(Diagnostic::new(E0412, func.span, message));
            continue;
        }
        let Some(obstacle) = obstacle(module, func) else {
            continue;
        };
        if func.body.is_none() {
            // An external function is linked in later; it is checked where it is defined.
            // Headers declare many that nobody calls.
            let is_checked = func.is_kfunc || matches!(obstacle, Obstacle::TooManyParams);
            if !is_checked || !called.contains(&id) {
                continue;
            }
        }
        let is_inlinable = func.body.is_some()
            && func.section.is_none()
            && func.inline != Inline::Never
            && !recursive.contains(&id)
            && !graph.address_taken.contains(&id)
            && (func.linkage == Linkage::Static || func.inline == Inline::Always);
        if is_inlinable {
            module.funcs[id].inline = Inline::Always;
        } else if !recursive.contains(&id) {
            report(session, module, id, &obstacle);
        }
    }
}

fn obstacle(module: &Module, func: &Func) -> Option<Obstacle> {
    let Type::Func(ty) = module.types.resolve(func.ty) else {
        return None;
    };
    let is_record = |ty| matches!(module.types.resolve(ty), Type::Record(_));
    let is_wide = |ty| module.types.int_kind(ty).is_some_and(|kind| kind.bits() > 64);
    if ty.params.len() > MAX_ARGS {
        return Some(Obstacle::TooManyParams);
    }
    let position = |test: &dyn Fn(crate::hir::TypeId) -> bool| {
        ty.params.iter().position(|param| test(param.ty))
    };
    if let Some(param) = position(&is_record) {
        return Some(Obstacle::Record(Some(param)));
    }
    if let Some(param) = position(&is_wide) {
        return Some(Obstacle::Wide(Some(param)));
    }
    if is_record(ty.ret.ty) {
        return Some(Obstacle::Record(None));
    }
    is_wide(ty.ret.ty).then_some(Obstacle::Wide(None))
}

fn report(session: &mut Session, module: &Module, id: FuncId, obstacle: &Obstacle) {
    let func = &module.funcs[id];
    let name = session.name(func.name).to_owned();
    let param_span = |index: usize| -> Span {
        let local = func.body.as_ref().and_then(|body| body.locals.as_slice().get(index));
        local.map_or(func.span, |local| local.span)
    };
    let inline_help = "make the function `static __always_inline`, so that no call remains";
    let diagnostic = match obstacle {
        Obstacle::TooManyParams => {
            let Type::Func(ty) = module.types.resolve(func.ty) else {
                return;
            };
            let n_params = ty.params.len();
            let message = format!("`{name}` takes {n_params} arguments: BPF passes at most 5");
            let diagnostic = Diagnostic::new(E0402, param_span(MAX_ARGS), message)
                .with_note("arguments are passed in the registers r1 to r5")
                .with_help("pass a pointer to a struct that holds them");
            if func.body.is_some() { diagnostic.with_help(inline_help) } else { diagnostic }
        }
        Obstacle::Record(Some(param)) => Diagnostic::new(
            E0410,
            param_span(*param),
            format!("`{name}` takes a struct by value: BPF passes numbers and pointers only"),
        )
        .with_help("pass a pointer to it")
        .with_help(inline_help),
        Obstacle::Record(None) => Diagnostic::new(
            E0410,
            func.span,
            format!("`{name}` returns a struct by value: BPF returns a number or pointer only"),
        )
        .with_help("take a pointer to where the result is to be written")
        .with_help(inline_help),
        Obstacle::Wide(param) => {
            let span = param.map_or(func.span, param_span);
            let message =
                format!("`{name}` passes a 128-bit integer: BPF's registers have 64 bits");
            Diagnostic::new(E0410, span, message).with_help(inline_help)
        }
    };
    session.report(diagnostic);
}
