//! Inputs: objects, changed where it matters (headers, symbols, relocations, types, instructions)
//! and anywhere.

use super::layout::{Kind, Section, sections};
use bpfc_testkit::fuzz::Random;

/// The longest input.
const MAX_INPUT: usize = 1 << 15;

/// Numbers that break readers.
const NUMBERS: &[u64] = &[
    0,
    1,
    2,
    3,
    7,
    8,
    0x10,
    0x18,
    0x40,
    0x7f,
    0x80,
    0xff,
    0x100,
    0x7fff,
    0x8000,
    0xfff1,
    0xffff,
    0x10000,
    0x00ff_ffff,
    0x0100_0000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fff8,
    0xffff_ffff,
    0x1_0000_0000,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0xffff_ffff_ffff_fff8,
    0xffff_ffff_ffff_ffff,
];

/// Offset and width of the fields of an ELF header, a section header and a symbol.
const FILE_FIELDS: &[(usize, usize)] =
    &[(4, 1), (5, 1), (16, 2), (18, 2), (40, 8), (58, 2), (60, 2), (62, 2)];
const SECTION_FIELDS: &[(usize, usize)] =
    &[(0, 4), (4, 4), (8, 8), (24, 8), (32, 8), (40, 4), (44, 4), (48, 8), (56, 8)];
const SYMBOL_FIELDS: &[(usize, usize)] = &[(0, 4), (4, 1), (5, 1), (6, 2), (8, 8), (16, 8)];

pub struct Corpus {
    inputs: Vec<Vec<u8>>,
    n_seeds: usize,
}

impl Corpus {
    pub fn new(seeds: Vec<Vec<u8>>) -> Corpus {
        Corpus { n_seeds: seeds.len(), inputs: seeds }
    }

    pub fn n_added(&self) -> usize {
        self.inputs.len() - self.n_seeds
    }

    pub fn add(&mut self, input: Vec<u8>) {
        self.inputs.push(input);
    }

    /// A new input.
    pub fn mutate(&self, random: &mut Random) -> Vec<u8> {
        // Whole objects come further than what grew out of damaged ones.
        let list = if random.once_in(2) { &self.inputs[..self.n_seeds] } else { &self.inputs[..] };
        let mut input = random.pick(list).clone();
        for _ in 0..1 + random.below(3) {
            if input.is_empty() {
                break;
            }
            let parts = sections(&input);
            match random.below(16) {
                0 => file_header(&mut input, random),
                1 | 2 => section_header(&mut input, &parts, random),
                3 | 4 => record(&mut input, &parts, Kind::Symbols, 24, SYMBOL_FIELDS, random),
                5 => {
                    let fields = &[(0, 8), (8, 4), (12, 4)];
                    record(&mut input, &parts, Kind::Relocations, 16, fields, random);
                }
                6..=8 => instruction(&mut input, &parts, random),
                9..=11 => types(&mut input, &parts, Kind::Types, random),
                12 => types(&mut input, &parts, Kind::Lines, random),
                13 => content(&mut input, &parts, random),
                14 => anywhere(&mut input, random),
                _ => self.splice(&mut input, &parts, random),
            }
        }
        input.truncate(MAX_INPUT);
        input
    }

    /// Puts the content of a section of another object over one of the same kind, or a piece of
    /// anything over anything.
    fn splice(&self, input: &mut Vec<u8>, parts: &[Section], random: &mut Random) {
        let other = random.pick(&self.inputs);
        let theirs = sections(other);
        if parts.is_empty() || theirs.is_empty() || random.once_in(3) {
            let from = random.below(other.len());
            let length = random.below(other.len() - from).min(256);
            let to = random.below(input.len());
            for (place, byte) in input[to..].iter_mut().zip(&other[from..from + length]) {
                *place = *byte;
            }
            return;
        }
        let mine = random.pick(parts);
        let same: Vec<&Section> = theirs.iter().filter(|part| part.kind == mine.kind).collect();
        if same.is_empty() {
            return;
        }
        let their = random.pick(&same);
        // At the end of the file, with a header that leads there.
        let at = input.len();
        input.extend_from_slice(&other[their.start..their.end]);
        put(input, mine.header + 24, 8, at as u64);
        put(input, mine.header + 32, 8, (their.end - their.start) as u64);
    }
}

/// Writes a number in the file's byte order.
fn put(input: &mut [u8], at: usize, width: usize, value: u64) {
    let is_big = input.get(5) == Some(&2);
    let Some(place) = at.checked_add(width).and_then(|end| input.get_mut(at..end)) else { return };
    let bytes = value.to_le_bytes();
    place.copy_from_slice(&bytes[..width]);
    if is_big {
        place.reverse();
    }
}

fn get(input: &[u8], at: usize, width: usize) -> u64 {
    let is_big = input.get(5) == Some(&2);
    let Some(bytes) = at.checked_add(width).and_then(|end| input.get(at..end)) else { return 0 };
    let fold = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
    match is_big {
        true => bytes.iter().fold(0, fold),
        false => bytes.iter().rev().fold(0, fold),
    }
}

