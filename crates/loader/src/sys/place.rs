//! Commands of `bpf(2)` that put programs into places of the network and of control groups: links with what each kind
//! of place adds, `BPF_PROG_ATTACH` for kernels without them, and who is there already.

use super::attr::{Command, NAME_BYTES};
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

/// `union bpf_attr` for `BPF_PROG_GET_FD_BY_ID`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct ById {
    id: u32,
    next: u32,
    flags: u32,
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

/// Opens a program by its id.
pub(crate) fn prog_by_id(id: u32) -> Result<OwnedFd> {
    let mut attr = ById { id, ..ById::default() };
    // SAFETY: the attribute has no pointers.
    unsafe { bpf(Command::ProgById, &mut attr).map(|fd| owned(fd)) }
}

/// The name of a program, as far as the kernel keeps it.
pub(crate) fn prog_name(id: u32) -> Option<String> {
    let info = prog_info(&prog_by_id(id).ok()?).ok()?;
    // After two buffers, the time of loading, the user, and the maps: 40 bytes.
    let words = info.others.get(5..7)?;
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let end = bytes.iter().take(NAME_BYTES).position(|byte| *byte == 0)?;
    let name = String::from_utf8_lossy(&bytes[..end]).into_owned();
    (!name.is_empty()).then_some(name)
}

/// The number of a program's own types; 0 if it has none.
pub(crate) fn prog_btf(prog: &OwnedFd) -> Result<u32> {
    // At byte 128 of `struct bpf_prog_info` (5.0).
    let info = prog_info(prog)?;
    let word = info.others.get(13).copied().unwrap_or(0).to_ne_bytes();
    Ok(u32::from_ne_bytes([word[0], word[1], word[2], word[3]]))
}

/// The id of a program.
pub(crate) fn prog_id(prog: &impl std::os::fd::AsFd) -> Result<u32> {
    Ok(prog_info(prog)?.id)
}
