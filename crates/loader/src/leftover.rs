//! What stays attached when a process is killed: programs that the kernel does not hold by a link. Before one is
//! attached, a record of it is written below `/run/bpfc`, and locked while its owner lives; [`leftovers`] finds records
//! whose owners are gone, for `bpfc cleanup`.
//!
//! A record names programs and maps by their ids, which the kernel does not use twice: what another has attached in the
//! meantime is never taken away. Without a writable `/run` there are no records. Dynamic events of tracefs need none:
//! their groups are `bpfc_PID`.

use crate::netlink::{Filter, Hook, Netlink, Route};
use crate::sys::{ids, place};
use crate::tracefs::Tracefs;
use crate::{Errno, LoadError};
use nix::fcntl::{Flock, FlockArg};
use nix::sched::{CloneFlags, setns};
use nix::sys::statfs::{BPF_FS_MAGIC, statfs};
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Where records are; gone with the next start of the machine, as what they tell of.
const FOLDER: &str = "/run/bpfc";
/// Most bytes of a record.
const MAX_RECORD: u64 = 8192;

/// Where something is attached without a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Xdp {
        ifindex: u32,
        flags: u32,
        prog_id: u32,
    },
    Filter {
        ifindex: u32,
        hook: Hook,
        prog_id: u32,
        made_clsact: bool,
    },
    Cgroup {
        path: PathBuf,
        hook: u32,
        prog_id: u32,
    },
    Route {
        route: Route,
    },
    StructOps {
        map_id: u32,
    },
    /// A line of a file of tracefs.
    Event {
        control: &'static str,
        name: String,
    },
}

/// The record of a place, which lives as long as it is held.
#[derive(Debug)]
pub(crate) struct Record {
    path: PathBuf,
    _file: Flock<File>,
}

impl Record {
    /// Writes a record; none if there is no place for it.
    pub(crate) fn write(place: &Place) -> Option<Record> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let mut builder = fs::DirBuilder::new();
        match builder.mode(0o700).create(FOLDER) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return None,
            _ => {}
        }
        own_folder(Path::new(FOLDER))?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{}-{number}", std::process::id(), netns());
        let path = Path::new(FOLDER).join(name);
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(&path).ok()?;
        // Locked before there is something to read: an empty record says nothing.
        let mut file = Flock::lock(file, FlockArg::LockExclusiveNonblock).ok()?;
        let text = format!("{} {place}\n", netns());
        file.write_all(text.as_bytes()).ok()?;
        Some(Record { path, _file: file })
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        // If it stays, cleanup finds that nothing is there.
        let _ = fs::remove_file(&self.path);
    }
}

/// The folder, if nobody but its owner, who is this user, can write to it.
fn own_folder(folder: &Path) -> Option<()> {
    let found = fs::symlink_metadata(folder).ok()?;
    let is_own = found.uid() == nix::unistd::geteuid().as_raw();
    (found.is_dir() && is_own && found.mode() & 0o022 == 0).then_some(())
}

/// The number of the calling thread's network namespace.
fn netns() -> u64 {
    let found = fs::metadata("/proc/thread-self/ns/net");
    found.map_or(0, |found| found.ino())
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Xdp { ifindex, flags, prog_id } => write!(f, "xdp {ifindex} {flags} {prog_id}"),
            Place::Filter { ifindex, hook, prog_id, made_clsact } => {
                let is_ingress = u8::from(*hook == Hook::Ingress);
                write!(f, "filter {ifindex} {is_ingress} {prog_id} {}", u8::from(*made_clsact))
            }
            Place::Cgroup { path, hook, prog_id } => {
                write!(f, "cgroup {hook} {prog_id} {}", path.display())
            }
            Place::Route { route } => {
                let via = route.via.map_or_else(|| "-".to_owned(), |via| via.to_string());
                let (prefix, n_bits, ifindex) = (route.prefix, route.n_bits, route.ifindex);
                let table = route.table.unwrap_or(0);
                write!(f, "route {prefix} {n_bits} {ifindex} {via} {table}")
            }
            Place::StructOps { map_id } => write!(f, "struct_ops {map_id}"),
            Place::Event { control, name } => write!(f, "event {control} {name}"),
        }
    }
}

