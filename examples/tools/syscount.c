// Counts system calls, by process and number, and how long they took in all.
//
//   bpfc run --kernel examples/tools/syscount.c --duration 5
//   bpfc run --kernel examples/tools/syscount.c --watch 1 --set target=1234

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct caller {
	u32 pid;
	u32 number;
	char comm[TASK_COMM_LEN];
};

struct cost {
	u64 calls;
	u64 total_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct caller);
	__type(value, struct cost);
} calls SEC(".maps");

// When each thread entered the call that it is in.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, u32);
	__type(value, u64);
} entered SEC(".maps");

// Only this process, if it is not 0.
const volatile u32 target;

SEC("tp/raw_syscalls/sys_enter")
int enter(struct trace_event_raw_sys_enter *ctx)
{
	u64 id = bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns();
	u32 thread = id;

	if (!target || id >> 32 == target)
		bpf_map_update_elem(&entered, &thread, &now, BPF_ANY);
	return 0;
}

SEC("tp/raw_syscalls/sys_exit")
int leave(struct trace_event_raw_sys_exit *ctx)
{
	u64 id = bpf_get_current_pid_tgid();
	u32 thread = id;
	u64 *since = bpf_map_lookup_elem(&entered, &thread);
	struct caller caller = { .pid = id >> 32, .number = ctx->id };
	struct cost first = {}, *cost;

	if (!since)
		return 0;
	bpf_get_current_comm(caller.comm, sizeof(caller.comm));
	cost = bpf_map_lookup_elem(&calls, &caller);
	if (!cost) {
		bpf_map_update_elem(&calls, &caller, &first, BPF_NOEXIST);
		cost = bpf_map_lookup_elem(&calls, &caller);
	}
	if (cost) {
		__sync_fetch_and_add(&cost->calls, 1);
		__sync_fetch_and_add(&cost->total_ns, bpf_ktime_get_ns() - *since);
	}
	bpf_map_delete_elem(&entered, &thread);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
