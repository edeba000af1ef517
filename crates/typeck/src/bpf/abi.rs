//! What can cross a BPF call: five registers of arguments, one of a result (RFC 9669 §4.3).
//!
//! A struct or 128-bit integer takes one register for up to 8 bytes, two for up to 16, and else
//! one for its address, as clang has it; a result of more than 8 bytes takes one for the address
//! of where it goes. The kernel knows nothing of this: it refuses functions that do so if it
//! verifies them by themselves (Linux 6.12 `kernel/bpf/btf.c`, `btf_prepare_func_args`).

use super::calls::CallGraph;
use crate::hir::{Func, FuncId, Inline, Linkage, Module, Type};
use crate::prune::Used;
use bpfc_base::codes::bpf::{E0402, E0410, E0412};
use bpfc_base::{Diagnostic, Session, Span};
use rustc_hash::FxHashSet;

use crate::helpers::MAX_ARGS;

/// Why a function cannot be called as a BPF function.
enum Obstacle {
    /// So many registers are needed; the parameter with which it is too much.
    TooManyParams(usize, usize),
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
        let is_record = !matches!(obstacle, Obstacle::TooManyParams(..));
        if func.body.is_none() {
            // An external function is linked in later; it is checked where it is defined.
            // Headers declare many that nobody calls.
            let is_checked = func.is_kfunc || !is_record;
            if !is_checked || !called.contains(&id) {
                continue;
            }
        }
        // A copy of a global function stays for others. What a record passes through is a matter
        // between the function and its callers, as long as the kernel sees both at once.
        let is_visible = func.linkage != Linkage::Static && func.inline != Inline::Always;
        let is_replaceable = matches!(func.linkage, Linkage::Weak | Linkage::ExternWeak);
        let is_inlinable = func.body.is_some()
            && func.section.is_none()
            && func.inline != Inline::Never
            && !recursive.contains(&id)
            && !graph.address_taken.contains(&id)
            && (!is_visible || is_record && !is_replaceable);
        let is_alone = func.body.is_none() || func.section.is_some() || {
            is_visible && !func.is_hidden && called.contains(&id)
        };
        if is_inlinable {
            module.funcs[id].inline = Inline::Always;
        } else if !recursive.contains(&id) && (!is_record || is_alone) {
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
    let size = |ty| module.types.size_of(ty).unwrap_or(0);
    let is_large_result = (is_record(ty.ret.ty) || is_wide(ty.ret.ty)) && size(ty.ret.ty) > 8;
    let mut n_registers = usize::from(is_large_result);
    let mut first_too_many = None;
    for (index, param) in ty.params.iter().enumerate() {
        n_registers += match size(param.ty) {
            0 if is_record(param.ty) => 0,
            9..=16 => 2,
            _ => 1,
        };
        if n_registers > MAX_ARGS {
            first_too_many.get_or_insert(index);
        }
    }
    if let Some(index) = first_too_many {
        return Some(Obstacle::TooManyParams(n_registers, index));
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
    let inline_help = "make the function `static`";
    let is_program = func.section.is_some();
    let why = match is_program {
        true => "the kernel calls a program with its context",
        false => {
            "the kernel verifies such a function by itself, and takes numbers and pointers only"
        }
    };
    let diagnostic = match obstacle {
        Obstacle::TooManyParams(n_registers, first) => {
            let Type::Func(ty) = module.types.resolve(func.ty) else {
                return;
            };
            let n_params = ty.params.len();
            let message = match n_params == *n_registers {
                true => format!("`{name}` takes {n_params} arguments: BPF passes at most 5"),
                false => format!(
                    "the arguments of `{name}` take {n_registers} registers: BPF passes at most 5"
                ),
            };
            let diagnostic = Diagnostic::new(E0402, param_span(*first), message)
                .with_note("arguments are passed in the registers r1 to r5")
                .with_help("pass a pointer to a struct that holds them");
            let inline_help = "make the function `static __always_inline`, so that no call remains";
            if func.body.is_some() { diagnostic.with_help(inline_help) } else { diagnostic }
        }
        Obstacle::Record(Some(param)) => {
            let what = format!("`{name}` takes a struct by value");
            let what = if is_program { what } else { what + " and is global" };
            Diagnostic::new(E0410, param_span(*param), what)
                .with_note(why)
                .with_help("pass a pointer to it")
        }
        Obstacle::Record(None) => {
            let what = format!("`{name}` returns a struct by value");
            let what = if is_program { what } else { what + " and is global" };
            Diagnostic::new(E0410, func.span, what)
                .with_note(why)
                .with_help("take a pointer to where the result is to be written")
        }
        Obstacle::Wide(param) => {
            let span = param.map_or(func.span, param_span);
            let what = format!("`{name}` passes a 128-bit integer");
            let what = if is_program { what } else { what + " and is global" };
            Diagnostic::new(E0410, span, what).with_note(why)
        }
    };
    let is_own = func.body.is_some() && !is_program && diagnostic.code == E0410;
    session.report(if is_own { diagnostic.with_help(inline_help) } else { diagnostic });
}
