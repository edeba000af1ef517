//! Why objects do not fit together.

use bpfc_base::Code;
use bpfc_base::codes::object::{E0801, E0804, E0805, E0806};

/// Why objects cannot be joined. Files go by the names that the caller gave them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// Two files define one name.
    #[error("`{name}` is defined in `{first}` and in `{second}`")]
    Duplicate {
        /// The symbol.
        name: String,
        /// The file that defines it first.
        first: String,
        /// The other one.
        second: String,
    },
    /// One name for two kinds of things.
    #[error("`{name}` is a {first_noun} in `{first}` and a {second_noun} in `{second}`")]
    Kind {
        /// The symbol.
        name: String,
        /// What it is in the first file.
        first_noun: &'static str,
        /// The first file.
        first: String,
        /// What it is in the second file.
        second_noun: &'static str,
        /// The second file.
        second: String,
    },
    /// Declarations of a function or variable disagree.
    #[error("the {noun} `{name}` has another type in `{first}` than in `{second}`")]
    Type {
        /// `function` or `variable`.
        noun: &'static str,
        /// The symbol.
        name: String,
        /// A file that defines or declares it.
        first: String,
        /// The other one.
        second: String,
    },
    /// Definitions of a map disagree.
    #[error("the map `{name}` has another {what} in `{first}` than in `{second}`")]
    Map {
        /// The map.
        name: String,
        /// The attribute: `key size`, `type`, ….
        what: &'static str,
        /// A file that defines or declares it.
        first: String,
        /// The other one.
        second: String,
    },
    /// A variable is declared in another section than that of its definition.
    #[error("`{name}` is in section `{declared}` in `{first}` and in `{defined}` in `{second}`")]
    Section {
        /// The variable.
        name: String,
        /// The section of the declaration.
        declared: String,
        /// The file that declares it.
        first: String,
        /// The section of the definition.
        defined: String,
        /// The file that defines it.
        second: String,
    },
    /// A section that is constant in one file and is not in another.
    #[error("section `{section}` is read-only in `{first}` and is not in `{second}`")]
    SectionKind {
        /// The section.
        section: String,
        /// A file.
        first: String,
        /// Another file.
        second: String,
    },
    /// License or kernel version differ.
    #[error("the {what} is {first_value} in `{first}` and {second_value} in `{second}`")]
    Constant {
        /// `license`, `kernel version` or `byte order`.
        what: &'static str,
        /// What the first file says.
        first_value: String,
        /// A file.
        first: String,
        /// What the second file says.
        second_value: String,
        /// Another file.
        second: String,
    },
    /// An instruction that does not fit what its operand turned out to be.
    #[error("`{function}` in `{file}` cannot use `{name}` as it does")]
    Misused {
        /// The symbol.
        name: String,
        /// The function.
        function: String,
        /// Its file.
        file: String,
    },
    /// An object that refers to what it does not have.
    #[error("`{place}` in `{file}` refers to {target}, which does not exist")]
    NoSuchTarget {
        /// The function, section or map.
        place: String,
        /// Its file.
        file: String,
        /// What it refers to.
        target: String,
    },
    /// Types that cannot be read.
    #[error("the types of `{file}` are damaged")]
    BadTypes {
        /// The file.
        file: String,
    },
    /// More than the format can hold.
    #[error("together the objects have too much in section `{section}`")]
    TooLarge {
        /// The section.
        section: String,
    },
}

impl JoinError {
    /// The diagnostic code.
    pub fn code(&self) -> Code {
        match self {
            JoinError::Duplicate { .. } => E0805,
            JoinError::Kind { .. }
            | JoinError::Type { .. }
            | JoinError::Map { .. }
            | JoinError::Section { .. }
            | JoinError::SectionKind { .. }
            | JoinError::Constant { .. }
            | JoinError::Misused { .. } => E0806,
            JoinError::NoSuchTarget { .. } | JoinError::BadTypes { .. } => E0801,
            JoinError::TooLarge { .. } => E0804,
        }
    }
}
