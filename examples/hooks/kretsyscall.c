// A system call returns, by the name that it has on every kernel.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u64 seen;

SEC("kretsyscall/getpgid")
int BPF_KRETPROBE(on_return, long result)
{
	if (result >= 0)
		seen++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
