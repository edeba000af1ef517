// A tracepoint: a place in the kernel that stays from version to version, with fields by name.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

__u64 seen;

SEC("tracepoint/syscalls/sys_enter_getpgid")
int on_getpgid(struct trace_event_raw_sys_enter *event)
{
	seen++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
