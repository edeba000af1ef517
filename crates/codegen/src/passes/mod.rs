//! The optimiser: IR to better IR. Each pass is a function on a body; each keeps
//! [`validate`](crate::ir::validate) silent and what the interpreter sees.

mod align;
mod atomics;
mod calls;
mod cfg;
mod clone;
mod compare;
mod condition;
mod dce;
mod demand;
mod dispatch;
mod evaluate;
mod expand;
mod facts;
mod fill;
mod forward;
mod inline;
mod known_bits;
mod loop_memory;
mod mem2reg;
mod offsets;
mod params;
mod place;
mod propagate;
mod range;
mod rotate;
mod rules;
mod share;
mod simplify;
mod sink;
mod sroa;
mod stores;
mod thread;
mod unroll;
mod widen;

pub use align::infer_alignment;
pub use atomics::split_frame_atomics;
pub use calls::{decide_constants, resolve_calls, unresolved_calls};
pub use cfg::{simplify_cfg, simplify_params};
pub use compare::expand_compares;
pub use condition::branch_on_conditions;
pub use dce::remove_dead_code;
pub use demand::drop_unseen_bits;
pub use dispatch::dispatch_calls;
pub use expand::expand;
pub use facts::decide_comparisons;
pub use fill::fill_in_place;
pub use forward::forward_loads;
pub use inline::{
    Decision, InlinePolicy, Reason, callees_first, count_calls, inline_calls,
    inline_calls_observed, remove_unused_funcs,
};
pub use loop_memory::promote_in_loops;
pub use mem2reg::promote_slots;
pub use offsets::fold_offsets;
pub use params::remove_dead_params;
pub use place::{hoist_invariants, sink_to_uses};
pub use propagate::propagate_ranges;
pub use rotate::rotate_loops;
pub use share::{share_slots, share_slots_at_need};
pub use simplify::simplify;
pub use sink::{calls_one_twice, sink_common};
pub use sroa::split_slots;
pub use stores::{combine_stores, remove_dead_stores};
pub use thread::thread_jumps;
pub use unroll::{MAX_SMALL, n_turns, unroll_loops};
pub use widen::widen_conditions;

#[cfg(test)]
pub(crate) mod tests;
