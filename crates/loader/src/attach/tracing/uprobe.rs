//! Probes on functions of programs and libraries: through the event source `uprobe` (4.17), else
//! through tracefs.

use super::elf::{self, Found};
use super::kprobe::{Source, uprobe_obstacle};
use super::{Attaching, dynamic, files};
use crate::attach::ProbePoint;
use crate::attach::link::{Held, Link};
use crate::kernel::read;
use crate::map::c_path;
use crate::sys::perf::{self, Probe, Scope};
use crate::{Errno, LoadError};
use bpfc_kabi::KernelVersion;
use std::os::fd::OwnedFd;
use std::path::Path;

/// Attaches to a place in a file: in one process, or in every one that has it mapped or will.
pub(super) fn uprobe(
    attaching: &Attaching<'_>,
    (path, symbol, offset): (&Path, &str, u64),
    point: ProbePoint,
) -> Result<Link, LoadError> {
    attaching.check_cookie(KernelVersion::new(5, 15))?;
    if let Some(reason) = uprobe_obstacle() {
        return Err(attaching.refuse(reason, None));
    }
    let path = files::find(path, attaching.options.pid)?;
    files::check(&path)?;
    let offset = match symbol {
        "" => offset,
        symbol => match elf::function(&read(&path)?, &path, symbol)? {
            Found::At(place) => place.wrapping_add(offset),
            Found::Indirect => {
                let reason = format!(
                    "what runs as `{symbol}` is chosen when a program starts; probe what is chosen, \
                     such as `__{symbol}_*`"
                );
                return Err(attaching.refuse(reason, None));
            }
        },
    };
    if Source::find("uprobe").is_some() {
        let held = by_source(attaching, &path, offset, 0, point, attaching.options.cookie);
        let held = held.map_err(|errno| attaching.refuse(reason(errno), errno))?;
        return Ok(attaching.link(Held::Events(vec![held])));
    }
    let target = format!("{}:{offset:#x}", path.display());
    let held = dynamic::attach(attaching, "uprobe_events", &target, point)?;
    let held = held.map_err(|errno| attaching.refuse(reason(errno), errno))?;
    Ok(attaching.link(held))
}

/// Attaches to one place through the event source; `counter` is the offset of the number that
/// tells the program it is watched, 0 for none.
pub(super) fn by_source(
    attaching: &Attaching<'_>,
    path: &Path,
    offset: u64,
    counter: u64,
    point: ProbePoint,
    cookie: Option<u64>,
) -> Result<OwnedFd, Errno> {
    let source = Source::find("uprobe").ok_or(Errno::ENOENT)?;
    let target = c_path(path).map_err(|_| Errno::EINVAL)?;
    let (ty, config) = source.config(point);
    let (_, with_counter) = source.config_with_counter(counter).ok_or(Errno::EOPNOTSUPP)?;
    let probe = Probe { ty, config: config | with_counter, target: &target, offset };
    let scope = match attaching.options.pid {
        Some(pid) => Scope { pid: i32::try_from(pid).unwrap_or(i32::MAX), cpu: -1 },
        None => Scope { pid: -1, cpu: 0 },
    };
    attaching.start_with(perf::probe(&probe, scope)?, cookie)
}

/// What a refusal means.
pub(super) fn reason(errno: Errno) -> &'static str {
    match errno {
        Errno(libc::ESRCH) => "there is no such process",
        Errno::EINVAL => "no instruction that can be probed is at that place of the file",
        Errno::ENOTSUPP | Errno::EOPNOTSUPP => "the instruction at that place cannot be probed",
        Errno(libc::EIO) => "the file system of the file does not support probes",
        Errno(libc::EMFILE) => "it takes more files than this process may open (`ulimit -n`)",
        _ => "the kernel refuses",
    }
}
