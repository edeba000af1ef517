//! The machine and the user's rights.

use super::{Finding, Group, Verdict};
use crate::kernel::Kernel;
use crate::sys::process::effective_capabilities;
use crate::tracefs::Tracefs;
use bpfc_kabi::{Feature, ProgType};
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};
use nix::sys::statfs::{BPF_FS_MAGIC, statfs};

/// Numbers of `include/uapi/linux/capability.h`, and what each is for here.
const CAPABILITIES: [(u32, &str, &str); 5] = [
    (39, "CAP_BPF", "programs and maps (5.8)"),
    (38, "CAP_PERFMON", "tracing programs (5.8)"),
    (12, "CAP_NET_ADMIN", "network programs"),
    (21, "CAP_SYS_ADMIN", "everything before 5.8"),
    (24, "CAP_SYS_RESOURCE", "locked memory before 5.11"),
];

pub(super) fn probe(kernel: &Kernel) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |name: &str, verdict| {
        findings.push(Finding {
            group: Group::System,
            name: name.to_owned(),
            verdict,
            since: None,
        });
    };
    add("Linux", Verdict::Value(kernel.release()));
    for (number, name, purpose) in CAPABILITIES {
        add(name, capability(number, purpose));
    }
    add("unprivileged use", unprivileged());
    add("JIT compiler", jit());
    add("memory accounting", accounting(kernel));
    add(
        "tracefs",
        match Tracefs::mounted() {
            Some(path) => Verdict::Value(format!("mounted at {}", path.display())),
            None => Verdict::no("not mounted at `/sys/kernel/tracing`; bpfc mounts it for itself"),
        },
    );
    let bpffs = statfs("/sys/fs/bpf").is_ok_and(|fs| fs.filesystem_type() == BPF_FS_MAGIC);
    add(
        "bpffs",
        match bpffs {
            true => Verdict::Value("mounted at /sys/fs/bpf".into()),
            false => Verdict::no("not mounted at `/sys/fs/bpf`, so nothing can be pinned there"),
        },
    );
    add(
        "kernel types (BTF)",
        match kernel.btf() {
            Some(btf) => Verdict::Value(format!("{} types", btf.end_id())),
            None => Verdict::no("there is no `/sys/kernel/btf/vmlinux` (CONFIG_DEBUG_INFO_BTF)"),
        },
    );
    add(
        "kernel configuration",
        match kernel.config() {
            Some(config) => Verdict::Value(format!("{} options", config.len())),
            None => Verdict::no("neither in `/proc/config.gz` nor in `/boot`"),
        },
    );
    findings
}

fn capability(number: u32, purpose: &str) -> Verdict {
    match effective_capabilities() {
        Ok(mask) if mask >> number & 1 == 1 => Verdict::Yes,
        Ok(_) => Verdict::no(format!("this user does not have it: {purpose}")),
        Err(errno) => Verdict::refused(errno),
    }
}

fn sysctl(path: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(text.trim().to_owned())
}

fn unprivileged() -> Verdict {
    match sysctl("/proc/sys/kernel/unprivileged_bpf_disabled").as_deref() {
        Some("0") => Verdict::Yes,
        Some("1") => Verdict::no("kernel.unprivileged_bpf_disabled is 1, until the next boot"),
        Some(value) => Verdict::no(format!("kernel.unprivileged_bpf_disabled is {value}")),
        None => {
            Verdict::Unknown { reason: "kernel.unprivileged_bpf_disabled cannot be read".into() }
        }
    }
}

fn jit() -> Verdict {
    match sysctl("/proc/sys/net/core/bpf_jit_enable").as_deref() {
        Some("1") => Verdict::Yes,
        Some("2") => Verdict::Value("on, with debug output in the kernel log".into()),
        Some(_) => Verdict::no("net.core.bpf_jit_enable is 0"),
        None => Verdict::Unknown { reason: "net.core.bpf_jit_enable cannot be read".into() },
    }
}

/// Since 5.11 memory is charged to the cgroup. `bpf_ktime_get_coarse_ns` came with the same
/// release, so that having it says so even of backports (libbpf's `probe_memcg_account`).
fn accounting(kernel: &Kernel) -> Verdict {
    let helper = bpfc_kabi::helper("bpf_ktime_get_coarse_ns").map_or(0, |helper| helper.id);
    let by_cgroup = super::programs::may_call(kernel, ProgType::SocketFilter, helper);
    let limit = getrlimit(Resource::RLIMIT_MEMLOCK).map_or(0, |(soft, _)| soft);
    match by_cgroup {
        Some(true) => Verdict::Value("by memory cgroup".into()),
        _ if limit == RLIM_INFINITY => Verdict::Value("RLIMIT_MEMLOCK, which is unlimited".into()),
        Some(false) => Verdict::Value(format!("RLIMIT_MEMLOCK, which is {limit} bytes")),
        None => Verdict::Unknown {
            reason: format!("by memory cgroup since Linux {}", Feature::MemcgAccounting.since()),
        },
    }
}
