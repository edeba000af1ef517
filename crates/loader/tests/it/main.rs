//! Tests on the running kernel. Where it cannot be used they say so and pass, unless
//! `BPFC_REQUIRE_KERNEL=1`.

mod maps;
mod programs;
mod support;
