//! Objects of the kernel by their numbers.

use super::attr::{BtfInfo, ById, Command, Info, LinkInfo, ProgInfo};
use super::bpf::{addr_mut, bpf, info, prog_info, raw};
use super::errno::Errno;
use super::{Result, owned};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Longest name of a module, of a tracepoint, of the target of an iterator.
const NAME_BYTES: usize = 64;
/// Longest path that a link tells.
const PATH_BYTES: usize = 4096;
/// Most bytes of the types of one program.
const MAX_BTF_BYTES: usize = 64 << 20;
/// Most maps of one program: `MAX_USED_MAPS` (`include/linux/bpf_verifier.h`, 6.12).
const MAX_MAPS: usize = 64;

/// What has a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Program,
    Map,
    Btf,
    Link,
}

impl Kind {
    const fn next(self) -> Command {
        match self {
            Kind::Program => Command::ProgNextId,
            Kind::Map => Command::MapNextId,
            Kind::Btf => Command::BtfNextId,
            Kind::Link => Command::LinkNextId,
        }
    }

    const fn open(self) -> Command {
        match self {
            Kind::Program => Command::ProgById,
            Kind::Map => Command::MapFdById,
            Kind::Btf => Command::BtfFdById,
            Kind::Link => Command::LinkFdById,
        }
    }
}

