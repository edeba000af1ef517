//! What holds a program to its place.

use super::tracing::usdt::Numbers;
use crate::leftover::Record;
use crate::map::{Map, c_path};
use crate::netlink::{Filter, Netlink, Route};
use crate::sys::map::delete_first;
use crate::sys::{bpf, place, socket, trace_link};
use crate::tracefs::Tracefs;
use crate::{Errno, LoadError};
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

/// An attachment. Dropping it detaches unless it is pinned; so does the end of the process where the kernel holds the
/// program by a link, a perf event or a socket. What it holds otherwise (XDP before 5.9, filters of
/// tc, control groups before 5.7, routes, structs of operations before 6.4) is found by
/// [`leftovers`](crate::leftovers) after a process was killed.
#[derive(Debug)]
#[must_use = "dropping a link detaches the program"]
pub struct Link {
    program: String,
    spec: String,
    held: Option<Held>,
    n_places: usize,
    n_refused: usize,
    is_pinned: bool,
}

/// Whether there is an interface of this number in the network namespace of this process.
fn has_interface(ifindex: u32) -> bool {
    let entries = std::fs::read_dir("/sys/class/net");
    // Without sysfs it cannot be told.
    let Ok(entries) = entries else { return true };
    let wanted = ifindex.to_string();
    let number = |entry: std::io::Result<std::fs::DirEntry>| {
        std::fs::read_to_string(entry.ok()?.path().join("ifindex")).ok()
    };
    entries.filter_map(number).any(|number| number.trim() == wanted)
}

/// How the kernel holds the program.
#[derive(Debug)]
pub(super) enum Held {
    /// By a link: closing it is enough.
    Link(OwnedFd),
    /// By perf events, each of which closing ends.
    Events(Vec<OwnedFd>),
    /// By a link whose output can be read.
    Iterator(OwnedFd),
    /// By perf events at the places of a marker, which are described in a map.
    Markers { _events: Vec<OwnedFd>, _numbers: Option<Numbers> },
    /// By a socket.
    Socket(OwnedFd),
    /// By an interface.
    Xdp { netlink: Netlink, ifindex: u32, flags: u32, prog_id: u32, record: Option<Record> },
    /// By a filter at `clsact`.
    Filter { netlink: Netlink, filter: Filter, made_clsact: bool, record: Option<Record> },
    /// By a control group or a map, until it is detached.
    Attached { program: OwnedFd, target: OwnedFd, hook: u32, record: Option<Record> },
    /// By a group of sockets that share a port.
    Reuseport(OwnedFd),
    /// By a route.
    Route { netlink: Netlink, route: Route, record: Option<Record> },
    /// By an element of a map.
    Element { map: Map, key: [u8; 4] },
    /// By a struct of operations, which is registered until its map's element is deleted.
    Operations { map: OwnedFd, record: Option<Record> },
    /// By nothing: it has run, or another attachment holds it.
    Nothing,
    /// By a perf event on a dynamic event that was made for it.
    DynamicEvent { event: OwnedFd, tracefs: Tracefs, control: &'static str, name: String },
}

impl Link {
    pub(super) fn new(program: &str, spec: String, held: Held) -> Link {
        Link {
            program: program.into(),
            spec,
            held: Some(held),
            n_places: 1,
            n_refused: 0,
            is_pinned: false,
        }
    }

    /// With the number of places where it is attached, and of those that refused.
    pub(super) fn with_places(mut self, n_places: usize, n_refused: usize) -> Link {
        (self.n_places, self.n_refused) = (n_places, n_refused);
        self
    }

    /// The program's name.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// Where it is attached, with names resolved: `kprobe:__x64_sys_clone`.
    pub fn spec(&self) -> &str {
        &self.spec
    }

    /// At how many places: functions that a pattern names, CPUs that are sampled.
    pub fn n_places(&self) -> usize {
        self.n_places
    }

    /// How many places that a pattern names were left out because the kernel refuses there.
    pub fn n_refused(&self) -> usize {
        self.n_refused
    }

    /// Whether what it was attached to has gone, or somebody else has detached it, as far as the kernel tells.
    pub fn is_severed(&self) -> bool {
        match &self.held {
            Some(Held::Link(link)) => crate::inspect::is_severed(link.as_fd()),
            Some(Held::Xdp { ifindex, .. }) => !has_interface(*ifindex),
            Some(Held::Filter { filter, .. }) => !has_interface(filter.ifindex),
            _ => false,
        }
    }

    /// Whether it is an iterator, which does nothing until its output is read.
    pub fn is_iterator(&self) -> bool {
        matches!(self.held, Some(Held::Iterator(_)))
    }

    /// Runs an iterator once: what it writes, as a file.
    ///
    /// # Errors
    /// [`LoadError::System`]: it is no iterator, or the kernel refuses.
    pub fn iterate(&self) -> Result<File, LoadError> {
        let opened = match &self.held {
            Some(Held::Iterator(link)) => trace_link::iter_create(link.as_fd()),
            _ => Err(Errno::EINVAL),
        };
        opened.map(File::from).map_err(|errno| self.error("read", errno))
    }

    /// Gives it a name in a mounted bpffs, under which the program stays attached when this handle is dropped and when this
    /// process ends; the name of an iterator is a file that can be read.
    ///
    /// # Errors
    /// [`LoadError::System`]: it is not held by a link, or by several.
    pub fn pin(&mut self, path: &Path) -> Result<(), LoadError> {
        self.pin_at(&[path.to_owned()], &mut Vec::new())?;
        self.leave();
        Ok(())
    }

