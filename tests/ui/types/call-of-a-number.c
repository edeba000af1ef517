// Only functions are called.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	int n = 1;

	return n();
	     //^ E0317
}

char LICENSE[] SEC("license") = "GPL";
