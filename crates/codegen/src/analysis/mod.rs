//! What passes ask about a function. Computed when needed, never kept up to date.

mod dominators;
mod effects;
mod loops;
mod regions;
mod uses;

pub use dominators::{Dominators, predecessors};
pub use effects::{Touch, helper_touch};
pub use loops::{Loop, find_loops};
pub use regions::{Region, regions};
pub use uses::count_uses;
