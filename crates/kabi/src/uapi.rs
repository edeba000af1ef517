//! The constants of all headers of the kernel's user API: `data/uapi.deflate`, which `cargo xtask kabi uapi` writes.
//!
//! The file is a row of blocks, each behind its length in four bytes (little endian). The first is the directory: a line
//! `path chunk start length` for each header, where `path` of one that differs from x86-64's begins with the
//! architecture and a colon; by ascending path. The others are chunks of text as DEFLATE streams (RFC 1951). In the text
//! `<path` is an include, `{tag` to `}` an enumeration, and `name value` an enumerator or a macro. Nothing is unpacked
//! before a header is asked for, and then one chunk.

use crate::{Arch, lines};
use flate2::bufread::DeflateDecoder;
use rustc_hash::FxHasher;
use std::hash::Hasher;
use std::io::Read;
use std::ops::Range;
use std::sync::OnceLock;

static DATA: &[u8] = include_bytes!("../data/uapi.deflate");

/// Whether the user API has a header of this name.
pub(crate) fn has(path: &str, arch: Arch) -> bool {
    place(path, arch).is_some()
}

/// The C text of the constants of `path`; those that `written`, the text by hand, has are left out.
pub(crate) fn text(path: &str, arch: Arch, written: &str) -> Option<String> {
    let (chunk, range) = place(path, arch)?;
    let constants = chunk_text(chunk)?.get(range)?;
    // A name is written twice, and three directives around it.
    let mut out = String::with_capacity(constants.len() * 3);
    render(constants, written, &mut out);
    Some(out)
}

/// The chunk of a header and where it lies in the chunk's text.
fn place(path: &str, arch: Arch) -> Option<(usize, Range<usize>)> {
    let directory = blocks().next()?;
    let of_arch = lines::find(directory, &format!("{}:{path}", arch.define()));
    let place = of_arch.or_else(|| lines::find(directory, path))?;
    let mut fields = std::str::from_utf8(place).ok()?.split(' ');
    let mut number = || fields.next()?.parse::<usize>().ok();
    let (chunk, start, len) = (number()?, number()?, number()?);
    Some((chunk, start..start + len))
}

/// The text of chunk `number`. It is unpacked once: headers include each other, and share chunks.
fn chunk_text(number: usize) -> Option<&'static str> {
    static TEXTS: OnceLock<Vec<OnceLock<Option<String>>>> = OnceLock::new();
    let texts = TEXTS.get_or_init(|| chunks().map(|_| OnceLock::new()).collect());
    let text = texts.get(number)?.get_or_init(|| {
        let mut text = String::new();
        let stream = chunks().nth(number)?;
        text.reserve(stream.len() * 6);
        DeflateDecoder::new(stream).read_to_string(&mut text).ok()?;
        Some(text)
    });
    text.as_deref()
}

/// The DEFLATE streams.
fn chunks() -> impl Iterator<Item = &'static [u8]> {
    blocks().skip(1)
}

/// The directory and the DEFLATE streams.
fn blocks() -> impl Iterator<Item = &'static [u8]> {
    let mut rest = DATA;
    std::iter::from_fn(move || {
        let (stream, behind) = block(rest)?;
        rest = behind;
        Some(stream)
    })
}

fn block(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = data.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_le_bytes(*len) as usize)
}

fn render(text: &str, written: &str, out: &mut String) {
    let written = Words::new(written);
    let mut lines = text.lines();
    // What architectures share has defaults, so it comes last.
    let mut shared = String::new();
    while let Some(line) = lines.next() {
        if let Some(path) = line.strip_prefix('<') {
            let place = if path.starts_with("asm-generic/") { &mut shared } else { &mut *out };
            push(place, &["#include <uapi/", path, ">\n"]);
        } else if let Some(tag) = line.strip_prefix('{') {
            let rows: Vec<(&str, &str)> = lines
                .by_ref()
                .take_while(|line| *line != "}")
                .filter_map(|line| line.split_once(' '))
                .collect();
            // An enumeration that is written by hand is there as a whole.
            if rows.iter().any(|(name, _)| written.contains(name)) {
                continue;
            }
            push(out, &["enum ", tag, "{"]);
            for (name, value) in rows {
                push(out, &[name, "=", value, ","]);
            }
            out.push_str("};\n");
        } else if let Some((name, value)) = line.split_once(' ') {
            push(out, &["#ifndef ", name, "\n#define ", name, " ", value, "\n#endif\n"]);
        }
    }
    out.push_str(&shared);
}

fn push(out: &mut String, pieces: &[&str]) {
    pieces.iter().for_each(|piece| out.push_str(piece));
}

/// The words of a text: a hash table with linear probing, of places in the text.
struct Words<'t> {
    text: &'t str,
    /// One more than where a word begins; 0 if the slot is free. A power of two, at least half of them free.
    slots: Vec<u32>,
}

