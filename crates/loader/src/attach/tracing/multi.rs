//! Many functions at once: by one link where the kernel has such links (5.18 for its own
//! functions, 6.6 for those of processes), else by a probe for each.

use super::kprobe::{Source, kprobe_obstacle, uprobe_obstacle};
use super::{Attaching, DEFAULT_LIMIT, elf, files, kprobe, matches, uprobe};
use crate::attach::ProbePoint;
use crate::attach::link::{Held, Link};
use crate::kernel::{Kernel, read};
use crate::map::c_path;
use crate::sys::bpf::{ProgLoad, prog_load};
use crate::sys::trace_link::{self, Functions, Places};
use crate::tracefs::Tracefs;
use crate::{Errno, LoadError};
use bpfc_kabi::{AttachType, ProgType};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// A program that does nothing, loaded for links to many functions.
fn trivial(attach_type: AttachType) -> Result<OwnedFd, Errno> {
    use bpfc_isa::{Endian, assemble, encode_program};
    let insns = assemble("r0 = 0\nexit", &()).map_or_else(|_| Vec::new(), |found| found.insns);
    let bytes = encode_program(&insns, Endian::NATIVE);
    let load = ProgLoad {
        prog_type: ProgType::Kprobe.number(),
        insns: &bytes,
        license: Some(c"GPL"),
        expected_attach_type: attach_type.number(),
        ..ProgLoad::default()
    };
    prog_load(&load, 0, &mut [])
}

/// Whether a link can hold a program to many kernel functions.
pub(crate) fn has_kprobe_multi() -> bool {
    let attach_type = AttachType::TraceKprobeMulti;
    trivial(attach_type)
        .is_ok_and(|prog| trace_link::has_kprobe_multi(prog.as_fd(), attach_type.number()))
}

/// Whether a link can hold a program to many functions of a file.
pub(crate) fn has_uprobe_multi() -> bool {
    let attach_type = AttachType::TraceUprobeMulti;
    trivial(attach_type)
        .is_ok_and(|prog| trace_link::has_uprobe_multi(prog.as_fd(), attach_type.number()))
}

/// Attaches to all kernel functions that a pattern names.
pub(super) fn kprobes(
    attaching: &Attaching<'_>,
    pattern: &str,
    point: ProbePoint,
) -> Result<Link, LoadError> {
    let functions = kernel_functions(attaching, pattern)?;
    match attaching.program.kind().attach_type {
        Some(attach_type) => {
            attaching.check_limit(functions.len(), None)?;
            kprobes_by_link(attaching, &functions, attach_type, point)
        }
        None => {
            if point == ProbePoint::Session {
                return Err(attaching.refuse("sessions need Linux 6.10 with CONFIG_FPROBE", None));
            }
            if let Some(reason) = kprobe_obstacle(attaching.kernel) {
                return Err(attaching.refuse(reason, None));
            }
            attaching.check_limit(functions.len(), Some(DEFAULT_LIMIT))?;
            let Some(source) = Source::find("kprobe") else {
                return Err(attaching.refuse("patterns need Linux 4.17", None));
            };
            let one = |function: &Function<'_>| {
                kprobe::by_source(attaching, source, function.name, 0, point)
            };
            let outcome = attaching.each(&functions, one);
            outcome.map_err(|errno| {
                attaching.refuse(kprobe::reason(attaching.kernel, pattern, errno), errno)
            })
        }
    }
}

fn kprobes_by_link(
    attaching: &Attaching<'_>,
    functions: &[Function<'_>],
    attach_type: AttachType,
    point: ProbePoint,
) -> Result<Link, LoadError> {
    let addresses: Vec<u64> = functions.iter().map(|function| function.address).collect();
    let names: Result<Vec<CString>, _> =
        functions.iter().map(|function| CString::new(function.name)).collect();
    let names = names.unwrap_or_default();
    let wanted = match addresses.contains(&0) {
        // This user may not know addresses.
        true => Functions::Names(&names),
        false => Functions::Addresses(&addresses),
    };
    let cookies = vec![attaching.options.cookie.unwrap_or(0); functions.len()];
    let cookies = if attaching.options.cookie.is_some() { &cookies[..] } else { &[] };
    let is_return = point == ProbePoint::Return;
    let prog = attaching.program.as_fd();
    match trace_link::kprobe_multi(prog, attach_type.number(), wanted, cookies, is_return) {
        Ok(link) => Ok(attaching.link(Held::Link(link)).with_places(functions.len(), 0)),
        Err(errno) => {
            let reason = match errno {
                Errno::EINVAL | Errno::EOPNOTSUPP | Errno::ENOTSUPP
                    if point == ProbePoint::Session =>
                {
                    "sessions need Linux 6.10 with CONFIG_FPROBE"
                }
                Errno::EOPNOTSUPP | Errno::ENOTSUPP => "this kernel is built without CONFIG_FPROBE",
                Errno::ENOENT | Errno(libc::ESRCH) | Errno::EINVAL => {
                    "one of the functions cannot be traced"
                }
                _ => "the kernel refuses",
            };
            Err(attaching.refuse(reason, errno))
        }
    }
}

/// A kernel function that can be traced.
struct Function<'a> {
    name: &'a str,
    /// 0 if this user may not know it.
    address: u64,
}

