//! Routes whose packets go through a program (4.10; at segments of IPv6 4.18), by netlink.

use super::super::link::{Held, Link};
use super::super::{NetworkSpec, REFUSES, refused};
use super::ifindex;
use crate::leftover::{Place, Record};
use crate::netlink::{Encap, Netlink, Refusal, Route};
use crate::program::Program;
use crate::{Errno, LoadError};
use bpfc_kabi::ProgType;
use std::os::fd::{AsFd, AsRawFd};

/// `LWT_BPF_IN`, `LWT_BPF_OUT`, `LWT_BPF_XMIT`.
const IN: u16 = 1;
const OUT: u16 = 2;
const XMIT: u16 = 3;

/// Adds the route.
pub(super) fn attach(program: &Program, spec: &NetworkSpec) -> Result<Link, LoadError> {
    let NetworkSpec::Route { prefix, n_bits, interface, via, table } = spec else {
        unreachable!("called for routes");
    };
    let text = spec.to_string();
    let ifindex = ifindex(interface)?;
    let encap = match program.kind().prog_type {
        ProgType::LwtIn => Encap::Lwt(IN),
        ProgType::LwtOut => Encap::Lwt(OUT),
        ProgType::LwtXmit => Encap::Lwt(XMIT),
        _ => Encap::Seg6Local,
    };
    if encap == Encap::Seg6Local && prefix.is_ipv4() {
        let reason = "segments are of IPv6, and so must the destination be";
        return Err(refused(program, &text, reason, None));
    }
    let route = Route { prefix: *prefix, n_bits: *n_bits, ifindex, via: *via, table: *table };
    add(program, route, encap).map(|held| Link::new(program.name(), text.clone(), held)).map_err(
        |Refusal { errno, words }| {
            let reason = match errno {
                Errno::EEXIST => "there is such a route already, which is not touched".to_owned(),
                Errno(libc::ENETDOWN) => format!("`{interface}` is down"),
                Errno(libc::ENETUNREACH) => "the next hop cannot be reached".to_owned(),
                _ => words.unwrap_or_else(|| REFUSES.into()),
            };
            refused(program, &text, reason, errno)
        },
    )
}

fn add(program: &Program, route: Route, encap: Encap) -> Result<Held, Refusal> {
    let mut netlink = Netlink::open()?;
    let record = Record::write(&Place::Route { route });
    netlink.add_route(&route, encap, program.as_fd().as_raw_fd(), program.name())?;
    Ok(Held::Route { netlink, route, record })
}
