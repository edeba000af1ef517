//! Links by their ids.

use crate::kernel::Kernel;
use crate::sys::attr::LinkInfo;
use crate::sys::bpf::link_detach;
use crate::sys::ids::{self, Kind};
use crate::{Errno, LoadError};
use bpfc_btf::TypeId;
use bpfc_kabi::AttachType;
use nix::net::if_::if_indextoname;
use std::fs;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Most folders of control groups that are looked at.
const MAX_CGROUPS: usize = 100_000;

/// An attachment in the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelLink {
    /// The kernel's number for it.
    pub id: u32,
    /// The program; 0 for a struct of operations.
    pub program_id: u32,
    /// `BPF_LINK_TYPE_*`.
    pub link_type: u32,
    /// Where it is, as far as the kernel tells: `xdp:eth0`, `raw_tp:sched_switch`.
    pub place: String,
}

impl KernelLink {
    /// Asks for a link by its id; `None` if there is none (any more). Needs CAP_SYS_ADMIN.
    ///
    /// # Errors
    /// [`LoadError::System`].
    pub fn open(id: u32, kernel: &Kernel) -> Result<Option<KernelLink>, LoadError> {
        match ids::open(Kind::Link, id) {
            Ok(fd) => of(fd.as_fd(), kernel).map(Some).map_err(|errno| failed("open", id, errno)),
            Err(Errno::ENOENT) => Ok(None),
            Err(errno) => Err(failed("open", id, errno)),
        }
    }

    /// Takes the program away from where it is, whoever holds the link (5.9).
    ///
    /// # Errors
    /// [`LoadError::System`]: there is no such link, or its kind ends only with its last holder.
    pub fn detach(id: u32) -> Result<(), LoadError> {
        let fd: OwnedFd = ids::open(Kind::Link, id).map_err(|errno| failed("open", id, errno))?;
        link_detach(fd.as_fd()).map_err(|errno| failed("detach", id, errno))
    }
}

fn failed(operation: &'static str, id: u32, errno: Errno) -> LoadError {
    LoadError::System { operation, subject: format!("the link with id {id}"), errno }
}

fn of(fd: BorrowedFd<'_>, kernel: &Kernel) -> Result<KernelLink, Errno> {
    let info = ids::link_info(fd)?;
    Ok(KernelLink {
        id: info.id,
        program_id: info.prog_id,
        link_type: info.link_type,
        place: place(fd, &info, kernel),
    })
}

/// The two 32-bit numbers of a word, in the order of memory.
fn halves(word: u64) -> (u32, u32) {
    let bytes = word.to_ne_bytes();
    let half =
        |at: usize| u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    (half(0), half(4))
}

/// What kind of link was detached while somebody held it, or has lost its interface, namespace or group; none of one that works.
fn detached(info: &LinkInfo) -> Option<&'static str> {
    let (first, _) = halves(info.rest[0]);
    match info.link_type {
        3 if info.rest[0] == 0 => Some("cgroup"),
        5 if first == 0 => Some("netns"),
        6 if first == 0 => Some("xdp"),
        11 if first == 0 => Some("tcx"),
        13 if first == 0 => Some("netkit"),
        14 if first == 0 => Some("sockmap"),
        _ => None,
    }
}

/// Whether a link leads nowhere any more.
pub(crate) fn is_severed(link: BorrowedFd<'_>) -> bool {
    ids::link_info(link).is_ok_and(|info| detached(&info).is_some())
}

/// `enum bpf_link_type` and what each holds: `include/uapi/linux/bpf.h` (6.12).
fn place(fd: BorrowedFd<'_>, info: &LinkInfo, kernel: &Kernel) -> String {
    let (first, second) = halves(info.rest[0]);
    if let Some(kind) = detached(info) {
        return format!("{kind} (detached)");
    }
    match info.link_type {
        1 => with("raw_tp", ids::link_text(fd, (0, 1))),
        2 => tracing(first, halves(info.rest[0]).1, halves(info.rest[1]).0, kernel),
        3 => {
            let path = cgroup(info.rest[0]);
            let path = path
                .map_or_else(|| format!("id {}", info.rest[0]), |path| path.display().to_string());
            format!("cgroup:{path} ({})", attach_name(halves(info.rest[1]).0))
        }
        4 => with("iter", ids::link_text(fd, (0, 1))),
        5 => format!("netns:{first} ({})", attach_name(second)),
        6 => format!("xdp:{}", interface(first)),
        7 => perf_event(fd, info),
        8 => count("kprobe.multi", second_half_count(info.rest[1])),
        9 => format!("struct_ops (map {first})"),
        10 => format!("netfilter (family {first}, hook {second})"),
        11 => format!("tcx:{}:{}", interface(first), direction(second)),
        12 => {
            let path = ids::link_text(fd, (0, 4));
            let n = halves(info.rest[4]).1;
            format!("{} ({n} places)", with("uprobe.multi", path))
        }
        13 => format!("netkit:{}:{}", interface(first), direction(second)),
        14 => format!("sockmap (map {first}, {})", attach_name(second)),
        other => format!("link of type {other}"),
    }
}

