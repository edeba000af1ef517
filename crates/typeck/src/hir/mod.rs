//! The typed form of a module: names are resolved, conversions are explicit, constants are
//! evaluated, offsets are known, and sugar is gone. It does not refer to the syntax tree.
//!
//! - Objects are designated by [`Place`]s, values are [`Expr`]s; `Load` and `AddrOf` are
//!   the only ways from a place to a value, `Deref` the only way back.
//! - A value's type is unqualified. Both operands of an arithmetic operator have the type
//!   in which C computes them.
//! - Expressions, places and statements live in tables of their function.

mod func;
mod module;
mod types;
mod valid;

pub use func::*;
pub use module::*;
pub use types::*;
pub use valid::Valid;
