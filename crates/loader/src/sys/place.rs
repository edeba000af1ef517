//! Commands of `bpf(2)` that put programs into places of the network and of control groups: links with what each kind
//! of place adds, `BPF_PROG_ATTACH` for kernels without them, and who is there already.

use super::attr::Command;
use super::bpf::{addr_mut, bpf, prog_info, raw};
use super::{Result, owned};
use std::os::fd::{BorrowedFd, OwnedFd};

/// Before or after which program (`BPF_F_BEFORE`, `BPF_F_AFTER`, `BPF_F_ID`; 6.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Order {
    pub flags: u32,
    /// The id of a program, or 0.
    pub relative: u32,
}

/// What a link needs beside the program and its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extra {
    Nothing,
    /// Of tcx and netkit.
    Order(Order),
    /// `pf`, `hooknum`, `priority`, `flags`.
    Netfilter(u32, u32, i32, u32),
}

/// `union bpf_attr` for `BPF_LINK_CREATE`, as far as these links need it (6.12).
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct LinkCreate {
    prog_or_map_fd: u32,
    target: u32,
    attach_type: u32,
    flags: u32,
    extra: [u32; 4],
}

/// `union bpf_attr` for `BPF_PROG_ATTACH` and `BPF_PROG_DETACH`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Attach {
    target: u32,
    prog_fd: u32,
    attach_type: u32,
    flags: u32,
    replace_fd: u32,
}

/// `union bpf_attr` for `BPF_PROG_QUERY` (4.15).
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Query {
    target: u32,
    attach_type: u32,
    query_flags: u32,
    attach_flags: u32,
    prog_ids: u64,
    n_progs: u32,
    zero: u32,
}

const _: () = {
    assert!(size_of::<LinkCreate>() == 32);
    assert!(size_of::<Query>() == 32);
};

/// Creates a link of a program, or of a map of operations, at an interface's index or a file.
pub(crate) fn link_create(
    prog_or_map: BorrowedFd<'_>,
    target: u32,
    attach_type: u32,
    flags: u32,
    extra: Extra,
) -> Result<OwnedFd> {
    let (more, extra) = match extra {
        Extra::Nothing => (0, [0; 4]),
        Extra::Order(order) => (order.flags, [order.relative, 0, 0, 0]),
        Extra::Netfilter(family, hook, priority, flags) => {
            (0, [family, hook, priority.cast_unsigned(), flags])
        }
    };
    let flags = flags | more;
    let prog_or_map_fd = raw(prog_or_map);
    let mut attr = LinkCreate { prog_or_map_fd, target, attach_type, flags, extra };
    // SAFETY: the attribute has no pointers.
    unsafe { bpf(Command::LinkCreate, &mut attr).map(|fd| owned(fd)) }
}

/// Attaches a program without a link: it stays when this process ends.
pub(crate) fn prog_attach(
    prog: BorrowedFd<'_>,
    target: BorrowedFd<'_>,
    attach_type: u32,
    flags: u32,
) -> Result<()> {
    let (target, prog_fd) = (raw(target), raw(prog));
    let mut attr = Attach { target, prog_fd, attach_type, flags, replace_fd: 0 };
    // SAFETY: the attribute has no pointers.
    unsafe { bpf(Command::ProgAttach, &mut attr).map(|_| ()) }
}

/// Takes a program away that was attached without a link.
pub(crate) fn prog_detach(
    prog: BorrowedFd<'_>,
    target: BorrowedFd<'_>,
    attach_type: u32,
) -> Result<()> {
    let (target, prog_fd) = (raw(target), raw(prog));
    let mut attr = Attach { target, prog_fd, attach_type, flags: 0, replace_fd: 0 };
    // SAFETY: the attribute has no pointers.
    unsafe { bpf(Command::ProgDetach, &mut attr).map(|_| ()) }
}

/// The ids of the programs at a place: at a file, or at an interface's index.
pub(crate) fn programs_at(target: u32, attach_type: u32) -> Result<Vec<u32>> {
    let mut ids = vec![0_u32; 64];
    let mut attr = Query {
        target,
        attach_type,
        prog_ids: addr_mut(&mut ids),
        n_progs: 64,
        ..Query::default()
    };
    // SAFETY: the kernel writes at most `n_progs` ids, for which there is room.
    unsafe { bpf(Command::ProgQuery, &mut attr)? };
    ids.truncate(attr.n_progs as usize);
    Ok(ids)
}

/// As [`programs_at`] a file.
pub(crate) fn programs_at_file(target: BorrowedFd<'_>, attach_type: u32) -> Result<Vec<u32>> {
    programs_at(raw(target), attach_type)
}

/// The id of a program.
pub(crate) fn prog_id(prog: &impl std::os::fd::AsFd) -> Result<u32> {
    Ok(prog_info(prog)?.id)
}
