// Fewer arguments than parameters.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define MAX(a, b) ((a) > (b) ? (a) : (b))

SEC("xdp") int prog(struct xdp_md *ctx)
{
	return MAX(1);
	     //^^^^^^ E0109: `MAX`
}

char LICENSE[] SEC("license") = "GPL";
