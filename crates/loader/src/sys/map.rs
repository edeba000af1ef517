//! Map commands. [`MapFd`] knows the sizes that the kernel reads and writes, so no call can reach
//! past a buffer.

use super::attr::{self, Command, NAME_BYTES};
use super::bpf::{addr, addr_mut, bpf, map_info, raw};
use super::errno::Errno;
use super::{Result, owned};
use bpfc_kabi::MapType;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// What to create. Numbers are those of the uapi.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Create<'a> {
    pub map_type: u32,
    pub name: [u8; NAME_BYTES],
    pub key_size_bytes: u32,
    pub value_size_bytes: u32,
    pub max_entries: u32,
    pub flags: u32,
    pub numa_node: u32,
    pub map_extra: u64,
    pub inner: Option<BorrowedFd<'a>>,
    /// BTF, and the types of key and value in it.
    pub btf: Option<(BorrowedFd<'a>, u32, u32)>,
    /// The kernel's own struct that a struct_ops map holds.
    pub vmlinux_value_type: u32,
}

/// An open map with the sizes of what its calls transfer.
#[derive(Debug)]
pub(crate) struct MapFd {
    fd: OwnedFd,
    info: attr::MapInfo,
    /// Bytes of one value in a system call: of all CPUs, for a per-CPU map.
    transfer_bytes: usize,
}

/// Creates a map.
pub(crate) fn create(create: &Create<'_>) -> Result<OwnedFd> {
    let (btf_fd, key, value) = create.btf.map_or((0, 0, 0), |(fd, k, v)| (raw(fd), k, v));
    let mut attr = attr::MapCreate {
        map_type: create.map_type,
        key_size: create.key_size_bytes,
        value_size: create.value_size_bytes,
        max_entries: create.max_entries,
        map_flags: create.flags,
        inner_map_fd: create.inner.map_or(0, raw),
        numa_node: create.numa_node,
        map_name: create.name,
        btf_fd,
        btf_key_type_id: key,
        btf_value_type_id: value,
        btf_vmlinux_value_type_id: create.vmlinux_value_type,
        map_extra: create.map_extra,
        ..Default::default()
    };
    // SAFETY: the attribute has no pointers.
    unsafe { bpf(Command::MapCreate, &mut attr).map(|fd| owned(fd)) }
}

/// Deletes the only element of a map of operations, and so ends their use.
pub(crate) fn delete_first(map: BorrowedFd<'_>) -> Result<()> {
    let key = 0_u32;
    let mut attr = attr::MapElem {
        map_fd: raw(map),
        key: std::ptr::from_ref(&key) as u64,
        ..Default::default()
    };
    // SAFETY: keys of such maps are four bytes (`bpf_struct_ops_map_alloc_check`), which are readable.
    unsafe { bpf(Command::MapDelete, &mut attr).map(|_| ()) }
}

impl MapFd {
    /// Asks the kernel for the sizes. `n_possible_cpus` is the number of values that a per-CPU map
    /// transfers.
    pub(crate) fn new(fd: OwnedFd, n_possible_cpus: u32) -> Result<MapFd> {
        let info = map_info(&fd)?;
        let value_bytes = info.value_size as usize;
        let is_per_cpu = MapType::from_number(info.map_type).is_some_and(MapType::is_per_cpu);
        let transfer_bytes = if is_per_cpu {
            // Each CPU's value takes a multiple of 8 bytes (`bpf_map_value_size`,
            // `kernel/bpf/syscall.c`).
            value_bytes.next_multiple_of(8) * n_possible_cpus as usize
        } else if holds_fds(info.map_type) {
            size_of::<u32>()
        } else {
            value_bytes
        };
        Ok(MapFd { fd, info, transfer_bytes })
    }

    pub(crate) fn info(&self) -> &attr::MapInfo {
        &self.info
    }

    pub(crate) fn transfer_bytes(&self) -> usize {
        self.transfer_bytes
    }

    fn elem(&self, key: u64, value: u64, flags: u64) -> attr::MapElem {
        attr::MapElem { map_fd: raw(self.fd.as_fd()), key, value, flags, ..Default::default() }
    }

