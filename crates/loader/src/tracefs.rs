//! The tracing file system: tracepoints with their numbers, dynamic probes, `trace_pipe`.

use crate::kernel::read_text;
use crate::sys::mount;
use crate::{Errno, LoadError};
use std::ffi::CStr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

/// Where it usually is.
const PLACES: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

/// An accessible tracefs: the system's, or one mounted for this process alone, which nobody else
/// sees and which goes away with this value.
#[derive(Debug)]
pub struct Tracefs {
    path: PathBuf,
    _mount: Option<OwnedFd>,
}

impl Tracefs {
    /// Where the system has it mounted.
    pub fn mounted() -> Option<&'static Path> {
        let mut places = PLACES.iter().map(Path::new);
        places.find(|place| place.join("events").is_dir())
    }

    /// Opens it.
    ///
    /// # Errors
    /// [`LoadError::System`]: not mounted, and this user or kernel (before 5.2) cannot do it.
    pub fn open() -> Result<Tracefs, LoadError> {
        if let Some(path) = Self::mounted() {
            return Ok(Tracefs { path: path.to_owned(), _mount: None });
        }
        let mount = mount::detached(c"tracefs").map_err(|errno| LoadError::System {
            operation: "mount",
            subject: "tracefs, which is not mounted at `/sys/kernel/tracing`".into(),
            errno,
        })?;
        let path = PathBuf::from(format!("/proc/self/fd/{}", mount.as_raw_fd()));
        if !path.join("events").is_dir() {
            // It is mounted, but there is no name for it.
            return Err(LoadError::System {
                operation: "open",
                subject: "tracefs, which is not mounted at `/sys/kernel/tracing`".into(),
                errno: Errno::ENOENT,
            });
        }
        Ok(Tracefs { path, _mount: Some(mount) })
    }

    /// A path below it, valid as long as this value lives.
    pub fn join(&self, path: impl AsRef<Path>) -> PathBuf {
        self.path.join(path)
    }

    /// The number of an event.
    ///
    /// # Errors
    /// [`LoadError::NoTarget`] with the most similar name; [`LoadError::File`].
    pub fn event_id(&self, category: &str, event: &str) -> Result<u64, LoadError> {
        let is_name = |name: &str| !name.is_empty() && !name.contains('/') && name != "..";
        let path = self.join(format!("events/{category}/{event}/id"));
        if !is_name(category) || !is_name(event) || !path.exists() {
            return Err(self.no_event(category, event));
        }
        let text = read_text(&path)?;
        text.trim()
            .parse()
            .map_err(|_| LoadError::MalformedFile { path, what: "it holds no number".into() })
    }

    fn no_event(&self, category: &str, event: &str) -> LoadError {
        let events = self.events();
        let name = format!("{category}:{event}");
        // The event alone may be right.
        let elsewhere = events
            .iter()
            .find(|found| found.split_once(':').is_some_and(|(_, found)| found == event));
        let similar = || {
            let names = events.iter().map(String::as_str);
            bpfc_base::similar::most_similar(&name, names)
        };
        let candidate = elsewhere.map(String::as_str).or_else(similar).map(str::to_owned);
        LoadError::NoTarget { kind: "tracepoint", name, candidate }
    }

    /// All events as `category:event`, sorted.
    pub fn events(&self) -> Vec<String> {
        let folders = |path: &Path| {
            let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
            let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
            names.collect::<Vec<_>>()
        };
        let root = self.join("events");
        let mut events = Vec::new();
        for category in folders(&root) {
            for event in folders(&root.join(&category)) {
                if root.join(&category).join(&event).join("id").exists() {
                    events.push(format!("{category}:{event}"));
                }
            }
        }
        events.sort();
        events
    }

    /// Appends a line to one of its control files.
    pub(crate) fn control(&self, file: &str, line: &str) -> Result<(), Errno> {
        use std::io::Write;
        let mut options = std::fs::OpenOptions::new();
        let opened = options.append(true).open(self.join(file));
        let outcome = opened.and_then(|mut file| file.write_all(line.as_bytes()));
        outcome.map_err(|error| Errno::from(&error))
    }
}

/// A file of debugfs, whether that is mounted or not.
pub(crate) fn debugfs_text(path: &str) -> Option<String> {
    text_below("/sys/kernel/debug", c"debugfs", path)
}

/// A file of securityfs, whether that is mounted or not.
pub(crate) fn securityfs_text(path: &str) -> Option<String> {
    text_below("/sys/kernel/security", c"securityfs", path)
}

fn text_below(place: &str, file_system: &CStr, path: &str) -> Option<String> {
    if let Ok(text) = std::fs::read_to_string(Path::new(place).join(path)) {
        return Some(text);
    }
    let mount = mount::detached(file_system).ok()?;
    let path = format!("/proc/self/fd/{}/{path}", mount.as_raw_fd());
    std::fs::read_to_string(path).ok()
}

/// How the record of a tracepoint looks, as tracefs says it; none if there is no such tracepoint, or this user may not look.
pub fn tracepoint_format(category: &str, event: &str) -> Option<String> {
    let is_name = |name: &str| !name.is_empty() && !name.contains(['/', '.']);
    if !is_name(category) || !is_name(event) {
        return None;
    }
    let tracefs = Tracefs::open().ok()?;
    let file = tracefs.join("events").join(category).join(event).join("format");
    read_text(&file).ok()
}
