//! The order of passes.

use crate::ir::{AsmHome, Body, FuncId, Inst, Module, Op};
use crate::passes::*;

/// How hard to try.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OptLevel {
    /// As written: variables stay in memory.
    O0,
    /// Short programs that the kernel's verifier accepts as readily.
    #[default]
    O2,
    /// Shorter still: what several places share stays a function, and is called.
    Os,
}

/// Sees what the passes do. Functions of the arguments of [`Observe::changed`] do it, too.
pub trait Observe {
    /// A pass changed a function: the pass's name, the module without this function's body, the
    /// function, its body.
    fn changed(&mut self, pass: &'static str, module: &Module, func: FuncId, body: &Body);

    /// What became of a call in a function.
    fn decided(&mut self, _: FuncId, _: Decision) {}
}

impl<F: FnMut(&'static str, &Module, FuncId, &Body)> Observe for F {
    fn changed(&mut self, pass: &'static str, module: &Module, func: FuncId, body: &Body) {
        self(pass, module, func, body);
    }
}

/// Whoever looks on.
pub type Observer<'a> = &'a mut (dyn Observe + 'a);

/// The names of all passes, in alphabetical order.
pub const PASS_NAMES: &[&str] = &[
    "branch_on_conditions",
    "combine_stores",
    "decide_comparisons",
    "decide_constants",
    "dispatch_calls",
    "drop_unseen_bits",
    "expand",
    "expand_compares",
    "fill_in_place",
    "fold_offsets",
    "forward_loads",
    "hoist_invariants",
    "infer_alignment",
    "inline_calls",
    "promote_in_loops",
    "promote_slots",
    "propagate_ranges",
    "remove_dead_code",
    "remove_dead_stores",
    "resolve_calls",
    "rotate_loops",
    "share_slots",
    "share_slots_at_need",
    "simplify",
    "simplify_cfg",
    "sink_common",
    "sink_to_uses",
    "split_frame_atomics",
    "split_slots",
    "thread_jumps",
    "unroll_loops",
    "widen_conditions",
];

/// Optimises a module.
///
/// Requires: [`validate`](crate::ir::validate::validate) finds nothing.
/// Ensures: the same, and what [`expand`] ensures: the back end can take it.
pub fn optimize(module: &mut Module, level: OptLevel) {
    optimize_observed(module, level, &mut |_: &'static str, _: &Module, _: FuncId, _: &Body| {});
}

/// [`optimize`], with somebody looking on.
pub fn optimize_observed(module: &mut Module, level: OptLevel, observer: Observer<'_>) {
    let calls = count_calls(module);
    let policy = match level {
        OptLevel::O0 => InlinePolicy::Required,
        OptLevel::O2 => InlinePolicy::Profitable,
        OptLevel::Os => InlinePolicy::Short,
    };
    for id in callees_first(module) {
        if level != OptLevel::O0 {
            join_calls(module, id, observer);
        }
        for _ in 0..MAX_ROUNDS {
            let decided = &mut |decision| observer.decided(id, decision);
            let is_inlined = inline_calls_observed(module, id, policy, &calls, decided);
            let Some(body) = module.funcs[id].body.take() else {
                break;
            };
            if is_inlined {
                observer.changed("inline_calls", module, id, &body);
            }
            let level = level_for(module, &body, level);
            let mut passes = Passes { module, id, body, observer };
            passes.run("expand_compares", expand_compares);
            let has_pointers = !unresolved_calls(&passes.body).is_empty();
            match level {
                // Without optimisation, no pointer to a function would ever be known.
                OptLevel::O0 if !has_pointers => passes.tidy(),
                _ => passes.optimize(),
            }
            let mut is_resolved = has_pointers && passes.run("resolve_calls", resolve_calls);
            is_resolved |= has_pointers && passes.run("dispatch_calls", dispatch_calls);
            is_resolved |= has_pointers && passes.run("expand_compares", expand_compares);
            let body = passes.body;
            module.funcs[id].body = Some(body);
            if !is_resolved {
                break;
            }
        }
        if level != OptLevel::O0 {
            remove_dead_params(module, id, &calls);
        }
    }
    remove_unused_funcs(module);
    for id in module.funcs.ids() {
        let Some(body) = module.funcs[id].body.take() else {
            continue;
        };
        let level = level_for(module, &body, level);
        let has_calls = !unresolved_calls(&body).is_empty();
        let mut passes = Passes { module, id, body, observer };
        if passes.run("decide_constants", decide_constants) {
            match level {
                OptLevel::O0 if !has_calls => passes.tidy(),
                _ => passes.optimize(),
            }
            passes.run("resolve_calls", resolve_calls);
            passes.run("expand_compares", expand_compares);
        }
        match level {
            OptLevel::O0 => {
                passes.expand();
                passes.run("share_slots_at_need", share_slots_at_need);
            }
            OptLevel::O2 | OptLevel::Os => passes.finish(),
        }
        let body = passes.body;
        module.funcs[id].body = Some(body);
    }
}

/// Where ways end in calls of one function, it is inlined once behind them.
fn join_calls(module: &mut Module, id: FuncId, observer: Observer<'_>) {
    let Some(body) = module.funcs[id].body.take() else {
        return;
    };
    let is_worth_it = calls_one_twice(&body);
    let mut passes = Passes { module, id, body, observer };
    if is_worth_it {
        passes.promote();
    }
    let body = passes.body;
    module.funcs[id].body = Some(body);
}

/// Constants in assembly may come from parameters of inlined functions: then optimisation has to
/// find them.
fn level_for(module: &Module, body: &Body, level: OptLevel) -> OptLevel {
    let is_open = |inst: &Inst| {
        let Op::Asm(id, args) = inst.op else { return false };
        module.asms[id].operands.iter().any(|operand| {
            let arg = operand.input.and_then(|input| args.as_slice().get(input as usize));
            operand.home == AsmHome::Text && arg.is_some_and(|&arg| !body.op(arg).is_leaf())
        })
    };
    match level {
        OptLevel::O0 if body.values.iter().any(is_open) => OptLevel::O2,
        _ => level,
    }
}

/// Rounds after which nothing is left as a rule.
const MAX_ROUNDS: usize = 6;

/// A function on its way through the passes.
struct Passes<'a, 'o> {
    module: &'a Module,
    id: FuncId,
    body: Body,
    observer: Observer<'o>,
}

type Pass = fn(&Module, FuncId, &mut Body) -> bool;

impl Passes<'_, '_> {
    /// -O0: nothing but what shortens the output without touching variables.
    fn tidy(&mut self) {
        self.run("simplify_cfg", |_, _, body| simplify_cfg(body));
        self.run("fold_offsets", |_, _, body| fold_offsets(body));
        self.run("remove_dead_code", |_, _, body| remove_dead_code(body));
    }

    /// -O2, first part: callers take in the result.
    fn optimize(&mut self) {
        self.clean();
        self.promote();
        while self.run("unroll_loops", unroll_loops) {
            self.promote();
        }
        self.run("forward_loads", forward_loads);
        self.promote();
    }

    /// -O2, second part: what is left of memory becomes instructions.
    fn finish(&mut self) {
        self.optimize();
        self.run("split_frame_atomics", split_frame_atomics);
        self.expand();
        self.clean();
        self.run("forward_loads", forward_loads);
        self.promote();
        self.run("fill_in_place", fill_in_place);
        self.run("remove_dead_stores", remove_dead_stores);
        self.run("combine_stores", |_, _, body| combine_stores(body));
        self.clean();
        if self.run("branch_on_conditions", |_, _, body| branch_on_conditions(body)) {
            self.promote();
        }
        if self.run("rotate_loops", |_, _, body| rotate_loops(body)) {
            self.promote();
        }
        if self.run("promote_in_loops", promote_in_loops) {
            self.promote();
            self.run("forward_loads", forward_loads);
            self.promote();
        }
        self.expand();
        self.run("hoist_invariants", |_, _, body| hoist_invariants(body));
        self.run("sink_to_uses", |_, _, body| sink_to_uses(body));
        self.run("infer_alignment", infer_alignment);
        self.run("widen_conditions", widen_conditions);
        self.run("remove_dead_code", |_, _, body| remove_dead_code(body));
        self.run("share_slots", share_slots);
    }

    /// Variables become values, as far as their addresses are not needed.
    fn promote(&mut self) {
        for _ in 0..MAX_ROUNDS {
            let mut changed = self.run("split_slots", |_, _, body| split_slots(body));
            changed |= self.run("promote_slots", |_, _, body| promote_slots(body));
            self.clean();
            changed |= self.run("propagate_ranges", |_, _, body| propagate_ranges(body));
            changed |= self.run("thread_jumps", |_, _, body| thread_jumps(body));
            changed |= self.run("sink_common", |module, _, body| sink_common(module, body));
            if !changed {
                break;
            }
        }
        self.clean();
    }

    /// Local simplification, until nothing changes.
    fn clean(&mut self) {
        for _ in 0..MAX_ROUNDS {
            let mut changed = self.run("simplify_cfg", |_, _, body| simplify_cfg(body));
            changed |= self.run("simplify", |module, _, body| simplify(module, body));
            changed |= self.run("decide_comparisons", |_, _, body| decide_comparisons(body));
            changed |= self.run("drop_unseen_bits", |_, _, body| drop_unseen_bits(body));
            changed |= self.run("remove_dead_code", |_, _, body| remove_dead_code(body));
            if !changed {
                break;
            }
        }
    }

    fn expand(&mut self) {
        self.run("expand", |module, id, body| {
            expand(module, id, body);
            true
        });
    }

    /// Runs a pass, checks what it made, and shows it.
    fn run(&mut self, name: &'static str, pass: Pass) -> bool {
        debug_assert!(PASS_NAMES.binary_search(&name).is_ok(), "`{name}` is not listed");
        let changed = pass(self.module, self.id, &mut self.body);
        if changed {
            #[cfg(debug_assertions)]
            crate::ir::validate::assert_valid(name, self.module, self.id, &self.body);
            self.observer.changed(name, self.module, self.id, &self.body);
        }
        changed
    }
}
