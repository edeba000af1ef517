//! From bytes to layers, every field given.

use crate::layers::{Kind, LAYOUTS, Layer, Layout, VXLAN_PORT, find};

/// The layers of a packet that begins with an Ethernet header; what is not known is payload.
pub fn read(bytes: &[u8]) -> Vec<Layer> {
    let mut layers = Vec::new();
    let mut rest = bytes;
    let mut n_pad = 0;
    let mut next = find("eth");
    while let Some(layout) = next {
        let Some((layer, n_header)) = header(layout, rest) else { break };
        let Layer::Header { values, .. } = &layer else { break };
        let whole = within(layout, values, n_header, rest.len());
        let behind = &rest[whole..];
        if !behind.is_empty() {
            if behind.iter().any(|&byte| byte != 0) {
                break;
            }
            n_pad += behind.len();
        }
        rest = &rest[n_header..whole];
        next = inside(layout, values, rest);
        layers.push(layer);
    }
    if !rest.is_empty() {
        layers.push(Layer::Payload(rest.to_vec()));
    }
    if n_pad > 0 {
        layers.push(Layer::Pad(n_pad));
    }
    layers
}

/// A header and its length.
fn header(layout: &'static Layout, bytes: &[u8]) -> Option<(Layer, usize)> {
    let n_fixed = layout.n_bytes();
    let fixed = bytes.get(..n_fixed)?;
    let mut at = 0;
    let mut values = Vec::new();
    for field in layout.fields {
        let bits = at..at + field.n_bits as usize;
        at = bits.end;
        let bit = |idx: usize| u128::from(fixed[idx / 8] >> (7 - idx % 8) & 1);
        values.push(Some(bits.fold(0, |value, idx| value << 1 | bit(idx))));
    }
    let value = |kind: Kind| value_of(layout, &values, kind);
    let n_header = match value(Kind::HeaderWords) {
        Some(words) => words as usize * 4,
        None => n_fixed,
    };
    let options = bytes.get(n_fixed..n_header)?.to_vec();
    Some((Layer::Header { layout, values, options }, n_header))
}

fn value_of(layout: &Layout, values: &[Option<u128>], kind: Kind) -> Option<u128> {
    let mut fields = layout.fields.iter().zip(values);
    fields.find_map(|(field, value)| if field.kind == kind { *value } else { None })
}

fn named(layout: &Layout, values: &[Option<u128>], name: &str) -> u128 {
    let mut fields = layout.fields.iter().zip(values);
    let found = fields.find_map(|(field, value)| if field.name == name { *value } else { None });
    found.unwrap_or(0)
}

/// Bytes of a header and what is inside, as its length says, if it says something possible.
fn within(layout: &Layout, values: &[Option<u128>], n_header: usize, n_bytes: usize) -> usize {
    let said = match layout.name {
        "ipv4" => value_of(layout, values, Kind::TotalLength),
        "ipv6" => value_of(layout, values, Kind::PayloadLength).map(|n| n + n_header as u128),
        _ => None,
    };
    let said = said.and_then(|n| usize::try_from(n).ok());
    said.filter(|n| (n_header..=n_bytes).contains(n)).unwrap_or(n_bytes)
}

fn inside(layout: &Layout, values: &[Option<u128>], rest: &[u8]) -> Option<&'static Layout> {
    let by = |is_it: &dyn Fn(&Layout) -> bool| LAYOUTS.iter().find(|layout| is_it(layout));
    match layout.name {
        // Only the first fragment has headers inside.
        "ipv4" if named(layout, values, "offset") != 0 => None,
        "udp" if named(layout, values, "dport") == VXLAN_PORT => find("vxlan"),
        "vxlan" => find("eth"),
        "gre" if named(layout, values, "flags") != 0 => None,
        "mpls" if named(layout, values, "bottom") == 0 => find("mpls"),
        "mpls" => match rest.first().map(|byte| byte >> 4) {
            Some(4) => find("ipv4"),
            Some(6) => find("ipv6"),
            _ => None,
        },
        _ => {
            let number = value_of(layout, values, Kind::EtherType);
            let protocol = value_of(layout, values, Kind::Protocol);
            match (number, protocol) {
                (Some(number), _) => by(&|l| l.ether_type.map(u128::from) == Some(number)),
                (_, Some(number)) => by(&|l| l.protocol.map(u128::from) == Some(number)),
                _ => None,
            }
        }
    }
}
