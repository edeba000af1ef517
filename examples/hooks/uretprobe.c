// A function of a program or library returns.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u64 seen;

SEC("uretprobe")
int BPF_URETPROBE(on_return, int result)
{
	if (result == 5)
		seen++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
