//! Inline assembly: the text of a statement taken apart, put together again with operands in place,
//! and mistakes in it reported where they stand in the source.

mod expand;
mod template;

pub use expand::{Expansion, Spelled, expand, report};
pub use template::{Names, parse_template};
