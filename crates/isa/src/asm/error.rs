//! What can be wrong with assembly text.

use thiserror::Error;

/// A mistake in assembly text.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{line}:{column}: {problem}")]
pub struct AsmError {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// What is wrong there.
    pub problem: AsmProblem,
}

/// A kind of mistake.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AsmProblem {
    /// A character that starts no token.
    #[error("unexpected character {character:?}")]
    Character {
        /// The character.
        character: char,
    },
    /// Digits that are no number of at most 64 bits.
    #[error("`{text}` is not a number of at most 64 bits")]
    Number {
        /// The text.
        text: String,
    },
    /// Something else should stand here.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// What should stand here.
        expected: String,
        /// What stands here, in backquotes, or `end of line`.
        found: String,
    },
    /// A number that its field cannot hold.
    #[error("{number} does not fit {field}")]
    Range {
        /// The number.
        number: i128,
        /// The field, such as `a signed 32-bit immediate`.
        field: &'static str,
    },
    /// A label that was defined before.
    #[error("label `{name}` is already defined")]
    DuplicateLabel {
        /// Its name.
        name: String,
    },
    /// A jump to a label that does not exist.
    #[error("label `{name}` is not defined")]
    UnknownLabel {
        /// Its name.
        name: String,
    },
    /// A call of something unknown.
    #[error("`{name}` is neither a label nor a known function")]
    UnknownCallee {
        /// Its name.
        name: String,
    },
    /// A load of something unknown.
    #[error("`{name}` is neither a label nor a known symbol")]
    UnknownSymbol {
        /// Its name.
        name: String,
    },
    /// A label that the instruction cannot reach.
    #[error("label `{name}` is {distance} slots away, which this instruction cannot express")]
    TooFar {
        /// Its name.
        name: String,
        /// How many slots after the next instruction it is.
        distance: i64,
    },
    /// An address that can have no displacement.
    #[error("nothing can be added to `{name}`")]
    NoDisplacement {
        /// The name of the address.
        name: String,
    },
    /// An assembler directive other than those that hold instructions as numbers.
    #[error("the directive `{name}` is not supported")]
    Directive {
        /// Its name.
        name: String,
    },
    /// Numbers that are no instruction.
    #[error("these bytes are no instruction: {reason}")]
    Bytes {
        /// Why not.
        reason: crate::Malformed,
    },
    /// A call or a load of the address of a place inside the text.
    #[error("label `{name}` can only be jumped to")]
    OnlyJumps {
        /// Its name.
        name: String,
    },
}
