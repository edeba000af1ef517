//! Control groups (by link, 5.7) and network namespaces (5.8): targets that are files.

use super::link::{Held, Link};
use super::{NetworkSpec, refused};
use crate::Errno;
use crate::LoadError;
use crate::program::Program;
use crate::sys::bpf;
use bpfc_kabi::{AttachType, ProgType};
use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;

/// Attaches a program at its hook to the control group or network namespace at `path`.
pub(super) fn attach(
    program: &Program,
    spec: &NetworkSpec,
    path: &Path,
) -> Result<Link, LoadError> {
    let text = spec.to_string();
    let target = File::open(path)
        .map_err(|error| LoadError::File { path: path.to_owned(), errno: Errno::from(&error) })?;
    let Some(hook) = hook(program) else {
        return Err(refused(program, &text, "its section does not say at which hook", None));
    };
    match bpf::link_create_fd(program.as_fd(), target.as_fd(), hook.number()) {
        Ok(link) => Ok(Link::new(program.name(), text, Held::Link(link))),
        Err(errno) => {
            let reason = match (spec, errno) {
                (NetworkSpec::Cgroup { .. }, Errno(libc::EBADF)) => {
                    "the folder is not in a cgroup v2 file system"
                }
                _ => "the kernel refuses",
            };
            Err(refused(program, &text, reason, errno))
        }
    }
}

/// Where the program goes: as it was loaded, or where its type alone can go.
fn hook(program: &Program) -> Option<AttachType> {
    let kind = program.kind();
    kind.attach_type.or(match kind.prog_type {
        ProgType::SockOps => Some(AttachType::CgroupSockOps),
        ProgType::CgroupDevice => Some(AttachType::CgroupDevice),
        ProgType::CgroupSysctl => Some(AttachType::CgroupSysctl),
        ProgType::SkLookup => Some(AttachType::SkLookup),
        ProgType::FlowDissector => Some(AttachType::FlowDissector),
        _ => None,
    })
}
