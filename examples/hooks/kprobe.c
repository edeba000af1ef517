// A kernel function is called. Its arguments have the types that it is declared with in the kernel.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u64 seen;

SEC("kprobe/security_task_getpgid")
int BPF_KPROBE(on_call, struct task_struct *task)
{
	seen++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
