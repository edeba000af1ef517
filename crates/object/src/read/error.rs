//! What can be wrong with a file.

use crate::elf::ElfError;
use bpfc_base::Code;
use bpfc_base::codes::object::{E0801, E0802, E0803, E0804};
use bpfc_btf::BtfError;
use bpfc_isa::Malformed;

/// Why a file cannot be read as an object. Every `offset_bytes` counts from the start of the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// A rule of the format is broken.
    #[error("at offset {offset_bytes:#x}: {what}")]
    Malformed {
        /// The broken rule.
        what: &'static str,
        /// Where it is broken.
        offset_bytes: u64,
    },
    /// Bytes that are no instruction.
    #[error("at offset {offset_bytes:#x}, in section `{section}`: {reason}")]
    BadInsn {
        /// The section of code.
        section: String,
        /// The instruction's place in the file.
        offset_bytes: u64,
        /// What is wrong with it.
        reason: Malformed,
    },
    /// A `.BTF` or `.BTF.ext` section that breaks the rules of its format.
    #[error("section `{section}` at offset {offset_bytes:#x}: {error}")]
    BadBtf {
        /// The section.
        section: &'static str,
        /// Where the section begins.
        offset_bytes: u64,
        /// What is wrong in it; its own offsets count from the section's start.
        error: BtfError,
    },
    /// A definition in `.maps` that libbpf would refuse, too.
    #[error("map `{map}`: {what}")]
    BadMap {
        /// The map.
        map: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A member of a definition in `.maps` that is not known.
    #[error("map `{map}` has the unknown attribute `{member}`")]
    UnknownMapMember {
        /// The map.
        map: String,
        /// The member.
        member: String,
    },
    /// A proper file that says something objects here cannot express.
    #[error("at offset {offset_bytes:#x}: {what}")]
    Unsupported {
        /// What cannot be expressed.
        what: &'static str,
        /// Where it is.
        offset_bytes: u64,
    },
    /// A symbol that neither the file nor the kernel is said to define.
    #[error("`{name}` is used but not defined")]
    Undefined {
        /// The symbol.
        name: String,
    },
    /// More than is reasonable.
    #[error("the file has too many or too long {what}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
    },
}

impl ReadError {
    pub(super) fn malformed(what: &'static str, offset_bytes: u64) -> ReadError {
        ReadError::Malformed { what, offset_bytes }
    }

    /// The diagnostic code.
    pub fn code(&self) -> Code {
        match self {
            ReadError::Malformed { .. }
            | ReadError::BadInsn { .. }
            | ReadError::BadBtf { .. }
            | ReadError::BadMap { .. } => E0801,
            ReadError::UnknownMapMember { .. } | ReadError::Unsupported { .. } => E0802,
            ReadError::Undefined { .. } => E0803,
            ReadError::TooLarge { .. } => E0804,
        }
    }
}

impl From<ElfError> for ReadError {
    fn from(error: ElfError) -> ReadError {
        match error {
            ElfError::Malformed { what, offset } => ReadError::malformed(what, offset),
            ElfError::Unsupported { what, offset } => {
                ReadError::Unsupported { what, offset_bytes: offset }
            }
        }
    }
}
