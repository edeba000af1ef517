//! Parameters that a function does not look at are not passed. The kernel expects as much of
//! static functions (`btf_check_subprog_call`, Linux 6.12 `kernel/bpf/verifier.c`).

use crate::analysis::count_uses;
use crate::ir::*;
use bpfc_base::IndexVec;

/// Removes parameters of function `id` that it does not use, and the arguments of all calls of
/// it; true if there were any.
///
/// Requires: `calls` is [`count_calls`](super::count_calls) of the module.
pub fn remove_dead_params(module: &mut Module, id: FuncId, calls: &IndexVec<FuncId, u32>) -> bool {
    let func = &module.funcs[id];
    // Whoever has its address passes what its type says.
    let is_known = calls[id] < super::inline::ADDRESS_TAKEN;
    if func.linkage != Linkage::Static || func.section.is_some() || func.is_naked || !is_known {
        return false;
    }
    let Some(body) = &func.body else {
        return false;
    };
    let uses = count_uses(body);
    let params = &body.blocks[body.entry].params;
    let is_used: Vec<bool> = params.iter().map(|&param| uses[param] > 0).collect();
    if is_used.iter().all(|&used| used) {
        return false;
    }
    let func = &mut module.funcs[id];
    keep(&mut func.params, &is_used);
    if let Some(body) = &mut func.body {
        keep(&mut body.blocks[body.entry].params, &is_used);
    }
    for func in module.funcs.iter_mut() {
        for inst in func.body.iter_mut().flat_map(|body| body.values.iter_mut()) {
            let Op::Call(Callee::Func(callee), args) = &mut inst.op else {
                continue;
            };
            if *callee == id {
                let mut left = args.as_slice().to_vec();
                keep(&mut left, &is_used);
                // Fewer than there were always fit.
                *args = ArgList::new(&left).unwrap_or(*args);
            }
        }
    }
    true
}

fn keep<T>(list: &mut Vec<T>, wanted: &[bool]) {
    let mut wanted = wanted.iter();
    list.retain(|_| wanted.next().copied().unwrap_or(true));
}
