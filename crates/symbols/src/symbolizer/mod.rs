//! Stacks to frames.

mod lookup;

use crate::build_id::{BuildId, BuildIdEntry};
use crate::files::{FileIdx, Files};
use crate::frame::{Frame, FrameKind};
use crate::kernel::{Hidden, Modules};
use crate::note::Note;
use crate::process::{Absent, Process, What};
use blazesym::symbolize::source::Source;
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;
use std::sync::Arc;

/// Frames that are remembered before all are forgotten.
const MAX_CACHED: usize = 1 << 20;
/// Processes that are remembered.
const MAX_PROCESSES: usize = 1 << 14;

/// Gives addresses of stacks their names, and remembers files, processes and names.
///
/// ```
/// let mut symbols = bpfc_symbols::Symbolizer::new();
/// let here = bpfc_symbols::Symbolizer::new as fn() -> _ as usize as u64;
/// let frames = symbols.user(std::process::id(), &[here]);
/// assert!(frames.last().unwrap().name.contains("Symbolizer"), "{frames:?}");
/// ```
#[derive(Debug)]
pub struct Symbolizer {
    inner: blazesym::symbolize::Symbolizer,
    /// `None` before the first kernel address.
    kernel: Option<KernelSource>,
    kernel_frames: FxHashMap<u64, Rc<[Frame]>>,
    vdso_frames: FxHashMap<u64, Rc<[Frame]>>,
    files: Files,
    processes: FxHashMap<u32, Result<Process, Absent>>,
    own_vdso: Option<u64>,
    build_ids: FxHashMap<BuildId, Option<FileIdx>>,
    has_read_all: bool,
    /// Processes of which an address could not be placed as they had ended, or are others'.
    ended: FxHashSet<u32>,
    forbidden: FxHashSet<u32>,
    /// Names and paths, each once.
    texts: FxHashSet<Arc<str>>,
    n_cached: usize,
}

#[derive(Debug)]
struct KernelSource {
    source: Source<'static>,
    hidden: Option<Hidden>,
    modules: Modules,
}

impl Default for Symbolizer {
    fn default() -> Self {
        Symbolizer::new()
    }
}

impl Symbolizer {
    /// A symbolizer that knows nothing yet, and has read nothing.
    pub fn new() -> Symbolizer {
        // Files are named by open descriptors, which never mean another file later.
        let inner = blazesym::symbolize::Symbolizer::builder().enable_auto_reload(false).build();
        Symbolizer {
            inner,
            kernel: None,
            kernel_frames: FxHashMap::default(),
            vdso_frames: FxHashMap::default(),
            files: Files::default(),
            processes: FxHashMap::default(),
            own_vdso: None,
            build_ids: FxHashMap::default(),
            has_read_all: false,
            ended: FxHashSet::default(),
            forbidden: FxHashSet::default(),
            texts: FxHashSet::default(),
            n_cached: 0,
        }
    }

    /// The frames of a kernel stack, innermost first.
    ///
    /// The first address is taken for that of an instruction, the others for where calls return to: what is looked up is the
    /// call in front of them.
    pub fn kernel(&mut self, addresses: &[u64]) -> Vec<Frame> {
        self.bound();
        let mut frames = Vec::with_capacity(addresses.len());
        for (address, looked_up) in calls(addresses) {
            let found = match self.kernel_frames.get(&looked_up) {
                Some(found) => Rc::clone(found),
                None => {
                    let found = self.kernel_at(looked_up);
                    self.n_cached += found.len();
                    self.kernel_frames.insert(looked_up, Rc::clone(&found));
                    found
                }
            };
            put(&mut frames, &found, address, address - looked_up);
        }
        frames
    }

    /// The frames of a stack of a process, innermost first. Any of its threads' numbers will do.
    pub fn user(&mut self, pid: u32, addresses: &[u64]) -> Vec<Frame> {
        self.bound();
        self.look_at(pid, addresses);
        let mut frames = Vec::with_capacity(addresses.len());
        for (address, looked_up) in calls(addresses) {
            let found = self.user_at(pid, looked_up);
            put(&mut frames, &found, address, address - looked_up);
        }
        frames
    }

    /// The frames of a stack of build ids, innermost first. `pid` is whose stack it is, if that is known: its files are
    /// looked at first.
    pub fn by_build_id(&mut self, pid: Option<u32>, entries: &[BuildIdEntry]) -> Vec<Frame> {
        self.bound();
        let mut frames = Vec::with_capacity(entries.len());
        for (at, entry) in entries.iter().enumerate() {
            let back = u64::from(at > 0);
            match *entry {
                BuildIdEntry::Address(address) => {
                    let looked_up = address.saturating_sub(back);
                    let found = match pid {
                        Some(pid) => {
                            self.look_at(pid, &[address]);
                            self.user_at(pid, looked_up)
                        }
                        None => Rc::new([Frame::unknown(FrameKind::User, looked_up)]),
                    };
                    put(&mut frames, &found, address, address - looked_up);
                }
                BuildIdEntry::Offset(id, offset) => {
                    let looked_up = offset.saturating_sub(back);
                    let found = match self.file_with(&id, pid) {
                        Some(file) => self.in_file(file, looked_up),
                        None => {
                            let module = Some(self.text(&format!("[build id {id}]")));
                            let unknown = Frame::unknown(FrameKind::User, offset);
                            Rc::new([Frame { module, ..unknown }])
                        }
                    };
                    put(&mut frames, &found, offset, offset - looked_up);
                }
            }
        }
        frames
    }

