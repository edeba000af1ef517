//! Which warnings are reported: flags of the command line, and pragmas that change them for
//! a part of the source.
//!
//! Every warning has a [`Flag`], named as in clang and GCC. [`Levels`] says what each flag
//! does; [`WarningControl`] knows the levels at every place of the source.

mod control;
mod levels;
mod table;

pub use control::WarningControl;
pub use levels::{Level, Levels, PragmaLevel, Request, UnknownFlag};
pub use table::{Default, FLAGS, Flag, FlagInfo, GROUPS};
