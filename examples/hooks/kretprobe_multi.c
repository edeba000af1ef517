// Returns of many kernel functions.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u64 seen;

SEC("kretprobe.multi/security_task_getp*")
int BPF_KRETPROBE(on_return, int result)
{
	if (result == 0)
		seen++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
