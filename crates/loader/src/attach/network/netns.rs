//! Network namespaces: lookups of sockets (5.9) and flow dissectors (link, 5.8).

use super::super::link::{Held, Link};
use super::super::{NetworkSpec, REFUSES, refused};
use super::named;
use crate::program::Program;
use crate::sys::place::{Extra, link_create, programs_at_file};
use crate::{Errno, LoadError};
use bpfc_kabi::{AttachType, ProgType};
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd};
use std::path::Path;

/// Attaches a program to the network namespace that the file stands for.
pub(super) fn attach(
    program: &Program,
    spec: &NetworkSpec,
    path: &Path,
) -> Result<Link, LoadError> {
    let text = spec.to_string();
    // Of the thread that asks: another thread of the process may be elsewhere.
    let thread = Path::new("/proc/thread-self/ns/net");
    let is_own = path == Path::new("/proc/self/ns/net") && thread.exists();
    let path = if is_own { thread } else { path };
    let file = File::open(path)
        .map_err(|error| LoadError::File { path: path.to_owned(), errno: Errno::from(&error) })?;
    let hook = match program.kind().prog_type {
        ProgType::SkLookup => AttachType::SkLookup,
        _ => AttachType::FlowDissector,
    };
    let target = file.as_raw_fd().cast_unsigned();
    match link_create(program.as_fd(), target, hook.number(), 0, Extra::Nothing) {
        Ok(link) => Ok(Link::new(program.name(), text, Held::Link(link))),
        Err(errno) => {
            let there = programs_at_file(file.as_fd(), hook.number()).unwrap_or_default();
            let reason = match errno {
                Errno::E2BIG | Errno::EEXIST | Errno::EBUSY if !there.is_empty() => {
                    format!("there is {}", named(&there))
                }
                Errno::EEXIST => "every namespace has the flow dissector of the first one".into(),
                Errno::EINVAL if !path.starts_with("/proc") => {
                    "the file does not stand for a network namespace".into()
                }
                _ => REFUSES.into(),
            };
            Err(refused(program, &text, reason, errno))
        }
    }
}
