//! Packets from readable descriptions and captures, and back.
//!
//! A description names the headers from the outside in, with what is to differ from the usual:
//! `eth/ipv4(src=10.0.0.1)/tcp(dport=80,syn)/"payload"`. Lengths, protocols and checksums follow from what is inside, unless they
//! are given. [`packet`] builds one, [`expand`] all that a description with sets of values is of, [`describe`] is the way back, and
//! [`difference`] tells people what differs.

#![forbid(unsafe_code)]

mod build;
mod capture;
mod describe;
mod diff;
mod layers;
mod read;
mod syntax;

pub use capture::{MAX_PACKETS, from_capture, from_hex};
pub use describe::describe;
pub use diff::difference;

use std::fmt;
use std::ops::Range;

/// Longest packet, in bytes.
pub const MAX_BYTES: usize = 65_535;
/// Most packets of one description.
pub const MAX_EXPANDED: usize = 10_000;

/// What is wrong with a description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketError {
    /// The part that is wrong, in bytes.
    pub range: Range<usize>,
    /// What.
    pub message: String,
}

impl fmt::Display for PacketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for PacketError {}

/// The packet that a description is of.
///
/// # Errors
/// [`PacketError`], also for a description of several packets.
///
/// ```
/// let syn = bpfc_packet::packet("eth/ipv4(src=10.0.0.1)/tcp(dport=80,syn)").unwrap();
/// assert_eq!(syn.len(), 14 + 20 + 20);
/// assert_eq!(&syn[26..30], [10, 0, 0, 1]);
/// assert_eq!(bpfc_packet::describe(&syn), "eth/ipv4(src=10.0.0.1)/tcp(syn)");
/// ```
pub fn packet(description: &str) -> Result<Vec<u8>, PacketError> {
    let sets = syntax::sets(description)?;
    if let Some(set) = sets.first() {
        let message = "a set of values is of several packets, and one is wanted".to_owned();
        return Err(PacketError { range: set.range.clone(), message });
    }
    one(description)
}

/// The packets that a description is of, each with its own description: `tcp(dport={80,443})` are two.
///
/// # Errors
/// [`PacketError`], also for more than [`MAX_EXPANDED`].
pub fn expand(description: &str) -> Result<Vec<(String, Vec<u8>)>, PacketError> {
    let is_whole = syntax::sets(description)?.is_empty();
    let built = syntax::expanded(description)?.into_iter().map(|text| match one(&text) {
        Ok(bytes) => Ok((text, bytes)),
        Err(error) if is_whole => Err(error),
        // Places are those of another text.
        Err(error) => {
            let message = format!("`{text}`: {}", error.message);
            Err(PacketError { range: 0..description.len(), message })
        }
    });
    built.collect()
}

/// Whether a text looks like a description, not like the name of a file.
pub fn is_description(text: &str) -> bool {
    let word = text.trim_start();
    let end = word.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(word.len());
    word.starts_with("hex:") || word.starts_with('"') || layers::find(&word[..end]).is_some() || {
        let is_payload = matches!(&word[..end], "hex" | "zeros");
        is_payload && word[end..].starts_with('(')
    }
}

fn one(description: &str) -> Result<Vec<u8>, PacketError> {
    let layers = match description.trim_start().strip_prefix("hex:") {
        Some(digits) => {
            let wrong = |message| PacketError { range: 0..description.len(), message };
            return from_hex(digits).map_err(wrong);
        }
        None => syntax::parse(description)?,
    };
    let bytes = build::build(&layers);
    match bytes.len() <= MAX_BYTES {
        true => Ok(bytes),
        false => {
            let message = format!("a packet of {} bytes: more than {MAX_BYTES}", bytes.len());
            Err(PacketError { range: 0..description.len(), message })
        }
    }
}
