//! Map operations, locks, and loops over elements.

use super::{Args, bad_argument};
use crate::engine::Callbacks;
use crate::errno;
use crate::fault::Trap;
use crate::machine::{MAX_LOOPS, Machine};
use crate::maps::{By, Storage};
use bpfc_isa::Size;

/// The map and the key of an operation.
fn map_and_key(
    machine: &Machine,
    args: Args,
    helper: &'static str,
) -> Result<(u32, Vec<u8>), Trap> {
    let idx = machine.maps.argument(args[0], helper, 1)?;
    let key_bytes = machine.maps.get(idx).key_bytes;
    Ok((idx, machine.memory.read(args[1], key_bytes)?.to_vec()))
}

pub fn lookup(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let idx = machine.maps.argument(args[0], "bpf_map_lookup_elem", 1)?;
    let key_bytes = machine.maps.get(idx).key_bytes;
    let key = machine.memory.read(args[1], key_bytes)?;
    Ok(machine.maps.lookup(&machine.memory, idx, key))
}

pub fn lookup_percpu(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let (idx, key) = map_and_key(machine, args, "bpf_map_lookup_percpu_elem")?;
    let cpu = args[2] as u32;
    Ok(machine.maps.lookup_on(&machine.memory, idx, &key, cpu))
}

pub fn update(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let (idx, key) = map_and_key(machine, args, "bpf_map_update_elem")?;
    let value_bytes = machine.maps.get(idx).value_bytes;
    let value = machine.memory.read(args[2], value_bytes)?.to_vec();
    let memory = &mut machine.memory;
    let result = machine.maps.update(memory, idx, &key, &value, args[3], By::Program);
    Ok(errno::result(result))
}

pub fn delete(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let (idx, key) = map_and_key(machine, args, "bpf_map_delete_elem")?;
    let result = machine.maps.delete(&mut machine.memory, idx, &key);
    Ok(errno::result(result))
}

pub fn push(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let idx = machine.maps.argument(args[0], "bpf_map_push_elem", 1)?;
    let value_bytes = machine.maps.get(idx).value_bytes;
    let value = machine.memory.read(args[1], value_bytes)?;
    Ok(errno::result(machine.maps.push(idx, value, args[2])))
}

pub fn pop(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let idx = machine.maps.argument(args[0], "bpf_map_pop_elem", 1)?;
    let (value, result) = machine.maps.pop(idx);
    machine.memory.write(args[1], &value)?;
    Ok(errno::result(result))
}

pub fn peek(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let idx = machine.maps.argument(args[0], "bpf_map_peek_elem", 1)?;
    let map = machine.maps.get(idx);
    if let Storage::Bloom(filter) = &map.storage {
        let value = machine.memory.read(args[1], map.value_bytes)?;
        return Ok(if filter.contains(value) { 0 } else { errno::ENOENT as u64 });
    }
    let (value, result) = machine.maps.peek(idx);
    machine.memory.write(args[1], &value)?;
    Ok(errno::result(result))
}

/// The program is alone, but a lock that is taken twice or left without being taken is a mistake
/// that the verifier reports.
pub fn spin_lock(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    if machine.memory.load(args[0], Size::W)? != 0 {
        return Err(bad_argument("bpf_spin_lock", 1, "is a lock that is held"));
    }
    machine.memory.store(args[0], Size::W, 1)?;
    Ok(0)
}

pub fn spin_unlock(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    if machine.memory.load(args[0], Size::W)? == 0 {
        let problem = "is a lock that is not held";
        return Err(bad_argument("bpf_spin_unlock", 1, problem));
    }
    machine.memory.store(args[0], Size::W, 0)?;
    Ok(0)
}

/// `bpf_for_each_map_elem(map, callback, ctx, flags)`.
pub fn for_each(
    machine: &mut Machine,
    args: Args,
    callbacks: &mut dyn Callbacks,
) -> Result<u64, Trap> {
    let [handle, callback, ctx, flags, _] = args;
    let idx = machine.maps.argument(handle, "bpf_for_each_map_elem", 1)?;
    if flags != 0 {
        return Ok(errno::EINVAL as u64);
    }
    let cpu = machine.environment.cpu;
    let mut n_elements = 0;
    for slot in machine.maps.slots(&machine.memory, idx) {
        let map = machine.maps.get(idx);
        if !map.is_live(slot) {
            continue; // A callback removed it.
        }
        let value = map.value_address(slot, cpu);
        let key = match map.storage {
            Storage::Hash(_) | Storage::Lpm(_) => map.key_address(slot),
            _ => machine.maps.show_index(&mut machine.memory, idx, slot),
        };
        n_elements += 1;
        let stop = callbacks.call(machine, callback, [handle, key, value, ctx, 0])?;
        if stop != 0 {
            break;
        }
    }
    Ok(n_elements)
}

/// `bpf_loop(n, callback, ctx, flags)`.
pub fn bounded_loop(
    machine: &mut Machine,
    args: Args,
    callbacks: &mut dyn Callbacks,
) -> Result<u64, Trap> {
    let [n_loops, callback, ctx, flags, _] = args;
    let n_loops = n_loops as u32;
    if flags != 0 {
        return Ok(errno::EINVAL as u64);
    }
    if n_loops > MAX_LOOPS {
        return Ok(errno::E2BIG as u64);
    }
    for idx in 0..u64::from(n_loops) {
        if callbacks.call(machine, callback, [idx, ctx, 0, 0, 0])? != 0 {
            return Ok(idx + 1);
        }
    }
    Ok(u64::from(n_loops))
}