fn with(kind: &str, name: Option<String>) -> String {
    name.map_or_else(|| kind.to_owned(), |name| format!("{kind}:{name}"))
}

fn count(kind: &str, n: u32) -> String {
    format!("{kind} ({n} places)")
}

/// The number of functions, behind the address of their addresses.
fn second_half_count(word: u64) -> u32 {
    halves(word).0
}

/// `enum bpf_perf_event_type` (6.6): 1 and 2 uprobes, 3 and 4 kprobes, 5 tracepoints, 6 events.
fn perf_event(fd: BorrowedFd<'_>, info: &LinkInfo) -> String {
    let name = || ids::link_text(fd, (1, 2));
    let offset = |name: Option<String>| {
        let (_, offset) = halves(info.rest[2]);
        name.map(|name| if offset == 0 { name } else { format!("{name}+{offset:#x}") })
    };
    match halves(info.rest[0]).0 {
        1 => with("uprobe", offset(name())),
        2 => with("uretprobe", offset(name())),
        3 => with("kprobe", offset(name())),
        4 => with("kretprobe", offset(name())),
        5 => with("tp", name()),
        _ => "perf_event".into(),
    }
}

fn tracing(attach_type: u32, object: u32, target: u32, kernel: &Kernel) -> String {
    let kind = match AttachType::from_number(attach_type) {
        Some(AttachType::TraceFentry) => "fentry",
        Some(AttachType::TraceFexit) => "fexit",
        Some(AttachType::ModifyReturn) => "fmod_ret",
        Some(AttachType::LsmMac) => "lsm",
        Some(AttachType::TraceRawTp) => "tp_btf",
        Some(AttachType::TraceFsession) => "fsession",
        // `BPF_PROG_TYPE_EXT` has none.
        Some(AttachType::CgroupInetIngress) => return format!("freplace:{object}"),
        _ => "tracing",
    };
    let is_kernel = ids::open(Kind::Btf, object)
        .and_then(|fd| ids::btf_name(fd.as_fd()))
        .is_ok_and(|name| name.as_deref() == Some("vmlinux"));
    let name = kernel.btf().filter(|_| is_kernel).and_then(|btf| {
        btf.ty(TypeId(target)).ok()?;
        Some(btf.name(TypeId(target)).to_owned())
    });
    match name {
        // A tracepoint's type is called by what the compiler checks it with.
        Some(name) => format!("{kind}:{}", name.strip_prefix("btf_trace_").unwrap_or(&name)),
        None => format!("{kind}:{object}:{target}"),
    }
}

/// `cgroup_inet4_connect` of `BPF_CGROUP_INET4_CONNECT`.
fn attach_name(number: u32) -> String {
    AttachType::from_number(number).map_or_else(
        || format!("attach type {number}"),
        |ty| ty.name().trim_start_matches("BPF_").to_lowercase(),
    )
}

fn direction(attach_type: u32) -> &'static str {
    match AttachType::from_number(attach_type) {
        Some(AttachType::TcxIngress) => "ingress",
        Some(AttachType::TcxEgress) => "egress",
        Some(AttachType::NetkitPrimary) => "primary",
        Some(AttachType::NetkitPeer) => "peer",
        _ => "?",
    }
}

/// Interfaces of other namespaces have only a number here; those that are gone have 0.
fn interface(index: u32) -> String {
    let name = if_indextoname(index).ok().and_then(|name| name.into_string().ok());
    name.unwrap_or_else(|| index.to_string())
}

/// The control group whose folder has this inode.
fn cgroup(id: u64) -> Option<PathBuf> {
    let roots = [Path::new("/sys/fs/cgroup"), Path::new("/sys/fs/cgroup/unified")];
    let mut pending: Vec<PathBuf> = roots.iter().map(|path| path.to_path_buf()).collect();
    let mut n_seen = 0;
    while let Some(folder) = pending.pop() {
        let Ok(found) = fs::symlink_metadata(&folder) else { continue };
        if found.ino() == id {
            return Some(folder);
        }
        n_seen += 1;
        if n_seen > MAX_CGROUPS {
            return None;
        }
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        let folders = entries.filter(|entry| entry.file_type().is_ok_and(|ty| ty.is_dir()));
        pending.extend(folders.map(|entry| entry.path()));
    }
    None
}