    /// # Panics
    /// If a buffer does not have the size of what the kernel reads or writes.
    fn check_key(&self, key: &[u8]) {
        assert_eq!(key.len(), self.info.key_size as usize, "size of a key");
    }

    fn check_value(&self, value: &[u8]) {
        assert_eq!(value.len(), self.transfer_bytes, "size of a value");
    }

    /// Reads the value of `key`.
    pub(crate) fn lookup(&self, key: &[u8], value: &mut [u8], flags: u64) -> Result<()> {
        self.read(Command::MapLookup, key, value, flags)
    }

    /// Reads and removes: from a hash by key, from a queue or stack with an empty key.
    pub(crate) fn take(&self, key: &[u8], value: &mut [u8], flags: u64) -> Result<()> {
        self.read(Command::MapLookupAndDelete, key, value, flags)
    }

    fn read(&self, command: Command, key: &[u8], value: &mut [u8], flags: u64) -> Result<()> {
        self.check_key(key);
        self.check_value(value);
        let mut attr = self.elem(addr(key), addr_mut(value), flags);
        // SAFETY: the kernel reads `key_size` bytes and writes the transfer size, as checked.
        unsafe { bpf(command, &mut attr).map(|_| ()) }
    }

    /// Writes the value of `key`.
    pub(crate) fn update(&self, key: &[u8], value: &[u8], flags: u64) -> Result<()> {
        self.check_key(key);
        self.check_value(value);
        let mut attr = self.elem(addr(key), addr(value), flags);
        // SAFETY: the kernel reads `key_size` bytes and the transfer size, as checked.
        unsafe { bpf(Command::MapUpdate, &mut attr).map(|_| ()) }
    }

    /// Puts a map, program, perf event or socket into a map of such.
    pub(crate) fn update_fd(&self, key: &[u8], fd: BorrowedFd<'_>, flags: u64) -> Result<()> {
        if self.transfer_bytes < size_of::<u32>() {
            return Err(Errno::EINVAL);
        }
        let mut value = vec![0; self.transfer_bytes];
        if self.transfer_bytes == size_of::<u64>() {
            // Maps of sockets take a number of 8 bytes (`sock_map_update_elem_sys`, 6.12).
            value.copy_from_slice(&u64::from(raw(fd)).to_ne_bytes());
        } else {
            value[..4].copy_from_slice(&raw(fd).to_ne_bytes());
        }
        self.update(key, &value, flags)
    }

    /// Removes `key`.
    pub(crate) fn delete(&self, key: &[u8]) -> Result<()> {
        self.check_key(key);
        let mut attr = self.elem(addr(key), 0, 0);
        // SAFETY: the kernel reads `key_size` bytes, as checked.
        unsafe { bpf(Command::MapDelete, &mut attr).map(|_| ()) }
    }

    /// Writes the key after `previous`, or the first, to `next`; false at the end.
    pub(crate) fn next_key(&self, previous: Option<&[u8]>, next: &mut [u8]) -> Result<bool> {
        self.check_key(next);
        let previous = previous.map_or(0, |previous| {
            self.check_key(previous);
            addr(previous)
        });
        let mut attr = self.elem(previous, addr_mut(next), 0);
        // SAFETY: the kernel reads and writes `key_size` bytes, as checked.
        match unsafe { bpf(Command::MapNextKey, &mut attr) } {
            Ok(_) => Ok(true),
            Err(Errno::ENOENT) => Ok(false),
            Err(errno) => Err(errno),
        }
    }

    /// Forbids further writes from user space.
    pub(crate) fn freeze(&self) -> Result<()> {
        let mut attr = self.elem(0, 0, 0);
        // SAFETY: the attribute has no pointers.
        unsafe { bpf(Command::MapFreeze, &mut attr).map(|_| ()) }
    }

