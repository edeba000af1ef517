//! bpfc as a C library. The header `include/bpfc.h` is made of these files, and the head of it has the rules for all
//! functions. Nothing happens here but translation between C and [`bpfc::Program`] and what follows it.
//!
//! Functions take objects as references, which are pointers that may be NULL in C, and everything else as pointers that
//! [`ffi`] makes into slices and texts. Each function runs in [`ffi::guard`], where panics and errors become what C
//! understands.

#![allow(non_camel_case_types, reason = "types have C's names")]
#![allow(
    clippy::missing_safety_doc,
    clippy::undocumented_unsafe_blocks,
    unsafe_op_in_unsafe_fn,
    reason = "the rules are the same for all functions: those at the head of the header"
)]

mod error;
mod events;
mod ffi;
mod files;
mod link;
mod loaded;
mod machine;
mod map;
mod object;
mod options;
mod report;
mod version;

pub use error::*;
pub use events::*;
pub use ffi::bpfc_free;
pub use link::*;
pub use loaded::*;
pub use machine::*;
pub use map::*;
pub use object::*;
pub use options::*;
pub use report::*;
pub use version::*;
