//! From a description to layers.

use crate::layers::{Field, Kind, LAYOUTS, Layer, Layout, find};
use crate::{MAX_BYTES, MAX_EXPANDED, PacketError};
use bpfc_base::similar::most_similar;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// Layers of a packet, at most.
const MAX_LAYERS: usize = 64;
/// What is no header.
const PAYLOADS: [&str; 3] = ["hex", "zeros", "pad"];

/// A set of values, `{80,443}` or `{1..5}`.
pub struct Set {
    /// The braces and what is between them.
    pub range: Range<usize>,
    values: Vec<String>,
}

/// The descriptions that one with sets of values stands for: every value with every other.
pub fn expanded(text: &str) -> Result<Vec<String>, PacketError> {
    let sets = sets(text)?;
    let n_all = sets.iter().try_fold(1_usize, |n, set| n.checked_mul(set.values.len()));
    if n_all.is_none_or(|n| n > MAX_EXPANDED) {
        return Err(wrong(0..text.len(), format!("more than {MAX_EXPANDED} packets")));
    }
    let mut all = vec![String::new()];
    let mut end = 0;
    for set in sets {
        let between = &text[end..set.range.start];
        let with = |start: &String| {
            let start = start.clone() + between;
            set.values.iter().map(move |value| start.clone() + value).collect::<Vec<String>>()
        };
        all = all.iter().flat_map(with).collect();
        end = set.range.end;
    }
    all.iter_mut().for_each(|description| description.push_str(&text[end..]));
    Ok(all)
}

/// The sets of a description.
pub fn sets(text: &str) -> Result<Vec<Set>, PacketError> {
    let mut sets = Vec::new();
    let mut cursor = Cursor { text, at: 0 };
    while let Some(next) = cursor.peek() {
        match next {
            '"' => drop(cursor.string()?),
            '{' => {
                let start = cursor.at;
                let Some(length) = text[start..].find('}') else {
                    return Err(wrong(start..text.len(), "this set has no `}`".to_owned()));
                };
                let range = start..start + length + 1;
                let values = members(&text[start + 1..start + length], range.clone())?;
                cursor.at = range.end;
                sets.push(Set { range, values });
            }
            other => cursor.at += other.len_utf8(),
        }
    }
    Ok(sets)
}

fn members(inside: &str, range: Range<usize>) -> Result<Vec<String>, PacketError> {
    let mut values = Vec::new();
    for part in inside.split(',').map(str::trim) {
        let Some((first, last)) = part.split_once("..") else {
            match part.is_empty() {
                true => return Err(wrong(range, "this set has an empty value".to_owned())),
                false => values.push(part.to_owned()),
            }
            continue;
        };
        let bounds = (first.parse::<u64>(), last.parse::<u64>());
        let (Ok(first), Ok(last)) = bounds else {
            return Err(wrong(range, format!("`{part}` is no range of numbers")));
        };
        if last < first || last - first >= MAX_EXPANDED as u64 {
            return Err(wrong(range, format!("`{part}` is no range of up to {MAX_EXPANDED}")));
        }
        values.extend((first..=last).map(|number| number.to_string()));
    }
    Ok(values)
}

/// The layers of one packet.
pub fn parse(text: &str) -> Result<Vec<Layer>, PacketError> {
    let mut cursor = Cursor { text, at: 0 };
    let mut layers = Vec::new();
    loop {
        layers.push(cursor.layer()?);
        cursor.blanks();
        if cursor.peek().is_none() {
            return Ok(layers);
        }
        cursor.expect('/')?;
        if layers.len() == MAX_LAYERS {
            return Err(wrong(cursor.at..text.len(), format!("more than {MAX_LAYERS} layers")));
        }
    }
}