    /// Reads many elements. `position` is the kernel's token between calls, empty at first and
    /// then its content is opaque. Returns how many elements `keys` and `values` hold now, and
    /// whether there are more. If it `removes`, they are gone from the map, which hashes take only (5.6).
    pub(crate) fn lookup_batch(
        &self,
        removes: bool,
        position: &mut Vec<u8>,
        keys: &mut [u8],
        values: &mut [u8],
    ) -> Result<(usize, bool)> {
        let key_bytes = self.info.key_size as usize;
        if key_bytes == 0 || self.transfer_bytes == 0 {
            return Err(Errno::EINVAL);
        }
        let n_room = (keys.len() / key_bytes).min(values.len() / self.transfer_bytes);
        let is_first = position.is_empty();
        // A key for arrays and tries, a bucket's number for hashes.
        position.resize(key_bytes.max(size_of::<u64>()), 0);
        let token = addr_mut(position);
        let mut attr = attr::MapBatch {
            in_batch: if is_first { 0 } else { token },
            out_batch: token,
            keys: addr_mut(keys),
            values: addr_mut(values),
            count: u32::try_from(n_room).unwrap_or(u32::MAX),
            map_fd: raw(self.fd.as_fd()),
            ..Default::default()
        };
        let command = match removes {
            true => Command::MapLookupAndDeleteBatch,
            false => Command::MapLookupBatch,
        };
        // SAFETY: the kernel writes at most `count` keys and values, for which there is room, and
        // a token of at most `max(key_size, 4)` bytes.
        match unsafe { bpf(command, &mut attr) } {
            Ok(_) => Ok((attr.count as usize, true)),
            Err(Errno::ENOENT) => Ok((attr.count as usize, false)),
            Err(errno) => {
                if is_first {
                    position.clear();
                }
                Err(errno)
            }
        }
    }

    /// Writes many elements, one behind the other in `keys` and `values`. How many were done before the one that failed, if
    /// one did; the kernel leaves the number alone where it does not begin.
    pub(crate) fn update_batch(&self, keys: &[u8], values: &[u8]) -> (Result<()>, usize) {
        let n = self.n_of(keys);
        assert_eq!(values.len(), n * self.transfer_bytes, "size of all values");
        // SAFETY: the kernel reads `n` keys and values, which are there, as checked.
        unsafe { self.write_batch(Command::MapUpdateBatch, n, addr(keys), addr(values)) }
    }

    /// Removes many keys, one behind the other. As [`MapFd::update_batch`]; an absent key fails.
    pub(crate) fn delete_batch(&self, keys: &[u8]) -> (Result<()>, usize) {
        let n = self.n_of(keys);
        // SAFETY: the kernel reads `n` keys, which are there, as checked.
        unsafe { self.write_batch(Command::MapDeleteBatch, n, addr(keys), 0) }
    }

    fn n_of(&self, keys: &[u8]) -> usize {
        let key_bytes = self.info.key_size as usize;
        assert!(key_bytes > 0 && keys.len().is_multiple_of(key_bytes), "size of all keys");
        keys.len() / key_bytes
    }

    /// # Safety
    /// The addresses are of `n` keys and, where the command reads values, of `n` values.
    unsafe fn write_batch(
        &self,
        command: Command,
        n: usize,
        keys: u64,
        values: u64,
    ) -> (Result<()>, usize) {
        let Ok(count) = u32::try_from(n) else { return (Err(Errno::E2BIG), 0) };
        let map_fd = raw(self.fd.as_fd());
        let mut attr = attr::MapBatch { keys, values, count, map_fd, ..Default::default() };
        // SAFETY: the caller says so.
        match unsafe { bpf(command, &mut attr) } {
            Ok(_) => (Ok(()), n),
            // `generic_map_update_batch`, `kernel/bpf/syscall.c` (6.12): it sets the number to 0 when it begins.
            Err(errno) if attr.count == count => (Err(errno), 0),
            Err(errno) => (Err(errno), attr.count as usize),
        }
    }

    /// Another handle of the same map.
    pub(crate) fn try_clone(&self) -> Result<MapFd> {
        let fd = self.fd.try_clone().map_err(|error| Errno::from(&error))?;
        Ok(MapFd { fd, info: self.info, transfer_bytes: self.transfer_bytes })
    }
}

/// Whether values are file descriptors on the way in and ids on the way out.
fn holds_fds(map_type: u32) -> bool {
    MapType::from_number(map_type).is_some_and(|map_type| {
        map_type.is_map_in_map()
            || matches!(
                map_type,
                MapType::ProgArray | MapType::PerfEventArray | MapType::CgroupArray
            )
    })
}

impl AsFd for MapFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
