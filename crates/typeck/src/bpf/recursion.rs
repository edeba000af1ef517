//! Recursion: the kernel's stack has 8 frames of fixed size, and its verifier refuses
//! cycles of calls (`check_max_stack_depth`, `kernel/bpf/verifier.c`).

use super::calls::{Call, CallGraph};
use crate::hir::{Callee, FuncId, Module};
use bpfc_base::codes::bpf::E0401;
use bpfc_base::{Diagnostic, Session};
use rustc_hash::FxHashSet;

/// A function on the path that is being followed.
struct Step {
    func: FuncId,
    next_call: usize,
}

/// Reports each cycle of calls once; the functions that are part of one.
pub(super) fn check(
    session: &mut Session,
    module: &Module,
    graph: &CallGraph,
) -> FxHashSet<FuncId> {
    let mut recursive = FxHashSet::default();
    let mut done: FxHashSet<FuncId> = FxHashSet::default();
    let mut roots: Vec<FuncId> = module.funcs.ids().collect();
    roots.sort_by_key(|&root| module.funcs[root].span.lo);
    for root in roots {
        let mut path = vec![Step { func: root, next_call: 0 }];
        let mut on_path: FxHashSet<FuncId> = FxHashSet::from_iter([root]);
        if done.contains(&root) {
            continue;
        }
        while let Some(step) = path.last_mut() {
            let func = step.func;
            let Some(call) = graph.calls[func].get(step.next_call) else {
                done.insert(func);
                on_path.remove(&func);
                path.pop();
                continue;
            };
            step.next_call += 1;
            let Callee::Func(callee) = call.callee else {
                continue;
            };
            if on_path.contains(&callee) {
                let start = path.iter().position(|step| step.func == callee).unwrap_or(0);
                let cycle: Vec<(FuncId, Call)> = path[start..]
                    .iter()
                    .map(|step| (step.func, graph.calls[step.func][step.next_call - 1]))
                    .collect();
                if !cycle.iter().all(|(func, _)| recursive.contains(func)) {
                    report(session, module, &cycle);
                }
                recursive.extend(cycle.iter().map(|(func, _)| *func));
            } else if !done.contains(&callee) {
                on_path.insert(callee);
                path.push(Step { func: callee, next_call: 0 });
            }
        }
    }
    recursive
}

fn report(session: &mut Session, module: &Module, cycle: &[(FuncId, Call)]) {
    let name = |session: &Session, func: FuncId| session.name(module.funcs[func].name).to_owned();
    let Some(((last, closing), others)) = cycle.split_last() else {
        return;
    };
    let diagnostic = if others.is_empty() {
        let name = name(session, *last);
        Diagnostic::new(E0401, closing.span, format!("`{name}` calls itself"))
    } else {
        let first = name(session, cycle[0].0);
        let message = format!("`{first}` calls itself through `{}`", name(session, *last));
        let mut diagnostic = Diagnostic::new(E0401, closing.span, message);
        for (idx, (func, call)) in others.iter().enumerate() {
            let callee = name(session, cycle[idx + 1].0);
            let text = format!("`{}` calls `{callee}` here", name(session, *func));
            diagnostic = diagnostic.with_note_at(call.span, text);
        }
        diagnostic
    };
    session.report(
        diagnostic
            .with_note("BPF has no recursion: its stack is of fixed size")
            .with_help("use a loop with a bound known when the program is compiled"),
    );
}
