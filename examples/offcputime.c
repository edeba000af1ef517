// Shows where threads wait: for how many microseconds they were off the CPU, by the stack on which they went.
//
//   bpfc run --kernel examples/offcputime.c --duration 5 --svg waits.svg
//   bpfc run --kernel examples/offcputime.c --duration 5 --user-stack --kernel-stack > waits.folded

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define MAX_FRAMES 127

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 16384);
	__uint(key_size, sizeof(u32));
	__uint(value_size, MAX_FRAMES * sizeof(u64));
} stacks SEC(".maps");

struct waiter {
	u32 tgid;
	s32 user_stack_id;
	s32 kernel_stack_id;
	char comm[TASK_COMM_LEN];
};

// Threads that are off the CPU, by thread id.
struct wait {
	u64 since_ns;
	struct waiter waiter;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u32);
	__type(value, struct wait);
} waiting SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct waiter);
	__type(value, u64);
} waited_us SEC(".maps");

// Only this process, if it is not 0: --set target=1234.
const volatile u32 target;

static void went_off(void *ctx, struct task_struct *task)
{
	struct wait wait = {};
	u32 tid = task->pid;

	// Thread 0 is each CPU's idle loop.
	if (!tid || (target && task->tgid != target))
		return;
	wait.since_ns = bpf_ktime_get_ns();
	wait.waiter.tgid = task->tgid;
	// At this point the thread that goes is still the current one.
	wait.waiter.user_stack_id = bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
	wait.waiter.kernel_stack_id = bpf_get_stackid(ctx, &stacks, 0);
	bpf_get_current_comm(wait.waiter.comm, sizeof(wait.waiter.comm));
	bpf_map_update_elem(&waiting, &tid, &wait, BPF_ANY);
}

static void came_back(struct task_struct *task)
{
	struct waiter waiter;
	struct wait *wait;
	u32 tid = task->pid;
	u64 us, *total;

	wait = bpf_map_lookup_elem(&waiting, &tid);
	if (!wait)
		return;
	us = (bpf_ktime_get_ns() - wait->since_ns) / 1000;
	waiter = wait->waiter;
	bpf_map_delete_elem(&waiting, &tid);

	total = bpf_map_lookup_elem(&waited_us, &waiter);
	if (total)
		__sync_fetch_and_add(total, us);
	else
		bpf_map_update_elem(&waited_us, &waiter, &us, BPF_NOEXIST);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *previous, struct task_struct *next)
{
	went_off(ctx, previous);
	came_back(next);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
