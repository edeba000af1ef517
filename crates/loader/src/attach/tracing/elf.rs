//! Functions of programs and libraries: ELF64 files of the machine's byte order (System V ABI,
//! "Object files").

use crate::LoadError;
use bpfc_base::similar::most_similar;
use std::collections::BTreeSet;
use std::path::Path;

/// A function as a symbol table has it.
#[derive(Clone, Copy, Debug)]
struct Function<'a> {
    name: &'a [u8],
    address: u64,
    /// What runs is chosen when the program starts (`STT_GNU_IFUNC`).
    is_indirect: bool,
    /// Only for programs that were linked with an older version of the library.
    is_old: bool,
}

/// Where a function is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// At this offset of the file.
    At(u64),
    /// It stands for one of several, chosen when the program starts.
    Indirect,
}

/// Finds the function `name`.
pub(super) fn function(file: &[u8], path: &Path, name: &str) -> Result<Found, LoadError> {
    let functions = functions(file).ok_or_else(|| malformed(path))?;
    let named = functions.iter().filter(|function| function.name == name.as_bytes());
    match named.min_by_key(|function| (function.is_old, function.is_indirect)) {
        Some(function) if function.is_indirect => Ok(Found::Indirect),
        Some(function) => {
            file_offset(file, function.address).map(Found::At).ok_or_else(|| malformed(path))
        }
        None => Err(missing(&functions, path, name)),
    }
}

/// The offsets of all functions whose names are as wanted, each once.
pub(super) fn functions_like(
    file: &[u8],
    path: &Path,
    mut is_wanted: impl FnMut(&str) -> bool,
) -> Result<Vec<u64>, LoadError> {
    let functions = functions(file).ok_or_else(|| malformed(path))?;
    let wanted = functions.iter().filter(|function| {
        let name = std::str::from_utf8(function.name);
        !function.is_indirect && name.is_ok_and(&mut is_wanted)
    });
    let offsets: BTreeSet<u64> =
        wanted.filter_map(|function| file_offset(file, function.address)).collect();
    Ok(offsets.into_iter().collect())
}

/// All functions, in the order of the symbol tables: name, address, offset in the file.
pub(super) fn all_functions(
    file: &[u8],
    path: &Path,
) -> Result<Vec<(String, u64, u64)>, LoadError> {
    let functions = functions(file).ok_or_else(|| malformed(path))?;
    let placed = functions.iter().filter(|function| !function.is_indirect).filter_map(|function| {
        let name = std::str::from_utf8(function.name).ok()?;
        Some((name.to_owned(), function.address, file_offset(file, function.address)?))
    });
    Ok(placed.collect())
}

/// The error for a function that is not there.
pub(super) fn no_function(file: &[u8], path: &Path, name: &str) -> LoadError {
    missing(&functions(file).unwrap_or_default(), path, name)
}

