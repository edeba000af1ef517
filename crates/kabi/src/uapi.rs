//! The constants of all headers of the kernel's user API: `data/uapi.deflate`, which `cargo xtask kabi uapi` writes.
//!
//! The file is a row of blocks, each behind its length in four bytes (little endian). The first is the directory: a line
//! `path chunk start length` for each header, where `path` of one that differs from x86-64's begins with the
//! architecture and a colon; by ascending path. The others are chunks of text as DEFLATE streams (RFC 1951). In the text
//! `<path` is an include, `{tag` to `}` an enumeration, and `name value` an enumerator or a macro. Nothing is unpacked
//! before a header is asked for, and then one chunk.

use crate::{Arch, lines};
use flate2::bufread::DeflateDecoder;
use rustc_hash::FxHashSet;
use std::fmt::Write;
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
    let chunk = chunk_text(chunk)?;
    let mut out = String::new();
    render(chunk.get(range)?, written, &mut out);
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
        DeflateDecoder::new(chunks().nth(number)?).read_to_string(&mut text).ok()?;
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
    let words = written.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let words: FxHashSet<&str> = words.collect();
    let is_written = |name: &str| words.contains(name);
    let mut lines = text.lines();
    // What architectures share has defaults, so it comes last.
    let mut shared = String::new();
    while let Some(line) = lines.next() {
        // Writing to a string does not fail.
        let _ = if let Some(path) = line.strip_prefix('<') {
            let place = if path.starts_with("asm-generic/") { &mut shared } else { &mut *out };
            writeln!(place, "#include <uapi/{path}>")
        } else if let Some(tag) = line.strip_prefix('{') {
            let rows: Vec<(&str, &str)> = lines
                .by_ref()
                .take_while(|line| *line != "}")
                .filter_map(|line| line.split_once(' '))
                .collect();
            // An enumeration that is written by hand is there as a whole.
            if rows.iter().any(|(name, _)| is_written(name)) {
                continue;
            }
            let _ = write!(out, "enum {tag}{{");
            for (name, value) in rows {
                let _ = write!(out, "{name}={value},");
            }
            writeln!(out, "}};")
        } else if let Some((name, value)) = line.split_once(' ') {
            writeln!(out, "#ifndef {name}\n#define {name} {value}\n#endif")
        } else {
            Ok(())
        };
    }
    out.push_str(&shared);
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
    fn leaves_out_what_is_written_by_hand() {
        let mut out = String::new();
        render("<a.h\n{e\nA 1\nB 2\n}\n{\nC 3\n}\nD 4\nE 5U\n", "enum e { A, B };\n", &mut out);
        let expected = "#include <uapi/a.h>\nenum {C=3,};\n#ifndef D\n#define D 4\n#endif\n#ifndef E\n#define E 5U\n#endif\n";
        assert_eq!(out, expected);
    }
}