fn wrong(range: Range<usize>, message: String) -> PacketError {
    PacketError { range, message }
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn blanks(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn eat(&mut self, token: char) -> bool {
        self.blanks();
        let is_next = self.peek() == Some(token);
        self.at += if is_next { token.len_utf8() } else { 0 };
        is_next
    }

    fn expect(&mut self, token: char) -> Result<(), PacketError> {
        if self.eat(token) {
            return Ok(());
        }
        let found = match self.peek() {
            Some(found) => format!("`{found}`"),
            None => "the end".to_owned(),
        };
        let end = self.at + self.peek().map_or(0, char::len_utf8);
        Err(wrong(self.at..end, format!("expected `{token}`, found {found}")))
    }

    /// Letters, digits and what `more` allows.
    fn word(&mut self, more: &str) -> (&'a str, Range<usize>) {
        self.blanks();
        let rest = &self.text[self.at..];
        let is_in = |c: char| c.is_ascii_alphanumeric() || more.contains(c);
        let end = rest.find(|c| !is_in(c)).unwrap_or(rest.len());
        let range = self.at..self.at + end;
        self.at = range.end;
        (&rest[..end], range)
    }

    /// A text in double quotes, with the escapes `\n \t \0 \\ \" \xHH`.
    fn string(&mut self) -> Result<Vec<u8>, PacketError> {
        let start = self.at;
        self.at += 1;
        let mut bytes = Vec::new();
        while let Some(c) = self.peek() {
            self.at += c.len_utf8();
            match c {
                '"' => return Ok(bytes),
                '\\' => bytes.push(self.escape()?),
                other => bytes.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        Err(wrong(start..self.text.len(), "this text has no closing quote".to_owned()))
    }

    fn escape(&mut self) -> Result<u8, PacketError> {
        let start = self.at - 1;
        let rest = &self.text[self.at..];
        let (byte, length) = match rest.as_bytes() {
            [b'n', ..] => (Some(b'\n'), 1),
            [b't', ..] => (Some(b'\t'), 1),
            [b'r', ..] => (Some(b'\r'), 1),
            [b'0', ..] => (Some(0), 1),
            [c @ (b'\\' | b'"' | b'\''), ..] => (Some(*c), 1),
            [b'x', _, _, ..] => {
                (rest.get(1..3).and_then(|digits| u8::from_str_radix(digits, 16).ok()), 3)
            }
            _ => (None, 0),
        };
        self.at += length;
        byte.ok_or_else(|| wrong(start..self.text.len(), "no such escape".to_owned()))
    }

    fn layer(&mut self) -> Result<Layer, PacketError> {
        self.blanks();
        if self.peek() == Some('"') {
            return self.string().map(Layer::Payload);
        }
        let (name, range) = self.word("_");
        if PAYLOADS.contains(&name) {
            return self.bytes(name, range);
        }
        let Some(layout) = find(name) else {
            let known = LAYOUTS.iter().map(|layout| layout.name).chain(PAYLOADS);
            let message = match (most_similar(name, known), name.is_empty()) {
                (_, true) => "expected a header, or a text in quotes".to_owned(),
                (Some(similar), _) => {
                    format!("there is no header `{name}`; did you mean `{similar}`?")
                }
                (None, _) => format!("there is no header `{name}`"),
            };
            return Err(wrong(range, message));
        };
        let mut layer = Layer::header(layout);
        if self.eat('(') {
            self.fields(layout, &mut layer)?;
        }
        Ok(layer)
    }

    /// `hex(0102)`, `zeros(3)`, `pad(3)`.
    fn bytes(&mut self, name: &str, named: Range<usize>) -> Result<Layer, PacketError> {
        self.expect('(')?;
        let start = self.at;
        let Some(length) = self.text[start..].find(')') else {
            return Err(wrong(named.start..self.text.len(), "this has no `)`".to_owned()));
        };
        let inside = &self.text[start..start + length];
        let range = start..start + length;
        self.at = range.end + 1;
        if name == "hex" {
            let bytes = crate::from_hex(inside).map_err(|message| wrong(range, message))?;
            return Ok(Layer::Payload(bytes));
        }
        let number = inside.trim().parse::<usize>().ok().filter(|&n| n <= MAX_BYTES);
        let number = number
            .ok_or_else(|| wrong(range, format!("expected a number of bytes up to {MAX_BYTES}")))?;
        Ok(match name {
            "pad" => Layer::Pad(number),
            _ => Layer::Payload(vec![0; number]),
        })
    }

    fn fields(&mut self, layout: &'static Layout, layer: &mut Layer) -> Result<(), PacketError> {
        let Layer::Header { values, options, .. } = layer else { return Ok(()) };
        while !self.eat(')') {
            let (name, range) = self.word("_");
            if name == "options" && layout.has_options {
                self.expect('=')?;
                *options = self.options(layout)?;
            } else {
                let Some(idx) = layout.fields.iter().position(|field| field.name == name) else {
                    return Err(wrong(range, no_field(layout, name)));
                };
                if values[idx].is_some() {
                    return Err(wrong(range, format!("`{name}` is given twice")));
                }
                values[idx] = Some(self.value(layout, &layout.fields[idx], range)?);
            }
            if !self.eat(',') {
                self.expect(')')?;
                break;
            }
        }
        Ok(())
    }

    fn value(
        &mut self,
        layout: &Layout,
        field: &Field,
        named: Range<usize>,
    ) -> Result<u128, PacketError> {
        if !self.eat('=') {
            return match field.kind {
                Kind::Flag => Ok(1),
                _ => Err(wrong(named, format!("`{}` needs a value", field.name))),
            };
        }
        let (text, range) = self.word(".:_-");
        let value = match field.kind {
            Kind::Mac => mac(text),
            Kind::Ipv4 => text.parse::<Ipv4Addr>().ok().map(|ip| ip.to_bits().into()),
            Kind::Ipv6 => text.parse::<Ipv6Addr>().ok().map(Ipv6Addr::to_bits),
            _ => number(text),
        };
        let what = match field.kind {
            Kind::Mac => "no MAC address",
            Kind::Ipv4 => "no address of IPv4",
            Kind::Ipv6 => "no address of IPv6",
            _ => "no number",
        };
        let value = value.ok_or_else(|| wrong(range.clone(), format!("`{text}` is {what}")))?;
        if field.n_bits < 128 && value >> field.n_bits != 0 {
            let most = (1_u128 << field.n_bits) - 1;
            let name = (layout.name, field.name);
            return Err(wrong(range, format!("`{}.{}` is at most {most}", name.0, name.1)));
        }
        Ok(value)
    }

    /// Options as they are on the wire, whole words.
    fn options(&mut self, layout: &Layout) -> Result<Vec<u8>, PacketError> {
        let (text, range) = self.word("_");
        let most = 60 - layout.n_bytes();
        let bytes = text.strip_prefix("0x").and_then(|digits| crate::from_hex(digits).ok());
        let bytes = bytes.filter(|bytes| bytes.len() <= most && bytes.len().is_multiple_of(4));
        bytes.ok_or_else(|| {
            wrong(
                range,
                format!("expected options such as 0x01010101, whole words, up to {most} bytes"),
            )
        })
    }
}

fn no_field(layout: &Layout, name: &str) -> String {
    let written = layout.fields.iter().filter(|field| field.kind != Kind::Reserved);
    let known: Vec<&str> = written.map(|field| field.name).collect();
    match most_similar(name, known.iter().copied()) {
        Some(similar) => {
            format!("`{}` has no field `{name}`; did you mean `{similar}`?", layout.name)
        }
        None => format!("`{}` has no field `{name}`; it has {}", layout.name, known.join(", ")),
    }
}

fn number(text: &str) -> Option<u128> {
    let plain = text.replace('_', "");
    match plain.strip_prefix("0x") {
        Some(digits) => u128::from_str_radix(digits, 16).ok(),
        None => plain.parse().ok(),
    }
}

fn mac(text: &str) -> Option<u128> {
    let parts = text.split(':').map(|part| match part.len() {
        2 => u8::from_str_radix(part, 16).ok(),
        _ => None,
    });
    let bytes = parts.collect::<Option<Vec<u8>>>().filter(|bytes| bytes.len() == 6)?;
    Some(bytes.into_iter().fold(0, |value, byte| value << 8 | u128::from(byte)))
}