impl<'t> Words<'t> {
    fn new(text: &'t str) -> Self {
        let mut n_slots = (text.len() / 8).max(64).next_power_of_two();
        loop {
            if let Some(words) = Words::with_slots(text, n_slots) {
                return words;
            }
            n_slots *= 2;
        }
    }

    /// None if there are too many words.
    fn with_slots(text: &'t str, n_slots: usize) -> Option<Self> {
        let mut words = Words { text, slots: vec![0; n_slots] };
        let mut n_words = 0;
        let mut at = 0;
        while at < text.len() {
            let n_bytes = word_bytes(&text.as_bytes()[at..]);
            if n_bytes > 0 {
                let slot = words.slot(&text.as_bytes()[at..at + n_bytes]);
                n_words += usize::from(words.slots[slot] == 0);
                words.slots[slot] = at as u32 + 1;
            }
            if n_words * 2 > n_slots {
                return None;
            }
            at += n_bytes + 1;
        }
        Some(words)
    }

    fn contains(&self, word: &str) -> bool {
        !word.is_empty()
            && word_bytes(word.as_bytes()) == word.len()
            && self.slots[self.slot(word.as_bytes())] != 0
    }

    /// Where `word` is, or the free slot where it belongs.
    fn slot(&self, word: &[u8]) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = hash(word) & mask;
        while let Some(at) = self.slots[slot].checked_sub(1) {
            let found = &self.text.as_bytes()[at as usize..];
            if found.starts_with(word)
                && !found.get(word.len()).is_some_and(|&byte| IS_WORD[byte as usize])
            {
                break;
            }
            slot = (slot + 1) & mask;
        }
        slot
    }
}

/// What words consist of.
const IS_WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_';
        byte += 1;
    }
    table
};

/// How long the word at the start of `text` is.
fn word_bytes(text: &[u8]) -> usize {
    text.iter().position(|&byte| !IS_WORD[usize::from(byte)]).unwrap_or(text.len())
}

fn hash(word: &[u8]) -> usize {
    let mut hasher = FxHasher::default();
    hasher.write(word);
    hasher.finish() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_differs_between_architectures() {
        let number = |arch| {
            let text = text("asm/unistd.h", arch, "").unwrap()
                + &text("asm/unistd_64.h", arch, "").unwrap_or_default();
            let all = text.clone() + &super::text("asm-generic/unistd.h", arch, "").unwrap();
            let line = all.lines().find(|line| line.starts_with("#define __NR_openat ")).unwrap();
            line.split(' ').next_back().unwrap().to_owned()
        };
        assert_eq!(number(Arch::X86_64), "257");
        assert_eq!(number(Arch::Arm64), "56");
        assert_eq!(number(Arch::S390x), "288");
        assert!(!has("linux/no_such.h", Arch::X86_64));
    }

    #[test]
    fn finds_every_header_of_the_directory() {
        let directory = blocks().next().unwrap();
        let lines: Vec<&str> = std::str::from_utf8(directory).unwrap().lines().collect();
        assert!(lines.len() > 1000);
        for line in lines {
            let (path, _) = line.split_once(' ').unwrap();
            let (arch, path) = path.split_once(':').unwrap_or(("x86", path));
            let arch = Arch::all().find(|known| known.define() == arch).unwrap();
            let (chunk, range) = place(path, arch).unwrap();
            assert!(line.ends_with(&format!(" {chunk} {} {}", range.start, range.len())));
            assert!(chunk_text(chunk).unwrap().get(range).is_some(), "{path}");
        }
    }

    #[test]
    fn numbers_of_an_architecture_win_over_shared_ones() {
        let mut out = String::new();
        render("<asm-generic/fcntl.h\nO_DIRECTORY 16384\n", "", &mut out);
        let expected = "#ifndef O_DIRECTORY\n#define O_DIRECTORY 16384\n#endif\n#include <uapi/asm-generic/fcntl.h>\n";
        assert_eq!(out, expected);
    }

    #[test]
    fn knows_the_words_of_a_text() {
        let short: String = (0..1000).map(|number| format!("{number:x} ")).collect();
        let words = Words::new(&short);
        assert!((0..1000).all(|number| words.contains(&format!("{number:x}"))));
        assert!(["", " ", "3e8", "g", "a b"].iter().all(|word| !words.contains(word)));
        let words = Words::new("enum e { A_B, C };");
        assert!(["enum", "e", "A_B", "C"].iter().all(|word| words.contains(word)));
        assert!(["A", "B", "A_", "_B", "en", "D"].iter().all(|word| !words.contains(word)));
    }

    #[test]
    fn leaves_out_what_is_written_by_hand() {
        let mut out = String::new();
        render("<a.h\n{e\nA 1\nB 2\n}\n{\nC 3\n}\nD 4\nE 5U\n", "enum e { A, B };\n", &mut out);
        let expected = "#include <uapi/a.h>\nenum {C=3,};\n#ifndef D\n#define D 4\n#endif\n#ifndef E\n#define E 5U\n#endif\n";
        assert_eq!(out, expected);
    }
}
