//! Integration tests of the type checker: the file tests of its blocks, layouts compared
//! with a C compiler's, and hostile input.

mod features;
mod front;
mod hostile;
mod layout;
mod macros;
mod mini;
mod pages;
mod ui;
mod vmlinux;
