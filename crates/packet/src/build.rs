//! From layers to bytes.

use crate::layers::{
    EXPERIMENTAL_ETHER_TYPE, EXPERIMENTAL_PROTOCOL, Field, Kind, Layer, Layout, Sum, VXLAN_PORT,
};
use etherparse::checksum::Sum16BitWords;

/// The bytes of a packet, from its innermost layer out.
pub fn build(layers: &[Layer]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut n_pad = 0;
    let mut inner: Option<&Layer> = None;
    for layer in layers.iter().rev() {
        match layer {
            Layer::Payload(payload) => {
                bytes.splice(0..0, payload.iter().copied());
            }
            Layer::Pad(n) => {
                n_pad += n;
                continue;
            }
            Layer::Header { layout, values, options } => {
                let header = Header { layout, values, options };
                bytes = header.around(bytes, inner);
            }
        }
        inner = Some(layer);
    }
    bytes.resize(bytes.len() + n_pad, 0);
    bytes
}

struct Header<'a> {
    layout: &'static Layout,
    values: &'a [Option<u128>],
    options: &'a [u8],
}

impl Header<'_> {
    fn around(&self, payload: Vec<u8>, inner: Option<&Layer>) -> Vec<u8> {
        let n_header = self.layout.n_bytes() + self.options.len();
        let mut bits = Bits::default();
        for (field, value) in self.layout.fields.iter().zip(self.values) {
            let value = value.unwrap_or_else(|| implied(field, n_header, payload.len(), inner));
            bits.push(field.n_bits, value);
        }
        let mut bytes = bits.bytes;
        bytes.extend_from_slice(self.options);
        bytes.extend_from_slice(&payload);
        if self.layout.sum == Sum::Header && !self.is_given(Kind::Checksum) {
            let sum = checksum(&bytes[..n_header]);
            self.put_checksum(&mut bytes, sum);
        }
        if self.layout.sum == Sum::All && !self.is_given(Kind::Checksum) {
            let sum = checksum(&bytes);
            self.put_checksum(&mut bytes, sum);
        }
        self.sum_of_inner(&mut bytes, n_header, inner);
        bytes
    }

    fn is_given(&self, kind: Kind) -> bool {
        let mut fields = self.layout.fields.iter().zip(self.values);
        fields.any(|(field, value)| field.kind == kind && value.is_some())
    }

    fn put_checksum(&self, bytes: &mut [u8], sum: u16) {
        let before = self.layout.fields.iter().take_while(|field| field.kind != Kind::Checksum);
        let at = before.map(|field| field.n_bits as usize).sum::<usize>() / 8;
        bytes[at..at + 2].copy_from_slice(&sum.to_be_bytes());
    }

    /// Checksums with a pseudo header can be known only where the addresses are.
    fn sum_of_inner(&self, bytes: &mut [u8], n_header: usize, inner: Option<&Layer>) {
        let Some(Layer::Header { layout, values, options }) = inner else { return };
        let inner = Header { layout, values, options };
        let addresses = match self.layout.name {
            "ipv4" => 12..20,
            "ipv6" => 8..40,
            _ => return,
        };
        if layout.sum != Sum::Pseudo || inner.is_given(Kind::Checksum) {
            return;
        }
        let (outer, transport) = bytes.split_at_mut(n_header);
        let length = (transport.len() as u32).to_be_bytes();
        let protocol = u16::from(layout.protocol.unwrap_or(0)).to_be_bytes();
        let sum = [&outer[addresses], &length, &protocol, &*transport]
            .into_iter()
            .fold(Sum16BitWords::new(), Sum16BitWords::add_slice);
        let sum = match sum.ones_complement().to_be() {
            // Without a checksum: zero is said otherwise (RFC 768).
            0 if layout.name == "udp" => 0xffff,
            sum => sum,
        };
        inner.put_checksum(transport, sum);
    }
}

/// What a field is if nothing is said of it.
fn implied(field: &Field, n_header: usize, n_payload: usize, inner: Option<&Layer>) -> u128 {
    let inner = match inner {
        Some(Layer::Header { layout, .. }) => Some(*layout),
        _ => None,
    };
    match field.kind {
        Kind::EtherType => {
            let ether_type = inner.and_then(|layout| layout.ether_type);
            ether_type.map_or(EXPERIMENTAL_ETHER_TYPE, u128::from)
        }
        Kind::Protocol => {
            let protocol = inner.and_then(|layout| layout.protocol);
            protocol.map_or(EXPERIMENTAL_PROTOCOL, u128::from)
        }
        Kind::Port if inner.is_some_and(|layout| layout.name == "vxlan") => VXLAN_PORT,
        // What does not fit is cut, as on the wire.
        Kind::TotalLength => (n_header + n_payload) as u128,
        Kind::PayloadLength => n_payload as u128,
        Kind::HeaderWords => (n_header / 4) as u128,
        Kind::Bottom => u128::from(inner.is_none_or(|layout| layout.name != "mpls")),
        _ => field.default,
    }
}

fn checksum(bytes: &[u8]) -> u16 {
    Sum16BitWords::new().add_slice(bytes).ones_complement().to_be()
}

/// Fields one behind the other, the most significant bit first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    n_bits: u32,
}

impl Bits {
    fn push(&mut self, n_bits: u32, value: u128) {
        for bit in (0..n_bits).rev() {
            if self.n_bits.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if value >> bit & 1 != 0
                && let Some(last) = self.bytes.last_mut()
            {
                *last |= 0x80 >> (self.n_bits % 8);
            }
            self.n_bits += 1;
        }
    }
}
