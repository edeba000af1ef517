//! Attaching programs that watch the kernel and processes.

mod dynamic;
mod elf;
mod files;
pub(super) mod kprobe;
mod multi;
mod perf_event;
mod points;
mod typed;
mod uprobe;
pub(super) mod usdt;

pub(crate) use multi::{has_kprobe_multi, has_uprobe_multi, understood};
pub(crate) use typed::trampoline_obstacle;

use super::link::{Held, Link};
use super::refused;
use super::spec::{TraceOptions, TracePlace, TraceSpec};
use crate::kernel::{Kernel, read};
use crate::program::Program;
use crate::sys::{perf, trace_link};
use crate::{Errno, LoadError, limits};
use bpfc_kabi::{AttachType, KernelVersion};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

/// The functions of a program or library, as far as it has symbols: name, address as the file has it, offset in the file. A
/// function may have several names.
///
/// # Errors
/// [`LoadError::File`], [`LoadError::MalformedFile`].
pub fn functions_of_file(path: &Path) -> Result<Vec<(String, u64, u64)>, LoadError> {
    elf::all_functions(&read(path)?, path)
}

/// Where in a file an address is, as the file has it; none if it is in no part that is loaded.
///
/// # Errors
/// [`LoadError::File`].
pub fn offset_in_file(path: &Path, address: u64) -> Result<Option<u64>, LoadError> {
    Ok(elf::file_offset(&read(path)?, address))
}

/// The file that a probe on `name` goes to: a path, a library such as `c`, or a command; as a process has it, if `pid` is given.
///
/// # Errors
/// [`LoadError::NoTarget`] with a guess at what was meant.
pub fn find_file(name: &Path, pid: Option<u32>) -> Result<PathBuf, LoadError> {
    files::find(name, pid)
}

/// Whether the kernel runs programs at the start and the end of its functions directly (`fentry`, `fexit`, `fmod_ret`), as far
/// as its types and its configuration say.
pub fn has_trampolines(kernel: &Kernel) -> bool {
    kernel.btf().is_some() && trampoline_obstacle(kernel).is_none()
}

/// Most places that a pattern may name where each of them takes a file descriptor, unless told
/// otherwise.
const DEFAULT_LIMIT: usize = 1000;

/// Attaches a program that watches the kernel or a process.
pub(super) fn attach(
    program: &Program,
    spec: &TraceSpec,
    kernel: &Kernel,
) -> Result<Link, LoadError> {
    let text = spec.to_string();
    let attaching = Attaching { program, kernel, text, options: &spec.options };
    match &spec.place {
        TracePlace::Tracepoint { category, event } => {
            points::tracepoint(&attaching, category, event)
        }
        TracePlace::RawTracepoint { name } => points::raw_tracepoint(&attaching, name),
        TracePlace::Kprobe { function, offset, point } => {
            kprobe::kprobe(attaching, function, *offset, *point)
        }
        TracePlace::Ksyscall { call, point } => {
            kprobe::kprobe(attaching, &format!("sys_{call}"), 0, *point)
        }
        TracePlace::KprobeMulti { pattern, point } => multi::kprobes(&attaching, pattern, *point),
        TracePlace::Uprobe { path, symbol, offset, point } => {
            uprobe::uprobe(&attaching, (path, symbol, *offset), *point)
        }
        TracePlace::UprobeMulti { path, pattern, point } => {
            multi::uprobes(&attaching, path, pattern, *point)
        }
        TracePlace::Usdt { path, provider, name } => usdt::usdt(&attaching, path, provider, name),
        TracePlace::PerfEvent { counter, rate } => perf_event::counters(&attaching, counter, *rate),
        TracePlace::Typed { .. } | TracePlace::Loaded => typed::typed(&attaching),
    }
}

/// A program on its way to its place.
struct Attaching<'a> {
    program: &'a Program,
    kernel: &'a Kernel,
    /// The place, with names resolved as far as they are.
    text: String,
    options: &'a TraceOptions,
}