fn parse(text: &str) -> Option<(u64, Place)> {
    let (netns, rest) = text.trim_end().split_once(' ')?;
    let (kind, rest) = rest.split_once(' ')?;
    let words: Vec<&str> = rest.split(' ').collect();
    let number = |at: usize| words.get(at)?.parse::<u32>().ok();
    let place = match kind {
        "xdp" => Place::Xdp { ifindex: number(0)?, flags: number(1)?, prog_id: number(2)? },
        "filter" => Place::Filter {
            ifindex: number(0)?,
            hook: if number(1)? == 1 { Hook::Ingress } else { Hook::Egress },
            prog_id: number(2)?,
            made_clsact: number(3)? == 1,
        },
        "cgroup" => Place::Cgroup {
            hook: number(0)?,
            prog_id: number(1)?,
            path: rest.splitn(3, ' ').nth(2)?.into(),
        },
        "route" => Place::Route {
            route: Route {
                prefix: words.first()?.parse::<IpAddr>().ok()?,
                n_bits: u8::try_from(number(1)?).ok()?,
                ifindex: number(2)?,
                via: words.get(3)?.parse().ok(),
                table: number(4).filter(|table| *table != 0),
            },
        },
        "struct_ops" => Place::StructOps { map_id: number(0)? },
        _ => return None,
    };
    Some((netns.parse().ok()?, place))
}

/// What may have stayed attached when its owner was killed.
#[derive(Debug)]
pub struct Leftover {
    /// Of what has one.
    record: Option<(PathBuf, Flock<File>)>,
    netns: u64,
    place: Place,
}

/// What came of removing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It was there, and is not any more; or would be removed.
    Removed,
    /// It had gone already; so has the record.
    Gone,
}

/// What processes that have ended left: by the records below `/run/bpfc`, and dynamic events.
///
/// # Errors
/// [`LoadError::File`]: there are records that this user may not read.
pub fn leftovers() -> Result<Vec<Leftover>, LoadError> {
    let mut found = recorded()?;
    if let Ok(tracefs) = Tracefs::open() {
        for control in ["kprobe_events", "uprobe_events"] {
            let text = fs::read_to_string(tracefs.join(control)).unwrap_or_default();
            for name in text.lines().filter_map(abandoned) {
                let place = Place::Event { control, name: name.to_owned() };
                found.push(Leftover { record: None, netns: 0, place });
            }
        }
    }
    Ok(found)
}

/// The event of a line `p:bpfc_12/name WHERE` whose process 12 has ended.
fn abandoned(line: &str) -> Option<&str> {
    let (_, name) = line.split(' ').next()?.split_once(':')?;
    let pid = name.split_once('/')?.0.strip_prefix("bpfc_")?;
    let is_number = !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && !Path::new("/proc").join(pid).exists()).then_some(name)
}

fn recorded() -> Result<Vec<Leftover>, LoadError> {
    let failed = |errno| LoadError::File { path: FOLDER.into(), errno };
    let entries = match fs::read_dir(FOLDER) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| failed(Errno::from(&error)))?,
    };
    // Records of another user would be taken for truth.
    own_folder(Path::new(FOLDER)).ok_or_else(|| failed(Errno::EPERM))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths.into_iter().filter_map(read).collect())
}

/// Whether a path is in a bpffs, where names hold objects of the kernel.
///
/// # Errors
/// [`LoadError::File`].
pub fn is_bpffs(path: &Path) -> Result<bool, LoadError> {
    let found = statfs(path)
        .map_err(|errno| LoadError::File { path: path.to_owned(), errno: errno.into() })?;
    Ok(found.filesystem_type() == BPF_FS_MAGIC)
}

/// A record whose owner has gone.
fn read(path: PathBuf) -> Option<Leftover> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW).open(&path).ok()?;
    if file.metadata().ok()?.len() > MAX_RECORD {
        return None;
    }
    // Its owner holds the lock.
    let file = Flock::lock(file, FlockArg::LockExclusiveNonblock).ok()?;
    let text = fs::read_to_string(&path).ok()?;
    let (netns, place) = parse(&text)?;
    Some(Leftover { record: Some((path, file)), netns, place })
}

