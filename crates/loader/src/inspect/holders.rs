//! What keeps objects of the kernel alive: processes and pins.

use super::ObjectKind;
use crate::map::c_path;
use crate::sys::bpf;
use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

/// How deep pins are looked for.
const MAX_DEPTH: usize = 8;

/// A process that has an object open.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// What it holds.
    pub kind: ObjectKind,
    /// Its number.
    pub id: u32,
    /// The process.
    pub pid: u32,
    /// The command that it runs.
    pub command: String,
}

/// An object with a name in a bpffs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pinned {
    /// What is pinned.
    pub kind: ObjectKind,
    /// Its number.
    pub id: u32,
    /// Where.
    pub path: PathBuf,
}

/// What all processes hold that this user may look at; by kind, number and process.
pub fn holders() -> Vec<Holder> {
    let mut all = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let before = all.len();
        for file in fs::read_dir(entry.path().join("fd")).into_iter().flatten().flatten() {
            let number = file.file_name();
            let info = || entry.path().join("fdinfo").join(&number);
            if let Some((kind, id)) = object(&file.path(), info) {
                all.push(Holder { kind, id, pid, command: String::new() });
            }
        }
        if all.len() > before {
            let command = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
            all[before..]
                .iter_mut()
                .for_each(|holder| command.trim().clone_into(&mut holder.command));
        }
    }
    all.sort();
    all.dedup();
    all
}

/// What a file descriptor is, by the link and the text that `/proc` has of it.
/// What a descriptor of this process stands for; none if it cannot be told, for instance without procfs.
pub(crate) fn kind_of(fd: &impl AsRawFd) -> Option<ObjectKind> {
    let fd = fd.as_raw_fd();
    let (link, info) = (format!("/proc/self/fd/{fd}"), format!("/proc/self/fdinfo/{fd}"));
    object(Path::new(&link), || PathBuf::from(&info)).map(|(kind, _)| kind)
}

fn object(link: &Path, info: impl Fn() -> PathBuf) -> Option<(ObjectKind, u32)> {
    let target = fs::read_link(link).ok()?;
    let (kind, key) = match target.to_str()?.strip_prefix("anon_inode:")?.trim_matches(['[', ']']) {
        "bpf-prog" => (ObjectKind::Program, "prog_id:"),
        "bpf-map" => (ObjectKind::Map, "map_id:"),
        // Since 6.16 with a hyphen.
        "bpf_link" | "bpf-link" | "perf_link" => (ObjectKind::Link, "link_id:"),
        "btf" => (ObjectKind::Types, "btf_id:"),
        _ => return None,
    };
    let text = fs::read_to_string(info()).ok()?;
    let id = text.lines().find_map(|line| line.strip_prefix(key)?.trim().parse().ok())?;
    Some((kind, id))
}

/// What is pinned below a folder of a bpffs; by kind, number and path.
pub fn pins(folder: &Path) -> Vec<Pinned> {
    let mut all = Vec::new();
    look(folder, MAX_DEPTH, &mut all);
    all.sort();
    all
}

fn look(folder: &Path, depth: usize, all: &mut Vec<Pinned>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(ty) if ty.is_dir() && depth > 0 => look(&path, depth - 1, all),
            Ok(ty) if ty.is_file() => all.extend(pinned(path)),
            _ => {}
        }
    }
}

/// What is pinned at a path; none if it is no pin, or this process may not open it.
pub fn pinned(path: PathBuf) -> Option<Pinned> {
    // The output of a pinned iterator, for example, is a file that is no object.
    let fd: OwnedFd = bpf::obj_get(&c_path(&path).ok()?).ok()?;
    let link = PathBuf::from(format!("/proc/self/fd/{}", fd.as_raw_fd()));
    let info = || PathBuf::from(format!("/proc/self/fdinfo/{}", fd.as_raw_fd()));
    let (kind, id) = object(&link, info)?;
    Some(Pinned { kind, id, path })
}
