// A static function dereferences what it got.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct task_struct {
	int pid;
	int tgid;
	struct task_struct *real_parent;
} __attribute__((preserve_access_index));

static int parent(struct task_struct *task)
{
	struct task_struct *parent = task->real_parent;
                                   //^^^^^^^^^^^^^^^^^ E0746: `task->real_parent` accesses kernel memory directly

	return parent->tgid;
}

SEC("raw_tp/sched_switch")
int on_switch(void *ctx)
{
	return parent((struct task_struct *)bpf_get_current_task()) == 1;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| +#include <bpf/bpf_core_read.h>
//| -	struct task_struct *parent = task->real_parent;
//| +	struct task_struct *parent = BPF_CORE_READ(task, real_parent);
//| -	return parent->tgid;
//| +	return BPF_CORE_READ(parent, tgid);
