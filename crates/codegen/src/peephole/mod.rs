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

use crate::mach::Func;
use bpfc_isa::Reg;

/// Improves `func` and orders its blocks.
///
/// Requires and ensures: `func` is valid.
pub fn improve(func: &mut Func<Reg>) {
    for _ in 0..4 {
        dead::remove_dead(func);
        jumps::thread_jumps(func);
        constants::hoist_from_edges(func);
        constants::remove_known(func);
        jumps::thread_jumps(func);
        if !merge::merge_ends(func) {
            break;
        }
    }
    dead::remove_dead(func);
    jumps::thread_jumps(func);
    layout::order_blocks(func);
}
