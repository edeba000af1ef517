//! The kernel version in which each named thing appeared.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Result, read};

/// Versions that ebpf-docs lacks. Origin: the first release whose `include/uapi/linux/bpf.h` has the name.
const EXTRA: &[(&str, &str)] = &[
    ("BPF_CGROUP_UNIX_CONNECT", "6.7"),
    ("BPF_CGROUP_UNIX_GETPEERNAME", "6.7"),
    ("BPF_CGROUP_UNIX_GETSOCKNAME", "6.7"),
    ("BPF_CGROUP_UNIX_RECVMSG", "6.7"),
    ("BPF_CGROUP_UNIX_SENDMSG", "6.7"),
    ("BPF_F_RB_OVERWRITE", "6.19"),
    ("BPF_MAP_TYPE_CGROUP_STORAGE", "4.19"),
    ("BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE", "4.20"),
    ("BPF_MAP_TYPE_RHASH", "7.2"),
    ("BPF_NETFILTER", "6.4"),
    ("BPF_STRUCT_OPS", "6.4"),
    ("BPF_TRACE_FENTRY_MULTI", "7.2"),
    ("BPF_TRACE_FEXIT_MULTI", "7.2"),
    ("BPF_TRACE_FSESSION", "7.0"),
    ("BPF_TRACE_FSESSION_MULTI", "7.2"),
    ("BPF_TRACE_UPROBE_MULTI", "6.6"),
    ("BPF_TRACE_UPROBE_SESSION", "6.13"),
];

/// Versions by C name.
pub struct Versions(BTreeMap<String, String>);

impl Versions {
    /// Reads `feature-versions.yaml` in `docs`.
    pub fn read(docs: &Path) -> Result<Self> {
        let text = read(&docs.join("feature-versions.yaml"))?;
        let mut rows = BTreeMap::new();
        let mut name = "";
        for line in text.lines().map(str::trim) {
            if let Some(value) = line.strip_prefix("- name: ") {
                name = value;
            } else if let Some(value) = line.strip_prefix("version: ") {
                rows.entry(name.to_owned()).or_insert(value.trim_start_matches('v').to_owned());
            }
        }
        for (name, version) in EXTRA {
            rows.entry((*name).to_owned()).or_insert((*version).to_owned());
        }
        Ok(Self(rows))
    }

    /// `KernelVersion::new(major, minor)` for this name.
    pub fn since(&self, name: &str) -> Result<String> {
        let version = self.0.get(name).ok_or(format!("no version is known for {name}"))?;
        constructor(version)
    }
}

/// `KernelVersion::new(major, minor)` for `major.minor`.
pub fn constructor(version: &str) -> Result<String> {
    let (major, minor) = version.split_once('.').ok_or("a version without a dot")?;
    Ok(format!("KernelVersion::new({major}, {minor})"))
}
