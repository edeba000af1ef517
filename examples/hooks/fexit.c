// A kernel function returns: its arguments are still there, and its result.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u64 seen;

SEC("fexit/security_task_getpgid")
int BPF_PROG(on_return, struct task_struct *task, int result)
{
	if (task->pid > 0 && result == 0)
		seen++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
