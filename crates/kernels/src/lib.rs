//! The types of reference kernels: the BTF of long-term releases, packed into 2.4 megabytes, so that programs
//! are checked against kernels that nobody has to run.
//!
//! - [`bundled`] is the pack that is part of the program; [`Pack`] reads one, [`Pack::btf`] unpacks a kernel in a few
//!   milliseconds.
//! - [`pack()`] writes one; `cargo xtask kernels` does, from the packages of a distribution.
//!
//! A pack holds every type of a kernel in the kernel's order, so ids are those of the kernel; strings are those of
//! all kernels of the pack. Numbers and reasons are in `docs/decisions/0006-reference-kernels.md`.

#![forbid(unsafe_code)]

mod columns;
mod container;
mod decode;
mod encode;
mod model;

pub use container::{Pack, PackError, PackedKernel};
pub use encode::{PackInput, pack};

use bpfc_btf::Btf;
use bpfc_kabi::KernelVersion;
use std::sync::Arc;

static BUNDLED: &[u8] = include_bytes!("../data/kernels.pack");

/// The pack that is part of the program. Nothing is unpacked.
pub fn bundled() -> Pack<'static> {
    Pack::open(BUNDLED).expect("a pack that `cargo xtask kernels` wrote")
}

/// The versions of the bundled kernels, oldest first.
pub fn versions() -> Vec<KernelVersion> {
    bundled().kernels().iter().map(|kernel| kernel.version).collect()
}

/// Unpacks the types of a bundled kernel; `None` if this version is not among them.
pub fn open(version: KernelVersion) -> Option<Arc<Btf>> {
    let pack = bundled();
    let idx = pack.kernels().iter().position(|kernel| kernel.version == version)?;
    Some(Arc::new(pack.btf(idx).expect("a pack that `cargo xtask kernels` wrote")))
}

#[cfg(test)]
mod tests;
