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
        self.build(description).map(|packet| vec![packet])
    }
}

impl Packets for PacketLanguage {
    fn build(&self, description: &str) -> Result<Vec<u8>, String> {
        let digits = description.strip_prefix("hex:").ok_or("it is not `hex:…`")?;
        let digits: Vec<u8> = digits.bytes().filter(u8::is_ascii_hexdigit).collect();
        let pairs = digits.chunks_exact(2).map(|pair| {
            let text = std::str::from_utf8(pair).unwrap_or_default();
            u8::from_str_radix(text, 16).map_err(|error| error.to_string())
        });
        pairs.collect()
    }

    fn difference(&self, expected: &[u8], actual: &[u8]) -> Option<String> {
        let hex = crate::values::hex;
        (expected != actual).then(|| format!("expected {}\nfound {}", hex(expected), hex(actual)))
    }
}
