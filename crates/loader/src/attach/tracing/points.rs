//! Tracepoints, and tracepoints with the kernel's own arguments.

use super::{Attaching, DEFAULT_LIMIT, matches};
use crate::attach::link::{Held, Link};
use crate::attach::spec::is_pattern;
use crate::kernel::Kernel;
use crate::sys::{bpf, perf, trace_link};
use crate::tracefs::Tracefs;
use crate::{Errno, LoadError};
use bpfc_base::similar::most_similar;
use bpfc_btf::{Kind, KindSet};
use bpfc_kabi::KernelVersion;
use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};

/// Attaches to tracepoints through perf events (4.7).
pub(super) fn tracepoint(
    attaching: &Attaching<'_>,
    category: &str,
    name: &str,
) -> Result<Link, LoadError> {
    attaching.check_cookie(KernelVersion::new(5, 15))?;
    let tracefs = Tracefs::open()?;
    if is_pattern(category) || is_pattern(name) {
        let all = tracefs.events();
        let wanted = all.iter().filter_map(|event| event.split_once(':')).filter(
            |(found_category, found)| matches(category, found_category) && matches(name, found),
        );
        let ids = wanted.map(|(category, event)| tracefs.event_id(category, event));
        let ids: Vec<u64> = ids.collect::<Result<_, _>>()?;
        attaching.check_limit(ids.len(), Some(DEFAULT_LIMIT))?;
        if ids.is_empty() {
            let name = format!("{category}:{name}");
            return Err(LoadError::NoTarget { kind: "tracepoint", name, candidate: None });
        }
        let one = |id| attaching.start(perf::tracepoint(id)?);
        return attaching.each(ids, one).map_err(|errno| refusal(attaching, errno));
    }
    let id = tracefs.event_id(category, name)?;
    let event = perf::tracepoint(id)
        .map_err(|errno| attaching.refuse("the event cannot be opened", errno))?;
    let held = attaching.start(event).map_err(|errno| refusal(attaching, errno))?;
    Ok(attaching.link(Held::Events(vec![held])))
}

fn refusal(attaching: &Attaching<'_>, errno: Errno) -> LoadError {
    match errno {
        // `EACCES` is no matter of rights here.
        Errno::EACCES => {
            attaching.refuse("the program reads more of its context than this event has", None)
        }
        errno => attaching.refuse("the kernel refuses", errno),
    }
}

/// Attaches to raw tracepoints (4.17).
pub(super) fn raw_tracepoint(attaching: &Attaching<'_>, name: &str) -> Result<Link, LoadError> {
    attaching.check_cookie(KernelVersion::new(6, 10))?;
    if is_pattern(name) {
        let names: Vec<String> = names(attaching.kernel)
            .filter(|found| matches(name, found))
            .map(str::to_owned)
            .collect();
        attaching.check_limit(names.len(), Some(DEFAULT_LIMIT))?;
        if names.is_empty() {
            let name = name.to_owned();
            return Err(LoadError::NoTarget { kind: "raw tracepoint", name, candidate: None });
        }
        let outcome = attaching.each(names, |name| open(attaching, &name));
        return outcome.map_err(|errno| attaching.refuse(reason(errno), errno));
    }
    match open(attaching, name) {
        Ok(link) => Ok(attaching.link(Held::Link(link))),
        Err(Errno::ENOENT) => Err(LoadError::NoTarget {
            kind: "raw tracepoint",
            name: name.into(),
            candidate: most_similar(name, names(attaching.kernel)).map(str::to_owned),
        }),
        Err(errno) => Err(attaching.refuse(reason(errno), errno)),
    }
}

fn reason(errno: Errno) -> &'static str {
    match errno {
        Errno::EINVAL => {
            "the program reads more arguments than this tracepoint has, or writes to one that takes \
             nothing back, or the kernel has no raw tracepoints"
        }
        _ => "the kernel refuses",
    }
}

fn open(attaching: &Attaching<'_>, name: &str) -> Result<OwnedFd, Errno> {
    let c_name = CString::new(name).map_err(|_| Errno::ENOENT)?;
    let prog = attaching.program.as_fd();
    match attaching.options.cookie {
        None => bpf::raw_tracepoint_open(prog, Some(&c_name)),
        Some(cookie) => trace_link::raw_tracepoint(prog, &c_name, cookie),
    }
}

/// BTF has a typedef `btf_trace_NAME` for each raw tracepoint.
fn names(kernel: &Kernel) -> impl Iterator<Item = &str> {
    const PREFIX: &str = "btf_trace_";
    let is_typedef = |kind: Kind| KindSet::TYPEDEF.contains(kind);
    kernel.btf().into_iter().flat_map(move |btf| {
        let typedefs = btf.ids().filter(move |id| btf.kind(*id).is_some_and(is_typedef));
        typedefs.filter_map(|id| btf.name(id).strip_prefix(PREFIX))
    })
}