fn missing(functions: &[Function<'_>], path: &Path, name: &str) -> LoadError {
    let names = functions.iter().filter_map(|function| std::str::from_utf8(function.name).ok());
    LoadError::NoTarget {
        kind: "function",
        name: format!("{}:{name}", path.display()),
        candidate: most_similar(name, names).map(str::to_owned),
    }
}

fn malformed(path: &Path) -> LoadError {
    LoadError::MalformedFile {
        path: path.to_owned(),
        what: "not a 64-bit ELF file of this machine".into(),
    }
}

/// The field at `offset` of the ELF structure at `start`.
fn field<const N: usize>(bytes: &[u8], start: u64, offset: u64) -> Option<[u8; N]> {
    let at = usize::try_from(start.checked_add(offset)?).ok()?;
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn half(bytes: &[u8], start: u64, offset: u64) -> Option<u64> {
    field(bytes, start, offset).map(|field| u16::from_ne_bytes(field).into())
}

fn word(bytes: &[u8], start: u64, offset: u64) -> Option<u64> {
    field(bytes, start, offset).map(|field| u32::from_ne_bytes(field).into())
}

fn long(bytes: &[u8], start: u64, offset: u64) -> Option<u64> {
    field(bytes, start, offset).map(u64::from_ne_bytes)
}

/// The functions in `.symtab` and `.dynsym`.
fn functions(file: &[u8]) -> Option<Vec<Function<'_>>> {
    const CLASS_64: u8 = 2;
    const SECTION_BYTES: u64 = 64;
    const SYMBOL_BYTES: u64 = 24;
    const SYMTAB: u64 = 2;
    const DYNSYM: u64 = 11;
    const STT_FUNC: u8 = 2;
    const STT_GNU_IFUNC: u8 = 10;
    const HIDDEN: u64 = 0x8000;
    if file.get(..4) != Some(b"\x7fELF") || file.get(4) != Some(&CLASS_64) {
        return None;
    }
    let (table, n_sections) = (long(file, 0, 40)?, half(file, 0, 60)?);
    let section = |idx: u64| table.checked_add(idx * SECTION_BYTES);
    let mut functions = Vec::new();
    for idx in 0..n_sections {
        let header = section(idx)?;
        if !matches!(word(file, header, 4)?, SYMTAB | DYNSYM) {
            continue;
        }
        let (start, size) = (long(file, header, 24)?, long(file, header, 32)?);
        let strings = section(word(file, header, 40)?)?;
        let (strings, strings_size) = (long(file, strings, 24)?, long(file, strings, 32)?);
        let strings_end = strings.checked_add(strings_size)?;
        let strings =
            file.get(usize::try_from(strings).ok()?..usize::try_from(strings_end).ok()?)?;
        let versions = versions(file, table, n_sections, idx);
        for n in 0..size / SYMBOL_BYTES {
            let at = start.wrapping_add(n * SYMBOL_BYTES);
            let [info] = field(file, at, 4)?;
            let (section, address) = (half(file, at, 6)?, long(file, at, 8)?);
            if !matches!(info & 15, STT_FUNC | STT_GNU_IFUNC) || section == 0 {
                continue;
            }
            let name = strings.get(word(file, at, 0)? as usize..)?;
            let end = name.iter().position(|byte| *byte == 0)?;
            let is_indirect = info & 15 == STT_GNU_IFUNC;
            let version = versions.and_then(|versions| half(file, versions, n * 2));
            let is_old = version.is_some_and(|version| version & HIDDEN != 0);
            functions.push(Function { name: &name[..end], address, is_indirect, is_old });
        }
    }
    Some(functions)
}

/// Where the versions of a symbol table's symbols are (`SHT_GNU_versym`).
fn versions(file: &[u8], table: u64, n_sections: u64, of: u64) -> Option<u64> {
    const VERSYM: u64 = 0x6fff_ffff;
    (0..n_sections).find_map(|idx| {
        let header = table.checked_add(idx * 64)?;
        let is_it = word(file, header, 4)? == VERSYM && word(file, header, 40)? == of;
        is_it.then(|| long(file, header, 24))?
    })
}

/// Where in the file the byte lies that is loaded at `address`.
pub(super) fn file_offset(file: &[u8], address: u64) -> Option<u64> {
    let found = segments(file)?.into_iter().find(|segment| {
        address >= segment.address && address - segment.address < segment.n_bytes
    })?;
    found.offset.checked_add(address - found.address)
}

/// A part of the file that is loaded.
#[derive(Clone, Copy, Debug)]
struct Segment {
    offset: u64,
    address: u64,
    n_bytes: u64,
}

fn segments(file: &[u8]) -> Option<Vec<Segment>> {
    const SEGMENT_BYTES: u64 = 56;
    const LOAD: u64 = 1;
    let (table, n_segments) = (long(file, 0, 32)?, half(file, 0, 56)?);
    let mut segments = Vec::new();
    for idx in 0..n_segments {
        let header = table.checked_add(idx * SEGMENT_BYTES)?;
        if word(file, header, 0)? == LOAD {
            segments.push(Segment {
                offset: long(file, header, 8)?,
                address: long(file, header, 16)?,
                n_bytes: long(file, header, 32)?,
            });
        }
    }
    Some(segments)
}

/// Whether the file is loaded where it was linked (`ET_EXEC`).
pub(super) fn is_fixed(file: &[u8]) -> bool {
    const ET_EXEC: u64 = 2;
    half(file, 0, 16) == Some(ET_EXEC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_functions_of_this_program() {
        let path = Path::new("/proc/self/exe");
        let file = std::fs::read(path).unwrap();
        let all = functions(&file).unwrap();
        let main = all.iter().find(|function| function.name.starts_with(b"main"));
        // A stripped program has none.
        let Some(main) = main else { return };
        let name = std::str::from_utf8(main.name).unwrap();
        assert!(matches!(function(&file, path, name), Ok(Found::At(1..))));
        let missing = function(&file, path, "no_such_function_at_all");
        assert!(matches!(missing, Err(LoadError::NoTarget { .. })));
    }

    #[test]
    fn survives_garbage() {
        assert!(functions(b"not ELF").is_none());
        let mut file = vec![0xff; 128];
        file[..5].copy_from_slice(b"\x7fELF\x02");
        assert!(functions(&file).is_none());
        assert_eq!(file_offset(&file, 0), None);
    }
}
