//! Damaged files: errors, never panics.

use crate::sample;
use bpfc_object::*;

/// xorshift64*: the same numbers on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % below
    }
}

/// Whatever can be read can be written, linked and read again.
fn check(bytes: &[u8]) -> bool {
    let Ok(object) = read(bytes) else {
        return false;
    };
    for (id, _) in object.programs() {
        let _ = link(&object, id);
    }
    if let Ok(written) = write(&object) {
        let again = read(&written);
        assert!(again.is_ok(), "{again:?}");
    }
    true
}

#[test]
fn truncated_files_are_errors() {
    let bytes = write(&sample::full()).unwrap();
    for end in 0..bytes.len() {
        assert!(read(&bytes[..end]).is_err(), "{end} bytes");
    }
}

#[test]
fn damaged_files_do_no_harm() {
    let bytes = write(&sample::full()).unwrap();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut n_read = 0;
    for _ in 0..3000 {
        let mut damaged = bytes.clone();
        for _ in 0..1 + random.next(4) {
            let at = random.next(damaged.len());
            damaged[at] = match random.next(4) {
                0 => 0,
                1 => 0xff,
                2 => damaged[at] ^ 1 << random.next(8),
                _ => random.next(256) as u8,
            };
        }
        n_read += u32::from(check(&damaged));
    }
    assert!((300..3000).contains(&n_read), "{n_read}");
}

#[test]
fn words_of_tables_may_hold_anything() {
    let bytes = write(&sample::full()).unwrap();
    let values = [0u32, 1, 7, 8, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
    for (idx, at) in (0..bytes.len() - 4).step_by(4).enumerate() {
        let mut damaged = bytes.clone();
        let value = values[idx % values.len()];
        damaged[at..at + 4].copy_from_slice(&value.to_le_bytes());
        check(&damaged);
    }
}

#[test]
fn short_files_cannot_ask_for_much_memory() {
    let mut object = sample::full();
    let bss = object.data_section(".bss").unwrap();
    object.data[bss].size_bytes = 1 << 29;
    let error = read(&write(&object).unwrap()).unwrap_err();
    assert_eq!(error.code().name(), "E0804");
    // Sections may overlap in the file: each would be copied.
    let mut object = Object::default();
    for idx in 0..4000 {
        object.data.push(DataSection::new(format!(".data.{idx}"), DataKind::Data));
    }
    object.data[bpfc_base::Idx::new(0)].push(&[1; 1 << 20], 1);
    let mut bytes = write(&object).unwrap();
    let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
    let headers = word(40);
    let (offset, size) = (bytes[headers + 64 + 24..][..16].to_vec(), 4000);
    for section in 1..=size {
        bytes[headers + section * 64 + 24..][..16].copy_from_slice(&offset);
    }
    assert_eq!(read(&bytes).unwrap_err().code().name(), "E0804");
}
