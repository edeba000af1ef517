//! Sockets: raw sockets with a filter, groups of sockets on one port.

use super::super::link::{Held, Link};
use super::super::{NetworkSpec, REFUSES, refused, refused_by};
use super::ifindex;
use crate::mechanism::Mechanism;
use crate::program::Program;
use crate::sys::socket;
use crate::{Errno, LoadError};
use std::os::fd::AsFd;

/// Makes a program the filter of a raw socket on one interface or all.
pub(super) fn filter(
    program: &Program,
    spec: &NetworkSpec,
    interface: Option<&str>,
) -> Result<Link, LoadError> {
    let ifindex = interface.map(ifindex).transpose()?;
    let text = spec.to_string();
    let socket = socket::packet_socket(ifindex)
        .map_err(|errno| refused(program, &text, "a raw socket cannot be opened", errno))?;
    socket::attach_filter(socket.as_fd(), program.as_fd())
        .map_err(|errno| refused(program, &text, REFUSES, errno))?;
    Ok(Link::new(program.name(), text, Held::Socket(socket)))
}

/// Lets a program choose among the sockets that share a port.
pub(super) fn reuseport(
    program: &Program,
    spec: &NetworkSpec,
    (pid, fd): (Option<u32>, u32),
) -> Result<Link, LoadError> {
    let text = spec.to_string();
    let own = std::process::id();
    let socket = socket::of_process(pid.unwrap_or(own), fd).map_err(|errno| {
        let reason = match errno {
            Errno(libc::ESRCH) => "there is no such process".into(),
            Errno(libc::EBADF) => format!("the process has no file descriptor {fd}"),
            Errno::EPERM => "another process's socket can be had only with the right to trace it (CAP_SYS_PTRACE)".into(),
            Errno::ENOSYS => "sockets of processes can be had since Linux 5.6".into(),
            _ => String::from(REFUSES),
        };
        refused_by(program, &text, Some(Mechanism::Reuseport), reason, errno)
    })?;
    socket::attach_reuseport(socket.as_fd(), program.as_fd()).map_err(|errno| {
        let reason = match errno {
            Errno(libc::ENOTSOCK) => "the file descriptor is no socket",
            Errno::EINVAL => {
                "the socket does not share its port: set SO_REUSEPORT before it is bound"
            }
            _ => REFUSES,
        };
        refused_by(program, &text, Some(Mechanism::Reuseport), reason, errno)
    })?;
    Ok(Link::new(program.name(), text, Held::Reuseport(socket)))
}