/// In words: `XDP program 12 at interface 3`.
impl fmt::Display for Leftover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Xdp { ifindex, prog_id, .. } => {
                write!(f, "XDP program {prog_id} at interface {ifindex}")?;
            }
            Place::Filter { ifindex, hook, prog_id, .. } => {
                let way = if *hook == Hook::Ingress { "ingress" } else { "egress" };
                write!(f, "tc filter with program {prog_id} at interface {ifindex}, {way}")?;
            }
            Place::Cgroup { path, prog_id, .. } => {
                return write!(f, "program {prog_id} of the control group {}", path.display());
            }
            Place::Route { route } => {
                let (prefix, n_bits) = (route.prefix, route.n_bits);
                write!(f, "route to {prefix}/{n_bits} by interface {}", route.ifindex)?;
            }
            Place::StructOps { map_id } => {
                return write!(f, "struct of operations in map {map_id}");
            }
            Place::Event { control, name } => {
                return write!(f, "dynamic event `{name}` ({control})");
            }
        }
        match self.netns == netns() {
            true => Ok(()),
            false => write!(f, " of network namespace {}", self.netns),
        }
    }
}

impl Leftover {
    /// Whether it is still attached.
    ///
    /// # Errors
    /// As [`Leftover::remove`].
    pub fn is_there(&self) -> Result<bool, LoadError> {
        self.act(Act::Look).map_err(|errno| self.error(errno))
    }

    /// Detaches it, if it is still there, and forgets it.
    ///
    /// # Errors
    /// [`LoadError::System`]; the record is kept.
    pub fn remove(self) -> Result<Removal, LoadError> {
        let was_there = self.act(Act::Remove).map_err(|errno| self.error(errno))?;
        if let Some((path, file)) = self.record {
            let _ = fs::remove_file(path);
            drop(file);
        }
        Ok(if was_there { Removal::Removed } else { Removal::Gone })
    }

    fn error(&self, errno: Errno) -> LoadError {
        LoadError::System { operation: "clean up", subject: self.to_string(), errno }
    }

    /// Does it where it is: a namespace of the network that no process is in has gone.
    fn act(&self, act: Act) -> Result<bool, Errno> {
        let is_local = matches!(
            self.place,
            Place::Cgroup { .. } | Place::StructOps { .. } | Place::Event { .. }
        );
        if is_local || self.netns == netns() {
            return self.place.act(act);
        }
        let Some(namespace) = open_netns(self.netns) else { return Ok(false) };
        std::thread::scope(|scope| {
            let there = scope.spawn(|| {
                setns(namespace, CloneFlags::CLONE_NEWNET).map_err(Errno::from)?;
                self.place.act(act)
            });
            there.join().unwrap_or(Err(Errno::EINVAL))
        })
    }
}

fn open_netns(number: u64) -> Option<File> {
    let named = fs::read_dir("/run/netns").into_iter().flatten().flatten();
    let named = named.map(|entry| entry.path());
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let processes = processes.map(|entry| entry.path().join("ns/net"));
    let mut found = named
        .chain(processes)
        .filter(|path| fs::metadata(path).is_ok_and(|found| found.ino() == number));
    File::open(found.next()?).ok()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Look,
    Remove,
}

