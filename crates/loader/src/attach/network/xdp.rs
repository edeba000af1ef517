//! XDP: by a link (5.9), else by netlink.

use super::super::XdpMode;
use super::super::link::{Held, Link};
use super::super::{NetworkSpec, REFUSES, refused};
use super::{ifindex, named};
use crate::leftover::{Place, Record};
use crate::netlink::{Netlink, Refusal};
use crate::program::Program;
use crate::sys::place::{Extra, link_create, prog_id};
use crate::{Errno, LoadError};
use bpfc_kabi::AttachType;
use std::os::fd::{AsFd, AsRawFd};

/// `XDP_FLAGS_UPDATE_IF_NOEXIST` of netlink.
pub(super) const IF_NOEXIST: u32 = 1 << 0;
/// `XDP_FLAGS_SKB_MODE`.
const SKB_MODE: u32 = 1 << 1;
/// `XDP_FLAGS_DRV_MODE`.
pub(super) const DRV_MODE: u32 = 1 << 2;
/// `XDP_FLAGS_HW_MODE`.
const HW_MODE: u32 = 1 << 3;

/// Attaches an XDP program.
pub(super) fn attach(
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
        XdpMode::Offload => HW_MODE,
    };
    let text = spec.to_string();
    let attach_type = AttachType::Xdp.number();
    let by_link = link_create(program.as_fd(), ifindex, attach_type, flags, Extra::Nothing);
    let errno = match by_link {
        Ok(link) => return Ok(Link::new(program.name(), text, Held::Link(link))),
        Err(errno) => errno,
    };
    // Links for XDP may be unknown. Netlink also says in words what is wrong.
    let refusal = if errno == Errno::EINVAL && mode != XdpMode::Offload {
        match by_netlink(program, ifindex, flags) {
            Ok(held) => return Ok(Link::new(program.name(), text, held)),
            Err(refusal) => refusal,
        }
    } else {
        errno.into()
    };
    let there = Netlink::open().map_err(Refusal::from).and_then(|mut netlink| netlink.xdp(ifindex));
    let there = there.unwrap_or_default();
    let is_taken = matches!(refusal.errno, Errno::EBUSY | Errno::EEXIST)
        || refusal.words.as_deref().is_some_and(|words| words.contains("same time"));
    if is_taken && let Some((id, mode)) = there.first() {
        let reason =
            format!("an interface takes one XDP program, and {} is there ({mode})", named(&[*id]));
        let error = refused(program, &text, reason, Errno::EBUSY);
        let error = error.with_help("`bpfc prog links` shows whether a link holds it: then `bpfc prog detach LINK`, or end who has it open".to_owned());
        return Err(error.with_help(format!(
            "one that no link holds is detached by `ip link set dev {interface} xdp off`"
        )));
    }
    let reason = match (refusal.errno, refusal.words, mode) {
        (_, _, XdpMode::Offload) => {
            "programs run in a device only if its driver takes them, and were loaded for it".into()
        }
        (_, Some(words), _) => words,
        (Errno::EOPNOTSUPP, None, _) => format!(
            "the driver of `{interface}` does not support native XDP; `xdp:{interface}:generic` always works"
        ),
        _ => REFUSES.into(),
    };
    Err(refused(program, &text, reason, refusal.errno))
}

pub(super) fn by_netlink(program: &Program, ifindex: u32, flags: u32) -> Result<Held, Refusal> {
    let mut netlink = Netlink::open()?;
    let prog_id = prog_id(program)?;
    let record = Record::write(&Place::Xdp { ifindex, flags, prog_id });
    let fd = program.as_fd().as_raw_fd();
    netlink.set_xdp(ifindex, Some(fd), flags | IF_NOEXIST)?;
    Ok(Held::Xdp { netlink, ifindex, flags, prog_id, record })
}
