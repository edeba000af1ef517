//! `--packet`: where packets come from.

use crate::files;
use bpfc_base::{Diagnostic, codes};
use bpfc_packet::PacketError;
use std::path::Path;

/// A TCP SYN to port 80, as long as the shortest Ethernet frame.
const TCP_SYN: &str = "eth/ipv4(id=1,df)/tcp(seq=1000,syn)/pad(6)";

/// The packets that `source` names: a capture file, a description, or `hex:…`. Without one, a TCP SYN.
///
/// # Errors
/// A diagnostic that says what is wrong with it.
pub fn load(source: Option<&str>) -> Result<Vec<Vec<u8>>, Diagnostic> {
    let source = source.unwrap_or(TCP_SYN);
    let path = Path::new(source);
    if bpfc_packet::is_description(source) && !path.exists() {
        let packets = bpfc_packet::expand(source).map_err(|error| in_argument(source, &error))?;
        return Ok(packets.into_iter().map(|(_, bytes)| bytes).collect());
    }
    bpfc_packet::from_capture(&files::read(path)?).map_err(|what| {
        let message = format!("`{source}` is not a usable capture: {what}");
        Diagnostic::without_span(codes::load::E0911, message)
    })
}

/// The mistake, with a mark below the part of the argument that is wrong.
fn in_argument(source: &str, error: &PacketError) -> Diagnostic {
    let n_before = source[..error.range.start].chars().count();
    let n_marks = source[error.range.clone()].chars().count().max(1);
    let marks = " ".repeat(n_before) + &"^".repeat(n_marks);
    let marked = format!("in the packet\n    {source}\n    {marks}");
    Diagnostic::without_span(codes::load::E0911, error.message.clone()).with_note(marked)
}