/// The functions that a pattern names and that can be traced, by name.
fn kernel_functions<'a>(
    attaching: &Attaching<'a>,
    pattern: &str,
) -> Result<Vec<Function<'a>>, LoadError> {
    let Some(symbols) = attaching.kernel.symbols() else {
        return Err(LoadError::File { path: "/proc/kallsyms".into(), errno: Errno::ENOENT });
    };
    let available = available(pattern);
    let mut found: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
    let mut n_untraceable = 0;
    for symbol in symbols.iter() {
        let is_code = matches!(symbol.kind, 't' | 'T' | 'w' | 'W');
        if !is_code || !matches(pattern, symbol.name) || symbol.name.starts_with("__ftrace_invalid")
        {
            continue;
        }
        if available.as_ref().is_some_and(|available| !available.contains_key(symbol.name)) {
            n_untraceable += 1;
            continue;
        }
        found.entry(symbol.name).or_default().insert(symbol.address);
    }
    // Of several functions with one name some may be traceable and others not: which, only
    // addresses would say.
    let is_clear = |name: &str, n: usize| {
        let traceable = available.as_ref().and_then(|available| available.get(name));
        traceable.is_none_or(|traceable| *traceable >= n)
    };
    let functions: Vec<Function<'_>> = found
        .into_iter()
        .filter(|(name, addresses)| is_clear(name, addresses.len()))
        .flat_map(|(name, addresses)| {
            addresses.into_iter().map(move |address| Function { name, address })
        })
        .collect();
    if !functions.is_empty() {
        return Ok(functions);
    }
    if n_untraceable > 0 {
        let reason = "no function of this name can be traced (`notrace`, or code for the start of \
                      the kernel); `available_filter_functions` of tracefs lists those that can";
        return Err(attaching.refuse(reason, None));
    }
    let candidate = symbols.resolve_function(pattern).err().flatten();
    Err(LoadError::NoTarget { kind: "kernel function", name: pattern.into(), candidate })
}

/// The functions that a pattern names and that the kernel's tracer knows, and how many there are of
/// each name; none where that cannot be read.
pub(super) fn available(pattern: &str) -> Option<BTreeMap<String, usize>> {
    let tracefs = Tracefs::open().ok()?;
    let text = std::fs::read(tracefs.join("available_filter_functions")).ok()?;
    let text = String::from_utf8_lossy(&text);
    let mut names = BTreeMap::new();
    for line in text.lines() {
        // `name` or `name [module]`.
        let Some(name) = line.split_ascii_whitespace().next() else { continue };
        if matches(pattern, name) {
            *names.entry(name.to_owned()).or_default() += 1;
        }
    }
    Some(names)
}

/// Attaches to all functions of a file that a pattern names.
pub(super) fn uprobes(
    attaching: &Attaching<'_>,
    path: &Path,
    pattern: &str,
    point: ProbePoint,
) -> Result<Link, LoadError> {
    if let Some(reason) = uprobe_obstacle() {
        return Err(attaching.refuse(reason, None));
    }
    let path = files::find(path, attaching.options.pid)?;
    let file = read(&path)?;
    let offsets = elf::functions_like(&file, &path, |name| matches(pattern, name))?;
    if offsets.is_empty() {
        return Err(elf::no_function(&file, &path, pattern));
    }
    let Some(attach_type) = attaching.program.kind().attach_type else {
        if point == ProbePoint::Session {
            return Err(attaching.refuse("sessions in processes need Linux 6.13", None));
        }
        attaching.check_limit(offsets.len(), Some(DEFAULT_LIMIT))?;
        let outcome = attaching
            .each(offsets, |offset| uprobe::by_source(attaching, &path, offset, 0, point, None));
        return outcome.map_err(|errno| attaching.refuse(uprobe::reason(errno), errno));
    };
    attaching.check_limit(offsets.len(), None)?;
    let cookies = vec![attaching.options.cookie.unwrap_or(0); offsets.len()];
    let places = Places {
        path: &c_path(&path)?,
        offsets: &offsets,
        cookies: if attaching.options.cookie.is_some() { &cookies } else { &[] },
        pid: attaching.options.pid.unwrap_or(0),
        is_return: point == ProbePoint::Return,
    };
    match trace_link::uprobe_multi(attaching.program.as_fd(), attach_type.number(), &places) {
        Ok(link) => Ok(attaching.link(Held::Link(link)).with_places(offsets.len(), 0)),
        Err(Errno::EINVAL) if point == ProbePoint::Session => {
            Err(attaching.refuse("sessions in processes need Linux 6.13", Errno::EINVAL))
        }
        Err(errno) => Err(attaching.refuse(uprobe::reason(errno), errno)),
    }
}

/// The attach type that a kernel understands: none where it has no links to many functions, as a
/// probe for each then does it. Sessions have no substitute.
pub(crate) fn understood(kernel: &Kernel, wanted: Option<AttachType>) -> Option<AttachType> {
    let is_known = match wanted {
        Some(AttachType::TraceKprobeMulti) => kernel.has_kprobe_multi(),
        Some(AttachType::TraceUprobeMulti) => kernel.has_uprobe_multi(),
        _ => true,
    };
    wanted.filter(|_| is_known)
}
