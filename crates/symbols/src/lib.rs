//! Addresses of stacks as names: of the kernel, of processes by number, and by build id and offset.
//!
//! Input are addresses as `bpf_get_stackid`, `bpf_get_stack` and stack maps give them, output are [`Frame`]s with functions
//! that were inlined, names of C++ and Rust as in their source, and places in source files. Reading of ELF and DWARF is
//! [blazesym](https://docs.rs/blazesym)'s; which file an address belongs to is found here, so that processes that have
//! ended, files that were deleted or are in containers, and just-in-time compilers are served.
//!
//! Nothing is read before the first address is asked for. What cannot be named is a frame called `[unknown]` or, if the file
//! is known, by the file; [`Symbolizer::notes`] says why. Errors there are none.
//!
//! [`Folded`] counts stacks, as tools for flame graphs take them.

#![forbid(unsafe_code)]

mod build_id;
mod files;
mod fold;
mod frame;
mod kernel;
mod note;
mod perf_map;
mod process;
mod symbolizer;

pub use build_id::{BuildId, BuildIdEntry};
pub use fold::{Folded, FoldedFrame, Shade};
pub use frame::{Frame, FrameKind, Place, UNKNOWN};
pub use note::Note;
pub use symbolizer::Symbolizer;