/// Changes a number to one that is close, special, or small.
fn change(input: &mut [u8], at: usize, width: usize, random: &mut Random) {
    let old = get(input, at, width);
    let new = match random.below(8) {
        0 | 1 => *random.pick(NUMBERS),
        2 => old.wrapping_add(1),
        3 => old.wrapping_sub(1),
        4 => old.wrapping_add(8),
        5 => random.below(64) as u64,
        6 => old ^ 1 << random.below(width * 8),
        _ => random.next(),
    };
    put(input, at, width, new);
}

fn file_header(input: &mut [u8], random: &mut Random) {
    let &(at, width) = random.pick(FILE_FIELDS);
    change(input, at, width, random);
}

fn section_header(input: &mut [u8], parts: &[Section], random: &mut Random) {
    if parts.is_empty() {
        return;
    }
    let part = *random.pick(parts);
    let &(at, width) = random.pick(SECTION_FIELDS);
    if random.once_in(3) {
        // What another section has there.
        let other = random.pick(parts);
        let value = get(input, other.header + at, width);
        put(input, part.header + at, width, value);
    } else {
        change(input, part.header + at, width, random);
    }
}

/// Changes a field of a record of a table.
fn record(
    input: &mut [u8],
    parts: &[Section],
    kind: Kind,
    record_bytes: usize,
    fields: &[(usize, usize)],
    random: &mut Random,
) {
    let Some(part) = part_of(parts, kind, random) else { return };
    let n = (part.end - part.start) / record_bytes;
    let at = part.start + random.below(n) * record_bytes;
    let &(field, width) = random.pick(fields);
    if random.once_in(3) {
        let other = part.start + random.below(n) * record_bytes;
        let value = get(input, other + field, width);
        put(input, at + field, width, value);
    } else {
        change(input, at + field, width, random);
    }
}

fn part_of(parts: &[Section], kind: Kind, random: &mut Random) -> Option<Section> {
    let is_wanted = |part: &&Section| part.kind == kind && part.end > part.start;
    let found: Vec<&Section> = parts.iter().filter(is_wanted).collect();
    (!found.is_empty()).then(|| **random.pick(&found))
}

fn instruction(input: &mut [u8], parts: &[Section], random: &mut Random) {
    let Some(part) = part_of(parts, Kind::Code, random) else { return };
    let n = (part.end - part.start) / 8;
    let at = part.start + random.below(n) * 8;
    match random.below(6) {
        0 => put(input, at, 1, random.next()),
        1 => put(input, at + 1, 1, random.next()),
        2 => change(input, at + 2, 2, random),
        3 => change(input, at + 4, 4, random),
        4 => put(input, at + 2, 2, random.below(16) as u64),
        _ => {
            // Another instruction of the section.
            let other = part.start + random.below(n) * 8;
            let value = get(input, other, 8);
            put(input, at, 8, value);
        }
    }
}

/// Changes a word of `.BTF` or `.BTF.ext`.
fn types(input: &mut [u8], parts: &[Section], kind: Kind, random: &mut Random) {
    let Some(part) = part_of(parts, kind, random) else { return };
    let n_words = (part.end - part.start) / 4;
    // Headers are few words, and much depends on them.
    let word = if random.once_in(8) { random.below(8) } else { random.below(n_words) };
    let at = part.start + word * 4;
    match random.below(8) {
        // The kind of a type, its flag and number of elements.
        0 => put(input, at + 3, 1, random.below(24) as u64 | (random.below(2) << 7) as u64),
        1 => put(input, at, 1, random.below(8) as u64),
        // Another word.
        2 => {
            let other = part.start + random.below(n_words) * 4;
            let value = get(input, other, 4);
            put(input, at, 4, value);
        }
        3 | 4 => put(input, at, 4, random.below(64) as u64),
        _ => change(input, at, 4, random),
    }
}

/// Changes bytes of data or strings.
fn content(input: &mut [u8], parts: &[Section], random: &mut Random) {
    let kind = if random.once_in(2) { Kind::Strings } else { Kind::Other };
    let Some(part) = part_of(parts, kind, random) else { return };
    let at = part.start + random.below(part.end - part.start);
    let &byte = random.pick(b"\0\0./?ax_ \xc3\xa9\x7f");
    input[at] = byte;
}

/// Changes bytes anywhere, leaves some out, doubles some, or cuts the file off.
fn anywhere(input: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(input.len());
    match random.below(6) {
        0 => input[at] ^= 1 << random.below(8),
        1 => input[at] = random.next() as u8,
        2 => input.truncate(at),
        3 => {
            let end = (at + 1 + random.below(64)).min(input.len());
            input.drain(at..end);
        }
        4 => {
            let end = (at + 1 + random.below(64)).min(input.len());
            let piece = input[at..end].to_vec();
            input.splice(at..at, piece);
        }
        _ => change(input, at & !7, 8, random),
    }
}
