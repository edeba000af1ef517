//! What can be wrong with an object that is to be written.

use bpfc_btf::BuildError;

/// Why an object cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// A function without instructions.
    #[error("function `{name}` is not defined")]
    Undefined {
        /// Its name.
        name: String,
    },
    /// A relocation names something the object does not have.
    #[error("{place} refers to {target}, which does not exist")]
    NoSuchTarget {
        /// The function or section.
        place: String,
        /// What it refers to, such as `map3`.
        target: String,
    },
    /// A relocation hangs on an instruction that cannot carry it.
    #[error("instruction {insn_idx} of `{function}` cannot carry its relocation")]
    Misplaced {
        /// The function.
        function: String,
        /// The instruction.
        insn_idx: u32,
    },
    /// One name for two sections of different kinds, or for one that the file format reserves.
    #[error("the section name `{name}` is taken")]
    SectionConflict {
        /// The name.
        name: String,
    },
    /// A data section whose alignment is no power of two or whose parts do not fit in it.
    #[error("data section `{name}` is inconsistent: {what}")]
    BadData {
        /// The section.
        name: String,
        /// The broken rule.
        what: &'static str,
    },
    /// A name that contains a NUL.
    #[error("the name `{name}` contains a NUL", name = name.escape_debug())]
    NulInName {
        /// The name.
        name: String,
    },
    /// A limit of the format.
    #[error("too large for an object file: {what}")]
    TooLarge {
        /// What does not fit.
        what: &'static str,
    },
    /// The types cannot be written.
    #[error("BTF cannot be written: {0}")]
    Btf(#[from] BuildError),
}
