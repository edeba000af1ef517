//! Machine functions and HIR globals to an [`Object`](bpfc_object::Object).

mod code;
mod frame;

pub use code::{Surroundings, emit};
pub use frame::{Frame, MAX_FRAME_BYTES, lay_out};

#[cfg(test)]
mod tests;
