//@ flags: --kernel=5.10,6.1,6.12
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym __weak;
extern int bpf_strcmp(const char *a, const char *b) __ksym __weak;

SEC("tp_btf/task_newtask")
int not_weak(void *ctx)
{
	struct task_struct *task = bpf_task_from_pid(1); //~ E0607: Linux 5.10 and 6.1 have no kernel function `bpf_task_from_pid`
	//~^ note: appeared in Linux 6.2
	//~^ help: declare it `__weak`

	if (task)
		bpf_task_release(task); //~ E0607: Linux 5.10 and 6.1 have no kernel function `bpf_task_release`
	return 0;
}

SEC("tp_btf/task_newtask")
int guarded(void *ctx)
{
	if (bpf_ksym_exists(bpf_strcmp))
		bpf_strcmp("a", "b");
	return 0;
}
