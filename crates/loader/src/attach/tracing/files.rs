//! Programs and libraries by name: `c`, `libc.so.6`, `bash`, as the dynamic linker and the shell
//! find them.

use crate::{Errno, LoadError};
use bpfc_base::similar::most_similar;
use std::path::{Path, PathBuf};

const CACHE: &str = "/etc/ld.so.cache";
/// `ldconfig` writes this in front of the table; the version behind it is always the same.
const CACHE_MAGIC: &[u8] = b"glibc-ld.so.cache1.1";
/// Where the dynamic linker looks last, and where distributions put libraries of one machine.
const LIBRARY_FOLDERS: [&str; 8] = [
    "/lib64",
    "/usr/lib64",
    "/lib",
    "/usr/lib",
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
];
const PROGRAM_FOLDERS: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/// The file of this name. A path is taken as it is, in the file system of the process if one is
/// given; a bare name is that of a library the process has loaded, of a library that programs
/// find, or of a program.
pub(super) fn find(name: &Path, pid: Option<u32>) -> Result<PathBuf, LoadError> {
    let text = name.to_string_lossy();
    if text.contains('/') {
        return Ok(of_process(name, pid));
    }
    let mut found = pid.and_then(|pid| loaded(pid, &text));
    found = found.or_else(|| {
        let folders = std::env::var("LD_LIBRARY_PATH").unwrap_or_default();
        in_folders(folders.split(':'), &text)
    });
    let cached = std::fs::read(CACHE).unwrap_or_default();
    found = found.or_else(|| {
        let entry = libraries(&cached).find(|(key, _)| is_library(key, &text));
        entry.map(|(_, path)| PathBuf::from(path))
    });
    found = found.or_else(|| in_folders(LIBRARY_FOLDERS.into_iter(), &text));
    found = found.or_else(|| {
        let folders = std::env::var("PATH").unwrap_or_else(|_| PROGRAM_FOLDERS.into());
        let mut paths = folders.split(':').map(|folder| Path::new(folder).join(&*text));
        paths.find(|path| path.is_file())
    });
    if let Some(found) = found {
        return Ok(found);
    }
    // What the file is called, and what people call it.
    let names = libraries(&cached).map(|(key, _)| short_name(key).unwrap_or(key));
    Err(LoadError::NoTarget {
        kind: "library or program",
        name: text.clone().into_owned(),
        candidate: most_similar(&text, names).map(str::to_owned),
    })
}

/// A path as a process sees it, which may be in another container.
fn of_process(path: &Path, pid: Option<u32>) -> PathBuf {
    let Some((pid, inner)) = pid.zip(path.strip_prefix("/").ok()) else {
        return path.to_owned();
    };
    let there = Path::new("/proc").join(pid.to_string()).join("root").join(inner);
    let is_same = match (std::fs::metadata(&there), std::fs::metadata(path)) {
        (Ok(there), Ok(here)) => {
            use std::os::unix::fs::MetadataExt;
            (there.dev(), there.ino()) == (here.dev(), here.ino())
        }
        (Ok(_), Err(_)) => false,
        (Err(_), _) => true,
    };
    if is_same { path.to_owned() } else { there }
}

/// A library that a process has in its memory.
fn loaded(pid: u32, name: &str) -> Option<PathBuf> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).ok()?;
    let mut paths = maps.lines().filter_map(|line| Some(&line[line.find('/')?..]));
    let path =
        paths.find(|path| path.rsplit('/').next().is_some_and(|last| is_library(last, name)));
    path.map(|path| of_process(Path::new(path), Some(pid)))
}

fn in_folders<'f>(folders: impl Iterator<Item = &'f str>, name: &str) -> Option<PathBuf> {
    for folder in folders.filter(|folder| !folder.is_empty()) {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        // The same every time, whatever the order of the folder.
        if let Some(found) = names.filter(|entry| is_library(entry, name)).min() {
            return Some(Path::new(folder).join(found));
        }
    }
    None
}

/// Whether a file is called `name`, or is the library `name`: `libc.so.6` is `c`.
fn is_library(file: &str, name: &str) -> bool {
    file == name || short_name(file) == Some(name)
}

/// `c` of `libc.so.6` and of `libc.so`.
fn short_name(file: &str) -> Option<&str> {
    let (name, version) = file.strip_prefix("lib")?.split_once(".so")?;
    let is_version = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    is_version(version).then_some(name)
}

/// Names and paths of the dynamic linker's cache (`ldconfig`, glibc 2.2 and later).
fn libraries(cache: &[u8]) -> impl Iterator<Item = (&str, &str)> {
    const HEADER_BYTES: usize = 48;
    const ENTRY_BYTES: usize = 24;
    // `FLAG_ELF_LIBC6` with the architecture in the second byte.
    let machine: u32 = if cfg!(target_arch = "x86_64") { 0x0303 } else { 0x0a03 };
    let start = cache.windows(CACHE_MAGIC.len()).position(|window| window == CACHE_MAGIC);
    let table = start.map_or(&[][..], |start| &cache[start..]);
    let word = |at: usize| -> Option<u32> {
        Some(u32::from_ne_bytes(table.get(at..at.checked_add(4)?)?.try_into().ok()?))
    };
    let n_entries = word(CACHE_MAGIC.len()).unwrap_or(0) as usize;
    let text = |at: usize| -> Option<&str> {
        let bytes = table.get(word(at)? as usize..)?;
        let end = bytes.iter().position(|byte| *byte == 0)?;
        std::str::from_utf8(&bytes[..end]).ok()
    };
    let entries =
        (0..n_entries.min(table.len() / ENTRY_BYTES)).map(|n| HEADER_BYTES + n * ENTRY_BYTES);
    let found: Vec<(&str, &str)> = entries
        .filter(|at| word(*at) == Some(machine))
        .filter_map(|at| Some((text(at + 4)?, text(at + 8)?)))
        .collect();
    found.into_iter()
}

/// Whether there is such a file, with the reason if not.
pub(super) fn check(path: &Path) -> Result<(), LoadError> {
    match std::fs::metadata(path) {
        Ok(_) => Ok(()),
        Err(error) => Err(LoadError::File { path: path.to_owned(), errno: Errno::from(&error) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_have_short_names() {
        assert!(is_library("libc.so.6", "c"));
        assert!(is_library("libc.so.6", "libc.so.6"));
        assert!(is_library("libstdc++.so.6.0.33", "stdc++"));
        assert!(!is_library("libcrypt.so.1", "c"));
        assert!(!is_library("libc.so.6.bak", "c"));
    }

    #[test]
    fn finds_the_c_library_and_programs() {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        if !maps.contains("/libc.so.6") {
            return;
        }
        let found = find(Path::new("c"), None).unwrap();
        assert!(found.to_str().unwrap().ends_with("libc.so.6"), "{}", found.display());
        let own = find(Path::new("c"), Some(std::process::id())).unwrap();
        assert_eq!(std::fs::canonicalize(own).unwrap(), std::fs::canonicalize(found).unwrap());
        assert!(find(Path::new("sh"), None).unwrap().ends_with("sh"));
        assert!(matches!(
            find(Path::new("no_such_library"), None),
            Err(LoadError::NoTarget { .. })
        ));
    }

    #[test]
    fn broken_caches_have_no_libraries() {
        let mut cache = b"glibc-ld.so.cache1.1".to_vec();
        cache.extend([0xff; 100]);
        assert_eq!(libraries(&cache).count(), 0);
        assert_eq!(libraries(b"").count(), 0);
    }
}
