// The macro dereferences twice.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct task_struct {
	int pid;
	int tgid;
	struct task_struct *real_parent;
} __attribute__((preserve_access_index));

#define PARENT_OF(task) ((task)->real_parent->tgid)

SEC("raw_tp/sched_switch")
int on_switch(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return PARENT_OF(task) == 1;
             //^^^^^^^^^^^^^^^ E0746: `task->real_parent` accesses kernel memory directly
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| +#include <bpf/bpf_core_read.h>
//| -#define PARENT_OF(task) ((task)->real_parent->tgid)
//| +#define PARENT_OF(task) (BPF_CORE_READ((task), real_parent, tgid))
