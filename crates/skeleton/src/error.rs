//! Why there is no skeleton.

use bpfc_base::{Code, codes};
use bpfc_btf::BtfError;
use bpfc_object::{ReadError, TypesError};

/// Why an object gets no skeleton.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SkeletonError {
    /// The file is no object, or a damaged one.
    #[error("it cannot be read as a BPF object: {0}")]
    Read(#[from] ReadError),
    /// Its types are damaged.
    #[error(transparent)]
    Types(#[from] TypesError),
    /// Its types are damaged.
    #[error("BTF is not well-formed: {0}")]
    Btf(#[from] BtfError),
    /// libbpf finds neither maps nor variables without BTF.
    #[error("it has no BTF, which loaders need to know its maps and variables")]
    NoTypes,
    /// Two maps, programs or variables would have one name.
    #[error("two of its {what} would be called `{name}`")]
    Clash {
        /// What they are.
        what: &'static str,
        /// The name.
        name: String,
    },
}

impl SkeletonError {
    /// The diagnostic code that explains it.
    pub fn code(&self) -> Code {
        match self {
            SkeletonError::Read(error) => error.code(),
            _ => codes::object::E0820,
        }
    }
}
