//! The library as C sees it.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a test")]

mod book;
mod odd;
mod programs;
mod support;
mod symbols;
