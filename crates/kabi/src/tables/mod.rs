//! Tables written by `cargo xtask kabi`. Do not edit them by hand.

pub(crate) mod constant;
pub(crate) mod header;
pub(crate) mod helper;
pub(crate) mod kfunc;
pub(crate) mod map;
pub(crate) mod prog;
pub(crate) mod section;
