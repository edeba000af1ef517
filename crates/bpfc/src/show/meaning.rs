//! What a number or some bytes stand for beyond their C type: addresses, ports, times. Types say it where they can
//! (`__be16`, `struct in6_addr`), otherwise the member's name has to.

use super::Value;
use bpfc_btf::{Btf, Endian, IntEncoding, Type, TypeId};
use serde_json::Value as Json;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Types of typedefs that are followed.
const MAX_TYPEDEFS: u32 = 32;

/// What a scalar, or a few bytes, stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// An IPv4 address in network order, 4 bytes.
    Ipv4,
    /// An IPv6 address, 16 bytes.
    Ipv6,
    /// An Ethernet address, 6 bytes.
    Mac,
    /// A number of which the first byte is the highest.
    NetworkOrder,
    /// How long something took, in nanoseconds, 8 bytes.
    Duration,
    /// When something was, in nanoseconds since the machine started, 8 bytes.
    Timestamp,
}

/// Words in the name of an address that is declared as one by its type.
const PLACES: [&str; 17] = [
    "addr", "saddr", "daddr", "laddr", "raddr", "ip", "ip4", "ipv4", "src", "dst", "source",
    "dest", "local", "remote", "peer", "gateway", "nexthop",
];
/// Words in the name of an address that is declared as a plain number or as bytes.
const ADDRESSES: [&str; 8] = ["saddr", "daddr", "laddr", "raddr", "ip4", "ipv4", "ip6", "ipv6"];
/// Further ones for 16 bytes, which are little else.
const LONG_ADDRESSES: [&str; 2] = ["addr", "ip"];
/// Words in the name of an Ethernet address.
const STATIONS: [&str; 11] =
    ["mac", "smac", "dmac", "addr", "hwaddr", "lladdr", "eth", "source", "dest", "src", "dst"];
/// Words in the name of a moment.
const MOMENTS: [&str; 7] = ["ts", "timestamp", "start", "end", "ktime", "begin", "when"];

impl Meaning {
    /// What a member, or a variable, of this name and type stands for; `None` for what its type says.
    pub fn of(btf: &Btf, name: &str, ty: TypeId) -> Option<Meaning> {
        let is_network_order =
            typedef(btf, ty, |name| matches!(name, "__be16" | "__be32" | "__be64"));
        // `saddr6` is called as `saddr` is.
        let is_one = |word: &str, words: &[&str]| {
            let short = word.trim_end_matches(|c: char| c.is_ascii_digit());
            words.contains(&word) || short.ends_with("addr") && words.contains(&short)
        };
        let has = |words: &[&str]| name.split('_').any(|word| is_one(word, words));
        let (id, resolved) = btf.resolved(ty).ok()?;
        match resolved {
            Type::Struct(of) => match (btf.name(id), of.size_bytes()) {
                ("in_addr", 4) => Some(Meaning::Ipv4),
                ("in6_addr", 16) => Some(Meaning::Ipv6),
                _ => None,
            },
            Type::Int(int) if int.encoding != IntEncoding::Unsigned => None,
            Type::Int(int) => match int.size_bytes {
                4 if has(if is_network_order { &PLACES } else { &ADDRESSES }) => {
                    Some(Meaning::Ipv4)
                }
                16 if has(&ADDRESSES) || has(&LONG_ADDRESSES) => Some(Meaning::Ipv6),
                _ if is_network_order => Some(Meaning::NetworkOrder),
                8 => time(name),
                _ => None,
            },
            Type::Array { element, n_elements, .. } => {
                let (_, Type::Int(int)) = btf.resolved(element).ok()? else { return None };
                if int.encoding != IntEncoding::Unsigned || int.name == "char" {
                    return None;
                }
                match (int.size_bytes, n_elements) {
                    (1, 4) if has(&ADDRESSES) => Some(Meaning::Ipv4),
                    (1, 16) | (4, 4) if has(&ADDRESSES) || has(&LONG_ADDRESSES) => {
                        Some(Meaning::Ipv6)
                    }
                    (1, 6) if has(&STATIONS) => Some(Meaning::Mac),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The value; `None` where there are not as many bytes as it has.
    pub(super) fn value(self, bytes: &[u8], endian: Endian) -> Option<Value> {
        Some(match self {
            Meaning::Ipv4 => Value::Address(IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?)),
            Meaning::Ipv6 => Value::Address(IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?)),
            Meaning::Mac => Value::Mac(bytes.try_into().ok()?),
            Meaning::NetworkOrder => {
                let number =
                    bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
                Value::Int(i128::from(number))
            }
            Meaning::Duration => Value::Duration(eight(bytes, endian)?),
            Meaning::Timestamp => Value::Timestamp(eight(bytes, endian)?),
        })
    }

    /// The bytes of what JSON says; `None` where that is for the type alone to read.
    pub(super) fn encode(self, json: &Json) -> Option<Result<Vec<u8>, String>> {
        match (self, json) {
            (Meaning::Ipv4, Json::String(text)) => Some(
                parsed::<Ipv4Addr>(text, "an IPv4 address")
                    .map(|address| address.octets().to_vec()),
            ),
            (Meaning::Ipv6, Json::String(text)) => Some(
                parsed::<Ipv6Addr>(text, "an IPv6 address")
                    .map(|address| address.octets().to_vec()),
            ),
            (Meaning::Mac, Json::String(text)) => Some(mac(text)),
            _ => None,
        }
    }
}

fn eight(bytes: &[u8], endian: Endian) -> Option<u64> {
    let bytes = bytes.try_into().ok()?;
    Some(match endian {
        Endian::Little => u64::from_le_bytes(bytes),
        Endian::Big => u64::from_be_bytes(bytes),
    })
}

fn parsed<T: std::str::FromStr>(text: &str, what: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is not {what}"))
}

/// Six pairs of digits.
fn mac(text: &str) -> Result<Vec<u8>, String> {
    let bytes: Option<Vec<u8>> =
        text.split([':', '-']).map(|pair| u8::from_str_radix(pair, 16).ok()).collect();
    bytes
        .filter(|bytes| bytes.len() == 6)
        .ok_or_else(|| format!("`{text}` is not an Ethernet address"))
}

/// `delta_ns` is a duration, `ts`, `start_ns` and `event_ts_ns` are moments.
fn time(name: &str) -> Option<Meaning> {
    let mut words: Vec<&str> = name.split('_').collect();
    let is_ns = words.last() == Some(&"ns") && words.pop().is_some();
    let last = words.last()?;
    match MOMENTS.contains(last) && (is_ns || matches!(*last, "ts" | "timestamp")) {
        true => Some(Meaning::Timestamp),
        false => is_ns.then_some(Meaning::Duration),
    }
}

/// Whether one of the names that a type goes by is looked for.
fn typedef(btf: &Btf, ty: TypeId, is_it: impl Fn(&str) -> bool) -> bool {
    let mut at = ty;
    for _ in 0..MAX_TYPEDEFS {
        at = match btf.ty(at) {
            Ok(Type::Typedef { name, .. }) if is_it(name) => return true,
            Ok(
                Type::Typedef { target, .. }
                | Type::Const { target }
                | Type::Volatile { target }
                | Type::TypeTag { target, .. },
            ) => target,
            _ => return false,
        };
    }
    false
}
