//! What this process may do and what the machine forbids, read once. All of it can be unknown: `/proc` and `/sys` need
//! not be mounted.

use crate::kernel::Kernel;
use crate::sys::mount;
use crate::sys::process;
use bpfc_kabi::KernelVersion;
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};
use std::fmt;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

/// Capabilities that matter for BPF, with their numbers (`include/uapi/linux/capability.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Capability {
    /// Network programs and maps, attaching to interfaces and cgroups.
    NetAdmin = 12,
    /// Raw sockets.
    NetRaw = 13,
    /// Everything before 5.8; mounts, and walking all objects.
    SysAdmin = 21,
    /// More locked memory than the limit before 5.11.
    SysResource = 24,
    /// Addresses in `/proc/kallsyms`.
    Syslog = 34,
    /// Tracing programs (5.8).
    Perfmon = 38,
    /// Programs and maps (5.8).
    Bpf = 39,
}

impl Capability {
    /// Those that matter, the most special ones first.
    pub const ALL: [Capability; 7] = [
        Capability::Bpf,
        Capability::Perfmon,
        Capability::NetAdmin,
        Capability::NetRaw,
        Capability::SysAdmin,
        Capability::SysResource,
        Capability::Syslog,
    ];

    /// Its C name.
    pub fn name(self) -> &'static str {
        match self {
            Capability::NetAdmin => "CAP_NET_ADMIN",
            Capability::NetRaw => "CAP_NET_RAW",
            Capability::SysAdmin => "CAP_SYS_ADMIN",
            Capability::SysResource => "CAP_SYS_RESOURCE",
            Capability::Syslog => "CAP_SYSLOG",
            Capability::Perfmon => "CAP_PERFMON",
            Capability::Bpf => "CAP_BPF",
        }
    }
}

/// How far the kernel is closed to root itself (`security/lockdown`, 5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lockdown {
    /// Not at all.
    None,
    /// Nothing may change it: no `bpf_probe_write_user`.
    Integrity,
    /// Nothing may read it either: no kprobes, no perf, no tracefs, no reads of its memory by programs.
    Confidentiality,
}

impl fmt::Display for Lockdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Lockdown::None => "none",
            Lockdown::Integrity => "integrity",
            Lockdown::Confidentiality => "confidentiality",
        })
    }
}

/// What is known of the process's rights and of what forbids. `None` is unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The kernel's version, a hint only.
    pub version: Option<KernelVersion>,
    /// Effective capabilities, a bit each.
    pub capabilities: Option<u64>,
    /// Whether the process runs as user 0.
    pub is_root: bool,
    /// Whether it is in the first user namespace, the only one whose capabilities BPF counts.
    pub is_initial_namespace: Option<bool>,
    /// 0: none, 1: strict, 2: a filter of system calls.
    pub seccomp: Option<u8>,
    /// `kernel.unprivileged_bpf_disabled`.
    pub unprivileged_bpf_disabled: Option<u8>,
    /// `kernel.perf_event_paranoid`.
    pub perf_event_paranoid: Option<i32>,
    /// `kernel.kptr_restrict`.
    pub kptr_restrict: Option<u8>,
    /// How far the kernel is closed.
    pub lockdown: Option<Lockdown>,
    /// The security modules at work, in their order.
    pub security_modules: Option<Vec<String>>,
    /// `RLIMIT_MEMLOCK` in bytes; `None` for no limit.
    pub locked_memory_limit: Option<u64>,
    /// `RLIMIT_NOFILE`.
    pub open_files_limit: Option<u64>,
}

impl Facts {
    /// Reads them.
    pub fn read(kernel: &Kernel) -> Facts {
        let security = Securityfs::open();
        let limit = |resource| {
            let (soft, _) = getrlimit(resource).ok()?;
            (soft != RLIM_INFINITY).then_some(soft)
        };
        Facts {
            version: kernel.version(),
            capabilities: process::effective_capabilities().ok(),
            is_root: nix::unistd::geteuid().is_root(),
            is_initial_namespace: is_initial_namespace(),
            seccomp: process::seccomp_mode(),
            unprivileged_bpf_disabled: sysctl("kernel/unprivileged_bpf_disabled"),
            perf_event_paranoid: sysctl("kernel/perf_event_paranoid"),
            kptr_restrict: sysctl("kernel/kptr_restrict"),
            lockdown: security.as_ref().and_then(Securityfs::lockdown),
            security_modules: security.as_ref().and_then(Securityfs::modules),
            locked_memory_limit: limit(Resource::RLIMIT_MEMLOCK),
            open_files_limit: limit(Resource::RLIMIT_NOFILE),
        }
    }

