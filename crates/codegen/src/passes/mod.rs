//! The optimiser: IR to better IR. Each pass is a function on a body; each keeps
//! [`validate`](crate::ir::validate) silent and what the interpreter sees.

mod cfg;
mod dce;
mod known_bits;
mod mem2reg;
mod rules;
mod simplify;

pub use cfg::{simplify_cfg, simplify_params};
pub use dce::remove_dead_code;
pub use mem2reg::promote_slots;
pub use simplify::simplify;

#[cfg(test)]
mod tests;
