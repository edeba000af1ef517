//! XDP, tc and socket filters. Links where the kernel has them, netlink where not.

use super::link::{Held, Link};
use super::{Direction, NetworkSpec, XdpMode, cgroup, refused};
use crate::netlink::{Hook, Netlink, Refusal};
use crate::program::Program;
use crate::sys::{bpf, socket};
use crate::{Errno, LoadError};
use bpfc_base::similar::most_similar;
use bpfc_kabi::AttachType;
use nix::net::if_::{if_nameindex, if_nametoindex};
use std::os::fd::{AsFd, AsRawFd};

/// `XDP_FLAGS_UPDATE_IF_NOEXIST` of netlink.
const IF_NOEXIST: u32 = 1 << 0;
/// `XDP_FLAGS_SKB_MODE`.
const SKB_MODE: u32 = 1 << 1;
/// `XDP_FLAGS_DRV_MODE`.
const DRV_MODE: u32 = 1 << 2;

/// The index of an interface in this process's network namespace.
pub(super) fn ifindex(name: &str) -> Result<u32, LoadError> {
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

/// Attaches a program to an interface, a socket, a control group or a network namespace.
pub(super) fn attach(program: &Program, spec: &NetworkSpec) -> Result<Link, LoadError> {
    match spec {
        NetworkSpec::Xdp { interface, mode } => xdp(program, spec, interface, *mode),
        NetworkSpec::Tc { interface, direction } => tc(program, spec, interface, *direction),
        NetworkSpec::Socket { interface } => socket(program, spec, interface.as_deref()),
        NetworkSpec::Cgroup { path } | NetworkSpec::Netns { path } => {
            cgroup::attach(program, spec, path)
        }
    }
}

/// Attaches an XDP program: by a link (5.9), else by netlink.
fn xdp(
    program: &Program,
    spec: &NetworkSpec,
    interface: &str,
    mode: XdpMode,
) -> Result<Link, LoadError> {
    let ifindex = ifindex(interface)?;
    let flags = match mode {
        XdpMode::Auto => 0,
        XdpMode::Native => DRV_MODE,
        XdpMode::Generic => SKB_MODE,
    };
    let text = spec.to_string();
    let attach_type = AttachType::Xdp.number();
    let by_link = bpf::link_create(program.as_fd(), ifindex, attach_type, flags);
    let errno = match by_link {
        Ok(link) => return Ok(Link::new(program.name(), text, Held::Link(link))),
        Err(errno) => errno,
    };
    let refusal = if errno == Errno::EINVAL {
        // Links for XDP may be unknown. Netlink also says in words what is wrong.
        let by_netlink = Netlink::open().map_err(Refusal::from).and_then(|mut netlink| {
            let fd = program.as_fd().as_raw_fd();
            netlink.set_xdp(ifindex, Some(fd), flags | IF_NOEXIST)?;
            Ok(netlink)
        });
        match by_netlink {
            Ok(netlink) => {
                let held = Held::Xdp { netlink, ifindex, flags };
                return Ok(Link::new(program.name(), text, held));
            }
            Err(refusal) => refusal,
        }
    } else {
        errno.into()
    };
    let reason = match (refusal.errno, refusal.words) {
        (_, Some(words)) => words,
        (Errno::EBUSY | Errno::EEXIST, _) => "another XDP program is attached there".into(),
        (Errno::EOPNOTSUPP, _) => format!(
            "the driver of `{interface}` does not support native XDP; `xdp:{interface}:generic` always works"
        ),
        _ => "the kernel refuses".into(),
    };
    Err(refused(program, &text, reason, refusal.errno))
}

/// Attaches a tc program: by a link (tcx, 6.6), else as a filter at `clsact` (4.5).
fn tc(
    program: &Program,
    spec: &NetworkSpec,
    interface: &str,
    direction: Direction,
) -> Result<Link, LoadError> {
    let ifindex = ifindex(interface)?;
    let text = spec.to_string();
    let attach_type = match direction {
        Direction::Ingress => AttachType::TcxIngress,
        Direction::Egress => AttachType::TcxEgress,
    };
    let by_link = bpf::link_create(program.as_fd(), ifindex, attach_type.number(), 0);
    match by_link {
        Ok(link) => return Ok(Link::new(program.name(), text, Held::Link(link))),
        Err(errno) if errno.is_unsupported() => {}
        Err(errno) => return Err(refused(program, &text, "the kernel refuses", errno)),
    }
    match filter(program, ifindex, direction) {
        Ok(held) => Ok(Link::new(program.name(), text, held)),
        Err(Refusal { errno, words }) => {
            let reason = words.unwrap_or_else(|| match errno {
                Errno::ENOENT => "the kernel has no `cls_bpf` filters".into(),
                _ => "the kernel refuses".into(),
            });
            Err(refused(program, &text, reason, errno))
        }
    }
}

/// Attaches a tc program as a filter.
pub(super) fn filter(
    program: &Program,
    ifindex: u32,
    direction: Direction,
) -> Result<Held, Refusal> {
    let hook = match direction {
        Direction::Ingress => Hook::Ingress,
        Direction::Egress => Hook::Egress,
    };
    let mut netlink = Netlink::open()?;
    let made_clsact = netlink.add_clsact(ifindex)?;
    let fd = program.as_fd().as_raw_fd();
    match netlink.add_filter(ifindex, hook, fd, program.name()) {
        Ok(filter) => Ok(Held::Filter { netlink, filter, made_clsact }),
        Err(refusal) => {
            if made_clsact {
                // The refusal of the filter is what matters.
                let _ = netlink.remove_clsact(ifindex);
            }
            Err(refusal)
        }
    }
}

/// Makes a program the filter of a raw socket on one interface or all.
fn socket(
    program: &Program,
    spec: &NetworkSpec,
    interface: Option<&str>,
) -> Result<Link, LoadError> {
    let ifindex = interface.map(ifindex).transpose()?;
    let text = spec.to_string();
    let socket = socket::packet_socket(ifindex)
        .map_err(|errno| refused(program, &text, "a raw socket cannot be opened", errno))?;
    socket::attach_filter(socket.as_fd(), program.as_fd())
        .map_err(|errno| refused(program, &text, "the kernel refuses", errno))?;
    Ok(Link::new(program.name(), text, Held::Socket(socket)))
}

#[cfg(test)]
#[path = "network_tests.rs"]
mod tests;
