//! The current task as kernel memory: zeros, but for the members that the object's own `struct task_struct` places.

use crate::environment::Environment;
use crate::fault::Place;
use crate::memory::{Memory, Region, Rights, address, region};
use bpfc_btf::TypeDef;
use bpfc_object::Object;

/// Size of the task that programs find: larger than `struct task_struct` of any kernel.
const TASK_BYTES: usize = 16 << 10;
/// Bytes of a name, and a null byte behind them.
const COMM_BYTES: usize = 16;

/// Where a task is, and where its members are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Task {
    /// The pointer to it.
    pub address: u64,
    pid: Option<usize>,
    tgid: Option<usize>,
    comm: Option<usize>,
}

impl Task {
    /// Makes the task of an object's programs.
    pub fn map(object: &Object, environment: &Environment, memory: &mut Memory) -> Task {
        let mut task = Task { address: address(region::KERNEL, 0), ..Task::default() };
        let mut bytes = vec![0; TASK_BYTES];
        for (name, bit_offset) in members(object) {
            let at = bit_offset as usize / 8;
            match name {
                "pid" => task.pid = Some(at),
                "tgid" => task.tgid = Some(at),
                "comm" => task.comm = Some(at),
                // The task is alone: its own parent and leader.
                "real_parent" | "parent" | "group_leader" => {
                    put(&mut bytes, Some(at), &memory.endian.u64_bytes(task.address));
                }
                _ => {}
            }
        }
        let mut object = Region::new(Place::Kernel, bytes);
        object.rights = Rights::ReadOnly;
        memory.map(region::KERNEL, object);
        task.fill(environment, memory);
        task
    }

    /// Writes into it what the environment says.
    pub fn fill(&self, environment: &Environment, memory: &mut Memory) {
        let endian = memory.endian;
        let mut comm = [0; COMM_BYTES];
        let n_bytes = environment.comm.len().min(COMM_BYTES - 1);
        comm[..n_bytes].copy_from_slice(&environment.comm.as_bytes()[..n_bytes]);
        let bytes = &mut memory.region_mut(region::KERNEL).bytes;
        put(bytes, self.pid, &endian.u32_bytes(environment.pid));
        put(bytes, self.tgid, &endian.u32_bytes(environment.tgid));
        put(bytes, self.comm, &comm);
    }
}

/// Members that are outside of the task are no task's.
fn put(bytes: &mut [u8], at: Option<usize>, value: &[u8]) {
    let target = at.and_then(|at| bytes.get_mut(at..at + value.len()));
    if let Some(target) = target {
        target.copy_from_slice(value);
    }
}

fn members(object: &Object) -> Vec<(&str, u32)> {
    let ids = (1..=object.btf.n_types()).map(bpfc_btf::TypeId);
    let mut types = ids.filter_map(|id| object.btf.get(id));
    let task = types.find_map(|def| match def {
        TypeDef::Struct { name, members, .. } if name == "task_struct" => Some(members),
        _ => None,
    });
    let members = task.into_iter().flatten();
    members.map(|member| (member.name.as_str(), member.bit_offset)).collect()
}
