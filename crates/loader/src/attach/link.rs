//! What holds a program to its place.

use crate::netlink::{Filter, Netlink};
use crate::sys::bpf;
use crate::tracefs::Tracefs;
use crate::{Errno, LoadError};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// An attachment. Dropping it detaches; so does the end of the process, but for XDP and tc
/// programs on kernels without links for them (before 5.9 and 6.6).
#[derive(Debug)]
#[must_use = "dropping a link detaches the program"]
pub struct Link {
    program: String,
    spec: String,
    held: Option<Held>,
}

/// How the kernel holds the program.
#[derive(Debug)]
pub(super) enum Held {
    /// By a link: closing it is enough.
    Link(OwnedFd),
    /// By perf events, each of which closing ends.
    Events(Vec<OwnedFd>),
    /// By a socket.
    Socket(OwnedFd),
    /// By an interface.
    Xdp { netlink: Netlink, ifindex: u32, flags: u32 },
    /// By a filter at `clsact`.
    Filter { netlink: Netlink, filter: Filter, made_clsact: bool },
    /// By a perf event on a dynamic event that was made for it.
    DynamicEvent { event: OwnedFd, tracefs: Tracefs, control: &'static str, name: String },
}

impl Link {
    pub(super) fn new(program: &str, spec: String, held: Held) -> Link {
        Link { program: program.into(), spec, held: Some(held) }
    }

    /// The program's name.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// Where it is attached, with names resolved: `kprobe:__x64_sys_clone`.
    pub fn spec(&self) -> &str {
        &self.spec
    }

    /// The socket of a socket filter: what the program lets through can be read from it.
    pub fn socket(&self) -> Option<BorrowedFd<'_>> {
        match &self.held {
            Some(Held::Socket(socket)) => Some(socket.as_fd()),
            _ => None,
        }
    }

    /// Detaches, and says if that failed.
    ///
    /// # Errors
    /// [`LoadError::System`].
    pub fn detach(mut self) -> Result<(), LoadError> {
        let held = self.held.take();
        held.map_or(Ok(()), detach).map_err(|errno| LoadError::System {
            operation: "detach",
            subject: format!("`{}` from {}", self.program, self.spec),
            errno,
        })
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Some(held) = self.held.take() {
            // Who wants to know calls `detach`.
            let _ = detach(held);
        }
    }
}

fn detach(held: Held) -> Result<(), Errno> {
    match held {
        Held::Link(link) => match bpf::link_detach(link.as_fd()) {
            // Raw tracepoints have no such operation: closing detaches them.
            Err(errno) if errno.is_unsupported() => Ok(()),
            outcome => outcome,
        },
        Held::Events(events) => {
            drop(events);
            Ok(())
        }
        Held::Socket(_) => Ok(()),
        Held::Xdp { mut netlink, ifindex, flags } => match netlink.set_xdp(ifindex, None, flags) {
            // The interface has gone, and its program with it.
            Err(refusal) if refusal.errno == Errno::ENODEV => Ok(()),
            outcome => outcome.map_err(|refusal| refusal.errno),
        },
        Held::Filter { mut netlink, filter, made_clsact } => {
            match netlink.remove_filter(&filter) {
                Err(refusal) if refusal.errno == Errno::ENODEV => return Ok(()),
                outcome => outcome.map_err(|refusal| refusal.errno)?,
            }
            let is_empty = made_clsact && netlink.has_filters(filter.ifindex) == Ok(false);
            match is_empty {
                true => netlink.remove_clsact(filter.ifindex).map_err(|refusal| refusal.errno),
                false => Ok(()),
            }
        }
        Held::DynamicEvent { event, tracefs, control, name } => {
            drop(event);
            tracefs.control(control, &format!("-:{name}\n"))
        }
    }
}