    /// How many names it takes to pin it.
    pub(crate) fn n_handles(&self) -> usize {
        self.handles().map_or(1, <[OwnedFd]>::len)
    }

    /// What can be pinned.
    fn handles(&self) -> Option<&[OwnedFd]> {
        match &self.held {
            Some(Held::Link(link) | Held::Iterator(link)) => Some(std::slice::from_ref(link)),
            Some(Held::Events(events)) => Some(events),
            _ => None,
        }
    }

    /// Pins each handle, and adds the names to `made`. It is still detached when it is dropped.
    pub(crate) fn pin_at(
        &self,
        paths: &[PathBuf],
        made: &mut Vec<PathBuf>,
    ) -> Result<(), LoadError> {
        let handles = self.handles().filter(|handles| handles.len() == paths.len());
        let handles = handles.ok_or_else(|| self.error("pin", Errno::EOPNOTSUPP))?;
        for (handle, path) in handles.iter().zip(paths) {
            match bpf::obj_pin(handle.as_fd(), &c_path(path)?) {
                Ok(()) => made.push(path.clone()),
                // A perf event that the program was put on before there were links for that (5.15).
                Err(Errno::EINVAL) => return Err(self.error("pin", Errno::EOPNOTSUPP)),
                Err(errno) => {
                    let subject = format!("`{}` as `{}`", self.program, path.display());
                    return Err(LoadError::System { operation: "pin", subject, errno });
                }
            }
        }
        Ok(())
    }

    /// From now on dropping it does not detach.
    pub(crate) fn leave(&mut self) {
        self.is_pinned = true;
    }

    fn error(&self, operation: &'static str, errno: Errno) -> LoadError {
        let subject = format!("`{}` at {}", self.program, self.spec);
        LoadError::System { operation, subject, errno }
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
        if self.is_pinned {
            return;
        }
        if let Some(held) = self.held.take() {
            // Who wants to know calls `detach`.
            let _ = detach(held);
        }
    }
}

fn detach(held: Held) -> Result<(), Errno> {
    match held {
        Held::Link(link) | Held::Iterator(link) => match bpf::link_detach(link.as_fd()) {
            // Raw tracepoints have no such operation: closing detaches them.
            Err(errno) if errno.is_unsupported() => Ok(()),
            outcome => outcome,
        },
        Held::Events(events) => {
            drop(events);
            Ok(())
        }
        Held::Socket(_) | Held::Markers { .. } => Ok(()),
        Held::Nothing => Ok(()),
        Held::Xdp { netlink, ifindex, flags, prog_id, record } => {
            let outcome = detach_xdp(netlink, ifindex, (flags, prog_id));
            drop(record);
            outcome
        }
        Held::Filter { netlink, filter, made_clsact, record } => {
            let outcome = detach_filter(netlink, &filter, made_clsact);
            drop(record);
            outcome
        }
        Held::Attached { program, target, hook, record } => {
            let outcome = match place::prog_detach(program.as_fd(), target.as_fd(), hook) {
                // Somebody else was quicker.
                Err(Errno::ENOENT) => Ok(()),
                outcome => outcome,
            };
            drop(record);
            outcome
        }
        Held::Reuseport(socket) => match socket::detach_reuseport(socket.as_fd()) {
            // Before 5.3 the program stays until the sockets close.
            Err(Errno::ENOENT | Errno(libc::ENOPROTOOPT)) => Ok(()),
            outcome => outcome,
        },
        Held::Route { mut netlink, route, record } => {
            let outcome = match netlink.remove_route(&route) {
                // Gone with its interface.
                Err(refusal) if matches!(refusal.errno, Errno(libc::ESRCH) | Errno::ENODEV) => {
                    Ok(())
                }
                outcome => outcome.map_err(|refusal| refusal.errno),
            };
            drop(record);
            outcome
        }
        Held::Element { map, key } => {
            let outcome = map.delete(&key).map(|_| ());
            outcome.map_err(|error| error.errno().unwrap_or(Errno::EINVAL))
        }
        Held::Operations { map, record } => {
            let outcome = delete_first(map.as_fd());
            drop(record);
            outcome
        }
        Held::DynamicEvent { event, tracefs, control, name } => {
            drop(event);
            tracefs.control(control, &format!("-:{name}\n"))
        }
    }
}

fn detach_xdp(
    mut netlink: Netlink,
    ifindex: u32,
    (flags, prog_id): (u32, u32),
) -> Result<(), Errno> {
    // Another may have taken the place meanwhile.
    if netlink.xdp(ifindex).is_ok_and(|there| there.iter().all(|(id, _)| *id != prog_id)) {
        return Ok(());
    }
    match netlink.set_xdp(ifindex, None, flags) {
        // The interface has gone, and its program with it.
        Err(refusal) if refusal.errno == Errno::ENODEV => Ok(()),
        outcome => outcome.map_err(|refusal| refusal.errno),
    }
}

fn detach_filter(mut netlink: Netlink, filter: &Filter, made_clsact: bool) -> Result<(), Errno> {
    match netlink.remove_filter(filter) {
        Err(refusal) if refusal.errno == Errno::ENODEV => return Ok(()),
        outcome => outcome.map_err(|refusal| refusal.errno)?,
    }
    let is_empty = made_clsact && netlink.has_filters(filter.ifindex) == Ok(false);
    match is_empty {
        true => netlink.remove_clsact(filter.ifindex).map_err(|refusal| refusal.errno),
        false => Ok(()),
    }
}
