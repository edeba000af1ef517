// A decision of the kernel about security: what is not 0 forbids. The kernel must be started with `bpf` among its
// security modules.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u64 seen;

SEC("lsm/task_getpgid")
int BPF_PROG(may_ask, struct task_struct *task, int result)
{
	seen++;
	return result;
}

char LICENSE[] SEC("license") = "GPL";
