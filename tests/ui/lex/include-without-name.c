// A directive without what it needs.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include //~ E0106
SEC("xdp") int prog(struct xdp_md *ctx)
{

	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
