//! Markers in programs of user space (USDT): notes that say where they are and where their
//! arguments are found.
//!
//! Source: SystemTap's `sys/sdt.h`, version 3 of its notes.

mod argument;

pub use argument::{UsdtArgument, UsdtOperand, usdt_arguments};

use crate::elf::Elf;
use crate::read::ReadError;
use bpfc_isa::Endian;

const SECTION: &str = ".note.stapsdt";
/// Its address tells how far the file was moved after the notes were written.
const BASE_SECTION: &str = ".stapsdt.base";
const OWNER: &[u8] = b"stapsdt\0";
const NOTE_TYPE: u32 = 3;

/// A marker at one place. The same marker may be at several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsdtNote {
    /// Who defines it, such as `libc`.
    pub provider: String,
    /// Its name, such as `setjmp`.
    pub name: String,
    /// Address of its instruction, as the file has it.
    pub address: u64,
    /// Address of the counter that turns it on; 0 for none.
    pub semaphore: u64,
    /// Where its arguments are: `-4@%edi 8@-8(%rbp)`.
    pub arguments: String,
}

/// The markers of a 64-bit ELF file, in the order of the file.
///
/// # Errors
/// [`ReadError`] if the file is malformed.
pub fn usdt_notes(bytes: &[u8]) -> Result<Vec<UsdtNote>, ReadError> {
    let (endian, sections) = Elf::sections_of(bytes)?;
    let base = sections.iter().find(|section| section.name == BASE_SECTION);
    let base = base.map(|section| section.address);
    let mut notes = Vec::new();
    for section in sections.iter().filter(|section| section.name == SECTION) {
        let mut rest = section.bytes;
        while let Some((header, behind)) = rest.split_first_chunk::<12>() {
            let word = |at: usize| read_u32(endian, header, at);
            let (n_owner, n_content) = (aligned(word(0)), aligned(word(4)));
            let Some(behind_note) = behind.get(n_owner.saturating_add(n_content)..) else {
                break;
            };
            let (owner, content) = (&behind[..n_owner], &behind[n_owner..n_owner + n_content]);
            if word(8) == NOTE_TYPE && owner == OWNER {
                notes.extend(note(endian, content, base));
            }
            rest = behind_note;
        }
    }
    Ok(notes)
}

fn note(endian: Endian, content: &[u8], base: Option<u64>) -> Option<UsdtNote> {
    let (numbers, text) = content.split_first_chunk::<24>()?;
    let number = |at: usize| -> u64 {
        let half = |at| u64::from(read_u32(endian, numbers, at));
        match endian {
            Endian::Little => half(at) | half(at + 4) << 32,
            Endian::Big => half(at) << 32 | half(at + 4),
        }
    };
    let moved = match base {
        Some(base) if number(8) != 0 => base.wrapping_sub(number(8)),
        _ => 0,
    };
    let mut texts = text.split(|&byte| byte == 0);
    let mut text = || Some(std::str::from_utf8(texts.next()?).ok()?.to_owned());
    let semaphore = number(16);
    Some(UsdtNote {
        provider: text()?,
        name: text()?,
        address: number(0).wrapping_add(moved),
        semaphore: if semaphore == 0 { 0 } else { semaphore.wrapping_add(moved) },
        arguments: text()?,
    })
}

fn read_u32(endian: Endian, bytes: &[u8], at: usize) -> u32 {
    let bytes = *bytes[at..].first_chunk().expect("inside a header of fixed size");
    match endian {
        Endian::Little => u32::from_le_bytes(bytes),
        Endian::Big => u32::from_be_bytes(bytes),
    }
}

/// Lengths are rounded up to words.
fn aligned(length: u32) -> usize {
    (length as usize).saturating_add(3) & !3
}
