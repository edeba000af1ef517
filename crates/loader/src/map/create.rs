//! From a definition to what the kernel is asked for.

use crate::explain;
use crate::kernel::Kernel;
use crate::sys::attr::object_name;
use crate::sys::map::{Create, create};
use crate::sys::memory;
use crate::{Errno, LoadError, limits};
use bpfc_kabi::MapType;
use bpfc_object::Map as Definition;
use std::os::fd::{AsFd, OwnedFd};

/// `BPF_F_MMAPABLE` (5.5): without it the map is the same, only not mappable.
pub(super) const MMAPABLE: u32 = 1 << 10;

/// Gives an arena its addresses in user space, without which no program that uses it can be loaded: the kernel keeps
/// those of the first mapping. If that fails, the kernel says so when the program is loaded.
pub(super) fn place_arena(fd: &OwnedFd, definition: &Definition) {
    let n_pages = usize::try_from(definition.max_entries).unwrap_or(0);
    if let Some(n_bytes) = n_pages.checked_mul(memory::page_bytes()) {
        drop(memory::Mapping::new(fd.as_fd(), 0, n_bytes, memory::Access::ReadWrite));
    }
}

/// Creates a map, with more locked memory if that is what is missing.
pub(super) fn create_once(request: &Create<'_>) -> Result<OwnedFd, Errno> {
    match create(request) {
        Err(Errno::EPERM) if limits::raise_locked_memory() => create(request),
        Err(Errno::EINVAL) if request.flags & MMAPABLE != 0 => {
            let flags = request.flags & !MMAPABLE;
            create(&Create { flags, ..*request })
        }
        outcome => outcome,
    }
}

/// The definition with the machine's numbers.
pub(crate) fn request(
    definition: &Definition,
    kernel: &Kernel,
) -> Result<Create<'static>, LoadError> {
    let mut request = Create {
        map_type: definition.map_type,
        name: object_name(&definition.name),
        key_size_bytes: definition.key_size_bytes,
        value_size_bytes: definition.value_size_bytes,
        max_entries: definition.max_entries,
        flags: definition.map_flags,
        numa_node: definition.numa_node,
        map_extra: definition.map_extra,
        ..Create::default()
    };
    let Some(kind) = definition.kind() else {
        return Ok(request);
    };
    match kind {
        MapType::Ringbuf | MapType::UserRingbuf => {
            // `ringbuf_map_alloc`, `kernel/bpf/ringbuf.c` (5.8).
            let page = u32::try_from(memory::page_bytes()).unwrap_or(4096);
            let at_least = definition.max_entries.max(page);
            request.max_entries = at_least.checked_next_power_of_two().unwrap_or(1 << 31);
            (request.key_size_bytes, request.value_size_bytes) = (0, 0);
        }
        MapType::PerfEventArray | MapType::ProgArray | MapType::CgroupArray => {
            if definition.max_entries == 0 && kind == MapType::PerfEventArray {
                request.max_entries = kernel.n_possible_cpus()?;
            }
            (request.key_size_bytes, request.value_size_bytes) = (4, 4);
        }
        MapType::ArrayOfMaps | MapType::HashOfMaps => request.value_size_bytes = 4,
        _ => {}
    }
    Ok(request)
}

pub(super) fn create_error(definition: &Definition, kernel: &Kernel, errno: Errno) -> LoadError {
    let explanation = explain::creating(definition, errno, kernel);
    LoadError::Map {
        name: definition.name.clone(),
        what: "created",
        errno,
        reason: explanation.reason,
        helps: explanation.helps,
        span: definition.span,
    }
}
