//! Objects of the kernel by their numbers.

use super::attr::Command;
use super::bpf::{addr_mut, bpf, raw};
use super::errno::Errno;
use super::{Result, owned};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Longest name of a module.
const NAME_BYTES: usize = 64;

/// `start_id`/`id`, `next_id`, `open_flags`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct IdAttr {
    id: u32,
    next_id: u32,
    flags: u32,
}

/// The beginning of `struct bpf_btf_info` (5.11).
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct BtfInfo {
    btf: u64,
    btf_size: u32,
    id: u32,
    name: u64,
    name_bytes: u32,
    is_kernel: u32,
}

/// The beginning of `struct bpf_prog_info` (4.15), up to the maps.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct ProgMaps {
    others: [u64; 6],
    created_by_uid: u32,
    n_maps: u32,
    maps: u64,
}

#[repr(C)]
struct InfoAttr {
    fd: u32,
    info_bytes: u32,
    info: u64,
}

const _: () = {
    assert!(size_of::<BtfInfo>() == 32);
    assert!(std::mem::offset_of!(ProgMaps, maps) == 56);
};

fn next(command: Command, after: u32) -> Option<u32> {
    let mut attr = IdAttr { id: after, ..IdAttr::default() };
    // SAFETY: the attribute has no pointers.
    unsafe { bpf(command, &mut attr) }.ok()?;
    Some(attr.next_id)
}

fn open(command: Command, id: u32) -> Result<OwnedFd> {
    let mut attr = IdAttr { id, ..IdAttr::default() };
    // SAFETY: the attribute has no pointers.
    unsafe { bpf(command, &mut attr).map(|fd| owned(fd)) }
}

/// The numbers of all maps, ascending.
pub(crate) fn maps() -> impl Iterator<Item = u32> {
    std::iter::successors(next(Command::MapNextId, 0), |id| next(Command::MapNextId, *id))
}

/// Opens a map.
pub(crate) fn map(id: u32) -> Result<OwnedFd> {
    open(Command::MapFdById, id)
}

/// The maps that a program uses.
pub(crate) fn maps_of(prog: BorrowedFd<'_>) -> Result<Vec<u32>> {
    let mut ids = [0_u32; 64];
    let mut info =
        ProgMaps { n_maps: ids.len() as u32, maps: ids.as_mut_ptr() as u64, ..ProgMaps::default() };
    let mut attr = InfoAttr {
        fd: raw(prog),
        info_bytes: size_of::<ProgMaps>() as u32,
        info: std::ptr::from_mut(&mut info) as u64,
    };
    // SAFETY: the kernel writes at most `info_bytes` bytes to `info`, and at most `n_maps` numbers
    // to `ids`; buffers whose size is left at zero are not written.
    unsafe { bpf(Command::ObjInfo, &mut attr)? };
    let n = (info.n_maps as usize).min(ids.len());
    Ok(ids[..n].to_vec())
}

/// Opens the types of a module, as the kernel has them (5.11).
pub(crate) fn module_btf(module: &str) -> Result<OwnedFd> {
    let first = next(Command::BtfNextId, 0);
    for id in std::iter::successors(first, |id| next(Command::BtfNextId, *id)) {
        // It may have gone meanwhile.
        let Ok(fd) = open(Command::BtfFdById, id) else { continue };
        if btf_name(fd.as_fd()).is_ok_and(|name| name.as_deref() == Some(module)) {
            return Ok(fd);
        }
    }
    Err(Errno::ENOENT)
}

/// Most bytes of the types of one program.
const MAX_BTF_BYTES: usize = 64 << 20;

/// The types with this number, as they were loaded.
pub(crate) fn btf_bytes(id: u32) -> Result<Vec<u8>> {
    let fd = open(Command::BtfFdById, id)?;
    let mut bytes = Vec::new();
    // First the size, then as much.
    for _ in 0..2 {
        let mut info = BtfInfo {
            btf: if bytes.is_empty() { 0 } else { addr_mut(&mut bytes) },
            btf_size: bytes.len() as u32,
            ..BtfInfo::default()
        };
        let mut attr = InfoAttr {
            fd: raw(fd.as_fd()),
            info_bytes: size_of::<BtfInfo>() as u32,
            info: std::ptr::from_mut(&mut info) as u64,
        };
        // SAFETY: the kernel writes at most `info_bytes` bytes to `info` and `btf_size` to `btf`.
        unsafe { bpf(Command::ObjInfo, &mut attr)? };
        if bytes.is_empty() {
            bytes = vec![0_u8; (info.btf_size as usize).min(MAX_BTF_BYTES)];
        }
    }
    Ok(bytes)
}

/// The name of the kernel's own types, or of a module's.
fn btf_name(btf: BorrowedFd<'_>) -> Result<Option<String>> {
    let mut name = [0_u8; NAME_BYTES];
    let mut info = BtfInfo {
        name: name.as_mut_ptr() as u64,
        name_bytes: NAME_BYTES as u32,
        ..BtfInfo::default()
    };
    let mut attr = InfoAttr {
        fd: raw(btf),
        info_bytes: size_of::<BtfInfo>() as u32,
        info: std::ptr::from_mut(&mut info) as u64,
    };
    // SAFETY: the kernel writes at most `info_bytes` bytes to `info` and `name_bytes` to `name`.
    unsafe { bpf(Command::ObjInfo, &mut attr)? };
    let end = name.iter().position(|byte| *byte == 0).unwrap_or(NAME_BYTES);
    let text = String::from_utf8_lossy(&name[..end]).into_owned();
    Ok((info.is_kernel != 0).then_some(text))
}
