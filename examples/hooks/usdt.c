// A marker that the authors of a program put into it, with arguments: `usdt/FILE:PROVIDER:NAME`.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>

__u64 seen;

SEC("usdt")
int BPF_USDT(on_marker, int answer, long second, unsigned int third, long fourth, unsigned int fifth)
{
	if (answer == 42 && second == -7 && third == 9 && fourth == 1234 && fifth == 1234)
		seen++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
