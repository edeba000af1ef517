// Shows how long threads wait for a CPU once they could run: a histogram of microseconds.
//
//   bpfc run --kernel examples/runqlat.c --duration 3
//
// A raw tracepoint gets the arguments of the kernel's own trace call, here
// sched_wakeup(task) and sched_switch(preempt, previous, next).
//
// It needs Linux 5.14.

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define MAX_SLOTS 26

// When each thread became runnable, in nanoseconds, by thread id.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, u32);
	__type(value, u64);
} runnable_since SEC(".maps");

// Slot n counts waits of 2^n up to 2^(n+1) - 1 microseconds. bpfc draws a map as a
// histogram when it carries this tag.
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_SLOTS);
	__type(key, u32);
	__type(value, u64);
} wait_us SEC(".maps") __attribute__((btf_decl_tag("bpfc:histogram")));

static u32 log2_u64(u64 value)
{
	u32 slot = 0;

	if (value >> 32) {
		value >>= 32;
		slot += 32;
	}
	if (value >> 16) {
		value >>= 16;
		slot += 16;
	}
	if (value >> 8) {
		value >>= 8;
		slot += 8;
	}
	if (value >> 4) {
		value >>= 4;
		slot += 4;
	}
	if (value >> 2) {
		value >>= 2;
		slot += 2;
	}
	return slot + (value >> 1);
}

static void mark_runnable(struct task_struct *task)
{
	u32 tid = BPF_CORE_READ(task, pid);
	u64 now = bpf_ktime_get_ns();

	// Thread 0 is each CPU's idle loop; it never waits.
	if (tid)
		bpf_map_update_elem(&runnable_since, &tid, &now, BPF_ANY);
}

SEC("raw_tp/sched_wakeup")
int on_wakeup(struct bpf_raw_tracepoint_args *ctx)
{
	mark_runnable((struct task_struct *)ctx->args[0]);
	return 0;
}

SEC("raw_tp/sched_wakeup_new")
int on_wakeup_new(struct bpf_raw_tracepoint_args *ctx)
{
	mark_runnable((struct task_struct *)ctx->args[0]);
	return 0;
}

SEC("raw_tp/sched_switch")
int on_switch(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *previous = (struct task_struct *)ctx->args[1];
	struct task_struct *next = (struct task_struct *)ctx->args[2];
	u32 tid = BPF_CORE_READ(next, pid), slot;
	u64 *since, *count;

	// A thread that is switched off while it could still run waits again.
	if (BPF_CORE_READ(previous, __state) == 0)
		mark_runnable(previous);

	since = bpf_map_lookup_elem(&runnable_since, &tid);
	if (!since)
		return 0;
	slot = log2_u64((bpf_ktime_get_ns() - *since) / 1000);
	if (slot >= MAX_SLOTS)
		slot = MAX_SLOTS - 1;
	count = bpf_map_lookup_elem(&wait_us, &slot);
	if (count)
		__sync_fetch_and_add(count, 1);
	bpf_map_delete_elem(&runnable_since, &tid);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
