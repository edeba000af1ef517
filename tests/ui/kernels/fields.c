//@ flags: --kernel=5.10,6.1,6.12
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

struct task_struct___old {
	long state;
} __attribute__((preserve_access_index));

struct no_such_type {
	int member;
} __attribute__((preserve_access_index));

enum bpf_func_id___wide {
	BPF_FUNC_no_such = 10000,
};

SEC("kprobe/do_unlinkat")
int guarded(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (bpf_core_type_exists(struct no_such_type))
		return BPF_CORE_READ((struct no_such_type *)task, member);
	if (bpf_core_field_exists(task->__state))
		return BPF_CORE_READ(task, __state) != 0;
	return BPF_CORE_READ((struct task_struct___old *)task, state) != 0;
}

SEC("kprobe/do_unlinkat")
int new_field(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, __state) != 0; //~ E0603: Linux 5.10 has no `struct task_struct.__state`
	//~^ note: Linux 6.1 and 6.12 have it
}

SEC("kprobe/do_unlinkat")
int old_field(void *ctx)
{
	struct task_struct___old *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, state) != 0; //~ E0603: Linux 6.1 and 6.12 have no `struct task_struct___old.state`
	//~^ note: Linux 5.10 has it
}

SEC("kprobe/do_unlinkat")
int no_type(void *ctx)
{
	struct no_such_type *it = (void *)bpf_get_current_task();

	return BPF_CORE_READ(it, member); //~ E0603: Linux 5.10, 6.1 and 6.12 have no `struct no_such_type.member`
}

SEC("kprobe/do_unlinkat")
int no_enumerator(void *ctx)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id___wide, BPF_FUNC_no_such))
		return 1;
	return bpf_core_enum_value(enum bpf_func_id___wide, BPF_FUNC_no_such); //~ E0603: have no `enum bpf_func_id___wide::BPF_FUNC_no_such`
}
