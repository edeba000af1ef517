//! What can be wrong with a blob that came from elsewhere.

use crate::format::{Kind, TypeId};

/// Why a `.BTF` or `.BTF.ext` blob, or a question about one, could not be served.
///
/// Every `offset_bytes` counts from the start of the blob.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BtfError {
    /// The blob ends before something that its own lengths announce.
    #[error(
        "{what} at offset {offset_bytes:#x} needs {needed_bytes} bytes, {available_bytes} are left"
    )]
    Truncated {
        /// The part that does not fit.
        what: &'static str,
        /// Where the part begins.
        offset_bytes: u64,
        /// How long it says it is.
        needed_bytes: u64,
        /// How much there is.
        available_bytes: u64,
    },
    /// The first two bytes are not 0xeB9F in either byte order.
    #[error("bad magic {magic:#06x} (BTF starts with 0xeb9f)")]
    BadMagic {
        /// The first two bytes, read as little-endian.
        magic: u16,
    },
    /// A version other than 1.
    #[error("BTF version {version} is not supported (only 1 is)")]
    BadVersion {
        /// The header's version.
        version: u8,
    },
    /// A header field contradicts the format.
    #[error("bad BTF header: {what} is {value} (field at offset {offset_bytes:#x})")]
    BadHeader {
        /// The header field.
        what: &'static str,
        /// Its value.
        value: u32,
        /// Where the field is.
        offset_bytes: u64,
    },
    /// The string section must begin (unless split) and end with a NUL, and be UTF-8.
    #[error("bad BTF string section: {what} (offset {offset_bytes:#x})")]
    BadStrings {
        /// The broken rule.
        what: &'static str,
        /// Where it is broken.
        offset_bytes: u64,
    },
    /// A type record of a kind without a known length.
    #[error("type {id} at offset {offset_bytes:#x} has unknown kind {kind}")]
    UnknownKind {
        /// The record's id.
        id: TypeId,
        /// The kind found.
        kind: u8,
        /// Where the record begins.
        offset_bytes: u64,
    },
    /// A record whose `vlen`, `kind_flag` or trailing data is not allowed for its kind.
    #[error("type {id} ({kind}) at offset {offset_bytes:#x}: {what}")]
    BadRecord {
        /// The record's id.
        id: TypeId,
        /// The record's kind.
        kind: Kind,
        /// The broken rule.
        what: &'static str,
        /// Where the record begins.
        offset_bytes: u64,
    },
    /// A name offset outside the strings, or inside a character.
    #[error(
        "string offset {value:#x} used at offset {offset_bytes:#x} is not in the string section"
    )]
    BadStringOffset {
        /// The offset found.
        value: u32,
        /// Where it was found.
        offset_bytes: u64,
    },
    /// A record that refers to a type which does not exist.
    #[error("type id {value} used at offset {offset_bytes:#x} does not exist")]
    BadReference {
        /// The id found.
        value: u32,
        /// Where it was found.
        offset_bytes: u64,
    },
    /// A question about an id that this BTF does not have.
    #[error("there is no type {id}")]
    NoSuchType {
        /// The id asked for.
        id: TypeId,
    },
    /// A chain or nest of types that is longer than any compiler emits, or endless.
    #[error("type {id} is nested too deeply or contains itself")]
    TooDeep {
        /// The type where the walk began.
        id: TypeId,
    },
    /// The size or alignment of something that has none (void, a function, a forward).
    #[error("type {id} ({kind}) has no size")]
    NoSize {
        /// The type without size.
        id: TypeId,
        /// Its kind.
        kind: Kind,
    },
    /// An array longer than 4 GiB.
    #[error("type {id} is larger than 4 GiB")]
    TooLarge {
        /// The array.
        id: TypeId,
    },
    /// A type of a kind that the operation cannot take.
    #[error("type {id} is a {kind}, expected {expected}")]
    WrongKind {
        /// The type.
        id: TypeId,
        /// Its kind.
        kind: Kind,
        /// What was wanted.
        expected: &'static str,
    },
    /// A `.BTF.ext` table that contradicts the format.
    #[error("bad .BTF.ext {table} table: {what} is {value} (offset {offset_bytes:#x})")]
    BadExt {
        /// `func_info`, `line_info` or `core_relo`.
        table: &'static str,
        /// The wrong field.
        what: &'static str,
        /// Its value.
        value: u32,
        /// Where it is.
        offset_bytes: u64,
    },
}
