// A function of a program or library is called: in every process, or in one with `--attach on_call=uprobe:FILE:FUNCTION,pid=PID`.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u64 seen;

SEC("uprobe")
int BPF_UPROBE(on_call, int number)
{
	seen++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
