//! Probes on functions of programs and libraries: through the event source `uprobe` (4.17).

use super::kprobe::{Source, uprobe_obstacle};
use super::start;
use crate::LoadError;
use crate::attach::link::{Held, Link};
use crate::attach::{ProbePoint, TraceSpec, refused};
use crate::kernel::read;
use crate::map::c_path;
use crate::program::Program;
use crate::sys::perf::{self, Probe, Scope};
use bpfc_base::similar::most_similar;
use std::path::Path;

/// Attaches to a place in a file, in every process that has it mapped or will.
pub(super) fn uprobe(
    program: &Program,
    spec: &TraceSpec,
    (path, symbol, offset): (&Path, &str, u64),
    point: ProbePoint,
) -> Result<Link, LoadError> {
    let text = spec.to_string();
    let Some(source) = Source::find("uprobe") else {
        let reason = uprobe_obstacle().unwrap_or_default();
        return Err(refused(program, &text, reason, None));
    };
    let offset = match symbol {
        "" => offset,
        symbol => {
            let file = read(path)?;
            let place = symbol_offset(&file, symbol).map_err(|missing| match missing {
                Missing::Symbol(candidate) => LoadError::NoTarget {
                    kind: "function",
                    name: format!("{}:{symbol}", path.display()),
                    candidate,
                },
                Missing::Elf => LoadError::MalformedFile {
                    path: path.to_owned(),
                    what: "not a 64-bit ELF file of this machine".into(),
                },
            })?;
            place.wrapping_add(offset)
        }
    };
    let path = c_path(path)?;
    let (ty, config) = source.config(point);
    let probe = Probe { ty, config, target: &path, offset };
    let event = perf::probe(&probe, Scope { pid: -1, cpu: 0 });
    let started = event.and_then(|event| {
        start(program, &event)?;
        Ok(event)
    });
    let event = started.map_err(|errno| refused(program, &text, "the kernel refuses", errno))?;
    Ok(Link::new(program.name(), text, Held::Events(vec![event])))
}

/// Why a symbol has no place in a file.
#[derive(Debug, PartialEq, Eq)]
enum Missing {
    /// There is none; the most similar function.
    Symbol(Option<String>),
    /// The file cannot be read.
    Elf,
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

/// The offset in the file of the function `name`. Reads ELF64 of the machine's byte order (System V
/// ABI, "Object files"): symbol tables, then the segment that holds the address.
fn symbol_offset(file: &[u8], name: &str) -> Result<u64, Missing> {
    const CLASS_64: u8 = 2;
    if file.get(..4) != Some(b"\x7fELF") || file.get(4) != Some(&CLASS_64) {
        return Err(Missing::Elf);
    }
    let functions = functions(file).ok_or(Missing::Elf)?;
    let found = functions.iter().find(|(found, _)| *found == name.as_bytes());
    let Some((_, address)) = found else {
        let names = functions.iter().filter_map(|(name, _)| std::str::from_utf8(name).ok());
        return Err(Missing::Symbol(most_similar(name, names).map(str::to_owned)));
    };
    file_offset(file, *address).ok_or(Missing::Elf)
}

/// Names and addresses of the functions in `.symtab` and `.dynsym`.
fn functions(file: &[u8]) -> Option<Vec<(&[u8], u64)>> {
    const SECTION_BYTES: u64 = 64;
    const SYMBOL_BYTES: u64 = 24;
    const SYMTAB: u64 = 2;
    const DYNSYM: u64 = 11;
    const STT_FUNC: u8 = 2;
    const STT_GNU_IFUNC: u8 = 10;
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
        for at in (0..size / SYMBOL_BYTES).map(|n| start.wrapping_add(n * SYMBOL_BYTES)) {
            let [info] = field(file, at, 4)?;
            let (section, address) = (half(file, at, 6)?, long(file, at, 8)?);
            if !matches!(info & 15, STT_FUNC | STT_GNU_IFUNC) || section == 0 {
                continue;
            }
            let name = strings.get(word(file, at, 0)? as usize..)?;
            let end = name.iter().position(|byte| *byte == 0)?;
            functions.push((&name[..end], address));
        }
    }
    Some(functions)
}

/// Where in the file the byte lies that is loaded at `address`.
fn file_offset(file: &[u8], address: u64) -> Option<u64> {
    const SEGMENT_BYTES: u64 = 56;
    const LOAD: u64 = 1;
    let (table, n_segments) = (long(file, 0, 32)?, half(file, 0, 56)?);
    for idx in 0..n_segments {
        let header = table.checked_add(idx * SEGMENT_BYTES)?;
        let (offset, start, size) =
            (long(file, header, 8)?, long(file, header, 16)?, long(file, header, 32)?);
        if word(file, header, 0)? == LOAD && address >= start && address - start < size {
            return offset.checked_add(address - start);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_functions_of_this_program() {
        let file = std::fs::read("/proc/self/exe").unwrap();
        let all = functions(&file).unwrap();
        let main = all.iter().find(|(name, _)| name.starts_with(b"main"));
        // A stripped program has none.
        let Some((name, _)) = main else { return };
        let name = std::str::from_utf8(name).unwrap();
        assert!(symbol_offset(&file, name).unwrap() > 0);
        let missing = symbol_offset(&file, "no_such_function_at_all");
        assert!(matches!(missing, Err(Missing::Symbol(_))));
    }

    #[test]
    fn survives_garbage() {
        assert_eq!(symbol_offset(b"not ELF", "f"), Err(Missing::Elf));
        let mut file = vec![0xff; 128];
        file[..5].copy_from_slice(b"\x7fELF\x02");
        assert_eq!(symbol_offset(&file, "f"), Err(Missing::Elf));
    }
}
