// A kernel function is called; cheaper than a kprobe, with typed arguments.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u64 seen;

SEC("fentry/security_task_getpgid")
int BPF_PROG(on_call, struct task_struct *task)
{
	if (task->pid > 0)
		seen++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
