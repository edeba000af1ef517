//! What programs are bound to by the kernel's types when they are loaded: entries and returns of
//! functions, tracepoints, security hooks, iterators.

use super::{Attaching, multi};
use crate::attach::link::{Held, Link};
use crate::kernel::Kernel;
use crate::map::c_path;
use crate::sys::attr::object_name;
use crate::sys::trace_link::{self, IterInfo};
use crate::sys::{bpf, ids};
use crate::tracefs::securityfs_text;
use crate::{Errno, LoadError};
use bpfc_kabi::{AttachType, KernelVersion, ProgType};
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

/// Attaches a program to what it was loaded for.
pub(super) fn typed(attaching: &Attaching<'_>) -> Result<Link, LoadError> {
    let kind = attaching.program.kind();
    if kind.attach_type == Some(AttachType::TraceIter) {
        return iterator(attaching);
    }
    if kind.prog_type == ProgType::Lsm
        && let Some(reason) = lsm_obstacle()
    {
        return Err(attaching.refuse(reason, None));
    }
    let prog = attaching.program.as_fd();
    let outcome = match (attaching.options.cookie, kind.attach_type) {
        (Some(cookie), Some(attach_type)) => {
            attaching.check_cookie(KernelVersion::new(5, 19))?;
            trace_link::tracing(prog, attach_type.number(), cookie)
        }
        _ => bpf::raw_tracepoint_open(prog, None),
    };
    match outcome {
        Ok(link) => Ok(attaching.link(Held::Link(link))),
        Err(errno) => Err(attaching.refuse(reason(attaching, errno), errno)),
    }
}

/// Why programs at security hooks would never run.
pub(crate) fn lsm_obstacle() -> Option<String> {
    let modules = securityfs_text("lsm")?;
    let is_on = modules.trim().split(',').any(|module| module == "bpf");
    (!is_on).then(|| {
        format!(
            "the security module `bpf` is off, so the program would never run: start the kernel \
             with `lsm={},bpf`",
            modules.trim()
        )
    })
}

fn reason(attaching: &Attaching<'_>, errno: Errno) -> String {
    let kind = attaching.program.kind();
    let is_trampoline = matches!(kind.prog_type, ProgType::Tracing | ProgType::Lsm)
        && kind.attach_type != Some(AttachType::TraceRawTp);
    match errno {
        Errno::EBUSY if is_trampoline && !is_traceable(&kind.target) => format!(
            "`{}` was compiled without a place for tracers (`notrace`, `noinstr`)",
            kind.target
        ),
        Errno::EBUSY => "another program or tracer changes the function already".into(),
        Errno::E2BIG => "too many programs are attached there already (at most 38)".into(),
        Errno::ENOTSUPP | Errno::EOPNOTSUPP if is_trampoline => {
            trampoline_obstacle(attaching.kernel).unwrap_or_else(|| {
                format!(
                    "`{}` was compiled without a place for tracers (`notrace`), or this machine \
                     cannot attach to functions like this",
                    kind.target
                )
            })
        }
        Errno::EINVAL | Errno::ENODEV if is_trampoline => trampoline_obstacle(attaching.kernel)
            .unwrap_or_else(|| format!("`{}` cannot be traced like this", kind.target)),
        _ => "the kernel refuses".into(),
    }
}

/// Whether the kernel's tracer knows a function; it does where that cannot be read.
fn is_traceable(target: &str) -> bool {
    let function = target.rsplit(':').next().unwrap_or_default();
    multi::available(function).is_none_or(|found| !found.is_empty())
}

/// Why no program can be attached to the entry or return of a kernel function.
pub(crate) fn trampoline_obstacle(kernel: &Kernel) -> Option<String> {
    let options = [
        ("CONFIG_FUNCTION_TRACER", "a function tracer"),
        ("CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS", "direct calls of tracers"),
        ("CONFIG_BPF_JIT", "a JIT compiler"),
    ];
    let lacking = options.into_iter().find(|(option, _)| kernel.config_value(option) == Some("n"));
    lacking.map(|(option, what)| format!("this kernel is built without {what} ({option})"))
}