    /// Whether the process has a capability, `CAP_SYS_ADMIN` standing for those that were cut out of it. True where
    /// that is unknown, as nothing can be said against it.
    pub fn has(&self, capability: Capability) -> bool {
        let Some(mask) = self.capabilities else { return true };
        let bit = |capability: Capability| mask >> (capability as u8) & 1 == 1;
        let is_covered = matches!(
            capability,
            Capability::Bpf | Capability::Perfmon | Capability::NetAdmin | Capability::Syslog
        );
        bit(capability) || is_covered && bit(Capability::SysAdmin)
    }
}

/// A number below `/proc/sys`.
pub(crate) fn sysctl<T: std::str::FromStr>(name: &str) -> Option<T> {
    sysctl_text(name)?.parse().ok()
}

/// A line below `/proc/sys`.
pub(crate) fn sysctl_text(name: &str) -> Option<String> {
    let text = std::fs::read_to_string(Path::new("/proc/sys").join(name)).ok()?;
    Some(text.trim().to_owned())
}

/// The first user namespace maps every user to itself.
fn is_initial_namespace() -> Option<bool> {
    let map = std::fs::read_to_string("/proc/self/uid_map").ok()?;
    let fields: Vec<&str> = map.split_whitespace().collect();
    Some(fields == ["0", "0", "4294967295"])
}

/// securityfs: the system's, or one mounted for this process alone.
struct Securityfs {
    path: PathBuf,
    _mount: Option<std::os::fd::OwnedFd>,
}

impl Securityfs {
    fn open() -> Option<Securityfs> {
        const PLACE: &str = "/sys/kernel/security";
        if Path::new(PLACE).join("lsm").exists() {
            return Some(Securityfs { path: PLACE.into(), _mount: None });
        }
        let mount = mount::detached(c"securityfs").ok()?;
        let path = PathBuf::from(format!("/proc/self/fd/{}", mount.as_raw_fd()));
        Some(Securityfs { path, _mount: Some(mount) })
    }

    fn read(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.path.join(name)).ok()
    }

    fn modules(&self) -> Option<Vec<String>> {
        let text = self.read("lsm")?;
        Some(text.trim().split(',').map(str::to_owned).collect())
    }

    /// The mode in brackets. Without the file there is no lockdown, if there is a list of modules.
    fn lockdown(&self) -> Option<Lockdown> {
        match self.read("lockdown") {
            Some(text) => parse_lockdown(&text),
            None => self.read("lsm").map(|_| Lockdown::None),
        }
    }
}

fn parse_lockdown(text: &str) -> Option<Lockdown> {
    let (_, rest) = text.split_once('[')?;
    match rest.split_once(']')?.0 {
        "none" => Some(Lockdown::None),
        "integrity" => Some(Lockdown::Integrity),
        "confidentiality" => Some(Lockdown::Confidentiality),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_lockdown() {
        assert_eq!(parse_lockdown("[none] integrity confidentiality\n"), Some(Lockdown::None));
        assert_eq!(
            parse_lockdown("none integrity [confidentiality]"),
            Some(Lockdown::Confidentiality)
        );
        assert_eq!(parse_lockdown("what"), None);
    }

    #[test]
    fn the_administrator_has_what_was_cut_out() {
        let of = |capability: Capability| 1_u64 << (capability as u8);
        let facts = |mask| Facts { capabilities: Some(mask), ..Facts::default() };
        assert!(facts(of(Capability::SysAdmin)).has(Capability::Bpf));
        assert!(!facts(of(Capability::SysAdmin)).has(Capability::SysResource));
        assert!(!facts(of(Capability::Bpf)).has(Capability::Perfmon));
        assert!(Facts::default().has(Capability::Bpf));
    }
}
