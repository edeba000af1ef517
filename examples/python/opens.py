#!/usr/bin/env python3
"""Shows which files are opened, by whom. Ctrl-C ends.

usage: opens.py [PID]
"""

import sys
from typing import Any

from bpfc import BPF

TEXT = r"""
struct event {
    u32 pid;
    int flags;
    char comm[16];
    char path[256];
};
BPF_RINGBUF_OUTPUT(events, 64);

TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
    u32 pid = bpf_get_current_pid_tgid() >> 32;
    if (PID && pid != PID)
        return 0;
    struct event *e = events.ringbuf_reserve(sizeof(struct event));
    if (!e)
        return 0;
    e->pid = pid;
    e->flags = args->flags;
    bpf_get_current_comm(e->comm, sizeof(e->comm));
    bpf_probe_read_user_str(e->path, sizeof(e->path), args->filename);
    events.ringbuf_submit(e, 0);
    return 0;
}
"""


def main() -> None:
    pid = sys.argv[1] if len(sys.argv) > 1 else "0"
    with BPF(text=TEXT, cflags=[f"-DPID={pid}"]) as b:
        events = b["events"]

        def show(_ctx: Any, data: Any, _size: int) -> None:
            event = events.event(data)
            print(f"{event.pid:<8}{event.comm.decode():<17}{event.path.decode()}", flush=True)

        events.open_ring_buffer(show)
        print(f"{'PID':<8}{'COMM':<17}PATH", flush=True)
        try:
            while True:
                b.ring_buffer_poll()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
