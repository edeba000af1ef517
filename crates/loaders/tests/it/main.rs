//! Other loaders load our objects and run them on this kernel. Where a tool is missing, or the kernel cannot be
//! used, the tests say so and pass, unless `BPFC_REQUIRE_KERNEL=1` and the kernel is what is missing.

#![allow(clippy::unwrap_used)]

mod bpftool;
mod everything;
mod go;
mod iproute;
mod kinds;
mod languages;
mod linking;
mod network;
mod rust_aya;
#[cfg(feature = "libbpf-rs")]
mod rust_libbpf;
mod skeleton;
mod support;

#[cfg(not(feature = "libbpf-rs"))]
#[test]
fn libbpf_rs_loads() {
    support::skip("built without the feature `libbpf-rs`");
}
