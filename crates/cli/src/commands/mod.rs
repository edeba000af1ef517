//! One module for each subcommand.

pub mod build;
pub mod check;
pub mod cleanup;
pub mod compilation;
pub mod completions;
pub mod convert;
pub mod depend;
pub mod disasm;
pub mod explain;
pub mod explain_log;
pub mod features;
pub mod link;
pub mod man;
pub mod map;
pub mod prog;
pub mod py;
pub mod run;
pub mod skeleton;
pub mod test;
pub mod trace;
