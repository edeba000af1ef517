//! What a program can learn of the machine it runs on. All of it is given, none is measured, so that
//! a run gives the same result everywhere.

use std::collections::BTreeMap;

/// The world around a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// `bpf_ktime_get_ns` at its first call.
    pub time_ns: u64,
    /// How much later each further call of a clock answers.
    pub time_step_ns: u64,
    /// What `bpf_ktime_get_boot_ns` is ahead of `bpf_ktime_get_ns`: time in suspend.
    pub suspend_ns: u64,
    /// International atomic time at `bpf_ktime_get_ns` 0, for `bpf_ktime_get_tai_ns`.
    pub tai_ns: u64,
    /// Start of the random numbers.
    pub seed: u64,
    /// Number of CPUs: how many values a per-CPU element has.
    pub n_cpus: u32,
    /// The CPU that runs programs.
    pub cpu: u32,
    /// Its NUMA node.
    pub numa_node: u32,
    /// Thread id.
    pub pid: u32,
    /// Process id.
    pub tgid: u32,
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Name of the thread; the kernel keeps 15 bytes.
    pub comm: String,
    /// Id of the cgroup.
    pub cgroup_id: u64,
    /// `LINUX_VERSION_CODE`.
    pub kernel_version: u32,
    /// Values of `__kconfig` variables; those not given are 0. `LINUX_KERNEL_VERSION` comes from
    /// `kernel_version` unless it is given here.
    pub kconfig: BTreeMap<String, u64>,
}

impl Default for Environment {
    /// Linux 6.18 on one CPU, process 1000, called `bpfc`.
    fn default() -> Environment {
        Environment {
            time_ns: 1_000_000_000,
            time_step_ns: 1_000,
            suspend_ns: 0,
            tai_ns: 1_700_000_000_000_000_000,
            seed: 0x0123_4567_89ab_cdef,
            n_cpus: 1,
            cpu: 0,
            numa_node: 0,
            pid: 1000,
            tgid: 1000,
            uid: 1000,
            gid: 1000,
            comm: "bpfc".to_owned(),
            cgroup_id: 1,
            kernel_version: 6 << 16 | 18 << 8,
            kconfig: BTreeMap::from([("CONFIG_HZ".to_owned(), 1000)]),
        }
    }
}

impl Environment {
    /// The value of a `__kconfig` variable.
    pub fn kconfig_value(&self, name: &str) -> u64 {
        match self.kconfig.get(name) {
            Some(value) => *value,
            None if name == "LINUX_KERNEL_VERSION" => u64::from(self.kernel_version),
            None => 0,
        }
    }

    /// Timer interrupts per second.
    pub(crate) fn hz(&self) -> u64 {
        self.kconfig.get("CONFIG_HZ").copied().unwrap_or(1000).max(1)
    }
}
