//! Netfilter: by a link (6.4).

use super::super::link::{Held, Link};
use super::super::{Family, NetfilterHook, NetworkSpec, REFUSES, refused};
use crate::program::Program;
use crate::sys::place::{Extra, link_create};
use crate::{Errno, LoadError};
use bpfc_kabi::AttachType;
use std::os::fd::AsFd;

/// `BPF_F_NETFILTER_IP_DEFRAG` (6.6).
const DEFRAG: u32 = 1 << 0;
/// `NFPROTO_IPV4`.
const IPV4: u32 = 2;
/// `NFPROTO_IPV6`.
const IPV6: u32 = 10;

/// Attaches a program to a hook of netfilter.
pub(super) fn attach(
    program: &Program,
    spec: &NetworkSpec,
    (family, hook): (Family, NetfilterHook),
    (priority, is_defrag): (i32, bool),
) -> Result<Link, LoadError> {
    let text = spec.to_string();
    let family = match family {
        Family::Ipv4 => IPV4,
        Family::Ipv6 => IPV6,
    };
    let flags = if is_defrag { DEFRAG } else { 0 };
    let extra = Extra::Netfilter(family, hook as u32, priority, flags);
    match link_create(program.as_fd(), 0, AttachType::Netfilter.number(), 0, extra) {
        Ok(link) => Ok(Link::new(program.name(), text, Held::Link(link))),
        Err(errno) => {
            let reason = match errno {
                Errno::EBUSY => format!("another program has the priority {priority} at this hook"),
                Errno(libc::ERANGE) => format!(
                    "the priority {priority} is kept for the kernel: the first and the last are"
                ),
                _ if is_defrag && priority <= -400 => {
                    "fragments are put together at -400: choose a later priority".into()
                }
                _ => REFUSES.into(),
            };
            Err(refused(program, &text, reason, errno))
        }
    }
}
