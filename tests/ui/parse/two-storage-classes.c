// A declaration with two storage classes.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static extern int n; //~ E0203
SEC("xdp") int prog(struct xdp_md *ctx)
{

	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
