//! Where the parts of an object file are, as far as its headers tell: what mutations aim at.

/// A section, by its header.
#[derive(Clone, Copy)]
pub struct Section {
    /// Where the header is.
    pub header: usize,
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
}

/// What a section holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Code,
    Symbols,
    Relocations,
    Types,
    Lines,
    Strings,
    Other,
}

/// The sections of an object file; none if it is too damaged.
pub fn sections(file: &[u8]) -> Vec<Section> {
    let is_big = file.get(5) == Some(&2);
    let number = |at: usize, n: usize| -> Option<usize> {
        let bytes = file.get(at..at.checked_add(n)?)?;
        let fold = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        let value = match is_big {
            true => bytes.iter().fold(0, fold),
            false => bytes.iter().rev().fold(0, fold),
        };
        usize::try_from(value).ok()
    };
    let read = || {
        let (headers, n, names) = (number(40, 8)?, number(60, 2)?, number(62, 2)?);
        let header = |idx: usize| headers.checked_add(idx.checked_mul(64)?);
        let names = number(header(names)?.checked_add(24)?, 8)?;
        let mut found = Vec::new();
        for idx in 1..n.min(64) {
            let at = header(idx)?;
            let (name, kind) = (number(at, 4)?, number(at.checked_add(4)?, 4)?);
            let flags = number(at + 8, 8)?;
            let (start, size) = (number(at + 24, 8)?, number(at + 32, 8)?);
            let start = start.min(file.len());
            let end = start.saturating_add(size).min(file.len());
            let name = file.get(names.checked_add(name)?..).unwrap_or_default();
            let is_code = flags & 4 != 0;
            found.push(Section {
                header: at,
                kind: match kind {
                    2 => Kind::Symbols,
                    3 => Kind::Strings,
                    9 => Kind::Relocations,
                    _ if is_code => Kind::Code,
                    _ if name.starts_with(b".BTF.ext\0") => Kind::Lines,
                    _ if name.starts_with(b".BTF\0") => Kind::Types,
                    _ => Kind::Other,
                },
                start,
                end: if kind == 8 { start } else { end },
            });
        }
        Some(found)
    };
    read().unwrap_or_default()
}
