//! A tiny program for user probes: written here byte by byte, as a virtual machine has no other.
//!
//! It calls two functions, which return 5 and 2, passes a marker with five arguments, and
//! ends with the marker's counter of watchers as its exit status.

use crate::Problem;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const BASE: u64 = 0x40_0000;
const CODE: usize = 0x400;
const FIRST: usize = 0x480;
const SECOND: usize = 0x490;
const MARKER: usize = CODE + 33;
/// The counter: in the file, and in memory.
const COUNTER: usize = 0x1000;
const COUNTER_ADDRESS: u64 = 0x60_1000;

/// The program as a file, which goes with this value.
pub struct Tiny {
    path: PathBuf,
}

impl Tiny {
    /// Writes it.
    pub fn write(name: &str) -> Result<Tiny, Problem> {
        if !cfg!(target_arch = "x86_64") {
            return Err(Problem::Lacking("the program of this test is for x86-64".to_owned()));
        }
        let folder = std::env::temp_dir();
        let folder = if folder.is_dir() { folder } else { PathBuf::from("/") };
        let path = folder.join(format!("bpfc-hooks-{}-{name}", std::process::id()));
        std::fs::write(&path, image())?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
        Ok(Tiny { path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs it; the counter of the marker's watchers.
    pub fn run(&self) -> Result<i32, Problem> {
        let status = Command::new(&self.path).status()?;
        status.code().ok_or_else(|| Problem::Wrong(format!("the tiny program ended: {status}")))
    }
}

impl Drop for Tiny {
    fn drop(&mut self) {
        // A file that is left over harms nobody.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A file that puts structures together.
struct Image(Vec<u8>);

impl Image {
    fn put(&mut self, at: usize, bytes: &[u8]) {
        if self.0.len() < at + bytes.len() {
            self.0.resize(at + bytes.len(), 0);
        }
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// 64-bit numbers.
    fn longs(&mut self, at: usize, numbers: &[u64]) {
        for (number, place) in numbers.iter().zip((at..).step_by(8)) {
            self.put(place, &number.to_le_bytes());
        }
    }

    fn words(&mut self, at: usize, numbers: &[u32]) {
        for (number, place) in numbers.iter().zip((at..).step_by(4)) {
            self.put(place, &number.to_le_bytes());
        }
    }
}

fn image() -> Vec<u8> {
    const NOTE: usize = 0x500;
    const STRINGS: usize = 0x600;
    const SYMBOLS: usize = 0x680;
    const SECTIONS: usize = 0x700;
    let mut image = Image(Vec::new());
    // ELF64, little endian; ET_EXEC, EM_X86_64.
    image.put(0, &[0x7f, b'E', b'L', b'F', 2, 1, 1, 0]);
    image.put(16, &[2, 0, 62, 0, 1, 0, 0, 0]);
    image.longs(24, &[BASE + CODE as u64, 64, SECTIONS as u64]);
    // Sizes and numbers of headers; the section of names.
    image.put(52, &[64, 0, 56, 0, 2, 0, 64, 0, 4, 0, 2, 0]);
    // PT_LOAD, readable and executable; PT_LOAD, readable and writable.
    image.words(64, &[1, 5]);
    image.longs(72, &[0, BASE, BASE, 0x1000, 0x1000, 0x1000]);
    image.words(120, &[1, 6]);
    image.longs(128, &[COUNTER as u64, COUNTER_ADDRESS, COUNTER_ADDRESS, 8, 8, 0x1000]);
    code(&mut image);
    let n_note = note(&mut image, NOTE);
    image.put(STRINGS, b"\0.note.stapsdt\0.names\0.symbols\0tiny_first\0tiny_second\0");
    // Two functions, STT_FUNC and STB_GLOBAL, in some section.
    for (at, name, address) in [(SYMBOLS + 24, 31, FIRST), (SYMBOLS + 48, 42, SECOND)] {
        image.words(at, &[name, 0x12 | 1 << 16]);
        image.longs(at + 8, &[BASE + address as u64, 6]);
    }
    let sections: [(u32, u32, usize, usize, u32, u64); 3] =
        [(1, 7, NOTE, n_note, 0, 0), (15, 3, STRINGS, 0x40, 0, 0), (22, 2, SYMBOLS, 72, 2, 24)];
    for ((name, kind, at, size, link, entry), header) in
        sections.into_iter().zip((SECTIONS + 64..).step_by(64))
    {
        image.words(header, &[name, kind]);
        image.longs(header + 8, &[0, 0, at as u64, size as u64]);
        image.words(header + 40, &[link, 1]);
        image.longs(header + 48, &[4, entry]);
    }
    image.put(COUNTER, &[0; 8]);
    image.0
}

fn code(image: &mut Image) {
    let call = |at: usize, to: usize| {
        let [a, b, c, d] = ((to - at - 5) as u32).to_le_bytes();
        [0xe8, a, b, c, d]
    };
    image.put(CODE, &call(CODE, FIRST));
    image.put(CODE + 5, &call(CODE + 5, SECOND));
    // mov $42, %edi; mov $-7, %rsi; push $1234; sub $8, %rsp; nop, where the marker is.
    image.put(CODE + 10, &[0xbf, 42, 0, 0, 0]);
    image.put(CODE + 15, &[0x48, 0xc7, 0xc6, 0xf9, 0xff, 0xff, 0xff]);
    image.put(CODE + 22, &[0x68, 0xd2, 0x04, 0, 0]);
    image.put(CODE + 27, &[0x48, 0x83, 0xec, 8, 0x90, 0x90]);
    image.put(MARKER, &[0x90]);
    // movzwl counter, %edi; mov $60, %eax; syscall
    image.put(MARKER + 1, &[0x0f, 0xb7, 0x3c, 0x25]);
    image.words(MARKER + 5, &[COUNTER_ADDRESS as u32]);
    image.put(MARKER + 9, &[0xb8, 60, 0, 0, 0, 0x0f, 0x05]);
    // mov $5, %eax; ret
    image.put(FIRST, &[0xb8, 5, 0, 0, 0, 0xc3]);
    image.put(SECOND, &[0xb8, 2, 0, 0, 0, 0xc3]);
}

/// The marker `bpfc:tiny` in the format of `sys/sdt.h`; its size.
fn note(image: &mut Image, at: usize) -> usize {
    let text = b"bpfc\0tiny\0-4@%edi -8@%rsi 4@$9 8@8(%rsp) 4@(%rsp,%rax,4)\0";
    let n_content = 24 + text.len();
    image.words(at, &[8, n_content as u32, 3]);
    image.put(at + 12, b"stapsdt\0");
    image.longs(at + 20, &[BASE + MARKER as u64, 0, COUNTER_ADDRESS]);
    image.put(at + 44, text);
    20 + n_content.next_multiple_of(4)
}
