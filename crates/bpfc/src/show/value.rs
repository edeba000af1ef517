//! A decoded value.

use crate::stacks;
use bpfc_symbols::Frame;
use std::fmt;
use std::net::IpAddr;

/// What some bytes mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// An integer.
    Int(i128),
    /// `_Bool`
    Bool(bool),
    /// `char` as a character: its code.
    Char(u8),
    /// An array of `char`, up to its first zero.
    Text(Vec<u8>),
    /// An enumerator; the number where no name fits.
    Enum(String),
    /// An address.
    Pointer(u64),
    /// Members in order.
    Struct(Vec<(String, Value)>),
    /// Elements in order.
    Array(Vec<Value>),
    /// Bytes of which nothing is known.
    Bytes(Vec<u8>),
    /// An IPv4 or IPv6 address.
    Address(IpAddr),
    /// An Ethernet address.
    Mac([u8; 6]),
    /// Nanoseconds that something took.
    Duration(u64),
    /// Nanoseconds since the machine started.
    Timestamp(u64),
    /// Functions on a stack, innermost first.
    Stack(Vec<Frame>),
}

impl Value {
    /// True for numbers, which columns show at their right side.
    pub fn is_number(&self) -> bool {
        matches!(self, Value::Int(_) | Value::Pointer(_) | Value::Duration(_) | Value::Timestamp(_))
    }

    /// The number, if it is one.
    pub fn as_int(&self) -> Option<i128> {
        match self {
            Value::Int(n) => Some(*n),
            Value::Duration(ns) | Value::Timestamp(ns) => Some(i128::from(*ns)),
            _ => None,
        }
    }

    /// As JSON. Numbers past 2^53 are numbers too: readers that care parse them exactly.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match self {
            Value::Int(n) => match (u64::try_from(*n), i64::try_from(*n)) {
                (Ok(n), _) => Json::from(n),
                (_, Ok(n)) => Json::from(n),
                _ => Json::from(n.to_string()),
            },
            Value::Bool(b) => Json::from(*b),
            Value::Char(c) => Json::from(*c),
            Value::Text(bytes) => Json::from(String::from_utf8_lossy(bytes)),
            Value::Enum(name) => Json::from(name.as_str()),
            Value::Pointer(address) => Json::from(format!("{address:#x}")),
            Value::Struct(members) => {
                members.iter().map(|(name, value)| (name.clone(), value.to_json())).collect()
            }
            Value::Array(elements) => elements.iter().map(Value::to_json).collect(),
            Value::Bytes(bytes) => Json::from(hex(bytes)),
            Value::Duration(ns) | Value::Timestamp(ns) => Json::from(*ns),
            Value::Address(_) | Value::Mac(_) => Json::from(self.to_string()),
            Value::Stack(frames) => frames.iter().map(stacks::to_json).collect(),
        }
    }
}

/// Control characters would reach the terminal: they are shown escaped.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Int(n) => write!(f, "{n}"),
            Value::Bool(b) => write!(f, "{b}"),
            Value::Char(c) if c.is_ascii_graphic() => write!(f, "'{}'", *c as char),
            Value::Char(c) => write!(f, "{c}"),
            Value::Text(bytes) => {
                let text = String::from_utf8_lossy(bytes);
                text.chars().try_for_each(|c| match c.is_control() {
                    true => write!(f, "{}", c.escape_default()),
                    false => write!(f, "{c}"),
                })
            }
            Value::Enum(name) => f.write_str(name),
            Value::Pointer(address) => write!(f, "{address:#x}"),
            Value::Struct(members) => {
                f.write_str("{")?;
                for (at, (name, value)) in members.iter().enumerate() {
                    write!(f, "{}{name} = {value}", if at > 0 { ", " } else { "" })?;
                }
                f.write_str("}")
            }
            Value::Array(elements) => {
                f.write_str("[")?;
                for (at, value) in elements.iter().enumerate() {
                    write!(f, "{}{value}", if at > 0 { ", " } else { "" })?;
                }
                f.write_str("]")
            }
            Value::Bytes(bytes) => f.write_str(&hex(bytes)),
            Value::Address(address) => write!(f, "{address}"),
            Value::Mac([a, b, c, d, e, g]) => {
                write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
            }
            Value::Duration(ns) => duration(f, *ns),
            // Tables have the functions below the row.
            Value::Stack(frames) => match frames.len() {
                0 => f.write_str("-"),
                1 => f.write_str("1 frame"),
                n => write!(f, "{n} frames"),
            },
            // As `dmesg` and `trace_pipe` write it.
            Value::Timestamp(ns) => {
                write!(f, "{}.{:06}", ns / 1_000_000_000, ns / 1000 % 1_000_000)
            }
        }
    }
}

/// `950 ns`, `1.250 us`, `31.007 ms`, `2.000 s`.
fn duration(f: &mut fmt::Formatter<'_>, ns: u64) -> fmt::Result {
    let (unit, name) = match ns {
        0..1_000 => return write!(f, "{ns} ns"),
        1_000..1_000_000 => (1_000, "us"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => (1_000_000_000, "s"),
    };
    write!(f, "{}.{:03} {name}", ns / unit, ns % unit / (unit / 1000))
}

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.join(" ")
}
