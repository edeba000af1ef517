//! What a process has mapped, read while it lives and kept when it ends.

use crate::files::{FileIdx, Files, Key};
use crate::perf_map::PerfMap;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// More of `/proc/PID/maps` is not read.
const MAX_MAPS_BYTES: u64 = 32 << 20;
/// How old knowledge must be before an address that is not mapped makes us look again.
const REFRESH: Duration = Duration::from_millis(50);

/// The executable mappings of a process.
#[derive(Debug)]
pub(crate) struct Process {
    mappings: Vec<Mapping>,
    perf_map: Option<PerfMap>,
    perf_map_read_at: Option<Instant>,
    /// When it started and which program it runs: a number may be given to another process, and that may become another
    /// program.
    identity: Identity,
    comm: Option<String>,
    read_at: Instant,
}

/// A piece of memory that can be executed.
#[derive(Clone, Debug)]
pub(crate) struct Mapping {
    pub(crate) start: u64,
    end: u64,
    /// Where the piece starts in its file.
    pub(crate) offset: u64,
    pub(crate) what: What,
}

/// What is mapped.
#[derive(Clone, Debug)]
pub(crate) enum What {
    File(FileIdx),
    Vdso,
    /// Nothing with a name: code made at run time.
    Anonymous,
    /// `[vsyscall]`, `[uprobes]` and the like.
    Special(Arc<str>),
}

/// Why a process could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Absent {
    Ended,
    Forbidden,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Identity {
    start_ticks: u64,
    program: Option<(u64, u64)>,
}

impl Process {
    /// Reads what a process has mapped, and opens the files.
    pub(crate) fn read(pid: u32, files: &mut Files) -> Result<Process, Absent> {
        let mut text = Vec::new();
        let opened = File::open(format!("/proc/{pid}/maps"));
        let outcome = opened.and_then(|file| file.take(MAX_MAPS_BYTES).read_to_end(&mut text));
        match outcome {
            Ok(0) => return Err(Absent::Ended),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                return Err(Absent::Forbidden);
            }
            Err(_) => return Err(Absent::Ended),
        }
        let text = String::from_utf8_lossy(&text);
        let mappings = text.lines().filter_map(|line| mapping(pid, line, files)).collect();
        Ok(Process {
            mappings,
            perf_map: None,
            perf_map_read_at: None,
            identity: identity(pid).unwrap_or_default(),
            comm: comm(pid),
            read_at: Instant::now(),
        })
    }

    /// Looks again, if the process has another program now or, where `wants_more`, if it was not looked at just now.
    pub(crate) fn refresh(&mut self, pid: u32, wants_more: bool, files: &mut Files) {
        let now = identity(pid);
        let is_same = now.is_none_or(|now| now == self.identity);
        let is_due = wants_more && self.read_at.elapsed() >= REFRESH;
        if now.is_none() || is_same && !is_due {
            return;
        }
        let Ok(mut newer) = Process::read(pid, files) else {
            return;
        };
        if newer.identity.start_ticks == self.identity.start_ticks {
            // Addresses seen before may lie in what was mapped then.
            for old in &self.mappings {
                if newer.mappings.iter().all(|new| new.end <= old.start || old.end <= new.start) {
                    newer.mappings.push(old.clone());
                }
            }
            newer.mappings.sort_by_key(|mapping| mapping.start);
        }
        *self = newer;
    }

    /// What is at an address.
    pub(crate) fn find(&self, address: u64) -> Option<&Mapping> {
        let end = self.mappings.partition_point(|mapping| mapping.start <= address);
        self.mappings[..end].last().filter(|mapping| address < mapping.end)
    }

    /// What the process's just-in-time compiler says is at an address, and how far into it that is. It may have made more
    /// since it was last asked.
    pub(crate) fn made_at_run_time(&mut self, pid: u32, address: u64) -> Option<(Arc<str>, u64)> {
        let find = |map: &Option<PerfMap>| map.as_ref()?.find(address);
        let found = find(&self.perf_map);
        let is_due = self.perf_map_read_at.is_none_or(|at| at.elapsed() >= REFRESH);
        if found.is_some() || !is_due {
            return found;
        }
        if self.perf_map.as_ref().is_none_or(|map| map.has_grown()) {
            self.perf_map = PerfMap::of(pid).or(self.perf_map.take());
        }
        // From when it was read: a large one is not read all the time.
        self.perf_map_read_at = Some(Instant::now());
        find(&self.perf_map)
    }

    /// What the process calls itself.
    pub(crate) fn comm(&self) -> Option<&str> {
        self.comm.as_deref()
    }
}

/// A line of `/proc/PID/maps`: `START-END PERMISSIONS OFFSET MAJOR:MINOR INODE PATH` (`proc_pid_maps(5)`).
fn mapping(pid: u32, line: &str, files: &mut Files) -> Option<Mapping> {
    let (range, rest) = line.split_once(' ')?;
    let (start, end) = range.split_once('-')?;
    let (permissions, rest) = rest.split_once(' ')?;
    if permissions.as_bytes().get(2) != Some(&b'x') {
        return None;
    }
    let (offset, rest) = rest.split_once(' ')?;
    let (device, rest) = rest.split_once(' ')?;
    let (inode, path) = rest.split_once(' ').unwrap_or((rest, ""));
    let (hex, path) = (|text| u64::from_str_radix(text, 16).ok(), path.trim_start());
    let what = match path {
        "" => What::Anonymous,
        "[vdso]" => What::Vdso,
        // Code of just-in-time compilers, with names from `prctl(PR_SET_VMA)` or of memory files.
        _ if path.starts_with("[anon") || path.starts_with("/dev/zero") => What::Anonymous,
        _ if path.starts_with("/memfd:") || path.starts_with("//anon") => What::Anonymous,
        _ if path.starts_with('[') => What::Special(path.into()),
        _ => {
            let (major, minor) = device.split_once(':')?;
            let key = Key { device: (hex(major)?, hex(minor)?), inode: inode.parse().ok()? };
            What::File(files.open(key, pid, range, path))
        }
    };
    Some(Mapping { start: hex(start)?, end: hex(end)?, offset: hex(offset)?, what })
}

fn identity(pid: u32) -> Option<Identity> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field may hold blanks and brackets; `starttime` is the 22nd (`proc_pid_stat(5)`).
    let (_, rest) = stat.rsplit_once(')')?;
    let start_ticks = rest.split_whitespace().nth(19)?.parse().ok()?;
    use std::os::unix::fs::MetadataExt;
    let program = std::fs::metadata(format!("/proc/{pid}/exe")).ok();
    Some(Identity { start_ticks, program: program.map(|program| (program.dev(), program.ino())) })
}

fn comm(pid: u32) -> Option<String> {
    let bytes = std::fs::read(format!("/proc/{pid}/comm")).ok()?;
    Some(String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned())
}
