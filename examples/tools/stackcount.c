// Counts the stacks that lead to a function or an event: who calls it, and by which way.
//
//   bpfc run --kernel examples/tools/stackcount.c --attach kprobe:submit_bio --duration 5
//   bpfc run --kernel examples/tools/stackcount.c --attach raw_tp:sched_switch --duration 2 --svg switches.svg
//   bpfc run --kernel examples/tools/stackcount.c --attach uprobe:c:malloc --duration 5 --user-stack > malloc.folded

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#define MAX_FRAMES 127

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 16384);
	__uint(key_size, sizeof(u32));
	__uint(value_size, MAX_FRAMES * sizeof(u64));
} stacks SEC(".maps");

struct caller {
	u32 tgid;
	s32 kernel_stack_id;
	s32 user_stack_id;
	char comm[TASK_COMM_LEN];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct caller);
	__type(value, u64);
} counts SEC(".maps");

// Only this process, if it is not 0.
const volatile u32 target;

// What the context holds does not matter: the program goes to any place of --attach.
SEC("kprobe")
int on_event(void *ctx)
{
	struct caller caller = { .tgid = bpf_get_current_pid_tgid() >> 32 };
	u64 one = 1, *count;

	if (target && caller.tgid != target)
		return 0;
	caller.kernel_stack_id = bpf_get_stackid(ctx, &stacks, 0);
	caller.user_stack_id = bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
	bpf_get_current_comm(caller.comm, sizeof(caller.comm));
	count = bpf_map_lookup_elem(&counts, &caller);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&counts, &caller, &one, BPF_NOEXIST);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
