//! Storage that hangs on tasks, sockets, inodes and cgroups.

use super::Args;
use crate::errno;
use crate::fault::Trap;
use crate::machine::Machine;
use crate::maps::By;

/// `BPF_LOCAL_STORAGE_GET_F_CREATE` (Linux 5.2 `include/uapi/linux/bpf.h`).
const CREATE: u64 = 1;

/// `bpf_*_storage_get(map, object, value, flags)`: elements are found by the object's address.
pub fn get(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let [handle, object, value, flags, _] = args;
    let idx = machine.maps.argument(handle, "bpf_task_storage_get", 1)?;
    if object == 0 || flags & !CREATE != 0 {
        return Ok(0);
    }
    let key = object.to_le_bytes();
    let found = machine.maps.lookup(&machine.memory, idx, &key);
    if found != 0 || flags & CREATE == 0 {
        return Ok(found);
    }
    let value_bytes = machine.maps.get(idx).value_bytes;
    let first = match value {
        0 => vec![0; value_bytes as usize],
        address => machine.memory.read(address, value_bytes)?.to_vec(),
    };
    let memory = &mut machine.memory;
    match machine.maps.update(memory, idx, &key, &first, 0, By::Program) {
        Ok(()) => Ok(machine.maps.lookup(memory, idx, &key)),
        Err(_) => Ok(0),
    }
}

/// `bpf_*_storage_delete(map, object)`.
pub fn delete(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let idx = machine.maps.argument(args[0], "bpf_task_storage_delete", 1)?;
    if args[1] == 0 {
        return Ok(errno::EINVAL as u64);
    }
    let key = args[1].to_le_bytes();
    let result = machine.maps.delete(&mut machine.memory, idx, &key);
    Ok(errno::result(result))
}

/// `bpf_get_local_storage(map, flags)`: the one value of a cgroup storage map.
pub fn local(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let idx = machine.maps.argument(args[0], "bpf_get_local_storage", 1)?;
    Ok(machine.maps.lookup(&machine.memory, idx, &[]))
}
