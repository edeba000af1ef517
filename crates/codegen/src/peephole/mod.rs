//! Local improvements after register allocation: dead instructions, constants that a
//! register holds already, jumps to jumps, equal ends of blocks, and the order of blocks.
//!
//! What the kernel's verifier wants stays: no instruction that uses memory through a
//! register is shared between paths on which it points to different things.

mod constants;
mod dead;
mod jumps;
mod layout;
mod merge;
mod origins;

pub use layout::returning_edges;

use crate::mach::Func;
use bpfc_isa::Reg;

/// Rounds after which nothing is left as a rule.
const MAX_ROUNDS: usize = 8;

/// What to try first: sharing the ends of blocks can take the place of moving constants in
/// front of branches, or the other way round.
#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    Merge,
    Hoist,
}

/// Improves `func` and orders its blocks.
///
/// Requires and ensures: `func` is valid.
pub fn improve(func: &mut Func<Reg>) {
    let mut other = func.clone();
    improve_in_order(func, First::Merge);
    improve_in_order(&mut other, First::Hoist);
    if layout::n_slots(&other) < layout::n_slots(func) {
        *func = other;
    }
}

/// Orders the blocks of `func`, and leaves what they do where it was written: debuggers stop there, and coverage counts it.
///
/// Requires and ensures: `func` is valid.
pub fn tidy(func: &mut Func<Reg>) {
    dead::remove_dead(func);
    jumps::thread_jumps(func);
    layout::order_blocks(func);
    jumps::exit_early(func);
}

fn improve_in_order(func: &mut Func<Reg>, first: First) {
    jumps::share_exit(func);
    for _ in 0..MAX_ROUNDS {
        constants::remove_known(func);
        dead::remove_dead(func);
        jumps::thread_jumps(func);
        let changed = match first {
            First::Merge => merge::merge_ends(func) || constants::hoist_from_edges(func),
            First::Hoist => constants::hoist_from_edges(func) || merge::merge_ends(func),
        };
        if !changed {
            break;
        }
    }
    dead::remove_dead(func);
    jumps::thread_jumps(func);
    layout::order_blocks(func);
    jumps::exit_early(func);
}
