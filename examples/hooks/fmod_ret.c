// Before a function that may be overridden: what the program returns, unless it is 0, is returned instead of calling it.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u64 seen;

SEC("fmod_ret/security_task_getpgid")
int BPF_PROG(on_call, struct task_struct *task, int result)
{
	seen++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