impl Attaching<'_> {
    fn refuse(&self, reason: impl Into<String>, errno: impl Into<Option<Errno>>) -> LoadError {
        refused(self.program, &self.text, reason, errno)
    }

    fn link(&self, held: Held) -> Link {
        Link::new(self.program.name(), self.text.clone(), held)
    }

    /// Lets the program run at an event, with the cookie that the user gave.
    fn start(&self, event: OwnedFd) -> Result<OwnedFd, Errno> {
        self.start_with(event, self.options.cookie)
    }

    /// Lets the program run at an event: by a link (5.15), which holds the event, else by the
    /// event itself.
    fn start_with(&self, event: OwnedFd, cookie: Option<u64>) -> Result<OwnedFd, Errno> {
        let prog = self.program.as_fd();
        let attach_type = AttachType::PerfEvent.number();
        let link = trace_link::perf_event(prog, event.as_fd(), attach_type, cookie.unwrap_or(0));
        match link {
            Ok(link) => {
                perf::enable(event.as_fd())?;
                Ok(link)
            }
            Err(errno) if errno.is_unsupported() && cookie.is_none() => {
                perf::set_bpf(event.as_fd(), prog)?;
                perf::enable(event.as_fd())?;
                Ok(event)
            }
            Err(errno) => Err(errno),
        }
    }

    /// Cookies came to the kinds of links one by one.
    fn check_cookie(&self, since: KernelVersion) -> Result<(), LoadError> {
        let is_too_old = self.kernel.version().is_some_and(|version| version < since);
        if self.options.cookie.is_some() && is_too_old {
            return Err(self.refuse(format!("cookies there need Linux {since}"), None));
        }
        Ok(())
    }

    /// A pattern must not name more than the user wants, or than there may be open files.
    fn check_limit(&self, n: usize, default: Option<usize>) -> Result<(), LoadError> {
        let limit = self.options.limit.map(|limit| limit as usize).or(default);
        if let Some(limit) = limit.filter(|limit| n > *limit) {
            let reason = format!(
                "the pattern names {n} places, more than the limit of {limit}: narrow it, or add \
                 `,limit={n}`"
            );
            return Err(self.refuse(reason, None));
        }
        if default.is_some() {
            limits::raise_open_files(n as u64 + 64);
        }
        Ok(())
    }

    /// Attaches at each of many places; those that refuse are left out, unless all do.
    fn each<T>(
        &self,
        places: impl IntoIterator<Item = T>,
        mut one: impl FnMut(T) -> Result<OwnedFd, Errno>,
    ) -> Result<Link, Errno> {
        let mut held = Vec::new();
        let (mut n_refused, mut first) = (0, Errno::ENOENT);
        for place in places {
            match one(place) {
                Ok(fd) => held.push(fd),
                Err(errno) if errno.0 == libc::EMFILE || errno.is_permission() => {
                    return Err(errno);
                }
                Err(errno) => {
                    if n_refused == 0 {
                        first = errno;
                    }
                    n_refused += 1;
                }
            }
        }
        if held.is_empty() {
            return Err(first);
        }
        let n = held.len();
        Ok(self.link(Held::Events(held)).with_places(n, n_refused))
    }
}

/// Whether `name` is as `pattern` says, in which `*` stands for any text and `?` for a character.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut at, mut in_name) = (0, 0);
    let mut retry = None;
    while in_name < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                retry = Some((at, in_name));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == name[in_name] => {
                at += 1;
                in_name += 1;
            }
            _ => match retry {
                // The last star takes one more.
                Some((star, taken)) => {
                    retry = Some((star, taken + 1));
                    (at, in_name) = (star + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_match() {
        for (pattern, name, expected) in [
            ("tcp_*", "tcp_sendmsg", true),
            ("tcp_*", "__tcp_sendmsg", false),
            ("*", "", true),
            ("*_send*msg", "tcp_sendmsg_sendmmsg", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("", "x", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