/// Attaches an iterator: what it goes over is decided here, its output is read later.
fn iterator(attaching: &Attaching<'_>) -> Result<Link, LoadError> {
    let options = attaching.options;
    // Both live until the link is made.
    let mut file: Option<OwnedFd> = None;
    let mut words = [0_u32; 4];
    let has_parameters = options.map.is_some()
        || options.cgroup.is_some()
        || options.order.is_some()
        || options.pid.is_some()
        || options.tid.is_some();
    if let Some(name) = &options.map {
        let opened = file.insert(open_map(attaching, name)?);
        words[0] = fd_number(opened);
    } else if options.cgroup.is_some() || options.order.is_some() {
        words[0] = options.order.map_or(2, |order| order.number());
        if let Some(folder) = &options.cgroup {
            let opened = File::open(folder).map_err(|error| LoadError::File {
                path: folder.into(),
                errno: Errno::from(&error),
            })?;
            words[1] = fd_number(file.insert(opened.into()));
        }
    } else {
        words[0] = options.tid.unwrap_or(0);
        words[1] = options.pid.unwrap_or(0);
    }
    let target = &attaching.program.kind().target;
    if target.ends_with("_elem") || target == "sockmap" || target == "bpf_sk_storage_map" {
        if options.map.is_none() {
            let reason = "it goes over the elements of a map: say which, `,map=NAME`";
            return Err(attaching.refuse(reason, None));
        }
    } else if target == "cgroup" && !has_parameters {
        words[0] = 2;
    }
    let info = IterInfo { words };
    let info = (has_parameters || target == "cgroup").then_some(&info);
    let prog = attaching.program.as_fd();
    let link = trace_link::iter(prog, AttachType::TraceIter.number(), info);
    let reason = |errno: Errno| match errno {
        Errno::EINVAL if has_parameters => {
            "the iterator does not take these parameters, or this kernel does not know them"
        }
        Errno::EACCES => "the program uses keys or values of another size than the map's",
        _ => "the kernel refuses",
    };
    match link {
        Ok(link) => Ok(attaching.link(Held::Iterator(link))),
        Err(Errno::EACCES) => Err(attaching.refuse(reason(Errno::EACCES), None)),
        Err(errno) => Err(attaching.refuse(reason(errno), errno)),
    }
}

fn fd_number(file: &OwnedFd) -> u32 {
    u32::try_from(file.as_raw_fd()).expect("an open file descriptor is not negative")
}

/// Opens a map by the path of its pin, its number, or its name: of a map that the program uses,
/// else the newest.
fn open_map(attaching: &Attaching<'_>, name: &str) -> Result<OwnedFd, LoadError> {
    let error =
        |errno| LoadError::System { operation: "open", subject: format!("map `{name}`"), errno };
    if name.contains('/') {
        return bpf::obj_get(&c_path(Path::new(name))?).map_err(error);
    }
    if let Ok(id) = name.parse() {
        return ids::map(id).map_err(error);
    }
    let wanted = object_name(name);
    let open = |id: u32| {
        let fd = ids::map(id).ok()?;
        let is_it = bpf::map_info(&fd).is_ok_and(|info| info.name == wanted);
        is_it.then_some(fd)
    };
    let own = ids::maps_of(attaching.program.as_fd()).unwrap_or_default();
    let mut all: Vec<u32> = ids::maps();
    all.reverse();
    own.into_iter().chain(all).find_map(open).ok_or_else(|| {
        let others: Vec<String> = ids::maps().into_iter().filter_map(map_name).collect();
        let candidate = bpfc_base::similar::most_similar(name, others.iter().map(String::as_str));
        LoadError::NoTarget {
            kind: "map",
            name: name.into(),
            candidate: candidate.map(str::to_owned),
        }
    })
}

fn map_name(id: u32) -> Option<String> {
    let info = bpf::map_info(&ids::map(id).ok()?).ok()?;
    Some(ids::text(&info.name))
}
