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
mod go;
mod layout;
mod model;
mod names;
mod python;
mod rust;
mod text;

pub use error::SkeletonError;
pub use names::object_name;

use model::Model;

/// The language of a skeleton.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// A header for C and C++.
    C,
    /// A module for Rust.
    Rust,
    /// A module for Python.
    Python,
    /// A file for Go.
    Go,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct SkeletonOptions<'a> {
    /// The language of the loader.
    pub language: Language,
    /// What the object is called, see [`object_name`].
    pub name: &'a str,
    /// The package that a file for Go belongs to.
    pub package: &'a str,
}

/// The skeleton of the object file `bytes`.
///
/// # Errors
/// [`SkeletonError`]: the object cannot be read, has no types, or has names that would clash.
pub fn generate(bytes: &[u8], options: &SkeletonOptions<'_>) -> Result<String, SkeletonError> {
    let object = bpfc_object::read(bytes)?;
    let model = Model::new(bytes, &object, options.name)?;
    match options.language {
        Language::C => c::skeleton(&model),
        Language::Go => go::skeleton(&model, &names::identifier(options.package)),
        Language::Python => python::skeleton(&model),
        Language::Rust => rust::skeleton(&model),
    }
}
