// A tracepoint whose arguments have types: pointers are followed without helpers.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u64 seen;

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	if (child->pid > 0)
		seen++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