    /// Reads what a process has mapped now, so that its stacks can be named after it has ended. Cheap when nothing has
    /// changed.
    pub fn remember(&mut self, pid: u32) {
        match self.processes.get_mut(&pid) {
            Some(Ok(process)) => process.refresh(pid, false, &mut self.files),
            _ => self.read_process(pid),
        }
    }

    /// What a process called itself when it was last looked at.
    pub fn comm(&mut self, pid: u32) -> Option<&str> {
        if !self.processes.contains_key(&pid) {
            self.read_process(pid);
        }
        self.processes.get(&pid)?.as_ref().ok()?.comm()
    }

    /// Why frames so far have no names.
    pub fn notes(&self) -> Vec<Note> {
        let kernel = match self.kernel.as_ref().and_then(|kernel| kernel.hidden) {
            Some(Hidden::Restricted) => Some(Note::KernelHidden),
            Some(Hidden::Missing) => Some(Note::KernelUnlisted),
            None => None,
        };
        let some = |n: usize| Some(n).filter(|n| *n > 0);
        let processes = [
            some(self.ended.len()).map(Note::Ended),
            some(self.forbidden.len()).map(Note::Forbidden),
        ];
        kernel.into_iter().chain(processes.into_iter().flatten()).collect()
    }

    /// Forgets names when there are too many.
    fn bound(&mut self) {
        if self.n_cached < MAX_CACHED {
            return;
        }
        self.n_cached = 0;
        self.kernel_frames.clear();
        self.files.forget_frames();
        self.texts.clear();
    }

    fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&new));
        new
    }

    /// Reads a process if it is not known, or if it has mapped more since.
    fn look_at(&mut self, pid: u32, addresses: &[u64]) {
        match self.processes.get_mut(&pid) {
            None => self.read_process(pid),
            Some(Ok(process)) => {
                let is_missing = addresses.iter().any(|address| process.find(*address).is_none());
                if is_missing {
                    process.refresh(pid, true, &mut self.files);
                }
            }
            // The number may be another process's by now.
            Some(Err(_)) => self.read_process(pid),
        }
        match self.processes.get(&pid) {
            Some(Err(Absent::Ended)) => self.ended.insert(pid),
            Some(Err(Absent::Forbidden)) => self.forbidden.insert(pid),
            _ => false,
        };
    }

    fn read_process(&mut self, pid: u32) {
        if self.processes.len() >= MAX_PROCESSES {
            self.processes.clear();
        }
        self.processes.insert(pid, Process::read(pid, &mut self.files));
    }

    fn user_at(&mut self, pid: u32, address: u64) -> Rc<[Frame]> {
        let unknown = Frame::unknown(FrameKind::User, address);
        let Some(Ok(process)) = self.processes.get(&pid) else {
            return Rc::new([unknown]);
        };
        let Some(mapping) = process.find(address) else {
            return Rc::new([unknown]);
        };
        let at = address - mapping.start;
        match &mapping.what {
            What::File(file) => {
                let (file, offset) = (*file, at.wrapping_add(mapping.offset));
                self.in_file(file, offset)
            }
            What::Vdso => self.in_vdso(at),
            What::Anonymous => {
                let kind = FrameKind::Jit;
                let found = match self.processes.get_mut(&pid) {
                    Some(Ok(process)) => process.made_at_run_time(pid, address),
                    _ => None,
                };
                Rc::new([match found {
                    Some((name, offset)) => Frame { name, kind, offset, is_known: true, ..unknown },
                    None => Frame { kind, ..unknown },
                }])
            }
            What::Special(name) => {
                let name = Arc::clone(name);
                Rc::new([Frame { name: Arc::clone(&name), module: Some(name), ..unknown }])
            }
        }
    }

    /// The file of a build id: of the process, of others that were seen, where distributions keep it, of any that runs.
    fn file_with(&mut self, id: &BuildId, pid: Option<u32>) -> Option<FileIdx> {
        if let Some(pid) = pid {
            self.remember(pid);
        }
        if let Some(Some(known)) = self.build_ids.get(id) {
            return Some(*known);
        }
        let mut found = self.files.with_build_id(id).or_else(|| {
            let digits = id.to_string();
            let (folder, rest) = digits.split_at(2);
            let path = std::path::PathBuf::from(format!("/usr/lib/.build-id/{folder}/{rest}"));
            (BuildId::of_file(&path).as_ref() == Some(id)).then(|| self.files.add(path))
        });
        if found.is_none() && !self.has_read_all {
            self.has_read_all = true;
            for pid in all_processes() {
                self.remember(pid);
            }
            found = self.files.with_build_id(id);
        }
        self.build_ids.insert(*id, found);
        found
    }
}

/// Addresses, and where to look them up.
fn calls(addresses: &[u64]) -> impl Iterator<Item = (u64, u64)> {
    addresses.iter().enumerate().map(|(at, &address)| match at {
        0 => (address, address),
        // The call may be the last instruction of a function that does not return, and what follows is another function.
        _ => (address, address.saturating_sub(1)),
    })
}

/// Appends frames as those of an address, that is `back` bytes behind where they were looked up.
fn put(frames: &mut Vec<Frame>, found: &[Frame], address: u64, back: u64) {
    frames.extend(found.iter().map(|frame| {
        let offset = if frame.is_known { frame.offset + back } else { 0 };
        Frame { address, offset, ..frame.clone() }
    }));
}

fn all_processes() -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten();
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut pids: Vec<u32> = names.filter_map(|name| name.parse().ok()).collect();
    pids.sort_unstable();
    pids
}