impl Place {
    /// Whether it is there; then it is removed if that is asked.
    fn act(&self, act: Act) -> Result<bool, Errno> {
        match self {
            Place::Xdp { ifindex, flags, prog_id } => {
                let mut netlink = Netlink::open()?;
                let there = match netlink.xdp(*ifindex) {
                    Err(refusal) if refusal.errno == Errno::ENODEV => return Ok(false),
                    there => there.map_err(|refusal| refusal.errno)?,
                };
                let is_there = there.iter().any(|(id, _)| id == prog_id);
                if is_there && act == Act::Remove {
                    netlink.set_xdp(*ifindex, None, *flags).map_err(|refusal| refusal.errno)?;
                }
                Ok(is_there)
            }
            Place::Filter { ifindex, hook, prog_id, made_clsact } => {
                filter(*ifindex, *hook, (*prog_id, *made_clsact), act)
            }
            Place::Cgroup { path, hook, prog_id } => {
                let Ok(group) = File::open(path) else { return Ok(false) };
                let there = place::programs_at_file(group.as_fd(), *hook)?;
                let is_there = there.contains(prog_id);
                if is_there && act == Act::Remove {
                    let program = ids::open(ids::Kind::Program, *prog_id)?;
                    place::prog_detach(program.as_fd(), group.as_fd(), *hook)?;
                }
                Ok(is_there)
            }
            Place::Route { route } => {
                let mut netlink = Netlink::open()?;
                if act == Act::Look {
                    return Ok(netlink.has_route(route).unwrap_or(true));
                }
                match netlink.remove_route(route) {
                    Ok(()) => Ok(true),
                    Err(refusal) if matches!(refusal.errno, Errno(libc::ESRCH) | Errno::ENODEV) => {
                        Ok(false)
                    }
                    Err(refusal) => Err(refusal.errno),
                }
            }
            Place::StructOps { map_id } => {
                let Ok(map) = ids::map(*map_id) else { return Ok(false) };
                if act == Act::Remove {
                    crate::sys::map::delete_first(map.as_fd())?;
                }
                Ok(true)
            }
            Place::Event { control, name } => {
                let Ok(tracefs) = Tracefs::open() else { return Ok(false) };
                match act {
                    Act::Look => Ok(true),
                    // The kernel refuses while something uses it.
                    Act::Remove => tracefs.control(control, &format!("-:{name}\n")).map(|()| true),
                }
            }
        }
    }
}

fn filter(
    ifindex: u32,
    hook: Hook,
    (prog_id, made_clsact): (u32, bool),
    act: Act,
) -> Result<bool, Errno> {
    let mut netlink = Netlink::open()?;
    let there = match netlink.filters(ifindex, hook) {
        // Neither interface nor `clsact`.
        Err(refusal) if matches!(refusal.errno, Errno::ENODEV | Errno::EINVAL) => {
            return Ok(false);
        }
        there => there.map_err(|refusal| refusal.errno)?,
    };
    let ours: Vec<Filter> =
        there.iter().filter(|(_, id)| *id == prog_id).map(|(filter, _)| *filter).collect();
    if act == Act::Remove {
        for filter in &ours {
            netlink.remove_filter(filter).map_err(|refusal| refusal.errno)?;
        }
        if made_clsact
            && netlink.has_filters(ifindex) == Ok(false)
            && netlink.has_clsact(ifindex) == Ok(true)
        {
            netlink.remove_clsact(ifindex).map_err(|refusal| refusal.errno)?;
        }
    }
    Ok(!ours.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_events_of_ended_processes_are_abandoned() {
        let own = format!("p:bpfc_{}/probe0 do_unlinkat", std::process::id());
        assert_eq!(abandoned(&own), None);
        // Above the most that a process can be.
        let gone = "r8:bpfc_4194999/probe0 do_unlinkat";
        assert_eq!(abandoned(gone), Some("bpfc_4194999/probe0"));
        for line in ["", "p:other/x f", "p:bpfc_/x f", "p:bpfc_1x/x f", "p:bpfc_9999999 f"] {
            assert_eq!(abandoned(line), None, "{line}");
        }
    }

    #[test]
    fn records_read_back() {
        let route = Route {
            prefix: "fc00::".parse().unwrap(),
            n_bits: 64,
            ifindex: 3,
            via: None,
            table: Some(7),
        };
        let places = [
            Place::Xdp { ifindex: 1, flags: 2, prog_id: 3 },
            Place::Filter { ifindex: 1, hook: Hook::Egress, prog_id: 9, made_clsact: true },
            Place::Cgroup { path: "/a folder/b".into(), hook: 1, prog_id: 2 },
            Place::Route { route },
            Place::StructOps { map_id: 5 },
        ];
        for place in places {
            assert_eq!(parse(&format!("42 {place}\n")), Some((42, place)));
        }
        for text in ["", "1", "1 xdp", "1 xdp a", "1 cgroup 1 2", "1 route a 1 1 - 0"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
