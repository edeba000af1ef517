//! Skeletons: source text, in the language of a user's loader, that embeds an object and gives its maps, programs,
//! links, variables and types by name.
//!
//! Input: the bytes of an object file, bpfc's or clang's. Output: one source file ([`generate`]). The text depends on
//! nothing but the object, its name and the language. This crate loads nothing and does no IO.
//!
//! | language | loads with | as made by |
//! | --- | --- | --- |
//! | C, C++ | libbpf | `bpftool gen skeleton` |
//! | Rust | the crate `libbpf-rs` | `libbpf-cargo` |
//! | Go | `github.com/cilium/ebpf` | `bpf2go` |
//! | Python | libbpf, through `ctypes` | |

#![forbid(unsafe_code)]

mod c;
mod error;
mod model;
mod names;
mod text;

pub use error::SkeletonError;
pub use names::object_name;

use model::Model;

/// The language of a skeleton.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// A header for C and C++.
    C,
}

/// The skeleton of the object file `bytes` under the name `name` (see [`object_name`]).
///
/// # Errors
/// [`SkeletonError`]: the object cannot be read, has no types, or has names that would clash.
pub fn generate(bytes: &[u8], name: &str, language: Language) -> Result<String, SkeletonError> {
    let object = bpfc_object::read(bytes)?;
    let model = Model::new(bytes, &object, name)?;
    match language {
        Language::C => c::skeleton(&model),
    }
}
