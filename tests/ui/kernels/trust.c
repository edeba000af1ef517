//@ flags: --kernel=6.1,6.12
// Which pointers may be passed on is followed since Linux 6.2; which arguments of tracepoints may be null, since 6.12.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, u64);
} seen SEC(".maps");

SEC("lsm.s/file_open")
int BPF_PROG(last, struct file *file)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u64 *n = bpf_task_storage_get(&seen, task->last_wakee, 0, BPF_LOCAL_STORAGE_GET_F_CREATE); //~ E0715: argument 2 of `bpf_task_storage_get` leads to `struct task_struct`, which may be gone by now

	if (n)
		*n += 1;
	return 0;
}

SEC("tp_btf/sched_process_wait")
int BPF_PROG(wait, struct pid *pid)
{
	return pid->level; //~ E0703: `pid` may be null here
}
