// A conditional without its end.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#if 1 //~ E0107
SEC("xdp") int prog(struct xdp_md *ctx)
{

	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
