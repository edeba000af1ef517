//! `--packet`: where packets come from.

use crate::files;
use bpfc_base::{Diagnostic, codes};
use pcap_parser::{Block, Linktype, PcapBlockOwned, PcapError, create_reader};
use std::path::Path;

/// How much of a capture is read at a time; more than any packet has.
const BUFFER_BYTES: usize = 1 << 20;
/// Packets of a capture that are kept.
const MAX_PACKETS: usize = 1_000_000;

/// A TCP SYN from 192.0.2.1 to port 80 of 192.0.2.2, the addresses that RFC 5737 keeps for
/// documentation.
const TCP_SYN: [u8; 60] = [
    0x02, 0, 0, 0, 0, 2, 0x02, 0, 0, 0, 0, 1, 0x08, 0x00, // Ethernet
    0x45, 0, 0, 40, 0, 1, 0x40, 0, 64, 6, 0xb6, 0xcb, 192, 0, 2, 1, 192, 0, 2, 2, // IPv4
    0x9c, 0x40, 0, 80, 0, 0, 3, 0xe8, 0, 0, 0, 0, 0x50, 0x02, 0xfa, 0xf0, 0xfb, 0xd5, 0,
    0, // TCP
    0, 0, 0, 0, 0, 0, // padding to the shortest Ethernet frame
];

/// The packets that `source` names: a capture file, or `hex:…`. Without one, a TCP SYN.
///
/// # Errors
/// A diagnostic that says what is wrong with it.
pub fn load(source: Option<&str>) -> Result<Vec<Vec<u8>>, Diagnostic> {
    match source {
        None => Ok(vec![TCP_SYN.to_vec()]),
        Some(source) => match source.strip_prefix("hex:") {
            Some(digits) => Ok(vec![from_hex(digits)?]),
            None => from_capture(source, &files::read(Path::new(source))?),
        },
    }
}

fn bad(message: String) -> Diagnostic {
    Diagnostic::without_span(codes::load::E0911, message)
}

/// Hexadecimal digits; blanks, colons and underscores may separate bytes.
fn from_hex(digits: &str) -> Result<Vec<u8>, Diagnostic> {
    let is_separator = |c: &char| matches!(c, ' ' | ':' | '_' | '\n' | '\t');
    let digits: Vec<char> = digits.chars().filter(|c| !is_separator(c)).collect();
    if let Some(odd) = digits.iter().find(|c| !c.is_ascii_hexdigit()) {
        return Err(bad(format!("`{odd}` is no hexadecimal digit")));
    }
    if digits.len() % 2 == 1 {
        return Err(bad(format!(
            "a packet of {} hexadecimal digits ends within a byte",
            digits.len()
        )));
    }
    let digit = |c: char| c.to_digit(16).expect("checked above") as u8;
    Ok(digits.chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect())
}

/// The frames of a pcap or pcapng file.
fn from_capture(name: &str, bytes: &[u8]) -> Result<Vec<Vec<u8>>, Diagnostic> {
    let damaged = |what: &str| bad(format!("`{name}` is not a usable capture: {what}"));
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
        assert!(from_hex("012").unwrap_err().message.contains("ends within a byte"));
        assert!(from_hex("0x").unwrap_err().message.contains("no hexadecimal digit"));
    }

    #[test]
    fn damaged_captures_are_refused() {
        let capture = include_bytes!("../../../../../examples/mixed.pcap");
        assert_eq!(from_capture("mixed.pcap", capture).unwrap().len(), 15);
        for len in 0..capture.len() {
            // Cutting right behind a packet leaves a shorter, valid capture.
            match from_capture("cut.pcap", &capture[..len]) {
                Ok(packets) => assert!(!packets.is_empty() && packets.len() < 15),
                Err(error) => assert_eq!(error.code, codes::load::E0911),
            }
        }
        assert!(from_capture("zeros", &[0; 64]).is_err());
    }
}
