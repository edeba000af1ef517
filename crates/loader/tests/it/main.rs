//! Tests on the running kernel. Where it cannot be used they say so and pass, unless
//! `BPFC_REQUIRE_KERNEL=1`.

#![allow(clippy::unwrap_used)]

mod attach;
mod clang;
mod events;
mod map_types;
mod maps;
mod network;
mod pins;
mod probe;
mod programs;
mod support;
