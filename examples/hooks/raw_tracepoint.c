// A tracepoint with the arguments that the kernel gave it, which cost nothing to prepare: here the registers and the
// number of a system call.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 seen;

SEC("raw_tp/sys_enter")
int on_system_call(struct bpf_raw_tracepoint_args *ctx)
{
	seen++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
