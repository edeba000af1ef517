// A constant without a value.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

enum { RATE = 100 / 0 };
	    //^^^^^^^ E0319

SEC("xdp") int prog(struct xdp_md *ctx)
{
	return RATE;
}

char LICENSE[] SEC("license") = "GPL";
