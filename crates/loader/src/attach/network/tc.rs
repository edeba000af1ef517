//! tc: by a link (tcx, 6.6), else as a filter at `clsact` (4.5); netkit (6.7).

use super::super::link::{Held, Link};
use super::super::{Direction, NetworkSpec, Position, REFUSES, TcPlace, refused_by};
use super::{ifindex, named};
use crate::leftover::{Place, Record};
use crate::mechanism::Mechanism;
use crate::netlink::{Hook, Netlink, Refusal};
use crate::program::Program;
use crate::sys::place::{Extra, Order, link_create, prog_id, programs_at};
use crate::{Errno, LoadError};
use bpfc_kabi::AttachType;
use std::os::fd::{AsFd, AsRawFd};

/// `BPF_F_BEFORE`.
const BEFORE: u32 = 1 << 3;
/// `BPF_F_AFTER`.
const AFTER: u32 = 1 << 4;
/// `BPF_F_ID`.
const BY_ID: u32 = 1 << 5;

impl Position {
    fn order(self) -> Order {
        match self {
            Position::Last => Order::default(),
            Position::First => Order { flags: BEFORE, relative: 0 },
            Position::Before(id) => Order { flags: BEFORE | BY_ID, relative: id },
            Position::After(id) => Order { flags: AFTER | BY_ID, relative: id },
        }
    }
}

/// Attaches a tc program.
pub(super) fn attach(
    program: &Program,
    spec: &NetworkSpec,
    interface: &str,
    (direction, place): (Direction, TcPlace),
) -> Result<Link, LoadError> {
    let ifindex = ifindex(interface)?;
    let text = spec.to_string();
    let attach_type = match direction {
        Direction::Ingress => AttachType::TcxIngress,
        Direction::Egress => AttachType::TcxEgress,
    };
    let at = (ifindex, attach_type.number());
    let wanted = match place {
        TcPlace::Any => (0, 0),
        TcPlace::Link(position) => {
            let held = by_link(program, at, position);
            let held = held.map_err(|errno| refused_link(program, &text, at, (position, errno)));
            return Ok(Link::new(program.name(), text, held?));
        }
        TcPlace::Filter { priority, handle } => (priority, handle),
    };
    if place == TcPlace::Any {
        match by_link(program, at, Position::Last) {
            Ok(held) => return Ok(Link::new(program.name(), text, held)),
            Err(errno) if errno.is_unsupported() => {}
            Err(errno) => return Err(refused_link(program, &text, at, (Position::Last, errno))),
        }
    }
    match filter(program, ifindex, direction, wanted) {
        Ok(held) => Ok(Link::new(program.name(), text, held)),
        Err(Refusal { errno, words }) => {
            let reason = match errno {
                Errno::ENOENT => "the kernel has no `cls_bpf` filters".into(),
                Errno::EEXIST => format!(
                    "there is a filter with priority {} and handle {:#x} already",
                    wanted.0, wanted.1
                ),
                _ => words.unwrap_or_else(|| REFUSES.into()),
            };
            Err(refused_by(program, &text, Some(Mechanism::Clsact), reason, errno))
        }
    }
}

fn by_link(program: &Program, at: (u32, u32), position: Position) -> Result<Held, Errno> {
    let extra = Extra::Order(position.order());
    link_create(program.as_fd(), at.0, at.1, 0, extra).map(Held::Link)
}

fn refused_link(
    program: &Program,
    text: &str,
    at: (u32, u32),
    (position, errno): (Position, Errno),
) -> LoadError {
    let there = programs_at(at.0, at.1).unwrap_or_default();
    let reason = match (position, errno) {
        (Position::Before(id) | Position::After(id), Errno::ENOENT | Errno::EINVAL)
            if !there.contains(&id) =>
        {
            match there.is_empty() {
                true => format!("program {id} is not there, nor is any other"),
                false => format!("program {id} is not there, but {}", named(&there)),
            }
        }
        (_, Errno(libc::ERANGE)) => {
            format!("64 programs are the most at one place, and there are {}", there.len())
        }
        (_, Errno::EEXIST | Errno::EBUSY) => format!("it is there already, with {}", named(&there)),
        _ => REFUSES.into(),
    };
    refused_by(program, text, Some(Mechanism::Tcx), reason, errno)
}

/// Attaches a tc program as a filter, with the priority and handle that are given.
pub(super) fn filter(
    program: &Program,
    ifindex: u32,
    direction: Direction,
    wanted: (u16, u32),
) -> Result<Held, Refusal> {
    let hook = match direction {
        Direction::Ingress => Hook::Ingress,
        Direction::Egress => Hook::Egress,
    };
    let mut netlink = Netlink::open()?;
    let prog_id = prog_id(program)?;
    let makes_clsact = netlink.has_clsact(ifindex).is_ok_and(|has| !has);
    let place = Place::Filter { ifindex, hook, prog_id, made_clsact: makes_clsact };
    let record = Record::write(&place);
    let made_clsact = netlink.add_clsact(ifindex)?;
    let fd = program.as_fd().as_raw_fd();
    match netlink.add_filter(ifindex, hook, wanted, (fd, program.name())) {
        Ok(filter) => Ok(Held::Filter { netlink, filter, made_clsact, record }),
        Err(refusal) => {
            if made_clsact {
                // The refusal of the filter is what matters.
                let _ = netlink.remove_clsact(ifindex);
            }
            Err(refusal)
        }
    }
}

/// Attaches a tc program to one end of a netkit pair.
pub(super) fn netkit(
    program: &Program,
    spec: &NetworkSpec,
    interface: &str,
    (is_peer, position): (Option<bool>, Position),
) -> Result<Link, LoadError> {
    let ifindex = ifindex(interface)?;
    let text = spec.to_string();
    let attach_type = match (is_peer, program.kind().attach_type) {
        (Some(true), _) | (None, Some(AttachType::NetkitPeer)) => AttachType::NetkitPeer,
        _ => AttachType::NetkitPrimary,
    };
    let number = attach_type.number();
    match by_link(program, (ifindex, number), position) {
        Ok(held) => Ok(Link::new(program.name(), text, held)),
        Err(errno) => {
            let there = programs_at(ifindex, number).unwrap_or_default();
            let reason = match errno {
                Errno::ENXIO | Errno::EACCES => {
                    format!("`{interface}` is not the primary interface of a netkit pair")
                }
                Errno::ENOENT => match there.is_empty() {
                    true => "the program to be before or after is not there".into(),
                    false => format!(
                        "the program to be before or after is not there, but {}",
                        named(&there)
                    ),
                },
                _ => REFUSES.into(),
            };
            Err(refused_by(program, &text, Some(Mechanism::Netkit), reason, errno))
        }
    }
}
