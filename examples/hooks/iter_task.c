// All tasks, a line for each: `bpfc run --kernel` prints them, a pin of the program is a file that has them.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u64 seen;

SEC("iter/task")
int each_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	BPF_SEQ_PRINTF(ctx->meta->seq, "%d %s\n", task->pid, task->comm);
	seen++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
