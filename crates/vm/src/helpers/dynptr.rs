//! Dynptrs: 16 bytes on the stack that say where memory is and how much.

use super::output::commit;
use super::{Args, bad_argument, size};
use crate::errno;
use crate::fault::Trap;
use crate::machine::Machine;
use crate::maps::{Commit, Storage};
use bpfc_isa::Size;

/// `DYNPTR_MAX_SIZE` (Linux 5.19 `kernel/bpf/helpers.c`).
const MAX_BYTES: u64 = (1 << 24) - 1;

/// Writes address and size into the dynptr at `at`.
fn set(machine: &mut Machine, at: u64, address: u64, n_bytes: u64) -> Result<(), Trap> {
    machine.memory.store(at, Size::DW, address)?;
    machine.memory.store(at + 8, Size::DW, n_bytes)
}

/// The address and size in the dynptr at `at`.
fn get(machine: &Machine, at: u64) -> Result<(u64, u64), Trap> {
    let address = machine.memory.load(at, Size::DW)?;
    Ok((address, machine.memory.load(at + 8, Size::DW)?))
}

/// Where `n_bytes` at `offset` of a dynptr are; an error number if they are not in it.
fn slice(machine: &Machine, at: u64, offset: u64, n_bytes: u64) -> Result<Result<u64, i64>, Trap> {
    let (address, limit) = get(machine, at)?;
    let (offset, n_bytes) = (u64::from(offset as u32), u64::from(n_bytes as u32));
    Ok(match address {
        0 => Err(errno::EINVAL),
        _ if offset + n_bytes > limit => Err(errno::E2BIG),
        _ => Ok(address + offset),
    })
}

/// `bpf_dynptr_from_mem(data, size, flags, ptr)`.
pub fn from_mem(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let [data, n_bytes, flags, at, _] = args;
    let n_bytes = u64::from(n_bytes as u32);
    let error = if n_bytes > MAX_BYTES {
        errno::E2BIG
    } else if flags != 0 {
        errno::EINVAL
    } else {
        machine.memory.read(data, size(n_bytes))?;
        set(machine, at, data, n_bytes)?;
        return Ok(0);
    };
    set(machine, at, 0, 0)?;
    Ok(error as u64)
}

/// `bpf_dynptr_read(dst, len, src, offset, flags)`.
pub fn read(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let [dst, n_bytes, at, offset, flags] = args;
    if flags != 0 {
        return Ok(errno::EINVAL as u64);
    }
    match slice(machine, at, offset, n_bytes)? {
        Ok(address) => {
            let bytes = machine.memory.read(address, n_bytes as u32)?.to_vec();
            machine.memory.write(dst, &bytes)?;
            Ok(0)
        }
        Err(error) => Ok(error as u64),
    }
}

/// `bpf_dynptr_write(dst, offset, src, len, flags)`.
pub fn write(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let [at, offset, src, n_bytes, flags] = args;
    if flags != 0 {
        return Ok(errno::EINVAL as u64);
    }
    match slice(machine, at, offset, n_bytes)? {
        Ok(address) => {
            let bytes = machine.memory.read(src, n_bytes as u32)?.to_vec();
            machine.memory.write(address, &bytes)?;
            Ok(0)
        }
        Err(error) => Ok(error as u64),
    }
}

/// `bpf_dynptr_data(ptr, offset, len)`.
pub fn data(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let [at, offset, n_bytes, ..] = args;
    Ok(slice(machine, at, offset, n_bytes)?.unwrap_or(0))
}

/// `bpf_ringbuf_reserve_dynptr(ringbuf, size, flags, ptr)`.
pub fn ringbuf_reserve(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let [handle, n_bytes, flags, at, _] = args;
    let helper = "bpf_ringbuf_reserve_dynptr";
    let idx = machine.maps.argument(handle, helper, 1)?;
    if !matches!(machine.maps.get(idx).storage, Storage::Ringbuf(_)) {
        return Err(bad_argument(helper, 1, "is no ring buffer"));
    }
    let n_bytes = u64::from(n_bytes as u32);
    let record = match (flags, n_bytes) {
        (0, ..=MAX_BYTES) => {
            let memory = &mut machine.memory;
            machine.maps.ringbuf_reserve(memory, idx, n_bytes)
        }
        _ => 0,
    };
    let (n_bytes, answer) = match record {
        0 if n_bytes > MAX_BYTES && flags == 0 => (0, errno::E2BIG),
        0 => (0, errno::EINVAL),
        _ => (n_bytes, 0),
    };
    set(machine, at, record, n_bytes)?;
    Ok(answer as u64)
}

pub fn ringbuf_submit(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    release(machine, args[0], Commit::Submit)
}

pub fn ringbuf_discard(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    release(machine, args[0], Commit::Discard)
}

fn release(machine: &mut Machine, at: u64, how: Commit) -> Result<u64, Trap> {
    let (record, _) = get(machine, at)?;
    if record == 0 {
        return Ok(0);
    }
    let Some(idx) = machine.maps.ringbuf_of(record) else {
        let problem = "is a dynptr without a reserved record";
        return Err(bad_argument("bpf_ringbuf_submit_dynptr", 1, problem));
    };
    commit(machine, idx, record, how)?;
    set(machine, at, 0, 0)?;
    Ok(0)
}
