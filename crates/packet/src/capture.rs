//! Packets of captures, and of hexadecimal digits.

use pcap_parser::{Block, Linktype, PcapBlockOwned, PcapError, create_reader};

/// How much of a capture is read at a time; more than any packet has.
const BUFFER_BYTES: usize = 1 << 20;
/// Packets of a capture that are kept.
pub const MAX_PACKETS: usize = 1_000_000;

/// Hexadecimal digits; blanks, colons and underscores may separate bytes.
///
/// # Errors
/// What is wrong with them.
pub fn from_hex(digits: &str) -> Result<Vec<u8>, String> {
    let is_separator = |c: &char| matches!(c, ' ' | ':' | '_' | '\n' | '\t');
    let digits: Vec<char> = digits.chars().filter(|c| !is_separator(c)).collect();
    if let Some(odd) = digits.iter().find(|c| !c.is_ascii_hexdigit()) {
        return Err(format!("`{odd}` is no hexadecimal digit"));
    }
    if digits.len() % 2 == 1 {
        return Err(format!("a packet of {} hexadecimal digits ends within a byte", digits.len()));
    }
    let digit = |c: char| c.to_digit(16).expect("checked above") as u8;
    Ok(digits.chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect())
}

/// The frames of a pcap or pcapng file.
///
/// # Errors
/// What is wrong with it.
pub fn from_capture(bytes: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let damaged = str::to_owned;
    if bytes.len() < 24 {
        return Err(damaged("it is too short to be one"));
    }
    let mut reader =
        create_reader(BUFFER_BYTES, bytes).map_err(|_| damaged("it is neither pcap nor pcapng"))?;
    let mut packets = Vec::new();
    loop {
        let needs_more = match reader.next() {
            Ok((n_bytes, block)) => {
                check_link_type(&block).map_err(|what| damaged(&what))?;
                packets.extend(frame(&block).map(<[u8]>::to_vec));
                reader.consume(n_bytes);
                false
            }
            Err(PcapError::Eof) => break,
            Err(PcapError::Incomplete(_)) => true,
            Err(PcapError::UnexpectedEof) => return Err(damaged("it ends within a packet")),
            Err(_) => return Err(damaged("it is malformed")),
        };
        if needs_more {
            if reader.reader_exhausted() {
                return Err(damaged("it ends within a packet"));
            }
            reader.refill().map_err(|_| damaged("a packet is longer than 1 MiB"))?;
        }
        if packets.len() > MAX_PACKETS {
            return Err(damaged("it has more than a million packets"));
        }
    }
    match packets.is_empty() {
        true => Err(damaged("it has no packets")),
        false => Ok(packets),
    }
}

fn check_link_type(block: &PcapBlockOwned<'_>) -> Result<(), String> {
    let link_type = match block {
        PcapBlockOwned::LegacyHeader(header) => header.network,
        PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => interface.linktype,
        _ => return Ok(()),
    };
    match link_type {
        Linktype::ETHERNET => Ok(()),
        Linktype(number) => {
            Err(format!("its packets are not Ethernet frames (link type {number})"))
        }
    }
}

fn frame<'a>(block: &PcapBlockOwned<'a>) -> Option<&'a [u8]> {
    match block {
        PcapBlockOwned::Legacy(packet) => Some(packet.data),
        PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
            Some(packet.data.get(..packet.caplen as usize).unwrap_or(packet.data))
        }
        PcapBlockOwned::NG(Block::SimplePacket(packet)) => Some(packet.data),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_packets() {
        assert_eq!(from_hex("01 0a:FF").unwrap(), [1, 10, 255]);
        assert!(from_hex("012").unwrap_err().contains("ends within a byte"));
        assert!(from_hex("0x").unwrap_err().contains("no hexadecimal digit"));
    }

    #[test]
    fn damaged_captures_are_refused() {
        let capture = include_bytes!("../../../examples/mixed.pcap");
        assert_eq!(from_capture(capture).unwrap().len(), 15);
        for len in (0..capture.len()).step_by(13) {
            // Cutting right behind a packet leaves a shorter, valid capture.
            if let Ok(packets) = from_capture(&capture[..len]) {
                assert!(!packets.is_empty() && packets.len() < 15);
            }
        }
    }
}
