//! `/tmp/perf-PID.map`, where just-in-time compilers say what they made: `START SIZE NAME` in hexadecimal, as
//! `tools/perf/Documentation/jit-interface.txt` (6.12) has it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// More of such a file is not read.
const MAX_BYTES: u64 = 64 << 20;

/// Functions that were made at run time.
#[derive(Debug, Default)]
pub(crate) struct PerfMap {
    path: PathBuf,
    n_bytes: u64,
    /// Start, size, name; in the order of their starts.
    functions: Vec<(u64, u64, Arc<str>)>,
}

impl PerfMap {
    /// Reads the map of a process.
    pub(crate) fn of(pid: u32) -> Option<PerfMap> {
        let inner = inner_pid(pid).unwrap_or(pid);
        let paths =
            [format!("/proc/{pid}/root/tmp/perf-{inner}.map"), format!("/tmp/perf-{pid}.map")];
        paths.iter().find_map(|path| PerfMap::read(Path::new(path)))
    }

    fn read(path: &Path) -> Option<PerfMap> {
        // A pipe with that name would keep us waiting.
        let about = std::fs::metadata(path).ok()?;
        if !about.is_file() {
            return None;
        }
        let mut bytes = Vec::new();
        File::open(path).ok()?.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
        let functions = PerfMap::parse(&String::from_utf8_lossy(&bytes));
        Some(PerfMap { path: path.to_owned(), n_bytes: about.len(), functions })
    }

    /// Whether the file is another one than when it was read.
    pub(crate) fn has_grown(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|about| about.len() != self.n_bytes)
    }

    fn parse(text: &str) -> Vec<(u64, u64, Arc<str>)> {
        let hex = |word: &str| u64::from_str_radix(word.trim_start_matches("0x"), 16).ok();
        let functions = text.lines().filter_map(|line| {
            let mut words = line.trim_start().splitn(3, ' ');
            let (start, size) = (hex(words.next()?)?, hex(words.next()?)?);
            Some((start, size, words.next()?.into()))
        });
        let mut functions: Vec<_> = functions.collect();
        // A later line stands for code that took the place of earlier code.
        functions.sort_by_key(|(start, ..)| *start);
        functions
    }

    /// The function at an address, and how far into it that is.
    pub(crate) fn find(&self, address: u64) -> Option<(Arc<str>, u64)> {
        let end = self.functions.partition_point(|(start, ..)| *start <= address);
        let (start, size, name) = self.functions[..end].last()?;
        (address - start < *size).then(|| (Arc::clone(name), address - start))
    }
}

/// The number of the process in its own namespace: the last of `NSpid` (`proc(5)`).
fn inner_pid(pid: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("NStgid:"))?;
    line.split_whitespace().last()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_functions_and_skips_what_is_malformed() {
        let text = "2000 10 b::c d\nzz 1 x\n1000 20 a\n\n3000 5\n2000 8 newer\n";
        let map = PerfMap { functions: PerfMap::parse(text), ..PerfMap::default() };
        assert_eq!(map.find(0x1000), Some(("a".into(), 0)));
        assert_eq!(map.find(0x101f), Some(("a".into(), 0x1f)));
        assert_eq!(map.find(0x1020), None);
        assert_eq!(map.find(0x2004), Some(("newer".into(), 4)));
        assert_eq!(map.find(0xfff), None);
    }
}
