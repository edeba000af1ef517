//! Whole programs: diagnostics of broken ones, results of good ones on every engine, the same
//! from other compilers, and input that is no program at all.

mod arch;
mod bcc;
mod buffers;
mod compilers;
mod deferral;
mod endian;
mod examples;
mod globals;
mod headers;
mod hostile;
mod kernel_log;
mod leaks;
mod link;
mod mistakes;
mod objects;
mod pages;
mod program;
mod prove;
mod relocations;
mod run;
mod show;
mod skeleton;
mod stacks;
mod support;
mod tags;
mod typed_maps;
mod ui;
