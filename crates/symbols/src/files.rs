//! Files that processes execute: found by what the kernel mapped, not by a name that may mean another file by now.

use crate::build_id::BuildId;
use crate::frame::Frame;
use rustc_hash::FxHashMap;
use std::cell::OnceCell;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

/// Files that are kept open, half of what a process may open by default. Later ones go by their names.
const MAX_OPEN: usize = 400;

/// A file, as the kernel names it in `/proc/PID/maps`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) device: (u64, u64),
    pub(crate) inode: u64,
}

/// A file of [`Files`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FileIdx(u32);

/// All files that were seen.
#[derive(Debug, Default)]
pub(crate) struct Files {
    by_key: FxHashMap<Key, FileIdx>,
    files: Vec<MappedFile>,
    n_open: usize,
}

/// One file.
#[derive(Debug)]
pub(crate) struct MappedFile {
    /// Its path where it is mapped.
    pub(crate) name: Arc<str>,
    /// Where we can read it; nowhere if it is gone or forbidden.
    pub(crate) path: Option<PathBuf>,
    /// What `path` may refer to.
    _open: Option<File>,
    build_id: OnceCell<Option<BuildId>>,
    /// Frames by offset in the file, with the offset in place of an address.
    pub(crate) frames: FxHashMap<u64, Rc<[Frame]>>,
}

impl Files {
    /// The file that `pid` has mapped at `range` and calls `path`.
    pub(crate) fn open(&mut self, key: Key, pid: u32, range: &str, path: &str) -> FileIdx {
        if let Some(&known) = self.by_key.get(&key) {
            return known;
        }
        let name = path.strip_suffix(" (deleted)").unwrap_or(path);
        let found = if self.n_open < MAX_OPEN { find(key, pid, range, path, name) } else { None };
        self.n_open += usize::from(found.is_some());
        let readable = match &found {
            Some(file) => Some(format!("/proc/self/fd/{}", file.as_raw_fd()).into()),
            None if self.n_open < MAX_OPEN => None,
            None => Some(name.into()),
        };
        let idx = self.push(name, readable, found);
        self.by_key.insert(key, idx);
        idx
    }

    /// A file that no process has mapped.
    pub(crate) fn add(&mut self, path: PathBuf) -> FileIdx {
        let name = path.to_string_lossy().into_owned();
        self.push(&name, Some(path), None)
    }

    fn push(&mut self, name: &str, path: Option<PathBuf>, open: Option<File>) -> FileIdx {
        let idx = FileIdx(self.files.len() as u32);
        self.files.push(MappedFile {
            name: name.into(),
            path,
            _open: open,
            build_id: OnceCell::new(),
            frames: FxHashMap::default(),
        });
        idx
    }

    pub(crate) fn get(&mut self, idx: FileIdx) -> &mut MappedFile {
        &mut self.files[idx.0 as usize]
    }

    /// Forgets all names.
    pub(crate) fn forget_frames(&mut self) {
        self.files.iter_mut().for_each(|file| file.frames.clear());
    }

    /// The file with a build id, among those that were seen.
    pub(crate) fn with_build_id(&self, wanted: &BuildId) -> Option<FileIdx> {
        let found = self.files.iter().position(|file| file.build_id().as_ref() == Some(wanted))?;
        Some(FileIdx(found as u32))
    }
}

impl MappedFile {
    fn build_id(&self) -> &Option<BuildId> {
        self.build_id.get_or_init(|| BuildId::of_file(self.path.as_deref()?))
    }
}

/// Opens what is mapped: through the mapping, which needs CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE, else by name in the root of
/// the process and in ours, if that is still the same file.
fn find(key: Key, pid: u32, range: &str, path: &str, name: &str) -> Option<File> {
    if let Ok(file) = File::open(format!("/proc/{pid}/map_files/{range}")) {
        return Some(file);
    }
    let paths =
        [format!("/proc/{pid}/root{name}"), name.to_owned(), format!("/proc/{pid}/root{path}")];
    paths.into_iter().find_map(|path| {
        let is_same = |about: std::fs::Metadata| about.is_file() && about.ino() == key.inode;
        // Not the device: that of a btrfs or overlay is another one in `maps`.
        std::fs::metadata(&path).ok().filter(|about| is_same(about.clone()))?;
        File::open(path).ok().filter(|file| file.metadata().is_ok_and(is_same))
    })
}
