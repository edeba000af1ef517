"""C that lets through only what happens in chosen containers."""

from __future__ import annotations

from typing import Any

_CGROUPS = """
BPF_TABLE_PINNED("hash", u64, u64, cgroupset, 1024, "{path}");
static inline int _cgroup_filter() {{
    u64 id = bpf_get_current_cgroup_id();
    return cgroupset.lookup(&id) == NULL;
}}
"""

_MOUNTS = """
#define MNT_NAMESPACE_DEFINED
BPF_TABLE_PINNED("hash", u64, u32, mount_ns_set, 1024, "{path}");
static inline int _mntns_filter() {{
    struct task_struct *task = (struct task_struct *)bpf_get_current_task();
    u64 id = task->nsproxy->mnt_ns->ns.inum;
    return mount_ns_set.lookup(&id) == NULL;
}}
"""

_ALL = "static inline int {name}() {{ return 0; }}\n"


def filter_by_containers(args: Any) -> str:
    """Defines `container_should_be_filtered()`, by the pinned maps of control groups (`args.cgroupmap`) and of mount
    namespaces (`args.mntnsmap`), if they are given."""
    cgroups = _CGROUPS.format(path=args.cgroupmap) if args.cgroupmap else _ALL.format(name="_cgroup_filter")
    mounts = _MOUNTS.format(path=args.mntnsmap) if args.mntnsmap else _ALL.format(name="_mntns_filter")
    return cgroups + mounts + (
        "static inline int container_should_be_filtered() { return _cgroup_filter() || _mntns_filter(); }\n"
    )
