//! Finds `.BTF` in any ELF file: a `vmlinux`, a kernel module, an object of any machine.

use bpfc_isa::Endian;

/// Bytes of a section header of 32-bit and 64-bit files.
const HEADER_BYTES: [u64; 2] = [40, 64];
/// `SHT_NOBITS`: no content in the file.
const NOBITS: u32 = 8;

/// The content of section `.BTF` of the ELF file `bytes`, 32-bit or 64-bit, of any machine and
/// type; `None` if it has none, is damaged, or is no ELF file.
pub fn find_btf_section(bytes: &[u8]) -> Option<&[u8]> {
    let file = AnyElf::open(bytes)?;
    let names = file.header(file.names)?;
    let (start, _) = file.content(names)?;
    let is_btf = |header: u64| {
        let name = file.number(header, 4)?;
        let at = usize::try_from(start.checked_add(name)?).ok()?;
        bytes.get(at..)?.starts_with(b".BTF\0").then_some(())
    };
    let found = (0..file.n_sections)
        .filter_map(|idx| file.header(idx))
        .find(|header| is_btf(*header).is_some())?;
    if file.number(found + 4, 4)? == u64::from(NOBITS) {
        return None;
    }
    let (start, length) = file.content(found)?;
    let end = usize::try_from(start.checked_add(length)?).ok()?;
    bytes.get(usize::try_from(start).ok()?..end)
}

/// The few fields that lead to sections.
struct AnyElf<'a> {
    bytes: &'a [u8],
    endian: Endian,
    is_64: bool,
    headers: u64,
    n_sections: u64,
    names: u64,
}

impl<'a> AnyElf<'a> {
    fn open(bytes: &'a [u8]) -> Option<Self> {
        if !bytes.starts_with(b"\x7fELF") {
            return None;
        }
        let is_64 = match bytes.get(4)? {
            1 => false,
            2 => true,
            _ => return None,
        };
        let endian = match bytes.get(5)? {
            1 => Endian::Little,
            2 => Endian::Big,
            _ => return None,
        };
        let mut file = Self { bytes, endian, is_64, headers: 0, n_sections: 0, names: 0 };
        let counts = if is_64 { 60 } else { 48 };
        file.headers = if is_64 { file.number(40, 8)? } else { file.number(32, 4)? };
        file.n_sections = file.number(counts, 2)?;
        file.names = file.number(counts + 2, 2)?;
        Some(file)
    }

    /// Where the header of section `idx` is.
    fn header(&self, idx: u64) -> Option<u64> {
        self.headers.checked_add(idx * HEADER_BYTES[usize::from(self.is_64)])
    }

    /// Offset and length of a section's content, by its header.
    fn content(&self, header: u64) -> Option<(u64, u64)> {
        if self.is_64 {
            Some((self.number(header.checked_add(24)?, 8)?, self.number(header + 32, 8)?))
        } else {
            Some((self.number(header.checked_add(16)?, 4)?, self.number(header + 20, 4)?))
        }
    }

    fn number(&self, at: u64, n_bytes: usize) -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        let bytes = self.bytes.get(at..at.checked_add(n_bytes)?)?;
        let fold = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Some(match self.endian {
            Endian::Little => bytes.iter().rev().fold(0, fold),
            Endian::Big => bytes.iter().fold(0, fold),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::find_btf_section;

    /// An ELF file with `.BTF` and the names of sections; the numbers are written by `put`.
    fn elf(is_64: bool, is_big: bool) -> Vec<u8> {
        let names = b"\0.BTF\0.names\0";
        let (header, size) = if is_64 { (64, 64) } else { (52, 40) };
        let mut file = vec![0; header + 3 * size];
        let mut put = |at: usize, n_bytes: usize, value: usize| {
            for idx in 0..n_bytes {
                let shift = if is_big { n_bytes - 1 - idx } else { idx } * 8;
                file[at + idx] = (value >> shift) as u8;
            }
        };
        let word = if is_64 { 8 } else { 4 };
        put(if is_64 { 40 } else { 32 }, word, header);
        put(if is_64 { 60 } else { 48 }, 2, 3);
        put(if is_64 { 62 } else { 50 }, 2, 2);
        let content = header + 3 * size;
        let sections = [(1, 1, content, 4), (6, 3, content + 4, names.len())];
        for (idx, (name, kind, start, length)) in sections.into_iter().enumerate() {
            let at = header + (idx + 1) * size;
            put(at, 4, name);
            put(at + 4, 4, kind);
            put(at + if is_64 { 24 } else { 16 }, word, start);
            put(at + if is_64 { 32 } else { 20 }, word, length);
        }
        file.extend(b"type");
        file.extend(names);
        file[..4].copy_from_slice(b"\x7fELF");
        file[4] = if is_64 { 2 } else { 1 };
        file[5] = if is_big { 2 } else { 1 };
        file
    }

    #[test]
    fn finds_types_in_every_class_and_byte_order() {
        for (is_64, is_big) in [(false, false), (false, true), (true, false), (true, true)] {
            assert_eq!(find_btf_section(&elf(is_64, is_big)), Some(&b"type"[..]));
        }
        assert_eq!(find_btf_section(b"\x7fELF"), None);
        assert_eq!(find_btf_section(b"no"), None);
    }

    #[test]
    fn takes_any_damage() {
        let whole = elf(true, false);
        for end in 0..whole.len() {
            find_btf_section(&whole[..end]);
        }
        for at in 0..whole.len() {
            let mut broken = whole.clone();
            broken[at] = 0xff;
            find_btf_section(&broken);
        }
    }
}
