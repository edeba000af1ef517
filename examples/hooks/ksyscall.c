// A kernel function is called: here that of a system call, by the name that it has on every kernel.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u64 seen;

SEC("ksyscall/getpgid")
int BPF_KSYSCALL(on_getpgid, int pid)
{
	seen++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
