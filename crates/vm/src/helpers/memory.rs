//! Reading memory that may not be there.

use super::{Args, size};
use crate::errno;
use crate::fault::Trap;
use crate::machine::Machine;
use bpfc_isa::Size;

/// `bpf_probe_read*(dst, size, src)`: what cannot be read becomes zeros.
pub fn probe_read(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let [dst, n_bytes, src, ..] = args;
    let n_bytes = size(n_bytes);
    let source = machine.memory.read(src, n_bytes).map(<[u8]>::to_vec);
    match source {
        Ok(bytes) => {
            machine.memory.write(dst, &bytes)?;
            Ok(0)
        }
        Err(_) => {
            clear(machine, dst, n_bytes)?;
            Ok(errno::EFAULT as u64)
        }
    }
}

/// `bpf_copy_from_user_task(dst, size, src, task, flags)`.
pub fn copy_from_task(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    if args[4] != 0 {
        return Ok(errno::EINVAL as u64);
    }
    probe_read(machine, args)
}

/// `bpf_probe_read*_str(dst, size, src)`: bytes copied with the final zero.
pub fn probe_read_str(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let [dst, n_bytes, src, ..] = args;
    let n_bytes = size(n_bytes);
    if n_bytes == 0 {
        return Ok(0);
    }
    let text = match machine.memory.read_string(src, n_bytes) {
        Ok((text, true)) => Some(text.to_vec()),
        Ok((text, false)) if text.len() == n_bytes as usize => {
            Some(text[..text.len() - 1].to_vec())
        }
        _ => None,
    };
    let Some(mut text) = text else {
        clear(machine, dst, n_bytes)?;
        return Ok(errno::EFAULT as u64);
    };
    text.push(0);
    // The whole buffer belongs to the helper.
    machine.memory.read(dst, n_bytes)?;
    machine.memory.write(dst, &text)?;
    Ok(text.len() as u64)
}

fn clear(machine: &mut Machine, address: u64, n_bytes: u32) -> Result<(), Trap> {
    machine.memory.read(address, n_bytes)?;
    machine.memory.write(address, &vec![0; n_bytes as usize])
}

/// `bpf_probe_write_user(dst, src, size)`.
pub fn probe_write_user(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    const EPERM: i64 = -1;
    let [dst, src, n_bytes, ..] = args;
    let bytes = machine.memory.read(src, size(n_bytes))?.to_vec();
    Ok(match machine.memory.write(dst, &bytes) {
        Ok(()) => 0,
        Err(_) => EPERM as u64,
    })
}

/// `bpf_kptr_xchg(field, pointer)`.
pub fn kptr_xchg(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let old = machine.memory.load(args[0], Size::DW)?;
    machine.memory.store(args[0], Size::DW, args[1])?;
    Ok(old)
}
