// An integer becomes a pointer only with a cast.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	int *p = 5;
	       //^ E0303

	return p ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
