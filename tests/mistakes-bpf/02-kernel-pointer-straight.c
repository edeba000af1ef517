// A kernel object is read as if it were memory of the program.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct task_struct {
	int pid;
	int tgid;
	struct task_struct *real_parent;
} __attribute__((preserve_access_index));

SEC("raw_tp/sched_switch")
int on_switch(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return task->pid == 1;
             //^^^^^^^^^ E0746: `task->pid` accesses kernel memory directly
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| +#include <bpf/bpf_core_read.h>
//| -	return task->pid == 1;
//| +	return BPF_CORE_READ(task, pid) == 1;
