// Shows where the CPUs spend their time: which functions, called by which.
//
//   bpfc run --kernel examples/profile.c --duration 5 --svg profile.svg
//   bpfc run --kernel examples/profile.c --duration 5 --user-stack --kernel-stack > profile.folded
//
// The section asks for no counter, so that the program runs 99 times a second on every CPU; other counters are chosen
// by --attach, such as `--attach perf_event:page-faults:p1`.

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#define MAX_FRAMES 127

// The kernel keeps each different stack once; programs and readers know it by its number.
struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 16384);
	__uint(key_size, sizeof(u32));
	__uint(value_size, MAX_FRAMES * sizeof(u64));
} stacks SEC(".maps");

// Members whose names end in `stack_id` are shown as what they stand for.
struct sampled {
	u32 tgid;
	s32 user_stack_id;
	s32 kernel_stack_id;
	char comm[TASK_COMM_LEN];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct sampled);
	__type(value, u64);
} counts SEC(".maps");

// Only this process, if it is not 0: --set target=1234.
const volatile u32 target;

SEC("perf_event")
int on_sample(struct bpf_perf_event_data *ctx)
{
	struct sampled sample = {};
	u64 one = 1, *count;

	sample.tgid = bpf_get_current_pid_tgid() >> 32;
	// Process 0 is each CPU's idle loop.
	if (!sample.tgid || (target && sample.tgid != target))
		return 0;
	sample.user_stack_id = bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
	sample.kernel_stack_id = bpf_get_stackid(ctx, &stacks, 0);
	bpf_get_current_comm(sample.comm, sizeof(sample.comm));

	count = bpf_map_lookup_elem(&counts, &sample);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&counts, &sample, &one, BPF_NOEXIST);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
