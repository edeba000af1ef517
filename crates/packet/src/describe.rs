//! From bytes to the shortest description that builds them.

use crate::build::build;
use crate::layers::{Field, Kind, Layer};
use crate::read::read;
use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A description of a packet that begins with an Ethernet header, or of any other bytes: what [`packet`](crate::packet) builds of it
/// are the same bytes.
pub fn describe(bytes: &[u8]) -> String {
    let mut layers = read(bytes);
    while build(&layers) != bytes {
        // What cannot be said in words is bytes, from the inside out.
        let Some(at) = layers.iter().rposition(|layer| layer.name().is_some()) else {
            return hex(bytes);
        };
        let n_outer: usize = layers[..at].iter().map(n_bytes).sum();
        layers.truncate(at);
        layers.push(Layer::Payload(bytes[n_outer..].to_vec()));
    }
    for at in 0..layers.len() {
        forget(&mut layers, at, bytes);
    }
    let parts: Vec<String> = layers.iter().map(text).collect();
    parts.join("/")
}

/// Forgets what follows from the rest.
fn forget(layers: &mut [Layer], at: usize, bytes: &[u8]) {
    let Layer::Header { values, .. } = &layers[at] else { return };
    for idx in 0..values.len() {
        let Layer::Header { values, .. } = &mut layers[at] else { return };
        let value = values[idx].take();
        if build(layers) != bytes
            && let Layer::Header { values, .. } = &mut layers[at]
        {
            values[idx] = value;
        }
    }
}

fn n_bytes(layer: &Layer) -> usize {
    match layer {
        Layer::Header { layout, options, .. } => layout.n_bytes() + options.len(),
        Layer::Payload(bytes) => bytes.len(),
        Layer::Pad(n) => *n,
    }
}

/// One layer, as it is written.
pub fn text(layer: &Layer) -> String {
    match layer {
        Layer::Pad(n) => format!("pad({n})"),
        Layer::Payload(bytes) => payload(bytes),
        Layer::Header { layout, values, options } => {
            let said = layout.fields.iter().zip(values);
            let mut said: Vec<String> = said
                .filter_map(|(field, value)| value.map(|value| assignment(field, value)))
                .collect();
            if !options.is_empty() {
                let digits: String = options.iter().map(|byte| format!("{byte:02x}")).collect();
                said.push(format!("options=0x{digits}"));
            }
            match said.is_empty() {
                true => layout.name.to_owned(),
                false => format!("{}({})", layout.name, said.join(",")),
            }
        }
    }
}

fn assignment(field: &Field, value: u128) -> String {
    match (field.kind, value) {
        (Kind::Flag, 1) => field.name.to_owned(),
        _ => format!("{}={}", field.name, shown(field.kind, value)),
    }
}

/// The value of a field, as it is written.
pub fn shown(kind: Kind, value: u128) -> String {
    match kind {
        Kind::Mac => {
            let bytes = (value as u64).to_be_bytes();
            let parts: Vec<String> = bytes[2..].iter().map(|byte| format!("{byte:02x}")).collect();
            parts.join(":")
        }
        Kind::Ipv4 => Ipv4Addr::from_bits(value as u32).to_string(),
        Kind::Ipv6 => Ipv6Addr::from_bits(value).to_string(),
        Kind::Hex | Kind::EtherType | Kind::Checksum => format!("{value:#x}"),
        _ => value.to_string(),
    }
}

fn payload(bytes: &[u8]) -> String {
    let is_text = bytes.iter().all(|byte| (b' '..=b'~').contains(byte));
    match (is_text, bytes.iter().all(|&byte| byte == 0)) {
        (true, _) => format!("\"{}\"", bytes.escape_ascii()),
        (_, true) => format!("zeros({})", bytes.len()),
        _ => hex(bytes),
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::from("hex(");
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(out, "{byte:02x}");
    }
    out + ")"
}
