//! Control groups: by a link (5.7), else by `BPF_PROG_ATTACH`.

use super::super::link::{Held, Link};
use super::super::{CgroupMode, Direction, NetworkSpec, REFUSES, refused, refused_by};
use super::named;
use crate::leftover::{Place, Record};
use crate::mechanism::Mechanism;
use crate::program::Program;
use crate::sys::place::{Extra, link_create, prog_attach, prog_id, programs_at_file};
use crate::{Errno, LoadError};
use bpfc_kabi::{AttachType, ProgType};
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd};
use std::path::Path;

/// `BPF_F_ALLOW_OVERRIDE` (4.10).
const ALLOW_OVERRIDE: u32 = 1 << 0;
/// `BPF_F_ALLOW_MULTI` (4.15).
const ALLOW_MULTI: u32 = 1 << 1;

/// Attaches a program at its hook to the control group at `path`.
pub(super) fn attach(
    program: &Program,
    spec: &NetworkSpec,
    path: &Path,
    (direction, mode): (Option<Direction>, Option<CgroupMode>),
) -> Result<Link, LoadError> {
    let text = spec.to_string();
    let group = File::open(path)
        .map_err(|error| LoadError::File { path: path.to_owned(), errno: Errno::from(&error) })?;
    let Some(hook) = hook(program, direction) else {
        let reason = "neither its section nor `hook=ingress` or `hook=egress` says at which hook";
        return Err(refused(program, &text, reason, None));
    };
    let target = group.as_raw_fd().cast_unsigned();
    let errno = match mode {
        None => match link_create(program.as_fd(), target, hook.number(), 0, Extra::Nothing) {
            Ok(link) => return Ok(Link::new(program.name(), text, Held::Link(link))),
            Err(errno) => errno,
        },
        Some(_) => Errno::EINVAL,
    };
    let errno = match errno {
        // There may be no links, and the hook all the same.
        Errno::EINVAL if program.kind().prog_type != ProgType::Lsm => {
            match without_link(program, &group, path, (hook, mode)) {
                Ok(held) => return Ok(Link::new(program.name(), text, held)),
                Err(errno) => errno,
            }
        }
        errno => errno,
    };
    let there = programs_at_file(group.as_fd(), hook.number()).unwrap_or_default();
    let reason = match errno {
        Errno::EPERM if !there.is_empty() => {
            format!("{} is there alone, or was attached with another mode", named(&there))
        }
        Errno::EBUSY | Errno::EEXIST | Errno::E2BIG if !there.is_empty() => {
            format!("there is {}", named(&there))
        }
        Errno(libc::EBADF) => "the folder is not in a cgroup v2 file system".into(),
        _ => REFUSES.into(),
    };
    let mechanism = if mode.is_some() { Mechanism::CgroupAttach } else { Mechanism::CgroupLink };
    let mechanism = (program.kind().prog_type != ProgType::Lsm).then_some(mechanism);
    Err(refused_by(program, &text, mechanism, reason, errno))
}

fn without_link(
    program: &Program,
    group: &File,
    path: &Path,
    (hook, mode): (AttachType, Option<CgroupMode>),
) -> Result<Held, Errno> {
    let flags = match mode.unwrap_or(CgroupMode::Multi) {
        CgroupMode::Multi => ALLOW_MULTI,
        CgroupMode::Override => ALLOW_OVERRIDE,
        CgroupMode::Exclusive => 0,
    };
    let hook = hook.number();
    // Without `multi` the kernel replaces what was attached in the same way: not ours to do.
    if flags & ALLOW_MULTI == 0
        && programs_at_file(group.as_fd(), hook).is_ok_and(|there| !there.is_empty())
    {
        return Err(Errno::EBUSY);
    }
    let group = group.try_clone().map_err(|error| Errno::from(&error))?;
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let prog_id = prog_id(program)?;
    let record = Record::write(&Place::Cgroup { path, hook, prog_id });
    prog_attach(program.as_fd(), group.as_fd(), hook, flags)?;
    let program = program.as_fd().try_clone_to_owned().map_err(|error| Errno::from(&error))?;
    Ok(Held::Attached { program, target: group.into(), hook, record })
}

/// Where the program goes: as it was loaded, or where its type alone can go.
fn hook(program: &Program, direction: Option<Direction>) -> Option<AttachType> {
    let kind = program.kind();
    if kind.prog_type == ProgType::CgroupSkb
        && let Some(direction) = direction
    {
        return Some(match direction {
            Direction::Ingress => AttachType::CgroupInetIngress,
            Direction::Egress => AttachType::CgroupInetEgress,
        });
    }
    kind.attach_type.or(match kind.prog_type {
        ProgType::SockOps => Some(AttachType::CgroupSockOps),
        ProgType::CgroupDevice => Some(AttachType::CgroupDevice),
        ProgType::CgroupSysctl => Some(AttachType::CgroupSysctl),
        ProgType::CgroupSock => Some(AttachType::CgroupInetSockCreate),
        _ => None,
    })
}
