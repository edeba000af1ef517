//! Interfaces, sockets, control groups, namespaces, routes: links where the kernel has them, what was there before
//! where not.

mod cgroup;
mod maps;
mod netfilter;
mod netns;
pub(super) mod operations;
mod route;
mod socket;
mod tc;
mod xdp;

use super::NetworkSpec;
use super::link::Link;
use crate::load::Loaded;
use crate::program::Program;
use crate::sys::ids;
use crate::{Kernel, LoadError};
use bpfc_base::similar::most_similar;
use nix::net::if_::{if_nameindex, if_nametoindex};

/// What a program may be attached to beside what the system knows: the maps of its object.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    pub loaded: Option<&'a Loaded>,
    pub kernel: &'a Kernel,
}

/// The index of an interface in this process's network namespace.
pub(crate) fn ifindex(name: &str) -> Result<u32, LoadError> {
    if let Ok(index) = if_nametoindex(name) {
        return Ok(index);
    }
    let all = if_nameindex();
    let names: Vec<String> =
        all.iter().flatten().map(|found| found.name().to_string_lossy().into_owned()).collect();
    let guess = most_similar(name, names.iter().map(String::as_str));
    Err(LoadError::NoTarget {
        kind: "network interface",
        name: name.into(),
        candidate: guess.map(str::to_owned),
    })
}

/// Attaches a program of the network.
pub(super) fn attach(
    program: &Program,
    spec: &NetworkSpec,
    around: Surroundings<'_>,
) -> Result<Link, LoadError> {
    match spec {
        NetworkSpec::Xdp { interface, mode } => xdp::attach(program, spec, interface, *mode),
        NetworkSpec::Tc { interface, direction, place } => {
            tc::attach(program, spec, interface, (*direction, *place))
        }
        NetworkSpec::Netkit { interface, is_peer, position } => {
            tc::netkit(program, spec, interface, (*is_peer, *position))
        }
        NetworkSpec::Socket { interface } => socket::filter(program, spec, interface.as_deref()),
        NetworkSpec::Reuseport { pid, fd } => socket::reuseport(program, spec, (*pid, *fd)),
        NetworkSpec::Cgroup { path, direction, mode } => {
            cgroup::attach(program, spec, path, (*direction, *mode))
        }
        NetworkSpec::Netns { path } => netns::attach(program, spec, path),
        NetworkSpec::Sockmap { map } => maps::sockmap(program, spec, map.as_deref(), around),
        NetworkSpec::RedirectMap { map, key, value } => {
            maps::redirect(program, spec, (map, *key, value), around)
        }
        NetworkSpec::Netfilter { family, hook, priority, is_defrag } => {
            netfilter::attach(program, spec, (*family, *hook), (*priority, *is_defrag))
        }
        NetworkSpec::Route { .. } => route::attach(program, spec),
        NetworkSpec::StructOps => operations::attach(program, spec, around),
        NetworkSpec::Freplace { .. } => operations::replace(program, spec),
        NetworkSpec::Run => operations::run(program, spec),
    }
}

/// Programs by their ids and names: `program 12 (`count`)`.
pub(super) fn named(ids: &[u32]) -> String {
    let names = ids.iter().map(|id| match ids::prog_name(*id) {
        Some(name) => format!("program {id} (`{name}`)"),
        None => format!("program {id}"),
    });
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
