//! Packets as tests describe them.

use bpfc_vm::Packets;

/// The language of `bpfc run --packet`.
#[derive(Clone, Copy, Debug, Default)]
pub struct PacketLanguage;

impl PacketLanguage {
    /// The packets that a description is of.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn expand(self, description: &str) -> Result<Vec<Vec<u8>>, String> {
        let all = bpfc_packet::expand(description).map_err(|error| error.message)?;
        Ok(all.into_iter().map(|(_, bytes)| bytes).collect())
    }
}

impl Packets for PacketLanguage {
    fn build(&self, description: &str) -> Result<Vec<u8>, String> {
        bpfc_packet::packet(description).map_err(|error| error.message)
    }

    fn difference(&self, expected: &[u8], actual: &[u8]) -> Option<String> {
        bpfc_packet::difference(expected, actual)
    }
}