/// The next larger number; `None` behind the last.
fn next(kind: Kind, id: u32) -> Result<Option<u32>> {
    let mut attr = ById { id, ..ById::default() };
    // SAFETY: the attribute has no pointers.
    match unsafe { bpf(kind.next(), &mut attr) } {
        Ok(_) => Ok(Some(attr.next_id)),
        Err(Errno::ENOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// The numbers of all objects of a kind, ascending.
pub(crate) fn list(kind: Kind) -> Result<Vec<u32>> {
    let mut ids = Vec::new();
    while let Some(id) = next(kind, ids.last().copied().unwrap_or(0))? {
        ids.push(id);
    }
    Ok(ids)
}

/// Opens an object.
pub(crate) fn open(kind: Kind, id: u32) -> Result<OwnedFd> {
    let mut attr = ById { id, ..ById::default() };
    // SAFETY: the attribute has no pointers.
    unsafe { bpf(kind.open(), &mut attr).map(|fd| owned(fd)) }
}

/// The numbers of all maps, ascending.
pub(crate) fn maps() -> Vec<u32> {
    list(Kind::Map).unwrap_or_default()
}

/// Opens a map.
pub(crate) fn map(id: u32) -> Result<OwnedFd> {
    open(Kind::Map, id)
}

/// The maps that a program uses.
pub(crate) fn maps_of(prog: BorrowedFd<'_>) -> Result<Vec<u32>> {
    let mut ids = [0_u32; MAX_MAPS];
    let mut filled = ProgInfo {
        nr_map_ids: MAX_MAPS as u32,
        map_ids: ids.as_mut_ptr() as u64,
        ..ProgInfo::default()
    };
    // SAFETY: `map_ids` has room for `nr_map_ids` numbers; all other buffers have no room.
    unsafe { fill(prog, &mut filled)? };
    let n = (filled.nr_map_ids as usize).min(MAX_MAPS);
    Ok(ids[..n].to_vec())
}

/// The type of a program's function of entry in its BTF, which has the whole name; `None` without
/// BTF.
pub(crate) fn entry_type(prog: BorrowedFd<'_>) -> Result<Option<u32>> {
    // `struct bpf_func_info`: an offset and a type.
    let mut record = [0_u32; 2];
    let mut filled = ProgInfo {
        nr_func_info: 1,
        func_info_rec_size: size_of_val(&record) as u32,
        func_info: record.as_mut_ptr() as u64,
        ..ProgInfo::default()
    };
    // SAFETY: `func_info` has room for the one record that is asked for; nothing else has room.
    unsafe { fill(prog, &mut filled)? };
    Ok((filled.nr_func_info > 0 && record[1] != 0).then_some(record[1]))
}

/// Asks for what an object is, with buffers of the caller's.
///
/// # Safety
/// Every buffer named in `filled` has as much room as it says beside it.
unsafe fn fill<T>(object: BorrowedFd<'_>, filled: &mut T) -> Result<()> {
    let mut attr = Info {
        bpf_fd: raw(object),
        info_len: size_of::<T>() as u32,
        info: std::ptr::from_mut(filled) as u64,
    };
    // SAFETY: the kernel writes at most `info_len` bytes to `filled`; its buffers are as the caller
    // promises.
    unsafe { bpf(Command::ObjInfo, &mut attr).map(|_| ()) }
}

/// The bytes of loaded BTF.
pub(crate) fn btf_bytes(btf: BorrowedFd<'_>) -> Result<Vec<u8>> {
    let size = info::<BtfInfo>(btf)?.btf_size as usize;
    let mut bytes = vec![0; size.min(MAX_BTF_BYTES)];
    let mut filled =
        BtfInfo { btf: addr_mut(&mut bytes), btf_size: bytes.len() as u32, ..BtfInfo::default() };
    // SAFETY: `btf` has room for `btf_size` bytes.
    unsafe { fill(btf, &mut filled)? };
    bytes.truncate(filled.btf_size as usize);
    Ok(bytes)
}

/// The types with this number, as they were loaded.
pub(crate) fn btf_of(id: u32) -> Result<Vec<u8>> {
    btf_bytes(open(Kind::Btf, id)?.as_fd())
}

/// Opens the types of a module, as the kernel has them (5.11).
pub(crate) fn module_btf(module: &str) -> Result<OwnedFd> {
    for id in list(Kind::Btf).unwrap_or_default() {
        // It may have gone meanwhile.
        let Ok(fd) = open(Kind::Btf, id) else { continue };
        if btf_name(fd.as_fd()).is_ok_and(|name| name.as_deref() == Some(module)) {
            return Ok(fd);
        }
    }
    Err(Errno::ENOENT)
}

/// The name of the kernel's own types, or of a module's.
pub(crate) fn btf_name(btf: BorrowedFd<'_>) -> Result<Option<String>> {
    let mut name = [0_u8; NAME_BYTES];
    let mut filled = BtfInfo {
        name: name.as_mut_ptr() as u64,
        name_bytes: NAME_BYTES as u32,
        ..BtfInfo::default()
    };
    // SAFETY: `name` has room for `name_bytes` bytes.
    unsafe { fill(btf, &mut filled)? };
    Ok((filled.is_kernel != 0).then(|| text(&name)))
}

/// The name of a program, as far as the kernel keeps it.
pub(crate) fn prog_name(id: u32) -> Option<String> {
    let info = prog_info(&open(Kind::Program, id).ok()?).ok()?;
    Some(text(&info.name)).filter(|name| !name.is_empty())
}

/// What the kernel knows of a link.
pub(crate) fn link_info(link: BorrowedFd<'_>) -> Result<LinkInfo> {
    info(link)
}

/// What a link says in words: the tracepoint, the target of an iterator, the function of a probe. `at` are the places
/// in [`LinkInfo::rest`] of the pointer and of the word that begins with its length.
pub(crate) fn link_text(link: BorrowedFd<'_>, at: (usize, usize)) -> Option<String> {
    let known = link_info(link).ok()?;
    let mut name = vec![0_u8; PATH_BYTES];
    let mut filled = LinkInfo { link_type: known.link_type, ..LinkInfo::default() };
    *filled.rest.get_mut(at.0)? = addr_mut(&mut name);
    *filled.rest.get_mut(at.1)? = u64::from_ne_bytes(low_half(PATH_BYTES as u32));
    // SAFETY: the buffer has as much room as the word with its length says.
    unsafe { fill(link, &mut filled).ok()? };
    Some(text(&name)).filter(|name| !name.is_empty())
}

/// The bytes of a 64-bit word whose first half in memory is `number`.
fn low_half(number: u32) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&number.to_ne_bytes());
    bytes
}

/// Up to the first NUL.
pub(crate) fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}
