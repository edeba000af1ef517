"""Attributes of perf events, as the kernel takes them."""

from __future__ import annotations

import ctypes as ct

from .constants import PerfEventSampleFormat, PerfHWConfig, PerfSWConfig, PerfType

__all__ = ["Perf", "PerfEventSampleFormat", "PerfHWConfig", "PerfSWConfig", "PerfType"]


class Perf:
    """What `BPF.attach_perf_event_raw` takes."""

    class perf_event_attr(ct.Structure):
        """`struct perf_event_attr`, `include/uapi/linux/perf_event.h` (6.12)."""

        class _Sample(ct.Union):
            _fields_ = [("sample_period", ct.c_ulonglong), ("sample_freq", ct.c_ulonglong)]

        class _Wakeup(ct.Union):
            _fields_ = [("wakeup_events", ct.c_uint), ("wakeup_watermark", ct.c_uint)]

        class _Config1(ct.Union):
            _fields_ = [("bp_addr", ct.c_ulonglong), ("kprobe_func", ct.c_ulonglong), ("uprobe_path", ct.c_ulonglong),
                        ("config1", ct.c_ulonglong)]

        class _Config2(ct.Union):
            _fields_ = [("bp_len", ct.c_ulonglong), ("kprobe_addr", ct.c_ulonglong), ("probe_offset", ct.c_ulonglong),
                        ("config2", ct.c_ulonglong)]

        _anonymous_ = ["_sample", "_wakeup", "_config1", "_config2"]
        _fields_ = [
            ("type", ct.c_uint),
            ("size", ct.c_uint),
            ("config", ct.c_ulonglong),
            ("_sample", _Sample),
            ("sample_type", ct.c_ulonglong),
            ("read_format", ct.c_ulonglong),
            *[
                (name, ct.c_ulonglong, 1)
                for name in (
                    "disabled", "inherit", "pinned", "exclusive", "exclude_user", "exclude_kernel", "exclude_hv",
                    "exclude_idle", "mmap", "comm", "freq", "inherit_stat", "enable_on_exec", "task", "watermark",
                )
            ],
            ("precise_ip", ct.c_ulonglong, 2),
            *[
                (name, ct.c_ulonglong, 1)
                for name in (
                    "mmap_data", "sample_id_all", "exclude_host", "exclude_guest", "exclude_callchain_kernel",
                    "exclude_callchain_user", "mmap2", "comm_exec", "use_clockid", "context_switch", "write_backward",
                    "namespaces", "ksymbol", "bpf_event", "aux_output", "cgroup", "text_poke", "build_id", "inherit_thread",
                    "remove_on_exec", "sigtrap",
                )
            ],
            ("__reserved_1", ct.c_ulonglong, 26),
            ("_wakeup", _Wakeup),
            ("bp_type", ct.c_uint),
            ("_config1", _Config1),
            ("_config2", _Config2),
            ("branch_sample_type", ct.c_ulonglong),
            ("sample_regs_user", ct.c_ulonglong),
            ("sample_stack_user", ct.c_uint),
            ("clockid", ct.c_int),
            ("sample_regs_intr", ct.c_ulonglong),
            ("aux_watermark", ct.c_uint),
            ("sample_max_stack", ct.c_ushort),
            ("__reserved_2", ct.c_ushort),
        ]

        def __init__(self, **members: int) -> None:
            super().__init__()
            self.size = ct.sizeof(self)
            for name, value in members.items():
                setattr(self, name, value)
