//! Tests on the running kernel. Where it cannot be used they say so and pass, unless
//! `BPFC_REQUIRE_KERNEL=1`.

mod attach;
mod events;
mod maps;
mod network;
mod programs;
mod support;
