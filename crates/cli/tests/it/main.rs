//! Tests of the command as people use it: the consoles that the documentation shows, the
//! transcripts in `tests/cli`, and how it behaves towards pipes and the environment.

mod book;
mod cleanup;
mod console;
mod corpus;
mod endless;
mod environments;
mod kernel;
mod killed;
mod live;
mod process;
mod shell;
mod stacks;
mod tools;
mod trace;
mod transcripts;
