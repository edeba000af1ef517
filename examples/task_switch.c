// Counts how often one process gives the CPU to another.
//
//   bpfc check examples/task_switch.c
//   bpfc run --kernel examples/task_switch.c --duration 3
//
// This is the dialect of BCC. The function's further parameters are the arguments of the
// kernel function it is attached to: the kernel calls finish_task_switch(prev) after it
// has switched away from `prev`. `prev->pid` reads kernel memory, which a BPF program may
// do only through a helper; bpfc sees from its type that it is a kernel pointer and calls
// the helper by itself.

#include <uapi/linux/ptrace.h>
#include <linux/sched.h>

struct key_t {
	u32 prev_pid;
	u32 curr_pid;
};

BPF_HASH(stats, struct key_t, u64, 1024);

int kprobe__finish_task_switch(struct pt_regs *ctx, struct task_struct *prev)
{
	struct key_t key = {};
	u64 zero = 0, *count;

	key.curr_pid = bpf_get_current_pid_tgid();
	key.prev_pid = prev->pid;

	count = stats.lookup_or_try_init(&key, &zero);
	if (count)
		(*count)++;
	return 0;
}
