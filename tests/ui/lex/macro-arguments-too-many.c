// More arguments than parameters.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define TWICE(a) ((a) * 2)

SEC("xdp") int prog(struct xdp_md *ctx)
{
	return TWICE(1, 2);
	     //^^^^^^^^^^^ E0109: `TWICE`
}

char LICENSE[] SEC("license") = "GPL";
