//! Facts about time, the machine and the current process, and answers where there is nothing.

use super::{Args, size};
use crate::errno;
use crate::fault::Trap;
use crate::machine::Machine;
use crate::memory::region;
use crate::outcome::Effect;
use bpfc_isa::Size;
use bpfc_kabi::ProgType;

type Answer = Result<u64, Trap>;

pub fn zero(_: &mut Machine, _: Args) -> Answer {
    Ok(0)
}

pub fn one(_: &mut Machine, _: Args) -> Answer {
    Ok(1)
}

pub fn not_found(_: &mut Machine, _: Args) -> Answer {
    Ok(errno::ENOENT as u64)
}

pub fn not_supported(_: &mut Machine, _: Args) -> Answer {
    Ok(errno::ENOTSUPP as u64)
}

pub fn fault(_: &mut Machine, _: Args) -> Answer {
    Ok(errno::EFAULT as u64)
}

/// Clears the buffer in arguments 2 and 3, as for an empty result.
fn clear(machine: &mut Machine, address: u64, n_bytes: u64, error: i64) -> Answer {
    let n_bytes = size(n_bytes);
    // Reading first bounds the size of what is made.
    machine.memory.read(address, n_bytes)?;
    machine.memory.write(address, &vec![0; n_bytes as usize])?;
    Ok(error as u64)
}

pub fn clear_2_fault(machine: &mut Machine, args: Args) -> Answer {
    clear(machine, args[1], args[2], errno::EFAULT)
}

pub fn clear_2_invalid(machine: &mut Machine, args: Args) -> Answer {
    clear(machine, args[1], args[2], errno::EINVAL)
}

pub fn clear_2_not_found(machine: &mut Machine, args: Args) -> Answer {
    clear(machine, args[1], args[2], errno::ENOENT)
}

pub fn clear_3_invalid(machine: &mut Machine, args: Args) -> Answer {
    clear(machine, args[2], args[3], errno::EINVAL)
}

/// `bpf_read_branch_records(ctx, buf, size, flags)`: there are none.
pub fn branch_records(_: &mut Machine, args: Args) -> Answer {
    /// `BPF_F_GET_BRANCH_RECORDS_SIZE`.
    const SIZE: u64 = 1;
    Ok(if args[3] & !SIZE != 0 { errno::EINVAL } else { errno::ENOENT } as u64)
}

/// `bpf_get_branch_snapshot(entries, size, flags)`: the processor keeps none.
pub fn branch_snapshot(_: &mut Machine, args: Args) -> Answer {
    Ok(if args[2] != 0 { errno::EINVAL } else { errno::ENOENT } as u64)
}

pub fn clear_3_not_found(machine: &mut Machine, args: Args) -> Answer {
    clear(machine, args[2], args[3], errno::ENOENT)
}

pub fn ktime(machine: &mut Machine, _: Args) -> Answer {
    Ok(machine.now_ns())
}

pub fn boot_time(machine: &mut Machine, _: Args) -> Answer {
    let suspend = machine.environment.suspend_ns;
    Ok(machine.now_ns().wrapping_add(suspend))
}

pub fn tai_time(machine: &mut Machine, _: Args) -> Answer {
    let start = machine.environment.tai_ns;
    Ok(machine.now_ns().wrapping_add(start))
}

/// Jiffies start five minutes before they wrap in 32 bits (`INITIAL_JIFFIES`, Linux 6.12
/// `include/linux/jiffies.h`).
pub fn jiffies(machine: &mut Machine, _: Args) -> Answer {
    let hz = machine.environment.hz();
    let initial = u64::from((-300i64 * hz as i64) as u32);
    let passed = u128::from(machine.now_ns()) * u128::from(hz) / 1_000_000_000;
    Ok(initial.wrapping_add(passed as u64))
}

pub fn random(machine: &mut Machine, _: Args) -> Answer {
    Ok(u64::from(machine.random() as u32))
}

pub fn cpu(machine: &mut Machine, _: Args) -> Answer {
    Ok(u64::from(machine.environment.cpu))
}

pub fn numa_node(machine: &mut Machine, _: Args) -> Answer {
    Ok(u64::from(machine.environment.numa_node))
}

pub fn pid_tgid(machine: &mut Machine, _: Args) -> Answer {
    let environment = &machine.environment;
    Ok(u64::from(environment.tgid) << 32 | u64::from(environment.pid))
}

pub fn uid_gid(machine: &mut Machine, _: Args) -> Answer {
    let environment = &machine.environment;
    Ok(u64::from(environment.gid) << 32 | u64::from(environment.uid))
}

/// `bpf_get_ns_current_pid_tgid(dev, ino, nsdata, size)`: the process is in no other namespace.
pub fn ns_pid_tgid(machine: &mut Machine, args: Args) -> Answer {
    if args[3] != 8 {
        return clear(machine, args[2], args[3], errno::EINVAL);
    }
    let environment = &machine.environment;
    let [pid, tgid] =
        [environment.pid, environment.tgid].map(|n| machine.memory.endian.u32_bytes(n));
    machine.memory.write(args[2], &[pid, tgid].concat())?;
    Ok(0)
}

/// The user of a socket that does not exist: `overflowuid`.
pub fn overflow_uid(_: &mut Machine, _: Args) -> Answer {
    Ok(65_534)
}

/// `strscpy_pad`: the name, cut to fit with its end, the rest zero.
pub fn comm(machine: &mut Machine, args: Args) -> Answer {
    let n_bytes = size(args[1]);
    machine.memory.read(args[0], n_bytes)?;
    let mut buffer = vec![0; n_bytes as usize];
    let name = machine.environment.comm.as_bytes();
    let len = name.len().min(15).min(buffer.len().saturating_sub(1));
    buffer[..len].copy_from_slice(&name[..len]);
    machine.memory.write(args[0], &buffer)?;
    Ok(0)
}

pub fn task(machine: &mut Machine, _: Args) -> Answer {
    Ok(machine.task.address)
}

pub fn cgroup(machine: &mut Machine, _: Args) -> Answer {
    Ok(machine.environment.cgroup_id)
}

/// The cgroup is the root.
pub fn ancestor_cgroup(machine: &mut Machine, args: Args) -> Answer {
    Ok(match args[0] as i32 {
        0 => machine.environment.cgroup_id,
        _ => 0,
    })
}

pub fn send_signal(machine: &mut Machine, args: Args) -> Answer {
    machine.effect(Effect::Signal(args[0] as u32))?;
    Ok(0)
}

/// Of a kprobe, the instruction pointer in its registers.
pub fn func_ip(machine: &mut Machine, args: Args) -> Answer {
    const INSTRUCTION_POINTER: u64 = 128;
    match machine.run.prog_type {
        Some(ProgType::Kprobe) => machine.memory.load(args[0] + INSTRUCTION_POINTER, Size::DW),
        _ => Ok(0),
    }
}

pub fn func_arg(machine: &mut Machine, args: Args) -> Answer {
    let idx = args[1] as u32 as usize;
    let Some(value) = machine.run.args.get(idx).copied() else {
        return Ok(errno::EINVAL as u64);
    };
    machine.memory.store(args[2], Size::DW, value)?;
    Ok(0)
}

pub fn func_ret(machine: &mut Machine, args: Args) -> Answer {
    let value = machine.run.return_value;
    machine.memory.store(args[1], Size::DW, value)?;
    Ok(0)
}

pub fn func_arg_cnt(machine: &mut Machine, _: Args) -> Answer {
    Ok(machine.run.args.len() as u64)
}

const _: () = assert!(region::CONTEXT > 0, "contexts have addresses of their own");
